"""Lending and taking back."""

from dataclasses import replace
from datetime import date, timedelta

from lendery.domain import Loan
from lendery.errors import RefusedError
from lendery.storage import Store

LOAN_DAYS = 21
MAX_LOANS = 5


def lend(store: Store, member: int, isbn: str, today: date) -> Loan:
    """Hand out one copy for three weeks.

    Raises:
        NotFoundError: there is no such member or book.
        RefusedError: the member has too many books, or every copy is out.
    """
    person, book = store.member(member), store.book(isbn)
    loans = store.loans(open_only=True)
    if sum(loan.member == person.number for loan in loans) >= MAX_LOANS:
        raise RefusedError(f"{person.name} already has {MAX_LOANS} books")
    if sum(loan.isbn == book.isbn for loan in loans) >= book.copies:
        raise RefusedError(f"every copy of {book.title} is out")
    return store.add_loan(book.isbn, person.number, today, today + timedelta(days=LOAN_DAYS))


def take_back(store: Store, number: int, today: date) -> Loan:
    """Close a loan.

    Raises:
        NotFoundError: there is no such loan.
        RefusedError: it is closed already.
    """
    loan = store.loan(number)
    if not loan.is_open:
        raise RefusedError(f"loan {number} was closed on {loan.returned_on}")
    closed = replace(loan, returned_on=today)
    store.save_loan(closed)
    return closed
