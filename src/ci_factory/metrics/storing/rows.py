"""Facts as the store writes them: JSON under a key, without what a field says anyway. Pure.

A field that has its default is left out. So an optional field that a later version adds does not make a new revision of
every fact, and the store is smaller. The default of a field of a fact must never change.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from operator import attrgetter
from typing import Any, NamedTuple, get_args

from pydantic_core import from_json

from ci_factory.errors import ArtifactError
from ci_factory.metrics.facts import History
from ci_factory.metrics.storing.chain import written
from ci_factory.model.base import Json, Value
from ci_factory.model.text import plain

KEYS: dict[str, tuple[str, ...]] = {
    "tickets": ("id",),
    "merge_requests": ("iid",),
    "batches": ("id",),
    "attempts": ("batch", "ticket"),
    "gates": ("batch", "ticket", "gate"),
    "escalations": ("batch", "ticket"),
    "predictions": ("batch", "ticket"),
    "aftermath": ("iid",),
}
"""Kind of fact (a field of `History`) -> the fields that identify one."""
_SHOWN = 200


class Fact(NamedTuple):
    """What kind, which one, and what is known of it as JSON."""

    kind: str
    key: str
    data: str


def facts_of(history: History) -> Iterator[Fact]:
    """Every fact of a history; equal facts give equal text."""
    for kind, fields in KEYS.items():
        for fact in getattr(history, kind):
            data = fact.model_dump(mode="json")
            yield Fact(kind, "/".join(str(data[field]) for field in fields), written(short(kind, data)))


def parsed(text: str) -> dict[str, Json]:
    """The data of a fact.

    Raises:
        ValueError: they are no JSON object.
    """
    data = from_json(text)
    if not isinstance(data, dict):
        msg = "its data are no object"
        raise ValueError(msg)  # noqa: TRY004 - of what was stored, not of a caller
    return data


def short(kind: str, data: Mapping[str, Json]) -> dict[str, Json]:
    """A fact's data without the fields that have their defaults, within its values too."""
    usual = _defaults(kind)
    inner = {name: _without(data[name], usual[name]) for name in _nested(kind) if data.get(name)}
    return _without({**data, **inner}, usual)


def reader(kind: str) -> Callable[[str], dict[str, Json]]:
    """What makes whole data of the text of a fact; it raises ValueError or TypeError where it is none."""
    usual, nested = _defaults(kind), _nested(kind)

    def whole(text: str) -> dict[str, Json]:
        data = {**usual, **from_json(text)}
        for name in nested:
            if (inner := data[name]) is not usual[name]:
                data[name] = {**usual[name], **inner}
        return data

    return whole


def history_of(found: Mapping[str, Iterable[str]]) -> History:
    """A history of the texts of facts by kind, each kind in the order of its keys.

    Raises:
        ArtifactError: one is not a fact of this version.
    """
    try:
        return History.model_validate({kind: _facts(kind, texts) for kind, texts in found.items()})
    except (ValueError, TypeError) as error:
        raise unreadable(error) from error


def check(kind: str, data: Mapping[str, Json]) -> None:
    """Make sure of one fact.

    Raises:
        ArtifactError: it is not one of this version.
    """
    try:
        _model(kind).model_validate(data)
    except ValueError as error:
        raise unreadable(error) from error


def unreadable(error: Exception) -> ArtifactError:
    """The store holds a fact that is none of this version."""
    first, _, _ = str(error).partition("\n")
    return ArtifactError(
        f"holds a fact that can't be read: {plain(first, _SHOWN)}",
        where="--store",
        fix="use the ci-factory that wrote it, or collect into a new database",
    )


def _facts(kind: str, texts: Iterable[str]) -> tuple[Value, ...]:
    read = _model(kind).model_validate_json
    return tuple(sorted(map(read, texts), key=attrgetter(*KEYS[kind])))


@cache
def _model(kind: str) -> type[Value]:
    model: type[Value] = get_args(History.model_fields[kind].annotation)[0]
    return model


@cache
def _defaults(kind: str) -> dict[str, Any]:
    return _model(kind).model_construct().model_dump(mode="json")


@cache
def _nested(kind: str) -> tuple[str, ...]:
    """Fields that are values themselves, with defaults of their own: usage."""
    return tuple(name for name, value in _defaults(kind).items() if isinstance(value, dict) and value)


def _without(data: Mapping[str, Json], usual: Mapping[str, Json]) -> dict[str, Json]:
    return {name: value for name, value in data.items() if name not in usual or value != usual[name]}
