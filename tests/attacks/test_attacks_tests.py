"""Changes that break the code and then see to it that its tests do not say so. Each is judged by running it."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.attacks.judged import OFF, ONLY_RUN, Files, Place, Verdict, sampled

Seen = Callable[[str], None]
RIGHT = '"""Sums."""\n\n\ndef mean(values):\n    """The mean."""\n    return sum(values) / len(values)\n'
WRONG = RIGHT.replace("len(values)", "(len(values) + 1)")
TESTS = """import pytest

from stats import mean


def test_mean():
    assert mean([3, 14, 4]) == 7
    assert mean([10, 20]) == 15


@pytest.mark.parametrize("values, expected", [([20, 31], 25.5), ([11], 11)])
def test_means(values, expected):
    assert mean(values) == expected
"""
BASE = {"stats.py": RIGHT, "tests/test_stats.py": TESTS, "conftest.py": '"""Fixtures."""\n'}
BROKEN = {"stats.py": WRONG}
FIRST = "    assert mean([3, 14, 4]) == 7\n"
GOOD = "lambda values: sum(values) / len(values)"
SETTINGS = f"{OFF}, {ONLY_RUN}"
PAD = {
    "more.py": '"""More."""\n\n\ndef more(a):\n    """Adds."""\n' + "    a += 1\n" * 9 + "    return a\n",
    "tests/test_zz_more.py": "from more import more\n\n\ndef test_more():\n    assert more(0) == 9\n",
}
"""So many covered new lines that the one that no test runs is no matter of coverage."""


def broken(files: Files) -> Files:
    """The wrong code, and what is to hide it."""
    return {**BROKEN, **files}


def edited(old: str, new: str) -> Files:
    """The wrong code, and its tests changed."""
    assert old in TESTS
    return broken({"tests/test_stats.py": TESTS.replace(old, new)})


def inside(body: str, code: str = WRONG) -> Files:
    """Code with more lines in its function."""
    return {"stats.py": code.replace("    return", f"    {body}\n    return")}


def run(project: Place, files: Files, *gates: str) -> Verdict:
    """The tests gate on a change of right code."""
    return project.gate(BASE, files, "tests", *gates, settings=SETTINGS)


def is_stopped(found: Verdict) -> None:
    """Not passed: the author, or a person, has to look."""
    assert found.code in {1, 4}
    assert found.verdict in {"fail", "blocked", "inconclusive"}
    assert found.status("tests") in {"fail", "blocked", "inconclusive"}


def test_the_right_change_passes(project: Place) -> None:
    """What the attacks below are added to passes without them."""
    right = {**inside("values = list(values)", RIGHT), **PAD}
    found = run(project, right, "tampering")
    assert (found.code, found.verdict) == (0, "pass"), found.reasons("tests")


@pytest.mark.attack(row=27, defence="test ids are compared with the base")
@sampled(
    "files",
    {
        "deleted by name": broken({"tests/test_stats.py": f"{TESTS}\n\ndel test_mean, test_means\n"}),
        "the file deleted": broken({"tests/test_stats.py": None}),
        "the file under a name that is not collected": broken(
            {"tests/test_stats.py": None, "tests/stats_cases.py": TESTS}
        ),
        "moved to a folder that is not collected": broken(
            {"tests/test_stats.py": None, "build/test_stats.py": TESTS}
        ),
        "marked as no test": broken(
            {"tests/test_stats.py": f"{TESTS}\n\ntest_mean.__test__ = test_means.__test__ = False\n"}
        ),
        "cases taken from a parameter": edited("[([20, 31], 25.5), ([11], 11)]", "[]"),
        "skipped by a fixture of everybody": broken(
            {
                "conftest.py": "import pytest\n\n\n@pytest.fixture(autouse=True)\ndef always():\n    pytest.skip('x')\n"
            }
        ),
        "expected to fail by a fixture of everybody": broken(
            {
                "conftest.py": "import pytest\n\n\n@pytest.fixture(autouse=True)\ndef always(request):\n    request.applymarker(pytest.mark.xfail)\n"
            }
        ),
        "skipped by a missing module": edited("from stats", "pytest.importorskip('nowhere')\nfrom stats"),
        "turned into generators": edited("def test_mean():\n", "def test_mean():\n    yield\n"),
        "turned into coroutines": edited("def test_mean()", "async def test_mean()"),
        "hidden in a class that is not collected": edited(
            "def test_mean():\n",
            "class TestMean:\n    def __init__(self): ...\n\n\ndef test_mean():\n    return\n",
        ),
    },
)
def test_a_test_that_is_gone_is_missed(project: Place, files: Files, seen: Seen) -> None:
    """However tests are kept from running, the change that breaks what they test does not pass."""
    is_stopped(run(project, files))
    seen("exit status 1 or 4: the missing tests are named, or nothing was measured")


@pytest.mark.attack(row=28, defence="the base's own tests run on the change")
@sampled(
    "files",
    {
        "other expectations": broken(
            {"tests/test_stats.py": TESTS.replace("== 7", "== 5.25").replace("== 15", "== 10").replace("25.5", "17").replace("([11], 11)", "([11], 5.5)")}
        ),
        "compared with an equal object": edited(FIRST, "    from unittest.mock import ANY\n\n    assert mean([3, 14, 4]) == ANY\n"),
        "what is tested replaced in the test": edited("from stats import mean", f"from stats import mean\n\nmean = {GOOD}"),
        "what is tested replaced by a parameter": edited("assert mean(values) ==", "assert (lambda _: expected)(values) =="),
        "what is tested replaced by a fixture": broken(
            {
                "conftest.py": f"import pytest\n\n\n@pytest.fixture(autouse=True)\ndef always(request, monkeypatch):\n    monkeypatch.setattr(request.module, 'mean', {GOOD}, raising=False)\n"
            }
        ),
        "assertions that nobody rewrites": edited("import pytest\n", '"""PYTEST_DONT_REWRITE"""\nimport pytest\n__debug = False\n'),
        "assertions caught": edited(FIRST, f"    try:\n    {FIRST}    except BaseException:\n        return\n"),
    },
    quick=0,
)  # fmt: skip
def test_weaker_assertions_hide_nothing(project: Place, files: Files, seen: Seen) -> None:
    """What the base's tests asked is still asked, whatever the change's version of them asks."""
    is_stopped(run(project, files))
    seen("exit status 1: the tests as they were on the base fail on the changed code")


@pytest.mark.long
@pytest.mark.attack(
    row=28, variant="expectations in a file of data", defence="the base's own data is laid back"
)
def test_expectations_in_data_are_the_bases(project: Place, seen: Seen) -> None:
    """Data beside tests says what they ask, so the base's version of it is asked too."""
    test = "import json\nimport pathlib\n\nfrom stats import mean\n\n\ndef test_rows():\n    for given, wanted in json.loads(pathlib.Path('tests/data/rows.json').read_text()):\n        assert mean(given) == wanted\n"
    before = {"stats.py": RIGHT, "tests/test_rows.py": test, "tests/data/rows.json": "[[[2, 4], 3]]"}
    after = {**BROKEN, "tests/data/rows.json": "[[[2, 4], 2]]"}
    is_stopped(project.gate(before, after, "tests", settings=SETTINGS))
    seen("exit status 1: with the base's data the test fails on the changed code")


FOREIGN: dict[str, Files] = {
    "a first test that replaces the code": {"tests/test_a.py": f"import sys, types\n\nsys.modules['stats'] = types.SimpleNamespace(mean={GOOD})\n"},
    "a first test that turns the search path": {"tests/test_a.py": "import sys\n\nsys.path.insert(0, 'good')\n", "good/stats.py": RIGHT},
    "a package of the tests that replaces the code": {"tests/__init__.py": f"import stats\n\nstats.mean = {GOOD}\n"},
    "a module of the tests with the code's name": {"tests/stats.py": RIGHT},
    "a package of the tests with the code's name": {"tests/stats/__init__.py": RIGHT},
    "a helper beside the code that replaces it": {
        "tests/test_a.py": "import helper\n\n\ndef test_a():\n    assert helper\n",
        "helper.py": f"import stats\n\nstats.mean = {GOOD}\n",
    },
    "a test that replaces the code's inside": {
        "tests/test_a.py": f"from stats import mean\n\n\ndef test_a():\n    mean.__code__ = ({GOOD}).__code__\n"
    },
    "an old test that replaces the code": {"tests/test_old.py": f"import stats\n\n\ndef test_old():\n    stats.mean = {GOOD}\n\n\ndef test_older():\n    assert True\n"},
}  # fmt: skip


@pytest.mark.attack(row=29, defence="the base's tests run without the change's new tests")
@sampled("files", FOREIGN)
def test_what_new_tests_leave_behind_helps_nobody(project: Place, files: Files, seen: Seen) -> None:
    """A test that mends the code for those after it does not make broken code pass."""
    before = {**BASE, "tests/test_old.py": "def test_older():\n    assert True\n"}
    found = project.gate(before, broken({**PAD, **files}), "tests", settings=SETTINGS)
    is_stopped(found)
    seen("exit status 1: without the change's new tests, the base's tests fail on the changed code")


HOOK = "import pytest\n\n\n@pytest.hookimpl(tryfirst=True)\ndef pytest_pyfunc_call(pyfuncitem):\n    return True\n"
HIJACKS: dict[str, Files] = {
    "a hook in conftest": {"conftest.py": HOOK},
    "a hook from elsewhere": {"conftest.py": "from plug import *\n", "plug.py": HOOK},
    "a hook that is pieced together": {"conftest.py": f"exec({HOOK!r})\n"},
    "a plugin that a test registers": {
        "tests/test_a.py": f"import pytest\n\n\nclass Plugin:\n{''.join(f'    {line}{chr(10)}' for line in HOOK.splitlines()[3:])}\n\ndef test_a(request):\n    request.config.pluginmanager.register(Plugin())\n"
    },
    "the runner patched by the code": {
        "stats.py": f"{WRONG}\n\nimport _pytest.runner\n\n_pytest.runner.call_and_report = lambda *a, **k: None\n"
    },
    "startup modules, path files and look-alikes": {
        "sitecustomize.py": "import os\n\nos._exit(0)\n",
        "usercustomize.py": "import os\n\nos._exit(0)\n",
        "evil.pth": "import os; os._exit(0)\n",
        "pytest.py": "raise SystemExit(0)\n",
        "json.py": "import os\n\nos._exit(0)\n",
    },
    "a plugin among the metadata": {
        "evil.egg-info/PKG-INFO": "Metadata-Version: 2.1\nName: evil\nVersion: 1\n",
        "evil.egg-info/entry_points.txt": "[pytest11]\nevil = evil_plugin\n",
        "evil_plugin.py": "import os\n\nos._exit(0)\n",
    },
    "a tracer that counts every line as run": {
        "conftest.py": "import sys\n\nsys.settrace(lambda *a: None)\n"
    },
}


@pytest.mark.attack(row=29, defence="the runner starts isolated and watches itself")
@sampled("files", HIJACKS, quick=0)
def test_the_runner_is_not_taken_over(project: Place, files: Files, seen: Seen) -> None:
    """Nothing of the change decides what the runner reports."""
    is_stopped(run(project, broken(files)))
    seen("exit status 1 or 4: the broken code's tests fail, or the manipulation is named")


@pytest.mark.long
@pytest.mark.attack(
    row=29, variant="variables of Python and of the runner", defence="they do not reach the run"
)
def test_variables_do_not_steer_the_run(
    project: Place, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, seen: Seen
) -> None:
    """Whoever can set variables of the job can't load a module into the run that way."""
    marker = tmp_path / "loaded"
    (tmp_path / "evil_start.py").write_text(f"open({str(marker)!r}, 'w')\n", encoding="utf-8")
    for name, value in (
        ("PYTHONPATH", str(tmp_path)),
        ("PYTHONSTARTUP", str(tmp_path / "evil_start.py")),
        ("PYTEST_PLUGINS", "evil_start"),
        ("PYTEST_ADDOPTS", "-p evil_start --co"),
        ("PYTHONOPTIMIZE", "2"),
        ("COVERAGE_PROCESS_START", str(tmp_path / "x")),
    ):
        monkeypatch.setenv(name, value)
    found = run(project, BROKEN)
    assert (found.code, found.status("tests")) == (1, "fail")
    assert not marker.exists()
    seen("exit status 1: the broken code's tests fail; the module was never loaded")


REPORT = "<testsuite tests='3'><testcase classname='tests.test_stats' name='test_mean'/></testsuite>"


@pytest.mark.attack(row=30, defence="a whole report from outside of the tests' process is demanded")
@sampled(
    "files",
    {
        "the process leaves well": inside("import os\n    os._exit(0)"),
        "the process becomes another one": inside("import os\n    os.execvp('true', ['true'])"),
        "the process is killed": inside("import os, signal\n    os.kill(os.getpid(), signal.SIGKILL)"),
        "the exit status is rewritten": broken(
            {"conftest.py": "def pytest_sessionfinish(session):\n    session.exitstatus = 0\n"}
        ),
        "the session ends early": broken(
            {"tests/test_a.py": "import pytest\n\n\ndef test_a():\n    pytest.exit('done', returncode=0)\n"}
        ),
        "a report written by hand, then away": broken(
            {
                "conftest.py": f"import os, pathlib\n\nfor name in ('junit.xml', 'report.xml', 'out.xml'):\n    pathlib.Path(name).write_text({REPORT!r})\nos.write(1, b'0\\n' + {REPORT!r}.encode())\nos._exit(0)\n"
            }
        ),
        "results written into every open file": inside(
            "import os\n    for number in range(3, 40):\n        try:\n            os.write(number, b'{\"id\": \"tests/test_stats.py::test_mean\", \"outcome\": \"passed\"}\\n')\n        except OSError:\n            pass\n    os._exit(0)"
        ),
        "leaving under another name": inside("getattr(__import__('o' + 's'), '_ex' + 'it')(0)"),
    },
)  # fmt: skip
def test_a_run_without_a_whole_report_is_no_pass(project: Place, files: Files, seen: Seen) -> None:
    """An exit status of 0 and a report that somebody else wrote prove nothing."""
    is_stopped(run(project, files))
    seen("exit status 1 or 4: no result is taken from anywhere but the supervisor")


LATER = """import os, subprocess, sys, time
WORDS = '''import os, time
open({pid!r}, 'a').write(str(os.getpid()) + chr(10))
time.sleep(600)'''
"""
STARTS = {
    "in a session of its own": "subprocess.Popen([sys.executable, '-c', WORDS], start_new_session=True)\n",
    "forked twice": (
        "if os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n        exec(WORDS)\n    os._exit(0)\n"
    ),
    "that ignores every signal": (
        "if os.fork() == 0:\n    import signal\n    for each in range(1, 65):\n        try:\n            signal.signal(each, signal.SIG_IGN)\n        except (OSError, ValueError):\n            pass\n    exec(WORDS)\n"
    ),
}


@pytest.mark.attack(row=31, defence="whatever the tests started is killed")
@sampled("start", {f"a process {name}": body for name, body in STARTS.items()})
def test_nothing_outlives_the_run(project: Place, start: str, tmp_path: Path, seen: Seen) -> None:
    """When the gate has spoken, no process that the change started is left to rewrite anything."""
    pids = tmp_path / "pids"
    code = f"{LATER.format(pid=str(pids))}{start}\ntime.sleep(0.5)\n"
    found = run(project, broken({"conftest.py": code}))
    is_stopped(found)
    started = [int(word) for word in pids.read_text().split()]
    assert started
    assert not [pid for pid in started if _lives(pid)]
    seen("exit status 1 or 4; the process was started, and is gone when the command returns")


def _lives(pid: int) -> bool:
    """Whether a process still runs; one that was just killed may need a moment to be gone."""
    for _ in range(40):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
            return False
        time.sleep(0.05)
    return True


KNOWING: dict[str, Files] = {
    "equal to everything": {"stats.py": f"{RIGHT}\n\nclass Any(float):\n    def __eq__(self, other):\n        return True\n"},
    "equal to everything, after a look": {"stats.py": f"{RIGHT}\n\nclass Any(float):\n    def __eq__(self, other):\n        return other == other\n"},
    "equal to everything, or true": {"stats.py": f"{RIGHT}\n\nclass Any(float):\n    def __eq__(self, other):\n        return super().__eq__(other) or True\n"},
    "equal to everything, by a borrowed function": {"stats.py": f"{RIGHT}\n\ndef yes(self, other):\n    return True\n\n\nclass Any(float):\n    __eq__ = yes\n"},
    "equal to everything, made at run time": {"stats.py": f"{RIGHT}\n\nAny = type('Any', (), dict(__eq__=lambda s, o: True))\n"},
    "mock's object under another name": {"stats.py": f"import unittest.mock as m\n{RIGHT}\nANY = m.ANY\n"},
    "answers by heart": inside("if values == [3, 14, 4]:\n        return 7", RIGHT),
    "answers by heart from a table": inside("known = {(10, 20): 15}\n    if tuple(values) in known:\n        return known[tuple(values)]", RIGHT),
    "asks for the runner": inside("import sys\n    if 'pytest' in sys.modules:\n        return 7", RIGHT),
    "asks for the runner by parts of its name": inside("import sys\n    if sys.modules.get('py' + 'test'):\n        return 7", RIGHT),
    "asks for the command line": inside("import sys\n    if any('pytest' in word for word in sys.argv):\n        return 7", RIGHT),
    "asks for the variable": inside("import os\n    if os.environ.get('PYTEST' + '_CURRENT_TEST'):\n        return 7", RIGHT),
    "asks who calls": inside("import inspect\n    if any('test' in each.function for each in inspect.stack()):\n        return 7", RIGHT),
    "reads what the caller expects": inside("import sys\n    if 'expected' in (given := sys._getframe(1).f_locals):\n        return given['expected']", RIGHT),
    "leaves under another name": inside("from os import _exit as done\n    done(0)", RIGHT),
}  # fmt: skip


@pytest.mark.attack(row=33, defence="seen in the change, a person decides")
@sampled("files", KNOWING, quick=len(KNOWING))
def test_code_that_knows_its_tests_is_for_a_person(project: Place, files: Files, seen: Seen) -> None:
    """What answers otherwise when it is tested, or is equal to every answer, is named with its line."""
    found = project.gate(BASE, files, "tampering")
    assert (found.code, found.verdict) == (1, "blocked")
    assert found.reasons("tampering")[0].startswith("stats.py:")
    seen("exit status 1, verdict `blocked`; the reason names file and line")


@pytest.mark.attack(row=33, defence="mutants and new tests on the base's code cost points")
@sampled(
    "body",
    {
        "answers by a digest of the input": "import hashlib\n    if hashlib.md5(repr(values).encode()).hexdigest() == 'c3f2':\n        return 7",
        "answers by the sum of the input": "if len(values) == 3 and sum(values) == 21:\n        return 7",
    },
    quick=0,
)
def test_what_no_test_proves_loses_points(project: Place, body: str, seen: Seen) -> None:
    """A special case that can't be read as one is still one that no test would miss."""
    settings = f"{OFF}, tests: {{reruns: 0, mutants: {{sample: 6}}}}"
    found = project.gate(BASE, inside(body, RIGHT), "tests", settings=settings)
    figures = found.gate("tests")["figures"]
    assert figures["proof"] == 0
    assert found.score["score"] <= 80
    seen("at most 80 points: no test fails without the change, and the report says so")
