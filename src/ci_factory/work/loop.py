"""Plan, act, observe, fix: one fresh start of an agent, from the ticket to a judged change."""

from dataclasses import dataclass, field
from typing import NoReturn

from ci_factory.model.attempt import CheckpointName, CheckpointStatus, Ending
from ci_factory.model.gate import GateReport, Score
from ci_factory.work import escalation, feedback, judgement, sizes
from ci_factory.work.escalation import Cause
from ci_factory.work.judgement import Judgement, Kind
from ci_factory.work.start import Committed, Ended, FreshStart, Outcome
from ci_factory.work.understanding import understand
from ci_factory.work.workspace import Unacceptable


def run(start: FreshStart) -> Outcome:
    """Run the phases; the worktree is gone afterwards, whatever happened.

    Raises:
        Stopped: a person stopped the ticket.
        FactoryError: the gates or git failed; nothing is decided about the ticket.
    """
    try:
        understand(start)
        _Implementation(start).run()
    except Ended as end:
        return end.outcome
    except Unacceptable as error:
        start.checkpoint(CheckpointName.C2, CheckpointStatus.FAILED, problems=(error.what,))
        return Outcome(Ending.AGENT_FAILED, f"the change can't be taken: {error.what}")
    finally:
        start.space.close()


@dataclass(frozen=True)
class _Round:
    """A change and what the gates said about it."""

    committed: Committed
    judgement: Judgement


@dataclass
class _Implementation:
    """The C2 loop."""

    start: FreshStart
    notes: tuple[str, ...] = ()
    last: _Round | None = None
    feedback: tuple[str, ...] = ()
    weak_before: bool = False
    seen: set[str] = field(default_factory=set)
    """Trees that were judged and did not pass."""

    def run(self) -> NoReturn:
        """Act and observe until one of the endings; each is raised as `Ended`."""
        iteration = 0
        while True:
            iteration += 1
            self.start.call("implement", iteration, self.feedback)
            committed = self._take()
            self._check_for_loop(committed, iteration)
            self.notes = self._scope_notes(committed)
            report, score = self.start.ctx.check(committed.head)
            self.last = _Round(committed, judgement.judge(report, score))
            self._decide(report, score, iteration)

    def _take(self) -> Committed:
        committed = self.start.take()
        if committed is not None:
            return committed
        last_run = self.start.caller.runs[-1]
        reason = "after the gates' words it took everything back" if self.last else last_run.detail
        reason = f"the agent changed nothing: {reason}" if reason else "the agent changed nothing"
        self.start.checkpoint(CheckpointName.C2, CheckpointStatus.FAILED, problems=(reason,))
        raise Ended(Outcome(Ending.NO_CHANGE, reason))

    def _check_for_loop(self, committed: Committed, iteration: int) -> None:
        """The same tree has the same verdict: going on would be a circle."""
        if self.last is None or committed.change.tree not in self.seen:
            return
        if self.last.judgement.kind is Kind.WEAK:
            raise self._complete(CheckpointStatus.FAILED)
        cause = escalation.from_limit(iteration, self.last.judgement.problems, loop=True)
        raise self._escalate(cause)

    def _decide(self, report: GateReport, score: Score, iteration: int) -> None:
        """End, or leave feedback for the next round."""
        assert self.last is not None  # noqa: S101 - set by the caller
        kind, problems = self.last.judgement.kind, self.last.judgement.problems
        if kind is Kind.PASSED:
            raise self._complete(CheckpointStatus.PASSED)
        if kind is Kind.SECRET:
            raise self._escalate(escalation.from_secret(problems))
        if kind in {Kind.BLOCKED, Kind.UNMEASURED}:
            raise self._complete(CheckpointStatus.FAILED)
        self.feedback = feedback.words(report, score, self.last.committed.change.added)
        self.start.caller.give_back(self.feedback)
        exhausted = iteration >= judgement.limit(report, self.start.ctx.config.iterations)
        if kind is Kind.WEAK and (self.weak_before or exhausted):
            raise self._complete(CheckpointStatus.FAILED)
        if kind is Kind.MENDABLE and exhausted:
            raise self._escalate(escalation.from_limit(iteration, problems, loop=False))
        self.weak_before = kind is Kind.WEAK
        self.seen.add(self.last.committed.change.tree)

    def _scope_notes(self, committed: Committed) -> tuple[str, ...]:
        """Facts about what was touched that do not fail the checkpoint.

        Raises:
            Ended: sensitive files were touched, or the plan was left altogether, and no person had agreed.
        """
        start, changed = self.start, committed.change.diff.files
        cause = escalation.from_files(changed, start.ctx.config, "the change touches")
        outside = self._outside(changed)
        if cause is None and outside and escalation.is_large(outside, changed):
            cause = escalation.from_drift(outside, changed)
        if cause and not start.approved:
            raise self._escalate(cause, committed)
        notes: tuple[str, ...] = (f"agreed by a person: {cause.summary}",) if cause else ()
        if outside:
            notes += (f"outside of the plan: {', '.join(outside[:20])}",)
        measured = sizes.measured(committed.change.diff)
        if measured.rank > start.caller.planned.size.rank:
            notes += (
                f"the change is {measured.value}, larger than planned ({start.caller.planned.size.value})",
            )
        return notes

    def _outside(self, changed: tuple[str, ...]) -> tuple[str, ...]:
        """Drift; a plan that the factory derived itself binds nobody."""
        start = self.start
        if not start.plan_by_agent:
            return ()
        estimated = start.scope.expand(start.caller.planned.candidate.estimate.files)
        return escalation.drift(changed, escalation.announced(start.comprehension, start.plan, estimated))

    def _complete(self, status: CheckpointStatus) -> Ended:
        assert self.last is not None  # noqa: S101 - only a judged change is complete
        problems = self.last.judgement.problems
        self.start.checkpoint(CheckpointName.C2, status, problems=problems, notes=self.notes)
        reason = "; ".join(problems) if problems else "the gates pass"
        return Ended(Outcome(Ending.COMPLETED, reason, self.last.committed))

    def _escalate(self, cause: Cause, committed: Committed | None = None) -> Ended:
        kept = committed or (self.last.committed if self.last else None)
        return self.start.escalate(cause, CheckpointName.C2, kept)
