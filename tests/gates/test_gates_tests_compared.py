"""Tests that are renamed, given other parameters, flaky, or rich in plugins: what a change may do, and what not."""

from pathlib import Path
from typing import Any

import pytest

from ci_factory.model.gate import GateResult, GateStatus

Project = Any  # tests/gates/conftest.py

CODE = '"""Numbers."""\n\n\ndef double(number):\n    """Twice."""\n    return number * 2\n'
BROKEN = CODE.replace("* 2", "* 3")
ONE = (
    "from doubling import double\n\n\ndef test_one():\n    assert double(1) == 2\n    assert double(2) == 4\n"
)
CASES = "import pytest\n\nfrom doubling import double\n\n\n@pytest.mark.parametrize(('given', 'wanted'), {})\ndef test_cases(given, wanted):\n    assert double(given) == wanted\n"
SETTINGS = "gates: {tests: {reruns: 0, proof: false, mutants: {sample: 0}}}"
RERUN = SETTINGS.replace("reruns: 0", "reruns: 2")


def judged(
    project: Project, base: dict[str, str], head: dict[str, str | None], settings: str = SETTINGS
) -> GateResult:
    project.commit(base)
    project.commit(head)
    result: GateResult = project.judge("tests", settings)
    return result


def messages(result: GateResult) -> str:
    return "\n".join(
        [result.summary, *(f"{each.path}:{each.line} {each.message}" for each in result.reasons)]
    )


@pytest.mark.parametrize(
    "tests",
    [
        {"tests/test_doubling.py": ONE.replace("test_one", "test_that_it_doubles")},
        {
            "tests/test_doubling.py": ONE.replace("test_one", "test_two").replace(
                "double(2) == 4", "double(3) == 6"
            )
        },
        {
            "tests/test_doubling.py": None,
            "tests/unit/test_double.py": f'"""All new."""\n\nimport sys\n\nassert sys\n\n\n{ONE}',
        },
        {"tests/test_doubling.py": "\n\ndef test_other():\n    assert [1]\n", "tests/test_more.py": ONE},
    ],
    ids=["name", "name-and-body", "file", "moved-to-another-file"],
)
def test_a_renamed_test_is_not_lost(project: Project, tests: dict[str, str | None]) -> None:
    """The same body under another name or in another file is recognised and shown."""
    result = judged(project, {"doubling.py": CODE, "tests/test_doubling.py": ONE}, tests)
    assert result.status is GateStatus.PASS, messages(result)
    assert result.figures["lost"] == 0


def test_a_new_name_does_not_hide_a_weaker_test(project: Project) -> None:
    """What is renamed is still run as it was."""
    weaker = (
        ONE.replace("test_one", "test_two")
        .replace("double(1) == 2", "double(1) == 3")
        .replace("== 4", "== 6")
    )
    result = judged(
        project,
        {"doubling.py": CODE, "tests/test_doubling.py": ONE},
        {"doubling.py": BROKEN, "tests/test_doubling.py": weaker},
    )
    assert result.status is GateStatus.BLOCKED, messages(result)
    assert "test_one, as it was on the base, does not pass" in messages(result)


def test_a_test_that_goes_with_what_it_tests_is_for_a_person_to_decide(project: Project) -> None:
    """The reason says that the function went too."""
    both = f"{CODE}\n\ndef triple(number):\n    return number * 3\n"
    test = "import doubling\n\n\ndef test_triple():\n    assert doubling.triple(1) == 3\n"
    base = {"doubling.py": both, "tests/test_doubling.py": ONE, "tests/test_triple.py": test}
    result = judged(project, base, {"doubling.py": CODE, "tests/test_triple.py": None})
    assert result.status is GateStatus.BLOCKED
    assert "existing test test_triple is gone, with triple that it tests" in messages(result)


@pytest.mark.parametrize(
    ("code", "before", "after", "status"),
    [
        (CODE, "[(1, 2), (2, 4)]", "[(0, 0), (1, 2), (2, 4)]", GateStatus.PASS),
        (CODE, "[([1], [1, 1])]", "[([1], [1, 1]), ([], []), ([2], [2, 2])]", GateStatus.PASS),
        (CODE, "[(1, 2), (2, 4)]", "[(3, 6), (4, 8)]", GateStatus.PASS),
        (CODE, "[(1, 2), (2, 4)]", "[(1, 2)]", GateStatus.BLOCKED),
        (BROKEN, "[(1, 2), (0, 0)]", "[(1, 3), (0, 0)]", GateStatus.BLOCKED),
    ],
    ids=["added-in-front", "ids-shift", "replaced", "fewer", "fitted-to-the-fault"],
)
def test_other_parameters(project: Project, code: str, before: str, after: str, status: GateStatus) -> None:
    """Parameters may change while the old ones still pass and there are not fewer of them."""
    base = {"doubling.py": CODE, "tests/test_doubling.py": CASES.format(before)}
    result = judged(project, base, {"doubling.py": code, "tests/test_doubling.py": CASES.format(after)})
    assert result.status is status, messages(result)


@pytest.mark.parametrize("file", ["tests/data/cases.json", "json_testcases/cases.json"])
def test_cases_that_go_from_a_data_file_still_count(project: Project, file: str) -> None:
    """Data beside the tests is a part of them: the base's cases run on the head."""
    test = f"import json\nimport pathlib\n\nfrom doubling import double\n\n\ndef test_all():\n    for given, wanted in json.loads(pathlib.Path({file!r}).read_text()):\n        assert double(given) == wanted\n"
    base = {"doubling.py": CODE, "tests/test_doubling.py": test, file: "[[0, 0], [1, 2]]"}
    result = judged(project, base, {"doubling.py": BROKEN, file: "[[0, 0]]"})
    assert result.status is GateStatus.BLOCKED, messages(result)


def shaky(folder: Path, name: str, fails_on: str) -> str:
    """A test that counts its runs in a file and fails in those that are named."""
    file = str(folder / "count")
    return f"import pathlib\n\n\ndef {name}():\n    count = pathlib.Path({file!r})\n    number = len(count.read_text()) if count.exists() else 0\n    count.write_text('x' * (number + 1))\n    assert number not in {fails_on}\n"


def test_a_test_that_fails_only_sometimes_on_both_sides_is_shown_and_does_not_count(
    project: Project, tmp_path: Path
) -> None:
    """Nobody has to mend what was flaky before; nobody may think that it passed."""
    # base and head run it first, and then the head twice and the base twice again
    test = shaky(tmp_path, "test_shaky", "{0, 1, 3, 5}")
    result = judged(
        project,
        {"doubling.py": CODE, "test_doubling.py": ONE, "test_shaky.py": test},
        {"README.md": "x"},
        RERUN,
    )
    assert result.status is GateStatus.PASS, messages(result)
    assert "flaky test test_shaky, on the base too: not counted" in messages(result)
    assert (result.figures["flaky"], result.figures["flaky_new"], result.figures["total"]) == (1, 0, 1)


@pytest.mark.parametrize("fails_on", ["{0}", "{1}"], ids=["fails-first", "passes-first"])
def test_a_new_flaky_test_fails(project: Project, tmp_path: Path, fails_on: str) -> None:
    """What a change brings is run more than once; both outcomes are one too many."""
    base = {"doubling.py": CODE, "test_doubling.py": ONE}
    result = judged(project, base, {"test_shaky.py": shaky(tmp_path, "test_shaky", fails_on)}, RERUN)
    assert result.status is GateStatus.FAIL, messages(result)
    assert "new flaky test test_shaky" in messages(result)
    assert (result.figures["flaky_new"], result.score) == (1, 50)


def test_a_steady_failure_is_a_failure(project: Project) -> None:
    """Running again makes nothing pass."""
    result = judged(project, {"doubling.py": CODE, "test_doubling.py": ONE}, {"doubling.py": BROKEN}, RERUN)
    assert (result.status, result.figures["flaky"], result.score) == (GateStatus.FAIL, 0, 0)


RICH = {
    "conftest.py": "import pytest\n\n\n@pytest.fixture(autouse=True)\ndef guarded(request):\n    yield request.node.name\n\n\n@pytest.fixture(scope='module')\ndef opened():\n    opened.times = getattr(opened, 'times', 0) + 1\n    yield opened\n\n\ndef pytest_runtest_setup(item):\n    if item.get_closest_marker('network'):\n        pytest.skip('no network')\n\n\ndef pytest_configure(config):\n    config.addinivalue_line('markers', 'network: needs the network')\n",
    "tests/test_a.py": "import subprocess\nimport sys\nimport unittest\n\nimport pytest\nfrom hypothesis import given\nfrom hypothesis import strategies as st\n\nfrom doubling import double\n\n\nclass TestCase(unittest.TestCase):\n    @classmethod\n    def setUpClass(cls):\n        cls.ready = True\n\n    def test_in_a_case(self):\n        self.assertTrue(self.ready)\n        for number in range(3):\n            with self.subTest(number=number):\n                self.assertEqual(double(number), 2 * number)\n\n    @unittest.expectedFailure\n    def test_expected(self):\n        self.assertEqual(double(1), 3)\n\n\nclass TestClass:\n    def setup_class(cls):\n        cls.count = 0\n\n    def test_first(self, opened):\n        type(self).count += 1\n\n    def test_second(self, opened):\n        assert self.count == 1\n\n\n@given(st.integers())\ndef test_property(number):\n    assert double(number) == number + number\n\n\n@pytest.mark.network\ndef test_network():\n    raise AssertionError\n\n\n@pytest.mark.xfail(strict=True)\ndef test_known():\n    assert double(1) == 3\n\n\ndef test_child():\n    done = subprocess.run([sys.executable, '-c', 'import doubling; print(doubling.double(2))'], capture_output=True, text=True)\n    assert done.stdout.strip() == '4'\n",
    "tests/test_b.py": '"""\n>>> 1 + 1\n2\n"""\nimport pytest\n\npytestmark = pytest.mark.usefixtures("opened")\n\n\n@pytest.fixture(params=["x", "y"])\ndef letter(request):\n    return request.param\n\n\ndef test_letter(letter, tmp_path, capsys, monkeypatch):\n    monkeypatch.setattr("builtins.print", lambda *words: None)\n    assert letter in "xy"\n',
    "pyproject.toml": '[tool.pytest.ini_options]\naddopts = "-ra --doctest-modules --strict-markers -x"\nfilterwarnings = ["error"]\ntestpaths = ["tests"]\n',
}


def test_rich_tests_of_a_clean_change_pass(project: Project) -> None:
    """Fixtures, classes, subtests, doctests, properties, child processes, expected failures: no false alarm."""
    after = CODE.replace("number * 2", "number + number")
    result = judged(project, RICH | {"doubling.py": CODE}, {"doubling.py": after}, "gates: {tests: {}}")
    assert result.status is GateStatus.PASS, messages(result)
    assert (result.figures["total"], result.figures["not_run"]) == (8, 3), messages(result)
    assert result.figures["coverage_new"] == 100
    assert result.figures["mutants_total"] == result.figures["mutants_killed"] == 2, messages(result)
