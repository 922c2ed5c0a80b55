"""Rows and figures as tables for other programs: CSV (RFC 4180) or a JSON array, line by line. Pure.

The order of columns is a promise: new ones are added at the end. Moments are ISO 8601 in UTC, what is unknown is an empty
cell or `null`. Cells of CSV that a spreadsheet would take for a formula begin with an apostrophe.
"""

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

from ci_factory.metrics.figure import Figure
from ci_factory.metrics.sample import COMPONENTS, Change, Check, Question, Sample, Shift, Task, Work

FIGURES = "figures"
_TABLES: Final[dict[str, tuple[type[Any], Callable[[Sample], Sequence[tuple[Any, ...]]]]]] = {
    "changes": (Change, lambda sample: sample.changes),
    "tickets": (Task, lambda sample: sample.tasks),
    "work": (Work, lambda sample: sample.work),
    "gates": (Check, lambda sample: sample.checks),
    "questions": (Question, lambda sample: sample.questions),
    "batches": (Shift, lambda sample: sample.shifts),
}
TABLES: Final = (*_TABLES, FIGURES)
"""What can be exported."""
_MOMENTS: Final = frozenset({
    "triggered", "created", "ready", "reviewed", "approved", "merged", "closed", "observed_until", "reverted", "defect",
    "first_mr", "started", "finished", "at", "raised", "answered", "ended",
})  # fmt: skip
_FIGURE_COLUMNS: Final = (
    "key", "name", "unit", "value", "n", "low", "high", "target_above", "target_below", "status", "labels", "note", "definition",
)  # fmt: skip
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%")
"""What a cell must not begin with (OWASP, CSV injection), and the signs of older spreadsheets."""
Row = tuple[str | float | int | bool | None, ...]


def columns(what: str) -> tuple[str, ...]:
    """Names of the columns of one of `TABLES`, in order."""
    if what == FIGURES:
        return _FIGURE_COLUMNS
    return tuple(column for field in _TABLES[what][0]._fields for column in _named(field))


def rows(what: str, sample: Sample, figures: Iterable[Figure] = ()) -> Iterator[Row]:
    """The rows of one of `TABLES`, each in the order of its columns; `figures` are those of the table of that name."""
    if what == FIGURES:
        yield from map(_figure, figures)
        return
    kind, chosen = _TABLES[what]
    readers = [_reader(field) for field in kind._fields]
    for row in chosen(sample):
        yield tuple(cell for reader, value in zip(readers, row, strict=True) for cell in reader(value))


def csv_lines(names: Sequence[str], found: Iterable[Row]) -> Iterator[str]:
    """Header and rows as CSV, one record at a time, each ending in CR LF."""
    line = _Line()
    writer = csv.writer(line, lineterminator="\r\n")
    writer.writerow(names)
    yield line.text
    for row in found:
        writer.writerow([_cell(value) for value in row])
        yield line.text


def json_lines(names: Sequence[str], found: Iterable[Row]) -> Iterator[str]:
    """The rows as one JSON array of objects, an object to a line."""
    opening = "[\n"
    for row in found:
        yield opening + json.dumps(dict(zip(names, row, strict=True)), ensure_ascii=False, allow_nan=False)
        opening = ",\n"
    yield "[]\n" if opening == "[\n" else "\n]\n"


class _Line:
    """A file of one record: what `csv` wrote last."""

    text = ""

    def write(self, text: str) -> None:
        self.text = text


def _named(field: str) -> tuple[str, ...]:
    return tuple(f"score_{name}" for name in COMPONENTS) if field == "components" else (field,)


def _reader(field: str) -> Callable[[Any], Sequence[Any]]:
    if field == "components":
        return tuple
    return _moment if field in _MOMENTS else lambda value: (value,)


def _moment(at: float | None) -> tuple[str | None]:
    return (None if at is None else _iso(at),)


@lru_cache(maxsize=65536)
def _iso(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC).isoformat(timespec='milliseconds').removesuffix('+00:00')}Z"


def _cell(value: str | float | None) -> str | float:
    """Numbers as they are; text that can do nothing in a spreadsheet."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str):
        return value
    text = value.replace("\0", "")
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) else text


def _figure(figure: Figure) -> Row:
    low, high = figure.interval or (None, None)
    above, below = (figure.target.above, figure.target.below) if figure.target else (None, None)
    labels = ";".join(f"{key}={value}" for key, value in sorted(figure.labels.items()))
    return (
        figure.key, figure.name, figure.unit.value, figure.value, figure.n, low, high, above, below,
        figure.status.value, labels, figure.note, figure.definition,
    )  # fmt: skip
