"""What a coding agent is to the factory: two pure functions and a few facts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from ci_factory.model.attempt import Usage
from ci_factory.model.ticket import Ticket

Phase = Literal["plan", "implement"]


@dataclass(frozen=True)
class Task:
    """One call of an agent. The paths exist; `prompt` and `ticket_file` are already written."""

    ticket: Ticket
    phase: Phase
    attempt: int
    """Fresh starts, from 1."""
    iteration: int
    """Act-observe-fix rounds within an attempt, from 1 (0 when planning)."""
    worktree: Path
    """Where the agent works; its current directory."""
    prompt: Path
    """Markdown file that says what to do; the ticket is quoted data in it."""
    ticket_file: Path
    """The ticket as JSON."""
    out: Path
    """Folder outside the worktree for comprehension.json, plan.json, escalation.json, usage.json."""
    feedback: tuple[str, ...] = ()
    """What the gates said about the last round."""


@dataclass(frozen=True)
class Invocation:
    """How to start the agent."""

    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    """Set for the agent, on top of the allowed variables."""
    stdin: bytes | None = None


@dataclass(frozen=True)
class LeftBehind:
    """What a finished agent process left."""

    returncode: int
    stdout: str
    stderr: str
    timed_out: bool
    out: Path


@dataclass(frozen=True)
class AgentResult:
    """What could be found out about the run; unknown stays `None`."""

    usage: Usage = field(default_factory=Usage)
    model: str | None = None
    detail: str = ""


class Adapter(Protocol):
    """One kind of agent."""

    @property
    def plans(self) -> bool:
        """Whether it can be asked for its C0 and C1 documents."""

    @property
    def env_names(self) -> tuple[str, ...]:
        """Variables it may inherit."""

    def invocation(self, task: Task) -> Invocation:
        """How to start it for this task. Pure."""

    def result(self, left: LeftBehind) -> AgentResult:
        """What it says about itself. Reads only files of `left.out`."""
