"""Takes credentials out of everything that is reported: tools quote the lines that they complain about."""

import re
from collections.abc import Callable, Collection
from functools import cache, lru_cache, partial
from typing import TypeVar

from pydantic import BaseModel

from ci_factory.gates.credentials.patterns import PATTERNS
from ci_factory.gates.credentials.scan import fragments
from ci_factory.model.base import Json

MASK = "[credential]"
_REPEATED = 10_000
"""Strings that are remembered: paths and rules stand in a report again and again."""
_LONG = re.compile(r"[\w+/%\\-]{20}")
ModelT = TypeVar("ModelT", bound=BaseModel)


def redact(text: str, known: Collection[str] = ()) -> str:
    """The text with every credential of a known format masked, encoded ones too, and every `known` fragment."""
    found = {piece for piece in known if piece in text}
    if _hints().search(text.lower()) or _LONG.search(text):
        found |= fragments(text)
    for piece in sorted(found, key=lambda each: (-len(each), each)):
        text = text.replace(piece, MASK)
    return text


def redacted(report: ModelT, known: Collection[str] = ()) -> ModelT:
    """The same report without credentials in any of its strings, keys included."""
    clean = lru_cache(_REPEATED)(partial(redact, known=known))
    return type(report).model_validate(_clean(report.model_dump(mode="python"), clean))


def _clean(value: Json, clean: Callable[[str], str]) -> Json:
    if type(value) is str:
        return clean(value)
    if isinstance(value, dict):
        return {_clean(key, clean): _clean(each, clean) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_clean(each, clean) for each in value)
    return value


@cache
def _hints() -> re.Pattern[str]:
    hints = {re.escape(hint) for pattern in PATTERNS for hint in pattern.hints if len(hint) > 1}
    return re.compile("|".join(sorted(hints)))
