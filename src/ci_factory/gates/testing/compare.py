"""Two runs of the tests, judged against each other. Pure."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from ci_factory.gates.testing.functions import Name
from ci_factory.gates.testing.suite import ABSENT, BAD, Case, Suite


@dataclass(frozen=True)
class Remark:
    """One test, and what is to be said about it."""

    case: Case
    text: str


def failures(
    base: Suite | None, head: Suite, renames: Mapping[str, str], moved: Mapping[Name, Name] | None = None
) -> list[Remark]:
    """Tests that do not pass on the head, each with what the base says about it.

    `renames` are files, `moved` are functions that have another name (both under the head's file names).
    """
    before = by_head_id(base, renames, moved)
    return [Remark(case, _failure(case, before)) for case in head.bad]


def _failure(case: Case, before: Mapping[str, Case] | None) -> str:
    if case.collection:
        return f"can't be collected: {case.message}"
    if before is None:
        known = "the base could not be measured"
    elif case.id not in before:
        known = "new test"
    elif before[case.id].outcome in BAD:
        known = "failed on the base already"
    else:
        known = f"{before[case.id].outcome} on the base"
    return f"{case.name} fails ({known}): {case.message}"


def lost(
    base: Suite, head: Suite, renames: Mapping[str, str], moved: Mapping[Name, Name] | None = None
) -> list[Remark]:
    """Tests of the base that the head does not run any more: gone, skipped or expected to fail.

    Tests of a file that can't be collected are not lost; that file fails.
    """
    after = {case.id: case for case in head.cases}
    broken = {case.file for case in head.cases if case.collection}
    found = []
    for name, case in (by_head_id(base, renames, moved) or {}).items():
        here = after.get(name)
        if name.split("::", 1)[0] in broken:
            continue
        if here is None:
            found.append(Remark(case, f"existing test {case.name} is gone"))
        elif here.outcome in ABSENT and case.outcome not in ABSENT:
            how = "skipped" if here.outcome == "skipped" else "expected to fail"
            found.append(Remark(here, f"existing test {case.name} is now {how}: {here.message}"))
    return found


def replaced(gone: Collection[Remark], base: Suite, head: Suite, renames: Mapping[str, str]) -> list[Remark]:
    """Those of the lost cases whose function has other parameters now, and at least as many of them.

    Only for files whose old version passes on the new code: then nothing that was checked is broken.
    """
    before = Counter((renames.get(case.file, case.file), case.function) for case in base.counted)
    after = Counter((case.file, case.function) for case in head.counted)
    known = {case.id for case in head.cases}
    return [
        remark
        for remark in gone
        if remark.case.id not in known
        and "[" in remark.case.name
        and after[remark.case.file, remark.case.function]
        >= before[remark.case.file, remark.case.function]
        > 0
    ]


def weakened(
    base: Suite,
    old_tests: Suite,
    head: Suite,
    renames: Mapping[str, str],
    files: Collection[str] | None,
    moved: Mapping[Name, Name] | None = None,
) -> list[Remark]:
    """Tests that passed on the base and, as they were there, do not pass on the head's source.

    `old_tests` ran the base's tests on the head's source; `files` are the files it ran, `None` means all.
    What the head's own tests already report as failing or lost is not said twice.
    """
    gone = {remark.case.id for remark in lost(base, head, renames, moved)}
    silent = {case.id for case in head.bad} | gone
    rerun = {case.id: case for case in old_tests.cases}
    found = []
    for case in base.passed:
        if files is not None and case.file not in files:
            continue
        if as_on_head(case, renames, moved or {}).id in silent:
            continue
        again = rerun.get(case.id)
        if again is None or again.outcome != "passed":
            why = again.message if again else "it does not run any more"
            text = f"{case.name}, as it was on the base, does not pass on this change: {why}"
            found.append(Remark(case, text))
    return found


def by_head_id(
    suite: Suite | None, renames: Mapping[str, str], moved: Mapping[Name, Name] | None = None
) -> dict[str, Case] | None:
    """Cases of the base under the head's names of files and functions."""
    if suite is None:
        return None
    cases = (as_on_head(case, renames, moved or {}) for case in suite.cases if not case.collection)
    return {case.id: case for case in cases}


def as_on_head(case: Case, renames: Mapping[str, str], moved: Mapping[Name, Name]) -> Case:
    """A case of the base under the head's names of file and function."""
    file = renames.get(case.file, case.file)
    file, function = moved.get((file, case.function), (file, case.function))
    return case.model_copy(update={"file": file, "name": function + case.name[len(case.function) :]})
