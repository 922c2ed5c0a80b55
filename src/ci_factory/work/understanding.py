"""Checkpoints C0 and C1 of one fresh start: ask the agent for its documents or derive them, verify, escalate."""

from ci_factory.model.attempt import CheckpointName, CheckpointStatus, Comprehension, Plan
from ci_factory.model.ticket import Size
from ci_factory.model.work_state import Step, Written
from ci_factory.work import checkpoints, documents, escalation
from ci_factory.work.agent_call import Call
from ci_factory.work.checkpoints import AGENT, DERIVED
from ci_factory.work.scope import is_file
from ci_factory.work.start import FreshStart
from ci_factory.work.workspace import Unacceptable

_CALLS = 2
"""Invalid documents are told to the agent once."""
_EDITS = "edits made while planning were thrown away"
_NONE_WRITTEN = "the agent was asked for it and wrote none"


def understand(start: FreshStart) -> None:
    """Pass C0 and C1; what a killed run has behind it is not done again.

    Raises:
        Ended: a document does not hold, or a person has to decide.
    """
    if start.state.written is None:
        _ask(start)
    if start.judged(CheckpointName.C0) is None:
        _comprehension(start)
    if start.judged(CheckpointName.C1) is None:
        _plan(start)
    start.journal.note(step=Step.IMPLEMENT, feedback=())


def _ask(start: FreshStart) -> None:
    """Have the documents of the agent, valid or not written at all."""
    if not start.asks_for_documents:
        start.journal.note(written=Written())
        return
    while start.state.written is None:
        if _asked(start) >= _CALLS:
            cause = escalation.invalid_documents(start.state.feedback)
            raise start.escalate(cause, CheckpointName.C0, source=AGENT)
        call = start.call("plan", 0, start.state.feedback)
        notes = (_EDITS,) if _discard_edits(start) else ()
        _read(start, call, notes)


def _asked(start: FreshStart) -> int:
    """Planning calls of this start that ended."""
    return sum(
        run.phase == "plan" and run.attempt == start.number and run.ended != "killed"
        for run in start.state.runs
    )


def _read(start: FreshStart, call: Call, notes: tuple[str, ...]) -> None:
    first, second = documents.comprehension(call.out), documents.plan(call.out)
    problems = first.problems or _c0_problems(start, first.value)
    if _needs_plan(start):
        problems += second.problems or _c1_problems(start, second.value)
    if problems:
        start.caller.give_back(problems)
        start.called(feedback=problems)
    else:
        start.called(written=Written(comprehension=first.value, plan=second.value, notes=notes))


def _comprehension(start: FreshStart) -> None:
    written = start.state.written or Written()
    document, source, notes = written.comprehension, AGENT, written.notes
    if document is None:
        document, source = _derived(start), DERIVED
        notes = (*notes, _NONE_WRITTEN) if start.asks_for_documents else notes
    questions = checkpoints.blocking_questions(document)
    if questions and start.ctx.answer is None:
        cause = escalation.from_comprehension(questions)
        raise start.escalate(cause, CheckpointName.C0, source=source, comprehension=document)
    named = (*document.affected_files, *document.new_files)
    sensitive = escalation.from_files(named, start.ctx.config, "the agent means to touch")
    if sensitive := start.pending(sensitive):
        raise start.escalate(sensitive, CheckpointName.C0, source=source, comprehension=document)
    start.checkpoint(
        CheckpointName.C0, CheckpointStatus.PASSED, source=source, notes=notes, comprehension=document
    )


def _derived(start: FreshStart) -> Comprehension:
    candidate = start.caller.planned.candidate
    files = start.scope.expand(candidate.estimate.files)
    return checkpoints.derived_comprehension(candidate.ticket, files, _exists(start))


def _plan(start: FreshStart) -> None:
    written = start.state.written.plan if start.state.written else None
    cause = escalation.from_plan(written, start.ctx.config) if written else None
    if cause := start.pending(cause):
        raise start.escalate(cause, CheckpointName.C1, source=AGENT, plan=written)
    if not _needs_plan(start):
        source = AGENT if written else ""
        start.checkpoint(CheckpointName.C1, CheckpointStatus.NOT_APPLICABLE, source=source, plan=written)
        return
    notes: tuple[str, ...] = ()
    document, source = written, AGENT
    if document is None:
        assert start.comprehension is not None  # noqa: S101 - C0 comes first
        document = checkpoints.derived_plan(start.caller.planned.candidate, start.comprehension)
        source, notes = DERIVED, (_NONE_WRITTEN,) if start.asks_for_documents else ()
    start.checkpoint(CheckpointName.C1, CheckpointStatus.PASSED, source=source, notes=notes, plan=document)


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
