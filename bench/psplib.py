"""Project scheduling instances through the core that plans batches: every schedule checked, and its gap to the optimum.

The file has one instance a line: `{"name": "x", "capacity": [4, 2], "jobs": [{"id": 1, "duration": 3, "demand": [1, 0],
"successors": [2]}, …], "optimum": 12}`; `optimum`, the shortest makespan, may be missing. Instances: R. Kolisch and A. Sprecher,
PSPLIB (European Journal of Operational Research 96, 1996).

Limits: no schedule breaks a rule, mean gap of the search at most 6 %, and with --optimize every optimum is found and proved
within 60 seconds. Exit code 1 when one is missed, 2 when the file can't be read.

Run: python bench/psplib.py [FILE] [--optimize]
"""

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from figures import Figure, told
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ci_factory.errors import FactoryError, UsageError
from ci_factory.model.text import plain
from ci_factory.planning.scheduling.bounds import bound
from ci_factory.planning.scheduling.exact import Effort, optimise
from ci_factory.planning.scheduling.generation import Keys, parallel, serial
from ci_factory.planning.scheduling.priorities import RULES
from ci_factory.planning.scheduling.project import Activity, Mode, Project, Schedule, makespan
from ci_factory.planning.scheduling.search import search

DEFAULT = Path(__file__).parents[2] / "shared" / "data" / "psplib-j30.jsonl"
LIMIT_GAP, LIMIT_SECONDS = 0.06, 60.0
WORK = 400
"""Schedules' worth of placing per instance; fewer where the instance is large."""
MOST_WORK = 20_000


class Job(BaseModel):
    """One activity of an instance."""

    model_config = ConfigDict(strict=True)

    id: int | str
    duration: float = Field(ge=0, allow_inf_nan=False)
    demand: list[int]
    successors: list[int | str]


class Instance(BaseModel):
    """One line of the file."""

    model_config = ConfigDict(strict=True)

    name: str
    capacity: list[int]
    jobs: list[Job] = Field(min_length=1)
    optimum: float | None = None


class Result(NamedTuple):
    """What became of an instance."""

    name: str
    optimum: float | None
    least: float
    """The lower bound of the search."""
    rules: dict[str, float]
    found: float
    """Makespan of the search."""
    best: float
    proved: bool
    seconds: float
    """Of search and solver together, by the clock on the wall."""
    wrong: tuple[str, ...]


def read(path: Path) -> list[Instance]:
    """The instances of a file.

    Raises:
        UsageError: there is no such file, or a line is no instance; the message names it.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"can't be read: {error}", where=str(path), fix="give a file of instances"
        ) from error
    found = []
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                found.append(Instance.model_validate_json(line))
            except ValidationError as error:
                first = error.errors()[0]
                key = ".".join(map(str, first["loc"]))
                raise UsageError(
                    f"{key}: {first['msg']}" if key else first["msg"],
                    where=f"{path}, line {number}",
                    fix="write one instance a line, as the head of bench/psplib.py shows",
                ) from error
    if not found:
        raise UsageError("has no instance", where=str(path), fix="write one instance a line")
    return found


def project_of(instance: Instance) -> Project:
    """The instance as the planner's own project.

    Raises:
        UsageError: it contradicts itself: circles, unknown successors, demands that nothing can meet.
    """
    names = [str(job.id) for job in instance.jobs]
    before: dict[str, list[str]] = {name: [] for name in names}
    for job in instance.jobs:
        if len(job.demand) != len(instance.capacity):
            raise UsageError(
                f"job {job.id} has {len(job.demand)} demands for {len(instance.capacity)} resources"
            )
        for each in job.successors:
            if str(each) not in before:
                raise UsageError(f"job {job.id} has the successor {each}, which is not there")
            before[str(each)].append(str(job.id))
    activities = tuple(
        Activity(str(job.id), (_mode(job),), predecessors=tuple(before[str(job.id)])) for job in instance.jobs
    )
    return Project(tuple(instance.capacity), activities)


def _mode(job: Job) -> Mode:
    if any(units < 0 for units in job.demand):
        raise UsageError(f"job {job.id} has a demand below zero")
    return Mode(job.duration, tuple((resource, units) for resource, units in enumerate(job.demand) if units))


def check(instance: Instance, starts: Mapping[str, float]) -> list[str]:
    """Rules that a schedule breaks, told from the instance alone."""
    jobs = {str(job.id): job for job in instance.jobs}
    if starts.keys() != jobs.keys():
        return ["not every job has a start"]
    ends = {name: starts[name] + job.duration for name, job in jobs.items()}
    wrong = [f"{name} starts before zero" for name in jobs if starts[name] < 0]
    for name, job in jobs.items():
        late = [str(each) for each in job.successors if starts[str(each)] < ends[name]]
        wrong += [f"{each} starts before {name} has ended" for each in late]
    for moment in sorted(set(starts.values())):
        running = [job for name, job in jobs.items() if starts[name] <= moment < ends[name]]
        for resource, units in enumerate(instance.capacity):
            used = sum(job.demand[resource] for job in running)
            if used > units:
                wrong.append(f"resource {resource} has {units} units, and {used} are in use at {moment:g}")
    return wrong


def solve(instance: Instance, effort: Effort | None) -> Result:
    """All rules, the search and, where asked for, the solver on one instance.

    Raises:
        UsageError: the instance contradicts itself.
        ToolMissing: the solver is not installed.
    """
    project = project_of(instance)
    wrong: list[str] = []

    def checked(schedule: Schedule | None) -> float:
        assert schedule is not None  # without a horizon there is always one
        wrong.extend(check(instance, {name: place.start for name, place in schedule.items()}))
        return makespan(schedule)

    rules: dict[str, float] = {}
    schemes: Sequence[Callable[[Project, Keys], Schedule | None]] = (serial, parallel)
    for name, rule in RULES.items():
        for scheme in schemes:
            rules[f"{name} {scheme.__name__}"] = checked(scheme(project, rule(project)))
    began = time.perf_counter()
    schedule = search(project, work=min(MOST_WORK, WORK * len(project.activities)))
    assert schedule is not None
    found, best, proved = checked(schedule), makespan(schedule), False
    if effort is not None:
        better = optimise(project, schedule, effort)
        best, proved = checked(better.schedule), better.proved
    seconds = time.perf_counter() - began
    least = bound(project).makespan
    if instance.optimum is not None and (best < instance.optimum or (proved and best != instance.optimum)):
        wrong.append(f"the file says that the optimum is {instance.optimum:g}; found was {best:g}")
    return Result(instance.name, instance.optimum, least, rules, found, best, proved, seconds, tuple(wrong))


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the figures; 1 when one is missed."""
    options = _options(arguments)
    effort = Effort(options.seconds, options.workers) if options.optimize else None
    try:
        results = []
        for number, instance in enumerate(read(options.file), start=1):
            try:
                results.append(solve(instance, effort))
            except UsageError as error:
                where = f"{options.file}, instance {plain(instance.name, 60)}"
                what = f"{error.where}: {error.what}" if error.where else error.what
                raise UsageError(what, where=where, fix="correct the instance") from error
            if sys.stderr.isatty():
                print(
                    f"\r{number} {plain(instance.name, 40)} {results[-1].seconds:.1f} s\x1b[K",
                    end="",
                    file=sys.stderr,
                )
    except FactoryError as error:
        print(error, file=sys.stderr)
        return int(error.exit_code)
    if sys.stderr.isatty():
        print("\r\x1b[K", end="", file=sys.stderr)
    return told(*_report(results, optimised=effort is not None))


def _report(results: Sequence[Result], *, optimised: bool) -> list[Figure]:
    """Print everything; the figures."""
    wrong = [f"{plain(each.name, 60)}: {what}" for each in results for what in each.wrong]
    print(*(f"  {what}" for what in wrong[:10]), sep="\n", end="\n" if wrong else "")
    figures = [Figure(f"rules broken by schedules of {len(results)} instances", len(wrong), 0, "rules")]
    known = [each for each in results if _reference(each) is not None]
    if known:
        for name in known[0].rules:
            print(f"  rule {name:<14} mean gap {_gap(known, lambda each, name=name: each.rules[name]):.2%}")
        gap = _gap(known, lambda each: each.found)
        hit = sum(each.found == _reference(each) for each in known)
        print(f"search: optimal {hit} of {len(known)}")
        figures.append(Figure("search: mean gap to the optimum", gap, LIMIT_GAP, "%"))
    if len(known) < len(results):
        unknown = [each for each in results if _reference(each) is None]
        over = (
            statistics.mean(each.found / each.least - 1 for each in unknown if each.least) if unknown else 0
        )
        print(f"search: {len(unknown)} without a known optimum, mean {over:.2%} above their lower bound")
    if optimised:
        slowest = sorted(results, key=lambda each: -each.seconds)[:5]
        proved = sum(each.proved for each in results)
        print("optimise: the slowest")
        print(*(f"  {plain(each.name, 60)} {each.seconds:.1f} s" for each in slowest), sep="\n")
        figures += [
            Figure("optimise: share proved optimal", proved / len(results), 1, "%", "at least"),
            Figure("optimise: slowest instance", slowest[0].seconds, LIMIT_SECONDS, "s"),
        ]
    return figures


def _reference(result: Result) -> float | None:
    return result.best if result.proved and result.optimum is None else result.optimum


def _gap(results: Sequence[Result], figure: Callable[[Result], float]) -> float:
    gaps = [figure(each) / reference - 1 for each in results if (reference := _reference(each))]
    return statistics.mean(gaps) if gaps else 0.0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("file", type=Path, nargs="?", default=DEFAULT, help="instances as JSON lines")
    parser.add_argument("--optimize", action="store_true", help="also prove the optima (extra `optimize`)")
    parser.add_argument(
        "--seconds", type=float, default=LIMIT_SECONDS - 5, help="for the solver, per instance"
    )
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="its processor cores")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
