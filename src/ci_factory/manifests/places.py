"""Strict reading of JSON and TOML, and where a value stands in the text: parsers give no line numbers."""

import json
import re
from typing import Any

from ci_factory.manifests.model import ManifestError
from ci_factory.model import plain_toml
from ci_factory.model.base import Json

MAX_ENTRIES = 100_000
"""Dependencies of one file; lock files of the largest projects have some thousands."""


class Lines:
    """Finds the line of a name, the next one where a name occurs more than once."""

    def __init__(self, text: str) -> None:
        self._starts: dict[str, int] = {}
        self._text = text
        self._cursor = 0
        self._line = 1

    def after(self, name: str) -> int:
        """Line of the next place of a text, for files of many entries that are asked for in their order."""
        place = self._text.find(name, self._cursor)
        if place < 0:
            return self._line
        self._line += self._text.count("\n", self._cursor, place)
        self._cursor = place
        return self._line

    def of(self, *names: str) -> int:
        """Line of the first of the names that stands in the text, from 1; 1 when none does."""
        for name in names:
            place = self._find(name)
            if place is not None:
                return self._text.count("\n", 0, place) + 1
        return 1

    def _find(self, name: str) -> int | None:
        word = re.compile(rf"(?<![\w.@/-]){re.escape(name)}(?![\w/-])")
        found = word.search(self._text, self._starts.get(name, 0)) or word.search(self._text)
        if found is None:
            return None
        self._starts[name] = found.end()
        return found.start()


def read_json(text: str) -> dict[str, Any]:
    """A JSON object in which no key stands twice.

    Raises:
        ManifestError: it is anything else.
    """
    try:
        value = json.loads(text.removeprefix("\ufeff"), object_pairs_hook=_once, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise ManifestError("is not valid JSON") from error
    return table(value)


def _once(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ManifestError("has a key twice")
    return found


def _refuse(word: str) -> Json:
    raise ManifestError(f"holds {word}, which is not JSON")


def read_toml(text: str) -> dict[str, Any]:
    """A TOML document.

    Raises:
        ManifestError: it is none.
    """
    try:
        return plain_toml.load(text.removeprefix("\ufeff"))
    except ValueError as error:
        raise ManifestError("is not valid TOML") from error


def table(value: Json) -> dict[str, Any]:
    """A mapping; nothing at all is an empty one.

    Raises:
        ManifestError: it is something else.
    """
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ManifestError("has something else where a table belongs")
    return value


def words(value: Json) -> list[str]:
    """A list of texts; nothing at all is an empty one.

    Raises:
        ManifestError: it is something else.
    """
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise ManifestError("has something else where a list of texts belongs")
    return value


def inner(value: Json, *keys: str) -> Json:
    """A value some tables down, `None` when it isn't there.

    Raises:
        ManifestError: something on the way is no table.
    """
    for key in keys:
        value = table(value).get(key)
    return value
