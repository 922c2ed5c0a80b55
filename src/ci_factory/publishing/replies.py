"""Replies to a note with several questions: `1a, 2: keep the old name`. Pure."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

LETTERS = "abcdefghijklmnopqrstuvwxyz"
_START = r"(?:^|[,;.\n]|\band\b)[ \t]*(?:question[ \t]*|option[ \t]*|#)?"
_MARK = re.compile(
    rf"(?:{_START}|(?<=[ \t]))(?P<close>\d{{1,2}})(?P<joined>[a-z])(?!\w)"
    rf"|{_START}(?P<number>\d{{1,2}}|all\b)[ \t]*(?:(?P<colon>[:=)])|[.–-](?=[ \t]))?[ \t]*"
    r"(?:(?:option[ \t]*)?(?P<letter>[a-z])(?=[ \t]*(?:$|[,;.)\n]|(?:but|and|if|with|unless)\b)))?(?!\d)",
    re.IGNORECASE,
)
"""`1a` is always an option; `1: a` and `1 a` are one where nothing goes on that would make an article of the letter."""
_TEXT = 5_000


@dataclass(frozen=True)
class Part:
    """What was said to one question."""

    option: int | None
    """From 1; `None`: in their own words."""
    text: str
    """The words that belong to it, the option's letter left out."""


def parts(replies: Iterable[str], offered: Sequence[int]) -> dict[int, Part]:
    """What was said to each question, by its number; `offered` has how many options each one has.

    The option named last counts, and all words count. What names no question answers none.
    """
    found: dict[int, Part] = {}
    for reply in replies:
        for number, option, text in _said(_unquoted(reply), offered):
            known = found.get(number, Part(None, ""))
            words = "\n".join(each for each in (known.text, text) if each)
            found[number] = Part(option or known.option, words[:_TEXT])
    return found


def _unquoted(reply: str) -> str:
    """Without what is quoted of the question, and without emphasis."""
    lines = (line for line in reply.splitlines() if not line.lstrip().startswith(">"))
    return "\n".join(re.sub(r"^\s*[-*+]\s+", "", line).replace("*", "").replace("`", "") for line in lines)


def _said(text: str, offered: Sequence[int]) -> Iterator[tuple[int, int | None, str]]:
    marks = [mark for mark in _MARK.finditer(text) if _names(mark, offered)]
    for at, mark in enumerate(marks):
        end = marks[at + 1].start() if at + 1 < len(marks) else len(text)
        words = text[mark.end() : end].strip(" \t\n,;.:-–")
        for number in _numbers(mark, offered):
            option = _option(mark, offered[number - 1])
            if option or words:
                yield number, option, words


def _names(mark: re.Match[str], offered: Sequence[int]) -> bool:
    """A number alone may be a number of anything; with a letter or a colon it is a question's."""
    numbers = _numbers(mark, offered)
    has_option = any(_option(mark, offered[number - 1]) for number in numbers)
    lettered = mark["joined"] or mark["letter"]
    return bool(numbers) and (has_option or (mark["colon"] is not None and not lettered))


def _numbers(mark: re.Match[str], offered: Sequence[int]) -> list[int]:
    given = mark["close"] or mark["number"]
    if not given.isdigit():
        return list(range(1, len(offered) + 1))
    number = int(given)
    return [number] if 1 <= number <= len(offered) else []


def _option(mark: re.Match[str], offered: int) -> int | None:
    letter = mark["joined"] or mark["letter"]
    place = LETTERS.find(letter.lower()) + 1 if letter else 0
    return place if 1 <= place <= offered else None
