"""A guard for all tests: whoever reaches for another host than this machine fails, by name.

It guards the test's own process, in which our GitLab client runs. What a package manager asks of its index, it asks
from a process of its own, and the stand-in for GitLab listens on loopback; so nothing that is meant is hindered.
Processes that a test starts are told of no GitLab: the variables of a CI job that would lead there are gone.
"""

import os
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from ci_factory.forge.gitlab.address import is_loopback


@pytest.fixture(autouse=True)
def only_loopback(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fail the test that looks up or connects to a host that is not this machine, in whatever thread, caught or not."""
    reached: list[str] = []
    connect, connect_ex, getaddrinfo = socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo

    def check(host: object) -> None:
        name = host.decode("ascii", "replace") if isinstance(host, bytes) else host
        if isinstance(name, str) and name and not is_loopback(name):
            reached.append(name)
            pytest.fail(
                f"{request.node.nodeid} reaches for {name}: tests talk to this machine only", pytrace=False
            )

    def address(sock: socket.socket, where: Any) -> None:
        if sock.family in {socket.AF_INET, socket.AF_INET6}:
            check(where[0])

    def guarded_connect(sock: socket.socket, where: Any) -> None:
        address(sock, where)
        connect(sock, where)

    def guarded_connect_ex(sock: socket.socket, where: Any) -> int:
        address(sock, where)
        return connect_ex(sock, where)

    def guarded_getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
        check(host)
        return getaddrinfo(host, *args, **kwargs)

    monkeypatch.setattr(socket.socket, "connect", guarded_connect)
    monkeypatch.setattr(socket.socket, "connect_ex", guarded_connect_ex)
    monkeypatch.setattr(socket, "getaddrinfo", guarded_getaddrinfo)
    for name in [name for name in os.environ if name.startswith(("CI_", "GITLAB_"))]:
        monkeypatch.delenv(name)
    yield
    if reached:
        pytest.fail(f"{request.node.nodeid} reached for {', '.join(reached)}", pytrace=False)
