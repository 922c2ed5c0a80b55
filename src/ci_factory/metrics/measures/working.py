"""How the agents' work went."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from math import fsum
from operator import attrgetter

from ci_factory.metrics import definitions, words
from ci_factory.metrics.figure import Figure, Metric, measure, share
from ci_factory.metrics.sample import Shift, Work
from ci_factory.metrics.statistics.quantiles import quantile
from ci_factory.metrics.statistics.ratios import clustered, ratio
from ci_factory.model.attempt import Ending


def endings(work: Iterable[Work]) -> list[str | None]:
    """How each came to an end; `None` where no agent was asked, and of what goes on."""
    return [each.ending if each.worked and each.settled else None for each in work]


def escalated(work: Iterable[Work]) -> Figure:
    """Questions to people, of what came to an end."""
    return escalations(endings(work))


def escalations(ended: Sequence[str | None]) -> Figure:
    """Questions to people, of some endings."""
    return _ended(definitions.ESCALATION_RATE, ended, Ending.ESCALATED)


def unchanged(work: Iterable[Work]) -> Figure:
    """Attempts that changed nothing, of what came to an end."""
    return _ended(definitions.NO_CHANGE_RATE, endings(work), Ending.NO_CHANGE)


def _ended(metric: Metric, ended: Sequence[str | None], ending: Ending) -> Figure:
    return share(metric, ended.count(ending.value), len(ended) - ended.count(None))


def iterations(work: Iterable[Work]) -> Figure:
    """Rounds of an attempt."""
    found = quantile([each.iterations for each in work if each.worked], 0.5)
    if found is None:
        return measure(definitions.ITERATIONS, None, 0)
    return measure(definitions.ITERATIONS, found.value, found.n, interval=(found.low, found.high))


def conflicts(shifts: Iterable[Shift]) -> Figure:
    """Pairs of changes that do not merge, over batches whose changes were tried together."""
    rows = list(shifts)
    tried = [
        (each.conflicting, each.pairs)
        for each in rows
        if each.pairs is not None and each.conflicting is not None
    ]
    hits, of = sum(hit for hit, _ in tried), sum(pairs for _, pairs in tried)
    lost = len(rows) - len(tried)
    note = f"{lost} of {words.count(len(rows), 'batch', 'batches')} not tried" if lost else ""
    return measure(
        definitions.CONFLICT_RATE, hits / of if of else None, of, interval=clustered(tried), note=note
    )


def utilisation(work: Iterable[Work], shifts: Iterable[Shift]) -> Figure:
    """Busy lanes over all nights; the interval is that of the nights."""
    nights = list(_nights(work, {(each.project, each.batch): each.lanes for each in shifts}))
    found = ratio(nights)
    if found is None:
        return measure(definitions.UTILISATION, None, len(nights))
    low = None if found.low is None else max(0.0, found.low)
    high = None if found.high is None else min(1.0, found.high)
    return measure(definitions.UTILISATION, found.value, found.n, interval=(low, high))


def _nights(work: Iterable[Work], lanes: dict[tuple[str, str], int]) -> Iterator[tuple[float, float]]:
    """(busy, available) lane seconds of each night."""
    nights: dict[tuple[str, str], list[Work]] = defaultdict(list)
    done = [each for each in work if each.worked]
    for night, each in zip(map(attrgetter("project", "batch"), done), done, strict=True):
        nights[night].append(each)
    for night, rows in nights.items():
        if night in lanes:
            window = max([each.finished for each in rows]) - min([each.started for each in rows])
            busy = fsum([max(0.0, each.finished - each.started) for each in rows])
            yield busy, lanes[night] * max(0.0, window)
