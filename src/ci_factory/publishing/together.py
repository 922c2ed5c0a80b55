"""The note on a merge request that does not go together with others: with which, why, and what to do. Pure.

It stands beside the score note and changes no verdict: that one is about the change alone.
"""

from collections.abc import Sequence

from ci_factory.model.merge_truth import Advice, Breaking, Clash, MergeTruth, OrderLine, Outcome, TriedChange
from ci_factory.publishing import markdown, sanitise

KEY = "together"
_FILES, _ROWS = 10, 25
_BESIDE = "_The verdict of the gates is about this change alone and stays as it is._"
_DO = {
    Advice.MERGE: "merge",
    Advice.REBASE: "make it again on top of what is merged before it",
    Advice.ADAPT: "change it, or the other one, before both are merged",
    Advice.WAIT: "wait: its own gates did not pass",
}


def note(truth: MergeTruth, number: int) -> str:
    """What there is to say on this merge request, one of `truth.affected`; the same input gives the same bytes."""
    change = next(each for each in truth.changes if each.merge_request == number)
    lines = [
        "## This change and the other open ones",
        "",
        *_alone(change, truth),
        *_pairs(truth, number),
        *_tests(truth, number),
        *_place(truth, number),
        f"{_tried(truth)} {_BESIDE}",
    ]
    return markdown.document(lines)


def settled(truth: MergeTruth, number: int) -> str:
    """What takes the place of an earlier note once nothing is known to be in the way any more."""
    if truth.tests.outcome is Outcome.PASSED or number in truth.tests.green:
        said = "Nothing is in the way of this change any more."
    else:
        reason = sanitise.inline(truth.tests.reason)
        said = f"Git merges this change with all others now. Whether tests fail with them is not known: {reason}."
    return markdown.document([f"{said} {_tried(truth)}"])


def _tried(truth: MergeTruth) -> str:
    return f"Tried with git on {sanitise.code(truth.target_branch)} at `{truth.base[:12]}`."


def _alone(change: TriedChange, truth: MergeTruth) -> list[str]:
    if change.arrives:
        return []
    if change.problem:
        return [f"❔ It could not be tried: {sanitise.inline(change.problem)}", ""]
    branch = sanitise.code(truth.target_branch)
    return [f"⚠️ It conflicts with {branch} as that is now, in {_names(change.conflicts)}.", ""]


def _pairs(truth: MergeTruth, number: int) -> list[str]:
    found = [clash for clash in truth.clashes if number in clash.pair]
    if not found:
        return []
    direct = [clash for clash in found if clash.through is None] or found
    inherited = len(found) - len(direct)
    more = [f"_And {inherited} that are built on one of these._", ""] if inherited else []
    more += [f"_{len(direct)} in all, {_ROWS} shown._", ""] if len(direct) > _ROWS else []
    rows = [_pair(clash, number) for clash in direct[:_ROWS]]
    header = ("does not merge with", "in", "suggested")
    return ["⚠️ Git does not merge it with every other one.", "", *markdown.table(header, rows), "", *more]


def _pair(clash: Clash, number: int) -> tuple[str, ...]:
    other = next(iter(clash.pair - {number}))
    through = f", through !{clash.through}" if clash.through is not None else ""
    if clash.first == number:
        todo = f"merge this one first; then !{other} has to be made again on top"
    else:
        todo = f"merge !{other} first; then make this one again on top"
    return f"!{other}{through}", _names(clash.files) or "all of it", todo


def _tests(truth: MergeTruth, number: int) -> list[str]:
    return [line for each in truth.breaking if number in each.changes for line in (_broken(each, number), "")]


def _broken(broken: Breaking, number: int) -> str:
    tests, fail = _names(broken.tests), "fails" if len(broken.tests) == 1 else "fail"
    others = " and ".join(f"!{each}" for each in broken.changes if each != number)
    if not broken.smallest:
        return f"❌ {tests} {fail} when it is merged with others; which ones was {sanitise.inline(broken.reason)}."
    if not others:
        return f"❌ {tests} {fail} with this change on the newest target branch. Bring it up to date and mend it."
    return (
        f"❌ {tests} {fail} when it is merged together with {others}, though each is green without the other. "
        "Merge one, then change the other until its tests pass on top."
    )


def _place(truth: MergeTruth, number: int) -> list[str]:
    line: OrderLine | None = next((each for each in truth.order if each.merge_request == number), None)
    if line is None:
        return []
    said = f"Suggested order: place {line.place} of {len(truth.order)}, {_DO[line.advice]}."
    return [said, ""]


def _names(names: Sequence[str]) -> str:
    more = f" and {len(names) - _FILES} more" if len(names) > _FILES else ""
    return f"{', '.join(sanitise.code(name) for name in names[:_FILES])}{more}"
