"""When a recommendation is due: one function for each, of the facts alone. Pure.

Each gives `None` unless its evidence can be told from chance. Names and words of others are bounded here, and escaped
where they are shown.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from ci_factory.metrics import definitions, words
from ci_factory.metrics.figure import Figure, Metric, Unit
from ci_factory.metrics.gate_figures import GateFigures
from ci_factory.metrics.measures import quality, working
from ci_factory.metrics.recommendation_facts import DAY, DAYS, Found, Known
from ci_factory.metrics.sample import Change
from ci_factory.metrics.statistics import newcombe, wilson
from ci_factory.metrics.statistics.ratios import ratio
from ci_factory.model.attempt import Ending, Trigger
from ci_factory.model.gate import GateStatus
from ci_factory.model.text import plain

ENOUGH: Final = 10
"""Observations below which no rule speaks."""
_NOTABLE = 0.1
"""A share that is surely below it is nobody's first problem."""
_HALF = 0.5
_HOUR = 3600.0
_NAMED, _LONG = 5, 80


def questions(known: Known) -> Found | None:
    """Questions that wait longer than people are given."""
    hours, now = known.config.escalation.standard_hours, known.now.timestamp()
    asked = (each for each in known.sample.questions if each.raised < known.until.timestamp())
    stale = [each for each in asked if each.waiting and now - each.raised > hours * _HOUR]
    if not stale:
        return None
    oldest = sorted(stale, key=lambda each: each.raised)
    return Found(
        f"Answer {words.count(len(stale), 'question')}",
        f"waiting longer than {hours:g} h, the oldest for {words.span(now - oldest[0].raised)}",
        len(stale),
        about=_tickets(each.ticket for each in oldest),
    )


def defects(known: Known) -> Found | None:
    """More defects after the merge than the target allows."""
    since = known.until.timestamp() - (DAYS + known.config.metrics.defect_days) * DAY
    merged = [each for each in _past(known) if each.merged is not None and each.merged >= since]
    figure = quality.defects(merged, known.config.metrics)
    if not _surely_above(figure, definitions.DEFECTS.target.below if definitions.DEFECTS.target else None):
        return None
    broken = [each for each in merged if each.defect is not None]
    newest = sorted(broken, key=lambda each: -(each.defect or 0.0))
    return Found(
        "Find out what the gates missed",
        f"{_told(figure)} merged changes were reverted or named by a bug, target {_aim(definitions.DEFECTS)}",
        figure.n,
        figure.interval,
        tuple(f"!{each.iid}" for each in newest[:_NAMED]),
    )


def reviewers(known: Known) -> Found | None:
    """Most of the time from the label to the merge is waiting for a first look."""
    units = [unit for each in known.recent.changes if (unit := _wait(each)) is not None]
    found = ratio(units) if len(units) >= ENOUGH else None
    if found is None or found.low is None or found.low <= _HALF:
        return None
    high = min(1.0, found.high if found.high is not None else 1.0)
    share = f"{_percent(found.value)} ({_percents((found.low, high))})"
    told = f"{share} of the time from label to merge of {len(units)} changes went by before anybody looked"
    return Found("Shorten the wait for a reviewer", told, len(units), (found.low, high))


def _wait(change: Change) -> tuple[float, float] | None:
    """Seconds until somebody looked, and from the label to the merge."""
    begun = change.triggered if change.triggered is not None else change.created
    if change.merged is None or change.ready is None or change.merged <= begun:
        return None
    looked = min(at for at in (change.reviewed, change.approved, change.merged) if at is not None)
    return max(0.0, looked - change.ready), change.merged - begun


def gate(known: Known) -> Found | None:
    """One gate stops distinguishably more than the others, and people think it right."""
    told = [each for each in map(_stopped, known.gates) if each[2] >= ENOUGH]
    trusted = [each for each in told if not _surely_above(each[0].false_positives, _HALF)]
    worst = max(trusted, key=lambda each: (wilson(each[1], each[2]) or (0.0, 0.0))[0], default=None)
    if worst is None:
        return None
    found, failed, n = worst
    others = sum(each[1] for each in told) - failed, sum(each[2] for each in told) - n
    mine, theirs = wilson(failed, n), wilson(*others)
    if mine is None or mine[0] <= _NOTABLE:
        return None
    if theirs is not None and newcombe(failed / n, mine, others[0] / others[1], theirs)[0] <= 0:
        return None
    compared = f", the other gates {_percent(others[0] / others[1])}" if others[1] else ""
    reason = found.reasons[0] if found.reasons and found.reasons[0].count > 1 else None
    often = f"; {reason.count} times like “{plain(reason.summary, _LONG)}”" if reason else ""
    name = plain(found.gate, _LONG)
    return Found(
        f"Take away what the gate {name} stops most",
        f"it stopped {failed} of {n} changes ({_percents(mine)}){compared}{often}",
        n,
        mine,
        (name,),
    )


def _stopped(found: GateFigures) -> tuple[GateFigures, int, int]:
    """What it ran on, without what it could not judge."""
    refused = found.counts[GateStatus.FAIL.value] + found.counts[GateStatus.BLOCKED.value]
    return found, refused, refused + found.counts[GateStatus.PASS.value]


def gate_overruled(known: Known) -> Found | None:
    """People merge most of what one gate refuses, and nothing comes of it."""
    overruled = [each for each in known.gates if _surely_above(each.false_positives, _HALF)]
    worst = max(overruled, key=lambda each: each.false_positives.n, default=None)
    if worst is None:
        return None
    name, figure = plain(worst.gate, _LONG), worst.false_positives
    told = f"people merged {_told(figure)} changes that it refused, and nothing came of it"
    return Found(f"Loosen the gate {name}", told, figure.n, figure.interval, (name,))


def escalations(known: Known) -> Found | None:
    """Too many questions, and one kind of them stands out."""
    figure = working.escalated(known.recent.work)
    target = definitions.ESCALATION_RATE.target
    asked = Counter(each.trigger for each in known.recent.questions)
    if not _surely_above(figure, target.below if target else None) or not asked:
        return None
    (trigger, most), *others = asked.most_common()
    second = others[0][1] if others else 0
    sure = wilson(most, most + second)
    if sure is None or sure[0] <= _HALF:
        return None
    of, known_triggers = asked.total(), {each.value for each in Trigger}
    kind = trigger if trigger in known_triggers else "other"
    told = f"{_told(figure)} attempts ended with a question, target {_aim(definitions.ESCALATION_RATE)}; {most} of {of} questions are about {kind}"
    return Found(f"Ask less about {kind}", told, figure.n, figure.interval, (kind,))


def large_tickets(known: Known) -> Found | None:
    """Large changes are reworked more often than small ones."""
    decided = [each for each in known.quarter.changes if each.decided is not None]
    large, small = (_reworked(decided, sizes) for sizes in ({"large"}, {"trivial", "small"}))
    mine, theirs = wilson(*large), wilson(*small)
    if min(large[1], small[1]) < ENOUGH or mine is None or theirs is None:
        return None
    shares = large[0] / large[1], small[0] / small[1]
    low, high = newcombe(shares[0], mine, shares[1], theirs)
    if low <= 0:
        return None
    told = (
        f"{_percent(shares[0])} of {large[1]} large changes were reworked, {_percent(shares[1])} of {small[1]} small ones; "
        f"{100 * low:.0f} to {100 * high:.0f} points more"
    )
    return Found("Split large tickets", told, large[1] + small[1], (low, high))


def _reworked(decided: Iterable[Change], sizes: set[str]) -> tuple[int, int]:
    rows = [each.reworked for each in decided if each.size in sizes]
    return sum(rows), len(rows)


def timeouts(known: Known) -> Found | None:
    """Many attempts run out of time."""
    found = _ending(known, Ending.TIMEOUT)
    return found and Found(
        "Give agents more time, or less work", f"{found[0]} of attempts ran out of time", *found[1:]
    )


def no_change(known: Known) -> Found | None:
    """Many attempts change nothing."""
    found = _ending(known, Ending.NO_CHANGE)
    return found and Found(
        "Take out tickets that need no change", f"{found[0]} of attempts changed nothing", *found[1:]
    )


def _ending(known: Known, ending: Ending) -> tuple[str, int, tuple[float, float], tuple[str, ...]] | None:
    """Share of attempts that ended so, when that is surely notable; with the newest tickets."""
    ended = [each for each in known.recent.work if each.worked and each.settled]
    hits = [each for each in ended if each.ending == ending.value]
    interval = wilson(len(hits), len(ended))
    if interval is None or len(ended) < ENOUGH or interval[0] <= _NOTABLE:
        return None
    newest = sorted(hits, key=lambda each: -each.finished)
    return (
        f"{len(hits)} of {len(ended)} ({_percents(interval)})",
        len(ended),
        interval,
        _tickets(e.ticket for e in newest),
    )


def conflicts(known: Known) -> Found | None:
    """Too many changes of a night do not merge together."""
    figure, target = working.conflicts(known.recent.shifts), definitions.CONFLICT_RATE.target
    if not _surely_above(figure, target.below if target else None):
        return None
    told = f"{_told(figure)} pairs of a night's changes do not merge together, target {_aim(definitions.CONFLICT_RATE)}"
    return Found("Keep overlapping tickets apart", told, figure.n, figure.interval)


def lanes(known: Known) -> Found | None:
    """Lanes stand idle more than the target allows."""
    figure = working.utilisation(known.recent.work, known.recent.shifts)
    target = definitions.UTILISATION.target
    if (
        figure.interval is None
        or target is None
        or target.above is None
        or figure.interval[1] >= target.above
    ):
        return None
    told = f"lanes were busy {words.amount(figure.value, figure.unit)} of the time ({words.interval(figure)}, {figure.n} nights), target {_aim(definitions.UTILISATION)}"
    return Found(
        "Run fewer lanes, or plan more tickets that do not wait for each other",
        told,
        figure.n,
        figure.interval,
    )


def threshold(known: Known) -> Found | None:
    """The calibration suggests another threshold."""
    advice = known.calibration.threshold
    if advice.suggested is None or advice.effect is None:
        return None
    what = f"Consider the threshold {advice.suggested:g} in place of {advice.now:g}"
    return Found(what, advice.words.rstrip("."), advice.effect.changes, advice.effect.interval)


def weights(known: Known) -> Found | None:
    """The calibration suggests other weights."""
    advice = known.calibration.weights
    if advice.suggested is None:
        return None
    of = advice.auc_then.good + advice.auc_then.bad if advice.auc_then else known.calibration.counted
    told = ", ".join(f"{component.value} {weight:g}" for component, weight in advice.suggested.items())
    return Found(
        "Consider other weights of the score", f"{advice.words.rstrip('.')}: {told}", of, advice.interval
    )


def _past(known: Known) -> Sequence[Change]:
    until = known.until.timestamp()
    return [each for each in known.sample.changes if each.merged is not None and each.merged < until]


def _surely_above(figure: Figure, bound: float | None) -> bool:
    return (
        bound is not None
        and figure.interval is not None
        and figure.n >= ENOUGH
        and figure.interval[0] > bound
    )


def _aim(metric: Metric) -> str:
    return words.target(metric.target, metric.unit)


def _tickets(ids: Iterable[str]) -> tuple[str, ...]:
    """Each once, in order."""
    return tuple(plain(each, _LONG) for each in list(dict.fromkeys(ids))[:_NAMED])


def _told(figure: Figure) -> str:
    """`31 % (22–42 %) of 84`."""
    return f"{words.amount(figure.value, figure.unit)} ({words.interval(figure)}) of {figure.n}"


def _percent(share: float) -> str:
    return words.amount(share, Unit.SHARE)


def _percents(interval: tuple[float, float]) -> str:
    return f"{100 * interval[0]:.0f}–{100 * interval[1]:.0f} %"
