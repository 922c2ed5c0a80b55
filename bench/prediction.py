"""How well the files of a change are told from its words: a repository's own commits as tickets with known results.

The message of a commit is the ticket, its files are the truth, and everything that the prediction may look at is as it
was at the parent. A commit's message is written after the change and is shorter than a ticket, so the figures are
neither an upper nor a lower bound for tickets. Printed: each kind of evidence with its mean weight beside the share of its
files that were touched (a calibrated weight equals it), then precision, recall and Brier score of all together against
named paths alone.

Measured twice: with the message as it is, and with one file of the change (chosen by seed) named in it, as tickets often
do. That name is right by construction, so what is told beyond it counts there.

Run: python bench/prediction.py [--repo PATH] [--commits 200] [--seed 1]
"""

import argparse
import random
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from math import fsum
from pathlib import Path
from typing import NamedTuple

from ci_factory.intake import tree as trees
from ci_factory.intake.past import HUGE
from ci_factory.intake.prediction import predict
from ci_factory.model.planning_settings import HotFiles
from ci_factory.model.prediction import Calibration, EvidenceKind, TouchedFile
from ci_factory.model.ticket import Ticket
from ci_factory.system.git import Git
from ci_factory.workflow import surroundings

THRESHOLDS = (0.5, 0.3, 0.15)
NAMES = frozenset({EvidenceKind.NAMED})


class Commit(NamedTuple):
    """What somebody did."""

    parent: str
    message: str
    files: frozenset[str]


class Case(NamedTuple):
    """One commit, foretold."""

    touched: tuple[TouchedFile, ...]
    truth: frozenset[str]
    known: frozenset[str]
    """Those of the truth that existed before."""


class Result(NamedTuple):
    """Counts over all cases; sums of squared errors over all files that were predicted or touched."""

    claimed: int
    hits: int
    real: int
    squares: float
    files: int


def commits(git: Git, most: int) -> Iterator[Commit]:
    """The newest commits that are no merges, no sweeps and not the first."""
    listing = git.text("log", "--no-merges", "--format=%H %P", "-n", str(most), "HEAD")
    for line in listing.splitlines():
        commit, _, parent = line.partition(" ")
        if not parent or not git.run("cat-file", "-e", parent).ok:
            continue
        files = frozenset(change.path for change in git.changes(parent, commit, renames=False))
        if 0 < len(files) <= HUGE:
            yield Commit(parent, git.text("log", "-1", "--format=%B", commit), files)


def foretell(git: Git, commit: Commit, named: str | None = None) -> Case:
    """What would have been predicted at the parent."""
    title, _, body = commit.message.strip().partition("\n")
    body = f"{body}\n\nSee {named}." if named else body
    ticket = Ticket(id="t", title=title[:255] or "?", body=body)
    tree = trees.index(frozenset(git.files(commit.parent)))
    known = surroundings.read(
        git, commit.parent, tree, [ticket], calibration=Calibration(), hot_files=HotFiles()
    )
    return Case(predict(ticket, tree, known), commit.files, commit.files & tree.files)


def named_one(git: Git, found: Sequence[Commit], seed: int) -> Iterator[Case]:
    """The cases of commits with several files, one of them named."""
    chance = random.Random(seed)  # noqa: S311 - a fixed, not a secret, sequence
    for commit in found:
        existing = sorted(commit.files & frozenset(git.files(commit.parent)))
        if existing and len(commit.files) > 1:
            yield foretell(git, commit, chance.choice(existing))


def judge(cases: Iterable[Case], threshold: float, kinds: frozenset[EvidenceKind] | None = None) -> Result:
    """All predictions, or only what some kinds of evidence say, against the truth."""
    each = [judge_one(case, threshold, kinds) for case in cases]
    return Result(
        claimed=sum(one.claimed for one in each),
        hits=sum(one.hits for one in each),
        real=sum(one.real for one in each),
        squares=fsum(one.squares for one in each),
        files=sum(one.files for one in each),
    )


def judge_one(case: Case, threshold: float, kinds: frozenset[EvidenceKind] | None) -> Result:
    """One commit."""
    said = {file.path: probability(file, kinds) for file in case.touched}
    claimed = {path for path, p in said.items() if p >= threshold}
    files = {path for path, p in said.items() if p > 0} | case.truth
    squares = fsum((said.get(path, 0.0) - (path in case.truth)) ** 2 for path in files)
    return Result(len(claimed), len(claimed & case.truth), len(case.truth), squares, len(files))


def probability(file: TouchedFile, kinds: frozenset[EvidenceKind] | None) -> float:
    """By all evidence, or by some kinds alone."""
    if kinds is None:
        return file.probability
    return max((each.weight for each in file.why if each.kind in kinds), default=0.0)


def by_kind(cases: Sequence[Case]) -> None:
    """Print what each kind of evidence is worth."""
    print(
        f"{'evidence':<10} {'files':>6} {'weight':>7} {'touched':>8} {'alone: files':>13} {'weight':>7} {'touched':>8} {'of all touched':>15}"
    )
    real = sum(len(case.truth) for case in cases)
    said: dict[EvidenceKind, list[tuple[float, bool, bool]]] = defaultdict(list)
    for case in cases:
        for file in case.touched:
            for each in file.why:
                said[each.kind].append((each.weight, file.path in case.truth, len(file.why) == 1))
    for kind, items in sorted(said.items()):
        alone = [item for item in items if item[2]]
        hits = sum(hit for _, hit, _ in items)
        print(f"{kind:<10} {summary(items)} {summary(alone, wide=6):>13} {hits / real:>15.0%}")


def summary(items: Sequence[tuple[float, bool, bool]], wide: int = 0) -> str:
    """Number, mean weight, and share of hits."""
    if not items:
        return f"{0:>{6 + wide}} {'-':>7} {'-':>8}"
    mean = sum(weight for weight, _, _ in items) / len(items)
    return f"{len(items):>{6 + wide}} {mean:>7.2f} {sum(hit for _, hit, _ in items) / len(items):>8.2f}"


def together(cases: Sequence[Case]) -> None:
    """Print all evidence against named paths alone."""
    for name, kinds in (("named paths", NAMES), ("all evidence", None)):
        for threshold in THRESHOLDS:
            found = judge(cases, threshold, kinds)
            precision = f"{found.hits / found.claimed:.0%}" if found.claimed else "-"
            print(
                f"{name:<13} at {threshold:.2f}: precision {precision:>4} ({found.hits} of {found.claimed}), "
                f"recall {found.hits / found.real:.0%} (of {found.real}), "
                f"Brier {found.squares / found.files:.3f} over {found.files} files, {found.squares / len(cases):.2f} a ticket"
            )


def main() -> int:
    """Print the figures; 2 when there is nothing to measure."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repo", type=Path, default=Path(__file__).parents[1])
    parser.add_argument("--commits", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    git = Git.open(options.repo)
    found = list(commits(git, options.commits))
    if not found:
        print("there is no commit to measure", file=sys.stderr)
        return 2
    show("the message alone", (foretell(git, each) for each in found))
    show("one file named", named_one(git, found, options.seed))
    return 0


def show(name: str, foretold: Iterable[Case]) -> None:
    """Print one way of asking."""
    started = time.monotonic()
    cases = list(foretold)
    real, known = sum(len(case.truth) for case in cases), sum(len(case.known) for case in cases)
    print(
        f"{name}: {len(cases)} commits of at most {HUGE} files touched {real} files, {real - known} of them new; "
        f"{(time.monotonic() - started) / len(cases):.2f} s each"
    )
    by_kind(cases)
    together(cases)


if __name__ == "__main__":
    sys.exit(main())
