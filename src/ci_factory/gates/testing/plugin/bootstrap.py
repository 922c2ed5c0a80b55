"""Starts pytest so that nothing of the checkout can take over the start, and passes on what the run reports.

    python -s bootstrap.py        (first line of stdin: the order, JSON; second line: a nonce)

Two processes. The worker is a fork that runs the tests and writes records to a pipe. The warden, which never loads a line
of the checkout, reads them, and only it knows the nonce, because it reads that line after the fork. What it writes to
standard output is `NONCE STATUS`, STATUS being the worker's end, and then the records as they came. What the worker left
behind, in whatever session, is the warden's by then, and is killed.

Not `python -I`: that would give every run another hash seed. The caller gives an environment without any PYTHONPATH, which
together with `-s` isolates the same. Stands alone, for interpreters older than ours.
"""

from __future__ import annotations

import ctypes
import importlib
import json
import os
import select
import signal
import sys
import sysconfig
from pathlib import Path
from typing import Any

HERE = str(Path(__file__).resolve().parent)
POLL = 0.05
"""Seconds between two looks at whether the worker ended while something else holds its pipe open."""
PR_SET_CHILD_SUBREAPER = 36
"""Of prctl(2)."""
MAX_ORPHANS = 10_000
"""Killed before giving up."""
MAX_BYTES = 64 * 1024 * 1024
LAZY = (
    "difflib doctest pdb pprint shlex timeit traceback unittest unittest.mock xml.etree.ElementTree asyncio"
)
"""Modules of the standard library that pytest imports late; taken before the checkout can offer its own."""


def read_line() -> bytes:
    """One line of standard input, not a byte more: the next reader finds the rest."""
    found = bytearray()
    while not found.endswith(b"\n"):
        byte = os.read(0, 1)
        if not byte:
            break
        found += byte
    return bytes(found)


def read_exactly(size: int) -> bytes:
    """So many bytes of standard input."""
    found = bytearray()
    while len(found) < size:
        part = os.read(0, size - len(found))
        if not part:
            break
        found += part
    return bytes(found)


def main() -> int:
    """Fork, and watch."""
    order = json.loads(read_exactly(int(read_line())))
    adopt()
    source, sink = os.pipe()
    worker = os.fork()
    if worker == 0:
        os.close(source)
        work(order, sink)
    os.close(sink)
    nonce = read_line().strip()
    records, status = watch(worker, source)
    kill_orphans()
    write_all(1, b"%s %d\n" % (nonce, status) + records)
    return 0


def watch(worker: int, source: int) -> tuple[bytes, int]:
    """What came through the pipe until the worker ended, and its end: exit status, or minus the signal."""
    found = bytearray()
    status, is_open = None, True
    while True:
        wait = POLL if status is None else 0.0
        ready = is_open and select.select([source], [], [], wait)[0]
        part = os.read(source, 65536) if ready else b""
        is_open = is_open and not (ready and not part)
        found += part
        if len(found) > MAX_BYTES or (status is not None and not part):
            break
        if status is None:
            pid, raw = os.waitpid(worker, 0 if not is_open else os.WNOHANG)
            status = None if pid == 0 else end_of(raw)
    return bytes(found), 1 if status is None else status


def adopt() -> None:
    """Become the parent of every descendant whose own parent ends (Linux; elsewhere they are init's)."""
    try:
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    except (AttributeError, OSError):
        return


def kill_orphans() -> None:
    """Kill children until there are none: each that dies hands over its own."""
    for _ in range(MAX_ORPHANS):
        try:
            children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
            for child in children:
                os.kill(int(child), signal.SIGKILL)
            os.waitpid(-1, 0)
        except (OSError, ValueError):
            return


def end_of(raw: int) -> int:
    """Exit status, or minus the signal that ended it."""
    return -os.WTERMSIG(raw) if os.WIFSIGNALED(raw) else os.WEXITSTATUS(raw)


def write_all(descriptor: int, data: bytes) -> None:
    """Write everything."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def work(order: dict[str, Any], sink: int) -> None:
    """Run the order in this process, and end it without giving anybody another word."""
    status = 70
    try:
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.dup2(2, 1)
        status = run(order, sink)
    except BaseException as error:  # noqa: BLE001 - whatever it is, it is the end of this process
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
    finally:
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except (OSError, ValueError):
                continue
        os._exit(status)


def run(order: dict[str, Any], sink: int) -> int:
    """Import what is ours first, then run."""
    sys.path[:] = [place for place in sys.path if place not in {HERE, ""}]
    import pytest

    for name in LAZY.split():
        importlib.import_module(name)
    sys.path.insert(0, HERE)
    names = ("limits", "recorder", "mutation", "door", "integrity", "canaries")
    ours = {name: importlib.import_module(f"ci_factory_{name}") for name in names}
    sys.path.remove(HERE)
    limits, door = ours["limits"], ours["door"].Door(order["paths"])
    sys.argv[:] = ["pytest", *order["args"]]
    if order["task"] == "mutants":
        return int(ours["mutation"].serve(order, sink, [limits, door]))
    tracer = start_coverage(order)
    integrity, canaries = ours["integrity"].Integrity(homes(order)), ours["canaries"].Canaries()
    watcher = ours["recorder"].Recorder(sink, order, tracer, integrity, canaries)
    end = watcher.end  # as it is now, whatever becomes of its name
    status = int(pytest.main(list(order["args"]), plugins=[limits, watcher, door]))
    if tracer is not None:
        tracer.stop()
        tracer.save()
    end(status)
    return 0


def homes(order: dict[str, Any]) -> tuple[str, ...]:
    """Folders of the interpreter's own modules, and ours."""
    found = {os.path.realpath(place) for place in sysconfig.get_paths().values()} | {HERE}
    found |= {os.path.realpath(place) for place in sys.path if place}
    checkout = os.path.realpath(order["folder"]) + os.sep
    return tuple(place + os.sep for place in found if not (place + os.sep).startswith(checkout))


def start_coverage(order: dict[str, Any]) -> Any:
    """The tracer, `None` when no coverage is wanted."""
    if order["coverage"] is None:
        return None
    import coverage

    wanted = order["coverage"]
    tracer = coverage.Coverage(data_file=wanted["data"], config_file=wanted["settings"], source=["."])
    if wanted["contexts"]:
        tracer.set_option("run:dynamic_context", None)
    tracer.start()
    return tracer


if __name__ == "__main__":
    sys.exit(main())
