"""From facts to the rows that statistics see. Pure."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from operator import itemgetter
from typing import NamedTuple

from ci_factory.metrics.facts import History
from ci_factory.metrics.sample import COMPONENTS, Change, Check, Question, Sample, Shift, Task, Work
from ci_factory.model.base import Json
from ci_factory.model.merge_truth import MergeTruth

Data = Mapping[str, Json]
"""A fact as its `model_dump(mode="json")`."""
Read = Callable[[str], Iterable[tuple[str, Data]]]
"""Kind of fact (a field of `History`) -> every fact of it with its project; each call reads anew."""


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
