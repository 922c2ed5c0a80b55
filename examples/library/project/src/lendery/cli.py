"""The command line: parses, opens the store, runs the command, prints."""

import argparse
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from lendery import __version__
from lendery.commands import commands
from lendery.errors import LenderyError
from lendery.storage import Store


def build_parser() -> argparse.ArgumentParser:
    """The parser with every command."""
    parser = argparse.ArgumentParser(prog="lendery", description="The desk of a lending library.")
    parser.add_argument("--version", action="version", version=__version__)
    parser.add_argument("--file", type=Path, default=Path("library.sqlite3"), help="the data")
    parser.add_argument("--today", type=date.fromisoformat, help="YYYY-MM-DD instead of today")
    subparsers = parser.add_subparsers(required=True)
    for command in commands():
        subparser = subparsers.add_parser(command.NAME, help=command.HELP)
        command.configure(subparser)
        subparser.set_defaults(run=command.run)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; 0 when it was done, 1 when the library refuses."""
    arguments = build_parser().parse_args(argv)
    try:
        with Store(arguments.file) as store:
            print(arguments.run(arguments, store, arguments.today or date.today()))
    except LenderyError as error:
        print(error, file=sys.stderr)
        return 1
    return 0
