"""Every figure in one table: runs the benchmarks one after the other, each in a process of its own.

    python bench [NAME ...] [--again] [--data FOLDER] [--record "2 cores, shared"]

What was measured on this commit is kept in out/bench and not measured again, so that a run can be stopped and gone on with.
`--record` adds the results to bench/history.jsonl, from which docs/benchmarks.md is written. Exit status 1 when a figure misses
its bound or could not be measured.
"""

import argparse
import subprocess
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import history
from measured import BENCHMARKS, Measured, kept, measure
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[1]


def main() -> int:
    """Measure what is asked for, show the table; the process's exit status."""
    asked = options()
    names = asked.names or [name for name, each in BENCHMARKS.items() if each.usual]
    if unknown := sorted(set(names) - set(BENCHMARKS)):
        print(f"no benchmark {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}", file=sys.stderr)
        return 2
    commit, folder = state_of(ROOT), ROOT / "out" / "bench"
    results = []
    for place, name in enumerate(names, start=1):
        before = None if asked.again else kept(folder, name, commit)
        if before is None:
            print(f"{place}/{len(names)} {name}, about {BENCHMARKS[name].minutes:g} min", file=sys.stderr)
        results.append(before or measure(ROOT, folder, name, commit, asked.data))
    show(results)
    if asked.record:
        history.add(ROOT, asked.record, commit, datetime.now(UTC), results)
    return int(not all(each.passed for each in results))


def options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python bench", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(BENCHMARKS)}")
    parser.add_argument("--again", action="store_true", help="measure again what was measured on this commit")
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data", help="public data sets")
    parser.add_argument(
        "--record", metavar="MACHINE", help="keep the results, with the machine named in words"
    )
    return parser.parse_args()


def state_of(root: Path) -> str:
    """The commit, and whether something was changed since."""
    said = [
        subprocess.run(["git", "-C", str(root), *argv], capture_output=True, text=True, check=True).stdout
        for argv in (["rev-parse", "--short=12", "HEAD"], ["status", "--porcelain", "--untracked-files=no"])
    ]
    return said[0].strip() + ("+" if said[1].strip() else "")


def show(results: Sequence[Measured]) -> None:
    """The table, and what it comes to."""
    table = Table("benchmark", "figure", "measured", "bound", "")
    for row in rows(results):
        table.add_row(*row)
    Console().print(table)
    figures = [figure for each in results for figure in each.figures]
    unmeasured = [each.name for each in results if not each.figures]
    print(f"{sum(each.kept for each in figures)} of {len(figures)} figures are within their bounds")
    if unmeasured:
        print(f"not measured: {', '.join(unmeasured)} (out/bench has what they said)")


def rows(results: Iterable[Measured]) -> Iterable[tuple[str, str, str, str, str]]:
    """What the table shows of each figure."""
    for each in results:
        for figure in each.figures:
            yield (
                each.name,
                figure.what,
                figure.measured,
                figure.allowed,
                "ok" if figure.kept else "[bold]MISSED",
            )
        if not each.figures:
            yield each.name, f"not measured (status {each.status})", "", "", "[bold]unknown"


if __name__ == "__main__":
    sys.exit(main())
