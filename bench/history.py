"""What was measured when, on which machine: bench/history.jsonl, and the page that is written from it."""

import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from figures import Figure
from measured import BENCHMARKS, Measured

BEGIN, END = "<!-- figures -->", "<!-- /figures -->"


@dataclass(frozen=True)
class Record:
    """One benchmark of one run."""

    at: str
    """The day, in UTC."""
    machine: str
    commit: str
    benchmark: str
    figures: tuple[Figure, ...]


def add(root: Path, machine: str, commit: str, now: datetime, results: Sequence[Measured]) -> None:
    """Add results to the history, and write the page again."""
    with (root / "bench" / "history.jsonl").open("a", encoding="utf-8") as lines:
        for each in results:
            if each.figures:
                record = Record(f"{now:%Y-%m-%d}", machine, commit, each.name, each.figures)
                lines.write(f"{json.dumps(asdict(record))}\n")
    write(root)


def write(root: Path) -> None:
    """Write the table of docs/benchmarks.md again."""
    page = root / "docs" / "benchmarks.md"
    page.write_text(page_with(page.read_text(encoding="utf-8"), read(root)), encoding="utf-8")


def read(root: Path) -> list[Record]:
    """All records, oldest first."""
    lines = (root / "bench" / "history.jsonl").read_text(encoding="utf-8").splitlines()
    return [
        Record(**{**found, "figures": tuple(Figure(**each) for each in found["figures"])})
        for found in map(json.loads, lines)
    ]


def page_with(page: str, records: Iterable[Record]) -> str:
    """The page with its table made from the records."""
    before, rest = page.split(BEGIN)
    _, after = rest.split(END)
    table = "\n".join(_table(list(records)))
    return f"{before}{BEGIN}\n\n{table}\n\n{END}{after}"


def _table(records: Sequence[Record]) -> Iterable[str]:
    yield "| benchmark | figure | bound | newest | on | earlier |"
    yield "|---|---|---|---|---|---|"
    for name in [name for name in BENCHMARKS if any(each.benchmark == name for each in records)]:
        ours = [each for each in records if each.benchmark == name]
        for figure in ours[-1].figures:
            earlier = [one for each in ours[:-1] for one in each.figures if one.what == figure.what]
            missed = "" if figure.kept else " **missed**"
            where = f"{ours[-1].at}, {ours[-1].machine}"
            cells = (name, figure.what, figure.allowed, figure.measured + missed, where, _span(earlier))
            yield f"| {' | '.join(cells)} |"


def _span(figures: Sequence[Figure]) -> str:
    """Lowest and highest of some runs."""
    if not figures:
        return "-"
    low, high = (chosen(figures, key=lambda each: each.value).measured for chosen in (min, max))
    return f"{low} to {high}, {len(figures)} runs" if len(figures) > 1 else low


if __name__ == "__main__":
    write(Path(__file__).resolve().parents[1])
    sys.exit(0)
