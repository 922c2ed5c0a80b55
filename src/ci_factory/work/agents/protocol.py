"""What a coding agent is to the factory: two pure functions and a few facts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal, Protocol

from ci_factory.model.attempt import Usage
from ci_factory.model.ticket import Size, Ticket

Phase = Literal["plan", "implement", "review"]
Told = Literal["tokens", "cost", "model"]
Limit = Literal["turns", "cost"]


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
    text: str = ""
    """What stands in `prompt`."""
    handoff: str = ""
    """The document of the role before, as JSON; empty when there was none."""
    model_url: str = ""
    """Where its model answers, in place of `Capability.api`; empty: there as well."""
    cost_left: float | None = None
    """USD that it may still spend, where nobody but itself can see to that."""


@dataclass(frozen=True)
class Invocation:
    """How to start the agent."""

    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    """Set for the agent, on top of the allowed variables."""
    stdin: bytes | None = None
    files: Mapping[str, str] = field(default_factory=dict)
    """Settings that it reads: path below `Task.out` -> text, written before it starts."""
    reads: tuple[Path, ...] = ()
    """Files and folders that it has to see in a sandbox, beside the system, PATH and our own interpreter."""


@dataclass(frozen=True)
class LeftBehind:
    """What a finished agent process left."""

    returncode: int
    stdout: str
    stderr: str
    timed_out: bool
    out: Path


@dataclass(frozen=True)
class ModelUse:
    """What one model did in a call; unknown stays `None`."""

    model: str | None = None
    input_tokens: int | None = None
    """Those read from a cache are among them."""
    output_tokens: int | None = None
    cached_tokens: int | None = None
    """Of the input, what was read from a cache."""
    cost_usd: float | None = None


@dataclass(frozen=True)
class ModelRefusal:
    """The model's server refused a request of the agent for its quota, account or load, or failed at it."""

    status: int
    """Of HTTP, such as 429."""
    words: str = ""
    """What the vendor said, as bounded plain text. Untrusted."""
    retry_at: datetime | None = None
    """When it will answer again, in UTC, where it says so."""


@dataclass(frozen=True)
class AgentResult:
    """What could be found out about the run; unknown stays `None`."""

    usage: Usage = field(default_factory=Usage)
    model: str | None = None
    detail: str = ""
    uses: tuple[ModelUse, ...] = ()
    """The usage by model, for prices; empty when there is no more to say than `usage` does."""
    ending: Literal["", "failed", "limit"] = ""
    """`failed`: it says so, whatever its exit code. `limit`: it stopped at its own limit of turns or cost."""
    refusals: tuple[ModelRefusal, ...] = ()
    """What the model's vendor refused meanwhile, newest last; empty where no gateway saw the requests."""


@dataclass(frozen=True)
class Capability:
    """What is known of an agent before it is started."""

    program: str | None = None
    """What it starts; `None` is a program of ours, or one that only the configuration knows."""
    version_arguments: tuple[str, ...] = ("--version",)
    known_versions: tuple[str, ...] = ()
    """Beginnings of versions that it was tried with, such as `2.1.`; another one may do as well."""
    max_size: Size = Size.LARGE
    languages: frozenset[str] = frozenset()
    """Of the code that it can edit; empty is any."""
    keys: tuple[str, ...] = ()
    """Variables of which one has to hold the model's key; empty when it needs none."""
    settings: tuple[str, ...] = ()
    """Other variables that it inherits where they are set."""
    hosts: tuple[str, ...] = ()
    """What it has to reach."""
    tells: frozenset[Told] = frozenset()
    """What it can say about its usage."""
    limits: frozenset[Limit] = frozenset()
    """What it can be bounded by, beside time."""
    api: str = ""
    """Address of its model's server, where it can be told another one (`Task.model_url`)."""
    accounts: tuple[str, ...] = ()
    """Of `keys`, those of a subscription, which work at the vendor's own address alone."""


ANYTHING = Capability()
"""Of an agent that brings its own program, or takes any."""


class Adapter(Protocol):
    """One kind of agent."""

    @property
    def plans(self) -> bool:
        """Whether it can be asked for its C0 and C1 documents."""

    @property
    def env_names(self) -> tuple[str, ...]:
        """Variables it may inherit."""

    @property
    def capability(self) -> Capability:
        """What is known of it before it is started."""

    def invocation(self, task: Task) -> Invocation:
        """How to start it for this task. Pure."""

    def result(self, left: LeftBehind) -> AgentResult:
        """What it says about itself. Reads only files of `left.out`."""
