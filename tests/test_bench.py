"""The frame of the benchmarks: figures, bounds, the table and its history."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def bench(code: str) -> str:
    """What a few lines print that run beside the benchmarks, as those are scripts."""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT / "bench", capture_output=True, text=True, check=False
    )
    return done.stdout + done.stderr


@pytest.mark.parametrize(
    ("value", "must_be", "kept"),
    [
        ("1.0", "at most", True),
        ("1.01", "at most", False),
        ("float('nan')", "at most", False),
        ("1.0", "at least", True),
        ("0.99", "at least", False),
        ("float('nan')", "at least", False),
        ("1.0", "below", False),
        ("0.99", "below", True),
    ],
)
def test_a_figure_is_kept_within_its_bound_only(value: str, must_be: str, kept: bool) -> None:
    """The bound itself is allowed except where the value must be below; what is no number is never within it."""
    said = bench(f"from figures import *; print(told(Figure('f', {value}, 1.0, 'x', {must_be!r})))")
    assert said.splitlines()[-1] == str(int(not kept))
    assert said.splitlines()[0].endswith("ok" if kept else "MISSED")


def test_the_page_of_benchmarks_shows_its_history() -> None:
    """docs/benchmarks.md is what the records in bench/history.jsonl make of it, so no figure stands there by hand."""
    page = (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    code = (
        "import history, json, sys; from pathlib import Path; root = Path('..');"
        "page = (root / 'docs' / 'benchmarks.md').read_text(encoding='utf-8');"
        "sys.stdout.write(history.page_with(page, history.read(root)))"
    )
    assert bench(code) == page


def test_every_benchmark_is_described() -> None:
    """What `make bench` runs exists, tells figures, and stands on the page with a sentence."""
    page = (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    described = page.partition("## What each benchmark does")[2]
    names = json.loads(
        bench(
            "import json, measured; print(json.dumps({k: v.argv[0] for k, v in measured.BENCHMARKS.items()}))"
        )
    )
    for name, script in names.items():
        assert re.search(rf"`{name}`", described), name
        assert "told(" in (ROOT / script).read_text(encoding="utf-8"), script


def test_the_newest_figure_stands_with_the_range_of_those_before() -> None:
    """A figure that was measured three times is one row: the newest, and what it was before; a missed one says so."""
    said = bench(
        "from figures import *; from history import *;"
        "records = [Record(f'2026-01-0{day}', '2 cores', 'c', 'startup', (Figure('help', value, 1.5),))"
        " for day, value in ((1, 1.2), (2, 1.1), (3, 1.6))];"
        "print(page_with(f'a{BEGIN}old{END}b', records))"
    )
    assert (
        "| startup | help | at most 1.5x | 1.6x **missed** | 2026-01-03, 2 cores | 1.1x to 1.2x, 2 runs |"
        in said
    )
    assert "old" not in said
