"""Hand-offs between the roles of an attempt, made from documents that were verified. Pure."""

from collections.abc import Sequence

from ci_factory.model.attempt import Comprehension, Plan
from ci_factory.model.roles import Deliverable, HandOff
from ci_factory.model.ticket import Candidate

_MOST = 50


def to_implementer(
    candidate: Candidate, comprehension: Comprehension, plan: Plan | None, notes: Sequence[str] = ()
) -> HandOff:
    """What was understood and planned, for whoever writes the code."""
    named = [f"to change: {path}" for path in comprehension.affected_files]
    named += [f"to make: {path}" for path in comprehension.new_files]
    steps = [f"step {number}: {step}" for number, step in enumerate(plan.steps, 1)] if plan else []
    left_out = [f"not part of it: {each}" for each in comprehension.out_of_scope]
    return HandOff(
        sender="planner",
        receiver="implementer",
        objective=comprehension.objective,
        context=(*steps, *named[:_MOST], *left_out[:_MOST]),
        deliverables=tuple(
            Deliverable(what=each.how, acceptance=each.criterion) for each in comprehension.criteria[:_MOST]
        ),
        tests=candidate.ticket.test_cases,
        risks=_risks(plan),
        notes=(*notes, *(f"open question: {each.text}" for each in comprehension.questions[:_MOST])),
    )


def to_reviewer(
    candidate: Candidate,
    comprehension: Comprehension | None,
    plan: Plan | None,
    changed: Sequence[str],
    verdict: Sequence[str],
) -> HandOff:
    """What was asked for, changed and measured, for whoever reads the change."""
    criteria = candidate.ticket.acceptance_criteria
    how = {each.criterion: each.how for each in comprehension.criteria} if comprehension else {}
    return HandOff(
        sender="implementer",
        receiver="reviewer",
        objective=comprehension.objective if comprehension else candidate.ticket.title,
        context=tuple(f"changed: {path}" for path in changed[:_MOST]),
        deliverables=tuple(
            Deliverable(what=how.get(each, "as the ticket says"), acceptance=each)
            for each in criteria[:_MOST]
        ),
        tests=candidate.ticket.test_cases,
        risks=_risks(plan),
        notes=tuple(verdict),
    )


def words(document: HandOff) -> str:
    """The document as text for a prompt; everything in it is data."""
    lines = [f"From the {document.sender} to the {document.receiver}", f"Objective: {document.objective}"]
    lines += [f"- {each}" for each in document.context]
    lines += [
        f"Deliverable: {each.what} (accepted when: {each.acceptance})" for each in document.deliverables
    ]
    lines += [f"Test: {each}" for each in document.tests]
    lines += [f"Risk: {each}" for each in document.risks]
    return "\n".join([*lines, *(f"Note: {each}" for each in document.notes)])


def _risks(plan: Plan | None) -> tuple[str, ...]:
    risks = plan.risks if plan else ()
    return tuple(f"{one.category.value}, {one.level.value}: {one.description}" for one in risks[:_MOST])
