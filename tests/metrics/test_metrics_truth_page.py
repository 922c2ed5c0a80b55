"""No number stands on the dashboard that `report --json` does not give, after the demonstration's night as after any other."""

import json
import os
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.metrics.page_numbers import Reader, unfound
from tests.metrics.truth import hand
from tests.metrics.truth.embedded import Embedded
from tests.metrics.truth.place import command

DEMONSTRATION = Path(__file__).parents[2] / "examples" / "demo.py"


def told(repo: Path, out: Path, now: datetime) -> tuple[str, Any]:
    """The page, and the data of the same moment."""
    page, where = out / "checked.html", ("--repo", str(repo), "--out", str(out))
    command("dashboard", "--output", str(page), *where, environment={}, now=now)
    return page.read_text(encoding="utf-8"), json.loads(
        command("report", "--json", *where, environment={}, now=now)
    )["overview"]


@pytest.fixture(scope="module")
def by_hand(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Any]:
    """The page of the nine lives that are written by hand, on the embedded forge."""
    made = Embedded.made(tmp_path_factory.mktemp("page") / "repo", hand.lives())
    return told(made.repo, made.repo / ".ci-factory", hand.NOW)


def test_every_number_of_the_page_is_in_the_report(by_hand: tuple[str, Any]) -> None:
    """Each number that is shown, read as its unit says, is the one in the data; all other words with digits are there too."""
    page, overview = by_hand
    assert unfound(page, overview) == []


@pytest.mark.parametrize(
    ("found", "instead"),
    [
        (r'(data-figure="/figures/2/value">)67 %', r"\g<1>68 %"),
        (r'data-figure="/figures/2/value"', 'data-figure="/figures/3/value"'),
        (r"</footer>", "<p>17 more are left</p></footer>"),
    ],
    ids=["another value", "another place", "a number from nowhere"],
)
def test_a_number_of_its_own_is_noticed(by_hand: tuple[str, Any], found: str, instead: str) -> None:
    """The check is one: a page that says something else than the data does not pass."""
    page, overview = by_hand
    changed, times = re.subn(found, instead, page)
    assert times
    assert unfound(changed, overview) != []


@pytest.mark.long
def test_the_demonstration_tells_its_night(tmp_path: Path) -> None:
    """The page of the demonstration's night has hundreds of numbers, and `report --json` has every one of them."""
    into = tmp_path / "demo"
    subprocess.run(
        [sys.executable, str(DEMONSTRATION), "--into", str(into)],
        check=True,
        capture_output=True,
        env=dict(os.environ),
    )
    (out,) = {path.parent.parent.parent for path in into.rglob("batch.json")}
    repo = next(path.parent for path in into.rglob(".git"))
    page, overview = told(repo, out, datetime.now(UTC) + timedelta(minutes=1))
    reader = Reader()
    reader.feed(page)
    assert len(reader.figures) > 300
    assert unfound(page, overview) == []
