"""Everything that is measured about the tests of one change, before anybody judges it."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from ci_factory.gates.change import is_test_module
from ci_factory.gates.protocol import Unmeasurable
from ci_factory.gates.subject import SideName, Subject
from ci_factory.gates.testing import compare, flaky, old_tests, proof
from ci_factory.gates.testing.behaviour import changes_behaviour
from ci_factory.gates.testing.channel import Tampered
from ci_factory.gates.testing.compare import Remark
from ci_factory.gates.testing.files import is_test_file
from ci_factory.gates.testing.flaky import Flaky
from ci_factory.gates.testing.functions import Function, Name, functions, renamed
from ci_factory.gates.testing.mutants.trial import Trial, try_mutants
from ci_factory.gates.testing.proof import Proof, Verdict
from ci_factory.gates.testing.run import PytestRunner
from ci_factory.gates.testing.runner import Runner
from ci_factory.gates.testing.suite import Case, Suite


@dataclass(frozen=True)
class Base:
    """The base's run."""

    suite: Suite | None
    problem: str = ""
    """Why there is none."""


@dataclass(frozen=True)
class Functions:
    """Test functions of the files that the change touches, under the head's file names."""

    before: Mapping[Name, Function]
    after: Mapping[Name, Function]
    moved: Mapping[Name, Name]
    """Those that have another name now."""

    @property
    def changed(self) -> set[Name]:
        """Functions of the head that say something else than on the base."""
        origin = {new: old for old, new in self.moved.items()}
        return {
            name
            for name, here in self.after.items()
            if (there := self.before.get(origin.get(name, name))) is not None
            and (there.body, there.decorators) != (here.body, here.decorators)
        }


@dataclass(frozen=True)
class OldRun:
    """The base's tests on the head's source."""

    weakened: Sequence[Remark] = ()
    shaky: Sequence[Remark] = ()
    """Those that fail only sometimes."""
    clean: bool = False
    """Whether all tests that were run, and passed on the base, pass."""
    anomalies: Sequence[str] = ()
    problem: str = ""


@dataclass(frozen=True)
class Evidence:
    """What is known."""

    subject: Subject
    base: Base
    head: Suite
    functions: Functions
    before: Mapping[str, Case]
    """Ids of the head to the base's cases."""
    old: OldRun = field(default_factory=OldRun)
    flaky: Flaky = field(default_factory=Flaky)
    proof: Proof = field(default_factory=lambda: Proof(Verdict.NOT_ASKED))
    trial: Trial = field(default_factory=Trial)

    @property
    def failing(self) -> list[Case]:
        """Tests that fail on the head, those left out that are as flaky on the base."""
        shaky = {case.id for case in self.flaky.old}
        return [case for case in self.head.bad if case.id not in shaky]


def gather(
    subject: Subject, runners: Mapping[SideName, Runner], base: Base, head: Suite, files: Sequence[str]
) -> Evidence:
    """Measure what two runs do not say. `files` are the changed sources.

    Runs that depend on nothing go at the same time; what is run on a head that fails anyway is left out.
    """
    known = _functions(subject, base.suite, head)
    before = _before(subject, base.suite, known)
    fresh = _fresh(subject, head, before, known)
    with ThreadPoolExecutor(2) as pool:
        shaky = pool.submit(flaky.find, subject, runners, head, before, fresh)
        old = pool.submit(_old_run, subject, runners["head"], base.suite, head, known.moved)
        proven = pool.submit(_proof, subject, runners["base"], head, before, fresh)
        found = Evidence(subject, base, head, known, before, old.result(), shaky.result(), proven.result())
    if found.failing or head.anomalies or found.old.weakened:
        return found
    return _with_trial(found, runners["head"], files)


def _with_trial(found: Evidence, runner: Runner, files: Sequence[str]) -> Evidence:
    if not isinstance(runner, PytestRunner):
        trial = Trial(problem="mutants are made of Python only") if files else Trial()
    else:
        trial = try_mutants(found.subject, runner, found.head, files, found.flaky.ids)
    return replace(found, trial=trial)


def _functions(subject: Subject, base: Suite | None, head: Suite) -> Functions:
    renames = subject.change.renames
    touched = [each for each in subject.change.files if each.path.endswith(".py")]
    old = {each.old_path for each in touched if each.status != "A"}
    new = {each.path for each in touched if each.status != "D"}
    holders = {case.file for case in (*(base.cases if base else ()), *head.cases)}
    before = {
        (renames.get(file, file), name): replace(function, file=renames.get(file, file))
        for (file, name), function in functions(subject.folder("base"), old & holders).items()
    }
    # A hook of the change can reach every test, one of an untouched file just as well.
    looked_at = holders if new_hooks(subject, head) else new & holders
    after = functions(subject.folder("head"), looked_at)
    gone = {
        (renames.get(case.file, case.file), case.function)
        for case in (base.cases if base else ())
        if not case.collection
    }
    here = {(case.file, case.function) for case in head.cases if not case.collection}
    return Functions(before, after, renamed(gone - here, here - gone, before, after))


def new_hooks(subject: Subject, head: Suite) -> bool:
    """Whether the change brings or alters a hook that can decide what a test does."""
    changed = {each.path for each in subject.change.files}
    return any(hook.partition(" in ")[2] in changed for hook in head.hooks)


def _before(subject: Subject, base: Suite | None, known: Functions) -> dict[str, Case]:
    """Ids of the head to the base's cases, as the base calls them."""
    if base is None:
        return {}
    cases = [case for case in base.cases if not case.collection]
    ids = [compare.as_on_head(case, subject.change.renames, known.moved).id for case in cases]
    return dict(zip(ids, cases, strict=True))


def _fresh(subject: Subject, head: Suite, before: Mapping[str, Case], known: Functions) -> list[Case]:
    """New and changed tests; every test when only what they are fed with changed."""
    fresh = proof.fresh_tests(head, before, known.changed)
    paths = [path for path in subject.change.present() if is_test_file(path)]
    unread = {path for path in paths if not path.endswith(".py")}
    fresh += [case for case in head.passed if case.file in unread and case not in fresh]
    if fresh or all(is_test_module(path) for path in paths):
        return fresh
    return head.passed


def _old_run(
    subject: Subject, runner: Runner, base: Suite | None, head: Suite, moved: Mapping[Name, Name]
) -> OldRun:
    plan = old_tests.plan(subject, base) if base is not None else None
    if base is None or plan is None:
        return OldRun()
    try:
        again = old_tests.run(subject, runner, plan)
        only = plan.only if runner.by_test else ()
        weak = compare.weakened(base, again, head, subject.change.renames, only or None, moved)
        count = subject.config.gates.tests.reruns
        outcomes = (
            flaky.again(subject, runner, plan.place, [each.case for each in weak], count) if weak else {}
        )
    except Unmeasurable as error:
        return OldRun(problem=f"with the base's version of the changed tests, {error.what}")
    except Tampered as error:
        return OldRun(anomalies=(error.what,))
    shaky = [each for each in weak if "passed" in outcomes.get(each.case.id, ())]
    return OldRun(
        [each for each in weak if each not in shaky],
        shaky,
        clean=not weak and not _fails(base, again, only),
        anomalies=again.anomalies,
    )


def _fails(base: Suite, again: Suite, only: Sequence[str]) -> bool:
    """Whether a test that passed on the base does not, reported elsewhere or not."""
    passed = {case.id for case in again.passed}
    return any(case.id not in passed for case in base.passed if not only or case.file in only)


def _proof(
    subject: Subject, runner: Runner, head: Suite, before: Mapping[str, Case], fresh: Sequence[Case]
) -> Proof:
    if not subject.config.gates.tests.proof or not changes_behaviour(subject) or head.bad:
        return Proof(Verdict.NOT_ASKED)
    if mended := proof.mended(before, head):
        return Proof(Verdict.PROVEN, mended)
    place = proof.overlay(subject)
    if place is None or not fresh:
        return Proof(Verdict.NO_TEST)
    try:
        return proof.judge(fresh, proof.without_change(subject, runner, place, fresh))
    except (Unmeasurable, Tampered) as error:
        return Proof(Verdict.UNKNOWN, problem=f"on the base's source, {error.what}")
