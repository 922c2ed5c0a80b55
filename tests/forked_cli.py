"""The command line as processes that start at once: each is forked from one that has imported it already.

Most of a short command is the import of its modules. Here a process imports them once, and forks for each command one
that gets arguments, environment, folder and output files of its own, runs `ci_factory.cli.main.main` and ends.
What starts the real interpreter is tested in tests/cli/test_cli_entry.py, and by whatever starts nights that are killed.
"""

import json
import os
import random
import runpy
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Self

_IMPORTED = ("ci_factory.cli.main", "ci_factory.cli.wiring", "ci_factory.workflow")
_LENGTH = 8


class ForkedCommands:
    """A process that has imported the command line, and forks."""

    def __init__(self, folder: Path) -> None:
        self._address = str(folder / "cli")
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(self._address)
            listening.listen(16)
            argv = [sys.executable, __file__, str(listening.fileno())]
            self._process = subprocess.Popen(argv, pass_fds=[listening.fileno()], start_new_session=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()

    def run(
        self, argv: Sequence[str], cwd: Path | None, env: Mapping[str, str] | None
    ) -> tuple[int, str, str]:
        """Exit code (negative: the signal that ended it), output and errors of one command."""
        asked = {
            "argv": list(argv),
            "cwd": str(cwd or Path.cwd()),
            "env": dict(os.environ if env is None else env),
        }
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            code = self._ask(json.dumps(asked).encode(), out, err)
            return code, _text(out), _text(err)

    def _ask(self, asked: bytes, out: IO[bytes], err: IO[bytes]) -> int:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(self._address)
            socket.send_fds(connection, [len(asked).to_bytes(_LENGTH)], [out.fileno(), err.fileno()])
            connection.sendall(asked)
            return int(connection.recv(16))


def _text(stream: IO[bytes]) -> str:
    stream.seek(0)
    return stream.read().decode().replace("\r\n", "\n")


def _serve(listening: socket.socket) -> None:
    """Fork one process for each command, which forks the command itself and tells how it ended."""
    while True:
        connection, _ = listening.accept()
        if os.fork() == 0:
            listening.close()
            if os.fork() == 0:  # nobody has to wait for the one that answers
                _answer(connection)
            os._exit(0)
        connection.close()
        os.wait()


def _answer(connection: socket.socket) -> None:
    length, files, _, _ = socket.recv_fds(connection, _LENGTH, 2)
    asked = json.loads(connection.makefile("rb").read(int.from_bytes(length)))
    child = os.fork()
    if child == 0:
        connection.close()
        _become(asked, files)  # ends as an interpreter does
    _, status = os.waitpid(child, 0)
    connection.sendall(str(os.waitstatus_to_exitcode(status)).encode())
    os._exit(0)


def _become(asked: dict[str, Any], files: Sequence[int]) -> None:
    """Everything of a process of its own that a fork shares with its parent."""
    for number, file in enumerate(files, 1):
        os.dup2(file, number)
        os.close(file)
    os.chdir(str(asked["cwd"]))
    os.environ.clear()
    os.environ.update(asked["env"])
    time.tzset()
    random.seed()
    sys.argv = ["ci-factory", *asked["argv"]]
    runpy.run_module("ci_factory", run_name="__main__")


def _main() -> None:
    for name in _IMPORTED:
        __import__(name)
    with Path(os.devnull).open("rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    _serve(socket.socket(fileno=int(sys.argv[1])))


if __name__ == "__main__":
    _main()
