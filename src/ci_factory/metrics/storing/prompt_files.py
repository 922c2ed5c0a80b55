"""The prompts that agents were given, as the artifacts of batches have them. Reads only."""

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from ci_factory.system.layout import Layout

_LONGEST = 4 * 1024 * 1024
"""Bytes of a file that is looked at; no prompt is that long."""
_PROMPT = "prompt.md"
"""Of every call of an agent, in a folder of its own below `agent`."""


def read(layout: Layout, since: datetime) -> Iterator[tuple[str, str]]:
    """(SHA-256, text) of every prompt written since then; what can't be read is passed over."""
    return (found for path in _paths(layout) if (found := _text(path, since)) is not None)


def _paths(layout: Layout) -> Iterator[Path]:
    for batch in layout.batches():
        yield from sorted(batch.path.glob(f"tickets/*/agent/*/{_PROMPT}"))


def _text(path: Path, since: datetime) -> tuple[str, str] | None:
    try:
        status = path.lstat()
        if path.is_symlink() or not path.is_file() or status.st_size > _LONGEST:
            return None
        if datetime.fromtimestamp(status.st_mtime, UTC) < since:
            return None
        data = path.read_bytes()
    except OSError:
        return None
    return hashlib.sha256(data).hexdigest(), data.decode("utf-8", "replace")
