"""One ticket of a running night from its files: where it is, what it waits for, how it ended. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ci_factory.metrics import live_words
from ci_factory.metrics.live import LiveTicket, TicketState
from ci_factory.metrics.live_files import NightFiles, TicketFiles
from ci_factory.metrics.live_usage import measured, used
from ci_factory.metrics.night import Outcome, outcome_of
from ci_factory.model.attempt import AgentRun, Attempt, Checkpoint, Ending
from ci_factory.model.batch import Batch, PlannedTicket
from ci_factory.model.breakers import BreakerState, QuotaStop
from ci_factory.model.effort import WORK_MINUTES
from ci_factory.model.forge import MergeRequestState, Publication
from ci_factory.model.gate import Score
from ci_factory.model.pulse import AtWork, Meter
from ci_factory.model.work_state import Step, WorkState

_STEPS = {
    Step.UNDERSTAND: "understands the ticket and plans",
    Step.JUDGE: "the gates judge round {round}",
    Step.REVIEW: "another agent reads the change",
    Step.ENDED: "done, on its way to the merge request",
}
_PHASES = {"plan": "plans", "implement": "implements", "review": "reviews"}
_SLACK = timedelta(minutes=5)
"""Beyond the time-out of one process, without which nothing can be written about a ticket at work."""
_RESTED = frozenset({Ending.SKIPPED, Ending.DEFERRED})


@dataclass(frozen=True)
class Around:
    """What else is known of the night, in which a ticket stands."""

    batch: Batch
    now: datetime
    alive: bool | None
    """Whether a process runs the night; `None`: nobody ever said, as in separate jobs."""
    over: bool
    at_work: Mapping[str, AtWork]
    ended: frozenset[str]
    breakers: BreakerState | None
    asleep: Mapping[str, QuotaStop]
    """By agent."""

    def agent_of(self, planned: PlannedTicket) -> str:
        """Who has the ticket now."""
        moved = self.breakers.reassigned if self.breakers else {}
        return moved.get(planned.id, planned.agent)


def tickets(files: NightFiles, around: Around) -> tuple[LiveTicket, ...]:
    """Every ticket of the plan, in planned order."""
    planned = sorted(files.batch.tickets, key=lambda each: each.order)
    return tuple(_ticket(each, files.tickets[each.id], around) for each in planned)


def _ticket(planned: PlannedTicket, found: TicketFiles, around: Around) -> LiveTicket:
    blank = LiveTicket(
        id=planned.id,
        title=planned.candidate.ticket.title,
        size=planned.size,
        priority=planned.candidate.ticket.priority,
        agent=around.agent_of(planned),
        lane=planned.lane + 1,
        state=TicketState.WAITING,
        said="",
        expected_minutes=expected_minutes(planned),
    )
    if found.attempt is not None:
        return _worked(blank, found.attempt, found, around)
    if found.state is not None:
        return _begun(blank, planned, found.state, found, around)
    return _untouched(blank, planned, found, around)


def expected_minutes(planned: PlannedTicket) -> float:
    """Of work on a ticket: what the plan reckoned with, else a first guess by size."""
    start, end = planned.start_minutes, planned.end_minutes
    return (
        end - start if start is not None and end is not None and end > start else WORK_MINUTES[planned.size]
    )


def _worked(blank: LiveTicket, attempt: Attempt, found: TicketFiles, around: Around) -> LiveTicket:
    """The agent is done with it; the gates and the publication may not be."""
    known = {
        "agent": attempt.agent,
        "checkpoint": _checkpoint(attempt.checkpoints),
        "round": _rounds(attempt.runs),
        "start": max((run.attempt for run in attempt.runs), default=1),
        "started_at": attempt.started_at,
        "ended_at": attempt.finished_at,
        "since": attempt.finished_at,
        "last_sign": attempt.finished_at,
        "used": used(attempt.runs),
        "score": found.score.score if found.score else None,
        "verdict": found.score.verdict if found.score else None,
        "merge_request": found.publication.merge_request if found.publication else None,
    }
    if found.publication is None and not around.over:
        return blank.model_copy(update=known | _unpublished(attempt, found, around))
    outcome = ended_as(attempt, found.score, found.publication)
    said = attempt.reason or (found.publication.reason if found.publication else "")
    return blank.model_copy(update=known | {"state": TicketState.ENDED, "outcome": outcome, "said": said})


def _unpublished(attempt: Attempt, found: TicketFiles, around: Around) -> dict[str, object]:
    judged = found.score is not None or attempt.ending in _RESTED or attempt.head is None
    if attempt.ticket_id in around.at_work and around.alive:
        state = TicketState.PUBLISHING if judged else TicketState.GATES
        return {"state": state, "said": "is brought to the forge" if judged else "the gates judge the change"}
    said = f"{attempt.reason}; waits {'to be published' if judged else 'for its gates'}"
    return {"state": TicketState.STUCK if around.alive is False else TicketState.RESTING, "said": said}


def ended_as(attempt: Attempt, score: Score | None, publication: Publication | None) -> Outcome:
    """How a ticket ended, by its files alone: of people's decisions since, these say nothing."""
    request = None
    if publication is not None and publication.merge_request is not None:
        request = _Opened(draft=bool(publication.reason))
    found = outcome_of(attempt.ending, score.verdict if score else None, request)
    deferred = publication is not None and publication.outcome == "deferred"
    return Outcome.DEFERRED if found is Outcome.UNPUBLISHED and deferred else found


@dataclass(frozen=True)
class _Opened:
    """A merge request as the factory left it."""

    draft: bool
    state: MergeRequestState = MergeRequestState.OPENED


def _begun(
    blank: LiveTicket, planned: PlannedTicket, state: WorkState, found: TicketFiles, around: Around
) -> LiveTicket:
    calling, here = state.calling, around.at_work.get(planned.id)
    since = calling.began_at if calling else found.state_at
    signs = [at for at in (found.state_at, found.meter.at if found.meter else None) if at is not None]
    known: dict[str, object] = {
        "agent": here.agent if here else blank.agent,
        "checkpoint": _checkpoint(state.checkpoints),
        "round": state.iteration + (state.step is Step.IMPLEMENT and calling is not None),
        "start": state.number,
        "started_at": state.started_at,
        "since": since,
        "last_sign": max(signs, default=None),
        "used": used(state.runs, measured(found.meter, calling)) if calling else used(state.runs),
    }
    if _is_at_work(planned, found, around):
        return blank.model_copy(update=known | _working(state, blank.agent))
    return blank.model_copy(update=known | _at_rest(planned, state, found, around))


def _at_rest(
    planned: PlannedTicket, state: WorkState, found: TicketFiles, around: Around
) -> dict[str, object]:
    """Begun, not at work, and nothing on record of its end."""
    if around.over:
        said = "it was begun, and there is no record of its end"
        return {"state": TicketState.ENDED, "outcome": Outcome.UNKNOWN, "said": said}
    if found.failed:
        return {"state": TicketState.STUCK, "said": f"the factory failed on it: {found.failed}"}
    if not around.alive:
        return {"state": TicketState.STUCK, "said": f"cut off: {_doing(state)}"}
    return {"state": TicketState.RESTING, "said": waits_for(planned, around) or "waits to go on"}


def _is_at_work(planned: PlannedTicket, found: TicketFiles, around: Around) -> bool:
    if around.alive is not None:
        return around.alive and planned.id in around.at_work
    limit = timedelta(seconds=around.batch.limits.timeout_seconds) + _SLACK
    return not around.over and found.state_at is not None and around.now - found.state_at < limit


def words_of(state: WorkState | None, meter: Meter | None = None) -> str:
    """How far the work is, in our own words alone: `implements, round 2, C1 passed, at least 2.4 M tokens`."""
    if state is None:
        return ""
    counted = measured(meter, state.calling) if state.calling else None
    found = used(state.runs, counted)
    spent = f"{live_words.tokens(found)}" if found.tokens else ""
    return ", ".join(filter(None, (_doing(state), _checkpoint(state.checkpoints), spent)))


def _working(state: WorkState, agent: str) -> dict[str, object]:
    if state.step is Step.WAIT:
        return {"state": TicketState.RESTING, "said": _doing(state)}
    doing = _doing(state)
    if state.calling and state.calling.agent != agent:
        doing = f"{doing} ({state.calling.agent})"
    return {
        "state": TicketState.GATES if state.step is Step.JUDGE else TicketState.RUNNING,
        "said": f"{doing}, fresh start {state.number}" if state.number > 1 else doing,
    }


def _doing(state: WorkState) -> str:
    """The step in words."""
    if state.step is Step.WAIT:
        when = f"at {state.retry_at:%H:%M} UTC" if state.retry_at else "soon"
        return f"starts afresh {when}, after start {state.number} failed"
    if state.step is Step.IMPLEMENT:
        return f"implements, round {state.iteration + 1}"
    if state.calling is not None and state.step is not Step.UNDERSTAND:
        return _PHASES[state.calling.phase]
    return _STEPS[state.step].format(round=state.iteration)


def _untouched(blank: LiveTicket, planned: PlannedTicket, found: TicketFiles, around: Around) -> LiveTicket:
    here = around.at_work.get(planned.id)
    if here is not None and around.alive:
        known = {
            "agent": here.agent,
            "since": here.since,
            "started_at": here.since,
            "last_sign": here.since,
            "said": "starts",
        }
        return blank.model_copy(update=known | {"state": TicketState.RUNNING})
    if found.failed:
        said = f"the factory failed on it: {found.failed}"
        return blank.model_copy(update={"state": TicketState.STUCK, "said": said})
    if around.over:
        said = "there is no record of any work on it"
        known = {"state": TicketState.ENDED, "outcome": Outcome.UNKNOWN, "said": said}
        return blank.model_copy(update=known)
    said = waits_for(planned, around) or ("not started" if around.alive is not True else "its turn comes")
    return blank.model_copy(update={"said": said})


def waits_for(planned: PlannedTicket, around: Around) -> str:
    """What keeps a ticket from its lane, in words; empty: nothing that is known."""
    before = [each for each in planned.waits_for if each not in around.ended]
    if before:
        return f"for {', '.join(before)}"
    if stop := around.asleep.get(around.agent_of(planned)):
        return f"credential {stop.credential} sleeps until {stop.until:%H:%M} UTC"
    busy = next((each for each in around.at_work.values() if each.lane == planned.lane), None)
    if busy is not None and busy.ticket_id != planned.id:
        return f"for lane {planned.lane + 1}, where {busy.ticket_id} is at work"
    return ""


def _checkpoint(checkpoints: Sequence[Checkpoint]) -> str:
    return f"{checkpoints[-1].name.value} {checkpoints[-1].status.value}" if checkpoints else ""


def _rounds(runs: Iterable[AgentRun]) -> int:
    return len({(run.attempt, run.iteration) for run in runs if run.iteration})
