"""What became of past work, as planning learns from it: facts of metrics in, `PastAttempt` out. Pure.

Accepted is what was merged. Rejected is what was closed unmerged, and what ended without a merge request for reasons of
the agent: it failed, ran out of time or rounds, changed nothing, or the gates refused its change. Everything else is
pending: open merge requests, questions to people, a base that moved, failures of network, quota and environment. Tickets
that were put off, and tickets that no agent was called for, are no attempts.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from ci_factory.metrics.facts import AttemptFact, ShareFact
from ci_factory.model.attempt import Ending, Trigger
from ci_factory.model.failure import FailureClass
from ci_factory.model.forge import MergeRequest, MergeRequestState
from ci_factory.model.gate import Verdict
from ci_factory.model.history import Outcome, PastAttempt

_FAILED = frozenset({Ending.AGENT_FAILED, Ending.TIMEOUT, Ending.NO_CHANGE})
_DELIVERED = frozenset({Ending.COMPLETED, Ending.PARTIAL})
_REFUSED = frozenset({Verdict.FAIL, Verdict.BLOCKED})
_DECIDED = {MergeRequestState.MERGED: Outcome.ACCEPTED, MergeRequestState.CLOSED: Outcome.REJECTED}


class Decision(NamedTuple):
    """What people made of a change, and when."""

    outcome: Outcome
    at: datetime | None = None


_OPEN = Decision(Outcome.PENDING)


def decision_of(request: MergeRequest) -> Decision:
    """What the state of a merge request says."""
    outcome = _DECIDED.get(request.state, Outcome.PENDING)
    return Decision(
        outcome, (request.merged_at or request.closed_at) if outcome in _DECIDED.values() else None
    )


def past_attempts(
    attempts: Iterable[AttemptFact], requests: Mapping[int, MergeRequest]
) -> Iterator[PastAttempt]:
    """One for each agent that was called to change something; `requests` are the factory's merge requests by iid.

    When several attempts brought the same merge request up to date, people decided about the last of them only.
    """
    known = sorted(attempts, key=lambda attempt: (attempt.batch, attempt.started_at))
    last = {each.merge_request: each.batch for each in known if each.merge_request is not None}
    for attempt in known:
        if not (attempt.worked and attempt.settled and attempt.shares):
            continue
        iid = attempt.merge_request
        request = requests.get(iid) if iid is not None and last[iid] == attempt.batch else None
        for share in attempt.shares:
            if share.agent == attempt.agent:
                yield _of_last(attempt, share, request)
            elif share.accidents:
                yield _handed_over(attempt, share)


def _of_last(attempt: AttemptFact, share: ShareFact, request: MergeRequest | None) -> PastAttempt:
    """Of the agent that the ticket ended with."""
    alone = len(attempt.shares) == 1
    whole = alone and not attempt.rested
    decision = _decision(attempt, request)
    usage = attempt.usage if alone else share.usage
    return PastAttempt(
        **_common(attempt, share),
        minutes=(attempt.seconds if whole else share.seconds) / 60,
        cost_usd=usage.cost_usd,
        tokens=_tokens(usage.input_tokens, usage.output_tokens),
        failed=attempt.ending in _FAILED or _out_of_rounds(attempt),
        outcome=decision.outcome,
        decided_at=decision.at,
    )


def _handed_over(attempt: AttemptFact, share: ShareFact) -> PastAttempt:
    """Of an agent that gave up before another one got the ticket."""
    return PastAttempt(
        **_common(attempt, share),
        minutes=share.seconds / 60,
        cost_usd=share.usage.cost_usd,
        tokens=_tokens(share.usage.input_tokens, share.usage.output_tokens),
        failed=True,
        outcome=Outcome.REJECTED,
        decided_at=attempt.started_at + timedelta(seconds=share.seconds),
    )


def _common(attempt: AttemptFact, share: ShareFact) -> dict[str, object]:
    return {
        "batch": attempt.batch,
        "ticket": attempt.ticket,
        "agent": share.agent,
        "size": attempt.planned_size or attempt.size,
        "priority": attempt.priority,
        "area": attempt.area or ".",
        "started_at": attempt.started_at,
    }


def _decision(attempt: AttemptFact, request: MergeRequest | None) -> Decision:
    if request is not None:
        return decision_of(request)
    if attempt.merge_request is None and _own_fault(attempt):
        return Decision(Outcome.REJECTED, attempt.finished_at)
    return _OPEN


def _own_fault(attempt: AttemptFact) -> bool:
    """Whether the work ended without a merge request for reasons of the agent."""
    if attempt.failure not in {None, FailureClass.AGENT}:
        return False
    refused = (
        attempt.ending in _DELIVERED and attempt.verdict in _REFUSED and attempt.published == "escalated"
    )
    return attempt.ending in _FAILED or _out_of_rounds(attempt) or refused


def _out_of_rounds(attempt: AttemptFact) -> bool:
    return attempt.ending is Ending.ESCALATED and attempt.trigger is Trigger.ITERATIONS


def _tokens(read: int | None, written: int | None) -> int | None:
    return None if read is None or written is None else read + written
