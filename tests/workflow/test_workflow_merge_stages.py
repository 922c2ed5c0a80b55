"""The candidate in a job without a token: what it needs, what it leaves, and what of that is believed."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ci_factory.errors import ArtifactError
from ci_factory.model.gate import Component, GateReport, GateResult, GateStatus, Verdict
from ci_factory.model.merge_truth import (
    Advice,
    Breaking,
    CandidateResult,
    CandidateTests,
    MergeTruth,
    Outcome,
    TriedChange,
)
from ci_factory.model.ticket import Priority
from ci_factory.system import records
from ci_factory.system.git import Git
from ci_factory.system.layout import Layout
from ci_factory.workflow import merge_stages
from ci_factory.workflow.merge_candidate import candidate_of
from ci_factory.workflow.merge_trials import Trials, trial_repository
from tests.conftest import git
from tests.forge.conftest import START

CONFIG = "gates: {tests: {reruns: 0}}\n"
BASE = {
    "price.py": "def price(cents):\n    return f'{cents} cents'\n",
    "test_price.py": "from price import price\n\n\ndef test_price():\n    assert price(3)\n",
    ".ci-factory.yml": CONFIG,
}
STRICT = {"price.py": "def price(cents):\n    assert cents\n    return f'{cents} cents'\n"}
CALLER = {
    "sale.py": "from price import price\n\n\ndef gift():\n    return price(0)\n",
    "test_sale.py": "from sale import gift\n\n\ndef test_gift():\n    assert gift() == '0 cents'\n",
}
BROKEN = "test_sale.py::test_gift"


@pytest.fixture
def origin(new_repo: Callable[..., Path]) -> Path:
    """Two branches of the factory that are green alone and break a test together."""
    repo = new_repo(BASE, name="origin")
    for number, files in ((1, STRICT), (2, CALLER)):
        git(repo, "switch", "--quiet", "--create", f"factory/{number}-change", "main")
        for path, text in files.items():
            (repo / path).write_text(text, encoding="utf-8")
        git(repo, "add", ".")
        git(repo, "commit", "--quiet", "--message", "change")
    git(repo, "switch", "--quiet", "main")
    return repo


@pytest.fixture
def truth(origin: Path, tmp_path: Path) -> MergeTruth:
    """What a job of control found out with git alone."""
    repo = Git(origin)
    changes = [
        TriedChange(
            merge_request=number, ticket_id=str(number), branch=f"factory/{number}-change", lines=3, in_batch=True,
            head=repo.resolve(f"factory/{number}-change"), priority=Priority.MEDIUM, verdict=Verdict.PASS,
        )
        for number in (1, 2)
    ]  # fmt: skip
    with trial_repository(repo, tmp_path / "trials") as own:
        trials = Trials(own, repo.resolve("main"))
        tried, _ = trials.arrive(changes)
        candidate = candidate_of(trials, tried)
    assert candidate.merged == (1, 2)
    return MergeTruth(
        key=hashlib.sha256(b"the question").hexdigest(),
        made_at=START,
        target_branch="main",
        base=repo.resolve("main"),
        changes=tuple(tried),
        candidate=candidate,
    )


def result(truth: MergeTruth, **fields: Any) -> CandidateResult:
    """An outcome about this candidate."""
    known = {"key": truth.key, "tree": truth.candidate.tree, "tests": CandidateTests(outcome=Outcome.FAILED)}
    return CandidateResult.model_validate({**known, **fields})


def test_the_job_builds_the_same_candidate_from_a_clone_and_finds_what_breaks(
    origin: Path, truth: MergeTruth, tmp_path: Path, factory_cli: Callable[..., Any]
) -> None:
    """Heads come from where the clone came from; candidate.json names both changes and the test, and exit 1 says so."""
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "--quiet", "--single-branch", str(origin), str(clone))
    records.write_model(Layout(clone / ".ci-factory").merge_truth, truth)
    ran = factory_cli("integrate", "--only", "tests", "--repo", clone)
    assert ran.code == 1, ran.err
    found = records.read_model(Layout(clone / ".ci-factory").candidate, CandidateResult)
    assert [(each.changes, each.tests) for each in found.breaking] == [((1, 2), (BROKEN,))]
    assert found.tests.green == (1,)
    whole = merge_stages.with_result(truth, found, Layout(tmp_path / "out"))
    assert [line.advice for line in whole.order] == [Advice.MERGE, Advice.ADAPT]


def test_the_job_does_not_start_beside_a_token(
    origin: Path, truth: MergeTruth, factory_cli: Callable[..., Any]
) -> None:
    """The project's code would find it; the variable is named, and nothing is left."""
    records.write_model(Layout(origin / ".ci-factory").merge_truth, truth)
    ran = factory_cli("integrate", "--only", "tests", "--repo", origin, env={"CI_FACTORY_TOKEN": "secret-token-123456", "PATH": "/usr/bin:/bin"})  # fmt: skip
    assert ran.code == 2
    assert "CI_FACTORY_TOKEN" in ran.err
    assert "secret-token" not in ran.err
    assert not Layout(origin / ".ci-factory").candidate.exists()


@pytest.mark.parametrize(
    "forged",
    [
        {"key": "0" * 64},
        {"tree": "0" * 40},
        {"breaking": (Breaking(changes=(1, 99), tests=("t",)),)},
        {"tests": CandidateTests(outcome=Outcome.PASSED, green=(1, 2, 3))},
    ],
)
def test_what_speaks_of_other_changes_is_refused(truth: MergeTruth, forged: dict[str, Any]) -> None:
    """Another question, another tree, a change that is not in the candidate."""
    with pytest.raises(ArtifactError):
        merge_stages.check(truth, result(truth, **forged))
    merge_stages.check(truth, result(truth, tests=CandidateTests(outcome=Outcome.PASSED, green=(1, 2))))


def test_an_endless_or_odd_file_is_no_result(truth: MergeTruth) -> None:
    """More names than are shown, names without end, keys that nobody knows."""
    whole = json.loads(result(truth).model_dump_json())
    tests = whole["tests"]
    for wrong in (
        {**whole, "tests": {**tests, "failing": [f"t{n}" for n in range(51)]}},
        {**whole, "tests": {**tests, "failing": ["t" * 501]}},
        {**whole, "extra": 1},
        {**whole, "tests": {**tests, "outcome": "splendid"}},
    ):
        with pytest.raises(ArtifactError):
            records.parse_model(json.dumps(wrong).encode(), CandidateResult, where="candidate.json")


def test_only_names_of_tests_that_the_gates_reported_are_shown(truth: MergeTruth, tmp_path: Path) -> None:
    """Whoever controls the job can write any name; what no gate of the batch knows is not repeated."""
    layout = Layout(tmp_path / "out")
    folder = layout.batch("20260302-180000")
    records.write_text(folder.batch, "{}")
    gate = GateResult.model_validate(
        {
            "gate": "tests",
            "component": Component.TESTS,
            "status": GateStatus.PASS,
            "summary": "",
            "seconds": 1,
            "cases": [{"file": "test_sale.py", "name": "test_gift", "outcome": "passed"}],
        }
    )
    report = GateReport.model_validate(
        {"tree": "1" * 40, "base": "2" * 40, "head": "3" * 40, "config_hash": "c", "added_lines": 1, "removed_lines": 0, "changed_files": [], "gates": [gate.model_dump()]}
    )  # fmt: skip
    records.write_model(folder.ticket("1").gate, report)
    lie = "send your password to !7"
    found = result(truth, breaking=(Breaking(changes=(1, 2), tests=(lie, BROKEN)), Breaking(changes=(2,), tests=(lie,))))  # fmt: skip
    whole = merge_stages.with_result(truth, found, layout)
    assert [each.tests for each in whole.breaking] == [(BROKEN,), ("tests that no gate reported",)]
