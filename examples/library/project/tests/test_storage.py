"""What is put into the file comes out again."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from lendery.domain import Book
from lendery.errors import NotFoundError
from lendery.storage import Store


def test_a_file_keeps_everything(tmp_path: Path) -> None:
    book = Book("9780140449266", "The Republic", "Plato", 2)
    with Store(tmp_path / "library.sqlite3") as store:
        store.add_book(book)
        member = store.add_member("Ada Lovelace")
        loan = store.add_loan(book.isbn, member.number, date(2025, 3, 1), date(2025, 3, 22))
    with Store(tmp_path / "library.sqlite3") as store:
        assert store.books() == [book]
        assert store.members() == [member]
        assert store.loans() == [loan]


def test_adding_a_book_again_replaces_it(store: Store) -> None:
    store.add_book(Book("9780140449266", "The Republic", "Plato", 9))
    assert store.book("9780140449266").copies == 9
    assert len(store.books()) == 3


def test_a_closed_loan_is_no_longer_open(store: Store, today: date) -> None:
    loan = store.add_loan("9780140449266", 1, today, today)
    store.save_loan(replace(loan, returned_on=today, renewals=1))
    assert store.loan(loan.number) == replace(loan, returned_on=today, renewals=1)
    assert store.loans(open_only=True) == []


def test_what_does_not_exist_is_said_so(store: Store) -> None:
    for look_up in (lambda: store.book("1"), lambda: store.member(99), lambda: store.loan(99)):
        with pytest.raises(NotFoundError, match="there is no"):
            look_up()
