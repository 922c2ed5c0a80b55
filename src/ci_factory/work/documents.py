"""What an agent left in its folder: bounded, regular files only, strictly parsed; a bad one is a problem, not a crash."""

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from pydantic import BaseModel, Field, ValidationError

from ci_factory.model.attempt import Comprehension, Option, Partial, Plan, Trigger, Usage
from ci_factory.model.base import Value
from ci_factory.model.roles import ReviewDocument
from ci_factory.model.text import plain

MAX_BYTES = 256 * 1024
_MAX_PROBLEMS = 5
_PROBLEM_LENGTH = 200

T = TypeVar("T", bound=BaseModel)


@dataclass(frozen=True)
class Document(Generic[T]):
    """A document, or why it can't be used. Neither: it was not written."""

    value: T | None = None
    problems: tuple[str, ...] = ()


class EscalationDocument(Value):
    """escalation.json: the agent asks for a person."""

    trigger: Trigger
    summary: str = Field(min_length=1, max_length=2_000)
    why: str = Field(default="", max_length=10_000)
    questions: tuple[str, ...] = Field(default=(), max_length=20)
    options: tuple[Option, ...] = Field(default=(), max_length=10)
    recommendation: str = Field(default="", max_length=10_000)


class UsageDocument(Usage):
    """usage.json: what the call used, and which model answered."""

    model: str | None = Field(default=None, max_length=200)


def comprehension(out: Path) -> Document[Comprehension]:
    """comprehension.json."""
    return _read(out, "comprehension.json", Comprehension)


def plan(out: Path) -> Document[Plan]:
    """plan.json."""
    return _read(out, "plan.json", Plan)


def review(out: Path) -> Document[ReviewDocument]:
    """review.json."""
    return _read(out, "review.json", ReviewDocument)


def escalation(out: Path) -> Document[EscalationDocument]:
    """escalation.json."""
    return _read(out, "escalation.json", EscalationDocument)


def partial(out: Path) -> Document[Partial]:
    """partial.json."""
    return _read(out, "partial.json", Partial)


def usage(out: Path) -> Document[UsageDocument]:
    """usage.json."""
    return _read(out, "usage.json", UsageDocument)


def _read(out: Path, name: str, kind: type[T]) -> Document[T]:
    try:
        data = _bytes(out, name)
    except FileNotFoundError:
        return Document()
    except OSError as error:
        return Document(problems=(f"{name} can't be read: {error.strerror or 'it is not a regular file'}",))
    if len(data) > MAX_BYTES:
        return Document(problems=(f"{name} is larger than {MAX_BYTES} bytes",))
    try:
        return Document(kind.model_validate_json(data, strict=True))
    except ValidationError as error:
        return Document(problems=_explain(name, error))


def _bytes(out: Path, name: str) -> bytes:
    """At most one byte more than is allowed, of a regular file reached through no link."""
    if out.is_symlink():
        raise OSError
    handle = os.open(out / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(handle, "rb") as stream:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError
        return stream.read(MAX_BYTES + 1)


def _explain(name: str, error: ValidationError) -> tuple[str, ...]:
    """Where and what is wrong; values are not repeated, as they may be anything."""
    details = error.errors(include_url=False, include_input=False, include_context=False)[:_MAX_PROBLEMS]
    return tuple(
        plain(f"{name}: {'.'.join(map(str, one['loc'])) or 'the whole file'}: {one['msg']}", _PROBLEM_LENGTH)
        for one in details
    )
