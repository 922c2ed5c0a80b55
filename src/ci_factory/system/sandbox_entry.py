"""Runs as the first program of an agent's process: sets limits, opens the door to the network, becomes the agent.

Standard library only, and started with `python -I -S` by its path: it costs a few hundredths of a second, and nothing
that the agent can write is imported.
"""

import array
import json
import os
import resource
import signal
import socket
import sys
from collections.abc import Sequence
from contextlib import suppress

NOT_EXECUTABLE, NOT_FOUND = 126, 127
"""As a shell says it."""
_BACKLOG = 64


def main(argv: Sequence[str]) -> int:
    """SETTINGS COMMAND...: settings are JSON with `limits` {name: value} and, optional, `door` {fd, ports}."""
    settings, command = json.loads(argv[0]), list(argv[1:])
    for name, value in settings["limits"].items():
        _limit(getattr(resource, f"RLIMIT_{name}"), value)
    if door := settings.get("door"):
        _open(door["fd"], door["ports"])
    for number in (signal.SIGPIPE, signal.SIGXFSZ):  # Python ignores them, and what is ignored stays so
        signal.signal(number, signal.SIG_DFL)
    return _become(command)


def _limit(which: int, value: int) -> None:
    """Lower a limit; one that is already lower stays."""
    _, hard = resource.getrlimit(which)
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(which, (value, value))


def _open(descriptor: int, ports: Sequence[int]) -> None:
    """Listen on this namespace's loopback and hand the sockets out to whoever serves them; port 0 is the proxy."""
    listening: list[socket.socket] = []
    told: list[int] = []
    for port in ports:
        first = _listen(socket.AF_INET, "127.0.0.1", port)
        real = first.getsockname()[1]
        listening.append(first)
        told.append(port)
        with suppress(OSError):  # a machine without IPv6
            listening.append(_listen(socket.AF_INET6, "::1", real))
            told.append(port)
        if port == 0:
            _announce(real)
    descriptors = array.array("i", [one.fileno() for one in listening])
    with socket.socket(fileno=descriptor) as door:
        door.sendmsg([json.dumps(told).encode()], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, descriptors)])
    for one in listening:
        one.close()


def _listen(family: int, address: str, port: int) -> socket.socket:
    one = socket.socket(family, socket.SOCK_STREAM)
    one.bind((address, port))
    one.listen(_BACKLOG)
    return one


def _announce(port: int) -> None:
    """The variables by which programs find a proxy."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        os.environ[name] = os.environ[name.lower()] = f"http://127.0.0.1:{port}"
    for name in ("NO_PROXY", "no_proxy"):
        os.environ[name] = "localhost,127.0.0.1,::1"


def _become(command: list[str]) -> int:
    try:
        os.execvp(command[0], command)  # noqa: S606 - no shell: the words are the adapter's own
    except FileNotFoundError:
        said, code = f"{command[0]}: not found in the sandbox (docs/sandbox.md, `sandbox.read`)", NOT_FOUND
    except OSError as error:
        said, code = f"{command[0]}: {error.strerror}", NOT_EXECUTABLE
    print(said, file=sys.stderr)  # noqa: T201 - where a shell would say it
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
