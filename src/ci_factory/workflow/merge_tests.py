"""The project's tests on a candidate, and the search for the changes that break them together."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from ci_factory.errors import FactoryError
from ci_factory.gates.protocol import Unmeasurable
from ci_factory.gates.subject import SideName
from ci_factory.gates.testing.channel import Tampered
from ci_factory.gates.testing.tree import NoTests, Tally
from ci_factory.model.integration_settings import IntegrationConfig
from ci_factory.model.merge_truth import MOST_FILES, Breaking, Candidate, CandidateTests, Outcome, TriedChange
from ci_factory.review.breaking import OutOfRuns, Unfinished, smallest
from ci_factory.system.clock import Clock

_MOST_FAILING = 1000
"""Failing tests that are looked into."""
_UNKNOWN = (Unmeasurable, Tampered)
Build = Callable[[Sequence[TriedChange]], Candidate]


class Runs(Protocol):
    """Runs tests of commits, as `TreeTests` does."""

    @property
    def base(self) -> str:
        """The target branch's commit."""

    def run(self, head: str, *, side: SideName = "head", only: Collection[str] = (), again: int = 0) -> Tally:
        """Run the tests of a commit, or of the base."""


@dataclass
class Budget:
    """Test runs and time that are left."""

    settings: IntegrationConfig
    clock: Clock
    runs: int = 0
    _began: float = field(init=False)

    def __post_init__(self) -> None:
        """Start the watch."""
        self._began = self.clock.monotonic()

    def spend(self) -> None:
        """Take one run.

        Raises:
            OutOfRuns: there is none, or the time is over.
        """
        if self.runs >= self.settings.max_runs:
            raise OutOfRuns(f"within {self.settings.max_runs} test runs")
        if self.clock.monotonic() - self._began > 60 * self.settings.timeout_minutes:
            raise OutOfRuns(f"within {self.settings.timeout_minutes:g} minutes")
        self.runs += 1


@dataclass(frozen=True)
class Verdicts:
    """What the tests of a candidate said."""

    tests: CandidateTests
    breaking: tuple[Breaking, ...] = ()


@dataclass
class Trial:
    """Tests one candidate, and subsets of its changes where that is needed."""

    build: Build
    tests: Runs
    budget: Budget
    reruns: int
    """How often a failing test is run again to see whether it always fails."""
    _flaky: set[str] = field(default_factory=set)
    _base: Tally | None = None

    def judge(self, changes: Sequence[TriedChange], candidate: Candidate) -> Verdicts:
        """Run the tests of the candidate; when some fail that pass on the target branch, find out who breaks them.

        A run without a result is inconclusive, and so is a candidate for which no run was left.
        """
        try:
            new = self._new_failures(candidate)
        except NoTests as error:
            return Verdicts(self._said(Outcome.NOT_RUN, error.what))
        except (*_UNKNOWN, OutOfRuns) as error:
            return Verdicts(self._said(Outcome.INCONCLUSIVE, _why(error)))
        if not new:
            return Verdicts(self._without_new(candidate))
        breaking, green = self._explained(changes, candidate, new)
        reason = (
            f"{len(new)} {'test fails' if len(new) == 1 else 'tests fail'} that passed on the target branch"
        )
        return Verdicts(self._said(Outcome.FAILED, reason, failing=new, green=green), breaking)

    def _without_new(self, candidate: Candidate) -> CandidateTests:
        red = self._base.failed if self._base else frozenset[str]()
        if red:
            reason = f"the base is red: {len(red)} tests fail on the target branch without any change"
            return self._said(Outcome.BASE_RED, reason, green=candidate.merged)
        return self._said(Outcome.PASSED, "all tests pass", green=candidate.merged)

    def _explained(
        self, changes: Sequence[TriedChange], candidate: Candidate, new: frozenset[str]
    ) -> tuple[tuple[Breaking, ...], tuple[int, ...]]:
        """Every set that breaks something, and the changes that are green together without one of each."""
        by_number = {each.merge_request: each for each in changes}
        items, found = list(candidate.merged), list[Breaking]()
        try:
            while new:
                broken = self._search([by_number[each] for each in items], new)
                found.append(broken)
                if not broken.smallest:
                    return tuple(found), ()
                items = [each for each in items if each != broken.changes[-1]]
                rest = self.build([by_number[each] for each in items])
                items = list(rest.merged)
                new = self._new_failures(rest) if items else frozenset()
        except (*_UNKNOWN, OutOfRuns):
            return tuple(found), ()
        return tuple(found), tuple(items)

    def _search(self, changes: Sequence[TriedChange], new: frozenset[str]) -> Breaking:
        by_number = {each.merge_request: each for each in changes}
        seen: dict[tuple[int, ...], frozenset[str]] = {}

        def fails(subset: tuple[int, ...]) -> bool:
            built = self.build([by_number[each] for each in subset])
            self.budget.spend()
            seen[subset] = self._run(built, only=new).failed & new
            return bool(seen[subset])

        try:
            found = smallest([each.merge_request for each in changes], fails)
        except Unfinished as error:
            why = (
                f"not found {error.what}; !{error.needed[0]} is one of them"
                if error.needed
                else f"not found {error.what}"
            )
            return Breaking(changes=error.needed, tests=_names(new), smallest=False, reason=why)
        except _UNKNOWN as error:
            return Breaking(changes=(), tests=_names(new), smallest=False, reason=f"not found: {_why(error)}")
        return Breaking(changes=found, tests=_names(seen.get(found, new)))

    def _new_failures(self, candidate: Candidate) -> frozenset[str]:
        """Tests that fail every time and pass on the target branch, or are not there.

        Raises:
            Unmeasurable: a run has no result.
            OutOfRuns: none is left.
        """
        self.budget.spend()
        seen = self._run(candidate)
        failing = self._steady(candidate, seen.failed)
        if not failing and not seen.anomalies:
            return frozenset()
        base = self._of_base()
        if odd := seen.anomalies - base.anomalies:
            raise Tampered("; ".join(sorted(odd)))
        if len(failing) > _MOST_FAILING:
            raise Unmeasurable(f"{len(failing)} tests fail")
        return failing - base.failed

    def _steady(self, candidate: Candidate, failing: frozenset[str]) -> frozenset[str]:
        for number in range(1, self.reruns + 1):
            if not failing:
                break
            self.budget.spend()
            passed = self._run(candidate, only=failing, again=number).passed & failing
            self._flaky |= passed
            failing -= passed
        return failing

    def _of_base(self) -> Tally:
        if self._base is None:
            self.budget.spend()
            self._base = self.tests.run(self.tests.base, side="base")
        return self._base

    def _run(self, candidate: Candidate, *, only: Collection[str] = (), again: int = 0) -> Tally:
        return self.tests.run(candidate.commit or self.tests.base, only=only, again=again)

    def _said(
        self,
        outcome: Outcome,
        reason: str,
        *,
        failing: Collection[str] = (),
        green: tuple[int, ...] = (),
    ) -> CandidateTests:
        red = self._base.failed if self._base else frozenset[str]()
        return CandidateTests(
            outcome=outcome,
            reason=reason[:1000],
            failing=_names(failing),
            base_failing=_names(red),
            flaky=_names(self._flaky),
            runs=self.budget.runs,
            green=green,
        )


def _names(tests: Collection[str]) -> tuple[str, ...]:
    return tuple(each[:500] for each in sorted(tests)[:MOST_FILES])


def _why(error: FactoryError) -> str:
    if isinstance(error, OutOfRuns):
        return f"there is no result {error.what}"
    if isinstance(error, Tampered):
        return f"the test run was manipulated: {error.what}"
    return error.what
