"""What people made of the changes, and what became of them."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from operator import attrgetter
from typing import Literal

from ci_factory.metrics import definitions, words
from ci_factory.metrics.figure import Figure, Metric, measure, share
from ci_factory.metrics.sample import Change, Work
from ci_factory.metrics.statistics import competing, mean
from ci_factory.metrics.statistics.proportions import wilson
from ci_factory.metrics.statistics.quantiles import mean_interval, quantile
from ci_factory.metrics.statistics.ratios import ratio
from ci_factory.model.metrics_settings import MetricsConfig

DAY = 86400.0
DAYS = (1, 3, 7, 14)
"""Ages at which it is told how many had merged."""
_OPEN = "opened"
Outcome = Literal["undated", "young", "waiting", "merged", "closed"]
"""Of a change at some age; `undated`: decided, and the forge does not say when."""
Review = Literal["open", "passed", "reworked", "left"]
"""`left`: decided without approval and without rework."""
Fate = Literal["unmerged", "young", "sound", "broken"]
"""`young`: not watched long enough after its merge."""
_key = attrgetter("project", "ticket")


def acceptance(changes: Iterable[Change], now: datetime, settings: MetricsConfig) -> Figure:
    """Of those old enough, as they stood at that age: the same rule for fast and slow decisions."""
    return accepted(Counter(outcomes(changes, now, settings)), settings)


def outcomes(changes: Iterable[Change], now: datetime, settings: MetricsConfig) -> list[Outcome]:
    """How each stood at the age at which acceptance is told."""
    age = settings.maturity_days * DAY
    latest = now.timestamp() - age
    return [_outcome(each, latest, age) for each in changes]


def _outcome(change: Change, latest: float, age: float) -> Outcome:
    end = change.closed if change.merged is None else change.merged
    if end is None and change.state != _OPEN:
        return "undated"
    if change.created > latest:
        return "young"
    if end is None or end - change.created > age:
        return "waiting"
    return "closed" if change.merged is None else "merged"


def accepted(counts: Counter[Outcome], settings: MetricsConfig) -> Figure:
    """Acceptance, of how many stood how."""
    merged, waiting, young = counts["merged"], counts["waiting"], counts["young"]
    days = words.count(settings.maturity_days, "day")
    parts = (
        f"{waiting} undecided at {days}, not counted" if waiting else "",
        f"{young} younger than {days}, not counted yet" if young else "",
    )
    return share(
        definitions.ACCEPTANCE, merged, merged + counts["closed"], note="; ".join(filter(None, parts))
    )


def _dated(changes: Iterable[Change]) -> list[Change]:
    """Without those that are decided and of which the forge does not say when."""
    return [
        each for each in changes if each.merged is not None or each.closed is not None or each.state == _OPEN
    ]


def merged_by_day(changes: Iterable[Change], now: datetime) -> Iterator[Figure]:
    """The share merged by some ages, with closing unmerged as the competing end."""
    at, rows = now.timestamp(), _dated(changes)
    merged = [max(0.0, each.merged - each.created) for each in rows if each.merged is not None]
    closed = [
        max(0.0, each.closed - each.created)
        for each in rows
        if each.merged is None and each.closed is not None
    ]
    waiting = [max(0.0, at - each.created) for each in rows if each.merged is None and each.closed is None]
    found = competing.incidence(merged, closed, waiting)
    longest, ended = max(waiting, default=0.0), max((*merged, *closed), default=0.0)
    for day in DAYS:
        young = len([1 for seconds in waiting if seconds < day * DAY])
        # Where the one that was watched longest came to its end, nobody is left to change the share.
        reached = not waiting or longest >= day * DAY or ended > longest
        yield _merged_by(found, day, young, reached=reached)


def _merged_by(found: competing.Incidence, day: int, young: int, *, reached: bool) -> Figure:
    """Unknown where some wait and were not watched that long (not `reached`)."""
    value, interval = found.at(day * DAY)
    followed = found.n - young
    if interval is None:
        # At 0 and 1 the curve's own variance is nothing, and no evidence: those followed to that age say how sure it is.
        interval = wilson(value * followed, followed)
    known = bool(found.n) and reached
    return measure(
        definitions.MERGED_BY_DAY,
        value if known else None,
        found.n,
        interval=interval if known else None,
        note=f"{young} not that old yet (censored)" if young else "",
        labels={"day": str(day)},
    )


def review(changes: Iterable[Change]) -> Iterator[Figure]:
    """How decided merge requests came through review."""
    rows = list(changes)
    yield from verdicts(rows)
    yield _reworked_lines([each for each in rows if each.state != _OPEN])


def verdicts(changes: Iterable[Change]) -> tuple[Figure, Figure]:
    """First-pass approval, and rework."""
    return reviewed(Counter(reviews(changes)))


def reviews(changes: Iterable[Change]) -> list[Review]:
    """How each came through review."""
    return [_review(each) for each in changes]


def _review(change: Change) -> Review:
    if change.state == _OPEN:
        return "open"
    if change.reworked:
        return "reworked"
    return "left" if change.approved is None else "passed"


def reviewed(counts: Counter[Review]) -> tuple[Figure, Figure]:
    """First-pass approval, and rework, of how many came through review how."""
    undecided = counts["open"]
    decided = counts.total() - undecided
    note = f"{undecided} still open, not counted" if undecided else ""
    return (
        share(definitions.FIRST_PASS, counts["passed"], decided, note=note),
        share(definitions.REWORK, counts["reworked"], decided, note=note),
    )


def _reworked_lines(decided: Sequence[Change]) -> Figure:
    units = [
        (each.reworked_lines, each.added + each.removed)
        for each in decided
        if each.reworked_lines is not None and each.added is not None and each.removed is not None
    ]
    return _ratio(definitions.REWORKED_LINES, units, len(decided))


def churn(changes: Iterable[Change]) -> Figure:
    """Of merged changes whose lines were looked for after some weeks."""
    merged = [each for each in changes if each.merged is not None]
    units = [
        (each.churned, each.churn_of)
        for each in merged
        if each.churned is not None and each.churn_of is not None
    ]
    return _ratio(definitions.CHURN, units, len(merged))


def _ratio(metric: Metric, units: Sequence[tuple[float, float]], of: int) -> Figure:
    found, left = ratio(units), of - len(units)
    note = f"unknown for {left} of {of}" if left else ""
    if found is None:
        return measure(metric, None, len(units), note=note)
    low = None if found.low is None else max(0.0, found.low)
    return measure(metric, found.value, len(units), interval=(low, found.high), note=note)


def defects(changes: Iterable[Change], settings: MetricsConfig) -> Figure:
    """Of those that were watched long enough after their merge."""
    return defective(Counter(fates(changes, settings)), settings)


def fates(changes: Iterable[Change], settings: MetricsConfig) -> list[Fate]:
    """What became of each after its merge."""
    span = settings.defect_days * DAY
    return [_fate(each, span) for each in changes]


def _fate(change: Change, seconds: float) -> Fate:
    if change.merged is None:
        return "unmerged"
    if not watched(change, seconds):
        return "young"
    return "broken" if broken(change, seconds) else "sound"


def defective(counts: Counter[Fate], settings: MetricsConfig) -> Figure:
    """Defects, of how many met which fate."""
    young, days = counts["young"], words.count(settings.defect_days, "day")
    note = f"{young} merged and not observed for {days} yet, not counted" if young else ""
    return share(definitions.DEFECTS, counts["broken"], counts["broken"] + counts["sound"], note=note)


def watched(change: Change, seconds: float) -> bool:
    """Whether it is known what became of a merged change in the time after its merge."""
    return (
        change.merged is not None
        and change.observed_until is not None
        and change.observed_until - change.merged >= seconds
    )


def broken(change: Change, seconds: float) -> bool:
    """Whether a merged change was reverted or had a bug linked in the time after its merge."""
    if change.merged is None or change.defect is None:
        return False
    return 0 <= change.defect - change.merged <= seconds


def scores(changes: Iterable[Change], work: Iterable[Work]) -> Iterator[Figure]:
    """What the gates say of the changes, those without a merge request too."""
    known, without = newest_scores(changes, work)
    interval, note = mean_interval(known), _unscored(without)
    yield measure(definitions.SCORE_MEAN, mean(known), len(known), interval=interval, note=note)
    yield _median(known, note)


def score_median(scores: Iterable[float | None], judged: int) -> Figure:
    """What the gates say of merge requests, of which they judged so many."""
    known = [score for score in scores if score is not None]
    return _median(known, _unscored(judged - len(known)))


def _median(known: Sequence[float], note: str) -> Figure:
    middle = quantile(known, 0.5)
    value, ends = (middle.value, (middle.low, middle.high)) if middle else (None, None)
    return measure(definitions.SCORE_MEDIAN, value, len(known), interval=ends, note=note)


def _unscored(count: int) -> str:
    return f"{count} judged inconclusive, without a score" if count else ""


def newest_scores(changes: Iterable[Change], work: Iterable[Work]) -> tuple[list[float], int]:
    """The newest score of every judged change, and how many were judged without a score.

    The merge request's own note is the truth; where a ticket has none, its last attempt's score.
    """
    judged = [each for each in changes if each.verdict is not None]
    noted = set(map(_key, judged))
    tried = [each for each in work if each.verdict is not None]
    alone = [each for key, each in zip(map(_key, tried), tried, strict=True) if key not in noted]
    last = {_key(each): each.score for each in sorted(alone, key=attrgetter("finished"))}
    every = [*[each.score for each in judged], *last.values()]
    known = [score for score in every if score is not None]
    return known, len(every) - len(known)
