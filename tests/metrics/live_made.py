"""Made nights, as files of a running batch: what `ci-factory status` finds at one moment."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from ci_factory.metrics.live_files import NightFiles, TicketFiles
from ci_factory.model.attempt import (
    AgentRun,
    Attempt,
    Checkpoint,
    CheckpointName,
    CheckpointStatus,
    Ending,
    Escalation,
    Option,
    Trigger,
    Usage,
)
from ci_factory.model.batch import Batch, BatchStatus, LeftOut, Limits, PlannedTicket
from ci_factory.model.breakers import BreakerState, QuotaStop
from ci_factory.model.forge import Publication
from ci_factory.model.gate import Component, ComponentScore, GateStatus, Score, Verdict
from ci_factory.model.pulse import AtWork, Meter, Pulse
from ci_factory.model.ticket import Candidate, Estimate, Priority, Readiness, Risk, RiskLevel, Size, Ticket
from ci_factory.model.work_state import Calling, Step, WorkState

EVENING = datetime(2026, 11, 19, 18, 0, tzinfo=UTC)
NAME = "20261119-175800"
HEAD = "a" * 40


def at(minutes: float) -> datetime:
    """So long after the evening began."""
    return EVENING + timedelta(minutes=minutes)


@dataclass
class Made:
    """A night that is put together ticket by ticket."""

    now: datetime = field(default_factory=lambda: at(60))
    parallel: int = 2
    status: BatchStatus = BatchStatus.RUNNING
    tickets: list[PlannedTicket] = field(default_factory=list)
    found: dict[str, TicketFiles] = field(default_factory=dict)
    at_work: list[AtWork] = field(default_factory=list)
    stops: list[QuotaStop] = field(default_factory=list)
    closed: dict[str, str] = field(default_factory=dict)

    def plan(self, ticket_id: str, *, lane: int = 0, agent: str = "otter", **other: Any) -> "Made":
        """Plan a ticket that nothing was done about yet."""
        ticket = Ticket(
            id=ticket_id, title=other.pop("title", f"Change number {ticket_id}"), created_at=EVENING
        )
        candidate = Candidate(
            ticket=ticket,
            readiness=Readiness(ready=True),
            estimate=Estimate(complexity=Size.SMALL, files=()),
            risk=Risk(level=RiskLevel.LOW),
        )
        known = {"candidate": candidate, "size": Size.SMALL, "agent": agent, "lane": lane, "reason": "ready"}
        self.tickets.append(PlannedTicket.model_validate({**known, "order": len(self.tickets), **other}))
        self.found[ticket_id] = TicketFiles()
        return self

    def ended(
        self,
        ticket_id: str,
        start: float,
        minutes: float,
        ending: Ending = Ending.COMPLETED,
        *,
        score: float | None = 92,
        verdict: Verdict = Verdict.PASS,
        cost: float | None = 0.25,
        reason: str = "the gates pass",
        request: int | None = None,
        published: bool = True,
        **planned: Any,
    ) -> "Made":
        """Plan a ticket that has ended."""
        self.plan(ticket_id, **planned)
        attempt = Attempt(
            ticket_id=ticket_id,
            batch_id=NAME,
            agent=self.tickets[-1].agent,
            started_at=at(start),
            finished_at=at(start + minutes),
            ending=ending,
            reason=reason,
            planned_size=Size.SMALL,
            base=HEAD,
            head=HEAD if ending is Ending.COMPLETED else None,
            checkpoints=(_passed(CheckpointName.C2),),
            runs=(_run(minutes, cost),),
            escalation=_escalation(ticket_id, at(start + minutes)) if ending is Ending.ESCALATED else None,
        )
        judged = _score(score, verdict) if ending is Ending.COMPLETED else None
        publication = Publication(
            ticket_id=ticket_id,
            batch_id=NAME,
            outcome="merge-request" if request else ending.value,
            merge_request=request,
        )
        self.found[ticket_id] = TicketFiles(
            attempt=attempt, score=judged, publication=publication if published else None
        )
        return self

    def running(
        self,
        ticket_id: str,
        start: float,
        *,
        step: Step = Step.IMPLEMENT,
        number: int = 1,
        iteration: int = 0,
        meter: Usage | None = None,
        held: bool = True,
        seen: float | None = None,
        **planned: Any,
    ) -> "Made":
        """Plan a ticket whose work has begun; `held`: it is in a lane."""
        self.plan(ticket_id, **planned)
        ticket = self.tickets[-1]
        calling = None
        if step in {Step.UNDERSTAND, Step.IMPLEMENT} and held:
            phase = "plan" if step is Step.UNDERSTAND else "implement"
            calling = Calling(
                agent=ticket.agent, phase=phase, number=number, iteration=iteration + 1, began_at=at(start)
            )
        state = WorkState(
            ticket_id=ticket_id,
            batch_id=NAME,
            base=HEAD,
            agent=ticket.agent,
            settings="same",
            started_at=at(start),
            step=step,
            number=number,
            iteration=iteration,
            calling=calling,
            checkpoints=(_passed(CheckpointName.C1),),
        )
        counted = None
        if calling and meter:
            counted = Meter(
                phase=calling.phase, number=number, iteration=iteration + 1, at=at(start + 1), usage=meter
            )
        self.found[ticket_id] = TicketFiles(
            state=state, state_at=at(start if seen is None else seen), meter=counted
        )
        if held:
            self.at_work.append(
                AtWork(ticket_id=ticket_id, agent=ticket.agent, lane=ticket.lane, since=at(start))
            )
        return self

    def files(self, *, pulse: datetime | None = None, over: bool = False, **other: Any) -> NightFiles:
        """What lies there; `pulse`: when the night last said that it lives (`now` unless told), `over`: it ended."""
        batch = Batch(
            id=NAME,
            created_at=EVENING - timedelta(minutes=2),
            project="warehouse",
            target_branch="main",
            base=HEAD,
            limits=Limits(parallel=self.parallel),
            config_hash="0" * 64,
            status=self.status,
            tickets=tuple(self.tickets),
            left_out=other.pop("left_out", ()),
        )
        breakers = BreakerState(
            batch_id=NAME, started_at=EVENING, stops=tuple(self.stops), closed=dict(self.closed)
        )
        living = Pulse(
            batch_id=NAME,
            at=pulse or self.now,
            over=over,
            at_work=() if over else tuple(self.at_work),
            credentials={"otter": "KEY_A", "heron": "KEY_B"},
        )
        known: dict[str, Any] = {"breakers": breakers, "pulse": living, **other}
        return NightFiles(batch=batch, tickets=dict(self.found), **known)


def _passed(name: CheckpointName) -> Checkpoint:
    return Checkpoint(name=name, status=CheckpointStatus.PASSED)


def _run(minutes: float, cost: float | None) -> AgentRun:
    usage = Usage() if cost is None else Usage(input_tokens=400_000, output_tokens=20_000, cost_usd=cost)
    return AgentRun(
        attempt=1,
        iteration=1,
        agent="otter",
        phase="implement",
        ended="ok",
        seconds=minutes * 50,
        usage=usage,
    )


def _score(score: float | None, verdict: Verdict) -> Score:
    return Score(
        score=score,
        verdict=verdict,
        threshold=80,
        tree=HEAD,
        base=HEAD,
        head=HEAD,
        config_hash="0" * 64,
        components={Component.TESTS: ComponentScore(score=score, weight=1, status=GateStatus.PASS)},
    )


def _escalation(ticket_id: str, raised: datetime) -> Escalation:
    return Escalation(
        ticket_id=ticket_id,
        agent="otter",
        trigger=Trigger.SECURITY,
        summary="Staying signed in needs a stored token: which kind?",
        why="both ways meet the criteria",
        blocking_factor="a decision",
        options=(Option(title="Rotating token"), Option(title="Signed cookie")),
        recommendation="Rotating token",
        priority=Priority.HIGH,
        raised_at=raised,
    )


def busy_night(words: str = "") -> NightFiles:
    """A night in full swing that shows every state, with alerts; `words` stand in whatever strangers wrote."""
    made = Made(parallel=3, now=at(150))
    said: dict[str, Any] = {"title": words} if words else {}
    made.ended("T-01", 0, 9, request=1, title=words or "Correct the spelling in the module docstring")
    made.ended("T-02", 0, 31, score=91.5, request=2, lane=1, agent="heron", **said)
    made.ended("T-03", 10, 74, Ending.ESCALATED, lane=2, reason=words or "The change touches authentication.")
    made.ended("T-04", 32, 12, Ending.ESCALATED, lane=1, reason="Two ways to read the criteria.")
    made.ended("T-05", 46, 58, verdict=Verdict.FAIL, score=61, request=3, lane=1, agent="heron", cost=None)
    made.ended("T-06", 60, 40, Ending.TIMEOUT, reason="the agent was killed after 1800 s", cost=1.9)
    made.ended("T-07", 101, 12, Ending.ESCALATED, reason="A migration is needed.", cost=0.4)
    made.ended("T-08", 110, 30, Ending.NO_CHANGE, reason="the agent changed nothing", lane=1)
    made.ended("T-09", 140, 8, lane=1, published=False, agent="heron")
    made.at_work.append(AtWork(ticket_id="T-09", agent="heron", lane=1, since=at(140)))
    made.running(
        "T-10", 131, iteration=1, number=2, meter=Usage(input_tokens=2_400_000, output_tokens=90_000), **said
    )
    made.running("T-11", 120, step=Step.JUDGE, iteration=2, lane=2, agent="heron", seen=146)
    made.running("T-12", 90, held=False, lane=2, agent="lynx", seen=100)
    made.plan("T-13", waits_for=("T-10",), **said)
    made.plan("T-14", lane=2, agent="lynx")
    made.plan("T-15", lane=1, agent="heron")
    made.stops.append(
        QuotaStop(credential="KEY_C at api.example.com", at=at(100), until=at(230), detail="429")
    )
    left = (
        LeftOut(ticket_id="T-20", state="needs-info", reason=words or "It has no acceptance criteria."),
        LeftOut(ticket_id="T-21", state="deferred", reason="It overlaps with T-03 in src/report/writer.py."),
    )
    files = made.files(left_out=left, damaged=("tickets/T-02/score.json: is damaged",))
    assert files.pulse is not None
    credentials = {**files.pulse.credentials, "lynx": "KEY_C at api.example.com"}
    return replaced(files, pulse=files.pulse.model_copy(update={"credentials": credentials}))


def replaced(files: NightFiles, **changes: Any) -> NightFiles:
    """The same with other parts."""
    known = {name: getattr(files, name) for name in NightFiles.__dataclass_fields__}
    return NightFiles(**{**known, **changes})


def ids(tickets: Sequence[Any]) -> list[str]:
    """Names of tickets, in order."""
    return [ticket.id for ticket in tickets]
