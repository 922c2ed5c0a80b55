"""Proof of test: what a change claims must fail without it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from ci_factory.model.gate import GateResult, GateStatus

Project = Any  # tests/gates/conftest.py

WRONG = (
    '"""Prices."""\n\n\ndef total(prices):\n    """The sum of what is positive."""\n    return sum(prices)\n'
)
RIGHT = WRONG.replace("sum(prices)", "sum(each for each in prices if each > 0)")
OLD = "from prices import total\n\n\ndef test_sum():\n    assert total([1, 2]) == 3\n"
PROVING = f"{OLD}\n\ndef test_negative():\n    assert total([1, -1]) == 1\n"
IDLE = f"{OLD}\n\ndef test_empty():\n    assert total([]) == 0\n"
SETTINGS = "gates: {tests: {reruns: 0, mutants: {sample: 0}}}"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Where the run of a base is kept."""
    return tmp_path_factory.mktemp("store")


@pytest.fixture
def project(project: Project, store: Any) -> Project:
    """A project that shares what is known of its base."""
    return replace(project, cache=store)


def judged(project: Project, base: Mapping[str, str], head: Mapping[str, str | None]) -> GateResult:
    project.commit(base)
    project.commit(head)
    result: GateResult = project.judge("tests", SETTINGS, cached=True)
    return result


def messages(result: GateResult) -> str:
    return "\n".join(f"{each.points:g} {each.path}:{each.line} {each.message}" for each in result.reasons)


@pytest.mark.parametrize(
    ("head", "proof", "score", "words"),
    [
        ({"prices.py": RIGHT, "tests/test_prices.py": PROVING}, 1, 100, ""),
        ({"prices.py": RIGHT, "tests/test_prices.py": IDLE}, 0, 80, "not proven: the new tests test_empty"),
        ({"prices.py": RIGHT}, 0, 80, "no new test proves this change"),
        (
            {"prices.py": RIGHT, "tests/test_prices.py": PROVING + IDLE.removeprefix(OLD)},
            1,
            100,
            "the new tests test_empty prove nothing about this change",
        ),
        (
            {
                "prices.py": WRONG
                + '\n\ndef mean(prices):\n    """The mean."""\n    return total(prices) / len(prices)\n',
                "tests/test_mean.py": "from prices import mean\n\n\ndef test_mean():\n    assert mean([1, 3]) == 2\n",
            },
            1,
            100,
            "proven by absence: what the new tests test_mean ask for is not on the base",
        ),
        ({"prices.py": WRONG.replace("Prices.", "All prices."), "README.md": "x"}, None, 100, ""),
        ({"tests/test_prices.py": IDLE}, None, 100, ""),
    ],
    ids=["proven", "idle-test", "no-test", "one-proves", "by-absence", "words-only", "tests-only"],
)
def test_the_changes_own_tests_must_fail_without_it(
    project: Project, head: dict[str, str | None], proof: float | None, score: float, words: str
) -> None:
    """At least one new test fails on the base's source; else points are lost, and never the pass."""
    result = judged(project, {"prices.py": WRONG, "tests/test_prices.py": OLD}, head)
    assert result.status is GateStatus.PASS, messages(result)
    assert (result.figures["proof"], result.score) == (proof, score), messages(result)
    assert words in messages(result)
    if proof != 0:
        assert not any(reason.points for reason in result.reasons)


def test_a_test_that_failed_before_proves_a_repair(project: Project) -> None:
    """A correction needs no new test when the base has one that fails there and passes now."""
    base = {"prices.py": WRONG, "tests/test_prices.py": PROVING}
    result = judged(project, base, {"prices.py": RIGHT})
    assert (result.status, result.score, result.figures["proof"]) == (GateStatus.PASS, 100, 1)


def test_new_cases_in_a_data_file_prove_too(project: Project) -> None:
    """Data beside the tests belongs to them: laid over the base's source, the new case fails there."""
    test = "import json\nimport pathlib\n\nfrom prices import total\n\n\ndef test_cases():\n    for prices, wanted in json.loads(pathlib.Path('json_testcases/prices.json').read_text()):\n        assert total(prices) == wanted\n"
    base = {"prices.py": WRONG, "checks/test_prices.py": test, "json_testcases/prices.json": "[[[1, 2], 3]]"}
    result = judged(project, base, {"prices.py": RIGHT, "json_testcases/prices.json": "[[[1, -1], 1]]"})
    assert (result.status, result.figures["proof"]) == (GateStatus.PASS, 1), messages(result)


def test_a_test_whose_subject_hangs_on_the_base_proves_the_change(project: Project) -> None:
    """Running out of time is a failure like any other."""
    endless = WRONG.replace("    return", "    while -1 in prices:\n        pass\n    return")
    base = {"prices.py": endless, "tests/test_prices.py": OLD}
    project.commit(base)
    project.commit({"prices.py": RIGHT, "tests/test_prices.py": PROVING})
    settings = "gates: {tests: {reruns: 0, mutants: {sample: 0}, test_timeout_seconds: 1}}"
    result = project.judge("tests", settings)
    assert (result.status, result.figures["proof"]) == (GateStatus.PASS, 1), messages(result)


def test_the_points_are_configuration(project: Project) -> None:
    """A project decides what a missing proof costs, and whether it is asked for."""
    project.commit({"prices.py": WRONG, "tests/test_prices.py": OLD})
    project.commit({"prices.py": RIGHT})
    costly = "gates: {tests: {reruns: 0, mutants: {sample: 0}, points: {unproven: 55}}}"
    assert project.judge("tests", costly).score == 45
    silent = project.judge("tests", "gates: {tests: {reruns: 0, mutants: {sample: 0}, proof: false}}")
    assert (silent.score, silent.figures["proof"]) == (100, None)
