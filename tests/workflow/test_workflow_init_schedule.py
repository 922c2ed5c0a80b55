"""`ci-factory init --schedule` on a GitLab: schedule and labels, made once."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from ci_factory.cli import main
from ci_factory.config import Labels
from tests.gitlab_standin.control import Fault, StandIn
from tests.gitlab_standin.wire import What
from tests.workflow.gitlab_line import BOSS, BOT, GitLabLine

_NUMBERS = count(1)
_TOKENS: dict[str, dict[str, str]] = {}
CRON = "23 18 * * 1-5"


@dataclass
class Site:
    """A project, and the command on it."""

    server: StandIn
    line: GitLabLine
    capsys: pytest.CaptureFixture[str]

    def init(self, *argv: str) -> tuple[int, list[dict[str, str]]]:
        """Exit status, and what was made."""
        code = main.run(["init", "--schedule", "--repo", str(self.line.repo), "--json", *argv])
        return code, json.loads(self.capsys.readouterr().out or "[]")

    def schedules(self) -> list[dict[str, Any]]:
        found = self.line.project.pipelineschedules.list(get_all=True)
        return [each.attributes for each in found]

    def labels(self) -> dict[str, dict[str, Any]]:
        return {each.name: each.attributes for each in self.line.project.labels.list(get_all=True)}

    def writes(self) -> list[str]:
        """What changed something since the requests were forgotten."""
        return [
            f"{each.method} {each.path.rpartition('/')[2]}" for each in self.server.requests() if each.effect
        ]


@pytest.fixture
def site(
    gitlab_server: StandIn,
    tmp_path: Path,
    new_repo: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Site]:
    """A project without schedule or labels."""
    repo = new_repo(
        {"a.py": "x = 1\n", ".ci-factory.yml": "forge: {rates: {tries: 2, outage_minutes: 0.05}}\n"}
    )
    tokens = _TOKENS.setdefault(gitlab_server.url, {})
    line = GitLabLine.make(gitlab_server, f"init/shop-{next(_NUMBERS)}", repo, tmp_path / "out", tokens)
    for name, value in line.environment().items():
        monkeypatch.setenv(name, value)
    gitlab_server.forget_requests()
    yield Site(gitlab_server, line, capsys)
    gitlab_server.clear_faults()


def test_schedule_and_labels_are_made_once(site: Site) -> None:
    """The first time every label and one schedule on the default branch, away from minute 0; the second time nothing."""
    code, made = site.init()
    assert code == 0
    assert {each["outcome"] for each in made} == {"created"}
    (schedule,) = site.schedules()
    assert (schedule["description"], schedule["ref"], schedule["cron"]) == ("CI Factory", "main", CRON)
    assert (schedule["active"], schedule["owner"]["username"]) == (True, BOT)
    names = Labels()
    assert set(site.labels()) == {*names.every, names.report}
    assert all(each["description"] for each in site.labels().values())
    site.server.forget_requests()
    code, made = site.init()
    assert (code, {each["outcome"] for each in made}) == (0, {"present"})
    assert site.writes() == []


def test_what_people_made_stays_as_it_is(site: Site) -> None:
    """A label of that name keeps its colour and words, another schedule its cron, and a label of another name is no reason."""
    site.line.project.labels.create({"name": "ready-for-agent", "color": "#123456", "description": "ours"})
    site.line.project.labels.create({"name": "ready-for-agents", "color": "#123456"})
    site.server.schedule(site.line.id, "nightly", owner=BOSS, cron="0 1 * * *")
    assert site.init()[0] == 0
    label = site.labels()["ready-for-agent"]
    assert (label["color"], label["description"]) == ("#123456", "ours")
    assert {each["description"]: each["cron"] for each in site.schedules()} == {
        "nightly": "0 1 * * *",
        "CI Factory": CRON,
    }


def test_another_time_changes_ours_and_only_when_asked(site: Site) -> None:
    """`--cron` and `--timezone` change an existing schedule; without them it keeps what somebody gave it."""
    assert site.init("--cron", "7,37  * * * *", "--timezone", "Europe/Berlin")[0] == 0
    assert [(each["cron"], each["cron_timezone"]) for each in site.schedules()] == [
        ("7,37 * * * *", "Europe/Berlin")
    ]
    assert site.init()[0] == 0
    assert site.schedules()[0]["cron"] == "7,37 * * * *"
    code, made = site.init("--cron", "3 4 * * *")
    assert (code, made[-1]["outcome"]) == (0, "changed")
    assert [(each["cron"], each["cron_timezone"]) for each in site.schedules()] == [
        ("3 4 * * *", "Europe/Berlin")
    ]


def test_a_dry_run_asks_and_writes_nothing(site: Site) -> None:
    """It names what would be made."""
    code, made = site.init("--dry-run")
    assert (code, {each["outcome"] for each in made}) == (0, {"wanted"})
    assert len(made) == len(Labels().every) + 2
    assert site.writes() == []


@pytest.mark.parametrize("role", ["guest", "reporter"])
def test_a_role_that_is_too_low_is_told_with_what_to_do_by_hand(site: Site, role: str) -> None:
    """Exit 3; a reporter makes the labels, a guest the first refusal only; the schedule says what it takes and how by hand."""
    site.server.member(site.line.id, BOT, role)
    code, made = site.init()
    assert code == 3
    assert made[-1]["outcome"] == "refused"
    assert f"cron {CRON}" in made[-1]["fix"]
    labels = [each["outcome"] for each in made[:-1]]
    assert set(labels) == ({"created"} if role == "reporter" else {"refused"})
    assert len(labels) == (len(Labels().every) + 1 if role == "reporter" else 1)
    assert site.schedules() == []


def test_somebody_elses_schedule_of_ours_is_not_taken_over(site: Site) -> None:
    """One with our description that another user owns counts as there; to change it is refused by GitLab and told."""
    site.server.schedule(site.line.id, "CI Factory", owner=BOSS, cron="0 1 * * *", active=False)
    code, made = site.init()
    assert (code, made[-1]["outcome"], made[-1]["fix"]) == (
        0,
        "present",
        "activate it (Build > Pipeline schedules)",
    )
    code, made = site.init("--cron", "5 1 * * *")
    assert (code, made[-1]["outcome"]) == (3, "refused")
    assert [each["cron"] for each in site.schedules()] == ["0 1 * * *"]


@pytest.mark.parametrize("what", ["drop-before", "drop-after"])
def test_a_lost_answer_makes_nothing_twice(site: Site, what: What) -> None:
    """Whether or not the lost request had its effect, there is one schedule and each label once."""
    for path in ("pipeline_schedules", "labels"):
        site.server.fault(Fault(what, method="POST", path=path, times=1))
    code, made = site.init()
    assert (code, {each["outcome"] for each in made}) == (0, {"created"})
    assert len(site.schedules()) == 1
    assert set(site.labels()) == {*Labels().every, Labels().report}


@pytest.mark.parametrize("what", ["kill-before", "kill-after"])
@pytest.mark.parametrize("path", ["labels", "pipeline_schedules"])
def test_a_kill_leaves_what_the_next_run_goes_on_from(site: Site, what: What, path: str) -> None:
    """Killed before or after a write took effect, the same command makes the rest, and nothing twice."""
    command = f"read go; exec {sys.executable} -m ci_factory init --schedule --repo {site.line.repo}"
    argv = ["sh", "-c", command]
    process = subprocess.Popen(
        argv, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, env=os.environ | site.line.environment()
    )
    site.server.fault(
        Fault(what, method="POST", path=path, skip=2 if path == "labels" else 0, times=1, pid=process.pid)
    )
    process.communicate(b"go\n")
    assert process.returncode == -signal.SIGKILL
    assert (len(site.labels()) > 3, len(site.schedules())) == (
        path != "labels",
        path != "labels" and what == "kill-after",
    )
    assert site.init()[0] == 0
    assert len(site.schedules()) == 1
    assert set(site.labels()) == {*Labels().every, Labels().report}


@pytest.mark.parametrize(
    ("argv", "says"),
    [(("--cron", "1 2 3"), "--cron"), (("--timezone", "no\nzone"), "--timezone"), (("--cron", ""), "--cron")],
)
def test_a_wrong_time_is_exit_2(
    site: Site, argv: tuple[str, ...], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is asked of the server."""
    assert main.run(["init", "--schedule", "--repo", str(site.line.repo), *argv]) == 2
    assert says in capsys.readouterr().err
    assert site.server.requests() == []


def test_the_embedded_forge_has_no_schedule(
    new_repo: Callable[..., Path], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a GitLab the command says what is missing to reach one, exit 2."""
    monkeypatch.delenv("CI_FACTORY_TOKEN", raising=False)
    assert main.run(["init", "--schedule", "--repo", str(new_repo({"a.py": ""}))]) == 2
    said = capsys.readouterr().err
    assert "the embedded forge has no schedules" in said
    assert "forge.url, forge.project, CI_FACTORY_TOKEN" in said


def test_the_screen_says_the_same_without_the_token(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    """One line for each thing; no escape sequence in a pipe."""
    assert main.run(["init", "--schedule", "--repo", str(site.line.repo)]) == 0
    said = capsys.readouterr().out
    assert f"created   schedule: “CI Factory” at {CRON} (UTC) on main" in said
    assert "created   label: factory::hold" in said
    assert "\x1b" not in said
    assert site.line.token not in said
