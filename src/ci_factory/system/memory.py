"""The collector of garbage, held back where only plain rows are made."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """No search for garbage cycles within: a million rows have none, and looking through them takes longer than the work."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


_NEW_OBJECTS = 100_000
"""Objects made before the youngest are searched; the default of 700 is meant for far smaller programs."""


def seldom_collected() -> None:
    """Search for garbage cycles seldom in this process: imports alone make some hundred thousand objects that stay."""
    gc.set_threshold(_NEW_OBJECTS, 20, 20)


def left_as_it_is() -> None:
    """Before the process ends: no last search through what the system takes back at once anyway."""
    gc.freeze()
