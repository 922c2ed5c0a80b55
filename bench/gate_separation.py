"""Forty small programs, each written rightly and wrongly, with half of their cases hidden: what the score prefers.

    python bench/gate_separation.py DATA.jsonl --support SUPPORT.json

Base is a repository with every second case (or test function) of the program's tests, and without the program. Two changes
implement it, the right and the wrong version; the other half of the tests is kept from the gates. A program is separated when
the right version's score is strictly above the wrong one's. Nothing about a single program is known here. Exit status 1 when fewer than 95 % are separated.
"""

import argparse
import ast
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import quixbugs
from figures import Figure, told

BOUND = 0.95
VERSIONS = ("correct", "buggy")


@dataclass(frozen=True)
class Judged:
    """One change."""

    verdict: str
    score: float | None
    told: str
    """The reason that cost most."""


@dataclass(frozen=True)
class Pair:
    """Both changes of one program."""

    program: str
    right: Judged
    wrong: Judged
    visible_tells: bool
    """Whether the wrong version fails a case that the gates could see."""

    @property
    def separated(self) -> bool:
        """Whether the right version's score is strictly above the wrong one's."""
        return self.right.score is not None and self.right.score > (self.wrong.score or 0.0)


def main() -> int:
    """Judge every program twice and print the table."""
    options = arguments()
    programs = [json.loads(line) for line in options.data.read_text(encoding="utf-8").splitlines() if line]
    programs = [each for each in programs if not options.only or each["name"] in options.only]
    support = json.loads(options.support.read_text(encoding="utf-8")) if options.support else {}
    with (
        tempfile.TemporaryDirectory(prefix="separation-") as root,
        ThreadPoolExecutor(options.parallel) as pool,
    ):
        config = Path(root) / "config.yml"
        config.write_text(quixbugs.CONFIG.format(seconds=options.test_timeout), encoding="utf-8")
        jobs = [pool.submit(compare, each, support, Path(root), config, options.parity) for each in programs]
        return report([job.result() for job in jobs])


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("data", type=Path, help="JSON lines of programs")
    parser.add_argument("--support", type=Path, help="JSON object: file name to text of helper modules")
    parser.add_argument("--parallel", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--parity", type=int, default=0, choices=(0, 1), help="which half is visible")
    parser.add_argument("--test-timeout", type=float, default=5, help="seconds for one test")
    parser.add_argument("--only", action="append", help="judge only this program (repeatable)")
    return parser.parse_args()


def compare(
    program: Mapping[str, Any], support: Mapping[str, str], root: Path, config: Path, parity: int
) -> Pair:
    """Make one repository with two branches and judge both."""
    repo = root / program["name"]
    tests = quixbugs.files({**program, **half(program, parity)}, support, "")
    source = f"python_programs/{program['name']}.py"
    tests.pop(source)
    quixbugs.write(repo, tests)
    quixbugs.commit(repo, "base", first=True)
    judged = {}
    for version in VERSIONS:
        subprocess.run(["git", "-C", str(repo), "checkout", "--quiet", "-B", version, "HEAD"], check=True)
        quixbugs.write(repo, {source: program[version]})
        quixbugs.commit(repo, version)
        judged[version] = judge(repo, root / f"{program['name']}-{version}", config)
        if version == "buggy":
            tells = fails(repo)
        subprocess.run(["git", "-C", str(repo), "checkout", "--quiet", "HEAD~1"], check=True)
    return Pair(program["name"], judged["correct"], judged["buggy"], tells)


def half(program: Mapping[str, Any], parity: int) -> dict[str, Any]:
    """Every second case; of tests without cases, every second function."""
    if program["cases"] is not None:
        rows = [line for line in program["cases"].splitlines() if line.strip()]
        return {"cases": "".join(f"{row}\n" for row in rows[parity::2])}
    return {"test": without(program["test"], parity)}


def without(text: str, parity: int) -> str:
    """A test module without every second test function."""
    found = [node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)]
    dropped = [node for place, node in enumerate(found) if place % 2 != parity]
    lines = text.splitlines()
    for node in reversed(dropped):
        first = min([node.lineno, *(each.lineno for each in node.decorator_list)])
        del lines[first - 1 : node.end_lineno]
    return "\n".join(lines) + "\n"


def judge(repo: Path, out: Path, config: Path) -> Judged:
    """Run the gates on the last commit."""
    revisions = ["--base", "HEAD~1", "--head", "HEAD"]
    argv = [*quixbugs.GATE, "--repo", str(repo), *revisions, "--out", str(out), "--config", str(config)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if not (out / "score.json").exists():
        return Judged("none", None, done.stderr.strip()[-200:])
    score = json.loads((out / "score.json").read_text(encoding="utf-8"))
    worst = max(score["reasons"], key=lambda each: each["points"], default={"message": "nothing"})
    return Judged(score["verdict"], score["score"], worst["message"])


def fails(repo: Path) -> bool:
    """Whether the visible tests, run by pytest alone, fail on what is checked out."""
    flags = ["-q", "-x", "--timeout=5", "-p", "no:cacheprovider", "--rootdir", str(repo)]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *flags], cwd=repo, capture_output=True, check=False
    )
    return done.returncode != 0


def report(pairs: Sequence[Pair]) -> int:
    """The table and the figure; the process's exit status."""
    print(f"{'program':<28} {'right':>14} {'wrong':>14}  separated")
    for pair in pairs:
        right, wrong = (f"{each.score} {each.verdict[:7]}" for each in (pair.right, pair.wrong))
        why = "" if pair.separated else why_not(pair)
        print(f"{pair.program:<28} {right:>14} {wrong:>14}  {'yes' if pair.separated else 'NO: ' + why}")
    separated = sum(pair.separated for pair in pairs)
    passing = sum(pair.right.verdict == "pass" for pair in pairs)
    stopped = sum(pair.wrong.verdict != "pass" for pair in pairs)
    print(
        f"right versions that pass: {passing}/{len(pairs)}; wrong versions that do not: {stopped}/{len(pairs)}"
    )
    return told(
        Figure(
            f"score prefers the right one of {len(pairs)} pairs",
            separated / len(pairs),
            BOUND,
            "%",
            "at least",
        )
    )


def why_not(pair: Pair) -> str:
    """What kept the score from telling."""
    if not pair.visible_tells:
        return "the wrong version passes every visible case"
    return f"right: {pair.right.told}; wrong: {pair.wrong.told}"


if __name__ == "__main__":
    sys.exit(main())
