"""A night on code that nobody here wrote: a package as it is installed in this environment."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest

from ci_factory.system.git import Git


@pytest.mark.long
@pytest.mark.slow
def test_a_night_on_an_installed_package(
    new_repo: Callable[..., Path], commit: Callable[..., str], factory_cli: Callable[..., Any], tmp_path: Path
) -> None:
    """Tickets from click's own findings become merge requests with real diffs and real scores, and nothing crashes."""
    repo = new_repo({"README.md": "A copy of click.\n"})
    shutil.copytree(Path(click.__file__).parent, repo / "click", ignore=shutil.ignore_patterns("__pycache__"))
    commit(repo, {})
    tickets, out = tmp_path / "tickets", tmp_path / "out"
    made = factory_cli("ticket", "from-findings", "--repo", repo, "--out", tickets)
    assert made.code == 0, made.err
    count = len(list(tickets.glob("*.md")))
    assert count > 0
    ran = factory_cli("run", "--repo", repo, "--tickets", tickets, "--agent", "autofix", "--out", out)
    assert ran.code == 0, ran.err
    merge_requests = json.loads(factory_cli("mr", "list", "--repo", repo, "--json").out)
    assert len(merge_requests) == count
    for merge_request in merge_requests:
        changes = Git(repo).changes("main", merge_request["head"])
        assert all(change.status == "M" and change.path.startswith("click/") for change in changes)
        assert changes
    scores = [json.loads(path.read_text()) for path in out.glob("batches/*/tickets/*/score.json")]
    assert len(scores) == count
    # There are no tests in an installed package: everything else is measured, and that is said to be missing.
    for score in scores:
        assert score["verdict"] == "inconclusive"
        assert score["score"] == pytest.approx(70)
        assert score["components"]["tests"]["score"] is None
        assert score["components"]["security"]["score"] == 100
