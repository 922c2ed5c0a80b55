"""Which forge a command works on: GitLab where its address, the project and a token are known, else the embedded one."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ci_factory.cli import common
from ci_factory.config import Config, ForgeConfig
from ci_factory.errors import UsageError
from ci_factory.forge.protocol import Forge
from ci_factory.model.forge_settings import Rates
from ci_factory.system import ci_env
from ci_factory.system.clock import Clock, SystemClock
from ci_factory.system.git import Git

if TYPE_CHECKING:
    from ci_factory.forge.gitlab.api import Api
    from ci_factory.forge.gitlab.forge import GitLabForge
    from ci_factory.forge.gitlab.group import GitLabGroup

OnWait = Callable[[float, str], None]
_TRACES = {"true", "1", "yes", "on"}
_HURRY = {
    "longest_wait_minutes": 1,
    "total_wait_minutes": 2,
    "outage_minutes": 0.25,
    "tries": 3,
    "connect_seconds": 5,
    "read_seconds": 20,
    "answer_seconds": 30,
    "git_seconds": 30,
}
"""Bounds of `forge.rates` for somebody who waits: a minute for a rate limit, seconds for a server that is down."""


@dataclass(frozen=True)
class Place:
    """A project on a GitLab server. Says nothing of the token."""

    url: str
    project: str


def _known(config: ForgeConfig) -> dict[str, str]:
    return {
        "forge.url": config.url or ci_env.variable("CI_SERVER_URL") or "",
        "forge.project": config.project or ci_env.variable("CI_PROJECT_PATH") or "",
        config.token_variable: ci_env.secret(config.token_variable) or "",
    }


def missing(config: ForgeConfig) -> tuple[str, ...]:
    """What GitLab can't be reached without and is not known: keys of the configuration, or the token's variable."""
    return tuple(name for name, value in _known(config).items() if not value)


def place(config: ForgeConfig) -> Place | None:
    """The GitLab project that the configuration or the CI job names; `None` means the embedded forge.

    Raises:
        UsageError: GitLab is asked for, and something is missing to reach it.
    """
    gone = missing(config)
    if config.kind == "embedded" or (config.kind == "auto" and gone):
        return None
    if gone:
        raise UsageError(
            f"GitLab can't be reached without {', '.join(gone)}",
            where="forge.kind: gitlab",
            fix=_fix(gone, config.token_variable),
        )
    known = _known(config)
    return Place(known["forge.url"], known["forge.project"])


def _fix(gone: tuple[str, ...], token: str) -> str:
    keys = [name for name in gone if name != token]
    parts = [f"set {' and '.join(keys)} in .ci-factory.yml (a job of the project knows them)"] if keys else []
    if token in gone:
        parts.append(
            f"give the token in the variable {token}; one that is protected exists on protected branches only"
        )
    return "; ".join(parts)


def open_forge(
    git: Git,
    config: Config,
    clock: Clock | None = None,
    on_wait: OnWait | None = None,
    *,
    hurried: bool = False,
) -> Forge:
    """The forge of a repository. `on_wait` is told (seconds, why) before every wait for a server.

    `hurried`: somebody waits for the answer, so an outage is an answer after seconds.

    Raises:
        UsageError: something is missing to reach GitLab, the job's log would show the token, or it runs for no
            protected ref.
        ConfigError: address or token can't be one.
    """
    where = place(config.forge)
    if where is None:
        return common.open_forge(git, config, clock)
    _refuse_unsafe_job(config.forge)
    rates = _hurried(config.forge.rates) if hurried else config.forge.rates
    return _gitlab(git, config, where, clock or SystemClock(), on_wait, rates)


def require_gitlab(forge: Forge, what: str) -> "GitLabForge":
    """The forge, when it is GitLab; `what` can't do without.

    Raises:
        UsageError: it is the embedded one.
    """
    from ci_factory.forge.gitlab.forge import GitLabForge

    if not isinstance(forge, GitLabForge):
        raise UsageError(
            "needs a project on GitLab, and this is the embedded forge",
            where=what,
            fix="run it in a job of the project that has the token, or set forge.url and forge.project",
        )
    return forge


def open_group(config: Config, path: str) -> "GitLabGroup":
    """A group on the server that the configuration or the CI job names.

    Raises:
        UsageError: something is missing to reach GitLab, the job's log would show the token, or it runs for no
            protected ref.
        ConfigError: address or token can't be one.
    """
    from ci_factory.forge.gitlab.group import GitLabGroup

    if gone := tuple(name for name in missing(config.forge) if name != "forge.project"):
        raise UsageError(
            f"GitLab can't be reached without {', '.join(gone)}",
            where="--group",
            fix=_fix(gone, config.forge.token_variable),
        )
    _refuse_unsafe_job(config.forge)
    clock, url = SystemClock(), _known(config.forge)["forge.url"]
    api = _api(config.forge, url, clock, None, config.forge.rates)
    return GitLabGroup(api, path, config.labels, clock)


def _refuse_unsafe_job(config: ForgeConfig) -> None:
    """Jobs that hold the token run for a protected ref, and their log does not show it."""
    _refuse_traces()
    if ci_env.in_job() and not ci_env.on_protected_ref() and not config.allow_unprotected:
        raise UsageError(
            f"this job holds the token ({config.token_variable}) and does not run for a protected branch or tag",
            where="CI_COMMIT_REF_PROTECTED",
            fix="run it on the default branch, and protect the variable; or set forge.allow_unprotected: true"
            " (docs/gitlab.md, What each job may see)",
        )


def _refuse_traces() -> None:
    if (ci_env.variable("CI_DEBUG_TRACE") or "").lower() in _TRACES:
        raise UsageError(
            "this job's log shows every variable, and with it the token",
            where="CI_DEBUG_TRACE",
            fix="switch it off, and make a new token if an earlier log was public",
        )


def _hurried(rates: Rates) -> Rates:
    return rates.model_copy(update={name: min(getattr(rates, name), most) for name, most in _HURRY.items()})


def _gitlab(
    git: Git, config: Config, where: Place, clock: Clock, on_wait: OnWait | None, rates: Rates
) -> Forge:
    from ci_factory.forge.gitlab.forge import GitLabForge

    api = _api(config.forge, where.url, clock, on_wait, rates)
    transfer = api.transfer(git, where.project)
    return GitLabForge.open(api, transfer, where.project, labels=config.labels, clock=clock, git=git)


def _api(config: ForgeConfig, url: str, clock: Clock, on_wait: OnWait | None, rates: Rates) -> "Api":
    from ci_factory.forge.gitlab.api import Api

    token = ci_env.secret(config.token_variable) or ""
    return Api.open(url, token, clock=clock, rates=rates, on_wait=on_wait, allow_http=config.allow_http)
