"""What readers are given, and the small checks that they share."""

from dataclasses import dataclass, field

from ci_factory.errors import ArtifactError
from ci_factory.gates.reports.limits import MAX_LINE_NUMBER, MAX_NAME_CHARS, MAX_TEXT_CHARS
from ci_factory.gates.reports.paths import Paths
from ci_factory.model.base import Json
from ci_factory.model.gate import Component


@dataclass
class Reading:
    """One report while it is read."""

    paths: Paths
    tools: set[tuple[str, Component]] = field(default_factory=set)
    """Tools that the report says have run, with what they look at; also those that found nothing."""


def text(value: Json, what: str, limit: int = MAX_TEXT_CHARS) -> str:
    """A string, cut to `limit` characters.

    Raises:
        ArtifactError: it is something else.
    """
    if type(value) is not str:
        raise ArtifactError(f"has {_kind(value)} where {what} should be")
    return value[:limit]


def optional_text(value: Json, what: str, limit: int = MAX_TEXT_CHARS) -> str:
    """As `text`; empty when there is none."""
    return "" if value is None else text(value, what, limit)


def name(value: Json, what: str) -> str:
    """A string that is not empty, cut to the length of names.

    Raises:
        ArtifactError: it is empty or something else.
    """
    found = text(value, what, MAX_NAME_CHARS)
    if not found.strip():
        raise ArtifactError(f"has an empty {what}")
    return found


def place(value: Json, what: str = "line") -> int | None:
    """A line or column from 1; `None` when it is missing, or 0, by which tools mean the whole file.

    Raises:
        ArtifactError: it is negative, enormous or not a whole number.
    """
    if value is None:
        return None
    if type(value) is not int or not 0 <= value <= MAX_LINE_NUMBER:
        raise ArtifactError(f"has the {what} {str(value)[:40]!r}, which can't be")
    return value or None


def count(value: Json, what: str) -> int:
    """A number of things.

    Raises:
        ArtifactError: it is negative, enormous or not a whole number.
    """
    if type(value) is not int or not 0 <= value < 2**53:
        raise ArtifactError(f"says {str(value)[:40]!r} {what}, which is not a count")
    return value


def digits(value: str | None, what: str) -> int:
    """A count written as text.

    Raises:
        ArtifactError: it is not written with up to 15 plain digits.
    """
    if value is None or not (value.isascii() and value.isdigit() and len(value) <= 15):  # noqa: PLR2004 - below 2**53
        raise ArtifactError(f"says {(value or '')[:40]!r} {what}, which is not a count")
    return int(value)


def an_object(value: Json, what: str) -> dict[str, Json]:
    """An object, empty when it is missing.

    Raises:
        ArtifactError: it is something else.
    """
    if value is None:
        return {}
    if type(value) is not dict:
        raise ArtifactError(f"has {_kind(value)} where {what} should be")
    return value


def a_list(value: Json, what: str) -> list[Json]:
    """An array, empty when it is missing.

    Raises:
        ArtifactError: it is something else.
    """
    if value is None:
        return []
    if type(value) is not list:
        raise ArtifactError(f"has {_kind(value)} where {what} should be")
    return value


def _kind(value: Json) -> str:
    names = {bool: "a truth value", int: "a number", float: "a number", str: "text", list: "a list"}
    return "nothing" if value is None else names.get(type(value), "an object")
