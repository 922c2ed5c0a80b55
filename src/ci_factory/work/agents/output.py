"""Reads what a coding agent printed or left: bounded, strict, and never trusted. Whatever is odd counts as not told.

An agent's output is as hostile as the model, the ticket and the repository that it read. So a number is a plausible
number or none, a text is made safe to print, and a file is a regular one, reached through no link.
"""

import json
import math
import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from ci_factory.model.attempt import Usage
from ci_factory.model.text import plain
from ci_factory.work.agents.protocol import ModelUse

MAX_FILE = 16 * 1024 * 1024
"""Bytes of a file that an agent left; a larger one counts as not there."""
_MAX_LINE = 4 * 1024 * 1024
_MAX_TOKENS = 10**12
_MAX_USD = 10**6
_MAX_ENTRIES = 64
_NAME, _WORDS = 200, 300
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC

N = TypeVar("N", int, float)


def parsed(text: str | bytes) -> object:
    """The JSON value, `None` when it is none."""
    try:
        return json.loads(text, parse_constant=_not_json)
    except (ValueError, RecursionError):
        return None


def mapping(value: object) -> Mapping[str, Any]:
    """The value when it is a JSON object, else an empty one."""
    return value if isinstance(value, dict) else {}


def events(text: str) -> Iterator[Mapping[str, Any]]:
    """The JSON objects among the lines; other lines are passed over."""
    for line in text.split("\n"):
        if line.startswith("{") and len(line) <= _MAX_LINE and (event := mapping(parsed(line))):
            yield event


def at(value: object, *keys: str) -> object:
    """What stands under a path of keys; `None` when there is nothing."""
    for key in keys:
        value = mapping(value).get(key)
    return value


def count(value: object) -> int | None:
    """A number of tokens."""
    good = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MAX_TOKENS
    return value if good else None  # type: ignore[return-value]  # narrowed above


def dollars(value: object) -> float | None:
    """An amount of money that was spent; zero is what agents say of models whose price they do not know."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) and 0 < value <= _MAX_USD else None


def words(value: object, limit: int = _WORDS) -> str:
    """A text on one line, made safe to print; empty when it is none."""
    return plain(value[: 20 * limit], limit) if isinstance(value, str) else ""


def name(value: object) -> str | None:
    """The name of a model."""
    return words(value, _NAME) or None


def use(
    model: object, tokens_in: object, tokens_out: object, cached: object = None, cost: object = None
) -> ModelUse:
    """What a model did. Nothing read and nothing written is what agents say when a server told no usage: unknown."""
    read, written = count(tokens_in), count(tokens_out)
    if not read and not written:
        read = written = None
    saved = count(cached)
    if saved is not None and read is not None and saved > read:
        saved = None
    return ModelUse(name(model), read, written, saved, dollars(cost))


def usage(uses: Sequence[ModelUse]) -> Usage:
    """The sum; what one part does not tell is unknown in total."""
    return Usage(
        input_tokens=total([one.input_tokens for one in uses]),
        output_tokens=total([one.output_tokens for one in uses]),
        cost_usd=total([one.cost_usd for one in uses]),
    )


def total(parts: Sequence[N | None]) -> N | None:
    """The sum of what is known throughout; `None` when a part is unknown, or there is none."""
    known = [part for part in parts if part is not None]
    return sum(known[1:], known[0]) if known and len(known) == len(parts) else None


def most(one: N | None, other: N | None) -> N | None:
    """The greater of two; of what only one tells, that."""
    return max((each for each in (one, other) if each is not None), default=None)


def file(out: Path, *names: str) -> bytes | None:
    """A file below the folder of documents; `*` is whatever stands there first. `None` when there is none such."""
    try:
        handle = os.open(out, _FOLDER)
    except OSError:
        return None
    try:
        for position, part in enumerate(names):
            last = position == len(names) - 1
            handle = _step(handle, part, _FILE if last else _FOLDER)
        return _read(handle)
    except OSError:
        return None
    finally:
        os.close(handle)


def _step(folder: int, part: str, flags: int) -> int:
    """Open an entry of an open folder and let go of the folder; a failure leaves the folder open for the caller."""
    opened = os.open(_first(folder) if part == "*" else part, flags, dir_fd=folder)
    os.close(folder)
    return opened


def _first(folder: int) -> str:
    with os.scandir(folder) as entries:
        found = sorted(entry.name for _, entry in zip(range(_MAX_ENTRIES), entries, strict=False))
    if not found:
        raise FileNotFoundError
    return found[0]


def _read(handle: int) -> bytes | None:
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        return None
    with os.fdopen(os.dup(handle), "rb") as stream:
        data = stream.read(MAX_FILE + 1)
    return data if len(data) <= MAX_FILE else None


def _not_json(word: str) -> object:
    raise ValueError(word)
