"""`lendery return LOAN`."""

import argparse
from datetime import date

from lendery import desk
from lendery.fines import days_late, fine_cents
from lendery.formatting import money
from lendery.storage import Store

NAME = "return"
HELP = "Take a book back and name the fine."


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("loan", type=int, help="the number on the receipt")


def run(arguments: argparse.Namespace, store: Store, today: date) -> str:
    """Close the loan."""
    loan = desk.take_back(store, arguments.loan, today)
    cents = fine_cents(days_late(loan, today))
    return f"loan {loan.number} closed, fine {money(cents)}"
