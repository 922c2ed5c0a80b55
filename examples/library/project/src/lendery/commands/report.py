"""`lendery report overdue|popular`."""

import argparse
from datetime import date

from lendery import reports
from lendery.storage import Store

NAME = "report"
HELP = "Print a report."


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("kind", choices=("overdue", "popular"))


def run(arguments: argparse.Namespace, store: Store, today: date) -> str:
    """Make the report."""
    if arguments.kind == "overdue":
        return reports.overdue_text(reports.overdue(store, today))
    return reports.popular_text(reports.popular(store))
