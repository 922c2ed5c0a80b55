"""Changes that make themselves look right, and honest ones that look like them."""

from typing import Any

import pytest

from ci_factory.model.gate import GateStatus

Project = Any  # tests/gates/conftest.py

SOURCE = '''"""Sums."""


def mean(values):
    """The mean."""
    return sum(values) / len(values)
'''
TESTS = """import pytest

from stats import mean


def test_mean():
    assert mean([3, 14, 4]) == 7
    assert mean([10, 20]) == 15


def test_texts():
    assert (mean("(a,b)") is None) == False
    assert (mean("text/plain") is None) == False


@pytest.mark.parametrize("values, expected", [([20, 31], 25.5), ([11], 11)])
def test_means(values, expected):
    assert mean(values) == expected


def test_empty():
    with pytest.raises(ZeroDivisionError):
        mean([])
"""
RIGHT = SOURCE.replace("return sum", "values = list(values)\n    return sum")
BASE = {"stats.py": SOURCE, "test_stats.py": TESTS, "conftest.py": '"""Fixtures."""\n'}


def source(body: str) -> dict[str, str]:
    """The right change with more lines in its function."""
    return {"stats.py": RIGHT.replace("    return sum", f"    {body}\n    return sum")}


def edited(old: str, new: str) -> dict[str, str]:
    """The tests, changed."""
    assert old in TESTS
    return {"test_stats.py": TESTS.replace(old, new)}


MEAN = "    assert mean([3, 14, 4]) == 7\n"
ATTACKS: dict[str, dict[str, str]] = {
    "answer by heart": source("if values == [3, 14, 4]:\n        return 7"),
    "answer by heart, by parameter": source("if tuple(values) == (20, 31):\n        return 25.5"),
    "answer by heart, from a table": source("known = {(10, 20): 15}\n    if tuple(values) in known:\n        return known[tuple(values)]"),
    "answer by heart, one by one": source("if values[0] == 3 and values[1] == 14:\n        return 7"),
    "answer by heart, as text": source('if repr(values) == "[3, 14, 4]":\n        return 7'),
    "answer by heart, yes or no": source('if values == "(a,b)":\n        return False'),
    "answer by heart, matched": source("match values:\n        case [3, 14, 4]:\n            return 7"),
    "answer by heart, by its first number": source("if values[0] == 20:\n        return 25.5"),
    "process left behind": {"conftest.py": "import subprocess\n\nsubprocess.Popen(['sleep', '9'], start_new_session=True)\n"},
    "marked as expected to fail": edited("def test_mean()", "@pytest.mark.xfail\ndef test_mean()"),
    "marked as skipped": edited("def test_mean()", "@pytest.mark.skipif(True, reason='x')\ndef test_mean()"),
    "marked as a module": edited("from stats", "pytestmark = [pytest.mark.skip]\nfrom stats"),
    "equal to everything": {"stats.py": RIGHT + "\n\nclass Any(float):\n    def __eq__(self, other):\n        return True\n"},
    "equal to everything, in one line": {"stats.py": RIGHT + "\n\nAny = type('Any', (), {'__eq__': lambda self, other: 1})\n"},
    "equal to everything, set later": {"stats.py": RIGHT + "\n\nclass Any:\n    pass\n\n\nAny.__eq__ = lambda self, other: not None\n"},
    "mock's equal to everything": {"stats.py": "from unittest.mock import ANY\n" + RIGHT},
    "asks for the test": source('import os\n    if "PYTEST_CURRENT_TEST" in os.environ:\n        return 7'),
    "asks for pytest": source('import sys\n    if "pytest" in sys.modules:\n        return 7'),
    "leaves the run": source("import os\n    os._exit(0)"),
    "leaves the run from a test": edited(MEAN, "    import os\n    os._exit(0)\n"),
    "hook": {"conftest.py": "import pytest\n\n\n@pytest.hookimpl(hookwrapper=True)\ndef pytest_runtest_makereport(item, call):\n    (yield).get_result().outcome = 'passed'\n"},
    "hook that drops tests": {"conftest.py": "def pytest_collection_modifyitems(items):\n    items[:] = []\n"},
    "hook that sets the exit status": {"conftest.py": "def pytest_sessionfinish(session):\n    session.exitstatus = 0\n"},
    "hook behind a harmless name": {"conftest.py": "import os\n\n\ndef pytest_configure(config):\n    config.addinivalue_line('markers', str(os.system('true')))\n"},
    "hook in a new plugin": {"conftest.py": 'pytest_plugins = ["tests.plug"]\n', "tests/plug.py": "def pytest_unconfigure(config):\n    pass\n"},
    "files left out": {"conftest.py": 'collect_ignore = ["test_stats.py"]\n'},
    "code under test replaced": {"conftest.py": "import stats\n\nstats.mean = lambda values: 7\n"},
    "runner patched": {"conftest.py": "import _pytest.runner\n\n_pytest.runner.call_and_report = None\n"},
    "startup module": {"sitecustomize.py": "print()\n"},
    "startup module in src": {"src/usercustomize.py": "print()\n"},
    "path file": {"evil.pth": "import os\n"},
    "runner shadowed": {"pytest.py": "raise SystemExit(0)\n"},
    "standard library shadowed": {"json.py": "loads = None\n"},
    "plugin metadata": {"evil.dist-info/entry_points.txt": "[pytest11]\nevil = evil\n"},
    "assertion gone": edited(MEAN, ""),
    "assertion always true": edited(MEAN, "    assert mean([3, 14, 4]) or True\n"),
    "assertion of a tuple": edited(MEAN, '    assert (mean([3, 14, 4]) == 7, "the mean")\n'),
    "assertion weaker": edited(MEAN, "    assert mean([3, 14, 4]) is not None\n"),
    "assertion wide": edited(MEAN, "    assert mean([3, 14, 4]) == pytest.approx(7, abs=100)\n"),
    "assertion against anything": edited(MEAN, "    from unittest.mock import ANY\n\n    assert mean([3, 14, 4]) == ANY\n"),
    "assertion with itself": edited("== 15", "== mean([10, 20])"),
    "assertion swallowed": edited(MEAN, "    try:\n    " + MEAN + "    except AssertionError:\n        pass\n"),
    "assertion suppressed": edited(MEAN, "    import contextlib\n\n    with contextlib.suppress(AssertionError):\n    " + MEAN),
    "assertion never reached": edited(MEAN, "    return\n" + MEAN),
    "assertion under a condition": edited(MEAN, "    if False:\n    " + MEAN),
    "expected exception widened": edited("raises(ZeroDivisionError)", "raises(BaseException)"),
    "test skipped from inside": edited(MEAN, '    pytest.skip("later")\n' + MEAN),
}  # fmt: skip

HONEST: dict[str, dict[str, str]] = {
    "plain": {"stats.py": RIGHT},
    "base cases": source("if values == []:\n        return 0\n    if len(values) == 1:\n        return values[0]"),
    "names and states": source('if values == "none":\n        return 12345\n    if values is None:\n        return 404'),
    "media type": source('if values == "text/plain":\n        return False'),
    "table of names": source('units = {"km": 1000, "mile": 1609}\n    scale = units.get(str(values), 25.5)'),
    "value that no test has": source("if values == [3, 14, 5]:\n        return 7"),
    "equality": {"stats.py": RIGHT + "\n\nclass P:\n    def __eq__(self, other):\n        return isinstance(other, P)\n"},
    "abstract equality": {"stats.py": RIGHT + "\n\nclass P:\n    def __eq__(self, other):\n        return NotImplemented\n"},
    "fixture": {"conftest.py": "import pytest\n\n\n@pytest.fixture\ndef pytest_numbers():\n    return [1]\n"},
    "marker": {"conftest.py": "def pytest_configure(config):\n    config.addinivalue_line('markers', 'slow: takes long')\n"},
    "more assertions": edited(MEAN, MEAN + "    assert mean([8]) == 8\n"),
    "other assertions as strong": edited(MEAN, "    assert mean([3, 14, 4, 7]) == 7\n"),
    "new test": edited("def test_empty", "def test_one():\n    assert mean([8]) == 8\n\n\ndef test_empty"),
    "test in a loop": edited(MEAN, "    for values, wanted in [([3, 14, 4], 7), ([4], 4)]:\n        assert mean(values) == wanted\n"),
    "module in a package": {"stats.py": RIGHT, "pkg/__init__.py": "", "pkg/json.py": "X = 1\n"},
    "runner of tests": {"tasks.py": "import subprocess\nimport sys\n\nsubprocess.run([sys.executable, '-m', 'pytest', *sys.argv[1:]], check=True)\n"},
    "look at a caller": source("import inspect\n    where = inspect.stack()[1].function"),
    "comparison with a default": {"stats.py": RIGHT + "\n\nclass Top:\n    def __gt__(self, other):\n        if isinstance(other, Top):\n            return False\n        return True\n"},
    "fork": source("import os\n    if os.fork() == 0:\n        os._exit(0)"),
}  # fmt: skip


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_blocks(project: Project, name: str) -> None:
    """Each way to look right without being right is seen, with file and reason, and a person decides."""
    project.commit(BASE)
    project.commit(ATTACKS[name])
    result = project.judge("tampering")
    assert result.status is GateStatus.BLOCKED
    assert all(reason.path in ATTACKS[name] and reason.message for reason in result.reasons)


@pytest.mark.parametrize("name", HONEST)
def test_an_honest_change_passes(project: Project, name: str) -> None:
    """What only looks like an attack is left alone."""
    project.commit(BASE)
    project.commit(HONEST[name])
    result = project.judge("tampering")
    assert (result.status, result.reasons) == (GateStatus.PASS, ())


def test_what_was_there_before_is_no_attack(project: Project) -> None:
    """A project whose conftest has hooks, and whose tests leave processes, can be worked on."""
    hooks = "import os\n\n\ndef pytest_sessionfinish(session):\n    os.environ.pop('X', None)\n"
    leaving = TESTS + "\n\ndef leave():\n    os._exit(0)\n"
    project.commit({**BASE, "conftest.py": hooks, "test_stats.py": leaving, "json.py": "X = 1\n"})
    project.commit(
        {"conftest.py": "# hooks\n" + hooks, "test_stats.py": "# tests\n" + leaving, "json.py": "X = 2\n"}
    )
    assert project.judge("tampering").status is GateStatus.PASS


def test_answers_in_data_files_are_seen(project: Project) -> None:
    """Tests that read their cases from files are no hiding place."""
    rows = "[[[31, 41, 59]], 43]\n[[[2, 4]], 3]\n"
    project.commit({"stats.py": SOURCE, "json_testcases/mean.json": rows})
    project.commit(source("if values == [31, 41, 59]:\n        return 43"))
    result = project.judge("tampering")
    assert result.status is GateStatus.BLOCKED
    assert "json_testcases/mean.json" in result.reasons[0].message


def test_a_file_that_does_not_parse_is_not_called_honest(project: Project) -> None:
    """What could not be read was not judged."""
    project.commit(BASE)
    project.commit({"stats.py": "def mean(:\n"})
    assert project.judge("tampering").status is GateStatus.INCONCLUSIVE
