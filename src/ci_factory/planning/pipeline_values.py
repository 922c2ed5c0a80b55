"""Settings that go into generated pipelines: what each may be, and how it is read from the command line. Pure."""

import dataclasses
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from ci_factory.errors import UsageError
from ci_factory.model.text import listed

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

SettingsT = TypeVar("SettingsT", bound="DataclassInstance")

NAME = r"[A-Za-z0-9][A-Za-z0-9 _.:-]{0,62}"
IMAGE = r"[A-Za-z0-9$][A-Za-z0-9$_{}./:@-]{0,254}"
PACKAGE = r"([A-Za-z0-9.][A-Za-z0-9._\[\],=<>~!-]{0,200})?"
TAG = r"[A-Za-z0-9$][A-Za-z0-9$_{}.:/-]{0,62}"
ENVIRONMENT = r"[A-Za-z0-9][A-Za-z0-9_./-]{0,62}"
EXPIRE = r"(never|[1-9][0-9]{0,3} (minutes|hours|days|weeks|months)|1 (minute|hour|day|week|month))"
MAX_MINUTES = 7 * 24 * 60
MAX_RETRIES = 2
"""GitLab's own limit."""


def check(settings: object, patterns: Mapping[str, str], bounds: Mapping[str, tuple[int, int]]) -> None:
    """Refuse a text (or one of several) that does not match its pattern, and a number out of its bounds.

    Raises:
        UsageError: a value is not one that may stand in a pipeline.
    """
    for name, pattern in patterns.items():
        value = getattr(settings, name)
        for text in value if isinstance(value, tuple) else (value,):
            if not re.fullmatch(pattern, text):
                raise refused(name, text, f"it must match {pattern}")
    for name, (least, most) in bounds.items():
        if not least <= getattr(settings, name) <= most:
            raise refused(name, getattr(settings, name), f"it must be from {least} to {most}")


def from_pairs(kind: type[SettingsT], pairs: Iterable[str], known: Mapping[str, str]) -> SettingsT:
    """Settings of `NAME=VALUE` texts, on top of what is `known`; dashes may stand for underscores, commas divide lists.

    A list may also be JSON, as an array input of a component arrives.

    Raises:
        UsageError: a name or a value is wrong.
    """
    fields = {field.name: field.default for field in dataclasses.fields(kind)}
    values: dict[str, Any] = dict(known)
    for pair in pairs:
        name, equals, text = pair.partition("=")
        name = name.strip().replace("-", "_")
        if not equals or name not in fields:
            raise refused(name, text, f"write NAME=VALUE; names are {', '.join(fields)}")
        values[name] = _typed(name, text.strip(), fields[name])
    return kind(**values)


def refused(name: str, value: object, why: str) -> UsageError:
    """The error about one setting."""
    return UsageError(f"{str(value)[:80]!r} can't stand in a pipeline", where=f"pipeline {name}", fix=why)


def _typed(name: str, text: str, default: object) -> object:
    if isinstance(default, tuple):
        words = listed(text)
        return tuple(part for each in (text.split(",") if words is None else words) if (part := each.strip()))
    if not isinstance(default, int):
        return text
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise refused(name, text, "it must be a whole number")
    return int(text)
