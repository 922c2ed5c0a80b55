"""A day at the desk, through the command line."""

import runpy
from pathlib import Path

import pytest

from lendery.cli import main


class Desk:
    """The command line on a file of its own."""

    def __init__(self, path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """Work on the given file."""
        self._path, self._capsys = path, capsys

    def __call__(self, *words: str, today: str = "2025-03-01") -> tuple[int, str, str]:
        """Status, output and errors of one command."""
        status = main(["--file", str(self._path), "--today", today, *words])
        captured = self._capsys.readouterr()
        return status, captured.out.rstrip("\n"), captured.err.rstrip("\n")


@pytest.fixture
def desk(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Desk:
    """A library with one book and one member."""
    desk = Desk(tmp_path / "library.sqlite3", capsys)
    added = desk("add-book", "0-14-044926-4", "The Republic", "Plato")
    assert added == (0, "added The Republic (9780140449266)", "")
    assert desk("join", "Ada Lovelace") == (0, "Ada Lovelace is member 1", "")
    return desk


def test_a_loan_from_lending_to_the_fine(desk: Desk) -> None:
    assert desk("lend", "1", "9780140449266") == (0, "loan 1: due on 2025-03-22", "")
    status, report, _ = desk("report", "overdue", today="2025-03-25")
    assert (status, report.splitlines()[1].split()[-1]) == (0, "0.60")
    status, receipt, _ = desk("return", "1", today="2025-03-25")
    assert (status, receipt.splitlines()[0]) == (0, "loan 1 closed, fine EUR 0.60")
    assert desk("report", "overdue", today="2025-03-25") == (0, "nothing is overdue", "")


def test_books_and_people_are_found(desk: Desk) -> None:
    assert desk("search", "plato")[1] == "9780140449266  The Republic, Plato\n1 book"
    assert desk("who", "ada")[1] == "1  Ada Lovelace"
    assert desk("who", "grace")[1] == "nobody"


def test_favourites(desk: Desk) -> None:
    desk("lend", "1", "9780140449266")
    assert desk("report", "popular")[1].splitlines()[1] == "1 loan  The Republic  Plato"


def test_a_refusal_is_one_sentence_and_status_1(desk: Desk) -> None:
    assert desk("lend", "7", "9780140449266") == (1, "", "there is no member 7")


def test_the_package_runs_as_a_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["lendery", "--version"])
    with pytest.raises(SystemExit) as ended:
        runpy.run_module("lendery", run_name="__main__")
    assert ended.value.code == 0
