"""mypy's own cache between runs: most modules of two changes are the same.

What is kept was written by mypy alone and is checked by it against the hash of every source; it is left out when the project
has plugins, since those are code of the project that runs inside mypy. Each run works on a copy, and puts its copy in the
place of what was kept when it is done, so runs at the same time do not meet.
"""

import hashlib
import json
import re
import shutil
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from ci_factory.gates import configuration
from ci_factory.gates.protocol import Unmeasurable
from ci_factory.gates.subject import Subject

ValueT = TypeVar("ValueT")

NO_CACHE = ("--cache-dir=/dev/null",)
_PLUGINS = re.compile(r"^\s*plugins\s*=", re.MULTILINE)


def with_cache(subject: Subject, identity: Sequence[str], run: Callable[[Sequence[str]], ValueT]) -> ValueT:
    """Run mypy with the arguments for the cache of runs with the same `identity` (version and arguments).

    A run that fails on what was kept is made again without, and what was kept is thrown away.

    Raises:
        Unmeasurable: it failed without a cache.
    """
    store = subject.measurements.folder
    if store is None or _has_plugins(subject.part("base")):
        return run(NO_CACHE)
    key = hashlib.sha256(json.dumps([subject.root, *identity]).encode()).hexdigest()[:32]
    kept, work = store / "mypy" / key, Path(tempfile.mkdtemp(dir=subject.scratch, prefix="mypy-"))
    known = _copied(kept, work / "cache")
    try:
        found = run((f"--cache-dir={work / 'cache'}", "--sqlite-cache"))
    except Unmeasurable:
        if not known:
            raise
        shutil.rmtree(kept, ignore_errors=True)
        return run(NO_CACHE)
    with suppress(OSError):
        _keep(work / "cache", kept)
    return found


def _copied(kept: Path, mine: Path) -> bool:
    try:
        shutil.copytree(kept, mine)
    except OSError:  # there is none yet, or another run is putting its own in this place
        shutil.rmtree(mine, ignore_errors=True)
        return False
    return True


def _has_plugins(base: Path) -> bool:
    name = configuration.mypy_file(base)
    return name is not None and bool(_PLUGINS.search((base / name).read_text("utf-8", "replace")))


def _keep(mine: Path, kept: Path) -> None:
    kept.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(dir=kept.parent, prefix="new-"))
    try:
        shutil.copytree(mine, beside / "cache")
        if kept.exists():
            kept.rename(beside / "old")
        (beside / "cache").rename(kept)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
