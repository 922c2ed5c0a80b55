"""Whether the open changes merge and work together, as Markdown for reports."""

from collections.abc import Iterator, Sequence

from ci_factory.metrics import words
from ci_factory.metrics.markdown import say, table
from ci_factory.model.merge_truth import Advice, Breaking, Clash, MergeTruth, Outcome

HEADING = "## Would these merge together?"
_LONG, _FILES, _ROWS = 300, 5, 20
_SIGN = {
    Outcome.PASSED: "All tests pass",
    Outcome.FAILED: "Tests fail",
    Outcome.BASE_RED: "The base is red",
    Outcome.INCONCLUSIVE: "Inconclusive",
    Outcome.NOT_RUN: "Tests were not run",
}


def lines(truth: MergeTruth) -> Iterator[str]:
    """A section with its heading: the answer first, then what is in the way, then the suggested order."""
    yield HEADING
    yield ""
    yield f"**{answer(truth)}**"
    yield ""
    yield (
        f"{words.count(len(truth.changes), 'open change')} tried with git on {say(truth.target_branch, 80)} "
        f"`{truth.base[:12]}`, {words.moment(truth.made_at)}{_past(truth)}. {_tests(truth)}"
    )
    yield ""
    yield from _in_the_way(truth)
    yield from _order(truth)


def answer(truth: MergeTruth) -> str:
    """The whole in one sentence."""
    direct = [clash for clash in truth.clashes if clash.through is None]
    alone = sum(not each.arrives for each in truth.changes)
    parts = [f"{words.count(alone, 'change')} not into the target branch"] if alone else []
    parts += [f"{words.count(len(direct), 'pair')} not with each other"] if direct else []
    parts += [
        f"{_all(each.changes)} {'break' if len(each.changes) > 1 else 'breaks'} tests{' together' if len(each.changes) > 1 else ''}"
        for each in truth.breaking
        if each.changes
    ]
    if parts:
        return f"Not all: {'; '.join(parts)}."
    if len(truth.changes) < 2:  # noqa: PLR2004 - two make a question
        return "There is nothing that could be in each other's way."
    if truth.tests.outcome is Outcome.PASSED:
        return "Yes: git merges them, and all tests pass with what was merged."
    return "Git merges them; see below what is known of the tests."


def _past(truth: MergeTruth) -> str:
    return f", {truth.passed_over} more were too many" if truth.passed_over else ""


def _tests(truth: MergeTruth) -> str:
    tests, merged = truth.tests, len(truth.candidate.merged)
    reason = f": {say(tests.reason, _LONG)}" if tests.reason else ""
    runs = f" ({words.count(tests.runs, 'test run')})" if tests.runs else ""
    flaky = f" Flaky, so not counted: {_names(tests.flaky)}." if tests.flaky else ""
    return f"A candidate of {merged} was built. {_SIGN[tests.outcome]}{reason}{runs}.{flaky}"


def _in_the_way(truth: MergeTruth) -> Iterator[str]:
    rows = [
        (f"!{each.merge_request}", "the target branch", _names(each.conflicts) or say(each.problem, _LONG))
        for each in truth.changes
        if not each.arrives
    ]
    direct = [clash for clash in truth.clashes if clash.through is None]
    rows += [
        (f"!{each.first}", f"!{each.second}{_also(each, truth.clashes)}", _names(each.files))
        for each in direct
    ]
    if rows:
        yield from table(("Change", "conflicts with", "in"), rows[:_ROWS])
    if len(rows) > _ROWS:
        yield f"… and {len(rows) - _ROWS} more: merge_truth.json has them all."
        yield ""
    for broken in truth.breaking:
        yield f"- {_broken(broken)}"
    if truth.breaking:
        yield ""


def _also(clash: Clash, clashes: Sequence[Clash]) -> str:
    """What is built on one of the two, and so has the same conflict."""
    below = {clash.first, clash.second}
    above = sorted({number for each in clashes if each.through in below and each.pair & below for number in each.pair - below})  # fmt: skip
    return f" (and with what is built on it: {_all(above)})" if above else ""


def _broken(broken: Breaking) -> str:
    tests = _names(broken.tests)
    fail = "fails" if len(broken.tests) == 1 else "fail"
    if not broken.smallest:
        return f"{tests} {fail}; which changes break them together was {say(broken.reason, _LONG)}."
    if len(broken.changes) == 1:
        return f"{tests} {fail} with !{broken.changes[0]} on the newest target branch."
    return f"{tests} {fail} with {_all(broken.changes)} together, and with no fewer of them."


def _order(truth: MergeTruth) -> Iterator[str]:
    if len(truth.order) < 2:  # noqa: PLR2004 - one needs no order
        return
    yield "Suggested order of merging:"
    yield ""
    rows = [
        (str(each.place), f"!{each.merge_request}", say(each.ticket_id, 64), _advice(each.advice), say(each.reason, _LONG))
        for each in truth.order
    ]  # fmt: skip
    yield from table(("", "Change", "Ticket", "Do", "Why"), rows)


def _advice(advice: Advice) -> str:
    return advice.value if advice is Advice.MERGE else f"**{advice.value}**"


def _names(names: Sequence[str]) -> str:
    more = f" and {len(names) - _FILES} more" if len(names) > _FILES else ""
    return f"{', '.join(say(name, 160) for name in names[:_FILES])}{more}"


def _all(numbers: Sequence[int]) -> str:
    return " and ".join(f"!{number}" for number in numbers)
