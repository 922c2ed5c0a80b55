"""Tests of a candidate: what is new, what was red before, what is flaky, what could not be found out in time."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from ci_factory.gates.protocol import Unmeasurable
from ci_factory.gates.subject import SideName
from ci_factory.gates.testing.tree import Tally
from ci_factory.model.gate import Verdict
from ci_factory.model.integration_settings import IntegrationConfig
from ci_factory.model.merge_truth import Breaking, Candidate, Outcome, TriedChange
from ci_factory.model.ticket import Priority
from ci_factory.system.clock import ManualClock
from ci_factory.workflow.merge_tests import Budget, Trial, Verdicts

BASE = "0" * 40
MINUTES_PER_RUN = 2.0


@dataclass
class World:
    """Tests that fail by known rules: test name -> sets of changes with which it fails; `()` fails always."""

    rules: dict[str, list[set[int]]]
    once: set[str] = field(default_factory=set)
    """Tests that also fail in every first run, and in no repetition."""
    broken: int | None = None
    """A change with which nothing can be measured."""
    clock: ManualClock = field(default_factory=lambda: ManualClock(datetime(2026, 3, 2, tzinfo=UTC)))
    base: str = BASE
    asked: list[str] = field(default_factory=list)
    _subsets: dict[str, tuple[int, ...]] = field(default_factory=dict)

    def build(self, changes: Sequence[TriedChange]) -> Candidate:
        """A candidate of all of them."""
        merged = tuple(each.merge_request for each in changes)
        commit = f"{len(self._subsets) + 1:040x}"
        self._subsets[commit] = merged
        return Candidate(commit=commit, tree=commit, merged=merged)

    def run(self, head: str, *, side: SideName = "head", only: Collection[str] = (), again: int = 0) -> Tally:
        """What the rules say."""
        self.asked.append(side)
        self.clock.sleep(60 * MINUTES_PER_RUN)
        here = set(self._subsets.get(head, ())) if side == "head" else set()
        if self.broken in here:
            raise Unmeasurable("the tests did not finish in 600 s")
        names = set(only or {*self.rules, *self.once, "test_fine"})
        failed = {name for name in names if any(culprit <= here for culprit in self.rules.get(name, ()))}
        failed |= {name for name in names & self.once if side == "head" and not again}
        return Tally(frozenset(names - failed), frozenset(failed))


def judged(world: World, count: int, **settings: object) -> Verdicts:
    """The verdict on a candidate of so many changes, in the order of their numbers."""
    changes = [
        TriedChange(
            merge_request=number, ticket_id=f"t{number}", branch="b", head=BASE, priority=Priority.LOW,
            lines=1, verdict=Verdict.PASS,
        )
        for number in range(1, count + 1)
    ]  # fmt: skip
    budget = Budget(IntegrationConfig.model_validate({"timeout_minutes": 600, **settings}), world.clock)
    return Trial(world.build, world, budget, reruns=2).judge(changes, world.build(changes))


def test_when_all_pass_one_run_is_enough() -> None:
    """All changes are green together, and the target branch is not asked."""
    world = World({})
    found = judged(world, 20)
    assert (found.tests.outcome, found.tests.runs, found.tests.green) == (
        Outcome.PASSED,
        1,
        tuple(range(1, 21)),
    )
    assert (found.breaking, world.asked) == ((), ["head"])


def test_two_pairs_that_break_different_tests_are_both_named_and_the_rest_is_green() -> None:
    """Each with its own test; what is left without the later one of each pair was tested again."""
    world = World({"test_a": [{3, 14}], "test_b": [{5, 6}]})
    found = judged(world, 16, max_runs=40)
    assert found.tests.outcome is Outcome.FAILED
    assert found.tests.failing == ("test_a", "test_b")
    assert {(each.changes, each.tests) for each in found.breaking} == {((3, 14), ("test_a",)), ((5, 6), ("test_b",))}  # fmt: skip
    assert set(found.tests.green) == set(range(1, 17)) - {6, 14}


def test_one_that_breaks_with_the_target_branch_alone_is_named_alone() -> None:
    """Green where it was judged, and red on the newest commit."""
    found = judged(World({"test_a": [{2}]}), 4)
    assert found.breaking == (Breaking(changes=(2,), tests=("test_a",)),)


def test_three_that_break_only_together_are_named_together() -> None:
    """No two of them are accused."""
    found = judged(World({"test_a": [{1, 4, 7}]}), 8)
    assert [each.changes for each in found.breaking] == [(1, 4, 7)]


def test_a_red_base_is_said_and_is_no_pass() -> None:
    """Tests that fail without any change are nobody's fault here; another one that fails is still found."""
    found = judged(World({"test_old": [set()]}), 3)
    assert found.tests.outcome is Outcome.BASE_RED
    assert "the base is red" in found.tests.reason
    assert found.tests.base_failing == ("test_old",)
    found = judged(World({"test_old": [set()], "test_a": [{1, 2}]}), 3)
    assert found.tests.outcome is Outcome.FAILED
    assert (found.tests.failing, found.tests.base_failing) == (("test_a",), ("test_old",))


def test_a_flaky_test_is_told_and_accuses_nobody() -> None:
    """It failed once and passed when it ran again."""
    found = judged(World({}, once={"test_moody"}), 3)
    assert (found.tests.outcome, found.tests.flaky, found.breaking) == (Outcome.PASSED, ("test_moody",), ())


def test_a_run_without_a_result_is_inconclusive() -> None:
    """With the reason, and never a pass."""
    found = judged(World({}, broken=2), 3)
    assert found.tests.outcome is Outcome.INCONCLUSIVE
    assert "did not finish" in found.tests.reason
    assert found.tests.green == ()


def test_a_search_that_runs_out_of_runs_says_what_it_knows() -> None:
    """The tests failed, and which changes are to blame is not found within the given number."""
    found = judged(World({"test_a": [{3, 60}]}), 64, max_runs=9)
    assert found.tests.outcome is Outcome.FAILED
    (broken,) = found.breaking
    assert not broken.smallest
    assert broken.reason.startswith("not found within 9 test runs")
    assert found.tests.runs == 9


def test_a_search_that_runs_out_of_time_starts_no_other_run() -> None:
    """The limit is on the whole, and the watch is looked at before each run."""
    found = judged(World({"test_a": [{3, 60}]}), 64, timeout_minutes=9)
    (broken,) = found.breaking
    assert "within 9 minutes" in broken.reason
    assert found.tests.runs <= 9 / MINUTES_PER_RUN + 1


def test_a_search_that_meets_a_run_without_result_ends_and_accuses_nobody() -> None:
    """What can't be measured proves nothing."""
    world = World({"test_a": [{3, 14}]})
    original = world.run

    def run(head: str, *, side: SideName = "head", only: Collection[str] = (), again: int = 0) -> Tally:
        if only and not again:
            raise Unmeasurable("no space left")
        return original(head, side=side, only=only, again=again)

    world.run = run  # type: ignore[method-assign]
    found = judged(world, 16)
    assert [(each.changes, each.smallest) for each in found.breaking] == [((), False)]
    assert found.tests.outcome is Outcome.FAILED
