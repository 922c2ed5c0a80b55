"""How long things take, with what has not happened yet counted as waiting so far."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from operator import attrgetter
from typing import NamedTuple

from ci_factory.metrics import definitions, words
from ci_factory.metrics.figure import Figure, Metric, Unit, measure
from ci_factory.metrics.sample import Change, Question, Task
from ci_factory.metrics.statistics import survival
from ci_factory.metrics.statistics.survival import Curve


class Spans(NamedTuple):
    """How long it took where it happened, and how long the others were watched; no negative time where clocks jumped."""

    happened: list[float]
    censored: list[float]


_LABELLED = attrgetter("triggered", "first_mr", "closed")
_CYCLE = attrgetter("triggered", "merged", "closed")
_SHOWN = attrgetter("ready", "merged", "closed")


def to_first_mr(tasks: Iterable[Task], now: float) -> Spans:
    """From the trigger label to the first merge request; what is closed without one is censored there."""
    return _spans(map(_LABELLED, tasks), now)


def to_cycle(tasks: Iterable[Task], now: float) -> Spans:
    """From the trigger label to the merge; what is closed without one is censored there."""
    return _spans(map(_CYCLE, tasks), now)


def to_pickup(changes: Iterable[Change], now: float) -> Spans:
    """From ready to the first trace of a person; what is closed without one is censored there."""
    return _spans(((each.ready, _first_look(each), each.closed) for each in changes), now)


def to_review(changes: Iterable[Change], now: float) -> Spans:
    """From ready to the first decision of people: approved, merged or closed."""
    rows = ((each.ready, each.decided if each.approved is None else each.approved, None) for each in changes)
    return _spans(rows, now)


def to_merge(changes: Iterable[Change], now: float) -> Spans:
    """From ready to the merge; what is closed without one is censored there."""
    return _spans(map(_SHOWN, changes), now)


def merging(changes: Iterable[Change], now: float) -> tuple[list[float | None], list[float | None]]:
    """For each change the time from ready to the merge, and how long it was watched without that."""
    spans = [to_merge((each,), now) for each in changes]
    return (
        [each.happened[0] if each.happened else None for each in spans],
        [each.censored[0] if each.censored else None for each in spans],
    )


def to_answer(questions: Iterable[Question], now: float) -> Spans:
    """From a question to its answer."""
    return _spans(((each.raised, each.answered, None) for each in questions), now)


def first_mr(tasks: Iterable[Task], now: datetime) -> Figure:
    """From the trigger label to the first merge request."""
    return waiting(definitions.TIME_TO_FIRST_MR, _until_median(to_first_mr(tasks, now.timestamp())))


def cycle(tasks: Iterable[Task], now: datetime) -> Figure:
    """From the trigger label to the merge."""
    return waiting(definitions.CYCLE_TIME, _until_median(to_cycle(tasks, now.timestamp())))


def requests(changes: Sequence[Change], now: datetime) -> Iterator[Figure]:
    """How long merge requests wait for people."""
    at = now.timestamp()
    yield waiting(definitions.PICKUP_TIME, _until_median(to_pickup(changes, at)))
    yield waiting(definitions.REVIEW_TIME, _until_median(to_review(changes, at)))
    merging = survival.fit(*to_merge(changes, at), 0.9)
    yield waiting(definitions.TIME_TO_MERGE, merging)
    yield waiting(definitions.TIME_TO_MERGE_P90, merging, 0.9)


def answers(questions: Iterable[Question], now: datetime) -> Figure:
    """From a question to its answer; one that no longer waits and whose answer nobody dated is left out."""
    rows = list(questions)
    dated = [each for each in rows if each.answered is not None or each.waiting]
    lost = len(rows) - len(dated)
    note = f"{lost} settled at an unknown moment, left out" if lost else ""
    return waiting(definitions.ESCALATION_WAIT, _until_median(to_answer(dated, now.timestamp())), note=note)


def _until_median(spans: Spans) -> Curve:
    return survival.fit(*spans, 0.5)


def waiting(metric: Metric, curve: Curve, share: float = 0.5, *, note: str = "") -> Figure:
    """A quantile of a curve as a figure."""
    censored = curve.n - curve.events
    found = survival.quantile(curve, share)
    low = found.low if found else survival.lower(curve, share)
    high = found.high if found else None
    notes = (
        f"{censored} of {curve.n} not there yet (censored)" if censored else "",
        f"the curve does not reach {100 * share:.0f} % yet" if curve.n and found is None else "",
        f"95 % interval: {words.amount(low, Unit.SECONDS)} or more"
        if low is not None and high is None
        else "",
        note,
    )
    return measure(
        metric,
        found.value if found else None,
        curve.n,
        interval=(low, high),
        note="; ".join(filter(None, notes)),
    )


def _first_look(change: Change) -> float | None:
    """A merge is one too where nobody said a word before."""
    decided = change.merged if change.approved is None else change.approved
    if change.reviewed is None or decided is None:
        return decided if change.reviewed is None else change.reviewed
    return min(change.reviewed, decided)


def known(taken: Iterable[float | None], watched: Iterable[float | None]) -> Spans:
    """Those of some rows, without what is unknown."""
    return Spans([each for each in taken if each is not None], [each for each in watched if each is not None])


def _spans(rows: Iterable[tuple[float | None, float | None, float | None]], now: float) -> Spans:
    """Of (start, end, given up): what never started is left out, what neither ended nor was given up is watched till now."""
    happened: list[float] = []
    censored: list[float] = []
    for start, end, given_up in rows:
        if start is None:
            continue
        if end is None:
            until = now if given_up is None else given_up
            censored.append(until - start if until > start else 0.0)
        else:
            happened.append(end - start if end > start else 0.0)
    return Spans(happened, censored)
