"""Simulated nights in which everything goes wrong that can; `make soak SEED=1 NIGHTS=10000`.

Each life is a project with tickets, people and a handful of nights, all of it from its seed. What breaks is printed with
the line that plays that life again.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from figures import Figure, told

from tests.soak.life import SECRET
from tests.soak.soak import Result, soak

_EVERY = 100
"""Lives between two signs of progress."""


def main() -> int:
    """Live, and tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="of the first life; each has the next")
    parser.add_argument("--nights", type=int, default=10_000)
    parser.add_argument(
        "--real-git", action="store_true", help="start git for every command, as outside of simulations"
    )
    asked = parser.parse_args()
    os.environ["CI_FACTORY_TOKEN"] = SECRET
    began = time.process_time()
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        result = soak(asked.seed, asked.nights, Path(folder), quick=not asked.real_git, tell=_progress)
    faults = ", ".join(f"{name} {count}" for name, count in sorted(result.met.items()))
    print(
        f"{result.nights} nights in {result.lives} lives, seeds {asked.seed} to {asked.seed + result.lives - 1}"
    )
    print(f"faults met: {faults}; {result.killed} nights were killed")
    print(f"{time.process_time() - began:.0f} CPU seconds")
    return told(Figure("simulated nights that broke something", len(result.broken), 0, "violations"))


def _progress(result: Result, broken: Sequence[str]) -> None:
    for each in broken:
        print(each, file=sys.stderr, flush=True)
    if result.lives % _EVERY == 0:
        print(f"{result.nights} nights, {len(result.broken)} violations", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
