"""`ci-factory status` looks at a night that another process runs."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ci_factory import config as configuration
from ci_factory.metrics.live import Live, NightState, TicketState
from ci_factory.metrics.live_files import LiveFiles
from ci_factory.metrics.live_night import live
from ci_factory.model.pulse import Pulse
from ci_factory.system import records
from ci_factory.system.clock import SystemClock
from ci_factory.system.git import Git
from ci_factory.system.layout import Layout
from ci_factory.workflow import pulse as pulses
from ci_factory.workflow.factory import Silence, Workshop
from ci_factory.workflow.pulse import Heart
from tests.metrics.live_made import Made
from tests.workflow.conftest import CONFIG, Line

AT_MOST = 60
ONE_LANE = CONFIG.replace("parallel: 2", "parallel: 1")
GATED = """
import pathlib, sys, time
folder = pathlib.Path(sys.argv[1]).parent
(folder / "began").touch()
for _ in range(1200):
    if (folder / "go").exists():
        break
    time.sleep(0.05)
"""
"""Waits for a word, and changes nothing."""


def soon(what: Callable[[], object]) -> None:
    """Wait for something that another process does."""
    end = time.monotonic() + AT_MOST
    while not what():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.05)


@contextmanager
def running(line: Line) -> Iterator["subprocess.Popen[bytes]"]:
    """The night in a process group of its own, up to the moment at which its first agent waits."""
    folder = line.log.parent
    (folder / "agent.py").write_text(GATED)
    # a suite that runs in the background of a shell may have been told to ignore Ctrl-C
    argv = ["env", "--default-signal=INT", sys.executable, "-m", "ci_factory", *line.argv(), "--quiet"]
    said = folder / "said"
    with (
        said.open("wb") as log,
        subprocess.Popen(argv, start_new_session=True, stdout=log, stderr=log) as night,
    ):
        try:
            soon(lambda: (folder / "began").exists() or night.poll() is not None)
            assert night.poll() is None, said.read_text()
            yield night
        finally:
            if night.poll() is None:
                os.killpg(night.pid, signal.SIGKILL)


def seen(line: Line) -> dict[str, Any]:
    """What another process says of the night."""
    ran = line.cli("status", "--repo", line.repo, "--out", line.out, "--night", "--json")
    assert ran.code == 0, ran.err
    found = json.loads(ran.out)
    assert isinstance(found, dict)
    return found


def later(line: Line, minutes: float) -> Live:
    """The same, so many minutes from now."""
    files = LiveFiles(Layout(line.out)).look()
    assert files is not None
    now = SystemClock().now() + timedelta(minutes=minutes)
    return live(files, configuration.parse(ONE_LANE), now)


def test_a_night_is_followed_through_work_death_and_completion(make_line: Callable[..., Line]) -> None:
    """Read from outside without a lock: at work, cut off by a kill, and completed by the same command."""
    line = make_line([{"id": "1"}, {"id": "2"}], ONE_LANE)
    with running(line) as night:
        now = seen(line)
        assert night.poll() is None
        first, second = now["tickets"]
        assert (now["state"], first["state"], second["state"]) == ("running", "running", "waiting")
        assert (first["said"], second["said"]) == ("implements, round 1", "for lane 1, where 1 is at work")
        assert [agent["tickets"] for agent in now["agents"]] == [["1"]]
        assert now["expected_end"]["early"] > now["now"]
        os.killpg(night.pid, signal.SIGKILL)
        night.wait()
    dead = later(line, minutes=11)
    assert [each.state for each in dead.tickets] == [TicketState.STUCK, TicketState.WAITING]
    assert dead.state is NightState.STOPPED
    assert {alert.key for alert in dead.alerts if alert.level.value == "watch"} >= {"silent_minutes"}
    (line.log.parent / "go").touch()
    assert line.run().code == 0
    done = seen(line)
    assert done["state"] == "completed"
    assert [each["outcome"] for each in done["tickets"]] == ["no change", "no change"]


def test_an_interrupted_night_says_so_at_once(make_line: Callable[..., Line]) -> None:
    """After Ctrl-C nobody has to wait for a time limit to learn that the night has stopped."""
    line = make_line([{"id": "1"}], ONE_LANE)
    with running(line) as night:
        night.send_signal(signal.SIGINT)
        assert night.wait(AT_MOST) == 130
    found = later(line, minutes=0)
    assert (found.state, found.tickets[0].state) == (NightState.STOPPED, TicketState.STUCK)
    assert found.reason == "the run ended before the night was over; the same command goes on from there"


def test_torn_and_foreign_files_are_named_and_passed_over(make_line: Callable[..., Line]) -> None:
    """Whatever lies in the folder of a night, the rest of it is shown, and what could not be read is named."""
    line = make_line([{"id": "1"}, {"id": "2"}])
    (line.log.parent / "go").touch()
    (line.log.parent / "agent.py").write_text(GATED)
    assert line.run().code == 0
    (folder,) = Layout(line.out).batches()
    attempt = folder.ticket("1").attempt.read_bytes()
    folder.ticket("1").attempt.write_bytes(attempt[: len(attempt) // 2])
    folder.ticket("2").attempt.write_bytes(attempt)
    folder.breakers.write_text("{}")
    folder.pulse.write_bytes(b"\xff\xfe")
    Layout(line.out).review.write_text("[" * 100_000)
    with Layout(line.out).events.open("ab") as log:
        log.write(b'{"kind": "factory-failed", "key"')
    now = later(line, minutes=0)
    assert (now.state, len(now.tickets), now.queue) == (NightState.COMPLETED, 2, None)
    named = "\n".join(now.damaged)
    for name in (
        "tickets/1/attempt.json",
        "2/attempt.json: belongs to another",
        "breakers.json",
        "pulse.json",
        "review.json",
    ):
        assert name in named


def test_a_ticket_that_the_factory_failed_on_says_why(make_line: Callable[..., Line]) -> None:
    """The accident stands in the log, and the ticket that it hit says it until the work goes on."""
    line = make_line([{"id": "1"}])
    (line.log.parent / "agent.py").write_text(
        "import os, pathlib\n"
        "state = pathlib.Path(os.environ['CI_FACTORY_OUT']).parents[1] / 'state.json'\n"
        "state.unlink(); state.mkdir()\n"
    )
    assert line.run().code == 3
    (found,) = later(line, minutes=0).tickets
    assert found.state is TicketState.STUCK
    assert found.said.startswith("the factory failed on it: ")


def test_the_heart_beats_while_nothing_changes(
    new_repo: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sign of life is written every few seconds, and a last one when the block ends, however it ends."""
    monkeypatch.setattr(pulses, "EVERY_SECONDS", 0.02)
    repo, clock = new_repo({"a.py": ""}), SystemClock()
    shop = Workshop(Git(repo), Layout(tmp_path), configuration.Config(), repo, (), clock, Silence())
    batch = Made().plan("1").plan("2", lane=1).files().batch
    path = shop.layout.batch(batch.id).pulse

    def work() -> None:
        with Heart(shop, batch, {"copier": "KEY"}).beating() as heart:
            heart.show(batch.tickets)
            first = records.read_model(path, Pulse)
            assert [each.ticket_id for each in first.at_work] == ["1", "2"]
            soon(lambda: records.read_model(path, Pulse).at > first.at)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        work()
    last = records.read_model(path, Pulse)
    assert (last.over, last.at_work, last.credentials) == (True, (), {"copier": "KEY"})
