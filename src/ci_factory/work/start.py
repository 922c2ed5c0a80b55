"""One fresh start of an agent on a ticket: what its steps share, and how it ends."""

from dataclasses import dataclass

from ci_factory.model.attempt import (
    Checkpoint,
    CheckpointName,
    CheckpointStatus,
    Comprehension,
    Ending,
    Escalation,
    Plan,
)
from ci_factory.model.failure import Failure, FailureClass
from ci_factory.model.roles import HandOff
from ci_factory.model.ticket import Size
from ci_factory.model.work_state import Calling, Committed, Outcome, WorkState
from ci_factory.work import checkpoints, documents, escalation, handoff
from ci_factory.work.agent_call import Call, Caller, Errand
from ci_factory.work.agents.protocol import Phase
from ci_factory.work.breakdown import failure_of
from ci_factory.work.cause import Cause, pending
from ci_factory.work.commits import commit
from ci_factory.work.context import WorkContext
from ci_factory.work.failure_policy import cause_of
from ci_factory.work.resume import Journal
from ci_factory.work.scope import Scope
from ci_factory.work.workspace import Unacceptable, Workspace, create


class Ended(Exception):
    """The work is over, from whatever depth."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.reason)
        self.outcome = outcome


@dataclass
class FreshStart:
    """One start in its worktree; the steps of the loop move its record on."""

    caller: Caller
    journal: Journal
    scope: Scope
    flagged: bool
    """Whether the ticket alone would make a person be asked."""
    space: Workspace
    filled: bool = False
    """Whether the worktree has the change that the record speaks of."""

    @property
    def ctx(self) -> WorkContext:
        """The ticket's surroundings."""
        return self.caller.ctx

    @property
    def state(self) -> WorkState:
        """How far it is."""
        return self.journal.state

    @property
    def number(self) -> int:
        """Counts fresh starts."""
        return self.state.number

    @property
    def comprehension(self) -> Comprehension | None:
        """The C0 document that holds, whoever wrote it."""
        found = self.judged(CheckpointName.C0)
        return found.comprehension if found else None

    @property
    def plan(self) -> Plan | None:
        """The C1 document that holds, whoever wrote it."""
        found = self.judged(CheckpointName.C1)
        return found.plan if found else None

    @property
    def plan_by_agent(self) -> bool:
        """Whether the agent announced what it would do."""
        found = self.judged(CheckpointName.C1)
        return found is not None and found.plan is not None and found.source == checkpoints.AGENT

    def pending(self, cause: Cause | None) -> Cause | None:
        """What of a cause nobody decided about yet."""
        return pending(cause, self.caller.planned.candidate, self.ctx.config, self.ctx.answer)

    @property
    def asks_for_documents(self) -> bool:
        """Whether the agent is called for C0 and C1; the fast path of trivial tickets goes without."""
        fast = self.caller.planned.size is Size.TRIVIAL and not self.flagged
        return self.caller.acting("plan").ctx.adapter.plans and not fast

    def judged(self, name: CheckpointName) -> Checkpoint | None:
        """A checkpoint of this start that is behind it."""
        return next((one for one in self.state.checkpoints if one.name is name), None)

    def call(self, phase: Phase, iteration: int, feedback: tuple[str, ...]) -> Call:
        """Call the agent. That the call began is on record before it does; whoever goes on records its end.

        Raises:
            Ended: it timed out, crashed, or asked for a person.
            Stopped: a person stopped the ticket.
            FactoryError: a sandbox is required, and there is none.
        """
        self.caller.check_stop()
        if why := self.ctx.recall():
            raise self.put_off(why, self.state.committed)
        caller = self.caller.acting(phase)
        caller.confined.require()
        handoff = None
        if phase == "implement":
            self.fill()
            handoff = self._handed_over()
        self.begin(phase, iteration)
        errand = Errand(phase, self.number, iteration, feedback, handoff)
        call = caller.call(self.space, errand)
        if not call.ok:
            raise self._broken(call)
        asked = documents.escalation(call.out)
        if asked.value or asked.problems:
            cause = (
                escalation.from_agent(asked.value) if asked.value else escalation.unreadable(asked.problems)
            )
            name = CheckpointName.C0 if phase == "plan" else CheckpointName.C2
            raise self.escalate(cause, name, self.partial_work() if phase == "implement" else None)
        return call

    def begin(self, phase: Phase, iteration: int) -> None:
        """Record that a call begins: one that is killed was paid for."""
        player = self.caller.acting(phase).ctx.agent.name
        began = Calling(
            phase=phase, agent=player, number=self.number, iteration=iteration, began_at=self.ctx.clock.now()
        )
        self.journal.note(calling=began)

    def _handed_over(self) -> HandOff | None:
        """What was understood and planned; nothing where nobody but the ticket said it."""
        judged = self.judged(CheckpointName.C0)
        if judged is None or judged.comprehension is None or judged.source != checkpoints.AGENT:
            return None
        return handoff.to_implementer(self.caller.planned.candidate, judged.comprehension, self.plan)

    def called(self, **changes: object) -> None:
        """Record the end of a call, and what it brought."""
        caller = self.caller
        known = {"model": caller.model, "prompt_hash": caller.prompt_hash}
        self.journal.note(calling=None, runs=tuple(caller.runs), **known, **changes)

    def checkpoint(
        self,
        name: CheckpointName,
        status: CheckpointStatus,
        *,
        source: str = "",
        problems: tuple[str, ...] = (),
        notes: tuple[str, ...] = (),
        comprehension: Comprehension | None = None,
        plan: Plan | None = None,
    ) -> None:
        """Record a judged checkpoint with its document; that of the implementation says when nothing confined it."""
        if name is CheckpointName.C2 and self.caller.runs and not self.caller.confined.works:
            notes = (*notes, self.caller.confined.words())
        judged = Checkpoint(
            name=name,
            status=status,
            source=source,
            problems=problems,
            notes=notes,
            comprehension=comprehension,
            plan=plan,
        )
        others = tuple(one for one in self.state.checkpoints if one.name is not name)
        self.journal.note(checkpoints=(*others, judged))
        self.caller.event(
            "checkpoint", f"checkpoint/{name.value}/{self.number}", checkpoint=name.value, status=status.value
        )

    def escalate(
        self,
        cause: Cause,
        name: CheckpointName,
        committed: Committed | None = None,
        *,
        source: str = "",
        comprehension: Comprehension | None = None,
        plan: Plan | None = None,
    ) -> Ended:
        """The end in which a person is asked; to be raised."""
        self.checkpoint(
            name,
            CheckpointStatus.ESCALATED,
            source=source,
            problems=(f"{cause.summary}: {cause.why}",),
            comprehension=comprehension,
            plan=plan,
        )
        record = make_escalation(self.caller, cause)
        return Ended(
            Outcome(ending=Ending.ESCALATED, reason=cause.summary, committed=committed, escalation=record)
        )

    def take(self) -> Committed | None:
        """The worktree's change as a commit; `None` when there is none. The same tree is the same commit.

        Raises:
            Unacceptable: it can't become a change.
        """
        change, last = self.space.change(), self.state.committed
        if change is None:
            return None
        if last is not None and last.tree == change.tree:
            return last
        return commit(self.ctx, self.caller.planned.id, change)

    def partial_work(self) -> Committed | None:
        """What there is of a change, when it can be kept."""
        try:
            return self.take()
        except Unacceptable:
            return None

    def keep(self, committed: Committed) -> None:
        """Bundle a change, so that its commit outlives the hub. From the batch's base: no job has what lies between."""
        self.ctx.hub.bundle(self.ctx.folder.bundle.absolute(), self.caller.batch.base, committed.head)

    def renew(self) -> None:
        """Throw the worktree away and take a fresh one."""
        self.space.close()
        self.space, self.filled = workspace_of(self.caller, self.number), False

    def fill(self) -> None:
        """Put the change of the rounds before into a worktree that does not have it."""
        if not self.filled and self.state.committed is not None:
            self.space.put(self.state.committed.tree)
        self.filled = True

    def put_off(self, why: str, committed: Committed | None) -> Ended:
        """The end in which the next batch goes on; to be raised."""
        if committed is not None:
            self.keep(committed)
        return Ended(Outcome(ending=Ending.DEFERRED, reason=why, committed=committed))

    def _broken(self, call: Call) -> Ended:
        """What a call that failed leads to, by its class."""
        kept = self.partial_work() if call.run.phase == "implement" else self.state.committed
        if why := self.ctx.recall():
            self.caller.end_as("put-off")
            return self.put_off(why, kept)
        failure = failure_of(call, self._player(call).ctx)
        if failure.kind is not FailureClass.QUOTA:
            return self._failed(call, failure, kept)
        self.caller.end_as("quota")
        end = self.put_off(failure.detail, kept)
        return Ended(end.outcome.model_copy(update={"failure": failure}))

    def _player(self, call: Call) -> Caller:
        return self.caller.acting("plan" if call.run.phase == "plan" else "implement")

    def _failed(self, call: Call, failure: Failure, kept: Committed | None) -> Ended:
        name = CheckpointName.C0 if call.run.phase == "plan" else CheckpointName.C2
        if cause := cause_of(failure):
            return self.escalate(cause, name, kept)
        timed_out, too_much = call.run.ended == "timeout", call.run.ended == "limit"
        ending = Ending.TIMEOUT if timed_out else Ending.AGENT_FAILED
        limit = self.caller.batch.limits.timeout_seconds
        reason = (
            f"the agent was killed after {limit:g} s" if timed_out else f"the agent failed: {call.run.detail}"
        )
        self.checkpoint(name, CheckpointStatus.FAILED, problems=(reason,))
        return Ended(
            Outcome(ending=ending, reason=reason, committed=kept, failure=failure, retry=not too_much)
        )


def workspace_of(caller: Caller, number: int) -> Workspace:
    """A fresh clone for a ticket's attempt."""
    ctx = caller.ctx
    disk_mb = ctx.config.sandbox.disk_mb
    return create(ctx.hub, ctx.worktrees, ctx.base, caller.planned.id, number, disk_mb)


def make_escalation(caller: Caller, cause: Cause) -> Escalation:
    """The question to a person, with what was tried so far."""
    rounds = sum(1 for run in caller.runs if run.phase == "implement")
    tried = (
        f"{len(caller.runs)} calls of the agent, {rounds} of them to implement"
        if caller.runs
        else "nothing yet"
    )
    return escalation.record(
        cause,
        caller.planned.candidate,
        agent=caller.ctx.agent.name,
        tried=tried,
        config=caller.ctx.config,
        answer=caller.ctx.answer,
        now=caller.ctx.clock.now(),
    )
