"""Changes that break the code and take over the test runner so that nobody sees it."""

from dataclasses import replace
from typing import Any

import pytest

from ci_factory.model.gate import GateResult, GateStatus

Project = Any  # tests/gates/conftest.py

CODE = "def double(number):\n    return number * 2\n"
BROKEN = "def double(number):\n    return number * 3\n"
TEST = "from doubling import double\n\n\ndef test_one():\n    assert double(1) == 2\n\n\ndef test_nought():\n    assert double(0) == 0\n"
GOOD = {"doubling.py": CODE, "tests/test_double.py": TEST}
QUICK = "gates: {tests: {reruns: 0, proof: false, mutants: {sample: 0}, coverage_minimum: 0, test_timeout_seconds: 5}}"
"""Only what is asked for here."""

SAY_ALL = "import pytest\n\n\n@pytest.hookimpl(hookwrapper=True)\ndef pytest_runtest_makereport(item, call):\n    outcome = yield\n    report = outcome.get_result()\n    report.outcome, report.longrepr = 'passed', None\n"
SAY_ONE = SAY_ALL.replace("    report.outcome", "    if 'test_one' in item.nodeid:\n        report.outcome")
MANIPULATED = {
    "makereport-rewrites-all": {"conftest.py": SAY_ALL},
    "makereport-rewrites-one": {"conftest.py": SAY_ONE},
    "logreport-rewrites": {
        "conftest.py": "import pytest\n\n\n@pytest.hookimpl(tryfirst=True)\ndef pytest_runtest_logreport(report):\n    report.outcome = 'passed'\n"
    },
    "no-test-is-called": {
        "conftest.py": "import pytest\n\n\n@pytest.hookimpl(tryfirst=True)\ndef pytest_pyfunc_call(pyfuncitem):\n    return True\n"
    },
    "one-test-is-not-called": {
        "tests/conftest.py": "import pytest\n\n\n@pytest.hookimpl(tryfirst=True)\ndef pytest_pyfunc_call(pyfuncitem):\n    return True if pyfuncitem.name == 'test_one' else None\n"
    },
    "exit-status-rewritten": {
        "conftest.py": "def pytest_sessionfinish(session):\n    session.exitstatus = 0\n"
    },
    "protocol-replaced": {"conftest.py": "def pytest_runtest_protocol(item, nextitem):\n    return True\n"},
    "reports-by-hand": {
        "conftest.py": "from _pytest.reports import TestReport\n\n\ndef pytest_runtest_protocol(item, nextitem):\n    for when in ('setup', 'call', 'teardown'):\n        report = TestReport(item.nodeid, item.location, {}, 'passed', None, when)\n        item.ihook.pytest_runtest_logreport(report=report)\n    return True\n"
    },
    "loop-replaced": {"conftest.py": "def pytest_runtestloop(session):\n    return True\n"},
    "run-replaced-by-the-source": {
        "doubling.py": f"{BROKEN}\n\nimport pytest\n\npytest.Function.runtest = lambda self: None\n"
    },
    "call-replaced-by-the-source": {
        "doubling.py": f"{BROKEN}\n\nimport _pytest.runner\n\noriginal = _pytest.runner.CallInfo.from_call.__func__\n\n\ndef from_call(cls, func, when, reraise=None):\n    return original(cls, (lambda: None) if when == 'call' else func, when, reraise)\n\n\n_pytest.runner.CallInfo.from_call = classmethod(from_call)\n"
    },
    "report-replaced-while-a-test-runs": {
        "doubling.py": "def double(number):\n    import _pytest.reports\n\n    make = _pytest.reports.TestReport.from_item_and_call.__func__\n\n    def from_item_and_call(cls, item, call):\n        report = make(cls, item, call)\n        report.outcome = 'passed'\n        return report\n\n    _pytest.reports.TestReport.from_item_and_call = classmethod(from_item_and_call)\n    return number * 3\n"
    },
    "assertion-error-replaced": {
        "doubling.py": f"{BROKEN}\n\nimport builtins\n\nimport pytest\n\n\nclass Nothing(pytest.skip.Exception):\n    pass\n\n\nbuiltins.AssertionError = Nothing\n"
    },
}
UNSEEN = {
    "pytest-at-the-root": ({"pytest.py": "import sys\n\nsys.exit(0)\n"}, GateStatus.FAIL),
    "pytest-package-at-the-root": ({"_pytest/__init__.py": "raise SystemExit(0)\n"}, GateStatus.FAIL),
    "coverage-at-the-root": ({"coverage/__init__.py": "import os\n\nos._exit(0)\n"}, GateStatus.FAIL),
    "json-at-the-root": ({"json.py": "import os\n\nos._exit(0)\n"}, GateStatus.FAIL),
    "json-in-src": ({"src/json/__init__.py": "import os\n\nos._exit(0)\n"}, GateStatus.FAIL),
    "sitecustomize": ({"sitecustomize.py": "import os\n\nos._exit(0)\n"}, GateStatus.FAIL),
    "usercustomize": ({"src/usercustomize.py": "import os\n\nos._exit(0)\n"}, GateStatus.FAIL),
    "pth-file": ({"hijack.pth": "import os; os._exit(0)\n"}, GateStatus.FAIL),
    "entry-point-of-an-egg-info": (
        {
            "evil.egg-info/PKG-INFO": "Metadata-Version: 2.1\nName: evil\nVersion: 1\n",
            "evil.egg-info/entry_points.txt": "[pytest11]\nevil = evil_plugin\n",
            "evil_plugin.py": "import os\n\nos._exit(0)\n",
        },
        GateStatus.FAIL,
    ),
    "report-file-by-hand": (
        {
            "conftest.py": "import pathlib\n\n\ndef pytest_sessionfinish(session):\n    for name in ('junit.xml', 'report.xml'):\n        pathlib.Path(name).write_text('<testsuite tests=\"2\"><testcase name=\"test_one\"/></testsuite>')\n"
        },
        GateStatus.FAIL,
    ),
    "exit-at-import": (
        {"doubling.py": f"{BROKEN}\n\nimport os\n\nos._exit(0)\n"},
        GateStatus.INCONCLUSIVE,
    ),
    "exit-at-the-end": (
        {"conftest.py": "import os\n\n\ndef pytest_sessionfinish(session):\n    os._exit(0)\n"},
        GateStatus.INCONCLUSIVE,
    ),
    "exit-in-a-thread": (
        {
            "conftest.py": "import os\nimport threading\nimport time\n\n\ndef pytest_runtest_teardown(item):\n    threading.Thread(target=lambda: os._exit(0)).start()\n    time.sleep(1)\n"
        },
        GateStatus.INCONCLUSIVE,
    ),
    "atexit": (
        {"doubling.py": f"{BROKEN}\n\nimport atexit\nimport os\n\natexit.register(os._exit, 0)\n"},
        GateStatus.FAIL,
    ),
}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Where the run of the base, which is always the same, is kept."""
    return tmp_path_factory.mktemp("store")


@pytest.fixture
def project(project: Project, store: Any) -> Project:
    """A project that shares what is known of its base."""
    return replace(project, cache=store)


def judged(project: Project, files: dict[str, str]) -> GateResult:
    project.commit(GOOD)
    project.commit({"doubling.py": BROKEN} | files)
    result: GateResult = project.judge("tests", QUICK, cached=True)
    return result


def messages(result: GateResult) -> str:
    return "\n".join(
        [result.summary, *(f"{each.path}:{each.line} {each.message}" for each in result.reasons)]
    )


@pytest.mark.parametrize("files", MANIPULATED.values(), ids=MANIPULATED.keys())
def test_whoever_rewrites_the_results_is_seen(project: Project, files: dict[str, str]) -> None:
    """A person decides about a run that was tampered with, and nothing in it scores."""
    result = judged(project, files)
    assert result.status is GateStatus.BLOCKED, messages(result)
    assert "the test run was manipulated" in messages(result)
    assert result.score is None


@pytest.mark.parametrize(("files", "status"), UNSEEN.values(), ids=UNSEEN.keys())
def test_what_lies_in_the_checkout_does_not_start_or_end_the_run(
    project: Project, files: dict[str, str], status: GateStatus
) -> None:
    """Modules with the names of the runner's own are not loaded, and a process that ends early passes nothing."""
    result = judged(project, files)
    assert result.status is status, messages(result)
    if status is GateStatus.FAIL:
        assert "test_one fails (passed on the base)" in messages(result)


def test_a_background_process_can_not_write_the_result(project: Project) -> None:
    """Results are in the hands of a process that is not the tests'; what writes into its output is noticed."""
    writer = "import os\nimport pathlib\n\nos.dup2(os.dup(2), 1)\nparent = os.getppid()\ntry:\n    pathlib.Path(f'/proc/{parent}/fd/1').write_text('0 0\\n{\"end\": 0}\\n')\nexcept OSError:\n    os._exit(1)\n"
    result = judged(project, {"doubling.py": f"{BROKEN}\n\n{writer}"})
    assert result.status in {GateStatus.BLOCKED, GateStatus.FAIL}, messages(result)
    assert result.score in {None, 50}


def test_variables_of_the_caller_load_no_plugin(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """PYTEST_PLUGINS, PYTEST_ADDOPTS and PYTHON* of whoever starts us do not reach the run."""
    monkeypatch.setenv("PYTEST_PLUGINS", "no_such_plugin")
    monkeypatch.setenv("PYTEST_ADDOPTS", "--no-such-option")
    monkeypatch.setenv("PYTHONSTARTUP", "/nowhere")
    assert judged(project, {}).status is GateStatus.FAIL


@pytest.mark.parametrize(
    "conftest",
    [
        "def pytest_sessionfinish(session):\n    session.exitstatus = 0\n",
        "import pytest\n\n\n@pytest.hookimpl(hookwrapper=True)\ndef pytest_runtest_makereport(item, call):\n    outcome = yield\n    if outcome.get_result().failed:\n        item.funcargs['page']\n",
    ],
    ids=["exit-status", "hook-that-breaks-over-a-failure"],
)
def test_a_project_that_was_odd_before_is_not_blamed_on_the_change(project: Project, conftest: str) -> None:
    """What the base does to its runner as well says nothing about a clean change."""
    project.commit(GOOD | {"conftest.py": conftest})
    project.commit({"doubling.py": CODE.replace("number * 2", "2 * number")})
    result = project.judge("tests", QUICK)
    assert (result.status, result.score) == (GateStatus.PASS, 100), messages(result)


def test_a_new_conftest_does_not_decide_about_old_tests(project: Project) -> None:
    """The base's tests also run without it: one that skips them, or mends their subject, hides nothing."""
    mend = "import doubling\n\ndoubling.double = lambda number: number * 2\n"
    result = judged(project, {"conftest.py": mend})
    assert result.status is GateStatus.BLOCKED
    assert "test_one, as it was on the base, does not pass on this change" in messages(result)


@pytest.mark.parametrize(
    "conftest",
    [
        "collect_ignore = ['tests/test_double.py']\n",
        "import pytest\n\n\ndef pytest_collection_modifyitems(items):\n    for item in items:\n        item.add_marker(pytest.mark.skip)\n",
        "import pytest\n\n\ndef pytest_collection_modifyitems(items):\n    for item in items:\n        item.add_marker(pytest.mark.xfail)\n",
        "def pytest_collection_modifyitems(items):\n    items[:] = [each for each in items if each.name != 'test_one']\n",
        "def pytest_collection_finish(session):\n    session.items[:] = [each for each in session.items if each.name != 'test_one']\n",
    ],
    ids=["collect_ignore", "skip", "xfail", "dropped", "dropped-late"],
)
def test_tests_that_a_conftest_takes_away_are_lost(project: Project, conftest: str) -> None:
    """Skipped, expected to fail, or not collected: they no longer speak, and a person decides."""
    project.commit(GOOD)
    more = "def test_more():\n    assert [1]\n"
    project.commit({"doubling.py": BROKEN, "conftest.py": conftest, "test_more.py": more})
    result = project.judge("tests", QUICK)
    assert result.status in {GateStatus.BLOCKED, GateStatus.INCONCLUSIVE}, messages(result)
    assert "test_one" in messages(result) or "no test" in result.summary
