"""Trying every pair of open changes, against one bare `git merge-tree` for each pair.

Usage: python bench/merge_truth.py [CHANGES] [--shared PERCENT]

Makes a repository of 2,000 files and CHANGES (200) changes of three files each; so many PERCENT (28) of the changes also
touch one of five files that many share, all at the same line. Prints what `ci-factory integrate` takes to find every pair in
conflict and to build the candidate, the bare merges of all pairs (measured on a sample, one process each, as a script would
do it), their ratio, and whether both name the same pairs in that sample.
"""

import argparse
import random
import sys
import tempfile
import time
from itertools import combinations
from pathlib import Path

from figures import Figure, told

from ci_factory.model.gate import Verdict
from ci_factory.model.merge_truth import TriedChange
from ci_factory.model.ticket import Priority
from ci_factory.system.git import Git
from ci_factory.workflow.merge_trials import Trials, trial_repository

FILES, OWN, SHARED, SAMPLE = 2_000, 3, 5, 300


def repository(folder: Path, count: int, percent: int) -> tuple[Git, str, list[str]]:
    """The repository, its main commit, and a head for each change; made by one `git fast-import`."""
    git, chance = Git(folder), random.Random(1)  # noqa: S311 - the same repository every time
    git.text("init", "--quiet", "--bare", ".")
    lines = [f"line {n}" for n in range(40)]
    base = "".join(_put(_name(n), lines) for n in range(FILES))
    stream = [_commit("refs/heads/main", "", base)]
    for number in range(count):
        touched = chance.sample(range(SHARED, FILES), OWN)
        if chance.randrange(100) < percent:
            touched.append(chance.randrange(SHARED))
        edits = "".join(_put(_name(n), [*lines[:20], f"change {number}", *lines[21:]]) for n in touched)
        stream.append(_commit(f"refs/heads/c{number}", "from refs/heads/main\n", edits))
    git.text("fast-import", "--quiet", stdin="".join(stream).encode())
    heads = git.text("for-each-ref", "--format=%(refname:short) %(objectname)", "refs/heads/").split("\n")
    by_name = dict(row.split(" ") for row in heads)
    return git, by_name["main"], [by_name[f"c{number}"] for number in range(count)]


def _name(number: int) -> str:
    return f"src/part{number % 50}/file{number}.py"


def _put(path: str, lines: list[str]) -> str:
    text = "".join(f"{line}\n" for line in lines)
    return f"M 100644 inline {path}\ndata {len(text)}\n{text}\n"


def _commit(ref: str, parent: str, edits: str) -> str:
    return f"commit {ref}\ncommitter B <b@example.com> 1767225600 +0000\ndata 1\nm\n{parent}{edits}\n"


def tried(git: Git, tip: str, heads: list[str], folder: Path) -> tuple[float, set[frozenset[int]], int, int]:
    """Seconds, pairs in conflict, pairs that git was asked about, changes in the candidate."""
    changes = [
        TriedChange(
            merge_request=number, ticket_id=str(number), branch="b", head=head, priority=Priority.MEDIUM,
            lines=3, verdict=Verdict.PASS, in_batch=True,
        )
        for number, head in enumerate(heads, start=1)
    ]  # fmt: skip
    began = time.perf_counter()
    with trial_repository(git, folder) as own:
        trials = Trials(own, tip)
        known, arrivals = trials.arrive(changes)
        pairs = trials.pairs(arrivals)
        merged = trials.candidate(known).merged
    seconds = time.perf_counter() - began
    return seconds, {clash.pair for clash in pairs.clashes}, pairs.tried, len(merged)


def bare(git: Git, heads: list[str], pairs: list[tuple[int, int]]) -> tuple[float, set[frozenset[int]]]:
    """Seconds for one pair, and those in conflict."""
    began = time.perf_counter()
    found = {frozenset(pair) for pair in pairs if not git.merge(heads[pair[0] - 1], heads[pair[1] - 1]).clean}
    return (time.perf_counter() - began) / len(pairs), found


def main() -> int:
    """Measure, print, and fail when the two do not name the same pairs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("changes", type=int, nargs="?", default=200)
    parser.add_argument("--shared", type=int, default=28, metavar="PERCENT")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="merge-truth-") as folder:
        (Path(folder) / "repo").mkdir()
        git, tip, heads = repository(Path(folder) / "repo", asked.changes, asked.shared)
        seconds, found, questions, merged = tried(git, tip, heads, Path(folder) / "trials")
        every = list(combinations(range(1, asked.changes + 1), 2))
        chance = random.Random(2)  # noqa: S311 - the same pairs every time
        sample = chance.sample(every, min(SAMPLE, len(every)))
        each, expected = bare(git, heads, sample)
    different = expected ^ {pair for pair in found if tuple(sorted(pair)) in set(sample)}
    print(
        f"{asked.changes} changes, {len(every)} pairs: git was asked about {questions}, {len(found)} conflict"
    )
    print(f"all pairs and a candidate of {merged}: {seconds:.2f} s")
    print(f"one bare git merge-tree a pair: {each * 1000:.1f} ms, all pairs {each * len(every):.1f} s")
    return told(
        Figure(
            "all pairs and a candidate / bare git merge-tree of all pairs", seconds / (each * len(every)), 1
        ),
        Figure(f"pairs of a sample of {len(sample)} judged otherwise by git", len(different), 0, "pairs"),
    )


if __name__ == "__main__":
    sys.exit(main())
