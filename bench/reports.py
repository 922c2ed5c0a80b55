"""Scoring report files against merely parsing them: `ci-factory score --reports` and `json.load` / `iterparse`.

Bounds, for 1,000,000 findings and 500,000 test cases: at most 3x the time, and at most 2x the largest file in memory.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from figures import Figure, told

TIME_BOUND, MEMORY_BOUND = 3.0, 2.0
LOAD_JSON = "import json, sys\nfor name in sys.argv[1:]:\n    with open(name, 'rb') as file: json.load(file)"
LOAD_XML = (
    "import sys\nfrom xml.etree.ElementTree import iterparse\n"
    "for name in sys.argv[1:]:\n    for _ in iterparse(name): pass"
)


def findings(count: int) -> Iterator[str]:
    """A SARIF document with this many results over a thousand files."""
    rules = [{"id": f"R{number}", "properties": {"tags": ["security"]}} for number in range(100)]
    driver = json.dumps({"driver": {"name": "bench", "rules": rules}})
    yield f'{{"version": "2.1.0", "runs": [{{"tool": {driver}, "results": ['
    for number in range(count):
        line = number // 1000 + 1
        place = {
            "artifactLocation": {"uri": f"src/package/module_{number % 1000}.py"},
            "region": {"startLine": line, "startColumn": 5, "snippet": {"text": f"    call(value_{number})"}},
        }
        row = {
            "ruleId": f"R{number % 100}",
            "ruleIndex": number % 100,
            "level": "warning" if number % 50 else "error",
            "message": {"text": f"The value {number} may come from outside."},
            "locations": [{"physicalLocation": place}],
        }
        yield f"{',' if number else ''}\n{json.dumps(row)}"
    yield "]}]}\n"


def cases(count: int) -> Iterator[str]:
    """A JUnit document with this many test cases, one in a thousand failing."""
    failing = (count + 999) // 1000
    yield f'<testsuites><testsuite name="pytest" tests="{count}" failures="{failing}" errors="0" skipped="0">'
    for number in range(count):
        name = f'classname="tests.package.test_module_{number % 500}" name="test_case[{number}]" time="0.001"'
        bad = '<failure message="assert 1 == 2">assert 1 == 2</failure>' if number % 1000 == 0 else ""
        yield f"\n<testcase {name}>{bad}</testcase>" if bad else f"\n<testcase {name}/>"
    yield "</testsuite></testsuites>\n"


def written(path: Path, parts: Iterator[str]) -> Path:
    """Write a document without ever holding it."""
    with path.open("w", encoding="utf-8") as file:
        file.writelines(parts)
    return path


def measured(argv: list[str]) -> tuple[float, int]:
    """Seconds and peak resident bytes of one process."""
    started = time.perf_counter()
    quiet = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    child = os.posix_spawn(argv[0], argv, os.environ, file_actions=quiet)
    _, status, usage = os.wait4(child, 0)
    assert os.waitstatus_to_exitcode(status) in {0, 1}, argv
    return time.perf_counter() - started, usage.ru_maxrss * 1024


def compare(
    name: str, files: dict[Path, str], options: Callable[[Path], list[str]], folder: Path
) -> list[Figure]:
    """Print one row; its two figures."""
    bare = sum(measured([sys.executable, "-c", code, str(file)])[0] for file, code in files.items())
    score = [sys.executable, "-m", "ci_factory", "score", "--json", "--out", str(folder / "out")]
    seconds, memory = measured([*score, *(word for file in files for word in options(file))])
    largest = max(file.stat().st_size for file in files)
    slower, bigger = seconds / bare, memory / largest
    print(f"{name}: {seconds:.1f} s; peak {memory / 2**20:.0f} MiB, largest file {largest / 2**20:.0f} MiB")
    return [
        Figure(f"scoring reports, {name} / parsing the files", slower, TIME_BOUND),
        Figure(f"scoring reports, {name}: peak memory / largest file", bigger, MEMORY_BOUND),
    ]


def main() -> int:
    """Measure issues alone, tests alone, both together, and both against a base."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--findings", type=int, default=1_000_000)
    parser.add_argument("--cases", type=int, default=500_000)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-reports-") as name:
        folder = Path(name)
        sarif = {written(folder / "head.sarif", findings(wanted.findings)): LOAD_JSON}
        junit = {written(folder / "head.xml", cases(wanted.cases)): LOAD_XML}
        base = {
            written(folder / "base.sarif", findings(wanted.findings)): LOAD_JSON,
            written(folder / "base.xml", cases(wanted.cases)): LOAD_XML,
        }

        def options(file: Path) -> list[str]:
            return ["--base-reports" if file.name.startswith("base") else "--reports", str(file)]

        figures = [
            *compare("findings", sarif, options, folder),
            *compare("tests", junit, options, folder),
            *compare("both", sarif | junit, options, folder),
            *compare("both, with a base", sarif | junit | base, options, folder),
        ]
    return told(*figures)


if __name__ == "__main__":
    sys.exit(main())
