"""Faults at effects: what goes wrong, at which effect of a night, and how the night is made to feel it.

An effect is a file made, renamed or removed below the life's folder, a program started, or a request to the forge. Each
has a moment before and, where it has one, after it. A killed night makes no effect any more, whatever its code tries.
"""

import errno
import random
import re
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from ci_factory.errors import ForgeError


class Killed(BaseException):
    """The process is gone. Nothing of the factory's catches it, and nothing after it has an effect."""


class Fault(StrEnum):
    """What goes wrong at an effect."""

    KILL = "kill"
    FULL_DISK = "full disk"
    LOST = "lost response"
    """The forge did it, and nobody hears of it."""
    REFUSED = "refused"
    """The forge is down, or says too many requests, for longer than anybody waits."""
    STALE = "stale read"
    """The forge answers as it did the last time."""
    PERSON = "person"
    """Somebody acts just now."""
    TWIN = "twin"
    """Another publisher does the same work just now, while this one stands still."""
    FORWARD = "clock forward"
    BACKWARD = "clock backward"


_FILES = {Fault.KILL, Fault.FULL_DISK, Fault.FORWARD, Fault.BACKWARD}
_PROGRAMS = {Fault.KILL, Fault.FORWARD, Fault.BACKWARD}
_READS = {*_PROGRAMS, Fault.REFUSED, Fault.STALE, Fault.PERSON, Fault.TWIN}
_WRITES = {*_PROGRAMS, Fault.REFUSED, Fault.LOST, Fault.PERSON, Fault.TWIN}
POSSIBLE = {"file": _FILES, "program": _PROGRAMS, "read": _READS, "write": _WRITES}
_COUNTED = ("MainThread", "lane")
"""Threads whose effects come in one order; the others beat or measure beside them."""
_UNCOUNTED = ("pulse.json", "run.lock", "forge.sqlite3", "meter.json")
_EVENTS = frozenset({"open", "os.rename", "os.remove", "os.mkdir", "shutil.rmtree"})
"""What Python tells an audit hook before it does it; the hook may refuse."""
_MADE_UP = re.compile(r"[.-][0-9a-z_]{8,12}(?=/|$)")
"""Parts of names that are different each time."""
_WRITING = frozenset("wax+")
_CREATING = 0o3 | 0o100  # O_WRONLY, O_RDWR, O_CREAT


@dataclass
class Effects:
    """The effects of one night, counted, and the fault that meets one of them."""

    root: str = ""
    faults: Sequence[tuple[int, Fault]] = ()
    """Each with its place among the effects, counted from 0; it meets the first effect from there that it can."""
    person: Callable[[], None] = lambda: None
    twin: Callable[[], None] = lambda: None
    jump: Callable[[float], None] = lambda _seconds: None
    seen: list[tuple[str, str]] = field(default_factory=list)
    """Kind and name of each effect so far."""
    met: list[tuple[Fault, str]] = field(default_factory=list)
    """Faults that met an effect, with the effect."""
    dead: bool = False
    _inside: threading.local = field(default_factory=threading.local)

    def at(self, kind: str, name: str) -> Fault | None:
        """An effect is about to take place; which fault it has to show by itself.

        Raises:
            Killed: not any more.
        """
        if self.dead:
            raise Killed
        if getattr(self._inside, "quiet", 0) or not threading.current_thread().name.startswith(_COUNTED):
            return None
        place = len(self.seen)
        self.seen.append((kind, name))
        due = sorted(self.faults)[len(self.met) : len(self.met) + 1]
        if not due or place < due[0][0] or due[0][1] not in POSSIBLE[kind]:
            return None
        self.met.append((due[0][1], f"{place} {kind} {name}"))
        return self._happens(due[0][1])

    def _happens(self, fault: Fault) -> Fault | None:
        if fault is Fault.KILL:
            self.kill()
        elif fault in {Fault.PERSON, Fault.TWIN}:
            with self.quiet():
                (self.person if fault is Fault.PERSON else self.twin)()
        elif fault in {Fault.FORWARD, Fault.BACKWARD}:
            self.jump(7 * 3600 if fault is Fault.FORWARD else -7 * 3600)
        else:
            return fault
        return None

    def kill(self) -> None:
        """The process is gone from here on."""
        self.dead = True
        raise Killed

    @contextmanager
    def quiet(self) -> Iterator[None]:
        """What happens in the block is none of the night's effects."""
        self._inside.quiet = getattr(self._inside, "quiet", 0) + 1
        try:
            yield
        finally:
            self._inside.quiet -= 1

    def file(self, path: str) -> None:
        """A file is about to be made, renamed or removed."""
        if (
            not path.startswith(self.root)
            or path.endswith(_UNCOUNTED)
            or "/.pulse.json." in path
            or "/.meter.json." in path
        ):
            if self.dead and path.startswith(self.root) and not path.endswith("run.lock"):
                raise Killed
            return
        if self.at("file", _MADE_UP.sub("", path[len(self.root) :])) is Fault.FULL_DISK:
            raise OSError(errno.ENOSPC, "No space left on device", path)


_current: list[Effects] = []


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if not _current or event not in _EVENTS:
        return
    path = arguments[1] if event == "os.rename" else arguments[0]
    if event == "open" and not _writes(arguments[1], arguments[2]):
        return
    if isinstance(path, (str, Path)):
        _current[-1].file(str(path))


def _writes(mode: str | None, flags: int) -> bool:
    return bool(_WRITING & set(mode)) if mode else bool(flags & _CREATING)


_hooked = threading.Event()


@contextmanager
def felt(effects: Effects) -> Iterator[None]:
    """Effects on files are counted, and meet their fault, until the block ends."""
    if not _hooked.is_set():  # there is no way to take it back, so it is set once
        sys.addaudithook(_hook)
        _hooked.set()
    _current.append(effects)
    try:
        yield
    finally:
        _current.pop()


_READING = frozenset(
    [
        "default_branch",
        "examine",
        "role_of",
        "is_bot",
        "issues",
        "issue",
        "notes",
        "notes_of",
        "report",
        "branch",
        "fetch",
        "read_file",
        "merge_requests",
        "merge_request",
        "glimpse",
        "merge_request_records",
        "issue_records",
        "lines_between",
        "events",
    ]
)
_WRITTEN = frozenset(
    [
        "change_labels",
        "close_issue",
        "ensure_note",
        "add_note",
        "ensure_comments",
        "ensure_report",
        "ensure_follow_up",
        "push",
        "ensure_merge_request",
        "approve",
        "request_changes",
        "merge",
        "close",
    ]
)
_LISTS = frozenset({"issues", "notes", "notes_of", "merge_requests"})
"""What a forge may answer from a copy that is behind."""


@dataclass
class FaultyForge:
    """A forge behind a network that is not to be trusted."""

    real: Any
    effects: Effects
    secret: str
    """What a clumsy server puts into its error."""
    last: dict[str, Any] = field(default_factory=dict)

    def __getattr__(self, name: str) -> Any:
        if name == "default_branch":
            self.effects.at("read", name)
        found = getattr(self.real, name)
        if name not in _READING | _WRITTEN or not callable(found):
            return found
        kind = "read" if name in _READING else "write"
        return lambda *args, **settings: self._asked(kind, name, found, args, settings)

    def _asked(
        self,
        kind: str,
        name: str,
        real: Callable[..., Any],
        args: tuple[Any, ...],
        settings: Mapping[str, Any],
    ) -> Any:
        fault = self.effects.at(kind, name)
        if fault is Fault.REFUSED:
            raise ForgeError(
                f"503 from https://ci:{self.secret}@forge.example/api: try later", fix="run again"
            )
        asked = f"{name} {args} {sorted(settings.items(), key=str)}"
        with self.effects.quiet():
            if fault is Fault.STALE and name in _LISTS and asked in self.last:
                return self.last[asked]
            answer = real(*args, **settings)
        if name in _LISTS:
            self.last[asked] = answer
        if fault is Fault.LOST:
            raise ForgeError("the connection was closed before the answer came", fix="run again")
        if kind == "write":
            self.effects.at("program", f"after {name}")
        return answer


def drawn(chance: random.Random, effects: int) -> list[tuple[int, Fault]]:
    """One fault, or two, with their places among so many effects."""
    return [(chance.randrange(effects), chance.choice(list(Fault))) for _ in range(chance.choice((1, 1, 2)))]
