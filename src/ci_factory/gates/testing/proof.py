"""Proof of test: what the change says it does must fail without it.

The change's tests, with all that belongs to them, are laid over the base's source. A test that passes there says nothing
about the change; at least one must fail. Tests of the base that failed there and pass on the head prove as much.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from ci_factory.gates.subject import Subject
from ci_factory.gates.testing.files import is_test_file
from ci_factory.gates.testing.places import Place
from ci_factory.gates.testing.runner import Runner
from ci_factory.gates.testing.suite import BAD, Case, Suite

_ABSENCE = ("ImportError", "ModuleNotFoundError", "AttributeError", "NameError", "fixture '")
"""How a test fails that asks for something that is not there yet."""


class Verdict(StrEnum):
    """What the change's tests prove."""

    PROVEN = "proven"
    BY_ABSENCE = "proven by absence"
    """They fail only because what they test is not there yet."""
    UNPROVEN = "not proven"
    NO_TEST = "no test"
    """Nothing new is tested."""
    UNKNOWN = "unknown"
    NOT_ASKED = "not asked"
    """No source changed, or it is turned off."""


@dataclass(frozen=True)
class Proof:
    """The verdict and what it rests on."""

    verdict: Verdict
    failing: tuple[Case, ...] = ()
    """Tests that fail without the change."""
    passing: tuple[Case, ...] = ()
    """New and changed tests that pass without it."""
    problem: str = ""

    @property
    def proven(self) -> bool | None:
        """`None` when it is unknown or was not asked."""
        if self.verdict in {Verdict.UNKNOWN, Verdict.NOT_ASKED}:
            return None
        return self.verdict in {Verdict.PROVEN, Verdict.BY_ABSENCE}


def mended(before: Mapping[str, Case], head: Suite) -> tuple[Case, ...]:
    """Tests that the base has and that failed there. `before` maps ids of the head to the base's cases."""
    return tuple(
        case for case in head.passed if (there := before.get(case.id)) is not None and there.outcome in BAD
    )


def fresh_tests(head: Suite, before: Mapping[str, Case], changed: Collection[tuple[str, str]]) -> list[Case]:
    """Tests that pass on the head and that the change brings: the base has none of that name, or another body."""
    return [case for case in head.passed if case.id not in before or (case.file, case.function) in changed]


def overlay(subject: Subject) -> Place | None:
    """The base's source under the head's files of tests; `None` when the change touches none."""
    changes = [
        each for each in subject.change.files if is_test_file(each.path) or is_test_file(each.old_path)
    ]
    if not changes:
        return None
    here = {each.path for each in changes if each.status != "D" and is_test_file(each.path)}
    gone = {each.old_path for each in changes if each.status in {"D", "R"} and is_test_file(each.old_path)}
    settings = set(subject.overlay.paths)
    put = tuple(entry for entry in subject.head_entries() if entry.path in here - settings)
    return Place("base", "proof", put, tuple(sorted(gone - here - settings)))


def without_change(subject: Subject, runner: Runner, place: Place, fresh: Sequence[Case]) -> Suite:
    """Run the files of the change's tests on the base's source.

    Raises:
        Unmeasurable: there is no usable result.
        Tampered: somebody else wrote it.
    """
    only = sorted({case.file for case in fresh}) if runner.by_test else []
    key = {"tests": runner.key, "proof": place.key, "only": only}
    return subject.measure("base", key, Suite, lambda: runner.run(place, only=only))


def judge(fresh: Sequence[Case], there: Suite) -> Proof:
    """Compare the change's tests with how they end without it."""
    broken = {case.file for case in there.cases if case.collection}
    outcomes = {case.id: case for case in there.cases}
    failing: list[Case] = []
    absent: list[Case] = []
    passing: list[Case] = []
    for case in fresh:
        other = outcomes.get(case.id)
        if other is None or case.file in broken:
            absent.append(case)
        elif other.outcome == "passed":
            passing.append(case)
        elif other.outcome in BAD:
            (absent if other.message.startswith(_ABSENCE) else failing).append(case)
    if failing:
        return Proof(Verdict.PROVEN, tuple(failing), tuple(passing))
    if absent:
        return Proof(Verdict.BY_ABSENCE, tuple(absent), tuple(passing))
    return Proof(Verdict.UNPROVEN if passing else Verdict.UNKNOWN, (), tuple(passing))
