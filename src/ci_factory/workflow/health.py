"""Whether the factory can work here: repository, forge, kill switch, agents, tools, the last night. Reads only."""

import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from ci_factory.config import Config
from ci_factory.errors import FactoryError
from ci_factory.forge.protocol import Forge
from ci_factory.gates.registry import GATES
from ci_factory.model.batch import Batch
from ci_factory.model.health import Check, Health, failed, ok, unknown, warning
from ci_factory.publishing.publisher import identity
from ci_factory.system import process, records
from ci_factory.system.clock import Clock
from ci_factory.system.git import Git
from ci_factory.system.layout import Layout
from ci_factory.workflow import agent_health, sandbox_health
from ci_factory.workflow.switch import Switch

_GIT = (2, 38)
"""The first git with `merge-tree --write-tree`."""
_TOOLS = {
    "ruff": ("ruff",),
    "mypy": ("mypy",),
    "tests": ("pytest", "coverage"),
    "semgrep": ("semgrep",),
    "secrets": ("detect-secrets",),
    "complexity": ("radon",),
}
"""Programs that a built-in gate starts."""
_STALE = timedelta(days=2)
"""A factory that runs every night and did not for so long has probably lost its schedule."""
_SHOWN = 5
_FAR_OFF = frozenset({"server", "token", "project", "forge"})
"""Checks of a forge that, failed, leave its files unread."""


@dataclass(frozen=True)
class Site:
    """A project as far as it is known without asking a forge."""

    git: Git
    layout: Layout
    config: Config
    config_folder: Path
    clock: Clock


def here(site: Site) -> Iterator[Check]:
    """The repository, and the git that reads it."""
    yield _git(site.git)
    yield _repository(site.git)
    if site.git.text("rev-parse", "--is-shallow-repository") == "true":
        message = "a shallow clone: history is fetched as needed, and reviewers are not found by authorship"
        yield warning("clone", message, "set GIT_DEPTH: 0 for the job, or git fetch --unshallow")


def there(
    site: Site, open_forge: Callable[[], Forge], also: Callable[[Forge], Iterator[Check]]
) -> Iterator[Check]:
    """The forge, whose commits these will be, the kill switch, and `also` of a forge that was reached.

    No error of the forge ends it.
    """
    try:
        forge = open_forge()
        found = forge.examine(thorough=True)
    except FactoryError as error:
        yield failed("forge", f"{error.where}: {error.what}" if error.where else error.what, error.fix)
        yield from _identity(site, None)
        return
    yield from found
    broken = {check.name for check in found if check.health is Health.FAILED}
    reached = not broken & _FAR_OFF
    yield from _identity(site, forge if reached else None)
    if not reached:
        yield unknown("switch", "the forge could not be asked")
        return
    yield _switch(site, forge)
    yield from also(forge)


def equipment(site: Site) -> Iterator[Check]:
    """Agents, their sandbox, tools of the gates, and the last batch."""
    yield from (agent_health.check(agent, site.config_folder) for agent in site.config.agents)
    if not site.config.agents:
        fix = "configure `agents`, or pass --agent or --agent-command"
        yield warning("agents", "no agent is configured", fix)
    yield sandbox_health.check(site.config)
    yield tools(site.config)
    yield last_batch(site)


def uncommitted(git: Git) -> str:
    """What a run refuses to work beside, in a sentence without its subject; empty when everything is committed."""
    changed = git.changed_in_worktree()
    if not changed:
        return ""
    shown = ", ".join(repr(path) for path in changed[:_SHOWN])
    more = f" and {len(changed) - _SHOWN} more" if len(changed) > _SHOWN else ""
    return f"has changes that are not committed: {shown}{more}"


def _git(git: Git) -> Check:
    said = git.text("version")
    found = re.search(r"(\d+)\.(\d+)", said)
    if found is None:
        return unknown("git", f"its version is not known: {said}")
    if (int(found[1]), int(found[2])) < _GIT:
        return failed("git", f"{said} is too old", "install git 2.38 or newer")
    return ok("git", said)


def _repository(git: Git) -> Check:
    if said := uncommitted(git):
        return failed("repository", f"{git.folder} {said}", "commit or stash them")
    branch = git.current_branch()
    return ok("repository", f"{git.folder}, {branch or 'no branch'} at {git.resolve('HEAD')[:8]}")


def _identity(site: Site, forge: Forge | None) -> Iterator[Check]:
    who = identity(site.config, site.git)
    try:
        who = who or (forge.person if forge is not None else None)
    except FactoryError as error:
        yield unknown("identity", error.what)
        return
    if who is not None:
        yield ok("identity", f"commits are made as {who.name} <{who.email}>")
    elif forge is None:
        yield unknown("identity", "whose commits they would be is known once the forge answers")
    else:
        fix = "set identity.name and identity.email, or git config user.name and user.email"
        yield failed("identity", "nobody is named as author of the factory's commits", fix)


def _switch(site: Site, forge: Forge) -> Check:
    try:
        reason = Switch(forge, site.config, site.clock).off()
    except FactoryError as error:
        return unknown("switch", error.what, error.fix)
    reason = reason or (None if site.config.enabled else "the configuration here says enabled: false")
    if reason:
        return warning("switch", f"the factory is switched off: {reason}", "set enabled: true there")
    return ok("switch", "the factory is switched on")


def tools(config: Config) -> Check:
    """Programs of the built-in gates for Python; without one its gate is inconclusive, which no gate hides."""
    disabled = set(config.gates.disabled)
    wanted = [
        tool for gate, tools in _TOOLS.items() if gate in GATES and gate not in disabled for tool in tools
    ]
    missing = [tool for tool in wanted if process.which(tool, beside=sys.executable) is None]
    if missing:
        said = f"not installed: {', '.join(missing)}; their gates are inconclusive for Python"
        return warning("tools", said, "pip install 'ci-factory[gates]'")
    return ok("tools", f"{len(wanted)} tools of the built-in gates are installed")


def last_batch(site: Site) -> Check:
    """What the output folder says of the last night."""
    folders = site.layout.batches()
    if not folders:
        return unknown("last batch", f"none in {site.layout.root}")
    try:
        batch = records.read_model(folders[-1].batch, Batch)
    except FactoryError as error:
        return failed("last batch", f"{error.where}: {error.what}", error.fix or "remove its folder")
    said = f"{batch.id}, planned {batch.created_at:%Y-%m-%d %H:%M} UTC: {batch.status.value}"
    if not batch.status.over:
        return warning("last batch", said, "run the same command again; it goes on from there")
    if site.clock.now() - batch.created_at > _STALE:
        return warning(
            "last batch", f"{said}; nothing since", "look at whatever starts the nights: schedule, its owner"
        )
    return ok("last batch", said)
