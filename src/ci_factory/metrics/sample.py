"""What statistics see: flat rows, moments as seconds since the epoch. Pure.

Facts are rich, kept and checked; a year of a large factory holds a million of them. Every figure that is about more than
one night is computed from these rows, whether the facts come from a `History` or, one after the other, from the store.
`None` is unknown, never zero.
"""

from typing import NamedTuple

from ci_factory.model.gate import Component

COMPONENTS = tuple(component.value for component in Component)
"""Order of `Change.components`."""


class Change(NamedTuple):
    """One merge request of the factory, with its ticket's trigger and what became of it."""

    project: str
    iid: int
    ticket: str
    batch: str | None
    agent: str | None
    model: str | None
    area: str
    """The folder, at most two deep, that most of the ticket's files lie in; `.` for the root, and when none is known."""
    size: str | None
    priority: str | None
    state: str
    """opened, merged, closed."""
    draft: bool
    triggered: float | None
    """When the ticket got the trigger label."""
    created: float
    ready: float | None
    reviewed: float | None
    approved: float | None
    merged: float | None
    closed: float | None
    reworked: bool
    reworked_lines: int | None
    added: int | None
    removed: int | None
    score: float | None
    verdict: str | None
    threshold: float | None
    components: tuple[float | None, ...]
    """Score of each component, 0 to 100, in the order of `COMPONENTS`; `None` where it was not judged."""
    human_seconds: float | None
    human_recorded: bool
    observed_until: float | None
    """Until when the time after its merge was looked at; `None` when nobody looked."""
    reverted: float | None
    defect: float | None
    """First revert or linked bug."""
    fix_ups: int
    churned: int | None
    churn_of: int | None
    cost: float | None
    """US dollars, all attempts at its ticket."""

    @property
    def decided(self) -> float | None:
        """When it was merged or closed."""
        return self.merged if self.merged is not None else self.closed


class Task(NamedTuple):
    """One ticket."""

    project: str
    id: str
    priority: str
    size: str | None
    area: str
    agent: str | None
    model: str | None
    state: str | None
    triggered: float | None
    first_mr: float | None
    merged: float | None
    closed: float | None


class Work(NamedTuple):
    """The work on one ticket in one batch."""

    project: str
    batch: str
    ticket: str
    agent: str
    model: str | None
    size: str
    priority: str
    area: str
    lane: int
    started: float
    finished: float
    ending: str
    trigger: str | None
    """What its question to people is about."""
    reason: str
    worked: bool
    settled: bool
    attempts: int
    iterations: int
    agent_seconds: float
    cost: float | None
    tokens: int | None
    score: float | None
    verdict: str | None


class Check(NamedTuple):
    """What one gate said about one attempt's change."""

    project: str
    batch: str
    ticket: str
    gate: str
    status: str
    seconds: float | None
    summary: str
    at: float | None
    """When that attempt ended; `None` when it is not known."""
    agent: str | None
    area: str
    iterations: int | None = None
    """Act-observe-fix rounds of that attempt."""
    findings: int | None = None
    """New ones that nobody suppressed."""


class Question(NamedTuple):
    """A question to a person."""

    project: str
    batch: str
    ticket: str
    agent: str
    area: str
    trigger: str
    priority: str
    raised: float
    answered: float | None
    waiting: bool


class Shift(NamedTuple):
    """One batch: what its lanes could have done, and whether its changes merged together."""

    project: str
    batch: str
    created: float
    started: float | None
    ended: float | None
    lanes: int
    planned: int
    pairs: int | None
    conflicting: int | None


class Wanted(NamedTuple):
    """A part of the sample; `None` does not restrict."""

    since: float | None = None
    """Changes created, tickets triggered, work ended, questions raised, batches created from then on."""
    until: float | None = None
    project: str | None = None
    agent: str | None = None
    area: str | None = None


class Sample(NamedTuple):
    """Everything that statistics see, each list in the order of (project, key)."""

    changes: tuple[Change, ...] = ()
    tasks: tuple[Task, ...] = ()
    work: tuple[Work, ...] = ()
    checks: tuple[Check, ...] = ()
    questions: tuple[Question, ...] = ()
    shifts: tuple[Shift, ...] = ()

    def where(self, wanted: Wanted) -> "Sample":
        """The part of it that is wanted. Batches have neither agent nor area, and stay."""
        if wanted == Wanted():
            return self
        return Sample(
            tuple(row for row in self.changes if _fits(wanted, row, row.created)),
            tuple(row for row in self.tasks if _fits(wanted, row, row.triggered)),
            tuple(row for row in self.work if _fits(wanted, row, row.finished)),
            tuple(row for row in self.checks if _fits(wanted, row, row.at)),
            tuple(row for row in self.questions if _fits(wanted, row, row.raised)),
            tuple(
                row
                for row in self.shifts
                if wanted.project in {None, row.project} and _within(wanted, row.created)
            ),
        )


def _fits(wanted: Wanted, row: Change | Task | Work | Check | Question, at: float | None) -> bool:
    return (
        (wanted.project is None or row.project == wanted.project)
        and (wanted.agent is None or row.agent == wanted.agent)
        and (wanted.area is None or row.area == wanted.area)
        and _within(wanted, at)
    )


def _within(wanted: Wanted, at: float | None) -> bool:
    """What has no moment is in no period."""
    if wanted.since is None and wanted.until is None:
        return True
    return (
        at is not None
        and (wanted.since is None or at >= wanted.since)
        and (wanted.until is None or at < wanted.until)
    )
