"""The record of one ticket's work: every step is one atomic write, and a run that was killed goes on from the last."""

import hashlib
from dataclasses import dataclass

from ci_factory.errors import ArtifactError, RepositoryError
from ci_factory.model.attempt import AgentRun
from ci_factory.model.work_state import Calling, Committed, WorkState
from ci_factory.system import records
from ci_factory.system.layout import TicketFolder
from ci_factory.work.agent_call import Caller
from ci_factory.work.before import before
from ci_factory.work.context import WorkContext

MAX_BYTES = 16 * 1024 * 1024
"""The largest record that is read."""
_GONE = "the change that the record speaks of is gone"


@dataclass
class Journal:
    """The record as it lies on disk."""

    folder: TicketFolder
    state: WorkState

    def note(self, **changes: object) -> WorkState:
        """Write the next state; a kill leaves the one before or this one."""
        self.put(self.state.model_copy(update=changes))
        return self.state

    def put(self, state: WorkState) -> None:
        """Write a whole state."""
        records.write_model(self.folder.state, state)
        self.state = state


def opened(caller: Caller) -> Journal:
    """Go on from what a killed run left, else from an earlier batch's attempt, else from the start.

    A record that is damaged, or speaks of another base, batch, configuration or agent, is not believed: that is said in
    the log, and the work starts fresh. What another agent, or another configuration, cost in this batch stays charged.
    """
    ctx, fresh = caller.ctx, _first(caller)
    state = None
    if ctx.folder.state.is_symlink() or ctx.folder.state.exists():
        state = _kept(caller, fresh)
    found = before(ctx, caller.planned.candidate.ticket)
    caller.history = found.words
    if state is None:
        begin = fresh.model_copy(update={"inherited": found.committed, **_paid(ctx.folder, fresh)})
        state = begin.after(found.checkpoints)
    caller.runs, caller.model, caller.prompt_hash = list(state.runs), state.model, state.prompt_hash
    journal = Journal(ctx.folder, state)
    settle(journal, caller)
    return journal


def settle(journal: Journal, caller: Caller) -> None:
    """Charge a call that began and never ended: it was killed, and what it used is unknown."""
    calling = journal.state.calling
    if calling is None:
        return
    caller.runs.append(_killed(calling, caller))
    journal.note(calling=None, runs=tuple(caller.runs))


def _first(caller: Caller) -> WorkState:
    ctx = caller.ctx
    return WorkState(
        ticket_id=caller.planned.id,
        batch_id=caller.batch.id,
        base=ctx.base,
        agent=ctx.agent.name,
        settings=_settings(ctx),
        started_at=ctx.clock.now(),
    )


def _settings(ctx: WorkContext) -> str:
    said = f"{ctx.config.hash}\n{ctx.agent.model_dump_json()}"
    return hashlib.sha256(said.encode("utf-8", "replace")).hexdigest()


def _kept(caller: Caller, fresh: WorkState) -> WorkState | None:
    ctx = caller.ctx
    try:
        found = records.read_model(ctx.folder.state, WorkState, limit=MAX_BYTES)
        why = _stale(found, fresh) or _lost(found, ctx)
    except ArtifactError as error:
        why = error.what
    if why:
        caller.event("not-resumed", f"not-resumed/{fresh.started_at.isoformat()}", why=why[:500])
        return None
    caller.event(
        "resumed",
        f"resumed/{fresh.started_at.isoformat()}",
        step=found.step.value,
        attempt=found.number,
        iteration=found.iteration,
    )
    if found.judged is not None and not _is_there(ctx, found.judged):  # the bundle has the last change alone
        return found.model_copy(update={"judged": found.committed})
    return found


def _paid(folder: TicketFolder, fresh: WorkState) -> dict[str, object]:
    """What was paid for and what failed in this batch, whoever did it."""
    found = records.read_if_valid(folder.state, WorkState)
    if found is None or (found.ticket_id, found.batch_id) != (fresh.ticket_id, fresh.batch_id):
        return {}
    known = {name: getattr(found, name) for name in ("runs", "failures", "started_at", "calling")}
    starts = [run.attempt for run in found.runs] + ([found.calling.number] if found.calling else [])
    return known | {"number": 1 + max(starts, default=0)}


def _stale(found: WorkState, fresh: WorkState) -> str:
    names = ("ticket_id", "batch_id", "base", "agent", "settings")
    other = [name for name in names if getattr(found, name) != getattr(fresh, name)]
    return f"the record is one with another {', '.join(other)}" if other else ""


def _lost(found: WorkState, ctx: WorkContext) -> str:
    """Why the change that the record speaks of can't be used; the bundle beside it brings it back to a new hub."""
    needed = found.outcome.committed if found.outcome else found.committed
    if needed is None or _is_there(ctx, needed):
        return ""
    try:
        ctx.hub.unbundle(ctx.folder.bundle)
    except (ArtifactError, RepositoryError):
        return _GONE
    return "" if _is_there(ctx, needed) else _GONE


def _is_there(ctx: WorkContext, committed: Committed) -> bool:
    """Whether the commit is in the hub, holds this tree and stands on the base."""
    told = ctx.hub.run("rev-parse", f"{committed.head}^{{tree}}", f"{committed.head}^@")
    return told.ok and told.stdout.split() == [committed.tree, ctx.base]


def _killed(calling: Calling, caller: Caller) -> AgentRun:
    elapsed = (caller.ctx.clock.now() - calling.began_at).total_seconds()
    return AgentRun(
        attempt=calling.number,
        iteration=calling.iteration,
        agent=calling.agent,
        phase=calling.phase,
        ended="killed",
        detail="killed together with the factory; what it used is unknown",
        seconds=max(0.0, min(elapsed, caller.batch.limits.timeout_seconds)),
    )
