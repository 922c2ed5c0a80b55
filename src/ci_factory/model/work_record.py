"""The work on one ticket in one batch, as short as it can be kept in a note: what figures need of attempt.json and batch.json."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import PurePosixPath
from typing import TypeVar

from pydantic import Field

from ci_factory.model.attempt import AgentRun, Attempt, Ending, Escalation, Option, Trigger, Usage
from ci_factory.model.base import Moment, Sha, TicketId, Value
from ci_factory.model.batch import Batch, PlannedTicket
from ci_factory.model.failure import FailureClass
from ci_factory.model.gate import Component, GateReport, GateResult, GateStatus, Score, Verdict
from ci_factory.model.history import area_of
from ci_factory.model.redaction import redact
from ci_factory.model.text import plain
from ci_factory.model.ticket import Priority, RiskLevel, Size

BLOCK = "attempts"
"""Key of the hidden block that has a list of records, under the same word."""
REASON = 500
"""Characters of a reason that are kept."""
_WELL = frozenset({"ok", "quota"})
_RESTED = frozenset({"quota", "put-off"})
_NOT_ITS_OWN = _WELL | _RESTED | {"killed"}
ASKED = 1_000
"""Characters of each part of a question that are kept."""
_MANY, _FEW = 100, 20
_DEPTH = 2
Number = TypeVar("Number", int, float)


class WorkShare(Value):
    """One agent's part in it."""

    agent: str = Field(max_length=200)
    seconds: float = Field(ge=0)
    usage: Usage = Usage()
    accidents: int = Field(default=0, ge=0)


class GateRecord(Value):
    """What one gate said about its change."""

    gate: str = Field(max_length=200)
    component: Component | None = None
    status: GateStatus
    seconds: float | None = Field(default=None, ge=0)
    summary: str = Field(default="", max_length=REASON)
    findings: int | None = Field(default=None, ge=0)
    """New ones that nobody suppressed."""


class OptionRecord(Value):
    """One way out, in a line each."""

    title: str = Field(max_length=REASON)
    pros: str = Field(default="", max_length=REASON)
    cons: str = Field(default="", max_length=REASON)
    risk: RiskLevel = RiskLevel.LOW
    by_hand: bool = False
    declines: bool = False


class AskedRecord(Value):
    """The question to people that it ended with."""

    agent: str = Field(max_length=200)
    trigger: Trigger
    summary: str = Field(max_length=ASKED)
    tried: str = Field(default="", max_length=ASKED)
    why: str = Field(default="", max_length=ASKED)
    questions: tuple[str, ...] = Field(default=(), max_length=_FEW)
    options: tuple[OptionRecord, ...] = Field(default=(), max_length=_FEW)
    recommendation: str = Field(default="", max_length=ASKED)
    priority: Priority
    raised_at: Moment


class Night(Value):
    """The batch that it belongs to."""

    project: str = Field(max_length=1_000)
    target_branch: str = Field(max_length=1_000)
    created_at: Moment
    lanes: int = Field(ge=1)


class WorkRecord(Value):
    """Key: `batch`, `ticket`. The fields are those of the fact that metrics make of it."""

    batch: str = Field(max_length=200)
    ticket: TicketId
    agent: str = Field(max_length=200)
    model: str | None = Field(default=None, max_length=200)
    lane: int = Field(ge=0)
    order: int = Field(default=0, ge=0)
    stacked_on: TicketId | None = None
    started_at: Moment
    finished_at: Moment
    ending: Ending
    reason: str = Field(max_length=REASON)
    attempts: int = Field(ge=0)
    iterations: int = Field(ge=0)
    accidents: tuple[str, ...] = Field(default=(), max_length=_MANY)
    agent_seconds: float = Field(ge=0)
    usage: Usage = Usage()
    size: Size
    planned_size: Size | None = None
    score: float | None = Field(default=None, ge=0, le=100)
    verdict: Verdict | None = None
    published: str | None = Field(default=None, max_length=50)
    merge_request: int | None = Field(default=None, ge=1)
    priority: Priority = Priority.MEDIUM
    area: str | None = Field(default=None, max_length=1_000)
    trigger: Trigger | None = None
    failure: FailureClass | None = None
    rested: bool = False
    shares: tuple[WorkShare, ...] = Field(default=(), max_length=_MANY)
    prompt_hash: str | None = Field(default=None, max_length=200)
    prompt_version: str | None = Field(default=None, max_length=200)
    base: Sha | None = None
    head: Sha | None = None
    tree: Sha | None = None
    folders: tuple[str, ...] = Field(default=(), max_length=_MANY)
    """Top folders of the files that it changed, or was expected to change."""
    gates: tuple[GateRecord, ...] = Field(default=(), max_length=_MANY)
    asked: AskedRecord | None = None
    night: Night | None = None

    @property
    def key(self) -> tuple[str, str]:
        """What identifies it."""
        return self.batch, self.ticket


def of(
    attempt: Attempt,
    planned: PlannedTicket,
    batch: Batch | None = None,
    report: GateReport | None = None,
    score: Score | None = None,
) -> WorkRecord:
    """What an attempt comes to. Texts are cut, and known forms of secrets are taken out of them."""
    runs = attempt.runs
    return WorkRecord(
        batch=attempt.batch_id,
        ticket=attempt.ticket_id,
        agent=attempt.agent,
        model=attempt.model,
        lane=planned.lane,
        order=planned.order,
        stacked_on=planned.stacked_on,
        started_at=attempt.started_at,
        finished_at=attempt.finished_at,
        ending=attempt.ending,
        reason=_short(attempt.reason, REASON),
        attempts=max((run.attempt for run in runs), default=0),
        iterations=len({(run.attempt, run.iteration) for run in runs if run.iteration}),
        accidents=tuple(run.ended for run in runs if run.ended not in _WELL)[:_MANY],
        agent_seconds=sum(run.seconds for run in runs),
        usage=attempt.usage,
        size=attempt.size,
        planned_size=attempt.planned_size,
        score=score.score if score else None,
        verdict=score.verdict if score else None,
        priority=planned.candidate.ticket.priority,
        area=area_of(planned.candidate.estimate.files),
        trigger=attempt.escalation.trigger if attempt.escalation else None,
        failure=attempt.failure.kind if attempt.failure else None,
        rested=any(run.ended in _RESTED for run in runs),
        shares=tuple(_shares(runs))[:_MANY],
        prompt_hash=attempt.prompt_hash,
        prompt_version=attempt.prompt_version,
        base=attempt.base,
        head=attempt.head,
        tree=attempt.tree,
        folders=top_folders(_files(attempt, report) or planned.candidate.estimate.files)[:_MANY],
        gates=tuple(map(_gate, report.gates))[:_MANY] if report else (),
        asked=_asked(attempt.escalation) if attempt.escalation else None,
        night=_night(batch) if batch else None,
    )


def _files(attempt: Attempt, report: GateReport | None) -> tuple[str, ...]:
    """Files of a change that was judged and has no secret in it: else a name of a folder may be the secret."""
    leaks = report is None or any(gate.gate == "secrets" and gate.findings for gate in report.gates)
    return () if leaks else attempt.diff.files


def top_folders(files: Iterable[str]) -> tuple[str, ...]:
    """The first two folders of each path, each once, those of most files first; `.` for a file in the root."""
    found = Counter("/".join(PurePosixPath(path).parent.parts[:_DEPTH]) or "." for path in files)
    return tuple(sorted(found, key=lambda folder: (-found[folder], folder)))


def total_usage(parts: Sequence[Usage]) -> Usage:
    """The sum; a field is unknown when any part of it is, or when there is no part."""
    return Usage(
        input_tokens=_total([part.input_tokens for part in parts]),
        output_tokens=_total([part.output_tokens for part in parts]),
        cost_usd=_total([part.cost_usd for part in parts]),
    )


def _total(parts: Sequence[Number | None]) -> Number | None:
    known = [part for part in parts if part is not None]
    return sum(known) if known and len(known) == len(parts) else None


def _short(text: str, limit: int) -> str:
    return plain(redact(text), limit)


def _gate(result: GateResult) -> GateRecord:
    return GateRecord(
        gate=result.gate,
        component=result.component,
        status=result.status,
        seconds=result.seconds,
        summary=_short(result.summary, REASON),
        findings=sum(each.is_new and not each.suppressed for each in result.findings),
    )


def _asked(raised: Escalation) -> AskedRecord:
    return AskedRecord(
        agent=raised.agent,
        trigger=raised.trigger,
        summary=_short(raised.summary, ASKED),
        tried=_short(raised.tried, ASKED),
        why=_short(raised.why, ASKED),
        questions=tuple(_short(each, ASKED) for each in raised.questions[:_FEW]),
        options=tuple(map(_option, raised.options[:_FEW])),
        recommendation=_short(raised.recommendation, ASKED),
        priority=raised.priority,
        raised_at=raised.raised_at,
    )


def _option(option: Option) -> OptionRecord:
    told = option.model_dump()
    return OptionRecord(**told | {name: _short(told[name], REASON) for name in ("title", "pros", "cons")})


def _night(batch: Batch) -> Night:
    return Night(
        project=batch.project,
        target_branch=batch.target_branch,
        created_at=batch.created_at,
        lanes=batch.limits.parallel,
    )


def _shares(runs: Iterable[AgentRun]) -> Iterator[WorkShare]:
    by_agent: dict[str, list[AgentRun]] = defaultdict(list)
    for run in runs:
        if run.phase == "implement":
            by_agent[run.agent].append(run)
    for agent, own in by_agent.items():
        yield WorkShare(
            agent=agent,
            seconds=sum(run.seconds for run in own),
            usage=total_usage([run.usage for run in own]),
            accidents=sum(run.ended not in _NOT_ITS_OWN for run in own),
        )
