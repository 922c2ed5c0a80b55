"""Processes: bounded in time and output, and nothing of them survives."""

import sys
import time
from pathlib import Path

import pytest

from ci_factory.errors import ToolMissing
from ci_factory.system import process


def test_late_process_is_killed_with_its_children(tmp_path: Path) -> None:
    """A time-out ends the whole process group, background children included."""
    marker = tmp_path / "alive"
    script = f"(while true; do date > {marker}; sleep 0.05; done) & sleep 60"
    done = process.run(["sh", "-c", script], timeout=0.5)
    assert done.timed_out
    assert not done.ok
    time.sleep(0.2)
    marker.unlink()
    time.sleep(0.3)
    assert not marker.exists()


def test_child_left_behind_by_a_finished_process_is_killed(tmp_path: Path) -> None:
    """What a process leaves in the background does not outlive it."""
    marker = tmp_path / "alive"
    process.run(["sh", "-c", f"(sleep 0.5; touch {marker}) & exit 0"], timeout=10)
    time.sleep(0.9)
    assert not marker.exists()


def test_output_is_cut_at_the_limit() -> None:
    """A process that talks without end can't fill our memory."""
    done = process.run([sys.executable, "-c", "print('x' * 100_000)"], limit=1000)
    assert len(done.stdout) == 1000


def test_environment_is_exactly_what_was_given(monkeypatch: pytest.MonkeyPatch) -> None:
    """A given environment replaces ours; no secret slips through."""
    monkeypatch.setenv("FORGE_TOKEN", "canary")
    done = process.run(["/usr/bin/env"], env={"A": "1"})
    assert done.stdout == "A=1\n"


def test_missing_program_is_named() -> None:
    """A program that is not there is an error that says which and what to do."""
    with pytest.raises(ToolMissing, match="no-such-program is not installed"):
        process.run(["no-such-program"])


def test_stdin_reaches_the_process() -> None:
    """Bytes given as stdin are what the process reads."""
    assert process.run(["cat"], stdin=b"hello").stdout == "hello"
