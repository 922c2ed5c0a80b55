"""A JSON text, walked from its beginning: containers lazily, values whole, memory constant.

Stricter than `json`: no duplicate keys, no NaN or infinity (written out or as 1e999), no half surrogate pairs, and only
white space after the end.
"""

import codecs
import json
import math
import re
from collections.abc import Iterator
from typing import Any, BinaryIO, NoReturn, cast

from ci_factory.errors import ArtifactError
from ci_factory.gates.reports.bytesource import ByteSource
from ci_factory.gates.reports.limits import CHUNK, MAX_VALUE_CHARS
from ci_factory.model.base import Json

_SPACE = re.compile(r"[ \t\n\r]*")
_SLACK = 64
"""A number at the window's end may go on behind it; none that we take is longer."""
_WALKED = 6
"""Levels that are passed over in pieces; what is deeper is decoded whole."""
_SURROGATE = re.compile(r"\\u[dD][89abAB]")


class _Bad(ValueError):
    """A value that JSON allows and we do not."""


def _unique(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise _Bad(f"has the key {twice[:100]!r} twice in one object")
    return found


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise _Bad(f"holds the number {text[:40]}, which is too large")
    return value


def _constant(text: str) -> NoReturn:
    raise _Bad(f"holds {text}, which is not JSON")


DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_float=_finite, parse_constant=_constant)


def decode(text: str) -> Json:
    """One whole JSON text.

    Raises:
        ArtifactError: it is not one, or holds what we refuse.
    """
    try:
        value = DECODER.decode(text)
    except (ValueError, RecursionError) as error:
        raise _refused(error) from error
    if _SURROGATE.search(text):
        refuse_half_pairs(value)
    return value


def refuse_half_pairs(value: Json) -> None:
    r"""Text with half of a surrogate pair (`\ud800`) can't be written anywhere.

    Raises:
        ArtifactError: there is one.
    """
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except (UnicodeEncodeError, RecursionError) as error:
        raise ArtifactError("holds half of a surrogate pair") from error


class JsonStream:
    """Stands before a value; each method consumes it. Errors are `ArtifactError`."""

    def __init__(self, stream: BinaryIO) -> None:
        """Begin where the stream stands."""
        self._source = ByteSource(stream)
        self._utf8 = codecs.getincrementaldecoder("utf-8-sig")()
        self._text, self._at, self._ended = "", 0, False
        self._odd = False
        self._scan = cast(
            "Any", DECODER
        ).scan_once  # documented only in its source: raw_decode without the slicing

    def members(self) -> Iterator[str]:
        """Keys of an object, each while standing before its value, which is to be consumed before the next."""
        self._take("{")
        seen: set[str] = set()
        if self._next() == "}":
            self._at += 1
            return
        while True:
            key = self.value() if self._next() == '"' else self._wrong("a key")
            if key in seen:
                raise ArtifactError(f"has the key {key[:100]!r} twice in one object")
            seen.add(key)
            self._take(":")
            yield key
            if self._closed("}"):
                return

    def elements(self) -> Iterator[None]:
        """Stops before every element of an array; it is to be consumed before the next."""
        self._take("[")
        if self._next() == "]":
            self._at += 1
            return
        while True:
            yield
            if self._closed("]"):
                return

    def items(self) -> Iterator[Json]:
        """Elements of an array, each decoded."""
        for _ in self.elements():
            yield self.value()

    def value(self) -> Json:
        """A value, decoded whole."""
        self._next()
        while True:
            start = self._at
            try:
                value, end = self._scan(self._text, start)
            except (StopIteration, RecursionError, ValueError) as error:
                if isinstance(error, _Bad | RecursionError) or not self._more():
                    raise _refused(error) from error
                continue
            if len(self._text) - end < _SLACK and not self._ended:
                self._more()
                continue
            if self._odd:
                refuse_half_pairs(value)
            self._at = end
            return value

    def skip(self, depth: int = 0) -> None:
        """Pass over a value; it has to be JSON all the same."""
        mark = self._next()
        if mark == "[" and depth < _WALKED:
            for _ in self.elements():
                self.skip(depth + 1)
        elif mark == "{" and depth < _WALKED:
            for _ in self.members():
                self.skip(depth + 1)
        else:
            self.value()

    def peek(self) -> str:
        """The first character of the value that comes next."""
        return self._next()

    def end(self) -> None:
        """Nothing but white space may follow."""
        self._at = _SPACE.match(self._text, self._at).end()  # type: ignore[union-attr]  # matches the empty string
        while self._at == len(self._text) and self._more():
            self._at = _SPACE.match(self._text, self._at).end()  # type: ignore[union-attr]  # as above
        if self._at < len(self._text):
            self._wrong("its end")

    def _closed(self, mark: str) -> bool:
        found = self._next()
        if found not in {",", mark}:
            self._wrong(f"`,` or `{mark}`")
        self._at += 1
        return found == mark

    def _take(self, mark: str) -> None:
        if self._next() != mark:
            self._wrong(f"`{mark}`")
        self._at += 1

    def _next(self) -> str:
        while True:
            text, at = self._text, self._at
            if at < len(text) and (found := text[at]) not in " \t\n\r":
                return found
            self._at = _SPACE.match(text, at).end()  # type: ignore[union-attr]  # matches the empty string
            if self._at == len(text) and not self._more():
                raise ArtifactError("ends too early", fix="look whether the job that wrote it was stopped")

    def _more(self) -> bool:
        """Drop what was read and take in as much again as is pending, so that a retry costs at most twice."""
        if self._ended:
            return False
        pending = self._text[self._at :]
        if len(pending) > MAX_VALUE_CHARS:
            raise ArtifactError(f"holds one value of more than {MAX_VALUE_CHARS} characters, or is not JSON")
        data = self._source.read(max(CHUNK, len(pending)))
        try:
            fresh = self._utf8.decode(data, final=not data)
        except UnicodeDecodeError as error:
            raise ArtifactError("is not UTF-8", fix="have the tool write UTF-8") from error
        self._odd = (
            bool(_SURROGATE.search(fresh)) or (self._odd and bool(pending)) or pending[-6:].count("\\") > 0
        )
        self._text, self._at, self._ended = pending + fresh, 0, not data
        return bool(data)

    def _wrong(self, wanted: str) -> NoReturn:
        found = self._text[self._at : self._at + 20]
        raise ArtifactError(f"is not JSON: {wanted} expected, found {found!r}")


def _refused(error: BaseException) -> ArtifactError:
    if isinstance(error, _Bad):
        return ArtifactError(str(error))
    if isinstance(error, RecursionError):
        return ArtifactError("is nested too deeply")
    detail = error.msg if isinstance(error, json.JSONDecodeError) else "it ends too early"
    return ArtifactError(f"is not JSON: {detail}", fix="look whether the job that wrote it was stopped")
