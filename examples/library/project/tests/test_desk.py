"""The rules of lending."""

from datetime import date

import pytest

from lendery import desk
from lendery.domain import Book
from lendery.errors import NotFoundError, RefusedError
from lendery.storage import Store


def test_a_book_is_due_after_three_weeks(store: Store, today: date) -> None:
    assert desk.lend(store, 1, "9780140449266", today).due_on == date(2025, 3, 22)


def test_an_unknown_member_gets_nothing(store: Store, today: date) -> None:
    with pytest.raises(NotFoundError):
        desk.lend(store, 99, "9780140449266", today)


def test_the_last_copy_can_be_lent_once(store: Store, today: date) -> None:
    desk.lend(store, 1, "9780141439600", today)
    with pytest.raises(RefusedError, match="every copy"):
        desk.lend(store, 2, "9780141439600", today)


def test_five_books_are_enough(store: Store, today: date) -> None:
    store.add_book(Book("9780804429573", "Collected Works", "Anonymous", copies=9))
    for _ in range(desk.MAX_LOANS):
        desk.lend(store, 1, "9780804429573", today)
    with pytest.raises(RefusedError, match="already has 5 books"):
        desk.lend(store, 1, "9780140449266", today)


def test_a_returned_copy_can_be_lent_again(store: Store, today: date) -> None:
    loan = desk.lend(store, 1, "9780141439600", today)
    assert desk.take_back(store, loan.number, today).returned_on == today
    assert desk.lend(store, 2, "9780141439600", today).is_open


def test_a_loan_is_closed_once(store: Store, today: date) -> None:
    loan = desk.lend(store, 1, "9780141439600", today)
    desk.take_back(store, loan.number, today)
    with pytest.raises(RefusedError, match="was closed on 2025-03-01"):
        desk.take_back(store, loan.number, today)
