"""Levels 2 and 3 as pipelines, children included: what they leave is what the same night on one machine leaves."""

import json
import re
from collections import Counter
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tests.ci_local import alike
from tests.ci_local.driver import Ended
from tests.ci_local.night import PEOPLE, THREE, WHOLE, Demonstration, at_night
from tests.conftest import git
from tests.gitlab_standin.control import StandIn
from tests.workflow.gitlab_line import GitLabLine

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
ESCALATED, BLOCKED = {"109", "111", "112"}, {"113"}
CONTROL = {"factory-plan", "factory-publish", "factory-together", "factory-report"}
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

    def page(self) -> Counter[str]:
        """The dashboard."""
        return alike.page((self.out / "dashboard.html").read_text("utf-8"), self.line.path, PEOPLE)


def _only(state: dict[str, Any], tickets: frozenset[str]) -> dict[str, Any]:
    """The part about some tickets; which of two equal agents had a ticket depends on all the others."""
    of = {name for name in state["trees"] if name.removeprefix("factory/").split("-")[0] in tickets}
    part = {
        "merge requests": {name: state["merge requests"][name] for name in of},
        "trees": {name: state["trees"][name] for name in of},
        "issues": {str(iid): each for iid, each in state["issues"].items() if str(iid) in tickets},
    }
    found: dict[str, Any] = json.loads(re.sub("amber|basil", "AGENT", json.dumps(part)))
    return found


def _in_pipelines(server: StandIn, made: Demonstration, folder: Path, source: str, prefix: str) -> Left:
    line = made.line(server, f"lendery/ci-{next(_NUMBERS)}", folder / "clone")
    ended = made.runner(line, folder / "runner").run("main", source, depth=0)
    return Left(line, ended.artifacts(f"{prefix}-report") / ".ci-factory", ended)


def test_a_night_on_a_schedule_leaves_what_one_machine_leaves(
    ci_server: StandIn, made: Demonstration, here: GitLabLine, tmp_path: Path
) -> None:
    """Level 3: jobs end as their tickets do, none saw the token; forge, review queue and dashboard are those of the local night."""
    left = _in_pipelines(ci_server, made, tmp_path, "schedule", "factory")
    _check_jobs(left)
    same = Left(here, here.out)
    found = left.state()
    assert found == same.state()
    assert len(found["merge requests"]) == (9 if WHOLE else 4)
    assert left.review() == same.review()
    one, other = left.page(), same.page()
    assert (one - other, other - one) == ({}, {})


def _check_jobs(left: Left) -> None:
    """Its own exit of each job: gitlab-ci-local takes a failed child for a success."""
    ended = left.ended
    assert ended is not None
    assert {name: ended.exits.get(name) for name in CONTROL} == dict.fromkeys(CONTROL, 0), ended.console
    assert {name.split(":")[0] for name in ended.exits} == CONTROL | {
        "factory-agent",
        "factory-gate",
        "factory-candidate",
    }
    bad = {name: code for name, code in ended.exits.items() if code}
    assert set(bad.values()) == {1}, ended.console
    assert {re.sub(r"\D*(\d+).*", r"\1", name) for name in bad} == set(filter(at_night, ESCALATED | BLOCKED))
    assert left.line.token not in ended.console
    pipeline = left.line.project.pipelines.get(ended.id)
    bridges = {each.name: each.status for each in pipeline.bridges.list()}
    assert pipeline.status == "success"
    assert bridges == {"factory-generate": "success", "factory-integrate": "success"}


@pytest.mark.long
def test_three_tickets_by_number_are_worked_on_and_no_other(
    ci_server: StandIn, made: Demonstration, here: GitLabLine, tmp_path: Path
) -> None:
    """Level 2: a pair of jobs for each, and the merge requests, notes and labels of the whole night."""
    left = _in_pipelines(ci_server, made, tmp_path, "web", "few")
    assert left.ended is not None
    control = {name.replace("factory", "few") for name in CONTROL}
    assert set(left.ended.exits.values()) == {0}, left.ended.console
    assert len(left.ended.exits) == len(control) + 2 * len(THREE) + len(("few-candidate",))
    assert control | {"few-candidate"} < set(left.ended.exits)
    three = frozenset(THREE)
    assert left.state(three) == Left(here, here.out).state(three)
    assert left.line.state()["count"] == len(THREE)
    assert three <= set(left.review()[1])
