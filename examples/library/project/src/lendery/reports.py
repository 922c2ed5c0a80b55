"""What the people at the desk read in the morning."""

from collections import Counter
from dataclasses import dataclass
from datetime import date

from lendery.domain import Book, Loan, Member
from lendery.fines import days_late, fine_cents
from lendery.formatting import counted, money, table
from lendery.storage import Store


@dataclass(frozen=True)
class OverdueLine:
    """One book that should be back by now."""

    loan: Loan
    member: Member
    book: Book
    days: int

    @property
    def cents(self) -> int:
        """The fine if it came back today."""
        return fine_cents(self.days)


def overdue(store: Store, today: date) -> list[OverdueLine]:
    """Every open loan past its due date."""
    lines = [
        OverdueLine(loan, store.member(loan.member), store.book(loan.isbn), days_late(loan, today))
        for loan in store.loans(open_only=True)
    ]
    return [line for line in lines if line.days > 0]


def popular(store: Store, limit: int = 10) -> list[tuple[Book, int]]:
    """The books lent most often and how often, most popular first."""
    counts = Counter(loan.isbn for loan in store.loans())
    return [(store.book(isbn), times) for isbn, times in counts.most_common(limit)]


def overdue_text(lines: list[OverdueLine]) -> str:
    """The overdue list as a table."""
    if not lines:
        return "nothing is overdue"
    rows = [
        (
            str(line.loan.number),
            line.member.name,
            line.book.title,
            counted(line.days, "day"),
            money(line.cents),
        )
        for line in lines
    ]
    return table(("loan", "member", "title", "late", "fine"), rows)


def popular_text(books: list[tuple[Book, int]]) -> str:
    """The most popular books as a table."""
    if not books:
        return "nothing was lent yet"
    rows = [(counted(times, "loan"), book.title, book.author) for book, times in books]
    return table(("lent", "title", "author"), rows)
