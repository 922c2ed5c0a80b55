"""Can this ticket be worked on? If not: exactly what to add (SPEC 1)."""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime

from ci_factory.intake.sections import Body, Item, items
from ci_factory.model.text import plain
from ci_factory.model.ticket import Readiness, Ticket

CRITERIA = ("acceptance criteria", "acceptance criterion", "definition of done")
TEST_CASES = ("test cases", "test case", "tests")
_QUESTIONS = ("open questions", "open question", "questions")
_CHECKLIST = ("agent readiness",)

_EMPTY = frozenset(
    re.findall(
        r"\w+",
        "a all and are as be better breaks can correctly done everything expected fine fixed good improved is it made "
        "make n na none nothing now of ok okay please properly see should still tba tbd that the this todo well will "
        "work working works",
    )
)
"""Words that promise nothing one could check."""
_CLEAR_WORDS = 2
"""A criterion that says something has at least so many other words."""
_WORD = re.compile(r"[^\W_]+")
_OPEN_MARK = re.compile(r"\bTBD\b|\bTBA\b|\?\?\?", re.IGNORECASE)
_NO_QUESTION = frozenset({"none", "no", "n/a", "na", "nothing", "-", "none so far", "no open questions"})
_ANSWERED = re.compile(r"\b(?:answer|answered|resolved|decided|decision)\b\s*:|→|->", re.IGNORECASE)
_OPTIONAL = re.compile(r"\((?:optional|recommended)\)", re.IGNORECASE)
_SHOWN = 120
"""Characters of the ticket's own words that are quoted back."""
_MAX_NAMED = 10
"""Open points that are named one by one."""


def with_sections(ticket: Ticket, body: Body) -> Ticket:
    """The ticket with the criteria and test cases that its body lists under their headings, where the fields are empty."""
    update = {}
    if not ticket.acceptance_criteria and (criteria := _listed(body, CRITERIA)):
        update["acceptance_criteria"] = criteria
    if not ticket.test_cases and (cases := _listed(body, TEST_CASES)):
        update["test_cases"] = cases
    return ticket.model_copy(update=update) if update else ticket


def judge(ticket: Ticket, body: Body, known: Mapping[str, bool], now: datetime) -> Readiness:
    """Readiness of a ticket that went through `with_sections`; `known` says of every existing ticket whether it is done."""
    boxes = [item.text for item in items(body.lines(*_CHECKLIST)) if item.ticked is False]
    missing = (
        *_criteria_missing(ticket),
        *_few(_questions(ticket, body)),
        *_few(_tick(text) for text in boxes if not _OPTIONAL.search(text)),
        *_few(_dependencies_missing(ticket, known)),
    )
    recommended = (*_recommended(ticket, now), *_few(_tick(text) for text in boxes if _OPTIONAL.search(text)))
    return Readiness(ready=not missing, missing=missing, recommended=recommended)


def is_clear(criterion: str) -> bool:
    """Whether an acceptance criterion says something that one could check."""
    words = {word for word in _WORD.findall(criterion.lower()) if word not in _EMPTY}
    unspaced = any(len(word) > 2 * _CLEAR_WORDS and not word.isascii() for word in words)
    return len(words) >= _CLEAR_WORDS or unspaced


def _listed(body: Body, names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(item.text for item in items(body.lines(*names))))[:200]


def _criteria_missing(ticket: Ticket) -> Iterator[str]:
    if any(is_clear(criterion) for criterion in ticket.acceptance_criteria):
        return
    example = "for example `parse('') raises ValueError`"
    if not ticket.acceptance_criteria:
        yield f"Add a section `## Acceptance criteria` with a list of results that can be checked, {example}."
        return
    vague = ", ".join(f"“{_quote(criterion)}”" for criterion in ticket.acceptance_criteria[:3])
    yield f"Replace the acceptance criteria {vague} by results that can be checked, {example}."


def _questions(ticket: Ticket, body: Body) -> Iterator[str]:
    lines = body.lines(*_QUESTIONS)
    for item in items(lines):
        if _is_open(item):
            yield (
                f"Answer the open question “{_quote(item.text)}” and strike it, tick it, or write `Answer: …` after it."
            )
    if not any(items(lines)) and "?" in "".join(lines) and not _ANSWERED.search("\n".join(lines)):
        yield "Answer what stands under `## Open questions`, then remove the section."
    mark = _OPEN_MARK.search(ticket.title) or _OPEN_MARK.search(body.prose())
    if mark:
        yield f"Decide what `{mark[0]}` stands for in the ticket's text and write it there."


def _is_open(item: Item) -> bool:
    settled = (
        item.ticked is True
        or item.text.startswith("~~")
        or item.text.strip(" .").lower() in _NO_QUESTION
        or _ANSWERED.search(item.text) is not None
    )
    return not settled


def _dependencies_missing(ticket: Ticket, known: Mapping[str, bool]) -> Iterator[str]:
    for dependency in dict.fromkeys(ticket.depends_on):
        if dependency not in known:
            yield f"Correct the dependency `{dependency}`: there is no ticket with that id."


def _recommended(ticket: Ticket, now: datetime) -> Iterator[str]:
    vague = [text for text in ticket.acceptance_criteria if not is_clear(text)]
    if vague:
        yield f"Say what would prove the acceptance criterion “{_quote(vague[0])}”."
    if not ticket.files:
        yield "Name the files to change (`files`), so that tickets that touch the same ones are kept apart."
    if ticket.complexity is None:
        yield "Set `complexity` to trivial, small, medium or large."
    if not ticket.test_cases:
        yield "Add a section `## Test cases` with the inputs and results that a test should use."
    if ticket.due is not None and ticket.due < now:
        yield "Set a new due date; this one has passed."


def _tick(text: str) -> str:
    return f"Do, then tick “{_quote(text)}” under `## Agent Readiness`."


def _quote(text: str) -> str:
    return plain(text, _SHOWN)


def _few(sentences: Iterator[str]) -> Iterator[str]:
    """The first sentences, and how many more there are."""
    rest = 0
    for place, sentence in enumerate(sentences):
        if place < _MAX_NAMED:
            yield sentence
        else:
            rest += 1
    if rest:
        yield f"And {rest} more of this kind."
