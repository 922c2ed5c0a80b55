"""YAML front matter, read strictly: every value is text, nothing is guessed, nothing is constructed.

YAML would read `007` as 7, `1.10` as 1.1 and `on` as true; an id or a title must stay what was written. Anchors and
aliases (a few lines of them can unfold into gigabytes), tags, duplicate keys and deep nesting are refused.
"""

from collections.abc import Iterator

import yaml

from ci_factory.errors import TicketError
from ci_factory.model.base import Json

MAX_DEPTH = 8
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NULLS = {"", "~", "null", "Null", "NULL"}
_FENCES = {"---", "..."}


def split(text: str) -> tuple[str | None, str]:
    """Front matter (`None` when there is none) and the body below it.

    Raises:
        TicketError: the block is not closed.
    """
    lines = text.splitlines(keepends=True)
    if not lines or lines[0].rstrip() != "---":
        return None, text
    for number, line in enumerate(lines[1:], start=1):
        if line.rstrip() in _FENCES:
            return "".join(lines[1:number]), "".join(lines[number + 1 :]).lstrip("\n")
    raise TicketError("the front matter is not closed", where="line 1", fix="end it with a line `---`")


def parse(text: str) -> dict[str, Json]:
    """The mapping in a front matter block: keys to text, `None`, lists or mappings of these.

    Raises:
        TicketError: with the line (the block's first line is line 2 of its file) as `where`.
    """
    try:
        value = _Reader(yaml.parse(text, Loader=_LOADER)).document()
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line if error.problem_mark else 0
        raise _wrong(f"is not valid YAML: {error.problem or error.context}", line) from error
    except yaml.YAMLError as error:
        raise _wrong(f"is not valid YAML: {' '.join(str(error).split())}", 0) from error
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise _wrong("the front matter must be a mapping", 0, "write `key: value` lines")
    return value


def _wrong(what: str, line: int, fix: str = "mend this line of the front matter") -> TicketError:
    return TicketError(what, where=f"line {line + 2}", fix=fix)


class _Reader:
    """Builds values from YAML's event stream."""

    def __init__(self, events: Iterator[yaml.Event]) -> None:
        self._events = events

    def document(self) -> Json:
        """The one document of the stream; `None` when it is empty."""
        value: Json = None
        for event in self._events:
            if isinstance(event, yaml.NodeEvent):
                value = self._value(event, 0)
            elif isinstance(event, yaml.DocumentStartEvent) and event.explicit:
                raise _wrong("holds a second document", _line(event))
        return value

    def _value(self, event: yaml.Event, depth: int) -> Json:
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise _wrong(
                "anchors and aliases (`&`, `*`) are not allowed", _line(event), "write the value out"
            )
        if getattr(event, "tag", None):
            raise _wrong("tags (`!`) are not allowed", _line(event), "put the value in quotes")
        if depth > MAX_DEPTH:
            raise _wrong("is nested too deeply", _line(event))
        if isinstance(event, yaml.ScalarEvent):
            return None if event.implicit[0] and event.value in _NULLS else event.value
        if isinstance(event, yaml.SequenceStartEvent):
            return [self._value(each, depth + 1) for each in self._until(yaml.SequenceEndEvent)]
        return self._mapping(depth)

    def _mapping(self, depth: int) -> dict[str, Json]:
        found: dict[str, Json] = {}
        for event in self._until(yaml.MappingEndEvent):
            key = self._value(event, depth + 1)
            if not isinstance(key, str):
                raise _wrong("a key must be text", _line(event))
            if key in found:
                raise _wrong(f"the key `{key}` stands here twice", _line(event), "keep one of them")
            found[key] = self._value(next(self._events), depth + 1)
        return found

    def _until(self, end: type[yaml.Event]) -> Iterator[yaml.Event]:
        for event in self._events:
            if isinstance(event, end):
                return
            yield event


def _line(event: yaml.Event) -> int:
    return int(event.start_mark.line) if event.start_mark else 0
