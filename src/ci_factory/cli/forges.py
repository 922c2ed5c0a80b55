"""Which forge a command works on: GitLab where its address, the project and a token are known, else the embedded one."""

from collections.abc import Callable
from dataclasses import dataclass

from ci_factory.cli import common
from ci_factory.config import Config, ForgeConfig
from ci_factory.errors import UsageError
from ci_factory.forge.protocol import Forge
from ci_factory.system import ci_env
from ci_factory.system.clock import Clock, SystemClock
from ci_factory.system.git import Git

OnWait = Callable[[float, str], None]
_TRACES = {"true", "1", "yes", "on"}


@dataclass(frozen=True)
class Place:
    """A project on a GitLab server. Says nothing of the token."""

    url: str
    project: str


def place(config: ForgeConfig) -> Place | None:
    """The GitLab project that the configuration or the CI job names; `None` means the embedded forge.

    Raises:
        UsageError: GitLab is asked for, and something is missing to reach it.
    """
    url = config.url or ci_env.variable("CI_SERVER_URL") or ""
    project = config.project or ci_env.variable("CI_PROJECT_PATH") or ""
    known = {
        "forge.url": url,
        "forge.project": project,
        config.token_variable: ci_env.variable(config.token_variable),
    }
    missing = [name for name, value in known.items() if not value]
    if config.kind == "embedded" or (config.kind == "auto" and missing):
        return None
    if missing:
        raise UsageError(
            f"GitLab can't be reached without {', '.join(missing)}",
            where="forge.kind: gitlab",
            fix="set forge.url and forge.project in .ci-factory.yml (in CI they are known), and the token as a masked variable",
        )
    return Place(url, project)


def open_forge(git: Git, config: Config, clock: Clock | None = None, on_wait: OnWait | None = None) -> Forge:
    """The forge of a repository. `on_wait` is told (seconds, why) before every wait for a server.

    Raises:
        UsageError: something is missing to reach GitLab, or the job's log would show the token.
        ConfigError: address or token can't be one.
    """
    where = place(config.forge)
    if where is None:
        return common.open_forge(git, config, clock)
    if (ci_env.variable("CI_DEBUG_TRACE") or "").lower() in _TRACES:
        raise UsageError(
            "this job's log shows every variable, and with it the token",
            where="CI_DEBUG_TRACE",
            fix="switch it off, and make a new token if an earlier log was public",
        )
    return _gitlab(git, config, where, clock or SystemClock(), on_wait)


def _gitlab(git: Git, config: Config, where: Place, clock: Clock, on_wait: OnWait | None) -> Forge:
    from ci_factory.forge.gitlab.api import Api
    from ci_factory.forge.gitlab.forge import GitLabForge

    token = ci_env.variable(config.forge.token_variable) or ""
    api = Api.open(
        where.url,
        token,
        clock=clock,
        rates=config.forge.rates,
        on_wait=on_wait,
        allow_http=config.forge.allow_http,
    )
    transfer = api.transfer(git, where.project)
    return GitLabForge.open(api, transfer, where.project, labels=config.labels, clock=clock, git=git)
