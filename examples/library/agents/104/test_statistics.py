"""Counting by month."""

from dataclasses import replace
from datetime import date

import pytest

from lendery.errors import RefusedError
from lendery.statistics import Month, monthly
from lendery.storage import Store

REPUBLIC, CITIES = "9780140449266", "9780141439600"
APRIL = date(2025, 4, 30)


def lend(
    store: Store,
    isbn: str,
    lent_on: date,
    due_on: date,
    returned_on: date | None = None,
    member: int = 1,
) -> None:
    """A loan, closed when it has a day of return."""
    loan = store.add_loan(isbn, member, lent_on, due_on)
    store.save_loan(replace(loan, returned_on=returned_on))


def test_a_month_is_written_with_two_digits() -> None:
    assert str(Month.parse("2025-03")) == "2025-03"


@pytest.mark.parametrize("text", ["", "2025", "2025-13", "2025-00", "2025-3", "March", "2025-03-1"])
def test_a_month_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(RefusedError, match="is not a month"):
        Month.parse(text)


def test_january_follows_december() -> None:
    assert Month(2024, 12).next() == Month(2025, 1)
    assert Month(2024, 11).next() == Month(2024, 12)


def test_an_empty_library_has_no_rows(store: Store) -> None:
    assert monthly(store, APRIL) == []


def test_months_without_a_loan_are_there_with_zeros(store: Store) -> None:
    lend(store, REPUBLIC, date(2025, 1, 10), date(2025, 1, 31))
    lend(store, CITIES, date(2025, 3, 10), date(2025, 3, 31))
    rows = monthly(store, date(2025, 3, 31))
    assert [(str(row.month), row.loans) for row in rows] == [
        ("2025-01", 1),
        ("2025-02", 0),
        ("2025-03", 1),
    ]


def test_a_late_return_counts_in_the_month_of_the_return(store: Store) -> None:
    lend(store, REPUBLIC, date(2025, 3, 8), date(2025, 3, 29), date(2025, 4, 2))
    march, april = monthly(store, APRIL)
    assert (march.loans, march.returns, march.late, march.cents) == (1, 0, 0, 0)
    assert (april.loans, april.returns, april.late, april.cents) == (0, 1, 1, 80)


def test_a_return_in_time_is_not_late(store: Store) -> None:
    lend(store, REPUBLIC, date(2025, 4, 1), date(2025, 4, 22), date(2025, 4, 22))
    (row,) = monthly(store, APRIL)
    assert row.cells() == ("2025-04", "1", "1", "0", "1", "EUR 0.00")


def test_a_member_with_two_books_is_one_active_member(store: Store) -> None:
    lend(store, REPUBLIC, date(2025, 4, 1), date(2025, 4, 22))
    lend(store, CITIES, date(2025, 4, 2), date(2025, 4, 23))
    lend(store, REPUBLIC, date(2025, 4, 3), date(2025, 4, 24), member=2)
    (row,) = monthly(store, APRIL)
    assert (row.loans, row.members) == (3, 2)


def test_earlier_months_can_be_left_out(store: Store) -> None:
    lend(store, REPUBLIC, date(2025, 1, 10), date(2025, 1, 31))
    rows = monthly(store, APRIL, since=Month(2025, 3))
    assert [str(row.month) for row in rows] == ["2025-03", "2025-04"]


def test_nothing_is_counted_before_the_first_loan(store: Store) -> None:
    lend(store, REPUBLIC, date(2025, 4, 1), date(2025, 4, 22))
    assert [str(row.month) for row in monthly(store, APRIL, since=Month(2024, 1))] == ["2025-04"]
