"""How much lies in folders that an agent writes to."""

import os
from collections.abc import Iterable
from pathlib import Path

_ENTRY = 4096
"""Bytes that a file or folder counts at least, so that many empty ones count too."""


def used(folders: Iterable[Path]) -> int:
    """Bytes of everything in them: of a file its length, or what it occupies when that is more. Links are not followed."""
    total, waiting = 0, [os.fspath(folder) for folder in folders if not folder.is_symlink()]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    total += _bytes(entry)
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
        except OSError:  # it vanished, or its owner took away the permission to read it
            continue
    return total


def _bytes(entry: os.DirEntry[str]) -> int:
    try:
        found = entry.stat(follow_symlinks=False)
    except OSError:
        return 0
    return max(found.st_size, found.st_blocks * 512, _ENTRY)
