"""The project's own verdicts as a pipeline: three jobs and a child, from the token to the note and no further."""

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from ci_factory.model import block
from tests.ci_local.driver import Ended, Runner, pipeline_file, templates
from tests.workflow.gitlab_line import GitLabLine

CONFIG = "gates: {disabled: [semgrep, mypy, secrets, dependencies]}\n"
APP = '"""An app."""\n\n\ndef limit() -> int:\n    """Return the limit."""\n    return 3\n'
TEST = "from app import limit\n\n\ndef test_limit() -> None:\n    assert limit() == 3\n"
GOOD = {
    "app.py": f'{APP}\n\ndef double() -> int:\n    """Return twice the limit."""\n    return 2 * limit()\n',
    "tests/test_double.py": "from app import double\n\n\ndef test_double() -> None:\n    assert double() == 6\n",
}
# Whoever opens a merge request may write any pipeline; none of it runs here.
FORGED = {"app.py": APP.replace("return 3", "return 4"), ".gitlab-ci.yml": "forged: {script: ['false']}\n"}
PLAN, NOTE, JOB = "ci-factory-verdicts-plan", "ci-factory-verdicts-note", "ci-factory-verdict"


@pytest.fixture
def made(
    new_repo: Callable[..., Path],
    commit: Callable[..., str],
    git: Callable[..., str],
    line_of: Callable[[Path], GitLabLine],
) -> tuple[GitLabLine, dict[str, int]]:
    """A project with a merge request for each of two branches."""
    files = {"app.py": APP, "tests/test_app.py": TEST, ".ci-factory.yml": CONFIG}
    repo = new_repo(files | templates() | {".gitlab-ci.yml": pipeline_file("verdicts")})
    branches = {"good": GOOD, "forged": FORGED}
    for name, changed in branches.items():
        git(repo, "switch", "--quiet", "--create", name, "main")
        commit(repo, changed)
    line = line_of(repo)
    words = {"target_branch": "main", "title": "$(id)"}
    opened = {
        name: line.project.mergerequests.create({"source_branch": name, **words}).iid for name in branches
    }
    return line, opened


def note_on(line: GitLabLine, iid: int) -> list[str]:
    """What people see on a merge request."""
    found = line.project.mergerequests.get(iid).notes.list(get_all=True)
    return [note.body for note in found if not note.system]


def test_a_schedule_judges_merge_requests_where_their_authors_can_not_edit(
    made: tuple[GitLabLine, dict[str, int]], runner_of: Callable[..., Runner]
) -> None:
    """A good change passes, one that comes with a pipeline of its own does not; the second night has nothing to judge."""
    line, iids = made
    runner = runner_of(line)
    good, forged = (f"{JOB}:{iids[name]}" for name in ("good", "forged"))
    night = runner.run("main", "schedule")
    assert night.exits == {PLAN: 0, good: 0, forged: 1, NOTE: 0}, night.console
    (passed,), (failed,) = (note_on(line, iids[name]) for name in ("good", "forged"))
    assert passed.startswith("## ✅ Passed")
    assert not failed.startswith("## ✅ Passed")
    for note in (passed, failed):
        said = block.read(note, "gate")
        assert said is not None
        assert said["trusted"] is True
    assert line.token not in night.console
    assert "$(id)" not in child_of(night)
    again = runner.run("main", "schedule")
    assert again.exits == {PLAN: 0, f"{JOB}-idle": 0, NOTE: 0}, again.console
    assert (note_on(line, iids["good"]), note_on(line, iids["forged"])) == ([passed], [failed])


def child_of(ended: Ended) -> str:
    """The pipeline that was triggered, which is sound YAML."""
    text = (ended.artifacts(PLAN) / ".ci-factory/children/generation.yml").read_text("utf-8")
    assert yaml.safe_load(text)
    return text
