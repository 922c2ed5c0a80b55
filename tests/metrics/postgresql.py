"""A PostgreSQL server of the tests' own, on a socket in a temporary folder, without a network and without waiting for disks."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

_SETTINGS = (
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "shared_buffers=16MB",
    "listen_addresses=''",
)
_USERS = ("postgres", "nobody")


@contextmanager
def running() -> Iterator[str]:
    """The URL of a database on a fresh server, which is gone afterwards; skips by name where none can be started."""
    pytest.importorskip("psycopg", reason="psycopg (extra `postgres`) is not installed")
    programs = _programs()
    if programs is None:
        pytest.skip("PostgreSQL's initdb and pg_ctl are not installed")
    # A socket's path must be short, and the server's user must reach it.
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
    try:
        with _started(folder, programs):
            yield f"postgresql://factory@/postgres?host={folder}"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _programs() -> Path | None:
    """Where they are: on PATH, or where Debian puts them."""
    places = [Path(found).parent for name in ("pg_ctl",) if (found := shutil.which(name))]
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((place for place in places if (place / "initdb").exists()), None)


@contextmanager
def _started(folder: Path, programs: Path) -> Iterator[None]:
    run, data = _as_user(folder), folder / "data"
    options = " ".join(f"-c {each}" for each in (*_SETTINGS, f"unix_socket_directories={folder}"))
    control = [*run, str(programs / "pg_ctl"), "-D", str(data), "-w"]
    made = ["-D", str(data), "-U", "factory", "--auth=trust", "--no-sync", "-E", "UTF8", "--locale=C.UTF-8"]
    try:
        _quiet([*run, str(programs / "initdb"), *made])
        _quiet([*control, "-l", str(folder / "log"), "-o", options, "start"])
    except subprocess.CalledProcessError as error:
        pytest.skip(f"PostgreSQL does not start here: {error.stderr.strip()[-200:]}")
    try:
        yield
    finally:
        _quiet([*control, "-m", "immediate", "stop"])


def _as_user(folder: Path) -> list[str]:
    """What starts a program as somebody else; PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return []
    known = {each.pw_name: each for each in pwd.getpwall()}
    user = next((known[name] for name in _USERS if name in known), None)
    if user is None or shutil.which("setpriv") is None:
        pytest.skip("PostgreSQL does not run as root, and there is no setpriv or nobody to run it as")
    os.chown(folder, user.pw_uid, user.pw_gid)
    return ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups", "--"]


def _quiet(words: list[str]) -> None:
    # A file for its words: a server that inherits a pipe would keep it open.
    with tempfile.TemporaryFile("w+") as said:
        done = subprocess.run(words, stdout=said, stderr=said, stdin=subprocess.DEVNULL, cwd="/", check=False)
        said.seek(0)
        if done.returncode:
            raise subprocess.CalledProcessError(done.returncode, words, stderr=said.read())
