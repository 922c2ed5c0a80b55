"""What went wrong most often, over gates, endings and questions. Pure."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from functools import lru_cache

from ci_factory.metrics.sample import Check, Question, Sample, Work
from ci_factory.model.attempt import Ending
from ci_factory.model.base import Moment, Value
from ci_factory.model.gate import GateStatus

SHOWN = 10
_TICKETS = 5
_LONG = 300
_FINE = frozenset(
    {Ending.COMPLETED.value, Ending.SKIPPED.value, Ending.DEFERRED.value, Ending.ESCALATED.value}
)
_PARTICULAR = re.compile(
    r"""(?P<quoted>'[^'\n]*'|"[^"\n]*"|`[^`\n]*`)"""
    r"|(?P<path>[\w.@~+-]*(?:/[\w.@~+-]+)+(?::+[\w.-]+)*|\b[\w-]+\.[a-z]\w{0,4}\b(?::+[\w.-]+)*)"
    r"|(?P<name>\b\w+(?:_\w+)+)"
    r"|(?P<id>\b(?=[0-9a-f]*\d)[0-9a-f]{7,64}\b)"
    r"|(?P<n>\d+(?:[.,]\d+)*)"
)
"""What differs from case to case: names, paths, object names, numbers."""
_SEVERAL = re.compile(r"<x>(?:(?:, and | and |, | )<x>)+")


class Issue(Value):
    """One kind of trouble."""

    kind: str
    """gate, ending or question."""
    name: str
    """The gate, the ending, or what the question is about."""
    summary: str
    """In the words of the newest case."""
    count: int
    tickets: tuple[str, ...]
    """Some of those it concerns, the newest first."""
    newest: Moment | None


@lru_cache(maxsize=65536)
def shape(summary: str) -> str:
    """The words without what differs from case to case, so that the same failure is one, however often it names what."""
    text = _PARTICULAR.sub(lambda found: "<n>" if found.lastgroup == "n" else "<x>", summary[:_LONG])
    return " ".join(_SEVERAL.sub("<x>", text).lower().split())


_Case = tuple[str, str, str, str, float | None]
"""Kind, name, words, ticket, moment."""


def top_issues(sample: Sample, most: int = SHOWN) -> tuple[Issue, ...]:
    """The most frequent troubles, each with the tickets that met it last."""
    cases: dict[tuple[str, str, str], list[_Case]] = defaultdict(list)
    for case in (*_gates(sample.checks), *_endings(sample.work), *_questions(sample.questions)):
        cases[case[0], case[1], shape(case[2])].append(case)
    found = sorted(cases.items(), key=lambda each: (-len(each[1]), each[0]))
    return tuple(_issue(same) for _, same in found[:most])


def _issue(cases: list[_Case]) -> Issue:
    newest = sorted(
        cases, key=lambda case: (case[4] is not None, case[4] or 0.0, case[3], case[2]), reverse=True
    )
    kind, name, words, _, at = newest[0]
    return Issue(
        kind=kind,
        name=name,
        summary=words,
        count=len(cases),
        tickets=tuple(dict.fromkeys(case[3] for case in newest))[:_TICKETS],
        newest=None if at is None else datetime.fromtimestamp(at, UTC),
    )


def _gates(checks: Iterable[Check]) -> Iterator[_Case]:
    fine = {GateStatus.PASS.value, GateStatus.SKIPPED.value}
    return (("gate", c.gate, c.summary, c.ticket, c.at) for c in checks if c.status not in fine)


def _endings(work: Iterable[Work]) -> Iterator[_Case]:
    return (("ending", w.ending, w.reason, w.ticket, w.finished) for w in work if w.ending not in _FINE)


def _questions(questions: Iterable[Question]) -> Iterator[_Case]:
    return (("question", q.trigger, "a question to a person", q.ticket, q.raised) for q in questions)
