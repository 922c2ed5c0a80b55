"""`ci-factory plan --svg`, `--html` and `--start`."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

TICKET = """---
title: Add two <b>numbers</b>
---
## Acceptance criteria

- `shop.add(1, 2)` is 3
"""


@pytest.fixture(name="queue")
def repository_with_a_queue(new_repo: Callable[..., Path], factory_cli: Callable[..., Any]) -> Path:
    """A repository whose queue has one ready ticket, one that is not, and has been through intake."""
    repo = new_repo({"shop.py": "x = 1\n"})
    tickets = repo.parent / "tickets"
    tickets.mkdir()
    (tickets / "add.md").write_text(TICKET, encoding="utf-8")
    (tickets / "vague.md").write_text("---\ntitle: Do something\n---\n", encoding="utf-8")
    ran = factory_cli("intake", "--repo", repo, "--tickets", tickets)
    assert ran.code == 0, ran.err
    return repo


def test_a_draft_is_drawn_and_nothing_else_is_written(
    queue: Path, factory_cli: Callable[..., Any], tmp_path: Path
) -> None:
    """Both pictures, times by the clock in the table, what is out with its reason, and no batch."""
    svg, page = tmp_path / "plan.svg", tmp_path / "plan.html"
    argv = ("plan", "--repo", queue, "--agent", "autofix", "--dry-run")
    ran = factory_cli(*argv, "--svg", svg, "--html", page, "--start", "2026-03-02T18:00")
    assert ran.code == 0, ran.err
    assert "18:00-18:" in ran.out
    assert "1 in, 1 out" in ran.out
    assert "needs-info" in ran.out
    assert "<b>numbers" not in svg.read_text(encoding="utf-8")
    assert "&lt;b&gt;numbers" in svg.read_text(encoding="utf-8")
    assert "vague" in page.read_text(encoding="utf-8")
    assert not list(tmp_path.rglob("batch.json"))


def test_a_wrong_start_is_refused_before_anything_is_planned(
    queue: Path, factory_cli: Callable[..., Any]
) -> None:
    """By the option's name and an example."""
    ran = factory_cli("plan", "--repo", queue, "--agent", "autofix", "--start", "teatime")
    assert ran.code == 2
    assert "--start" in ran.err
    assert "18:00" in ran.err
