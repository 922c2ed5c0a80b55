"""`lendery add-book ISBN TITLE AUTHOR`."""

import argparse
from datetime import date

from lendery import catalogue
from lendery.storage import Store

NAME = "add-book"
HELP = "Put a title into the catalogue."


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("isbn", help="ten or thirteen digits, dashes allowed")
    parser.add_argument("title")
    parser.add_argument("author")
    parser.add_argument("--copies", type=int, default=1, help="how many the library owns")


def run(arguments: argparse.Namespace, store: Store, today: date) -> str:
    """Add it."""
    title, author, copies = arguments.title, arguments.author, arguments.copies
    book = catalogue.add(store, arguments.isbn, title, author, copies)
    return f"added {book.title} ({book.isbn})"
