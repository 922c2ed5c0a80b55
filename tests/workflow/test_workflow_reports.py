"""Reports that are posted: once, in place, never as a ticket; and stages alone say what the whole run says."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ci_factory.cli import main
from ci_factory.system.clock import SystemClock
from tests.workflow.kill_table import CONFIG, TICKETS
from tests.workflow.reported_nights import REPORT, Night, project, repository

NOW = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)
WEEK = "2026-W48"


@dataclass
class Place:
    """A worked batch on one forge, and the command line in this process."""

    repo: Path
    out: Path
    run: Callable[..., tuple[int, str, str]]
    reports: Callable[[], list[dict[str, Any]]]
    """Issues with our marker: id, title, body, labels and notes."""

    def ok(self, *argv: str) -> str:
        """What a command that succeeds prints."""
        code, out, err = self.run(*argv)
        assert code == 0, err
        return out


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[datetime]:
    """The time of every command, in a list so that a test can change it."""
    times = [NOW]
    monkeypatch.setattr(SystemClock, "now", lambda _: times[0])
    return times


@pytest.fixture(scope="module", params=["local", "gitlab"])
def night(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Night]:
    """A night of three tickets on each forge, run once."""
    folder = tmp_path_factory.mktemp("night")
    repo, line, words = repository(folder / "repo"), None, ["run", "--repo", str(folder / "repo")]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SystemClock, "now", lambda _: NOW)
        if request.param == "local":
            rows = (each.model_dump_json(exclude={"hidden", "due", "created_at"}) for each in TICKETS)
            (folder / "tickets.jsonl").write_text("\n".join(rows) + "\n", encoding="utf-8")
            words += ["--tickets", str(folder / "tickets.jsonl")]
        else:
            line = project(request.getfixturevalue("gitlab_server"), repo)
            for name, value in line.environment().items():
                patch.setenv(name, value)
        assert main.run(words) == 0
        yield Night(repo, line)


@pytest.fixture
def place(
    night: Night,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    clock: list[datetime],
) -> Place:
    repo, reports = night.copy(tmp_path)
    for name, value in (night.line.environment() if night.line else {}).items():
        monkeypatch.setenv(name, value)
    assert clock == [NOW]

    def run(*argv: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main.run([*argv, "--repo", str(repo)])
        return code, *capsys.readouterr()

    return Place(repo, repo / ".ci-factory", run, reports)


def test_stages_alone_say_what_the_run_says(place: Place) -> None:
    """review, report --post and dashboard, one after the other, write what the whole run wrote at its end."""
    names = ("review.json", "review.md", "report.md", "dashboard.html")
    (batch,) = (place.out / "batches").iterdir()
    files = [*(place.out / name for name in names), batch / "report.md"]
    before = [file.read_bytes() for file in files]
    for file in files:
        file.unlink()
    place.ok("review")
    place.ok("report", "--post")
    place.ok("dashboard")
    assert [file.read_bytes() for file in files] == before


def test_the_morning_report_is_one_issue(place: Place, clock: list[datetime]) -> None:
    """Posting it every morning changes the words of one issue, which are those of report.md."""
    place.ok("report", "--post")
    (first,) = place.reports()
    assert first["title"] == "ci-factory: morning report"
    assert first["body"].removesuffix(REPORT).strip() == (place.out / "report.md").read_text("utf-8").strip()
    clock[0] += timedelta(days=1)
    told = json.loads(place.ok("report", "--post", "--json"))["posted"]
    (second,) = place.reports()
    assert (second["id"], told) == (first["id"], {"where": f"#{first['id']}", "written": True})
    assert "2026-11-24 06:30 UTC" in second["body"]


def test_it_is_no_ticket(place: Place) -> None:
    """Neither status, nor intake, nor the facts know the report's issue, whatever label it gets."""
    place.ok("report", "--post")
    (report,) = place.reports()
    rows = json.loads(place.ok("status", "--json"))
    assert {row["ticket"] for row in rows} == {"1", "2", "3"}
    place.ok("intake")
    assert f'"{report["id"]}"' not in (place.out / "intake.json").read_text("utf-8")
    place.ok("collect")
    facts = json.loads((place.out / "facts.json").read_text("utf-8"))
    assert {ticket["id"] for ticket in facts["tickets"]} == {"1", "2", "3"}


def test_the_weekly_report_is_posted_once_in_a_week(place: Place, clock: list[datetime]) -> None:
    """A note on the same issue about the week that is over: made in the first run of the next, left alone in the others."""
    place.ok("report", "--post")
    assert "written" in place.ok("report", "--weekly", "--post")
    (first,) = place.reports()
    (note,) = first["notes"]
    assert note.startswith("# Weekly report 2026-W47\n\n**0 tickets merged, 0 in the week before.")
    clock[0] += timedelta(days=2)
    assert "already" in place.ok("report", "--weekly", "--post")
    assert place.reports() == [first]
    clock[0] += timedelta(days=5)
    told = json.loads(place.ok("report", "--weekly", "--post", "issue", "--json"))
    assert (told["period"]["name"], told["posted"]["written"]) == (WEEK, True)
    (later,) = place.reports()
    assert (later["id"], later["body"], len(later["notes"])) == (first["id"], first["body"], 2)


def test_a_missed_period_can_be_posted_later(place: Place) -> None:
    """--ending names a day of it; one that runs is shown, and refused for the issue, where it would stand for good."""
    told = place.ok("report", "--monthly", "--ending", "2026-09-30", "--post")
    assert "written" in told
    place.ok("report", "--monthly", "--ending", "2026-09-01", "--post")
    assert [note.splitlines()[0] for note in place.reports()[0]["notes"]] == ["# Monthly report 2026-09"]
    assert "which is not over" in place.ok("report", "--weekly", "--ending", "2026-11-23")
    for day, says in (("2026-11-23", "2026-W48 is not over"), ("2026-12-24", "still to come")):
        code, _, err = place.run("report", "--weekly", "--ending", day, "--post")
        assert (code, says in err) == (2, True)


def bound(place: Place, items: int) -> None:
    """Make so many items in the review queue an alert."""
    text = f"alerts: {{period: {{review_queue: {{alert: {items}}}}}}}\n"
    (place.repo / ".ci-factory.yml").write_text(f"{CONFIG}\n{text}", encoding="utf-8")


def test_an_alert_has_one_note_while_it_lasts_and_afterwards(place: Place, clock: list[datetime]) -> None:
    """Written once, left alone while nothing changed, over when it ended, on again when it comes back; label and exit code follow."""
    bound(place, 0)
    code, out, _ = place.run("report", "--alerts", "--post", "--fail-on", "medium")
    assert (code, "label factory-alert::medium" in out) == (1, True)
    (first,) = place.reports()
    (note,) = first["notes"]
    assert note.startswith("**Alert (medium): Review queue is 3, bounds alert > 0")
    assert "- On since 2026-11-23 06:30 UTC." in note
    assert sorted(first["labels"]) == ["factory-alert::medium", "factory-report"]

    assert "nothing new" in place.ok("report", "--alerts", "--post", "--fail-on", "high")
    assert place.reports() == [first]
    clock[0] += timedelta(hours=1)
    place.ok("report", "--alerts", "--post")
    (later,) = place.reports()[0]["notes"]
    assert "- On since 2026-11-23 06:30 UTC." in later

    bound(place, 100)
    assert "label none" in place.ok("report", "--alerts", "--post", "--fail-on", "low")
    (ended,) = place.reports()
    (over,), labels = ended["notes"], ended["labels"]
    assert "from 2026-11-23 06:30 UTC to 2026-11-23 07:30 UTC" in over
    assert labels == ["factory-report"]
    clock[0] += timedelta(hours=1)
    assert "nothing new" in place.ok("report", "--alerts", "--post")

    bound(place, 0)
    told = json.loads(place.ok("report", "--alerts", "--post", "--json"))
    assert told["posted"] == {
        "where": f"#{first['id']}",
        "written": ["review_queue"],
        "label": "factory-alert::medium",
    }
    (again,) = place.reports()[0]["notes"]
    assert "- On since 2026-11-23 08:30 UTC." in again


def test_nothing_to_judge_is_neither_well_nor_an_alert(
    new_repo: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """A project without any merge request ends with 4 where a job asks, and with 0 where nobody does."""
    repo = str(new_repo({"a": "b\n"}))
    assert main.run(["report", "--alerts", "--fail-on", "high", "--repo", repo]) == 4
    assert main.run(["report", "--alerts", "--repo", repo]) == 0
    assert "ALERT" not in capsys.readouterr().out


def test_the_weekly_report_needs_no_morning_report(place: Place) -> None:
    """Without one, its issue says that it waits for one, and the morning report fills it later."""
    place.ok("report", "--weekly", "--post")
    (waiting,) = place.reports()
    assert waiting["body"].startswith("No night has been reported yet.")
    place.ok("report", "--post")
    (filled,) = place.reports()
    assert (filled["id"], filled["notes"]) == (waiting["id"], waiting["notes"])
    assert filled["body"].startswith("# Morning report")


def test_facts_that_were_collected_are_enough(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """With --facts, figures, weekly report and page are those of the collected facts, and no forge is asked."""
    place.ok("collect")
    asked = place.ok("report", "--weekly"), place.ok("report", "--openmetrics"), place.ok("report")
    monkeypatch.setenv("CI_SERVER_URL", "http://127.0.0.1:9")
    kept = [place.ok("report", *words, "--facts") for words in (("--weekly",), ("--openmetrics",), ())]
    assert tuple(kept) == asked
    place.ok("dashboard", "--facts", "--output", str(place.out / "page.html"))
    assert (place.out / "page.html").read_text("utf-8") == (place.out / "dashboard.html").read_text("utf-8")


@pytest.mark.parametrize("words", [("--post",), ("--weekly", "--post")])
def test_a_factory_that_is_switched_off_posts_nothing(place: Place, words: tuple[str, ...]) -> None:
    """`enabled: false` is a usage error with its fix, and nothing is written."""
    (place.repo / ".ci-factory.yml").write_text(f"enabled: false\n{CONFIG}", encoding="utf-8")
    code, _, err = place.run("report", *words)
    assert code == 2
    assert "switched off" in err
    assert place.reports() == []


@pytest.mark.parametrize(
    "words",
    [
        ("--post", "snippet"),
        ("--openmetrics", "--post"),
        ("--openmetrics", "--weekly"),
        ("--weekly", "--batch", "x"),
        ("--weekly", "--monthly"),
        ("--alerts", "--export", "csv"),
        ("--ending", "2026-11-20"),
        ("--fail-on", "high"),
        ("--what", "changes"),
        ("--alerts", "--post", "snippet"),
        ("--grafana", "--json"),
        ("--weekly", "--post", "--agent", "heron"),
    ],
)
def test_wishes_that_do_not_go_together_are_refused(
    new_repo: Callable[..., Path], capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    """A combination without a meaning is a usage error with its fix, before anything is read."""
    assert main.run(["report", *words, "--repo", str(new_repo({"a": "b\n"}))]) == 2
    assert "fix:" in capsys.readouterr().err


@pytest.mark.parametrize("night", ["gitlab"], indirect=True)
def test_an_unprotected_job_posts_nothing(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """A job that holds the token and runs for no protected ref refuses, like every job that writes."""
    monkeypatch.setenv("GITLAB_CI", "true")
    monkeypatch.setenv("CI_COMMIT_REF_PROTECTED", "false")
    code, _, err = place.run("report", "--post")
    assert code == 2
    assert "protected" in err
    assert place.reports() == []
