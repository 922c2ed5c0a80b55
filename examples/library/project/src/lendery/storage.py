"""The library's SQLite file; the only module that speaks SQL."""

import sqlite3
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import Self

from lendery.domain import Book, Loan, Member
from lendery.errors import NotFoundError

SCHEMA = """
CREATE TABLE IF NOT EXISTS book (
    isbn TEXT PRIMARY KEY, title TEXT NOT NULL, author TEXT NOT NULL, copies INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS member (number INTEGER PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS loan (
    number INTEGER PRIMARY KEY,
    isbn TEXT NOT NULL REFERENCES book,
    member INTEGER NOT NULL REFERENCES member,
    lent_on TEXT NOT NULL,
    due_on TEXT NOT NULL,
    returned_on TEXT,
    renewals INTEGER NOT NULL DEFAULT 0
);
"""


class Store:
    """Books, members and loans in one file; a context manager that closes it."""

    def __init__(self, path: Path | str) -> None:
        """Open the file, making it when it does not exist; `:memory:` for tests."""
        self._db = sqlite3.connect(path)
        self._db.execute("PRAGMA foreign_keys = ON")
        self._db.executescript(SCHEMA)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._db.close()

    def add_book(self, book: Book) -> None:
        """Add a title, or replace what is known of it."""
        with self._db:
            self._db.execute(
                "INSERT INTO book VALUES (?, ?, ?, ?) ON CONFLICT (isbn) DO UPDATE SET "
                "title = excluded.title, author = excluded.author, copies = excluded.copies",
                (book.isbn, book.title, book.author, book.copies),
            )

    def book(self, isbn: str) -> Book:
        """One title, by its thirteen digits."""
        row = self._db.execute("SELECT * FROM book WHERE isbn = ?", (isbn,)).fetchone()
        if row is None:
            raise NotFoundError(f"there is no book {isbn}")
        return Book(*row)

    def books(self) -> list[Book]:
        """The whole catalogue, by title."""
        return [Book(*row) for row in self._db.execute("SELECT * FROM book ORDER BY title, isbn")]

    def add_member(self, name: str) -> Member:
        """A new member with the next free number."""
        with self._db:
            number = self._db.execute("INSERT INTO member (name) VALUES (?)", (name,)).lastrowid
        return self.member(number or 0)

    def member(self, number: int) -> Member:
        """One member, by the number on the card."""
        row = self._db.execute("SELECT * FROM member WHERE number = ?", (number,)).fetchone()
        if row is None:
            raise NotFoundError(f"there is no member {number}")
        return Member(*row)

    def members(self) -> list[Member]:
        """Everybody, by number."""
        return [Member(*row) for row in self._db.execute("SELECT * FROM member ORDER BY number")]

    def add_loan(self, isbn: str, member: int, lent_on: date, due_on: date) -> Loan:
        """A new open loan."""
        with self._db:
            number = self._db.execute(
                "INSERT INTO loan (isbn, member, lent_on, due_on) VALUES (?, ?, ?, ?)",
                (isbn, member, lent_on.isoformat(), due_on.isoformat()),
            ).lastrowid
        return self.loan(number or 0)

    def loan(self, number: int) -> Loan:
        """One loan, open or closed."""
        row = self._db.execute("SELECT * FROM loan WHERE number = ?", (number,)).fetchone()
        if row is None:
            raise NotFoundError(f"there is no loan {number}")
        return _loan(row)

    def loans(self, *, open_only: bool = False) -> list[Loan]:
        """All loans in the order in which they were made."""
        rows = self._db.execute("SELECT * FROM loan ORDER BY number")
        return [loan for loan in map(_loan, rows) if loan.is_open or not open_only]

    def save_loan(self, loan: Loan) -> None:
        """Keep a loan's new due date, return and renewals."""
        returned = loan.returned_on.isoformat() if loan.returned_on else None
        with self._db:
            self._db.execute(
                "UPDATE loan SET due_on = ?, returned_on = ?, renewals = ? WHERE number = ?",
                (loan.due_on.isoformat(), returned, loan.renewals, loan.number),
            )


def _loan(row: tuple[int, str, int, str, str, str | None, int]) -> Loan:
    number, isbn, member, lent_on, due_on, returned_on, renewals = row
    return Loan(
        number,
        isbn,
        member,
        date.fromisoformat(lent_on),
        date.fromisoformat(due_on),
        date.fromisoformat(returned_on) if returned_on else None,
        renewals,
    )
