"""Tests that do not always end the same, found by running them again in fresh checkouts and processes."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from ci_factory.gates.protocol import Unmeasurable
from ci_factory.gates.subject import SideName, Subject
from ci_factory.gates.testing.places import Place
from ci_factory.gates.testing.runner import Runner
from ci_factory.gates.testing.suite import BAD, Case, Suite

MAX_TESTS = 30
"""More failures than this are no accident, and more new tests are not all run again."""


@dataclass(frozen=True)
class Flaky:
    """What was run again, and what came out."""

    new: tuple[Case, ...] = ()
    """Flaky on the head and steady on the base, or not there: the change brings them."""
    old: tuple[Case, ...] = ()
    """Flaky on both sides."""
    reruns: int = 0
    problem: str = ""

    @property
    def ids(self) -> set[str]:
        """All flaky tests of the head."""
        return {case.id for case in (*self.new, *self.old)}


def find(
    subject: Subject,
    runners: Mapping[SideName, Runner],
    head: Suite,
    before: Mapping[str, Case],
    fresh: Sequence[Case],
) -> Flaky:
    """Run again what failed on the head, and what the change brings.

    `before` maps ids of the head to the base's cases. `fresh` are new and changed tests that passed. A test that ran out
    of time was given its second chance already.
    """
    count = subject.config.gates.tests.reruns
    bad = [case for case in head.bad if not case.collection and not case.timed_out]
    asked = [*(bad if len(bad) <= MAX_TESTS else []), *fresh[:MAX_TESTS]]
    if not count or not asked:
        return Flaky()
    try:
        outcomes = again(subject, runners["head"], Place("head", "rerun"), asked, count)
        shaky = [case for case in asked if both({case.outcome, *outcomes.get(case.id, ())})]
        known = {case.id: before[case.id] for case in shaky if case.id in before}
        old = _flaky_before(subject, runners["base"], known, count) if known else set()
    except Unmeasurable as error:
        return Flaky(problem=f"when tests were run again, {error.what}")
    return Flaky(
        tuple(case for case in shaky if case.id not in old),
        tuple(case for case in shaky if case.id in old),
        count,
    )


def _flaky_before(subject: Subject, runner: Runner, known: Mapping[str, Case], count: int) -> set[str]:
    """Ids of the head whose test is flaky on the base too."""
    outcomes = again(subject, runner, Place("base", "rerun"), list(known.values()), count)
    return {here for here, case in known.items() if both({case.outcome, *outcomes.get(case.id, ())})}


def both(outcomes: set[str]) -> bool:
    """Whether a test passed and did not."""
    return "passed" in outcomes and bool(outcomes & set(BAD))


def again(
    subject: Subject, runner: Runner, place: Place, cases: Sequence[Case], count: int
) -> dict[str, set[str]]:
    """Outcomes, by id, in so many runs of the files of these tests: alone, a test may miss what others prepare.

    Raises:
        Unmeasurable: a run gave no result.
    """
    only = sorted({case.file for case in cases}) if runner.by_test else []

    def once(number: int) -> Suite:
        fresh = replace(place, use=f"{place.use}{number}")
        key = {"tests": runner.key, "rerun": number, "only": only, "place": fresh.key}
        return subject.measure(place.side, key, Suite, lambda: runner.run(fresh, only=only))

    found: dict[str, set[str]] = {}
    with ThreadPoolExecutor(2) as pool:
        for suite in pool.map(once, range(1, count + 1)):
            for case in suite.cases:
                found.setdefault(case.id, set()).add(case.outcome)
    return found
