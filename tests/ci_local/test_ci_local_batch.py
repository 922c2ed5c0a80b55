"""Levels 2 and 3 as pipelines, children included: what they leave is what the same night on one machine leaves."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tests.ci_local import alike
from tests.ci_local.driver import Ended, pipeline_file
from tests.ci_local.night import PEOPLE, Demonstration
from tests.conftest import git
from tests.gitlab_standin.control import StandIn
from tests.workflow.gitlab_line import GitLabLine

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
THREE = ("101", "103", "106")
"""The third is stacked on the second."""
ESCALATED, BLOCKED, UNREADY = {"109", "111", "112"}, {"113"}, {"105"}
CONTROL = {"factory-plan", "factory-publish", "factory-report"}
REPORT = "factory-report"
_NUMBERS = count(1)


@dataclass(frozen=True)
class Left:
    """What a night left."""

    line: GitLabLine
    out: Path
    """Folder with the review queue and the dashboard."""
    ended: Ended | None = None

    def state(self, tickets: frozenset[str] | None = None) -> dict[str, Any]:
        """What is on the stand-in, of some tickets alone if wanted."""
        found = self.line.state()
        bare = self.line.server.repository(self.line.id)
        trees = {name: git(bare, "rev-parse", f"{name}^{{tree}}") for name in found["branches"]}
        same = alike.state(found, trees, self.line.path)
        same["issues"] = {iid: each for iid, each in same["issues"].items() if REPORT not in each["labels"]}
        return same if tickets is None else _only(same, tickets)

    def review(self) -> tuple[list[str], dict[str, Any]]:
        """The review queue."""
        return alike.queue(json.loads((self.out / "review.json").read_text("utf-8")))


def _only(state: dict[str, Any], tickets: frozenset[str]) -> dict[str, Any]:
    of = {name for name in state["trees"] if name.removeprefix("factory/").split("-")[0] in tickets}
    return {
        "merge requests": {name: state["merge requests"][name] for name in of},
        "trees": {name: state["trees"][name] for name in of},
        "issues": {iid: each for iid, each in state["issues"].items() if str(iid) in tickets},
    }


def _in_pipelines(
    server: StandIn, folder: Path, component: str, inputs: dict[str, Any], only: tuple[str, ...]
) -> Left:
    made = Demonstration.prepare(folder / "demo", pipeline_file(component, inputs))
    line = made.line(server, f"lendery/ci-{next(_NUMBERS)}", folder / "clone", only)
    ended = made.runner(line, folder / "runner").run("main", "schedule", depth=0)
    return Left(line, ended.artifacts("factory-report") / ".ci-factory", ended)


@pytest.fixture(scope="module")
def git_settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Nobody's, for fixtures that live longer than a test."""
    path = tmp_path_factory.mktemp("home") / ".gitconfig"
    path.write_text("[user]\n\tname = Tess Tester\n\temail = tess@example.com\n", encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GIT_CONFIG_GLOBAL", str(path))
        patch.setenv("GIT_CONFIG_NOSYSTEM", "1")
        yield


@pytest.fixture(scope="module")
def here(ci_server: StandIn, git_settings: None, tmp_path_factory: pytest.TempPathFactory) -> Left:
    """The demonstration's night on one machine, without pipelines."""
    del git_settings
    folder = tmp_path_factory.mktemp("here")
    made = Demonstration.prepare(folder / "demo", pipeline_file("batch"))
    line = made.line(ci_server, f"lendery/here-{next(_NUMBERS)}", folder / "clone")
    assert line.command("run") == 0
    return Left(line, line.out)


@pytest.fixture(scope="module")
def batch(ci_server: StandIn, git_settings: None, tmp_path_factory: pytest.TempPathFactory) -> Left:
    """The same night by `batch`, on a schedule."""
    del git_settings
    return _in_pipelines(ci_server, tmp_path_factory.mktemp("batch"), "batch", {}, ())


def test_every_job_of_the_night_ends_as_its_ticket_does(batch: Left) -> None:
    """Control passes; agents and gates of the night end with 0, or with 1 where a person is needed; none saw a token."""
    ended = batch.ended
    assert ended is not None
    assert set(ended.jobs) > CONTROL, ended.console
    bad = {
        ticket
        for ticket in ESCALATED | BLOCKED
        for name, code in ended.exits.items()
        if ticket in name and code
    }
    assert bad == ESCALATED | BLOCKED, ended.console
    assert {
        name: code for name, code in ended.exits.items() if code and not any(each in name for each in bad)
    } == {}
    assert {code for code in ended.exits.values() if code} == {1}
    assert {name.split(":")[0] for name in ended.exits} == CONTROL | {"factory-agent", "factory-gate"}
    assert batch.line.token not in ended.console
    pipeline = batch.line.project.pipelines.get(ended.id)
    (bridge,) = pipeline.bridges.list()
    assert (pipeline.status, bridge.status, bridge.name) == ("success", "success", "factory-generate")


def test_the_night_leaves_on_the_forge_what_one_machine_leaves(batch: Left, here: Left) -> None:
    """Branches by their trees, merge requests, notes and labels are equal; the schedule alone posts the morning report."""
    assert batch.state() == here.state()
    assert len(batch.state()["merge requests"]) == 9


def test_the_review_queue_and_the_dashboard_are_those_of_one_machine(batch: Left, here: Left) -> None:
    """The same items in the same tiers, and the same figures."""
    assert batch.review() == here.review()
    pages = [
        alike.page((left.out / "dashboard.html").read_text("utf-8"), left.line.path, PEOPLE)
        for left in (batch, here)
    ]
    assert (pages[0] - pages[1], pages[1] - pages[0]) == ({}, {})


def test_three_tickets_by_number_are_worked_on_and_no_other(
    ci_server: StandIn, here: Left, tmp_path: Path
) -> None:
    """Level 2: a pair of jobs for each, and the merge requests, notes and labels of the whole night."""
    left = _in_pipelines(ci_server, tmp_path, "agents", {"tickets": list(THREE)}, (*THREE, "107"))
    assert left.ended is not None
    worked = {name: code for name, code in left.ended.exits.items() if name not in CONTROL}
    assert set(worked.values()) == {0}, left.ended.console
    assert len(worked) == 2 * len(THREE)
    three = frozenset(THREE)
    assert left.state(three) == here.state(three)
    assert left.line.state()["count"] == len(THREE)
    assert set(left.review()[1]) == three
