"""`lendery lend MEMBER ISBN`."""

import argparse
from datetime import date

from lendery import desk, isbn
from lendery.storage import Store

NAME = "lend"
HELP = "Lend a book to a member."


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("member", type=int, help="the number on the card")
    parser.add_argument("isbn")


def run(arguments: argparse.Namespace, store: Store, today: date) -> str:
    """Lend it."""
    loan = desk.lend(store, arguments.member, isbn.normalise(arguments.isbn), today)
    return f"loan {loan.number}: due on {loan.due_on}"
