"""What statistics see: flat rows, moments as seconds since the epoch. Pure.

Facts are rich, kept and checked; a year of a large factory holds a million of them. Every figure that is about more than
one night is computed from these rows, whether the facts come from a `History` or, one after the other, from the store.
`None` is unknown, never zero.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from operator import itemgetter
from typing import NamedTuple

from ci_factory.metrics.facts import History
from ci_factory.model.base import Json
from ci_factory.model.gate import Component
from ci_factory.model.merge_truth import MergeTruth

COMPONENTS = tuple(component.value for component in Component)
"""Order of `Change.components`."""
Data = Mapping[str, Json]
"""A fact as its `model_dump(mode="json")`."""
Read = Callable[[str], Iterable[tuple[str, Data]]]
"""Kind of fact (a field of `History`) -> every fact of it with its project; each call reads anew."""


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


def of_history(history: History, project: str | None = None) -> Sample:
    """The rows of a history; its project is that of its last batch unless it is said."""
    last = history.batch()
    name = project if project is not None else last.project if last else ""

    def read(kind: str) -> Iterable[tuple[str, Data]]:
        return ((name, fact.model_dump(mode="json")) for fact in getattr(history, kind))

    return gather(read)


def gather(read: Read) -> Sample:
    """Rows from facts, read kind by kind and one fact at a time; only rows are held."""
    tickets = {(project, data["id"]): _task(project, data) for project, data in read("tickets")}
    work = tuple(sorted(_work(project, data, tickets) for project, data in read("attempts")))
    checks = _checks(read, work)
    changes = _changes(read, tickets, work)
    merged = {(each.project, each.ticket): each.merged for each in changes if each.merged is not None}
    return Sample(
        changes,
        tuple(
            task._replace(merged=merged.get(key)) for key, task in sorted(tickets.items(), key=itemgetter(0))
        ),
        work,
        checks,
        tuple(
            sorted((_question(p, data, tickets) for p, data in read("escalations")), key=itemgetter(0, 1, 2))
        ),
        tuple(sorted((_shift(project, data) for project, data in read("batches")), key=itemgetter(0, 1))),
    )


Tickets = Mapping[tuple[str, str], Task]


class _Fate(NamedTuple):
    """What became of a change after its merge, as `Change` has it."""

    observed_until: float | None = None
    reverted: float | None = None
    defect: float | None = None
    fix_ups: int = 0
    churned: int | None = None
    churn_of: int | None = None


_UNSEEN = _Fate()


def _at(text: str | None) -> float | None:
    return None if text is None else datetime.fromisoformat(text).timestamp()


def _moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def _area(ticket: Task | None) -> str:
    return ticket.area if ticket else "."


def _fate(data: Data) -> _Fate:
    return _Fate(
        _at(data.get("observed_until")),
        _at(data.get("reverted_at")),
        _at(data.get("first_defect_at")),
        len(data.get("fix_ups", ())),
        data.get("churned"),
        data.get("churn_of"),
    )


def _costs(work: Iterable[Work]) -> dict[tuple[str, str], float | None]:
    """Ticket -> US dollars of all attempts at it, `None` when any is unknown."""
    parts: dict[tuple[str, str], list[float | None]] = defaultdict(list)
    for each in work:
        if each.worked:
            parts[each.project, each.ticket].append(each.cost)
    return {
        key: sum(known) if len(known := [c for c in costs if c is not None]) == len(costs) else None
        for key, costs in parts.items()
    }


def _checks(read: Read, work: Iterable[Work]) -> tuple[Check, ...]:
    done = {(each.project, each.batch, each.ticket): each for each in work}
    found = (_check(project, data, done) for project, data in read("gates"))
    return tuple(sorted(found, key=itemgetter(0, 1, 2, 3)))


def _changes(read: Read, tickets: Tickets, work: Iterable[Work]) -> tuple[Change, ...]:
    costs = _costs(work)
    after = {(project, data["iid"]): _fate(data) for project, data in read("aftermath")}
    found = (_change(project, data, tickets, after, costs) for project, data in read("merge_requests"))
    return tuple(sorted(found, key=itemgetter(0, 1)))


def _change(
    project: str,
    data: Data,
    tickets: Tickets,
    after: Mapping[tuple[str, int], _Fate],
    costs: Mapping[tuple[str, str], float | None],
) -> Change:
    key = (project, data["ticket"])
    ticket, fate = tickets.get(key), after.get((project, data["iid"]), _UNSEEN)
    judged = data["components"]
    return Change(
        project=project,
        iid=data["iid"],
        ticket=data["ticket"],
        batch=data["batch"],
        agent=data["agent"] or (ticket.agent if ticket else None),
        model=data["model"] or (ticket.model if ticket else None),
        area=_area(ticket),
        size=data["size"] or (ticket.size if ticket else None),
        priority=ticket.priority if ticket else None,
        state=data["state"],
        draft=data["draft"],
        triggered=ticket.triggered if ticket else None,
        created=_moment(data["created_at"]),
        ready=_at(data["ready_at"]),
        reviewed=_at(data["reviewed_at"]),
        approved=_at(data["approved_at"]),
        merged=_at(data["merged_at"]),
        closed=_at(data["closed_at"]),
        reworked=data["reworked"],
        reworked_lines=data.get("reworked_lines"),
        added=data["added"],
        removed=data["removed"],
        score=data["score"],
        verdict=data["verdict"],
        threshold=data["threshold"],
        components=tuple((judged.get(name) or {}).get("score") for name in COMPONENTS),
        human_seconds=data.get("human_seconds"),
        human_recorded=data.get("human_recorded", False),
        observed_until=fate.observed_until,
        reverted=fate.reverted,
        defect=fate.defect,
        fix_ups=fate.fix_ups,
        churned=fate.churned,
        churn_of=fate.churn_of,
        cost=costs.get(key),
    )


def _task(project: str, data: Data) -> Task:
    areas = data["area"]
    return Task(
        project=project,
        id=data["id"],
        priority=data["priority"],
        size=data["size"],
        area=areas[0] if areas else ".",
        agent=data["agent"],
        model=data["model"],
        state=data["state"],
        triggered=_at(data["ready_at"]),
        first_mr=_at(data["first_mr_at"]),
        merged=None,  # its merge requests tell, later
        closed=_at(data["closed_at"]),
    )


def _work(project: str, data: Data, tickets: Tickets) -> Work:
    ticket = tickets.get((project, data["ticket"]))
    usage = data["usage"]
    read, written = usage["input_tokens"], usage["output_tokens"]
    settled = data["ending"] != "deferred"
    return Work(
        project=project,
        batch=data["batch"],
        ticket=data["ticket"],
        agent=data["agent"],
        model=data["model"],
        size=data["size"],
        priority=data.get("priority", "medium"),
        area=ticket.area if ticket else data.get("area") or ".",
        lane=data["lane"],
        started=_moment(data["started_at"]),
        finished=_moment(data["finished_at"]),
        ending=data["ending"],
        trigger=data.get("trigger"),
        reason=data["reason"],
        worked=data["ending"] != "skipped" and (settled or data["attempts"] > 0),
        settled=settled,
        attempts=data["attempts"],
        iterations=data["iterations"],
        agent_seconds=data["agent_seconds"],
        cost=usage["cost_usd"],
        tokens=None if read is None or written is None else read + written,
        score=data["score"],
        verdict=data["verdict"],
    )


def _check(project: str, data: Data, done: Mapping[tuple[str, str, str], Work]) -> Check:
    work = done.get((project, data["batch"], data["ticket"]))
    return Check(
        project=project,
        batch=data["batch"],
        ticket=data["ticket"],
        gate=data["gate"],
        status=data["status"],
        seconds=data["seconds"],
        summary=data["summary"],
        at=work.finished if work else None,
        agent=work.agent if work else None,
        area=work.area if work else ".",
        iterations=work.iterations if work else None,
        findings=data.get("findings"),
    )


def _question(project: str, data: Data, tickets: Tickets) -> Question:
    return Question(
        project=project,
        batch=data["batch"],
        ticket=data["ticket"],
        agent=data["agent"],
        area=_area(tickets.get((project, data["ticket"]))),
        trigger=data["trigger"],
        priority=data["priority"],
        raised=_moment(data["raised_at"]),
        answered=_at(data.get("answered_at")),
        waiting=data["waiting"],
    )


def _shift(project: str, data: Data) -> Shift:
    tried = MergeTruth.model_validate(data["merge_truth"]) if data.get("merge_truth") else None
    return Shift(
        project=project,
        batch=data["id"],
        created=_moment(data["created_at"]),
        started=_at(data["started_at"]),
        ended=_at(data["ended_at"]),
        lanes=data["lanes"],
        planned=len(data["planned"]),
        pairs=tried.pairs if tried else None,
        conflicting=tried.conflicting if tried else None,
    )
