"""`lendery who NAME`."""

import argparse
from datetime import date

from lendery import members
from lendery.storage import Store

NAME = "who"
HELP = "Find members by a part of their name."


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("text")


def run(arguments: argparse.Namespace, store: Store, today: date) -> str:
    """Search the members."""
    found = members.find(store, arguments.text)
    return "\n".join(f"{member.number}  {member.name}" for member in found) or "nobody"
