"""Why people pay what they pay."""

from datetime import date
from pathlib import Path

import pytest

from lendery.cli import main
from lendery.domain import Book
from lendery.fine_text import explain
from lendery.storage import Store


@pytest.mark.parametrize(
    ("days", "grace_days", "sentence"),
    [
        (0, 3, "in time, thank you"),
        (1, 3, "1 day late, free"),
        (2, 3, "2 days late, all free"),
        (5, 3, "5 days late, the first 3 are free: 2 days at EUR 0.20 each"),
        (2, 1, "2 days late, the first is free: 1 day at EUR 0.20"),
        (1, 0, "1 day late: EUR 0.20"),
        (5, 0, "5 days late: each at EUR 0.20"),
        (7, 0, "7 days (a week) late: each at EUR 0.20"),
        (14, 0, "14 days (2 weeks) late: each at EUR 0.20"),
        (365, 0, "365 days late: each at EUR 0.20, at most EUR 10.00"),
        (60, 3, "60 days late, the first 3 are free: 57 days at EUR 0.20 each, at most EUR 10.00"),
    ],
)
def test_the_sentence_says_how_the_fine_came_about(
    days: int, grace_days: int, sentence: str
) -> None:
    assert explain(days, grace_days) == sentence


def test_the_return_desk_prints_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "library.sqlite3"
    with Store(file) as store:
        store.add_book(Book("9780140449266", "The Republic", "Plato"))
        store.add_member("Ada Lovelace")
        store.add_loan("9780140449266", 1, date(2025, 3, 1), date(2025, 3, 22))
    words = ["--file", str(file), "--today", "2025-03-24", "return", "1", "--grace-days", "3"]
    assert main(words) == 0
    assert capsys.readouterr().out == "loan 1 closed, fine EUR 0.00\n2 days late, all free\n"
