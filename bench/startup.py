"""Start-up: `ci-factory --help` against `python -c "import click"`. Bound: at most 1.5x."""

import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

from figures import Figure, told

ROUNDS = 30
BOUND = 1.5


def seconds(argv: list[str]) -> float:
    """Wall time of one process."""
    started = time.perf_counter()
    subprocess.run(argv, check=True, capture_output=True)
    return time.perf_counter() - started


def main() -> int:
    """Run both in turns, so that noise hits both, and compare medians."""
    program = shutil.which("ci-factory", path=str(Path(sys.executable).parent)) or "ci-factory"
    ours, bare = [], []
    for _ in range(ROUNDS):
        ours.append(seconds([program, "--help"]))
        bare.append(seconds([sys.executable, "-c", "import click"]))
    ratio = statistics.median(ours) / statistics.median(bare)
    return told(Figure("--help / importing click", ratio, BOUND))


if __name__ == "__main__":
    sys.exit(main())
