"""Processes: bounded in time and output, and nothing of them survives."""

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
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


def test_tethered_process_dies_with_us(tmp_path: Path) -> None:
    """When we are killed outright, a tethered process and its children are gone too; an idle pipe is no reason."""
    marker = tmp_path / "alive"
    child = f"(while true; do date > {marker}; sleep 0.05; done) & sleep 60"
    code = f"from ci_factory.system import process; process.run(['sh', '-c', {child!r}], tethered=True)"
    ours = subprocess.Popen([sys.executable, "-c", code])
    _wait_for(marker)
    ours.kill()
    ours.wait()
    time.sleep(0.5)
    marker.unlink(missing_ok=True)
    time.sleep(0.3)
    assert not marker.exists()


def test_tether_is_cut_when_the_process_ends() -> None:
    """A tethered process that ends by itself is an ordinary one."""
    done = process.run(["sh", "-c", "cat; exit 3"], stdin=b"hello", tethered=True)
    assert (done.returncode, done.stdout) == (3, "hello")


def _wait_for(path: Path) -> None:
    deadline = time.monotonic() + 30
    while not path.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert path.exists()


def test_only_the_given_descriptors_are_inherited() -> None:
    """A process reads from a pipe that it is given, and has no other descriptor of ours."""
    (given, writing), (kept, other) = os.pipe(), os.pipe()
    os.write(writing, b"through the pipe")
    os.close(writing)
    os.set_inheritable(kept, True)
    script = f"cat /dev/fd/{given}; test -e /dev/fd/{kept} && echo leaked"
    done = process.run(["sh", "-c", script], pass_fds=(given,))
    for descriptor in (given, kept, other):
        os.close(descriptor)
    assert done.stdout == "through the pipe"


def test_programs_of_a_yielding_thread_give_way() -> None:
    """They run at a lower priority; those of other threads, and later ones, do not."""
    ask = ["/bin/sh", "-c", "sleep 0.2; nice"]
    usual = int(process.run(ask).stdout)
    with process.yielding(), ThreadPoolExecutor(1) as pool:
        assert int(process.run(ask).stdout) > usual
        assert int(pool.submit(process.run, ask).result().stdout) == usual
    assert int(process.run(ask).stdout) == usual


@pytest.mark.skipif(
    not Path("/proc/self/autogroup").exists(), reason="this kernel groups no programs by session"
)
def test_the_session_of_such_a_program_gives_way_too() -> None:
    """Where the kernel shares the processor out by sessions, a priority within one of them means nothing to others."""
    ask = ["/bin/sh", "-c", "sleep 0.2; cat /proc/self/autogroup"]
    assert process.run(ask).stdout.endswith("nice 0\n")
    with process.yielding():
        assert process.run(ask).stdout.endswith("nice 10\n")
