"""The work on one ticket: fresh starts until one ends, and the artifacts that tell of it."""

from dataclasses import dataclass
from datetime import timedelta

from ci_factory.model.attempt import (
    Attempt,
    Checkpoint,
    CheckpointName,
    CheckpointStatus,
    DiffStat,
    Ending,
)
from ci_factory.model.batch import Batch, PlannedTicket
from ci_factory.model.failure import Failure
from ci_factory.model.work_state import Outcome, Step, WorkState
from ci_factory.system import records
from ci_factory.work import checkpoints, escalation, loop, resume, sizes
from ci_factory.work.agent_call import Caller, Stopped
from ci_factory.work.cause import Cause, pending
from ci_factory.work.context import WorkContext
from ci_factory.work.failure_policy import Move, Suspended, decide
from ci_factory.work.resume import Journal
from ci_factory.work.scope import Scope
from ci_factory.work.start import FreshStart, make_escalation, workspace_of

_SLICE_SECONDS = 2.0
"""While waiting for a retry, a person's stop is noticed this soon."""
_DELIVERED = frozenset({Ending.COMPLETED, Ending.PARTIAL})


def work_ticket(planned: PlannedTicket, batch: Batch, ctx: WorkContext) -> Attempt:
    """Let the agent work on a ticket; writes change.bundle, then attempt.json, whose presence means: done.

    An attempt that is already written is returned as it is, and no agent runs. One that was killed goes on from its last
    verified step (agent/state.json).

    Raises:
        FactoryError: git, the gates or the disk failed; attempt.json is not written, so that a later run goes on.
        Interrupted: `ctx.stop` raised it.
        Suspended: a credential sleeps, or another agent is to have the ticket; attempt.json is not written.
    """
    earlier = records.read_if_valid(ctx.folder.attempt, Attempt)
    if earlier is not None and (earlier.ticket_id, earlier.batch_id) == (planned.id, batch.id):
        return earlier
    ctx.folder.agent.mkdir(parents=True, exist_ok=True)
    caller = Caller(planned, batch, ctx)
    return _Work(caller, resume.opened(caller)).run()


@dataclass
class _Work:
    """One call of `work_ticket`."""

    caller: Caller
    journal: Journal

    def run(self) -> Attempt:
        """Start, start again after a failure, and write down the end."""
        try:
            outcome = self._outcome()
        except Stopped:
            resume.settle(self.journal, self.caller)
            outcome = Outcome(
                ending=Ending.SKIPPED, reason="a person stopped the ticket", committed=self.state.committed
            )
        attempt = self._assembled(outcome)
        self._write(attempt)
        return attempt

    @property
    def ctx(self) -> WorkContext:
        return self.caller.ctx

    @property
    def state(self) -> WorkState:
        return self.journal.state

    def _outcome(self) -> Outcome:
        self.caller.check_stop()
        planned, ctx = self.caller.planned, self.ctx
        scope = Scope(ctx.hub, ctx.base)
        files = scope.expand(planned.candidate.estimate.files) if ctx.config.sensitive else ()
        cause = escalation.from_ticket(planned.candidate, files, ctx.config)
        if asked := pending(cause, planned.candidate, ctx.config, ctx.answer):
            return self._escalated_before(asked)
        return self._starts(scope, flagged=cause is not None)

    def _starts(self, scope: Scope, *, flagged: bool) -> Outcome:
        """Fresh starts, as many as the policy for what failed allows.

        Raises:
            Suspended: the work stops for now, and goes on where it is.
        """
        while True:
            if why := self._recalled():
                return self._put_off(why)
            outcome = self._start(scope, flagged=flagged)
            if outcome.failure is None:
                return outcome
            own = self.caller.runs[-1].agent == self.ctx.agent.name  # and not that of another role
            another = own and self.ctx.another()
            decision = decide(self.state.failures, self.ctx.config, retry=outcome.retry, another=another)
            if decision.move is Move.END:
                return self._exhausted(outcome, self.state.number)
            if decision.move is not Move.RETRY:
                raise self._suspended(outcome, outcome.failure, decision.move)
            self._wait(decision.seconds)

    def _recalled(self) -> str:
        """Why the ticket goes to the next batch; what has come to an end of its own does not."""
        ended = self.state.outcome
        return self.ctx.recall() if ended is None or ended.failure is not None else ""

    def _put_off(self, why: str) -> Outcome:
        """The end in which the next batch goes on with all that there is."""
        kept = self.state.outcome.committed if self.state.outcome else None
        last = self.state.failures[-1] if self.state.failures else None
        committed = kept or self.state.committed
        return Outcome(ending=Ending.DEFERRED, reason=why, committed=committed, failure=last)

    def _suspended(self, outcome: Outcome, failure: Failure, move: Move) -> Suspended:
        """To be raised: who calls again goes on with the same round, or with a fresh start of another agent."""
        last = self.caller.runs[-1]
        if move is Move.SLEEP:
            step = Step.UNDERSTAND if last.phase == "plan" else Step.IMPLEMENT
            self.journal.note(step=step, outcome=None, committed=outcome.committed or self.state.committed)
        else:
            self.journal.put(self.state.anew())
        return Suspended(failure, move, self.ctx.clock.now() - timedelta(seconds=last.seconds))

    def _start(self, scope: Scope, *, flagged: bool) -> Outcome:
        """One fresh start, or what is left of it."""
        if self.state.outcome is not None and self.state.step is not Step.REVIEW:
            return self.state.outcome
        number = self.state.number
        self.caller.event("started", f"started/{number}", attempt=number, agent=self.ctx.agent.name)
        space = workspace_of(self.caller, number)
        return loop.run(FreshStart(self.caller, self.journal, scope, flagged, space))

    def _exhausted(self, outcome: Outcome, number: int) -> Outcome:
        reason = f"{outcome.reason}; {number} fresh starts were tried" if number > 1 else outcome.reason
        return outcome.model_copy(update={"reason": reason})

    def _wait(self, seconds: float) -> None:
        """Wait for the next fresh start; of a wait that was begun before a kill, the rest."""
        if self.state.step is not Step.WAIT or self.state.retry_at is None:
            until = self.ctx.clock.now() + timedelta(seconds=seconds)
            self.journal.note(step=Step.WAIT, retry_at=until)
        while (left := self._left()) > 0:
            self.caller.check_stop()
            if self.ctx.recall():
                return
            self.ctx.clock.sleep(min(left, _SLICE_SECONDS))
        self.journal.put(self.state.anew())

    def _left(self) -> float:
        """Seconds until the next fresh start."""
        until = self.state.retry_at
        return (until - self.ctx.clock.now()).total_seconds() if until else 0

    def _escalated_before(self, cause: Cause) -> Outcome:
        """A person is asked before anything is paid for."""
        if self.state.outcome is not None:
            return self.state.outcome
        judged = Checkpoint(
            name=CheckpointName.C0,
            status=CheckpointStatus.ESCALATED,
            source=checkpoints.DERIVED,
            problems=(f"{cause.summary}: {cause.why}",),
        )
        record = make_escalation(self.caller, cause)
        outcome = Outcome(ending=Ending.ESCALATED, reason=cause.summary, escalation=record)
        self.journal.note(step=Step.ENDED, checkpoints=(judged,), outcome=outcome)
        return outcome

    def _assembled(self, outcome: Outcome) -> Attempt:
        judged = self.state.checkpoints
        committed, caller = outcome.committed, self.caller
        diff = committed.diff if committed else DiffStat()
        measured = sizes.measured(diff) if committed else None
        if outcome.ending in _DELIVERED:
            size = max(caller.planned.size, measured or caller.planned.size, key=lambda each: each.rank)
            judged = (*judged, closing := checkpoints.closing(judged, size))
            self.caller.event("checkpoint", "checkpoint/C3", checkpoint="C3", status=closing.status.value)
        return Attempt(
            ticket_id=caller.planned.id,
            batch_id=caller.batch.id,
            agent=self.ctx.agent.name,
            model=caller.model or self.ctx.agent.model,
            started_at=self.state.started_at,
            finished_at=self.ctx.clock.now(),
            ending=outcome.ending,
            reason=outcome.reason,
            planned_size=caller.planned.size,
            measured_size=measured,
            base=self.ctx.base,
            head=committed.head if committed else None,
            tree=committed.tree if committed else None,
            diff=diff,
            checkpoints=judged,
            runs=tuple(caller.runs),
            usage=caller.usage(),
            escalation=outcome.escalation,
            partial=outcome.partial,
            failure=outcome.failure,
            review=outcome.review,
            prompt_hash=caller.prompt_hash,
        )

    def _write(self, attempt: Attempt) -> None:
        folder = self.ctx.folder
        if attempt.head is not None:
            # from the batch's base: a job that takes it up has no change of a ticket below
            self.ctx.hub.bundle(folder.bundle.absolute(), self.caller.batch.base, attempt.head)
        else:
            folder.bundle.unlink(missing_ok=True)
        self.caller.event("ended", "ended", ending=attempt.ending.value, reason=attempt.reason[:2000])
        records.write_model(folder.attempt, attempt)
