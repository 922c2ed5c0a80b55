"""What collecting asks of GitLab: a complete pass, a run with nothing new, and one with 1,000 changed merge requests.

    python bench/collecting.py [--count N]

The history is the made one of tests/metrics/truth, on the stand-in. Bounds: 6 requests for each changed merge request, 10 in
all when nothing is new.
"""

import argparse
import re
import sys
import tempfile
import time
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from figures import Figure, told

from tests.gitlab_standin.control import StandIn
from tests.metrics.truth import place, rows
from tests.metrics.truth.place import Place
from tests.metrics.truth.world import PEOPLE, World

EACH, IDLE = 6.0, 10
"""Most requests for a changed merge request, and when nothing is new."""


def main() -> int:
    """Measure, print; the process's exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--count", type=int, default=1_000)
    world = World(merge_requests=parser.parse_args().count)
    with tempfile.TemporaryDirectory() as name, StandIn.start(Path(name) / "gitlab") as server:
        made = place.made(server, Path(name), world)
        count = world.merge_requests
        collected(made, "complete", world.now, ("--complete",), count)
        idle = [
            collected(made, f"nothing new, {run}", world.now + timedelta(minutes=run), (), 0)
            for run in (1, 2)
        ]
        at = world.now + timedelta(hours=1)
        server.clock(at)
        rows.remark_on_all(server.folder / "gitlab.sqlite", made.project, PEOPLE[0], at)
        changed = collected(made, "all changed", at + timedelta(minutes=1), (), count)
    return told(
        Figure(f"collecting {count:,} changed merge requests, each", changed / count, EACH, "requests"),
        Figure("collecting with nothing new", max(idle), IDLE, "requests"),
    )


def collected(made: Place, what: str, now: datetime, options: tuple[str, ...], count: int) -> int:
    """Collect into the store and tell what was asked for; requests."""
    made.server.clock(now)
    made.server.forget_requests()
    started = time.monotonic()
    made.run("collect", "--store", *options, now=now)
    seconds = time.monotonic() - started
    asked = made.server.requests()
    kinds = Counter(_kind(each.path) for each in asked)
    each = f", {len(asked) / count:.2f} a merge request" if count else ""
    print(f"{what:<15} {seconds:6.1f} s, {len(asked):>5} requests{each}")
    for kind, times in kinds.most_common():
        print(f"  {times:>6} {kind}")
    return len(asked)


def _kind(path: str) -> str:
    """A path without its numbers."""
    bare = re.sub(r"/api/v4/projects/[^/?]+", "", path.partition("?")[0])
    return re.sub(r"/\d+", "/N", bare) or "/ (the project)"


if __name__ == "__main__":
    sys.exit(main())
