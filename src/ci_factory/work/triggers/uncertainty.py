"""What a ticket leaves open: questions, several ways, criteria that contradict each other."""

import re
from collections.abc import Iterator, Sequence
from itertools import combinations

from ci_factory.model.attempt import Trigger
from ci_factory.model.ticket import Ticket
from ci_factory.work.triggers.prose import Sentence, sentences
from ci_factory.work.triggers.signal import Signal

_OPEN = (
    re.compile(r"\b(?:TBD|TBA|TBC|to be (?:decided|discussed|determined|defined|clarified))\b"),
    re.compile(r"\?\?\?"),
    re.compile(
        r"\b(?:not (?:yet )?(?:sure|clear|decided)|unclear|undecided|unsure|no idea|haven['’]t decided|still open|need(?:s)? to (?:decide|figure out|find out|agree)"
        r"|decide (?:whether|if|between|which|on)|somehow|whichever|or something (?:like that|similar)|some sort of|one way or another"
        r"|as (?:discussed|we discussed|talked about|you know)|like (?:last time|we discussed)|the usual way|up to you|whatever (?:works|makes sense|is best|fits)|as you see fit)\b",
        re.IGNORECASE,
    ),
)
_WAYS = (
    re.compile(r"^(?:either|we (?:could|can|might|should) (?:either )?)\b.{3,160}\bor\b", re.IGNORECASE),
    re.compile(r"\b(?:we|it|one|they|you) (?:could|might|can) either\b.{3,160}\bor\b", re.IGNORECASE),
    re.compile(
        r"\b(?:there are|we (?:have|see)|i see|could be (?:done|solved) in) (?:several|two|three|many|multiple|different)\b[^.]{0,30}?\b(?:ways|options)\b"
        r"|\b(?:several|two|three|multiple|different) (?:\w+ )?(?:approaches|alternatives|designs|solutions)\b",
        re.IGNORECASE,
    ),
    re.compile(
        r"\b(?:maybe|perhaps|possibly)\b.{2,100}\bor\b(?: (?:maybe|perhaps|possibly))?", re.IGNORECASE
    ),
)
_ASKED = re.compile(
    r"(?:^|[,;:—–] |\b(?:so|but|and|or),? )(?:should|shall|do|does|can|could|would|is|are|which|what (?:should|do|would|is the|about|format)|how (?:should|do|many|much|long|often|exactly)|who|where (?:should|do)|when (?:should|do)|or)\b[^?]*\?\s*$",
    re.IGNORECASE,
)
_VAGUE = re.compile(
    r"\b(?:nice|nicer|better|good|great|modern|intuitive|user[- ]friendly|reasonable|appropriate(?:ly)?|acceptable|fast enough|improved|cleaner)\b",
    re.IGNORECASE,
)
_EXACT = re.compile(r"\d|[`\"“]")
_FEW_WORDS = 10
_BUG_REPORT = re.compile(
    r"^(?:what happen|what did|what do you (?:see|expect)|why|how to reproduce|what went)", re.IGNORECASE
)
_REPORTED_SPEECH = re.compile(
    r"\b(?:asks?|asked|prompt\w*|shows?|says?|prints?|reads?|answers?|question)\b", re.IGNORECASE
)
_NOT_TOLD = re.compile(
    r"\b(?:must|shall|should|will|does|do|is|are|may|can)\s+not\b|\bnever\b|\bno longer\b", re.IGNORECASE
)
_VALUE = re.compile(
    r"^(?P<about>.{4,120}?)\s+(?:is|are|returns?|says?|equals|prints?|has|must be|shall be|should be|costs?|takes?)\s+(?P<value>[`'\"]?[\w.,€$%:/-]+[`'\"]?(?:\s+\w+)?)$",
    re.IGNORECASE,
)


def uncertainty(ticket: Ticket) -> tuple[Signal, ...]:
    """At most one signal of each kind."""
    found: dict[str, Signal] = {}
    for sentence in sentences(ticket):
        for kind, what in _in_sentence(sentence):
            found.setdefault(kind, Signal(Trigger.UNCERTAINTY, kind, what))
    if ticket.acceptance_criteria and all(map(_is_vague, ticket.acceptance_criteria)):
        what = f"has criteria that nobody can check: “{ticket.acceptance_criteria[0][:120]}”"
        found.setdefault("open-question", Signal(Trigger.UNCERTAINTY, "open-question", what))
    for signal in _contradictions(ticket.acceptance_criteria):
        found.setdefault(signal.kind, signal)
    return tuple(found.values())


def _in_sentence(sentence: Sentence) -> Iterator[tuple[str, str]]:
    short = " ".join(sentence.raw.split())[:160]
    if any(pattern.search(sentence.text) for pattern in _OPEN) or _is_question(sentence.text):
        yield "open-question", f"leaves open: “{short}”"
    elif any(pattern.search(sentence.text) for pattern in _WAYS):
        yield "several-ways", f"names several ways: “{short}”"


def _is_question(text: str) -> bool:
    if _BUG_REPORT.match(text) or not _ASKED.search(text):
        return False
    return not _REPORTED_SPEECH.search(text.rpartition(":")[0])


def _is_vague(criterion: str) -> bool:
    """A few words of praise, with no number, name or text to check."""
    few = len(criterion.split()) <= _FEW_WORDS
    return few and _VAGUE.search(criterion) is not None and not _EXACT.search(criterion)


def _contradictions(criteria: Sequence[str]) -> Iterator[Signal]:
    for first, second in combinations([each[:500] for each in criteria[:30]], 2):
        if _opposite(first, second) or _other_value(first, second):
            what = f"has criteria that contradict each other: “{first[:120]}” and “{second[:120]}”"
            yield Signal(Trigger.UNCERTAINTY, "contradiction", what)


def _opposite(first: str, second: str) -> bool:
    """The same words, denied in one of them."""
    denied = [_NOT_TOLD.search(each) is not None for each in (first, second)]
    return denied[0] != denied[1] and _bare(first) == _bare(second) != ()


def _bare(text: str) -> tuple[str, ...]:
    skipped = {
        "not",
        "never",
        "no",
        "longer",
        "must",
        "shall",
        "should",
        "will",
        "does",
        "do",
        "is",
        "are",
        "be",
        "may",
        "can",
        "still",
        "always",
    }
    return tuple(word.rstrip("s") for word in re.findall(r"\w+", text.lower()) if word not in skipped)


def _other_value(first: str, second: str) -> bool:
    """The same thing, with another value."""
    one, other = (_VALUE.match(each.strip().rstrip(".")) for each in (first, second))
    if one is None or other is None or one["about"].lower() != other["about"].lower():
        return False
    return one["value"].lower() != other["value"].lower() and len(one["about"].split()) > 1
