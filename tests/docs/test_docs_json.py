"""`--json`: whatever shows something says it to machines, and nothing else."""

import json
from pathlib import Path

import click
import pytest

from tests.docs import commands
from tests.docs.conftest import Place
from tests.gitlab_standin.control import StandIn
from tests.workflow.gitlab_line import GitLabLine

LONG = pytest.mark.long
QUICK = (
    "intake",
    "score --reports reports/lint.sarif --out gates",
    "review",
    "status --night",
    "ticket list",
    "mr list",
    "report",
    "audit #101",
    "config",
)
SHOWN = (
    *QUICK,
    "plan --dry-run",
    "routing",
    "run",
    "check 101",
    "publish",
    "integrate",
    "status",
    "ticket add --title Again",
    "ticket comment 101 hello",
    "ticket from-findings --out mendable",
    "ticket label 101 --add urgent",
    "ticket show 101",
    "mr show 1",
    "mr approve 1 --as alice",
    "mr request-changes 1 please",
    "mr merge 1",
    "simulate --runs 2",
    "simulate --score",
    "collect",
    "report --weekly",
    "report --alerts",
    "report --calibration",
    "dashboard",
    "audit --verify --store",
    "init --source group/ci-factory --dry-run",
    "doctor",
    "schema",
)
"""One after the other, in a project that has had a night."""
ON_GITLAB = (
    "doctor",
    "sweep",
    "verdicts plan --pipelines children",
    "queue --group platform",
    "status",
    "collect",
)
LATER = {
    "mr close": "as `mr merge`; a merged one can't be closed",
    "work": "calls an agent; tests/workflow/test_workflow_stages_in_ci.py reads its JSON",
    "gate": "docs/gates.md has it, and is run",
    "gather": "in a pipeline only; tests/workflow/test_workflow_gathering.py",
    "note": "in a pipeline only; tests/workflow/test_workflow_level_one.py",
    "verdicts gate": "in a pipeline only; tests/workflow/test_workflow_verdicts.py",
    "verdicts note": "in a pipeline only; tests/workflow/test_workflow_verdicts.py",
}
"""What is not run here, and why."""
JUDGED = {0, 4}
"""Exit codes of what has something to say: an inconclusive answer is JSON too."""
SILENT = {"completion": "a script for shells"}


def test_every_command_that_shows_something_has_json() -> None:
    """None is forgotten: not the option, and not its test."""
    without = {
        " ".join(path) for path, command in commands.walk() if "--json" not in commands.options(command)
    }
    assert without == set(SILENT)
    tried = {*SHOWN, *ON_GITLAB, *LATER}
    every = {" ".join(path) for path, _ in commands.walk()}
    assert {name for name in every - without if not any(each.startswith(name) for each in tried)} == set()


def words(call: str) -> list[str]:
    """With `--json` where it belongs: behind an option that may go without a value it would be taken for one."""
    command, *rest = call.split()
    return [command, *rest, "--json"]


@pytest.mark.parametrize("calls", [QUICK, pytest.param(SHOWN, marks=LONG)], ids=["some", "all"])
def test_json_is_all_there_is_on_stdout(played: Place, tmp_path: Path, calls: tuple[str, ...]) -> None:
    """What each command prints with `--json` is one JSON value."""
    place = played.copy(tmp_path)
    for call in calls:
        ran = place(*words(call))
        assert ran.code in JUDGED, f"{call}\n{ran.err}"
        assert _is_json(ran.out), f"{call}\n{ran.out}"


@LONG
def test_json_is_all_there_is_on_stdout_on_gitlab(
    played: Place, gitlab_server: StandIn, tmp_path: Path
) -> None:
    """The same with a project on GitLab."""
    place = played.copy(tmp_path)
    line = GitLabLine.make(gitlab_server, "platform/json", place.repo, tmp_path / "out", {})
    for call in ON_GITLAB:
        ran = place(*words(call), **line.environment())
        assert ran.code in {0, 3}, f"{call}\n{ran.err}"
        assert _is_json(ran.out), f"{call}\n{ran.out}"


@pytest.mark.parametrize(
    "call", ["mr show 77", "report --batch 20200101-000000", "gate --base nowhere --out g"]
)
def test_errors_are_on_stderr_all_the_same(fresh: Place, call: str) -> None:
    """Whoever parses stdout finds nothing there when there is nothing; the message is for people."""
    ran = fresh(*words(call))
    assert ran.code in {2, 3}
    assert (ran.out, ran.err.startswith("error: ")) == ("", True)


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def test_the_help_of_json_is_the_same_everywhere() -> None:
    """One option, one word for it."""
    helps = {
        each.help
        for _, command in commands.walk()
        for each in command.params
        if isinstance(each, click.Option) and "--json" in each.opts
    }
    assert len(helps) == 1
