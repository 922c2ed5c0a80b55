"""Checkpoints C0 and C1: documents verified, or derived from the ticket. Pure: what exists is asked through a function."""

import re
from collections.abc import Callable, Iterable, Sequence

from ci_factory.model.attempt import (
    Checkpoint,
    CheckpointName,
    CheckpointStatus,
    Comprehension,
    CriterionAnswer,
    FileAction,
    Plan,
    PlannedFile,
    PlannedRisk,
)
from ci_factory.model.text import plain
from ci_factory.model.ticket import Candidate, RiskLevel, Size, Ticket
from ci_factory.work.paths import path_problem

AGENT, DERIVED = "agent", "derived"
EXTRA_REVIEW = "a large change: it asks for an extra review, by a second person"
MAX_PROBLEMS = 10
_MAX_DERIVED = 200
"""Files that a derived C0 names; a pattern may match a whole project."""
_CONTAINED = 12
"""A criterion counts as quoted when the answer's text contains it, or this many characters or more of it."""

Exists = Callable[[str], bool]


def derived_comprehension(ticket: Ticket, files: Sequence[str], exists: Exists) -> Comprehension:
    """The C0 of an agent that writes none: what the ticket and its estimate say."""
    sound = [path for path in files if not path_problem(path)][:_MAX_DERIVED]
    return Comprehension(
        objective=ticket.title,
        in_scope=ticket.acceptance_criteria,
        affected_files=tuple(path for path in sound if exists(path)),
        new_files=tuple(path for path in sound if not exists(path)),
        criteria=tuple(
            CriterionAnswer(criterion=text, how="as the ticket says") for text in ticket.acceptance_criteria
        ),
    )


def derived_plan(candidate: Candidate, comprehension: Comprehension) -> Plan:
    """The C1 of an agent that writes none: the criteria as steps, the estimated files, the ticket's risks."""
    risk = candidate.risk
    described = "; ".join(risk.reasons) or "judged from the ticket at intake"
    modified = [PlannedFile(path=path, action=FileAction.MODIFY) for path in comprehension.affected_files]
    created = [PlannedFile(path=path, action=FileAction.CREATE) for path in comprehension.new_files]
    return Plan(
        steps=candidate.ticket.acceptance_criteria or (candidate.ticket.title,),
        files=(*modified, *created),
        risks=tuple(
            PlannedRisk(category=category, level=risk.level, description=described)
            for category in risk.categories
        ),
    )


def comprehension_problems(document: Comprehension, ticket: Ticket, exists: Exists) -> tuple[str, ...]:
    """What is wrong with a C0: wrong paths, files that do not exist, criteria that are not addressed."""
    found = [f"affected file {problem}" for problem in _bad_paths(document.affected_files)]
    found += [f"new file {problem}" for problem in _bad_paths(document.new_files)]
    new = set(document.new_files)
    found += [
        f"affected file {_shown(path)} does not exist; list it under new_files if it is to be made"
        for path in document.affected_files
        if path not in new and not path_problem(path) and not exists(path)
    ]
    found += [
        f"new file {_shown(path)} exists already"
        for path in document.new_files
        if not path_problem(path) and exists(path)
    ]
    found += [
        f"acceptance criterion is not addressed: {plain(text, 120)}"
        for text in _unaddressed(document, ticket)
    ]
    return tuple(found[:MAX_PROBLEMS])


def blocking_questions(document: Comprehension) -> tuple[str, ...]:
    """Questions without whose answer the agent can't go on."""
    return tuple(question.text for question in document.questions if question.blocking)


def plan_problems(document: Plan, candidate: Candidate, exists: Exists) -> tuple[str, ...]:
    """What is wrong with a C1: paths that are not real, risks that are not named."""
    found = [*path_problems(document, exists)]
    level = candidate.risk.level
    if level.rank >= RiskLevel.MEDIUM.rank and not document.risks:
        found.append(f"the ticket's risk is {level.value}, but the plan names no risk")
    return tuple(found[:MAX_PROBLEMS])


def path_problems(document: Plan, exists: Exists) -> tuple[str, ...]:
    """Planned paths that are not real."""
    found = [f"planned file {problem}" for problem in _bad_paths(file.path for file in document.files)]
    for file in document.files:
        if path_problem(file.path):
            continue
        if file.action is FileAction.CREATE and exists(file.path):
            found.append(f"{_shown(file.path)} is to be created but exists")
        if file.action is not FileAction.CREATE and not exists(file.path):
            verb = "modified" if file.action is FileAction.MODIFY else "deleted"
            found.append(f"{_shown(file.path)} is to be {verb} but does not exist")
    return tuple(found)


def closing(earlier: Sequence[Checkpoint], size: Size) -> Checkpoint:
    """C3: holds when every checkpoint before it passed or does not apply."""
    held = {CheckpointStatus.PASSED, CheckpointStatus.NOT_APPLICABLE}
    problems = tuple(f"{one.name.value} {one.status.value}" for one in earlier if one.status not in held)
    status = CheckpointStatus.FAILED if problems else CheckpointStatus.PASSED
    notes = (EXTRA_REVIEW,) if size is Size.LARGE else ()
    return Checkpoint(name=CheckpointName.C3, status=status, source=DERIVED, problems=problems, notes=notes)


def _bad_paths(paths: Iterable[str]) -> list[str]:
    return [f"{_shown(path)} {problem}" for path in paths if (problem := path_problem(path))]


def _shown(path: str) -> str:
    return repr(plain(path, 120))


def _unaddressed(document: Comprehension, ticket: Ticket) -> list[str]:
    answered = [answer.criterion for answer in document.criteria if answer.how.strip()]
    return [
        text
        for number, text in enumerate(ticket.acceptance_criteria, 1)
        if not names_criterion(text, number, answered)
    ]


def names_criterion(text: str, number: int, said: Iterable[str]) -> bool:
    """Whether one of the texts names an acceptance criterion: by its words, a good part of them, or its number."""
    return any(_same(_words(text), _words(one), number) for one in said)


def _same(wanted: str, said: str, number: int) -> bool:
    """Whether an answer names the criterion: by its text, a good part of it, or its number."""
    if said in {wanted, str(number)}:
        return True
    return (len(said) >= _CONTAINED and said in wanted) or (bool(wanted) and wanted in said)


def _words(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))
