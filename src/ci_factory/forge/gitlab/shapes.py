"""Answers of another shape than GitLab's: a proxy, another version or a stranger in the server's place may give any."""

import functools
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from ci_factory.errors import ForgeError

T = TypeVar("T")
_SURPRISES = (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError, RecursionError)
"""What code meets that takes such an answer for one of GitLab's."""


def understood(kind: type[T]) -> type[T]:
    """The class, whose public methods raise `ForgeError` where an answer is not what GitLab's documentation says."""
    for name, member in list(vars(kind).items()):
        if name.startswith("_") or isinstance(member, classmethod | staticmethod):
            continue
        if isinstance(member, property) and member.fget:
            setattr(kind, name, property(_guarded(member.fget, name)))
        elif callable(member):
            setattr(kind, name, _guarded(member, name))
    return kind


def _guarded(call: Callable[..., Any], name: str) -> Callable[..., Any]:
    @functools.wraps(call)
    def guarded(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - whatever the method takes and gives
        try:
            found = call(*args, **kwargs)
        except _SURPRISES as error:
            raise _strange(name, error) from error
        return _each(found, name) if isinstance(found, Iterator) else found

    return guarded


def _each(rows: Iterator[T], name: str) -> Iterator[T]:
    try:
        yield from rows
    except _SURPRISES as error:
        raise _strange(name, error) from error


def _strange(name: str, error: Exception) -> ForgeError:
    missing = f": {error.args[0]!r:.60} is missing" if isinstance(error, KeyError) and error.args else ""
    return ForgeError(
        f"GitLab's answer has another shape than its documentation says{missing}",
        where=f"GitLab, {name}",
        fix="check that forge.url is a GitLab server of a version that docs/gitlab.md names",
    )
