"""What the factory itself writes of a life: artifacts of the night, and the notes on the forge, by its own writers."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import combinations

from ci_factory.forge import kept_notes
from ci_factory.model import work_record
from ci_factory.model.attempt import AgentRun, Attempt, DiffStat, Ending, Escalation, Option, Trigger, Usage
from ci_factory.model.batch import Batch, Limits, PlannedTicket
from ci_factory.model.event import Event
from ci_factory.model.forge import Publication
from ci_factory.model.gate import (
    Component,
    ComponentScore,
    GateReport,
    GateResult,
    GateStatus,
    PlannedGate,
    Score,
    Verdict,
)
from ci_factory.model.merge_truth import Clash, MergeTruth, TriedChange
from ci_factory.model.ticket import Candidate, Estimate, Priority, Readiness, Risk, RiskLevel, Size, Ticket
from ci_factory.publishing import issue_notes, note, work_notes
from ci_factory.system import records
from ci_factory.system.layout import Layout
from tests.metrics.truth.world import BATCH, LANES, THRESHOLD, Life

PARTS = {
    "syntax": Component.SYNTAX,
    "types": Component.SYNTAX,
    "tests": Component.TESTS,
    "secrets": Component.SECURITY,
    "documentation": Component.DOCUMENTATION,
}
SECONDS = {"syntax": 1.5, "types": 8.0, "tests": 40.0, "secrets": 2.0, "documentation": 3.0}
READY, STATE = "ready-for-agent", "factory::"
STATES = {
    "completed": "review",
    "escalated": "escalated",
    "no-change": "no-change",
    "agent-failed": "agent-failed",
}
ACCEPTANCE = "## Acceptance criteria\n\n- It works."


def description(life: Life) -> str:
    """An issue as people write them."""
    return f"Somebody needs it.\n\n## Files\n\n- {life.path}\n\n{ACCEPTANCE}"


def planned(life: Life) -> PlannedTicket:
    """Its place in the night."""
    ticket = Ticket(
        id=str(life.issue),
        title=life.title,
        priority=Priority(life.priority),
        complexity=Size(life.size),
        files=(life.path,),
    )
    candidate = Candidate(
        ticket=ticket,
        readiness=Readiness(ready=True),
        estimate=Estimate(complexity=Size(life.size), files=(life.path,)),
        risk=Risk(level=RiskLevel.LOW),
    )
    return PlannedTicket(
        candidate=candidate,
        size=Size(life.size),
        agent=life.agent,
        lane=life.lane,
        order=life.order,
        reason="in",
    )


def attempt(life: Life, base: str, head: str | None) -> Attempt:
    """The work on it: as many rounds as the life says, in equal parts."""
    usage = Usage(input_tokens=1000 * life.rounds, output_tokens=100 * life.rounds, cost_usd=life.cost)
    seconds = (life.finished - life.started).total_seconds() * 0.8 / life.rounds
    runs = tuple(
        AgentRun(attempt=1, iteration=place, agent=life.agent, phase="implement", ended="ok", seconds=seconds)
        for place in range(1, life.rounds + 1)
    )
    files = () if head is None else (life.path, *((life.old,) if life.removed else ()))
    return Attempt(
        ticket_id=str(life.issue),
        batch_id=life.batch,
        agent=life.agent,
        model=f"{life.agent}-1",
        started_at=life.started,
        finished_at=life.finished,
        ending=Ending(life.ending),
        reason="As it was drawn.",
        planned_size=Size(life.size),
        base=base,
        head=head,
        tree=head,
        diff=DiffStat(files=files, added=life.added if head else 0, removed=life.removed if head else 0),
        runs=runs,
        usage=usage,
        escalation=_escalation(life) if life.ending == "escalated" else None,
        prompt_hash=f"{life.key:064x}",
    )


def _escalation(life: Life) -> Escalation:
    return Escalation(
        ticket_id=str(life.issue),
        agent=life.agent,
        trigger=Trigger.DATA,
        summary="How long is it kept?",
        why="Both would do.",
        blocking_factor="retention",
        options=(Option(title="A month"), Option(title="A year")),
        recommendation="A month",
        priority=Priority(life.priority),
        raised_at=life.finished,
    )


def report(life: Life, base: str, head: str) -> GateReport:
    """What the gates say of it."""
    results = tuple(
        GateResult(
            gate=gate,
            component=PARTS[gate],
            status=GateStatus.PASS if passed else GateStatus.FAIL,
            summary="nothing new" if passed else f"1 of 9 {gate} checks fails",
            seconds=SECONDS[gate],
        )
        for gate, passed in life.gates.items()
    )
    return GateReport(
        tree=head,
        base=base,
        head=head,
        config_hash="c",
        changed_files=(life.path,),
        added_lines=life.added,
        removed_lines=life.removed,
        planned=tuple(PlannedGate(gate=each.gate, component=each.component) for each in results),
        gates=results,
    )


def score(life: Life, base: str, head: str, points: float) -> Score:
    """The score; its components are all the same."""
    part = ComponentScore(score=points, weight=0.2, status=GateStatus.PASS)
    return Score(
        score=points,
        verdict=Verdict.PASS if life.passes else Verdict.FAIL,
        threshold=THRESHOLD,
        tree=head,
        base=base,
        head=head,
        config_hash="c",
        components=dict.fromkeys((Component.SYNTAX, Component.TESTS, Component.SECURITY), part),
    )


def batch(name: str, lives: Iterable[Life] = (), tip: str = "0" * 40) -> Batch:
    """The plan of a night."""
    return Batch(
        id=name,
        created_at=datetime.strptime(name, BATCH).replace(tzinfo=UTC),
        project="shop/warehouse",
        target_branch="main",
        base=tip,
        limits=Limits(parallel=LANES),
        config_hash="c",
        tickets=tuple(map(planned, lives)),
    )


def score_note(life: Life, base: str, head: str, points: float) -> str:
    """The note on the merge request, as the publisher leaves it."""
    done, place = attempt(life, base, head), planned(life)
    gates, judged = report(life, base, head), score(life, base, head, points)
    record = work_record.of(done, place, batch(life.batch), gates, score(life, base, head, life.score))
    published = record.model_copy(update={"published": "merge-request", "merge_request": life.iid})
    body = note.score_note(place, done, gates, judged, work=published if life.noted else None)
    return kept_notes.marked(note.NOTE_KEY, body).rstrip()


def escalation_note(life: Life, base: str) -> str:
    """The question on the issue."""
    asked = attempt(life, base, None)
    assert asked.escalation is not None
    body = issue_notes.escalation_note(asked.escalation, asked)
    return kept_notes.marked(issue_notes.ESCALATION_KEY, body + _hidden(life, asked)).rstrip()


def ending_note(life: Life, base: str) -> str:
    """What the issue is told when there is nothing to merge."""
    done = attempt(life, base, None)
    return kept_notes.marked(
        issue_notes.STATUS_KEY, issue_notes.ending_note(done) + _hidden(life, done)
    ).rstrip()


def _hidden(life: Life, done: Attempt) -> str:
    """The record of the work, below the words."""
    if not life.noted:
        return ""
    record = work_record.of(done, planned(life), batch(life.batch))
    return f"\n{work_notes.line([work_notes.data(record.model_copy(update={'published': life.ending}))])}\n"


def write(layout: Layout, lives: Iterable[Life], heads: dict[int, tuple[str, str]], tip: str) -> None:
    """The output folder after the nights of these lives. `heads`: life -> base and first head of what was published."""
    nights: dict[str, list[Life]] = defaultdict(list)
    for life in lives:
        nights[life.batch].append(life)
    layout.prepare()
    log = records.EventLog(layout.events)
    for name, own in nights.items():
        if not layout.batch(name).batch.exists():
            _night(layout, name, own, heads, tip)
            started, ended = min(each.started for each in own), max(each.finished for each in own)
            for what, at in (("first", started), ("last", ended)):
                log.append(Event(key=f"{name}/{what}", at=at, stage="work", kind=what, batch_id=name))


def _night(layout: Layout, name: str, lives: list[Life], heads: dict[int, tuple[str, str]], tip: str) -> None:
    records.write_model(layout.batch(name).batch, batch(name, lives, tip))
    if tried := [life for life in lives if life.iid]:
        records.write_model(layout.batch(name).merge_truth, _merge_truth(name, tried, heads, tip))
    for life in lives:
        folder, (base, head) = layout.batch(name).ticket(str(life.issue)), heads.get(life.key, (tip, ""))
        records.write_model(folder.attempt, attempt(life, base, head or None))
        if head:
            records.write_model(folder.gate, report(life, base, head))
            records.write_model(folder.score, score(life, base, head, life.score))
            made = Publication(
                ticket_id=str(life.issue), batch_id=name, outcome="merge-request", merge_request=life.iid
            )
            records.write_model(folder.publication, made)


def clashing(one: Life, other: Life) -> bool:
    """Whether git did not merge these two, in what is written about their night."""
    return (one.key + other.key) % 7 == 0


def _merge_truth(name: str, lives: list[Life], heads: dict[int, tuple[str, str]], tip: str) -> MergeTruth:
    changes = tuple(
        TriedChange(
            merge_request=life.iid,
            ticket_id=str(life.issue),
            branch=life.branch,
            head=heads[life.key][1],
            priority=Priority(life.priority),
            lines=life.added + life.removed,
            in_batch=True,
        )
        for life in lives
    )
    pairs = [(one, other) for one, other in combinations(lives, 2) if clashing(one, other)]
    return MergeTruth(
        key=hashlib.sha256(name.encode()).hexdigest(),
        made_at=max(life.finished for life in lives),
        batch_id=name,
        target_branch="main",
        base=tip,
        changes=changes,
        pairs_tried=len(lives) * (len(lives) - 1) // 2,
        clashes=tuple(Clash(first=one.iid, second=other.iid) for one, other in pairs),
    )
