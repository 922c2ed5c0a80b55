"""Plan, act, observe, fix: a machine of three steps whose state is the record on disk.

Each step ends by writing the next state, or raises `Ended`. A killed run begins again with the step that was not written.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

from ci_factory.model.attempt import CheckpointName, CheckpointStatus, Ending, Partial
from ci_factory.model.gate import GateReport, Score
from ci_factory.model.work_state import Committed, Outcome, Step
from ci_factory.work import documents, escalation, feedback, judgement, leftovers, reviewing, sizes
from ci_factory.work.agent_call import Call
from ci_factory.work.cause import Cause, joined
from ci_factory.work.judgement import Judgement, Kind
from ci_factory.work.start import Ended, FreshStart
from ci_factory.work.understanding import understand
from ci_factory.work.workspace import Unacceptable


def run(start: FreshStart) -> Outcome:
    """Run the steps that are left; the end is on record and the worktree is gone afterwards, whatever happened.

    Raises:
        Stopped: a person stopped the ticket.
        FactoryError: the gates or git failed; nothing is decided about the ticket.
    """
    try:
        outcome = _ended(start)
    except Unacceptable as error:
        start.checkpoint(CheckpointName.C2, CheckpointStatus.FAILED, problems=(error.what,))
        reason = f"the change can't be taken: {error.what}"
        outcome = Outcome(ending=Ending.AGENT_FAILED, reason=reason)
    finally:
        start.space.close()
    if outcome.committed is not None and outcome.committed != start.state.committed:
        start.keep(outcome.committed)
    failed = (outcome.failure,) if outcome.failure else ()
    start.called(step=Step.ENDED, outcome=outcome, failures=(*start.state.failures, *failed))
    return outcome


def _ended(start: FreshStart) -> Outcome:
    """Step by step to the end; a change that is done is read by the reviewer, where there is one."""
    while True:
        try:
            _STEPS[start.state.step](start)
        except Ended as end:
            if not reviewing.is_wanted(start, end.outcome):
                return end.outcome
            start.called(step=Step.REVIEW, outcome=end.outcome)


def _implement(start: FreshStart) -> None:
    """Act: one round of the agent, whose change is a commit afterwards."""
    state, otherwise = start.state, None
    iteration = state.iteration + 1
    try:
        call = start.call("implement", iteration, state.feedback)
        partial = _said(start, call)
        committed = _taken(start)
    except Ended as end:
        if not _at_limit(start) or end.outcome.committed is None:
            raise
        partial, committed, otherwise = None, end.outcome.committed, end.outcome
    start.keep(committed)
    start.called(
        step=Step.JUDGE, iteration=iteration, committed=committed, partial=partial, otherwise=otherwise
    )


def _at_limit(start: FreshStart) -> bool:
    return bool(start.caller.runs) and start.caller.runs[-1].ended == "limit"


def _said(start: FreshStart, call: Call) -> Partial | None:
    """What the agent says it left undone."""
    said = documents.partial(call.out)
    if said.problems:
        cause = escalation.unreadable(said.problems)
        raise start.escalate(cause, CheckpointName.C2, start.partial_work())
    return leftovers.complete(said.value, start.caller.planned.candidate.ticket) if said.value else None


def _taken(start: FreshStart) -> Committed:
    committed = start.take()
    if committed is not None:
        return committed
    if start.state.judged is not None:
        cause = _again(start, "the agent took its whole change back")
        raise start.escalate(cause, CheckpointName.C2, start.state.judged)
    words = start.caller.runs[-1].detail
    reason = f"the agent changed nothing: {words}" if words else "the agent changed nothing"
    start.checkpoint(CheckpointName.C2, CheckpointStatus.FAILED, problems=(reason,))
    raise Ended(Outcome(ending=Ending.NO_CHANGE, reason=reason))


def _judge(start: FreshStart) -> None:
    """Observe: end, or leave feedback for the next round."""
    committed = start.state.committed
    assert committed is not None  # noqa: S101 - the step before wrote it
    _stop_circle(start, committed)
    notes = _scope_notes(start, committed)
    report, score = start.ctx.check(committed.head)
    found = judgement.judge(report, score)
    if start.state.otherwise is not None and found.kind not in {Kind.PASSED, Kind.SECRET}:
        raise Ended(start.state.otherwise)
    _Verdict(start, committed, notes, report, score, found).decide()


def _stop_circle(start: FreshStart, committed: Committed) -> None:
    """The same tree has the same verdict: going on would be a circle."""
    state = start.state
    if committed.tree not in state.rejected or state.judged is None:
        return
    if state.otherwise is not None:
        raise Ended(state.otherwise)
    if state.weak:
        raise _completed(start, state.judged, CheckpointStatus.FAILED, state.problems, ())
    raise start.escalate(
        _again(start, "the same change fails in the same way again"), CheckpointName.C2, committed
    )


def _again(start: FreshStart, summary: str) -> Cause:
    cause = escalation.from_limit(start.state.iteration, start.state.problems, loop=True)
    return replace(cause, summary=summary)


class _Verdict:
    """What the gates said about a committed change, and what follows."""

    def __init__(
        self,
        start: FreshStart,
        committed: Committed,
        notes: tuple[str, ...],
        report: GateReport,
        score: Score,
        found: Judgement,
    ) -> None:
        self.start, self.committed, self.notes = start, committed, notes
        self.report, self.score = report, score
        self.kind, self.problems = found.kind, found.problems

    def decide(self) -> None:
        """End, or leave feedback for the next round.

        Raises:
            Ended: it is done, nobody but a person can go on, or going on would be a circle.
        """
        if self.kind is Kind.PASSED:
            raise self._complete(CheckpointStatus.PASSED)
        if self.kind is Kind.SECRET:
            raise self._escalate(escalation.from_secret(self.problems))
        if self.kind in {Kind.BLOCKED, Kind.UNMEASURED}:
            raise self._complete(CheckpointStatus.FAILED)
        told = feedback.words(self.report, self.score, self.committed.added)
        self.start.caller.give_back(told)
        failing = judgement.signatures(self.report)
        self._stop(failing)
        self.start.called(
            step=Step.IMPLEMENT,
            judged=self.committed,
            rejected=(*self.start.state.rejected, self.committed.tree),
            weak=self.kind is Kind.WEAK,
            problems=self.problems,
            failing=failing,
            feedback=told,
        )

    def _stop(self, failing: tuple[str, ...]) -> None:
        """End where another round is not allowed, or promises nothing."""
        state, limits = self.start.state, self.start.ctx.config.iterations
        exhausted = state.iteration >= judgement.limit(self.report, limits)
        if self.kind is Kind.WEAK and (state.weak or exhausted):
            raise self._complete(CheckpointStatus.FAILED)
        if self.kind is not Kind.MENDABLE:
            return
        if exhausted:
            raise self._escalate(escalation.from_limit(state.iteration, self.problems, loop=False))
        if failing and failing == state.failing:
            cause = escalation.from_limit(state.iteration, self.problems, loop=True)
            raise self._escalate(replace(cause, summary="the same errors again, after another change"))

    def _complete(self, status: CheckpointStatus) -> Ended:
        return _completed(self.start, self.committed, status, self.problems, self.notes)

    def _escalate(self, cause: Cause) -> Ended:
        return self.start.escalate(cause, CheckpointName.C2, self.committed)


def _completed(
    start: FreshStart,
    committed: Committed,
    status: CheckpointStatus,
    problems: tuple[str, ...],
    notes: tuple[str, ...],
) -> Ended:
    state, partial = start.state, start.state.partial
    if state.otherwise is not None:
        partial = leftovers.at_limit(start.caller.planned.candidate.ticket, state.otherwise.reason)
    start.checkpoint(CheckpointName.C2, status, problems=problems, notes=notes)
    ending = Ending.PARTIAL if partial else Ending.COMPLETED
    reason = "; ".join(problems) if problems else "the gates pass"
    if partial:
        reason = f"{reason}; left: {len(partial.left)} of the acceptance criteria"
    return Ended(Outcome(ending=ending, reason=reason, committed=committed, partial=partial))


def _scope_notes(start: FreshStart, committed: Committed) -> tuple[str, ...]:
    """Facts about what was touched that do not fail the checkpoint.

    Raises:
        Ended: sensitive files were touched, or the plan was left altogether, and no person had agreed.
    """
    changed = committed.diff.files
    outside, ctx = _outside(start, changed), start.ctx
    cause, notes = escalation.from_change(ctx.hub, ctx.base, committed.head, ctx.config)
    if outside and escalation.is_large(outside, changed):
        cause = joined((cause, escalation.from_drift(outside, changed)))
    if pending := start.pending(cause):
        raise start.escalate(pending, CheckpointName.C2, committed)
    if cause:
        notes += (f"agreed by a person: {cause.summary}",)
    if outside:
        notes += (f"outside of the plan: {', '.join(outside[:20])}",)
    measured = sizes.measured(committed.diff)
    if measured.rank > start.caller.planned.size.rank:
        notes += (f"the change is {measured.value}, larger than planned ({start.caller.planned.size.value})",)
    return notes


def _outside(start: FreshStart, changed: tuple[str, ...]) -> tuple[str, ...]:
    """Drift; a plan that the factory derived itself binds nobody."""
    if not start.plan_by_agent:
        return ()
    estimated = start.scope.expand(start.caller.planned.candidate.estimate.files)
    return escalation.drift(changed, escalation.announced(start.comprehension, start.plan, estimated))


_STEPS: Mapping[Step, Callable[[FreshStart], None]] = {
    Step.UNDERSTAND: understand,
    Step.IMPLEMENT: _implement,
    Step.JUDGE: _judge,
    Step.REVIEW: reviewing.review,
}
