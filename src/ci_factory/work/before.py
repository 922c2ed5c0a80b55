"""What an earlier batch did for the same ticket, made ready for the attempt that goes on with a person's answer."""

from collections.abc import Iterator
from dataclasses import dataclass

from ci_factory.model.attempt import Checkpoint, CheckpointName
from ci_factory.model.ticket import Ticket
from ci_factory.model.work_state import HELD, Committed, Earlier
from ci_factory.work import checkpoints
from ci_factory.work.commits import commit, difference
from ci_factory.work.context import WorkContext
from ci_factory.work.scope import Scope

_PATCH_LENGTH = 20_000


@dataclass(frozen=True)
class Before:
    """The earlier attempt as seen from this base."""

    checkpoints: tuple[Checkpoint, ...] = ()
    """C0 and C1, when both still hold; else nothing."""
    committed: Committed | None = None
    """Its change, on this base."""
    words: str = ""
    """The story, for the agent."""


def before(ctx: WorkContext, ticket: Ticket) -> Before:
    """Take up the earlier attempt of `ctx.before`.

    Its change is merged onto the base by git; one that no longer merges is told as text only.
    """
    work = ctx.before
    if work is None:
        return Before()
    committed, conflict = _on_base(ctx, work, ticket.id)
    told = _story(ctx, work, committed, conflict=conflict)
    return Before(_holding(ctx, work, ticket), committed, "\n".join(told))


def _on_base(ctx: WorkContext, work: Earlier, ticket_id: str) -> tuple[Committed | None, bool]:
    """The change as a commit on the base, and whether it met a conflict there."""
    if work.head is None:
        return None, False
    tree = ctx.hub.tree_of(work.head)
    if work.base != ctx.base:
        merged = ctx.hub.merge(ctx.base, work.head)
        if not merged.clean:
            return None, True
        tree = merged.tree
    change = difference(ctx.hub, ctx.base, tree)
    return (commit(ctx, ticket_id, change) if change else None), False


def _holding(ctx: WorkContext, work: Earlier, ticket: Ticket) -> tuple[Checkpoint, ...]:
    """C0 and C1, when the question was about neither, and they fit ticket and base as these are now."""
    held = [one for one in work.checkpoints if one.status in HELD][:2]
    if [one.name for one in held] != [CheckpointName.C0, CheckpointName.C1]:
        return ()
    files = frozenset(Scope(ctx.hub, ctx.base).tree)
    document = held[0].comprehension
    if document is None or checkpoints.comprehension_problems(document, ticket, files.__contains__):
        return ()
    plan = held[1].plan
    if plan is not None and checkpoints.path_problems(plan, files.__contains__):
        return ()
    note = f"holds since batch {work.batch_id}"
    return tuple(one.model_copy(update={"notes": (*one.notes, note)}) for one in held)


def _story(ctx: WorkContext, work: Earlier, committed: Committed | None, *, conflict: bool) -> Iterator[str]:
    passed = ", ".join(f"{one.name.value} {one.status.value}" for one in work.checkpoints) or "none"
    yield f"An earlier attempt ({work.agent}, batch {work.batch_id}) stopped: {work.reason}"
    yield f"Calls to implement: {work.rounds}. Checkpoints: {passed}."
    if work.question:
        yield f"\nWhat a person was asked:\n{work.question}"
    yield from _documents(work)
    if committed is not None:
        yield "\nIts change is in the folder you work in, not finished: " + ", ".join(
            committed.diff.files[:40]
        )
    elif conflict and work.head is not None:
        yield "\nIts change does not fit the present state any more and was not applied. What it did:"
        yield ctx.hub.diff(work.base, work.head)[:_PATCH_LENGTH]
    elif work.rounds:
        yield "\nIts change is not to be had any more: nothing of it is in the folder you work in."


def _documents(work: Earlier) -> Iterator[str]:
    for one in work.checkpoints:
        if one.status not in HELD:
            continue
        if one.comprehension is not None:
            yield f"\nThe objective as it was understood: {one.comprehension.objective}"
        if one.plan is not None:
            yield "The plan that was verified:"
            yield from (f"{number}. {step}" for number, step in enumerate(one.plan.steps, 1))
