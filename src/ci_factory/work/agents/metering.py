"""Reads the usage off a model's answer while it passes: Anthropic messages, OpenAI responses and chat, Gemini.

Bounded and strict: whatever is odd, too long or cut off makes the usage unknown, and nothing else. Memory is that of one event
of a stream, or of a whole answer that is no stream, up to a limit.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ci_factory.work.agents import output
from ci_factory.work.agents.protocol import ModelUse

LIMIT = 8 * 1024 * 1024
"""Bytes of one event, or of an answer that is no stream."""
_FINAL = {"response.completed", "response.incomplete", "response.failed"}


@dataclass(frozen=True)
class Reading:
    """What a part of an answer tells; `None` is not told."""

    model: object = None
    read: int | None = None
    cached: int | None = None
    written: int | None = None
    final: bool = False
    """Whether nothing more is to come, even if the answer breaks off here."""

    def then(self, later: "Reading") -> "Reading":
        """With what a later part tells; counts in a stream only grow."""
        return Reading(
            later.model or self.model,
            output.most(self.read, later.read),
            output.most(self.cached, later.cached),
            output.most(self.written, later.written),
            self.final or later.final,
        )


class UsageReader:
    """Fed with the body of one answer."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        """`headers` of the answer, names in lower case."""
        self._stream = "event-stream" in headers.get("content-type", "")
        self._odd = headers.get("content-encoding", "identity") != "identity"
        self._rest = bytearray()
        self._skipping = False
        self._told = Reading()

    def feed(self, piece: bytes) -> None:
        """The next bytes."""
        if self._odd:
            return
        self._rest += piece
        if self._stream and b"\n" in piece:
            self._lines()
        if len(self._rest) > LIMIT:
            self._give_up()

    def use(self, *, whole: bool) -> ModelUse:
        """What the model did; to be asked once there is no more."""
        if not self._odd:
            self._line(bytes(self._rest)) if self._stream else self._document()
        self._rest.clear()
        told = self._told
        if self._odd or not (whole or told.final):
            return ModelUse(output.name(told.model))
        return output.use(told.model, told.read, told.written, told.cached)

    def _lines(self) -> None:
        *lines, rest = bytes(self._rest).split(b"\n")
        self._rest = bytearray(rest)
        for line in lines:
            self._line(line)

    def _give_up(self) -> None:
        self._odd = True
        self._rest.clear()

    def _line(self, line: bytes) -> None:
        """An event's data; those without usage are not even parsed."""
        if line.startswith(b"data:") and b"sage" in line:
            self._note(output.parsed(line[5:].strip()))

    def _document(self) -> None:
        value = output.parsed(bytes(self._rest)) if b"sage" in self._rest else None
        for part in value if isinstance(value, list) else [value]:
            self._note(part)

    def _note(self, value: object) -> None:
        for reading in _readings(output.mapping(value)):
            self._told = self._told.then(reading)


def _readings(told: Mapping[str, Any]) -> Iterator[Reading]:
    """By the shape, as servers of one vendor's protocol are made by many."""
    kind, usage = told.get("type"), output.mapping(told.get("usage"))
    kind = kind if isinstance(kind, str) else None
    if kind == "message_start":
        message = output.mapping(told.get("message"))
        yield _anthropic(message.get("model"), output.mapping(message.get("usage")), written=False)
    elif kind in {"message_delta", "message"}:
        yield _anthropic(told.get("model"), usage, written=True)
    elif kind in _FINAL:
        answer = output.mapping(told.get("response"))
        yield _openai(answer.get("model"), output.mapping(answer.get("usage")), final=True)
    elif "usageMetadata" in told:
        yield _gemini(told.get("modelVersion"), output.mapping(told["usageMetadata"]))
    elif usage and kind is None:
        yield _openai(told.get("model"), usage)


def _anthropic(model: object, used: Mapping[str, Any], *, written: bool) -> Reading:
    """Its input leaves out what was read from a cache or written into one; the count at the start of a stream is no count."""
    read = output.count(used.get("input_tokens"))
    cached, kept = (output.count(used.get(f"cache_{way}_input_tokens")) for way in ("read", "creation"))
    total = None if read is None else read + (cached or 0) + (kept or 0)
    told = output.count(used.get("output_tokens")) if written else None
    return Reading(model, total, cached, told, final=told is not None)


def _openai(model: object, used: Mapping[str, Any], *, final: bool = False) -> Reading:
    """Responses and chat completions differ in the names alone."""
    read, written = ("input", "output") if "input_tokens" in used else ("prompt", "completion")
    cached = output.count(output.at(used, f"{read}_tokens_details", "cached_tokens"))
    tokens = [output.count(used.get(f"{way}_tokens")) for way in (read, written)]
    return Reading(model, tokens[0], cached, tokens[1], final=final)


def _gemini(model: object, used: Mapping[str, Any]) -> Reading:
    """A count of zero is left out there; thinking is written too."""
    read, cached, whole = (
        output.count(used.get(f"{name}TokenCount")) for name in ("prompt", "cachedContent", "total")
    )
    parts = [output.count(used.get(f"{name}TokenCount")) for name in ("candidates", "thoughts")]
    written = sum(part for part in parts if part is not None)
    if parts[0] is None and whole is not None and read is not None:
        written = max(whole - read, 0)
    return Reading(model, read, cached, written if whole is not None or parts[0] is not None else None)
