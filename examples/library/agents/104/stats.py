"""`lendery stats`."""

import argparse
from datetime import date

from lendery.csv_text import csv_text
from lendery.formatting import table
from lendery.statistics import HEADER, Month, monthly
from lendery.storage import Store

NAME = "stats"
HELP = "Count loans, returns and fines by month."


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--since", metavar="YYYY-MM", help="leave earlier months out")
    parser.add_argument("--csv", action="store_true", help="for a spreadsheet")


def run(arguments: argparse.Namespace, store: Store, today: date) -> str:
    """Count, and print a table or CSV."""
    since = Month.parse(arguments.since) if arguments.since else None
    rows = [row.cells() for row in monthly(store, today, since)]
    if not rows:
        return "nothing was lent yet"
    return csv_text(HEADER, rows) if arguments.csv else table(HEADER, rows)
