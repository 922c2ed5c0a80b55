"""One module per command: `NAME`, `HELP`, `configure` and `run`, as `Command` says."""

import argparse
import importlib
import pkgutil
from collections.abc import Iterator
from datetime import date
from typing import Protocol, cast

from lendery.storage import Store


class Command(Protocol):
    """What a module of this package offers."""

    NAME: str
    HELP: str

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Declare the arguments."""

    def run(self, arguments: argparse.Namespace, store: Store, today: date) -> str:
        """Do it, and return what is printed."""


def commands() -> Iterator[Command]:
    """Every module of this package, by file name."""
    for module in pkgutil.iter_modules(__path__):
        yield cast("Command", importlib.import_module(f"{__name__}.{module.name}"))
