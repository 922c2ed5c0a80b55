"""Checkpoints C0 and C1 of one fresh start: ask the agent for its documents or derive them, verify, escalate."""

from ci_factory.model.attempt import CheckpointName, CheckpointStatus, Comprehension, Plan
from ci_factory.model.ticket import Size
from ci_factory.work import checkpoints, documents, escalation
from ci_factory.work.checkpoints import AGENT, DERIVED
from ci_factory.work.scope import is_file
from ci_factory.work.start import FreshStart
from ci_factory.work.workspace import Unacceptable

_CALLS = 2
"""Invalid documents are told to the agent once."""
_EDITS = "edits made while planning were thrown away"
_NONE_WRITTEN = "the agent was asked for it and wrote none"


def understand(start: FreshStart) -> None:
    """Pass C0 and C1.

    Raises:
        Ended: a document does not hold, or a person has to decide.
    """
    written: tuple[Comprehension | None, Plan | None] = (None, None)
    notes: tuple[str, ...] = ()
    if start.asks_for_documents:
        written, notes = _asked(start)
    _comprehension(start, written[0], notes)
    _plan(start, written[1])


def _asked(start: FreshStart) -> tuple[tuple[Comprehension | None, Plan | None], tuple[str, ...]]:
    """The documents of the agent, valid or not written at all."""
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    for _ in range(_CALLS):
        call = start.call("plan", 0, problems)
        if _discard_edits(start):
            notes = (_EDITS,)
        first, second = documents.comprehension(call.out), documents.plan(call.out)
        problems = first.problems or _c0_problems(start, first.value)
        if _needs_plan(start):
            problems += second.problems or _c1_problems(start, second.value)
        if not problems:
            return (first.value, second.value), notes
        start.caller.give_back(problems)
    raise start.escalate(escalation.invalid_documents(problems), CheckpointName.C0, source=AGENT)


def _comprehension(start: FreshStart, written: Comprehension | None, notes: tuple[str, ...]) -> None:
    candidate = start.caller.planned.candidate
    if written is None:
        files = start.scope.expand(candidate.estimate.files)
        start.comprehension = checkpoints.derived_comprehension(candidate.ticket, files, _exists(start))
        if start.asks_for_documents:
            notes = (*notes, _NONE_WRITTEN)
    else:
        start.comprehension = written
    source = DERIVED if written is None else AGENT
    questions = checkpoints.blocking_questions(start.comprehension)
    if questions and start.ctx.answer is None:
        raise start.escalate(escalation.from_comprehension(questions), CheckpointName.C0, source=source)
    named = (*start.comprehension.affected_files, *start.comprehension.new_files)
    cause = escalation.from_files(named, start.ctx.config, "the agent means to touch")
    if cause and not start.approved:
        raise start.escalate(cause, CheckpointName.C0, source=source)
    start.checkpoint(CheckpointName.C0, CheckpointStatus.PASSED, source=source, notes=notes)


def _plan(start: FreshStart, written: Plan | None) -> None:
    start.plan, start.plan_by_agent = written, written is not None
    cause = escalation.from_plan(written, start.ctx.config) if written else None
    if cause and not start.approved:
        raise start.escalate(cause, CheckpointName.C1, source=AGENT)
    if not _needs_plan(start):
        start.checkpoint(CheckpointName.C1, CheckpointStatus.NOT_APPLICABLE, source=AGENT if written else "")
        return
    notes: tuple[str, ...] = ()
    if written is None:
        assert start.comprehension is not None  # noqa: S101 - C0 comes first
        start.plan = checkpoints.derived_plan(start.caller.planned.candidate, start.comprehension)
        notes = (_NONE_WRITTEN,) if start.asks_for_documents else ()
    source = AGENT if written else DERIVED
    start.checkpoint(CheckpointName.C1, CheckpointStatus.PASSED, source=source, notes=notes)


def _needs_plan(start: FreshStart) -> bool:
    return start.caller.planned.size.rank >= Size.MEDIUM.rank


def _c0_problems(start: FreshStart, document: Comprehension | None) -> tuple[str, ...]:
    if document is None:
        return ()
    return checkpoints.comprehension_problems(document, start.caller.planned.candidate.ticket, _exists(start))


def _c1_problems(start: FreshStart, document: Plan | None) -> tuple[str, ...]:
    if document is None:
        return ()
    return checkpoints.plan_problems(document, start.caller.planned.candidate, _exists(start))


def _exists(start: FreshStart) -> checkpoints.Exists:
    """Asked of the worktree, which is the base until the agent implements."""
    return lambda path: is_file(start.space.tree, path)


def _discard_edits(start: FreshStart) -> bool:
    try:
        edited = start.space.touched()
    except Unacceptable:
        edited = True
    if edited:
        start.renew()
    return edited
