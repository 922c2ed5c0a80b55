"""The guard that keeps tests from any real GitLab."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
GUARDED = """
import os
import socket
import threading

import pytest

from ci_factory.forge.gitlab.api import Api
from ci_factory.system.clock import ManualClock
from datetime import UTC, datetime

CLOCK = ManualClock(datetime(2026, 3, 2, tzinfo=UTC))


def test_client():
    Api.open("https://gitlab.example.com", "glpat-x", clock=CLOCK).get("/version")


def test_swallowed():
    try:
        socket.create_connection(("192.0.2.1", 443), timeout=1)
    except BaseException:
        pass


def test_number():
    with socket.socket() as sock:
        sock.settimeout(1)
        sock.connect_ex(("192.0.2.1", 443))


@pytest.mark.filterwarnings("ignore")
def test_thread():
    thread = threading.Thread(target=socket.getaddrinfo, args=("gitlab.example.com", 443))
    thread.start()
    thread.join()


def test_loopback():
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(("localhost", server.getsockname()[1])).close()
    assert "CI_SERVER_URL" not in os.environ
    assert "CI_JOB_TOKEN" not in os.environ
    assert "GITLAB_TOKEN" not in os.environ
"""


HOSTS = {
    "test_client": "gitlab.example.com",
    "test_swallowed": "192.0.2.1",
    "test_number": "192.0.2.1",
    "test_thread": "gitlab.example.com",
}


def test_whoever_reaches_for_another_host_fails_by_name(tmp_path: Path) -> None:
    """A client call, a connection whose error is caught, one by number, one in a thread: each named; loopback is free."""
    (tmp_path / "test_guarded.py").write_text(GUARDED, encoding="utf-8")
    env = os.environ | {"CI_SERVER_URL": "https://gitlab.com", "CI_JOB_TOKEN": "x", "GITLAB_TOKEN": "x"}
    argv = [sys.executable, "-m", "pytest", "-q", "-rfEp", "-c", os.devnull, f"--rootdir={tmp_path}"]
    done = subprocess.run(
        [*argv, "-p", "no:cacheprovider", "-p", "tests.loopback", str(tmp_path)],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stdout
    outcomes = {(line.partition(" ")[0], line.rpartition("::")[2]) for line in done.stdout.splitlines()}
    for name, host in HOSTS.items():
        assert ("ERROR", name) in outcomes, done.stdout
        assert f"test_guarded.py::{name} reached for {host}" in done.stdout
    assert ("PASSED", "test_loopback") in outcomes, done.stdout
    assert ("ERROR", "test_loopback") not in outcomes
