"""Tables for other programs: columns that stay, text that does nothing in a spreadsheet, and any number of rows."""

import csv
import io
import json
import re
import tracemalloc
from collections.abc import Iterator
from itertools import repeat
from pathlib import Path

import click
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ci_factory.metrics import export
from ci_factory.metrics.figures import figures
from ci_factory.metrics.sample import Sample
from tests.metrics.quarter import NOW, quarter

SAMPLE = quarter()
FIGURES = figures(SAMPLE, NOW)


def table(what: str) -> list[dict[str, str]]:
    text = "".join(export.csv_lines(export.columns(what), export.rows(what, SAMPLE, FIGURES)))
    return list(csv.DictReader(io.StringIO(text, newline="")))


@pytest.mark.parametrize("what", export.TABLES)
def test_csv_and_json_say_the_same(what: str) -> None:
    """Both have the documented columns in order, a record for each row, and the same values in it."""
    names = export.columns(what)
    rows = json.loads("".join(export.json_lines(names, export.rows(what, SAMPLE, FIGURES))))
    assert rows
    assert {tuple(row) for row in rows} == {names}
    for record, row in zip(table(what), rows, strict=True):
        shown = {name: _shown(value) for name, value in row.items()}
        assert {name: text.removeprefix("'") for name, text in record.items()} == shown


def _shown(value: object) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def test_the_command_offers_every_table() -> None:
    """`--what` takes the names of all tables, and no other."""
    from ci_factory.cli.report import command

    (option,) = (each for each in command.params if each.name == "what")
    assert isinstance(option.type, click.Choice)
    assert tuple(option.type.choices) == export.TABLES


def test_columns_are_documented_in_order() -> None:
    """docs/exports.md has each table with its columns, as they are."""
    text = (Path(__file__).parents[2] / "docs" / "exports.md").read_text("utf-8")
    rows = dict(re.findall(r"^\| `(\w+)`[^|]*\| ([^|]*) \|$", text, re.MULTILINE))
    assert {what: tuple(rows[what].split(", ")) for what in export.TABLES} == {
        w: export.columns(w) for w in export.TABLES
    }


def test_columns_are_a_promise() -> None:
    """What a program reads by place stays in its place; new columns come last."""
    assert export.columns("changes")[:9] == (
        "project", "iid", "ticket", "batch", "agent", "model", "area", "size", "priority",
    )  # fmt: skip
    assert export.columns("questions") == (
        "project", "batch", "ticket", "agent", "area", "trigger", "priority", "raised", "answered", "waiting",
    )  # fmt: skip
    assert export.columns("figures")[:6] == ("key", "name", "unit", "value", "n", "low")


def test_moments_are_iso_and_unknown_is_empty() -> None:
    """A moment is told in UTC to the millisecond; what is not known is an empty cell, and zero is zero."""
    first = table("changes")[0]
    assert first["created"] == "2026-08-31T20:00:00.000Z"
    assert (first["model"], first["fix_ups"], first["draft"]) == ("", "0", "false")


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1", "|x", "%0"])
def test_formulas_are_text(text: str) -> None:
    """What a spreadsheet would compute begins with an apostrophe in CSV, and is itself in JSON."""
    (record,) = csv.reader(
        io.StringIO("".join(export.csv_lines(("a",), [(text,)])).split("\r\n", 1)[1], newline="")
    )
    assert record == [f"'{text}"]
    assert json.loads("".join(export.json_lines(("a",), [(text,)]))) == [{"a": text}]


def test_numbers_stay_numbers() -> None:
    """A negative number is no formula."""
    assert list(export.csv_lines(("a", "b"), [(-1.5, None)])) == ["a,b\r\n", "-1.5,\r\n"]


@given(st.lists(st.tuples(st.text(), st.one_of(st.none(), st.integers(), st.text())), max_size=5))
@settings(max_examples=60, deadline=None)
def test_any_text_comes_back(rows: list[tuple[str, str | int | None]]) -> None:
    """Quotes, commas, line ends of any kind: the parsed records are the rows, but for the guard and NUL."""
    text = "".join(export.csv_lines(("a", "b"), rows))
    found = list(csv.reader(io.StringIO(text, newline="")))[1:]
    assert len(found) == len(rows)
    for record, row in zip(found, rows, strict=True):
        for cell, value in zip(record, row, strict=True):
            wanted = _shown(value).replace("\0", "")
            assert cell in ({wanted, f"'{wanted}"} if isinstance(value, str) else {wanted})


def test_rows_are_not_held() -> None:
    """However many there are, one after the other is written; a million characters take no more room than ten."""

    def sizes(count: int) -> int:
        rows: Iterator[export.Row] = repeat(("x" * 100, 1.0, None), count)
        tracemalloc.start()
        for lines in (export.csv_lines, export.json_lines):
            assert sum(map(len, lines(("a", "b", "c"), rows))) > 0
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return peak

    assert sizes(10_000) < sizes(10) + 50_000


def test_nothing_is_a_table_without_rows() -> None:
    """An empty sample gives the header alone, and an empty array."""
    assert list(export.csv_lines(("a",), export.rows("changes", Sample()))) == ["a\r\n"]
    assert json.loads("".join(export.json_lines(("a",), ()))) == []
