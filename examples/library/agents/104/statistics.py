"""Counts by month, for those who pay for the library."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Self

from lendery.domain import Loan
from lendery.errors import RefusedError
from lendery.fines import days_late, fine_cents
from lendery.formatting import money
from lendery.storage import Store

HEADER = ("month", "loans", "returns", "late", "members", "fines")
_MONTH = re.compile(r"(?P<year>[1-9][0-9]{3})-(?P<number>0[1-9]|1[0-2])")


@dataclass(frozen=True, order=True)
class Month:
    """A month of a year; months are in order of time."""

    year: int
    number: int

    @classmethod
    def of(cls, day: date) -> Self:
        """The month of a day."""
        return cls(day.year, day.month)

    @classmethod
    def parse(cls, text: str) -> Self:
        """A month written `2025-03`.

        Raises:
            RefusedError: it is not written so, or there is no such month.
        """
        match = _MONTH.fullmatch(text)
        if match is None:
            raise RefusedError(f"{text} is not a month, such as 2025-03")
        return cls(int(match["year"]), int(match["number"]))

    def next(self) -> "Month":
        """The month after this one."""
        years, number = divmod(self.number, 12)
        return Month(self.year + years, number + 1)

    def __str__(self) -> str:
        return f"{self.year}-{self.number:02d}"


@dataclass(frozen=True)
class MonthRow:
    """What happened in one month."""

    month: Month
    loans: int
    returns: int
    late: int
    members: int
    cents: int

    def cells(self) -> tuple[str, ...]:
        """The row as texts, one for each column of the header."""
        counts = (self.loans, self.returns, self.late, self.members)
        return (str(self.month), *map(str, counts), money(self.cents))


def monthly(store: Store, today: date, since: Month | None = None) -> list[MonthRow]:
    """A row for each month from the first loan, or from a later month, to the month of today."""
    loans = store.loans()
    if not loans:
        return []
    first = min(Month.of(loan.lent_on) for loan in loans)
    return [_row(month, loans) for month in _months(max(first, since or first), Month.of(today))]


def _months(first: Month, last: Month) -> Iterator[Month]:
    month = first
    while month <= last:
        yield month
        month = month.next()


def _row(month: Month, loans: list[Loan]) -> MonthRow:
    lent = [loan for loan in loans if Month.of(loan.lent_on) == month]
    late_days = [
        days_late(loan, loan.returned_on)
        for loan in loans
        if loan.returned_on and Month.of(loan.returned_on) == month
    ]
    return MonthRow(
        month=month,
        loans=len(lent),
        returns=len(late_days),
        late=sum(days > 0 for days in late_days),
        members=len({loan.member for loan in lent}),
        cents=sum(fine_cents(days) for days in late_days),
    )
