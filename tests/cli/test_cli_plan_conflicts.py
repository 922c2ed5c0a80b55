"""What `ci-factory plan --conflicts` prints."""

import pytest

from ci_factory.cli import conflicts
from ci_factory.model.meetings import ConflictGraph, Crowd, Meeting


def test_pairs_and_crowds_are_shown_without_effect_of_their_names(capsys: pytest.CaptureFixture[str]) -> None:
    """Probability, tickets and files in a row; markup and control characters in paths do nothing."""
    pair = Meeting("1", "2", 0.8123, ("src/[bold]a.py", "b\x1b[31m\n.py"))
    conflicts.show(ConflictGraph((pair,), (Crowd("src/[red]core.py", 300, 150.0),)))
    shown = capsys.readouterr().out
    assert "81%" in shown
    assert "src/[bold]a.py" in shown
    assert "\x1b" not in shown
    assert "300 tickets may touch src/[red]core.py" in shown


def test_more_pairs_than_fit_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    """The table is short; --json has the rest."""
    pairs = tuple(Meeting("a", f"b{number}", 0.5, ("x.py",)) for number in range(25))
    conflicts.show(ConflictGraph(pairs, ()))
    assert "and 5 pairs more" in capsys.readouterr().out


def test_no_conflict_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    """An empty table would look like a mistake."""
    conflicts.show(ConflictGraph((), ()))
    assert "no two tickets" in capsys.readouterr().out
