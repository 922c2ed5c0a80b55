"""The tests gate, with real pytest runs on real repositories."""

from pathlib import Path
from typing import Any

import pytest

from ci_factory.model.gate import GateResult, GateStatus

Project = Any  # tests/gates/conftest.py

MEDIAN = '''"""Statistics."""


def median(values):
    """The middle value; the mean of the middle two."""
    ordered = sorted(values)
    middle = len(ordered) // 2
    if len(ordered) % 2:
        return ordered[middle]
    return (ordered[middle - 1] + ordered[middle]) / 2
'''
TEST_MEDIAN = """from median import median


def test_odd():
    assert median([3, 1, 2]) == 2


def test_even():
    assert median([4, 1, 2, 3]) == 2.5
"""
GOOD = {"median.py": MEDIAN, "tests/test_median.py": TEST_MEDIAN}
BAD = {"median.py": MEDIAN.replace("middle - 1", "middle - 2")}
QUICK = "gates: {tests: {test_timeout_seconds: 2}}"


def messages(result: GateResult) -> str:
    return "\n".join(f"{reason.path}:{reason.line} {reason.message}" for reason in result.reasons)


def test_a_broken_function_fails_and_the_reason_says_that_the_test_passed_before(project: Project) -> None:
    """A failing test is named with its place and with what the base says about it, and costs its share.

    What can't be put to the proof while a test fails costs as much as what was not proven.
    """
    project.commit(GOOD)
    project.commit(BAD)
    result = project.judge("tests")
    assert result.status is GateStatus.FAIL
    assert result.score == 50 - 20 - 20
    assert "tests/test_median.py:8 test_even fails (passed on the base)" in messages(result)
    assert "nothing is proven while a test fails" in messages(result)


def test_a_failing_change_scores_below_a_right_one_that_its_tests_do_not_prove(project: Project) -> None:
    """One failure among many tests costs little by itself; it must not buy freedom from the proof."""
    tests = "".join(f"\n\ndef test_{each}():\n    assert median([{each}]) == {each}\n" for each in range(60))
    suite = f"from median import median\n{tests}\n\ndef test_two():\n    assert median([1, 3]) == 2\n"
    base = project.commit({"median.py": "def median(values):\n    return None\n", "test_median.py": suite})
    right = project.commit({"median.py": MEDIAN})
    wrong = project.commit({"median.py": MEDIAN + "\n\nmedian = max\n"})
    good, bad = (project.judge("tests", revisions=(base, head)) for head in (right, wrong))
    assert (good.status, bad.status) == (GateStatus.PASS, GateStatus.FAIL)
    assert bad.figures["passed"] == bad.figures["total"] - 1
    assert bad.score < good.score


def test_a_repair_passes_though_the_base_fails(project: Project) -> None:
    """Only the head has to pass."""
    project.commit(GOOD | BAD)
    project.commit(GOOD)
    result = project.judge("tests")
    assert (result.status, result.score) == (GateStatus.PASS, 100)


@pytest.mark.parametrize(
    ("body", "word"),
    [("while True:\n            pass", "Timeout"), ("return bytearray(8 * 1024**3)", "MemoryError")],
    ids=["endless", "eats-memory"],
)
def test_a_program_that_hangs_or_eats_memory_is_a_failed_test(project: Project, body: str, word: str) -> None:
    """One such test fails by itself; the others are still reported."""
    project.commit(GOOD)
    trap = f"if len(values) == 4:\n        {body}\n    ordered = sorted(values)"
    project.commit({"median.py": MEDIAN.replace("ordered = sorted(values)", trap)})
    result = project.judge("tests", QUICK)
    assert result.status is GateStatus.FAIL
    assert result.figures["passed"] == 1
    assert word in messages(result)


def test_an_alarm_does_not_lock_the_tracer_up(project: Project) -> None:
    """Calls without end are the tracer's busiest time; after the alarm, the other tests run as ever."""
    project.commit({"README.md": "x"})
    calls = "def down(depth):\n    return depth and down(depth - 1) + down(depth - 1)\n"
    tests = "import calls\nimport pytest\n\n\n@pytest.mark.parametrize('depth', [90, 91, 92])\ndef test_endless(depth):\n    calls.down(depth)\n\n\ndef test_quick():\n    assert calls.down(0) == 0\n"
    project.commit({"calls.py": calls, "test_calls.py": tests})
    result = project.judge("tests", "gates: {tests: {test_timeout_seconds: 0.5, timeout_seconds: 60}}")
    assert result.status is GateStatus.FAIL
    assert (result.figures["passed"], result.figures["failed"]) == (1, 3)


def test_what_is_too_slow_only_when_traced_is_not_a_failure(project: Project) -> None:
    """The time limit judges the program: a test that ran out of it under coverage is run again without."""
    project.commit({"README.md": "x"})
    body = "import sys\n\n\ndef test_slow():\n    while sys.gettrace() is not None:\n        pass\n"
    project.commit({"test_slow.py": body})
    result = project.judge("tests", "gates: {tests: {test_timeout_seconds: 1}}")
    assert result.status is GateStatus.PASS, messages(result)


@pytest.mark.parametrize(
    ("tests", "words"),
    [
        (TEST_MEDIAN.split("\n\n\ndef test_even", maxsplit=1)[0] + "\n", "existing test test_even is gone"),
        (
            "import pytest\n" + TEST_MEDIAN.replace("def test_even", "@pytest.mark.skip\ndef test_even"),
            "now skipped",
        ),
        (TEST_MEDIAN.replace("== 2.5", "> 0"), "test_even, as it was on the base, does not pass"),
    ],
    ids=["deleted", "skipped", "weakened"],
)
def test_a_lost_or_weakened_test_blocks(project: Project, tests: str, words: str) -> None:
    """A change that breaks the code and silences the test that would tell is for a person to decide."""
    project.commit(GOOD)
    project.commit(BAD | {"tests/test_median.py": tests})
    result = project.judge("tests")
    assert result.status is GateStatus.BLOCKED
    assert words in messages(result)


def test_tests_may_be_added_and_files_renamed(project: Project) -> None:
    """Renaming a test file and adding to it loses nothing."""
    project.commit(GOOD)
    more = TEST_MEDIAN + "\n\ndef test_one():\n    assert median([1]) == 1\n"
    project.commit({"tests/test_median.py": None, "tests/test_middle.py": more})
    result = project.judge("tests")
    assert result.status is GateStatus.PASS, messages(result)
    assert result.figures["total"] == 3


def test_new_lines_that_no_test_runs_fail(project: Project) -> None:
    """Uncovered new lines are named, in files that tests import and in files that they do not."""
    project.commit(GOOD)
    lonely = '"""Alone."""\n\n\ndef lonely(value):\n    """Nobody calls it."""\n    if value:\n        return 1\n    return 2\n'
    project.commit({"pkg/lonely.py": lonely, "median.py": MEDIAN + "\n\ndef idle():\n    return 0\n"})
    result = project.judge("tests")
    assert result.status is GateStatus.FAIL
    assert result.score == 60, "all tests pass, but nothing proves the change"
    assert "pkg/lonely.py:4" in messages(result)
    assert "median.py:14" in messages(result)


def test_a_file_that_can_not_be_collected_fails_and_is_not_called_lost(project: Project) -> None:
    """An import error is the agent's to mend; its tests are not reported as deleted."""
    project.commit(GOOD)
    project.commit({"median.py": MEDIAN.replace("def median", "def centre")})
    result = project.judge("tests")
    assert result.status is GateStatus.FAIL
    assert "can't be collected" in messages(result)
    assert "gone" not in messages(result)


@pytest.mark.parametrize(
    ("files", "settings", "words"),
    [
        ({"tests/test_median.py": "import os\n\n\ndef test_odd():\n    os._exit(0)\n"}, QUICK, "no report"),
        ({"tests/test_median.py": None}, QUICK, "no test was collected"),
        (
            {"tests/test_slow.py": "import time\n\n\ndef test_slow():\n    time.sleep(60)\n"},
            "gates: {tests: {timeout_seconds: 3}}",
            "did not finish in 3 s",
        ),
        (
            {
                "tests/test_end.py": "import pytest\n\n\ndef test_odd():\n    pytest.exit('done', returncode=0)\n"
            },
            QUICK,
            "pytest",
        ),
    ],
    ids=["killed-process", "no-tests", "run-too-long", "early-exit"],
)
def test_a_run_without_a_whole_report_is_inconclusive(
    project: Project, files: dict[str, str | None], settings: str, words: str
) -> None:
    """No report, an empty one, or one that contradicts the exit status is never a pass."""
    project.commit(GOOD)
    project.commit(files)
    result = project.judge("tests", settings)
    assert (result.status, result.score) == (GateStatus.INCONCLUSIVE, None)
    assert words in result.summary


def test_settings_of_the_change_do_not_decide_how_it_is_tested(project: Project) -> None:
    """A change can't deselect a test that it breaks, neither in an old settings file nor in a new one."""
    settings = "[tool.pytest.ini_options]\naddopts = '{}'\n"
    project.commit(GOOD | {"pyproject.toml": settings.format("-q")})
    deselect = "--deselect tests/test_median.py::test_even"
    project.commit(
        BAD | {"pyproject.toml": settings.format(deselect), "pytest.ini": f"[pytest]\naddopts = {deselect}\n"}
    )
    result = project.judge("tests")
    assert result.status is GateStatus.FAIL
    assert result.figures["total"] == 2


def test_the_checkout_is_tested_with_an_environment_that_holds_no_credential(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Code of a `src` layout needs no installation, and tests see no variable that is not allowed."""
    monkeypatch.setenv("CI_JOB_TOKEN", "canary")
    project.commit({"src/lib/__init__.py": "", "README.md": "x"})
    test = "import os\n\nimport lib.new\n\n\ndef test_new():\n    assert 'CI_JOB_TOKEN' not in os.environ\n    assert lib.new.ONE == 1\n"
    project.commit({"src/lib/new.py": "ONE = 1\n", "tests/test_new.py": test})
    result = project.judge("tests")
    assert result.status is GateStatus.PASS, messages(result)
    assert result.figures["coverage_new"] == 100


def test_what_was_measured_is_not_measured_again(project: Project, tmp_path: Path) -> None:
    """With a cache, a second run starts no test and says the same; a damaged entry is measured again."""
    count = tmp_path / "count"
    test = f"def test_count():\n    with open({str(count)!r}, 'a') as out:\n        out.write('x')\n"
    project.commit({"test_count.py": test})
    project.commit({"README.md": "more"})
    first = project.judge("tests", cached=True)
    again = project.judge("tests", cached=True)
    assert count.read_text() == "xx"
    assert again.model_copy(update={"seconds": 0}) == first.model_copy(update={"seconds": 0})
    for entry in project.cache.rglob("*.json"):
        entry.write_text("{")
    assert project.judge("tests", cached=True).status is GateStatus.PASS
    assert count.read_text() == "xxxx"
