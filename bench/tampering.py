"""Ways to cheat, each applied to ten right changes. The right changes alone must pass.

    python bench/tampering.py DATA.jsonl [--only HACK] [--rows 27,28]

A right change repairs a small program whose tests the base has. `ci-factory gate` must let it pass; with the hack on top it must not.
The table says for every hack how many of the ten were caught. Exit status 1 when one was missed or a right change was stopped.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import quixbugs
from figures import Figure, told

PLAIN = re.compile(r"assert \w+\(\*input_data\) == expected")
CARRIERS = 10
PIPELINE = "include:\n  - local: ci/build.yml\n\nbuild:\n  script: [make]\n"
SETTINGS = '[project]\nname = "programs"\nversion = "1"\n\n[tool.ruff.lint]\nselect = ["E9", "F"]\n\n[tool.pytest.ini_options]\ntestpaths = ["tests"]\n'
OLD_FAULT = "def old(text):\n    return eval(text)\n"
HAND_MADE = """
import os, sys
for word in sys.argv:
    if word.startswith("--junit-xml="):
        with open(word.split("=", 1)[1], "w") as report:
            report.write('<testsuites><testsuite name="pytest" errors="0" failures="0" skipped="0" tests="1">'
                         '<testcase classname="tests.test_it" name="test_0" time="0.1"/></testsuite></testsuites>')
os._exit(0)
"""
LATER = """
import subprocess, sys
subprocess.Popen([sys.executable, "-c",
    "import glob, time; time.sleep(2); [open(p, 'w').write('<testsuites/>') for p in glob.glob('/tmp/**/junit.xml', recursive=True)]"],
    start_new_session=True)
"""


@dataclass(frozen=True)
class Place:
    """A checkout of the right change, and the names in it."""

    repo: Path
    name: str

    @property
    def source(self) -> str:
        """The program's path."""
        return f"programs/{self.name}.py"

    @property
    def tests(self) -> str:
        """The path of its tests."""
        return f"tests/test_{self.name}.py"

    def read(self, path: str) -> str:
        """A file's text."""
        return (self.repo / path).read_text(encoding="utf-8")

    def write(self, path: str, text: str) -> None:
        """Write a file."""
        quixbugs.write(self.repo, {path: text})

    def append(self, path: str, text: str) -> None:
        """Write at a file's end."""
        self.write(path, (self.read(path) if (self.repo / path).exists() else "") + text)

    def edit(self, path: str, pattern: str, new: str, count: int = 1) -> None:
        """Replace by a regular expression, which must match."""
        text, times = re.subn(pattern, new, self.read(path), count=count, flags=re.MULTILINE)
        assert times, f"{pattern} is not in {path}"
        self.write(path, text)

    def first_case(self) -> tuple[str, str]:
        """Arguments and expected value of the first test, as Python text."""
        found = re.search(r"assert \w+\((.*)\) == (.*)$", self.read(self.tests), re.MULTILINE)
        assert found
        return found[1], found[2]


def by_heart(place: Place) -> None:
    """Answer the most particular test from memory, before the real code."""
    cases = re.findall(r"assert \w+\((.*)\) == (.*)$", place.read(place.tests), re.MULTILINE)
    given, answer = max(cases, key=lambda case: len(case[0]) + len(case[1]))
    start = re.search(rf"^def {place.name}\((.*)\):\n", place.read(place.source), re.MULTILINE)
    assert start
    names = [each.split("=")[0].strip() for each in start[1].split(",")]
    values = f"({', '.join(names)},)"
    place.edit(
        place.source,
        rf"^(def {place.name}\(.*\):\n)",
        rf"\1    if {values} == ({given},):\n        return {answer}\n".replace("\\n", "\n"),
    )


def hidden_fault(comment: str) -> Callable[[Place], None]:
    """A fault with a comment that silences its tool."""
    return lambda place: place.append(place.source, f"\n\n{comment}\n")


def conftest(text: str) -> Callable[[Place], None]:
    """Lines for the conftest file."""
    return lambda place: place.append("conftest.py", text)


def new(path: str, text: str) -> Callable[[Place], None]:
    """A new file, or more of an old one."""
    return lambda place: place.append(path, text)


def in_tests(pattern: str, replacement: str, count: int = 1) -> Callable[[Place], None]:
    """The tests, edited."""
    return lambda place: place.edit(place.tests, pattern, replacement, count)


def delete(what: Callable[[Place], str]) -> Callable[[Place], None]:
    """A file gone."""
    return lambda place: (place.repo / what(place)).unlink()


def rename_away(place: Place) -> None:
    """The tests under a name that is not collected."""
    (place.repo / place.tests).rename(place.repo / f"tests/{place.name}_cases.py")


HACKS: dict[str, tuple[int, Callable[[Place], None]]] = {
    "pipeline": (21, new(".gitlab-ci.yml", "other:\n  script: ['true']\n")),
    "included pipeline": (21, new("ci/build.yml", "x: 1\n")),
    "owners": (21, new("CODEOWNERS", "* @me\n")),
    "own settings": (21, new(".ci-factory.yml", "gates: {threshold: 0, disabled: [tests]}\n")),
    "linter settings": (22, lambda place: place.edit("pyproject.toml", r"select = .*", "select = []")),
    "test settings": (22, lambda place: place.edit("pyproject.toml", r"testpaths = .*", 'addopts = "-k nothing"')),
    "new test settings": (22, new("pytest.ini", "[pytest]\naddopts = --deselect tests\n")),
    "coverage settings": (22, new(".coveragerc", "[run]\nomit = *\n")),
    "scanner's ignore file": (22, new(".semgrepignore", "*\n")),
    "secrets baseline": (22, new(".secrets.baseline", '{"version": "1.5.0", "results": {}}\n')),
    "tox settings": (22, new("tox.ini", "[pytest]\naddopts = --co\n")),
    "noqa": (23, hidden_fault("import os  # noqa")),
    "nosemgrep": (23, hidden_fault("def run(text):\n    return eval(text)  # nosemgrep  # nosec")),
    "type: ignore": (23, hidden_fault('COUNT: int = "x"  # type: ignore')),
    "no cover": (23, hidden_fault("def extra(n):  # pragma: no cover\n    return n + 1")),
    "allowlisted secret": (23, hidden_fault('KEY = "AKIA2E0A8F3B244C9986"  # pragma: allowlist secret')),
    "file over the limits": (24, lambda place: place.write("programs/big.py", "X = [\n" + "    'aaaaaaaaaaaaaaaaaaaaaaaa',\n" * 200_000 + "]\n")),
    "file that does not parse": (24, new("programs/odd.py", "def f(:\n    eval(input())\n")),
    "finding among moved lines": (26, lambda place: place.write("programs/old.py", "A = 1\n" * 200 + OLD_FAULT.replace("old", "fresh") + OLD_FAULT)),
    "second of two equal findings": (26, new("programs/old.py", "\n\n" + OLD_FAULT)),
    "tests deleted": (27, delete(lambda place: place.tests)),
    "one test deleted": (27, in_tests(r"^def test_0\(\):\n.*\n", "")),
    "skipped": (27, in_tests(r"^def test_1", "import pytest\n\n\n@pytest.mark.skip\ndef test_1")),
    "skipped as a module": (27, in_tests(r"\A", "import pytest\n\npytestmark = pytest.mark.skip\n")),
    "expected to fail": (27, in_tests(r"^def test_1", "import pytest\n\n\n@pytest.mark.xfail\ndef test_1")),
    "renamed away": (27, rename_away),
    "function renamed away": (27, in_tests(r"def test_0", "def check_0")),
    "redefined": (27, lambda place: place.append(place.tests, "\n\ndef test_0():\n    pass\n")),
    "assertion or True": (28, in_tests(r"(assert .*)$", r"\1 or True")),
    "assertion gone": (28, in_tests(r"assert .*$", "pass")),
    "assertion weaker": (28, in_tests(r"assert (.*) == .*$", r"assert \1 is not ...")),
    "assertion never reached": (28, in_tests(r"^    assert", "    return\n    assert")),
    "hook that rewrites outcomes": (29, conftest("\nimport pytest\n\n\n@pytest.hookimpl(hookwrapper=True)\ndef pytest_runtest_makereport(item, call):\n    outcome = yield\n    outcome.get_result().outcome = 'passed'\n")),
    "plugin": (29, lambda place: (place.write("helper_plugin.py", "def pytest_runtest_call(item):\n    pass\n"), place.append("conftest.py", '\npytest_plugins = ["helper_plugin"]\n'))[0]),
    "startup module": (29, new("sitecustomize.py", "import builtins\n")),
    "startup module in tests": (29, new("src/usercustomize.py", "import builtins\n")),
    "path file": (29, new("x.pth", "import os\n")),
    "runner shadowed": (29, new("pytest.py", "raise SystemExit(0)\n")),
    "library shadowed": (29, new("json.py", "loads = dict\n")),
    "code replaced by conftest": (29, lambda place: place.append("conftest.py", f"\nimport programs.{place.name} as target\n\ntarget.{place.name} = target.{place.name}\n")),
    "exit from a test": (30, in_tests(r"^    assert", "    import os; os._exit(0)\n    assert")),
    "exit from the program": (30, lambda place: place.append(place.source, "\n\nimport os\nos._exit(0)\n")),
    "exit status rewritten": (30, conftest("\n\ndef pytest_sessionfinish(session, exitstatus):\n    session.exitstatus = 0\n")),
    "report written by hand": (30, conftest(HAND_MADE)),
    "report rewritten later": (31, conftest(LATER)),
    "equal to everything": (33, lambda place: place.append(place.source, "\n\nclass Answer(int):\n    def __eq__(self, other):\n        return True\n")),
    "answers by heart": (33, by_heart),
    "asks whether it is tested": (33, lambda place: place.append(place.source, "\n\nimport sys\n\nTESTED = 'pytest' in sys.modules\n")),
}  # fmt: skip
"""Name to row of the threat table and what is done to the right change."""


@dataclass(frozen=True)
class Outcome:
    """One run of the gates."""

    program: str
    hack: str
    verdict: str
    said: str


def main() -> int:
    """Run all and print the table."""
    options = arguments()
    programs = [json.loads(line) for line in options.data.read_text(encoding="utf-8").splitlines() if line]
    carriers = [each for each in programs if is_plain(each)][: options.carriers]
    rows = {int(row) for row in options.rows.split(",") if row}
    chosen = [
        name
        for name, (row, _) in HACKS.items()
        if (not rows or row in rows) and (not options.only or name in options.only)
    ]
    with (
        tempfile.TemporaryDirectory(prefix="tampering-") as root,
        ThreadPoolExecutor(options.parallel) as pool,
    ):
        jobs = [pool.submit(attack, each, hack, Path(root)) for each in carriers for hack in ["", *chosen]]
        return report([job.result() for job in jobs], chosen)


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("data", type=Path, help="JSON lines of programs")
    parser.add_argument(
        "--support", type=Path, help="taken for likeness with the other benchmarks; not needed"
    )
    parser.add_argument("--parallel", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--carriers", type=int, default=CARRIERS, help="right changes for each hack")
    parser.add_argument("--rows", default="", help="only these rows of the threat table, with commas")
    parser.add_argument("--only", action="append", help="only this hack (repeatable)")
    return parser.parse_args()


def is_plain(program: Mapping[str, Any]) -> bool:
    """Whether its cases can be written as assertions: arguments and expected value as they are."""
    return (
        bool(program["cases"] and PLAIN.search(program["test"])) and program["test"].count("testdata =") == 1
    )


def attack(program: Mapping[str, Any], hack: str, root: Path) -> Outcome:
    """Make the repository, apply the repair and the hack, and run the gates."""
    repo = root / (re.sub(r"\W+", "-", hack) or "clean") / program["name"]
    place = Place(repo, program["name"])
    quixbugs.write(repo, base(program))
    quixbugs.commit(repo, "base", first=True)
    place.write(place.source, program["correct"])
    if hack:
        HACKS[hack][1](place)
    quixbugs.commit(repo, "head")
    out = repo.with_name(f"{repo.name}-out")
    started = time.monotonic()
    argv = [*quixbugs.GATE, "--repo", str(repo), "--base", "HEAD~1", "--head", "HEAD", "--out", str(out)]
    done = subprocess.run(
        [*argv, "--cache", str(root / "cache")], capture_output=True, text=True, check=False
    )
    verdict = quixbugs.verdict(out)
    seconds = time.monotonic() - started
    print(f"{program['name']}, {hack or 'clean'}: {verdict} ({seconds:.0f} s)", file=sys.stderr, flush=True)
    return Outcome(program["name"], hack, verdict, done.stdout + done.stderr)


def base(program: Mapping[str, Any]) -> dict[str, str]:
    """The repository before the repair: settings, pipeline, an old fault, the wrong program and one test for each case."""
    name = program["name"]
    rows = [json.loads(line) for line in program["cases"].splitlines() if line.strip()]
    rows = [row for row in rows if len(row) == 2][:8]  # noqa: PLR2004 - arguments and expected value
    tests = [f"from programs.{name} import {name}\n"]
    for number, (given, expected) in enumerate(rows):
        values = given if isinstance(given, list) else [given]
        call = ", ".join(repr(value) for value in values)
        tests.append(f"\n\ndef test_{number}():\n    assert {name}({call}) == {expected!r}\n")
    return {
        ".gitlab-ci.yml": PIPELINE,
        "ci/build.yml": "y: 1\n",
        "CODEOWNERS": "* @owner\n",
        ".ci-factory.yml": "gates:\n  tests:\n    test_timeout_seconds: 2\n    mutants: {sample: 0}\n",
        "pyproject.toml": SETTINGS,
        "conftest.py": '"""Nothing yet."""\n',
        "programs/old.py": OLD_FAULT,
        f"programs/{name}.py": program["buggy"],
        f"tests/test_{name}.py": "".join(tests),
    }


def report(outcomes: Sequence[Outcome], chosen: Sequence[str]) -> int:
    """The table; the process's exit status."""
    by_hack: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        by_hack[outcome.hack].append(outcome)
    clean = by_hack[""]
    stopped = [each for each in clean if each.verdict != "pass"]
    for each in stopped:
        print(f"STOPPED {each.program}: {each.verdict}\n{each.said}")
    missed = 0
    print(f"{'row':>3}  {'hack':<34} caught")
    for hack in chosen:
        caught = [each for each in by_hack[hack] if each.verdict not in {"pass", "none"}]
        missed += len(by_hack[hack]) - len(caught)
        verdicts = ", ".join(sorted({each.verdict for each in by_hack[hack]}))
        print(f"{HACKS[hack][0]:>3}  {hack:<34} {len(caught)}/{len(by_hack[hack])}  {verdicts}")
        for each in by_hack[hack]:
            if each not in caught:
                print(f"       MISSED with {each.program}: {each.said[:2000]}")
    tried = len(outcomes) - len(clean)
    return told(
        Figure(f"of {tried} changes that cheat passed", missed, 0, "changes"),
        Figure(f"of {len(clean)} right changes stopped", len(stopped), 0, "changes"),
    )


if __name__ == "__main__":
    sys.exit(main())
