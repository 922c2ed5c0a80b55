"""A small library that the tests share."""

from collections.abc import Iterator
from datetime import date

import pytest

from lendery.domain import Book
from lendery.storage import Store

TODAY = date(2025, 3, 1)


@pytest.fixture
def today() -> date:
    """The day on which the tests happen."""
    return TODAY


@pytest.fixture
def store() -> Iterator[Store]:
    """Three books and two members, nothing lent."""
    with Store(":memory:") as library:
        library.add_book(Book("9780140449266", "The Republic", "Plato", 2))
        library.add_book(Book("9780141439600", "A Tale of Two Cities", "Charles Dickens"))
        library.add_book(Book("9780199535569", "Pride and Prejudice", "Jane Austen"))
        library.add_member("Ada Lovelace")
        library.add_member("Grace Hopper")
        yield library
