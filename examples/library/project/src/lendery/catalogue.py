"""What the library owns, and how to find it."""

from lendery import isbn
from lendery.domain import Book
from lendery.errors import RefusedError
from lendery.storage import Store


def add(store: Store, number: str, title: str, author: str, copies: int = 1) -> Book:
    """Put a title into the catalogue.

    Raises:
        RefusedError: the ISBN is wrong, or there is not at least one copy.
    """
    if copies < 1:
        raise RefusedError("a book needs at least one copy")
    book = Book(isbn.normalise(number), title, author, copies)
    store.add_book(book)
    return book


def search(store: Store, text: str) -> list[Book]:
    """Books whose title and author together hold every word of the text, in any order."""
    wanted = text.casefold().split()
    return [book for book in store.books() if all(word in _haystack(book) for word in wanted)]


def _haystack(book: Book) -> str:
    return f"{book.title} {book.author}".casefold()
