"""Folders in memory for parsers that read files."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_MEMORY = Path("/dev/shm")  # noqa: S108 - a file system, not a file
_PLACE = _MEMORY if _MEMORY.is_dir() else Path(tempfile.gettempdir())


def folder() -> Path:
    """A new folder of this process."""
    return Path(tempfile.mkdtemp(prefix=f"fuzz-{os.getpid()}-", dir=_PLACE))


@contextmanager
def scratch() -> Iterator[Path]:
    """An empty folder, gone afterwards."""
    made = folder()
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def sweep(process: int) -> None:
    """Remove what a process left that has ended, in whatever way."""
    for left in _PLACE.glob(f"fuzz-{process}-*"):
        shutil.rmtree(left, ignore_errors=True)
