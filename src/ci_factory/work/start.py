"""One fresh start of an agent on a ticket: what its phases share, and how it ends."""

from dataclasses import dataclass, field

from ci_factory.model.attempt import (
    Checkpoint,
    CheckpointName,
    CheckpointStatus,
    Comprehension,
    Ending,
    Escalation,
    Plan,
)
from ci_factory.model.ticket import Size
from ci_factory.system.git import Person
from ci_factory.work import documents, escalation
from ci_factory.work.agent_call import NOT_STARTED, Call, Caller
from ci_factory.work.agents.protocol import Phase
from ci_factory.work.context import WorkContext
from ci_factory.work.escalation import Cause
from ci_factory.work.scope import Scope
from ci_factory.work.workspace import Change, Unacceptable, Workspace, create

_NAME, _EMAIL = "ci-factory", "ci-factory@localhost"


@dataclass(frozen=True)
class Committed:
    """A change as a commit in the hub, on top of the base."""

    head: str
    change: Change


@dataclass(frozen=True)
class Outcome:
    """How a fresh start ended."""

    ending: Ending
    reason: str
    committed: Committed | None = None
    escalation: Escalation | None = None
    retry: bool = False
    """Whether another fresh start may help."""


class Ended(Exception):
    """The work is over, from whatever depth."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.reason)
        self.outcome = outcome


@dataclass
class FreshStart:
    """State of one attempt; the loop and the planning phase move it on."""

    caller: Caller
    number: int
    scope: Scope
    flagged: bool
    """Whether the ticket alone would make a person be asked."""
    space: Workspace
    checkpoints: list[Checkpoint] = field(default_factory=list)
    comprehension: Comprehension | None = None
    """The C0 that holds, whoever wrote it."""
    plan: Plan | None = None
    plan_by_agent: bool = False

    @property
    def ctx(self) -> WorkContext:
        """The ticket's surroundings."""
        return self.caller.ctx

    @property
    def approved(self) -> bool:
        """Whether a person already decided about this ticket."""
        return escalation.approved(self.caller.planned.candidate.ticket, self.ctx.config, self.ctx.answer)

    @property
    def asks_for_documents(self) -> bool:
        """Whether the agent is called for C0 and C1; the fast path of trivial tickets goes without."""
        fast = self.caller.planned.size is Size.TRIVIAL and not self.flagged
        return self.ctx.adapter.plans and not fast

    def call(self, phase: Phase, iteration: int, feedback: tuple[str, ...]) -> Call:
        """Call the agent.

        Raises:
            Ended: it timed out, crashed, or asked for a person.
            Stopped: a person stopped the ticket.
        """
        call = self.caller.call(self.space, phase, self.number, iteration, feedback)
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

    def checkpoint(
        self,
        name: CheckpointName,
        status: CheckpointStatus,
        *,
        source: str = "",
        problems: tuple[str, ...] = (),
        notes: tuple[str, ...] = (),
    ) -> None:
        """Record a judged checkpoint with its document; that of the implementation says when nothing confined it."""
        if name is CheckpointName.C2 and self.caller.runs and not self.caller.confined.works:
            notes = (*notes, self.caller.confined.words())
        self.checkpoints.append(
            Checkpoint(
                name=name,
                status=status,
                source=source,
                problems=problems,
                notes=notes,
                comprehension=self.comprehension if name is CheckpointName.C0 else None,
                plan=self.plan if name is CheckpointName.C1 else None,
            )
        )
        self.caller.event(
            "checkpoint", f"checkpoint/{name.value}/{self.number}", checkpoint=name.value, status=status.value
        )

    def escalate(
        self, cause: Cause, name: CheckpointName, committed: Committed | None = None, *, source: str = ""
    ) -> Ended:
        """The end in which a person is asked; to be raised."""
        self.checkpoint(
            name, CheckpointStatus.ESCALATED, source=source, problems=(f"{cause.summary}: {cause.why}",)
        )
        record = make_escalation(self.caller, cause)
        return Ended(Outcome(Ending.ESCALATED, cause.summary, committed, record))

    def take(self) -> Committed | None:
        """The worktree's change as a commit; `None` when there is none.

        Raises:
            Unacceptable: it can't become a change.
        """
        change = self.space.change()
        return None if change is None else self.commit(change)

    def commit(self, change: Change) -> Committed:
        """Make a commit of ours on the base; of the agent only the tree is taken."""
        identity = self.ctx.config.identity
        person = Person(identity.name or _NAME, identity.email or _EMAIL)
        head = self.ctx.hub.commit_tree(
            change.tree,
            parents=(self.ctx.base,),
            message=f"Work on {self.caller.planned.id}\n",
            author=person,
            committer=person,
            when=self.ctx.clock.now(),
        )
        return Committed(head, change)

    def partial_work(self) -> Committed | None:
        """What there is of a change, when it can be kept."""
        try:
            return self.take()
        except Unacceptable:
            return None

    def renew(self) -> None:
        """Throw the worktree away and take a fresh one."""
        self.space.close()
        self.space = workspace_of(self.caller, self.number)

    def _broken(self, call: Call) -> Ended:
        timed_out, too_much = call.run.ended == "timeout", call.run.ended == "limit"
        ending = Ending.TIMEOUT if timed_out else Ending.AGENT_FAILED
        limit = self.caller.batch.limits.timeout_seconds
        reason = (
            f"the agent was killed after {limit:g} s" if timed_out else f"the agent failed: {call.run.detail}"
        )
        name = CheckpointName.C0 if call.run.phase == "plan" else CheckpointName.C2
        self.checkpoint(name, CheckpointStatus.FAILED, problems=(reason,))
        retry = timed_out or not (too_much or call.returncode in NOT_STARTED)
        return Ended(
            Outcome(
                ending, reason, self.partial_work() if call.run.phase == "implement" else None, retry=retry
            )
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
        label=caller.ctx.config.labels.state("approved"),
        now=caller.ctx.clock.now(),
    )
