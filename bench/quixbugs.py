"""Forty small programs, each repaired and each broken: `ci-factory gate` must pass the one and fail the other.

    python bench/quixbugs.py DATA.jsonl --support SUPPORT.json

DATA holds one JSON object a line: name, buggy, correct, test, cases (or null). SUPPORT maps file names to the helper
modules that the tests import. Nothing about a single program is known here. Exit status 1 when one is misjudged.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from figures import Figure, told

CONFTEST = '"""What the tests expect to find on pytest."""\n\nimport pytest\n\npytest.use_correct = False\npytest.run_slow = False\n'
CONFIG = "gates:\n  tests:\n    test_timeout_seconds: {seconds:g}\n"
GATE = [str(Path(sys.executable).with_name("ci-factory")), "gate"]
WANTED = {"repair": (0, "pass"), "breakage": (1, "fail")}
"""Direction to the exit status of `ci-factory gate` and the verdict in score.json."""


@dataclass(frozen=True)
class Outcome:
    """One run of the gates."""

    program: str
    direction: str
    answer: tuple[int, str]
    """Exit status and verdict."""
    seconds: float
    said: str

    @property
    def right(self) -> bool:
        """Whether the gates judged as they should."""
        return self.answer == WANTED[self.direction]


def main() -> int:
    """Judge every program both ways and print what was misjudged."""
    options = arguments()
    programs = [json.loads(line) for line in options.data.read_text(encoding="utf-8").splitlines() if line]
    programs = [each for each in programs if not options.only or each["name"] in options.only]
    support = json.loads(options.support.read_text(encoding="utf-8")) if options.support else {}
    with (
        tempfile.TemporaryDirectory(prefix="quixbugs-") as root,
        ThreadPoolExecutor(options.parallel) as pool,
    ):
        config = Path(root) / "config.yml"
        config.write_text(CONFIG.format(seconds=options.test_timeout), encoding="utf-8")
        jobs = [
            pool.submit(judge, program, support, direction, Path(root), config)
            for program in programs
            for direction in WANTED
        ]
        outcomes = [job.result() for job in jobs]
    return report(outcomes)


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("data", type=Path, help="JSON lines of programs")
    parser.add_argument("--support", type=Path, help="JSON object: file name to text of helper modules")
    parser.add_argument("--parallel", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--test-timeout", type=float, default=5, help="seconds for one test")
    parser.add_argument("--only", action="append", help="judge only this program (repeatable)")
    return parser.parse_args()


def judge(
    program: Mapping[str, Any], support: Mapping[str, str], direction: str, root: Path, config: Path
) -> Outcome:
    """Make the repository and run the gates on its one change."""
    name = program["name"]
    repo, out = root / direction / name, root / f"{direction}-out" / name
    before, after = ("buggy", "correct") if direction == "repair" else ("correct", "buggy")
    write(repo, files(program, support, program[before]))
    commit(repo, "base", first=True)
    write(repo, {f"python_programs/{name}.py": program[after]})
    commit(repo, "head")
    started = time.monotonic()
    revisions = ["--base", "HEAD~1", "--head", "HEAD"]
    argv = [*GATE, "--repo", str(repo), *revisions, "--out", str(out), "--config", str(config)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    seconds = time.monotonic() - started
    return Outcome(name, direction, (done.returncode, verdict(out)), seconds, done.stdout + done.stderr)


def verdict(out: Path) -> str:
    """What score.json says."""
    score = out / "score.json"
    return str(json.loads(score.read_text(encoding="utf-8"))["verdict"]) if score.exists() else "none"


def files(program: Mapping[str, Any], support: Mapping[str, str], text: str) -> dict[str, str]:
    """Path to content of the whole repository, with the given version of the program."""
    name = program["name"]
    found = {
        "conftest.py": CONFTEST,
        f"python_programs/{name}.py": text,
        f"python_testcases/test_{name}.py": program["test"],
        **{f"python_testcases/{file}": content for file, content in support.items()},
    }
    if program["cases"] is not None:
        found[f"json_testcases/{name}.json"] = program["cases"]
    return found


def write(repo: Path, contents: Mapping[str, str]) -> None:
    """Write files, folders made as needed."""
    for path, text in contents.items():
        (repo / path).parent.mkdir(parents=True, exist_ok=True)
        (repo / path).write_text(text, encoding="utf-8")


def commit(repo: Path, message: str, *, first: bool = False) -> None:
    """Commit everything."""
    if first:
        subprocess.run(["git", "init", "--quiet", str(repo)], check=True)
    person = ["-c", "user.name=bench", "-c", "user.email=bench@example.org"]
    subprocess.run(["git", "-C", str(repo), "add", "--all"], check=True)
    subprocess.run(["git", "-C", str(repo), *person, "commit", "--quiet", "-m", message], check=True)


def report(outcomes: Iterable[Outcome]) -> int:
    """Print misses and counts; the process's exit status."""
    found = list(outcomes)
    for miss in (each for each in found if not each.right):
        print(f"MISS {miss.direction} {miss.program}: {miss.answer}, wanted {WANTED[miss.direction]}")
        print("".join(f"    {line}\n" for line in miss.said.splitlines()), end="")
    for direction in WANTED:
        ours = [each for each in found if each.direction == direction]
        seconds = sorted(each.seconds for each in ours)
        right = sum(each.right for each in ours)
        middle, worst = (seconds[len(seconds) // 2], seconds[-1]) if seconds else (0.0, 0.0)
        print(
            f"{direction}s judged rightly: {right}/{len(ours)} (median {middle:.1f} s, longest {worst:.1f} s)"
        )
    return told(Figure(f"of {len(found)} changes judged rightly", right_of(found), 1, "%", "at least"))


def right_of(found: Sequence[Outcome]) -> float:
    """The share that was judged rightly; of none, none."""
    return sum(each.right for each in found) / len(found) if found else 0.0


if __name__ == "__main__":
    sys.exit(main())
