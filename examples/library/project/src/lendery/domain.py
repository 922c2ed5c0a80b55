"""The values that the library works with."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Book:
    """A title of the catalogue and how many copies the library owns."""

    isbn: str
    title: str
    author: str
    copies: int = 1


@dataclass(frozen=True)
class Member:
    """A person who may borrow; `number` is printed on the card."""

    number: int
    name: str


@dataclass(frozen=True)
class Loan:
    """One copy in the hands of one member; open until `returned_on` is set."""

    number: int
    isbn: str
    member: int
    lent_on: date
    due_on: date
    returned_on: date | None = None
    renewals: int = 0

    @property
    def is_open(self) -> bool:
        """Whether the copy is still out."""
        return self.returned_on is None
