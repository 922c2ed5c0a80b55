"""Child pipelines for 1,000 tickets: written in at most 1 s, and in at most 1.5x the time that dumping the same data takes.

Four batches: `alone`, where nothing hangs together; `teams`, small groups with dependencies and conflicts; `tangle`, where they go anywhere; `hot file`, one stack
of a thousand, in which every job needs as many others as GitLab lets it.

Run: python bench/child_pipeline.py
"""

import random
import sys
import time
from collections.abc import Callable

import yaml
from figures import Figure, told
from planning import candidates, hot_file, plan, tangle, teams

from ci_factory.model.batch import Batch
from ci_factory.planning.pipeline import ChildPipelines, child_pipelines
from ci_factory.planning.pipeline_settings import PipelineSettings

TICKETS = 1_000
LIMIT_SECONDS, LIMIT_RATIO = 1.0, 1.5
REPEATS = 5
DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


def alone(number: int, count: int, chance: random.Random) -> tuple[list[str], list[int]]:
    """Every ticket has a module of its own."""
    del count, chance
    return [f"src/module{number}.py"], []


def seconds(work: Callable[[], object]) -> float:
    """Processor seconds of the best of some runs."""
    best = float("inf")
    for _ in range(REPEATS):
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
    return best


def dumped(documents: list[object]) -> int:
    """The same data through PyYAML alone."""
    return sum(len(yaml.dump(each, Dumper=DUMPER, sort_keys=False)) for each in documents)


def measure(batch: Batch, server: str, name: str) -> tuple[float, float, float]:
    """Seconds of the first run, of the best, and of the bare dump."""
    settings = PipelineSettings(server=server)
    start = time.process_time()
    written: ChildPipelines = child_pipelines(batch, settings)
    first = time.process_time() - start
    assert sum(len(child.tickets) for child in written.index.children) == len(batch.tickets)
    documents = [yaml.load(text, Loader=yaml.CSafeLoader) for text in written.texts.values()]
    best, bare = seconds(lambda: child_pipelines(batch, settings)), seconds(lambda: dumped(documents))
    sizes = sum(map(len, written.texts.values()))
    print(
        f"{name:<9} GitLab {server}: {len(batch.tickets)} tickets in {len(written.texts)} children, {sizes:,} bytes: "
        f"{first:.3f} s (best {best:.3f} s, bare dump {bare:.3f} s)"
    )
    return first, best, bare


def main() -> int:
    """Print the figures; 1 when one is missed."""
    slowest = ours = theirs = 0.0
    for files_of in (alone, teams, tangle, hot_file):
        batch = plan(candidates(files_of, TICKETS))
        for server in ("18.5", "18.6"):
            first, best, bare = measure(batch, server, files_of.__name__)
            slowest, ours, theirs = max(slowest, first), ours + best, theirs + bare
    return told(
        Figure(f"child pipeline for {TICKETS:,} tickets, slowest batch", slowest, LIMIT_SECONDS, "s"),
        Figure("writing child pipelines / dumping the same data", ours / theirs, LIMIT_RATIO),
    )


if __name__ == "__main__":
    sys.exit(main())
