"""What an audit tells. `None` and empty are unknown, and are said to be."""

from enum import StrEnum

from ci_factory.metrics.facts import AftermathFact
from ci_factory.model.attempt import Usage
from ci_factory.model.base import Moment, Value
from ci_factory.model.gate import GateStatus, Verdict


class Author(StrEnum):
    """Who wrote a commit, as far as it can be known."""

    AGENT = "agent"
    """An agent of the factory: what forge or artifacts say confirms it."""
    PERSON = "person"
    """Nothing says that an agent did, so who git names."""
    CLAIMED = "claimed"
    """Its trailers name an agent, and nothing else does: anybody can type them."""


class Origin(Value):
    """A commit that wrote, or once changed, a line."""

    commit: str
    subject: str
    by: str
    """Author by git."""
    at: Moment
    """By the committer's clock."""
    author: Author
    why: str
    """What the judgement about the author rests on, as a sentence."""
    batch: str | None = None
    ticket: str | None = None
    agent: str | None = None
    """As the trailer says."""
    prompt: str | None = None
    """Likewise."""
    merge_request: int | None = None
    """The factory's, that brought it."""


class Line(Value):
    """A line of a file."""

    path: str
    number: int
    revision: str
    """The commit whose file it stands in."""
    text: str
    origin: Origin
    earlier: tuple[Origin, ...] = ()
    """Commits that changed it before, the newest first."""
    cut: bool = False
    """Whether there may be more of them."""


class Judged(Value):
    """What one gate said."""

    gate: str
    status: GateStatus
    summary: str = ""


class Reply(Value):
    """What somebody wrote in answer to a question."""

    user: str
    at: Moment
    text: str


class Asked(Value):
    """A question to people."""

    at: Moment
    trigger: str
    summary: str
    replies: tuple[Reply, ...] = ()
    answered_at: Moment | None = None


class Approved(Value):
    """An approval, and of which head."""

    user: str
    at: Moment
    head: str | None = None


class Generation(Value):
    """One agent's work on one ticket in one batch, from the wish to what became of it."""

    batch: str | None
    ticket: str
    title: str = ""
    opened_by: str | None = None
    opened_at: Moment | None = None
    triggered_by: str | None = None
    triggered_at: Moment | None = None
    agent: str | None = None
    model: str | None = None
    prompt_hash: str | None = None
    prompt_version: str | None = None
    prompt: str | None = None
    """Its text, while it is kept."""
    started_at: Moment | None = None
    finished_at: Moment | None = None
    ending: str | None = None
    reason: str = ""
    usage: Usage = Usage()
    base: str | None = None
    head: str | None = None
    """The commit that the agent left; a publication makes one of its own with the same tree."""
    tree: str | None = None
    files: tuple[str, ...] = ()
    added: int | None = None
    removed: int | None = None
    gates: tuple[Judged, ...] = ()
    score: float | None = None
    verdict: Verdict | None = None
    threshold: float | None = None
    judged_tree: str | None = None
    questions: tuple[Asked, ...] = ()
    merge_request: int | None = None
    branch: str | None = None
    proposed_at: Moment | None = None
    published_head: str | None = None
    """Head of the merge request now."""
    approvals: tuple[Approved, ...] = ()
    merged_by: str | None = None
    merged_at: Moment | None = None
    merge_commit: str | None = None
    closed_at: Moment | None = None
    aftermath: AftermathFact | None = None

    @property
    def id(self) -> str:
        """As its trailer names it."""
        return f"{self.batch or 'unknown'}/{self.ticket}"


class Story(Value):
    """The answer to one question of an audit."""

    asked: str
    """As it was asked."""
    line: Line | None = None
    commit: Origin | None = None
    generations: tuple[Generation, ...] = ()
    """Oldest first."""
    sources: tuple[str, ...] = ()
    """What was looked at."""
    notes: tuple[str, ...] = ()
    """What is not known, and why."""
