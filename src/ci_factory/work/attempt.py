"""The work on one ticket: fresh starts until one ends, and the artifacts that tell of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from ci_factory.model.attempt import (
    Attempt,
    Checkpoint,
    CheckpointName,
    CheckpointStatus,
    DiffStat,
    Ending,
)
from ci_factory.model.batch import Batch, PlannedTicket
from ci_factory.system import records
from ci_factory.work import checkpoints, escalation, loop, sizes
from ci_factory.work.agent_call import Caller, Stopped
from ci_factory.work.context import WorkContext
from ci_factory.work.scope import Scope
from ci_factory.work.start import FreshStart, Outcome, make_escalation, workspace_of

_SLICE_SECONDS = 2.0
"""While waiting for a retry, a person's stop is noticed this soon."""


def work_ticket(planned: PlannedTicket, batch: Batch, ctx: WorkContext) -> Attempt:
    """Let the agent work on a ticket; writes change.bundle, then attempt.json, whose presence means: done.

    An attempt that is already written is returned as it is, and no agent runs.

    Raises:
        FactoryError: git, the gates or the disk failed; nothing is written, so that a later run starts anew.
        Interrupted: `ctx.stop` raised it.
    """
    earlier = records.read_if_valid(ctx.folder.attempt, Attempt)
    if earlier is not None and (earlier.ticket_id, earlier.batch_id) == (planned.id, batch.id):
        return earlier
    return _Work(Caller(planned, batch, ctx), ctx.clock.now()).run()


@dataclass
class _Work:
    """One call of `work_ticket`."""

    caller: Caller
    started_at: datetime
    checkpoints: Sequence[Checkpoint] = ()
    """Of the last fresh start."""

    def run(self) -> Attempt:
        """Start, start again after a failure, and write down the end."""
        self.ctx.folder.agent.mkdir(parents=True, exist_ok=True)
        try:
            outcome = self._outcome()
        except Stopped:
            outcome = Outcome(Ending.SKIPPED, "a person stopped the ticket")
        attempt = self._assembled(outcome)
        self._write(attempt)
        return attempt

    @property
    def ctx(self) -> WorkContext:
        return self.caller.ctx

    def _outcome(self) -> Outcome:
        self.caller.check_stop()
        planned, ctx = self.caller.planned, self.ctx
        scope = Scope(ctx.hub, ctx.base)
        files = scope.expand(planned.candidate.estimate.files) if ctx.config.sensitive else ()
        cause = escalation.from_ticket(planned.candidate, files, ctx.config)
        if cause and not escalation.approved(planned.candidate.ticket, ctx.config, ctx.answer):
            return self._escalated_before(cause)
        return self._starts(scope, flagged=cause is not None)

    def _starts(self, scope: Scope, *, flagged: bool) -> Outcome:
        """Fresh starts, as many as the configuration allows."""
        retries = self.ctx.config.retries
        number = 0
        while True:
            number += 1
            self.caller.event("started", f"started/{number}", attempt=number, agent=self.ctx.agent.name)
            start = FreshStart(self.caller, number, scope, flagged, workspace_of(self.caller, number))
            outcome = loop.run(start)
            self.checkpoints = start.checkpoints
            if not outcome.retry:
                return outcome
            if number > retries.limit:
                return self._exhausted(outcome, number)
            self._wait(retries.delay_seconds(number))

    def _exhausted(self, outcome: Outcome, number: int) -> Outcome:
        reason = f"{outcome.reason}; {number} fresh starts were tried" if number > 1 else outcome.reason
        return Outcome(outcome.ending, reason, outcome.committed)

    def _wait(self, seconds: float) -> None:
        while seconds > 0:
            self.caller.check_stop()
            self.ctx.clock.sleep(min(seconds, _SLICE_SECONDS))
            seconds -= _SLICE_SECONDS

    def _escalated_before(self, cause: escalation.Cause) -> Outcome:
        """A person is asked before anything is paid for."""
        self.checkpoints = (
            Checkpoint(
                name=CheckpointName.C0,
                status=CheckpointStatus.ESCALATED,
                source=checkpoints.DERIVED,
                problems=(f"{cause.summary}: {cause.why}",),
            ),
        )
        return Outcome(Ending.ESCALATED, cause.summary, escalation=make_escalation(self.caller, cause))

    def _assembled(self, outcome: Outcome) -> Attempt:
        judged = tuple(self.checkpoints)
        if outcome.ending is Ending.COMPLETED:
            judged = (*judged, closing := checkpoints.closing(judged))
            self.caller.event("checkpoint", "checkpoint/C3", checkpoint="C3", status=closing.status.value)
        committed, caller = outcome.committed, self.caller
        diff = committed.change.diff if committed else DiffStat()
        return Attempt(
            ticket_id=caller.planned.id,
            batch_id=caller.batch.id,
            agent=self.ctx.agent.name,
            model=caller.model or self.ctx.agent.model,
            started_at=self.started_at,
            finished_at=self.ctx.clock.now(),
            ending=outcome.ending,
            reason=outcome.reason,
            planned_size=caller.planned.size,
            measured_size=sizes.measured(diff) if committed else None,
            base=self.ctx.base,
            head=committed.head if committed else None,
            tree=committed.change.tree if committed else None,
            diff=diff,
            checkpoints=judged,
            runs=tuple(caller.runs),
            usage=caller.usage(),
            escalation=outcome.escalation,
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
