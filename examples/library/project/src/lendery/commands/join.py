"""`lendery join NAME`."""

import argparse
from datetime import date

from lendery import members
from lendery.storage import Store

NAME = "join"
HELP = "Enrol a new member."


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("name")


def run(arguments: argparse.Namespace, store: Store, today: date) -> str:
    """Enrol the person."""
    member = members.join(store, arguments.name)
    return f"{member.name} is member {member.number}"
