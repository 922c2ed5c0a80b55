"""`lendery search WORD...`."""

import argparse
from datetime import date

from lendery import catalogue
from lendery.formatting import counted
from lendery.storage import Store

NAME = "search"
HELP = "Find books by words of thier title or author."


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("words", nargs="+")


def run(arguments: argparse.Namespace, store: Store, today: date) -> str:
    """Search the catalogue."""
    books = catalogue.search(store, " ".join(arguments.words))
    lines = [f"{book.isbn}  {book.title}, {book.author}" for book in books]
    return "\n".join([*lines, counted(len(books), "book")])
