"""What the work on one ticket is given: repository, agent, gates, clock. Nothing is looked up elsewhere."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ci_factory.config import AgentConfig, Config
from ci_factory.model.gate import GateReport, Score
from ci_factory.model.work_state import Earlier
from ci_factory.system.clock import Clock
from ci_factory.system.git import Git
from ci_factory.system.layout import TicketFolder
from ci_factory.system.records import EventLog
from ci_factory.work.agents.protocol import Adapter, Phase

Check = Callable[[str], tuple[GateReport, Score]]
"""Runs the gates on base..head, where head is a commit in the hub."""


@dataclass(frozen=True)
class Player:
    """An agent in a role."""

    agent: AgentConfig
    adapter: Adapter


@dataclass(frozen=True)
class WorkContext:
    """The surroundings of one ticket's work."""

    hub: Git
    """Bare repository that worktrees hang off; it sees the project's objects."""
    worktrees: Path
    """Folder for workspaces; everything in it can be thrown away when nothing runs."""
    folder: TicketFolder
    base: str
    """Commit that the change starts from; its objects are visible in the hub."""
    agent: AgentConfig
    adapter: Adapter
    config: Config
    check: Check
    clock: Clock
    log: EventLog
    instructions: str
    """The project's own words to agents, from the base."""
    stop: Callable[[], bool]
    """Whether a person stopped this ticket; asked before every step. May raise `Interrupted`."""
    recall: Callable[[], str] = str
    """Why the ticket goes to the next batch as it is; empty: it does not. Asked also while the agent works."""
    another: Callable[[], bool] = bool
    """Whether another agent could take the ticket over."""
    answer: str | None = None
    """What a person decided about an earlier escalation of this ticket."""
    earlier: str | None = None
    """An earlier change for this ticket that no longer merges, and what the target branch did instead."""
    crew: Mapping[Phase, Player] = field(default_factory=dict)
    """Who plays a phase's role in place of `agent`."""
    before: Earlier | None = None
    """An earlier batch's attempt that this one goes on from; its `head`, if any, is in the hub."""
