"""`ci-factory review`: the screen, its groups and filters, and JSON."""

import io
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from rich.cells import cell_len
from rich.console import Console

from ci_factory import config as configuration
from ci_factory.cli.main import cli
from ci_factory.cli.review_screen import Screen
from ci_factory.model.gate import Verdict
from ci_factory.model.merge_truth import Clash, MergeTruth
from ci_factory.model.review import ReviewQueue
from ci_factory.model.ticket import Priority, RiskLevel, Size, Ticket
from ci_factory.review.queue import build_queue
from ci_factory.review.subject import ReviewSubject
from ci_factory.system import records

NOW = datetime(2026, 3, 5, 8, 30, tzinfo=UTC)
CONFIG = """
forge: {kind: embedded}
sensitive: [{paths: [auth/], reviewers: [sam]}, {paths: [db/], category: data, reviewers: [dan]}]
review: {reviewers: [ann], people: {eve: {absent: [2026-03-01..2026-03-09]}}}
"""
HOSTILE = "\x1b[31mred\x1b]8;;https://evil.example\x07 日本語のタイトル " * 4


def waiting(ticket_id: str, title: str, **fields: Any) -> ReviewSubject:
    """A passed change."""
    priority = fields.pop("priority", Priority.MEDIUM)
    values: dict[str, Any] = {
        "merge_request": int(ticket_id), "author": "factory", "verdict": Verdict.PASS, "score": 85.0,
        "security_findings": 0, "risk": RiskLevel.LOW, "size": Size.MEDIUM, "lines": 60, "files": ("a.py",),
        "opened_at": NOW - timedelta(hours=2), "escalated": False,
    }  # fmt: skip
    return ReviewSubject(ticket=Ticket(id=ticket_id, title=title, priority=priority), **values | fields)


@pytest.fixture
def queue() -> ReviewQueue:
    """A late critical change, one of two sensitive areas, a question, and one with a hostile title."""
    subjects = [
        waiting("1", "Round prices", priority=Priority.CRITICAL, opened_at=NOW - timedelta(hours=5)),
        waiting("2", "Rotate keys", files=("auth/a.py", "db/b.sql")),
        waiting("3", "Which tax?", merge_request=None, escalated=True, verdict=None, score=None),
        waiting("4", HOSTILE),
    ]
    return build_queue(subjects, config=configuration.parse(CONFIG), now=NOW)


@pytest.fixture
def project(new_repo: Callable[..., Path], queue: ReviewQueue) -> Path:
    """A repository in which this queue was made last."""
    repo = new_repo({".ci-factory.yml": CONFIG})
    records.write_model(repo / ".ci-factory" / "review.json", queue)
    return repo


def last(project: Path, *args: str) -> str:
    """What the command says of the last queue."""
    ran = CliRunner().invoke(cli, ["review", "--repo", str(project), "--last", *args], catch_exceptions=False)
    assert ran.exit_code == 0, ran.output
    return ran.stdout


@pytest.mark.parametrize("by", ["tier", "reviewer"])
@pytest.mark.parametrize("width", [80, 120, 200])
def test_the_screen_fits_and_obeys_nobody(queue: ReviewQueue, width: int, by: str) -> None:
    """No line is wider than the terminal, and no title moves its cursor or makes a link."""
    stream = io.StringIO()
    console = Console(file=stream, width=width, force_terminal=True, color_system=None)
    console.print(Screen(queue, queue.items, width, by).drawn(), highlight=False)
    lines = stream.getvalue().splitlines()
    assert max(cell_len(line) for line in lines) <= width
    assert "\x1b" not in stream.getvalue()
    assert "evil.example" not in stream.getvalue()


def test_a_merge_request_links_to_where_it_is_shown(queue: ReviewQueue) -> None:
    """Where an address is known; questions have none."""
    stream = io.StringIO()
    console = Console(file=stream, width=100, force_terminal=True)
    screen = Screen(queue, queue.items, 100, address=lambda iid: f"https://gitlab.example.com/-/{iid}")
    console.print(screen.drawn(), highlight=False)
    assert [f"https://gitlab.example.com/-/{iid}\x1b\\" in stream.getvalue() for iid in (1, 2, 3, 4)] == [
        True, True, False, True,
    ]  # fmt: skip


def test_the_morning_is_told_at_a_glance(project: Path) -> None:
    """What is late, who else has to look, who has how much to do, who is away."""
    said = " ".join(last(project).split())
    assert "4 wait, about 41 min, 1 late" in said
    assert "!1 Round prices 12 min ann late 1 h" in said
    assert "also sam (required for security area auth/)" in said
    assert "ann 29 min 2 merge requests, 1 question" in said
    assert "eve 0 min 0 merge requests absent, back 2026-03-10" in said


def test_it_says_which_changes_do_not_merge_together(project: Path) -> None:
    """When that was tried."""
    truth = MergeTruth(
        key="a" * 64, made_at=NOW, target_branch="main", base="b" * 40, clashes=(Clash(first=1, second=2, files=("a.py",)),)
    )  # fmt: skip
    records.write_model(project / ".ci-factory" / "merge_truth.json", truth)
    assert "!1 and !2 do not merge together: a.py" in last(project)


@pytest.mark.parametrize(
    ("name", "tickets"), [("ann", ["1", "3", "4"]), ("@Sam", ["2"]), ("dan", ["2"]), ("eve", [])]
)
def test_one_person_sees_what_waits_for_them(project: Path, name: str, tickets: list[str]) -> None:
    """As the reviewer, or as a further one that a sensitive area needs."""
    told = json.loads(last(project, "--reviewer", name, "--json"))
    assert sorted(item["ticket_id"] for item in told["items"]) == tickets
    assert (f"nothing waits for {name}" in last(project, "--reviewer", name)) is (not tickets)


def test_json_tells_everything(project: Path, queue: ReviewQueue) -> None:
    """The whole artifact."""
    assert ReviewQueue.model_validate(json.loads(last(project, "--json"))) == queue


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["--last", "--reassign", "1"], "leave out --reassign"),
        (["--last", "--out", "elsewhere"], "no queue was made yet"),
    ],
)
def test_what_can_not_be_is_refused(
    project: Path, factory_cli: Callable[..., Any], args: list[str], says: str
) -> None:
    """With exit code 2 and the fix."""
    ran = factory_cli("review", *args, cwd=project)
    assert ran.code == 2
    assert says in ran.err
