"""`ci-factory doctor` in a project whose pipeline includes the factory's components."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import gitlab
import pytest

from ci_factory.cli import main
from tests.conftest import commit_files, git
from tests.gitlab_standin.control import Fault, StandIn
from tests.workflow.gitlab_line import BOSS, BOT, GitLabLine

_NUMBERS = count(1)
_TOKENS: dict[str, dict[str, str]] = {}
_SOURCES: dict[str, str] = {}
TEMPLATES = Path(__file__).parents[2] / "templates"
CI = """
include:
  - component: $CI_SERVER_FQDN/{source}/gates@1.4.0
  - component: $CI_SERVER_FQDN/{source}/sweep@1.4.0
  - component: $CI_SERVER_FQDN/{source}/agents@1.4.0
    inputs:
      tags: [small]
      agent-tags: [big, docker]
job:
  script: [make]
"""
RATES = "forge: {rates: {tries: 2, outage_minutes: 0.05}}\n"
NAMES = ("ci version", "ci lint", "variables", "labels", "jobs", "artifact size")
Checks = dict[str, list[dict[str, str]]]


@dataclass
class Ward:
    """A project that includes the components, and its doctor."""

    server: StandIn
    line: GitLabLine
    source: str
    monkeypatch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]

    def doctor(self) -> Checks:
        """Checks by name. Nothing was written, and no value of a variable is shown."""
        self.server.forget_requests()
        code = main.run(["doctor", "--repo", str(self.line.repo), "--out", str(self.line.out), "--json"])
        out = self.capsys.readouterr().out
        assert [each for each in self.server.requests() if each.effect] == []
        assert "glpat-" not in out
        found: Checks = {}
        for check in json.loads(out):
            found.setdefault(check["name"], []).append(check)
        assert code == (3 if any(each["health"] == "failed" for each in json.loads(out)) else 0)
        return found

    def said(self, name: str) -> tuple[str, str]:
        """Health and message of one check."""
        (check,) = self.doctor()[name]
        return check["health"], check["message"]

    def as_maintainer(self) -> None:
        """The token's user may read variables and runners."""
        self.server.member(self.line.id, BOT, "maintainer")

    def push(self, text: str) -> None:
        """Another pipeline, here and on the default branch."""
        commit_files(self.line.repo, {".gitlab-ci.yml": text})
        git(self.line.repo, "push", "--quiet", str(self.server.repository(self.line.id)), "HEAD:main")

    def variable(self, key: str = "CI_FACTORY_TOKEN", **how: Any) -> None:
        values = {
            "value": "glpat-aaaaaaaaaaaaaaaaaaaa",
            "protected": True,
            "masked": True,
            "environment_scope": "factory",
        }
        self.line.project.variables.create({"key": key, **values, **how})

    def runner(self, *tags: str, online: bool = True, **how: Any) -> None:
        values = {
            "runner_type": "project_type",
            "project_id": self.line.id,
            "tag_list": ",".join(tags),
            **how,
        }
        boss = gitlab.Gitlab(self.server.url, private_token=_TOKENS[self.server.url][BOSS])
        made: Any = boss.http_post("/user/runners", post_data=values)
        if online:
            boss.http_post("/runners/verify", post_data={"token": made["token"]})


@pytest.fixture
def ward(
    gitlab_server: StandIn,
    tmp_path: Path,
    new_repo: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Ward:
    """A project of level 2 without runners, variables and labels; the components are on the same server."""
    tokens = _TOKENS.setdefault(gitlab_server.url, {})
    source = _SOURCES.get(gitlab_server.url)
    if source is None:
        files = {
            f"templates/{path.name}": path.read_text(encoding="utf-8") for path in TEMPLATES.glob("*.yml")
        }
        theirs = new_repo(files, name="components")
        git(theirs, "tag", "1.4.0")
        source = _SOURCES[gitlab_server.url] = "wards/ci-factory"
        gitlab_server.project(source, source=theirs, visibility="public")
    repo = new_repo({"a.py": "x = 1\n", ".gitlab-ci.yml": CI.format(source=source), ".ci-factory.yml": RATES})
    line = GitLabLine.make(gitlab_server, f"wards/shop-{next(_NUMBERS)}", repo, tmp_path / "out", tokens)
    for name, value in line.environment().items():
        monkeypatch.setenv(name, value)
    return Ward(gitlab_server, line, source, monkeypatch, capsys)


# What can be known, and what can't


def test_what_a_developer_may_not_read_is_unknown(ward: Ward) -> None:
    """Variables, runners and limits are not ok but unknown, each with where to look by hand; the rest is known."""
    found = ward.doctor()
    assert found["components"][0]["message"] == f"level 2: gates, sweep, agents of {ward.source} at 1.4.0"
    health = {name: found[name][0]["health"] for name in NAMES}
    assert health == {
        "ci version": "ok",
        "ci lint": "ok",
        "variables": "unknown",
        "labels": "warning",
        "jobs": "ok",
        "artifact size": "unknown",
    }
    assert "environment scope factory" in found["variables"][0]["fix"]
    runners = {name: checks[0]["health"] for name, checks in found.items() if name.startswith("runners")}
    assert runners == {"runners": "unknown", "runners small": "unknown", "runners big, docker": "unknown"}


def test_all_is_well_for_a_maintainer(ward: Ward) -> None:
    """With variable, labels and runners as asked for, every check that GitLab answers is ok."""
    ward.as_maintainer()
    ward.variable()
    ward.runner("small", "linux")
    ward.runner("big", "docker")
    ward.runner()
    assert main.run(["init", "--schedule", "--repo", str(ward.line.repo)]) == 0
    ward.capsys.readouterr()
    found = ward.doctor()
    names = [*NAMES[:-1], "components", "schedules", "runners", "runners small", "runners big, docker"]
    assert {name: found[name][0]["health"] for name in names} == dict.fromkeys(names, "ok")
    assert "CI Factory" in found["schedules"][0]["message"]


# The pipeline


def test_a_pipeline_that_gitlab_can_not_compile_fails_in_its_words(ward: Ward) -> None:
    """Errors of GitLab's own check are shown: a version that does not exist, a stage that is not declared."""
    ward.push(CI.format(source=ward.source).replace("sweep@1.4.0", "sweep@9.9.9"))
    health, said = ward.said("ci lint")
    assert (health, "templates/sweep.yml` does not exist" in said) == ("failed", True)
    ward.push(CI.format(source=ward.source) + "  stage: nowhere\n")
    health, said = ward.said("ci lint")
    assert (health, "chosen stage nowhere does not exist" in said) == ("failed", True)


def test_a_file_that_is_no_yaml_fails_here_and_there(ward: Ward) -> None:
    """Which components are included can't be known, so nothing is guessed."""
    (ward.line.repo / ".gitlab-ci.yml").write_text("job: [\n", encoding="utf-8")
    found = ward.doctor()
    assert found["components"][0]["health"] == "failed"
    assert "not valid YAML" in found["components"][0]["message"]
    assert not found.keys() & set(NAMES)


def test_different_versions_are_a_warning(ward: Ward) -> None:
    """All components are of one release; the command that makes them so is named."""
    ward.push(CI.format(source=ward.source).replace("sweep@1.4.0", "sweep@1.3.0"))
    (check,) = ward.doctor()["components"]
    assert (check["health"], check["fix"]) == ("warning", "ci-factory init --ref VERSION")
    assert "sweep 1.3.0" in check["message"]


@pytest.mark.parametrize(
    ("version", "health", "says"),
    [
        ("16.11.0", "warning", "need 17.0"),
        ("18.5.2", "ok", "paired one by one"),
        ("18.6.0-ee", "ok", "knows all"),
    ],
)
def test_the_servers_version_is_held_against_what_components_need(
    ward: Ward, version: str, health: str, says: str
) -> None:
    """Inputs need 17.0, matrix expressions 18.6; the planner knows a way around the latter."""
    ward.server.edition(enterprise=True, version=version)
    try:
        found = ward.said("ci version")
    finally:
        ward.server.edition(enterprise=True)
    assert (found[0], says in found[1]) == (health, True)


def test_a_server_that_fails_in_between_is_unknown(ward: Ward) -> None:
    """What was found before is kept, and nothing after it is called fine."""
    ward.server.fault(Fault("status", path="/ci/lint", status=500))
    try:
        found = ward.doctor()
    finally:
        ward.server.clear_faults()
    assert (found["ci version"][0]["health"], found["pipelines"][0]["health"]) == ("ok", "unknown")
    assert not found.keys() & set(NAMES[1:])


# Variables


@pytest.mark.parametrize(
    ("how", "health", "says"),
    [
        ({"environment_scope": "*"}, "failed", "reaches agent or gate jobs"),
        ({"environment_scope": "factory*"}, "failed", "reaches agent or gate jobs"),
        (
            {"environment_scope": "production"},
            "warning",
            "not among the project's variables for the environment factory",
        ),
        ({"protected": False}, "warning", "is not protected"),
        ({"masked": False}, "warning", "is not masked"),
    ],
)
def test_a_token_that_is_kept_badly_is_told(ward: Ward, how: dict[str, Any], health: str, says: str) -> None:
    """Scope, protection and masking of CI_FACTORY_TOKEN; agents would refuse to start with it, so that fails."""
    ward.as_maintainer()
    ward.variable(**how)
    found = ward.said("variables")
    assert (found[0], says in found[1]) == (health, True)


@pytest.mark.parametrize(
    ("key", "how", "reaches"),
    [
        ("GITLAB_TOKEN", {"value": "whatever", "environment_scope": "*"}, True),
        ("DEPLOY", {"environment_scope": "factory-*"}, True),
        ("DEPLOY", {"environment_scope": "production"}, False),
        ("MODEL_KEY", {"value": "sk-1234567890", "environment_scope": "factory-agents"}, False),
    ],
)
def test_other_tokens_that_agents_would_see_fail(
    ward: Ward, key: str, how: dict[str, Any], reaches: bool
) -> None:
    """By name or by form; one that is scoped elsewhere, and the model's key, are no trouble."""
    ward.as_maintainer()
    ward.variable()
    ward.variable(key, **how)
    health, said = ward.said("variables")
    assert (health, key in said) == (("failed", True) if reaches else ("ok", False))


# Labels, runners, limits


def test_labels_that_people_need_are_named(ward: Ward) -> None:
    """Without the label nobody can put an issue into the queue; those of the factory come by themselves."""
    ward.line.project.labels.create({"name": "factory::hold", "color": "#123456"})
    health, said = ward.said("labels")
    assert health == "warning"
    assert "ready-for-agent, factory::approved on" in said


@pytest.mark.parametrize(
    ("tags", "how", "health"),
    [
        (("small",), {}, "ok"),
        (("small",), {"online": False}, "warning"),
        (("small",), {"paused": True}, "warning"),
        (("other",), {}, "warning"),
    ],
)
def test_a_runner_has_to_be_online_with_all_tags(
    ward: Ward, tags: tuple[str, ...], how: dict[str, Any], health: str
) -> None:
    """One that is offline, paused or of other tags takes no job; one with tags takes none without, unless told to."""
    ward.as_maintainer()
    ward.runner(*tags, **how)
    found = ward.doctor()
    assert found["runners small"][0]["health"] == health
    assert found["runners"][0]["health"] == "warning"
    ward.runner("x", run_untagged=True)
    assert ward.said("runners")[0] == "ok"


def test_more_jobs_than_the_smallest_plan_allows_are_not_called_fine(ward: Ward) -> None:
    """300 tickets are bounded by `max-jobs`; with a higher bound nobody can tell, as this server names no plan."""
    commit_files(ward.line.repo, {".ci-factory.yml": "batch: {max_tickets: 300}\n"})
    assert ward.said("jobs")[0] == "ok"
    ward.push(
        CI.format(source=ward.source).replace(
            "      tags: [small]", "      tags: [small]\n      max-jobs: 2000"
        )
    )
    health, said = ward.said("jobs")
    assert (health, "300 tickets make up to 600 jobs" in said) == ("unknown", True)


# Without components


def test_a_gitlab_project_that_includes_nothing_is_told_so(ward: Ward) -> None:
    """One line, and none of GitLab's checks for components."""
    ward.push("job: {script: [make]}\n")
    found = ward.doctor()
    assert found["components"][0]["health"] == "warning"
    assert "ci-factory init" in found["components"][0]["fix"]
    assert not found.keys() & set(NAMES)


def test_on_the_embedded_forge_components_are_only_read(ward: Ward) -> None:
    """What the pipeline includes is told; a project without pipeline hears nothing of it."""
    ward.monkeypatch.delenv("CI_FACTORY_TOKEN")
    found = ward.doctor()
    assert found["components"][0]["health"] == "ok"
    assert not found.keys() & set(NAMES)
    (ward.line.repo / ".gitlab-ci.yml").unlink()
    assert "components" not in ward.doctor()
