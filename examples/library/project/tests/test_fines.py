"""What a late return costs."""

from datetime import date

import pytest

from lendery.domain import Loan
from lendery.fines import days_late, fine_cents

LOAN = Loan(1, "9780140449266", 1, date(2025, 2, 1), date(2025, 2, 22))


@pytest.mark.parametrize(("days", "cents"), [(0, 0), (1, 20), (7, 140), (50, 1000), (365, 1000)])
def test_every_day_costs_the_same_up_to_the_cap(days: int, cents: int) -> None:
    assert fine_cents(days) == cents


def test_a_book_in_time_is_not_late() -> None:
    assert days_late(LOAN, date(2025, 2, 22)) == 0


def test_an_open_loan_is_measured_today() -> None:
    assert days_late(LOAN, date(2025, 3, 1)) == 7


def test_a_closed_loan_is_measured_at_its_return() -> None:
    closed = Loan(1, "9780140449266", 1, date(2025, 2, 1), date(2025, 2, 22), date(2025, 2, 24))
    assert days_late(closed, date(2025, 3, 1)) == 2
