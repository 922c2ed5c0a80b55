"""What a person sees while the line runs."""

import io
from datetime import UTC, datetime

import pytest

from ci_factory.cli import progress
from ci_factory.system.clock import ManualClock


def test_lines_carry_nothing_a_terminal_obeys(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a terminal there is one plain line a step, and a ticket's words can't colour the log."""
    with progress.watching(ManualClock(datetime(2026, 3, 2, tzinfo=UTC))) as watcher:
        watcher.stage("plan", "12 tickets")
        watcher.waiting({"1": "a title"})
        watcher.ticket("1", "running", "\x1b[31mred\x1b[0m\nsection_start:1:x")
    err = capsys.readouterr().err
    assert err.splitlines() == ["[plan] 12 tickets", "  1            running        red 1:x"]


def test_table_shows_what_waits_and_what_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal every ticket of the night has a row, with the seconds since its last move."""
    clock = ManualClock(datetime(2026, 3, 2, tzinfo=UTC))
    screen = io.StringIO()
    monkeypatch.setattr("sys.stderr", screen)
    with progress.LiveTable(clock).shown() as table:
        table.waiting({"1": "first", "2": "second"})
        table.ticket("1", "running", "amber")
        clock.sleep(7)
        table.stage("plan", "two tickets")
    text = screen.getvalue()
    assert "plan: two tickets" in text
    assert "running" in text
    assert "7 s" in text
    assert "second" in text


def test_quiet_is_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    """`--quiet` prints nothing."""
    with progress.watching(ManualClock(datetime(2026, 3, 2, tzinfo=UTC)), quiet=True) as watcher:
        watcher.stage("plan")
        watcher.ticket("1", "running")
    assert capsys.readouterr().err == ""
