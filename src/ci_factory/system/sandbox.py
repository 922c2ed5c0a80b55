"""A sandbox of bubblewrap: what a program in it sees, and whether it works on this machine at all."""

import json
import os
import select
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from threading import Lock

from ci_factory.system import process

PROGRAM = "bwrap"
_ENTRY = Path(__file__).with_name("sandbox_entry.py")
_SHARED_MEMORY = 64 * 1024 * 1024
_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix/store")
_ETC = (
    *(
        "alternatives",
        "ca-certificates",
        "ca-certificates.conf",
        "crypto-policies",
        "ssl",
        "pki",
        "java-11-openjdk",
    ),
    *(
        "group",
        "passwd",
        "host.conf",
        "hosts",
        "nsswitch.conf",
        "resolv.conf",
        "gai.conf",
        "services",
        "protocols",
    ),
    *("ld.so.cache", "ld.so.conf", "ld.so.conf.d", "localtime", "timezone", "locale.alias", "mime.types"),
)
"""Of /etc; nothing in it is a secret, and programs break without."""
_READ, _WRITE, _EMPTY = "--ro-bind-try", "--bind", "--tmpfs"
_PROBE_SECONDS = 20.0
_END_SECONDS = 10.0
_ALWAYS = (
    *("--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"),
    *("--new-session", "--die-with-parent", "--cap-drop", "ALL"),
)


@dataclass(frozen=True)
class Support:
    """Whether bubblewrap works here."""

    program: str | None = None
    why_not: str = ""

    @property
    def works(self) -> bool:
        """Whether it was seen to work."""
        return self.program is not None


@dataclass(frozen=True)
class Box:
    """What a program in the sandbox has. Paths are absolute, and the same inside as outside."""

    cwd: Path
    temporary: Path
    """Becomes its /tmp."""
    writable: tuple[Path, ...] = ()
    readable: tuple[Path, ...] = ()
    hidden: tuple[Path, ...] = ()
    """Folders that are empty inside even where what lies around them is readable; of the rest, the deepest path counts."""
    network: bool = True
    """Whether it has this machine's network; else a loopback of its own."""


def arguments(program: str, box: Box, system: Sequence[str], info_fd: int | None = None) -> tuple[str, ...]:
    """The words before the command. `system` is what `system_mounts` found. Pure."""
    told = ("--info-fd", str(info_fd)) if info_fd is not None else ()
    network = () if box.network else ("--unshare-net",)
    basics = ("--proc", "/proc", "--dev", "/dev", "--size", str(_SHARED_MEMORY), "--tmpfs", "/dev/shm")  # noqa: S108 - the sandbox's own
    mounts, emptied = _mounts(box)
    closed = [word for folder in ("/dev", "/", *emptied) for word in ("--remount-ro", folder)]
    place = ("--chdir", str(box.cwd), "--")
    return (program, *_ALWAYS, *network, *told, *system, *basics, *mounts, *closed, *place)


def _mounts(box: Box) -> tuple[list[str], list[str]]:
    """Shallow paths first, so that a deeper one is laid over what is around it; and the emptied folders."""
    kinds: dict[Path, str] = dict.fromkeys(box.readable, _READ)
    kinds |= dict.fromkeys(box.hidden, _EMPTY) | dict.fromkeys(box.writable, _WRITE)
    words, emptied = [_WRITE, str(box.temporary), "/tmp"], []  # noqa: S108 - the sandbox's own
    laid = {Path("/usr"): _READ, Path("/nix/store"): _READ}
    for path in sorted(kinds, key=lambda each: (len(each.parts), each)):
        kind, around = kinds[path], next((laid[each] for each in path.parents if each in laid), None)
        if (kind == _EMPTY and around in {None, _EMPTY}) or (kind == _READ and around in {_READ, _WRITE}):
            continue  # it is not there, or it is there already
        laid[path] = kind
        words += [kind, str(path)] if kind == _EMPTY else [kind, str(path), str(path)]
        emptied += [str(path)] if kind == _EMPTY else []
    return words, emptied


@cache
def system_mounts() -> tuple[str, ...]:
    """Programs, libraries and the harmless part of /etc, all read-only; links such as /bin stay links."""
    words: list[str] = []
    for name in _SYSTEM:
        path = Path(name)
        if path.is_symlink():
            words += ["--symlink", str(path.readlink()), name]
        elif path.is_dir():
            words += ["--ro-bind", name, name]
    for name in _ETC:
        words += ["--ro-bind-try", f"/etc/{name}", f"/etc/{name}"]
    return tuple(words)


_probing = Lock()


def support() -> Support:
    """Whether bubblewrap works here; found out by running it, once."""
    with _probing:
        return _probed(os.environ.get("PATH", os.defpath))


@cache
def _probed(path: str) -> Support:
    del path  # what it depends on
    program = process.which(PROGRAM)
    if program is None:
        return Support(why_not="bubblewrap (bwrap) is not installed")
    words = (program, *_ALWAYS, "--unshare-net", *system_mounts(), "--proc", "/proc", "--dev", "/dev")
    check = 'test -r /proc/self/status && ! test -e "$1" && echo inside'
    hidden = str(Path(__file__).absolute())
    done = process.run(
        (*words, "--", "/bin/sh", "-c", check, "sh", hidden),
        env={"PATH": os.defpath},
        timeout=_PROBE_SECONDS,
        tethered=True,
    )
    if done.ok and done.stdout == "inside\n":
        return Support(program)
    said = (
        "it did not answer"
        if done.timed_out
        else (done.stderr.strip().splitlines() or ["it saw the outside"])[-1]
    )
    return Support(why_not=f"bubblewrap does not work here: {said[:300]}")


def entry(
    command: Sequence[str], limits: Mapping[str, int], door: Mapping[str, object] | None
) -> tuple[str, ...]:
    """A command that first limits itself (names of RLIMIT_*) and opens the door to the network."""
    settings = {"limits": dict(limits)} | ({"door": dict(door)} if door else {})
    return (sys.executable, "-I", "-S", str(_ENTRY), json.dumps(settings), *command)


def own_places() -> tuple[Path, ...]:
    """Where our interpreter, its packages and our own code lie; agents of ours run with them."""
    prefixes = {Path(sys.prefix), Path(sys.base_prefix), Path(sys.executable).resolve().parent.parent}
    return tuple(sorted({*prefixes, _ENTRY.parents[1]}))


def installations(path: str, home: Path) -> tuple[Path, ...]:
    """The folders on PATH that lie outside of the system, each with the installation that it is the `bin` of.

    A `bin` directly below the home folder or below ~/.local stands for itself alone: around it lies what is nobody's
    business.
    """
    found: list[Path] = []
    for name in path.split(os.pathsep):
        folder = Path(name)
        if not folder.is_absolute() or folder.is_relative_to("/usr") or not folder.is_dir():
            continue
        found += [each for each in (folder, _around(folder, home)) if each is not None]
    return tuple(dict.fromkeys(each for each in found if not home.is_relative_to(each)))


def program_places(program: str, home: Path) -> tuple[Path, ...]:
    """What lies around a program that is a link from PATH to somewhere else, as installers of tools make them."""
    found = process.which(program) if "/" not in program else program
    if found is None:
        return ()
    real = Path(found).resolve()
    if real.is_relative_to("/usr") or real == Path(found).absolute():
        return ()
    package = next((each for each in real.parents if each.name == "node_modules"), None)
    around = package or _around(real.parent, home) or real
    return () if home.is_relative_to(around) else (around,)


def _around(folder: Path, home: Path) -> Path | None:
    """The installation that a folder of programs belongs to."""
    private = {home, home / ".local", home / ".cargo", Path("/"), Path("/opt")}
    parent = folder.parent
    named = folder.name == "shims" or (folder.name in {"bin", ".bin"} and (parent / "lib").is_dir())
    return parent if (named or folder.name == ".bin") and parent not in private else None


@dataclass
class Inside:
    """The processes of one sandbox, as seen from outside."""

    descriptor: int
    """To be inherited by bubblewrap, and given as its `--info-fd`."""
    _reader: int = field(repr=False, default=-1)
    _said: bytes = field(repr=False, default=b"")

    def count(self) -> int:
        """Processes in it now; 0 when that is not known."""
        namespace = self._told().get("pid-namespace")
        return 0 if namespace is None else sum(1 for each in _namespaces() if each == f"pid:[{namespace}]")

    def wait(self) -> None:
        """Return when no process is left; they are being killed when this is called."""
        first = self._told().get("child-pid")
        if not isinstance(first, int):
            return
        with suppress(ProcessLookupError):
            descriptor = os.pidfd_open(first)
            try:  # the first process of a namespace ends when all others have
                poll = select.poll()
                poll.register(descriptor, select.POLLIN)
                poll.poll(_END_SECONDS * 1000)
            finally:
                os.close(descriptor)

    def _told(self) -> Mapping[str, object]:
        with suppress(BlockingIOError):
            self._said += os.read(self._reader, 4096)
        try:
            told = json.loads(self._said)
        except ValueError:
            return {}
        return told if isinstance(told, dict) else {}


@contextmanager
def inside() -> Iterator[Inside]:
    """Watch the processes of a sandbox that is about to be started; none of them is left afterwards."""
    reader, writer = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        watched = Inside(writer, reader)
        try:
            yield watched
        finally:
            watched.wait()
    finally:
        os.close(reader)
        os.close(writer)


def _namespaces() -> Iterator[str]:
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with suppress(OSError):
                yield str((folder / "ns" / "pid").readlink())
