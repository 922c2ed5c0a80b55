"""Whether agents are confined here, for `ci-factory doctor`."""

from ci_factory.config import AgentConfig, Config
from ci_factory.model.health import Check, failed, ok, warning
from ci_factory.work import confinement

_ANY = (AgentConfig(name="any", adapter="command"),)


def check(config: Config) -> Check:
    """What agents run in on this machine. On GitLab the jobs of agents count, so look there."""
    found = [confinement.of(agent, config) for agent in config.agents or _ANY]
    said = "; ".join(dict.fromkeys(each.words() for each in found))
    if all(each.works for each in found):
        return ok("sandbox", said)
    if config.sandbox.mode == "required":
        return failed("sandbox", f"required, but {said}", confinement.FIX)
    fix = (
        "take `off` out of the configuration (docs/sandbox.md)"
        if config.sandbox.mode == "off"
        else confinement.FIX
    )
    return warning("sandbox", said, fix)
