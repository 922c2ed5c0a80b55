"""Puts a factory together from what the command line names, refusing what can't work before anything is written."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from ci_factory.cli import common, forges
from ci_factory.config import AgentConfig, Config
from ci_factory.errors import ForgeError, RepositoryError, UsageError
from ci_factory.forge.local import LocalForge
from ci_factory.forge.protocol import Forge
from ci_factory.model.health import Health
from ci_factory.model.suggestion import meant
from ci_factory.publishing.publisher import identity
from ci_factory.system.clock import SystemClock
from ci_factory.system.git import Git
from ci_factory.work.agents.registry import ADAPTERS
from ci_factory.workflow.factory import Factory, Progress, Silence, nobody
from ci_factory.workflow.health import uncommitted

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True)
class AgentChoice:
    """Which agents the command line asks for."""

    names: tuple[str, ...] = ()
    command: str | None = None
    env: tuple[str, ...] = ()


def agent_options(function: F) -> F:
    """`--agent`, `--agent-command`, `--agent-env`."""
    options = (
        click.option(
            "--agent",
            "agent_names",
            multiple=True,
            callback=_names,
            help="Agent by name; several, or a JSON array of them, take turns.",
        ),
        click.option(
            "--agent-command", help="A shell line that works on the ticket in its worktree (docs/agents.md)."
        ),
        click.option(
            "--agent-env", multiple=True, metavar="NAME", help="Variable that --agent-command may inherit."
        ),
    )
    for option in reversed(options):
        function = option(function)
    return function


def _names(_ctx: click.Context, _option: click.Parameter, given: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(word for each in given for word in common.words(each))


def factory(
    repo: Path,
    out: Path | None,
    config_file: Path | None,
    choice: AgentChoice | None = None,
    *,
    progress: Progress | None = None,
    writes: bool = False,
) -> Factory:
    """A factory on the forge of a repository. `choice` `None`: this stage starts no agent.

    `writes`: it will write to the forge, which is refused before it begins what it may not finish.

    Raises:
        UsageError: the repository is dirty or on no branch, an agent is unknown, nobody is named as committer, or
            GitLab can't be reached as it is configured.
        ConfigError: the configuration is wrong.
        ForgeError: GitLab does not answer, has no such project, or will not let us write (when `writes`).
    """
    git = common.open_repository(repo)
    config, folder = common.load_config(git, config_file)
    clock, watcher = SystemClock(), progress or Silence()
    embedded = forges.place(config.forge) is None
    branch = _target_branch(git) if embedded else ""
    _refuse_dirty(git)
    agents = choose_agents(config, choice) if choice is not None else config.agents
    person = identity(config, git)
    if person is None and embedded:  # GitLab knows a name for us
        raise nobody()
    forge = forges.open_forge(
        git, config, clock, lambda seconds, why: watcher.stage("waiting", f"{seconds:.0f} s: {why}")
    )
    if writes:
        require_health(forge)
    return Factory(
        git=git,
        forge=forge,
        layout=common.layout(git, out),
        config=config,
        config_folder=folder,
        agents=agents,
        person=person,
        clock=clock,
        progress=watcher,
        target=branch,
    )


def choose_agents(config: Config, choice: AgentChoice) -> tuple[AgentConfig, ...]:
    """The agents asked for by name or as a command; else all that are configured, players of a role only if there is no other.

    Raises:
        UsageError: a name is unknown, or there is no agent at all.
        ConfigError: an agent can't work as it is configured.
    """
    by_command = (AgentConfig(name="command", adapter="command", command=choice.command, env=choice.env),)
    named = tuple(_agent(config, name) for name in choice.names)
    chosen = named + (by_command if choice.command else ()) or _workers(config)
    if not chosen:
        raise UsageError(
            "no agent to work with",
            where="--agent",
            fix="pass --agent autofix, --agent-command CMD, or configure agents",
        )
    for agent in chosen:
        _check(agent)
    return chosen


def _workers(config: Config) -> tuple[AgentConfig, ...]:
    players = {config.roles.planner, config.roles.reviewer}
    return tuple(agent for agent in config.agents if agent.name not in players) or config.agents


def _agent(config: Config, name: str) -> AgentConfig:
    configured = {agent.name: agent for agent in config.agents}
    if name in configured:
        return configured[name]
    if name == "autofix":
        return AgentConfig(name=name, adapter=name)
    known = sorted({*configured, "autofix"})
    fix = f"{meant(name, known, kind='agents')} Or use --agent-command"
    raise UsageError(f"there is no agent {name!r}", where="--agent", fix=fix)


def _check(agent: AgentConfig) -> None:
    where = f"agents.{agent.name}"
    if agent.adapter not in ADAPTERS:
        raise UsageError(
            f"there is no adapter {agent.adapter!r}",
            where=where,
            fix=meant(agent.adapter, sorted(ADAPTERS), kind="adapters"),
        )
    if agent.adapter == "command" and not agent.command:
        raise UsageError(
            "an agent of adapter `command` needs a command", where=where, fix="set its `command`"
        )
    if agent.adapter == "scripted" and not agent.folder:
        raise UsageError("an agent of adapter `scripted` needs a folder", where=where, fix="set its `folder`")
    if agent.adapter not in {"command", "scripted"}:
        ADAPTERS[agent.adapter](agent, Path())  # says what is wrong before anything is claimed


def _target_branch(git: Git) -> str:
    branch = git.current_branch()
    if branch is None:
        raise RepositoryError(
            "no branch is checked out", where=str(git.folder), fix="git switch to the target branch"
        )
    return branch


def _refuse_dirty(git: Git) -> None:
    if said := uncommitted(git):
        raise RepositoryError(said, where=str(git.folder), fix="commit or stash them")


def require_health(forge: Forge) -> None:
    """Refuse to begin what the forge would not let us finish, in the words of `ci-factory doctor`.

    Raises:
        ForgeError: the first thing that is wrong, with its remedy.
    """
    for check in forge.examine():
        if check.health is Health.FAILED:
            raise ForgeError(check.message, where=check.name, fix=check.fix)


def require_tickets(factory: Factory, given: Sequence[object], tickets: Path | None) -> None:
    """Refuse an empty queue.

    Raises:
        UsageError: there is not one ticket, neither given nor on the forge.
    """
    if tickets is not None and not given:
        raise UsageError(
            "there is no ticket in it",
            where=str(tickets),
            fix="add Markdown files with front matter (docs/tickets.md)",
        )
    embedded = isinstance(factory.forge, LocalForge)
    if tickets is None and embedded and not factory.forge.issues(opened_only=False):
        raise UsageError(
            "the queue is empty",
            where="--tickets",
            fix="pass --tickets PATH, use `ci-factory ticket add`, or `ci-factory ticket from-findings`",
        )
