"""CSV that spreadsheets read."""

import csv
import io

import pytest

from lendery.csv_text import csv_text


def test_cells_stand_between_semicolons() -> None:
    assert csv_text(("a", "b"), [("1", "2"), ("3", "4")]) == "a;b\n1;2\n3;4"


@pytest.mark.parametrize(
    ("cell", "written"),
    [("x;y", '"x;y"'), ('say "x"', '"say ""x"""'), ("x\ny", '"x\ny"'), ("x, y", "x, y")],
)
def test_a_cell_is_quoted_where_it_must_be(cell: str, written: str) -> None:
    assert csv_text(("a", "b"), [(cell, "2")]) == f"a;b\n{written};2"


def test_what_is_written_can_be_read_back() -> None:
    rows = [["a;b", 'c"d'], ["e\nf", ""]]
    text = csv_text(("x", "y"), rows)
    assert list(csv.reader(io.StringIO(text), delimiter=";")) == [["x", "y"], *rows]
