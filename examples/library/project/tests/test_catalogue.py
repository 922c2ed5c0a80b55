"""Adding and finding books."""

import pytest

from lendery import catalogue
from lendery.errors import RefusedError
from lendery.storage import Store


def titles(store: Store, text: str) -> list[str]:
    """Titles that a search finds."""
    return [book.title for book in catalogue.search(store, text)]


def test_a_book_is_added_with_its_thirteen_digits(store: Store) -> None:
    book = catalogue.add(store, "080442957X", "Collected Works", "Anonymous")
    assert store.book("9780804429573") == book


def test_a_book_needs_a_copy(store: Store) -> None:
    with pytest.raises(RefusedError, match="at least one copy"):
        catalogue.add(store, "080442957X", "Collected Works", "Anonymous", copies=0)


def test_every_word_must_be_there_in_any_order(store: Store) -> None:
    assert titles(store, "austen pride") == ["Pride and Prejudice"]
    assert titles(store, "austen cities") == []


def test_a_part_of_a_word_is_enough(store: Store) -> None:
    assert titles(store, "public") == ["The Republic"]
    assert titles(store, "judic") == ["Pride and Prejudice"]
