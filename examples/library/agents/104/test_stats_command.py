"""`lendery stats`, through the command line."""

from datetime import date
from pathlib import Path

import pytest

from lendery.cli import main
from lendery.domain import Book
from lendery.storage import Store


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A library with one loan in February."""
    path = tmp_path / "library.sqlite3"
    with Store(path) as store:
        store.add_book(Book("9780140449266", "The Republic", "Plato"))
        store.add_member("Ada Lovelace")
        store.add_loan("9780140449266", 1, date(2025, 2, 3), date(2025, 2, 24))
    return path


def stats(file: Path, *words: str) -> int:
    """Status of the command on 1 March."""
    return main(["--file", str(file), "--today", "2025-03-01", "stats", *words])


def test_people_get_a_table(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert stats(file) == 0
    assert capsys.readouterr().out.splitlines() == [
        "month    loans  returns  late  members  fines",
        "2025-02  1      0        0     1        EUR 0.00",
        "2025-03  0      0        0     0        EUR 0.00",
    ]


def test_spreadsheets_get_semicolons(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert stats(file, "--csv", "--since", "2025-03") == 0
    assert capsys.readouterr().out == (
        "month;loans;returns;late;members;fines\n2025-03;0;0;0;0;EUR 0.00\n"
    )


def test_a_wrong_month_is_one_sentence(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert stats(file, "--since", "soon") == 1
    assert capsys.readouterr().err == "soon is not a month, such as 2025-03\n"


def test_an_empty_library_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert stats(tmp_path / "empty.sqlite3") == 0
    assert capsys.readouterr().out == "nothing was lent yet\n"
