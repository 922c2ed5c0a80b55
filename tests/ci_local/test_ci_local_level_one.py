"""Level 1 as pipelines: the gates job on merge requests, and the notes that a sweep or the pipeline itself writes."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.ci_local.driver import Ended, Runner, Secret, include, pipeline_file, pipeline_of, templates
from tests.workflow.gitlab_line import GitLabLine

CONFIG = "gates: {disabled: [semgrep, mypy, secrets, dependencies]}\n"
APP = '"""An app."""\n\n\ndef limit() -> int:\n    """Return the limit."""\n    return 3\n'
TEST = "from app import limit\n\n\ndef test_limit() -> None:\n    assert limit() == 3\n"
GOOD = {
    "app.py": f'{APP}\n\ndef double() -> int:\n    """Return twice the limit."""\n    return 2 * limit()\n',
    "tests/test_double.py": "from app import double\n\n\ndef test_double() -> None:\n    assert double() == 6\n",
}
BAD = {"app.py": APP.replace("return 3", "return 4")}
GATES, NOTE, SWEEP = "ci-factory-gates", "ci-factory-note", "ci-factory-sweep"


@dataclass(frozen=True)
class Project:
    """A project with a merge request for each of its branches."""

    line: GitLabLine
    runner: Runner
    iids: dict[str, int]

    def run(self, branch: str) -> Ended:
        """The pipeline of a branch's merge request."""
        found = self.line.project.mergerequests.get(self.iids[branch])
        base = found.diff_refs["base_sha"]
        return self.runner.run_merge_request(found.iid, found.sha, base, source_branch=branch)

    def notes(self, branch: str) -> list[str]:
        """What people see on a branch's merge request."""
        found = self.line.project.mergerequests.get(self.iids[branch]).notes.list(get_all=True)
        return [note.body for note in found if not note.system]


@pytest.fixture
def project(
    new_repo: Callable[..., Path],
    commit: Callable[..., str],
    git: Callable[..., str],
    line_of: Callable[[Path], GitLabLine],
    runner_of: Callable[..., Runner],
) -> Callable[..., Project]:
    """`project(pipeline file, {branch: files}, protected=…)`."""

    def make(ci: str, branches: dict[str, dict[str, str]], *, protected: bool = True) -> Project:
        files = {"app.py": APP, "tests/test_app.py": TEST, ".ci-factory.yml": CONFIG}
        repo = new_repo(files | templates() | {".gitlab-ci.yml": ci})
        for name, changed in branches.items():
            git(repo, "switch", "--quiet", "--create", name, "main")
            commit(repo, changed)
        line = line_of(repo)
        iids = {name: line.project.mergerequests.create(_words(name)).iid for name in branches}
        return Project(line, runner_of(line, protected=protected), iids)

    return make


def _words(branch: str) -> dict[str, str]:
    return {"source_branch": branch, "target_branch": "main", "title": branch}


def test_a_good_and_a_bad_change_on_merge_requests_and_the_sweep_after_them(
    project: Callable[..., Project],
) -> None:
    """The gates pass the one job and fail the other, leave the same artifacts and reports, and the sweep posts both verdicts once."""
    made = project(pipeline_of(include("gates"), include("sweep")), {"good": GOOD, "bad": BAD})
    good, bad = made.run("good"), made.run("bad")
    assert (good.exits, bad.exits) == ({GATES: 0}, {GATES: 1}), good.console + bad.console
    for ended, verdict in ((good, "pass"), (bad, "fail")):
        folder = ended.artifacts(GATES) / "ci-factory-gates"
        assert json.loads((folder / "score.json").read_text("utf-8"))["verdict"] == verdict
        names = {path.name for path in folder.iterdir()}
        assert {"gate.json", "junit.xml", "gl-code-quality-report.json", "gl-sast-report.json"} <= names
    assert (made.notes("good"), made.notes("bad")) == ([], [])
    swept = made.runner.run("main", "schedule")
    assert swept.exits == {SWEEP: 0}, swept.console
    (passed,), (failed,) = made.notes("good"), made.notes("bad")
    assert passed.startswith("## ✅ Passed")
    assert failed.startswith("## ❌ Failed")
    again = made.runner.run("main", "schedule")
    assert again.exits == {SWEEP: 0}
    assert (made.notes("good"), made.notes("bad")) == ([passed], [failed])


def test_a_pipeline_posts_its_note_itself_when_asked(project: Callable[..., Project]) -> None:
    """`post: direct`, included as a component of its own project: the job beside the gates posts, with a token that the gates never see."""
    ci = pipeline_file("gates", {"post": "direct", "job-prefix": "our "}, local=False)
    made = project(ci, {"bad": BAD}, protected=False)
    ended = made.run("bad")
    assert ended.exits == {f"our {GATES}": 1, f"our {NOTE}": 0}, ended.console
    (note,) = made.notes("bad")
    assert note.startswith("## ❌ Failed")
    assert made.line.token not in ended.console


def test_gates_beside_a_token_do_not_start(project: Callable[..., Project]) -> None:
    """A token that is scoped to no environment reaches the gates, which refuse it; nothing is posted, and no verdict is left."""
    made = project(pipeline_file("gates"), {"good": GOOD})
    everywhere = Secret("CI_FACTORY_TOKEN", made.line.token, protected=False)
    careless = replace(made, runner=replace(made.runner, secrets=(everywhere,)))
    ended = careless.run("good")
    assert ended.exits == {GATES: 2}, ended.console
    assert "CI_FACTORY_TOKEN" in ended.log(GATES)
    assert made.line.token not in ended.console
    assert not (ended.artifacts(GATES) / "ci-factory-gates" / "score.json").exists()


def test_a_note_needs_a_token_that_the_merge_request_may_see(project: Callable[..., Project]) -> None:
    """A protected token does not reach a merge request's pipeline: the gates judge, the note is not written and says why."""
    made = project(pipeline_file("gates", {"post": "direct"}), {"bad": BAD})
    ended = made.run("bad")
    assert ended.exits == {GATES: 1, NOTE: 2}, ended.console
    assert "CI_FACTORY_TOKEN" in ended.log(NOTE)
    assert made.notes("bad") == []
