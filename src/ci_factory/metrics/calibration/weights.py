"""Weights of the score's components that would have told good changes from bad ones better.

A logistic regression of good on the components, on the older half; its coefficients, scaled to sum to 1, are weights.
They are drawn towards those of now, so that few changes do not move them far, and are judged on the newer half.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence

from ci_factory.metrics import words
from ci_factory.metrics.calibration import discrimination
from ci_factory.metrics.calibration.halves import Halves, more, split
from ci_factory.metrics.calibration.logistic import Row, fit
from ci_factory.metrics.calibration.outcomes import Judged
from ci_factory.metrics.calibration.tally import tally
from ci_factory.metrics.calibration.threshold import tells
from ci_factory.metrics.calibration.values import WeightsAdvice
from ci_factory.metrics.sample import COMPONENTS
from ci_factory.model.gate import Component

NEWEST = 5000
"""Changes that are looked at, at most."""
WORTH = 0.01
"""Gain in AUC below which nobody need change a configuration."""
_KNOWN = 0.9
"""Part of the changes for which a component must be known to be weighed anew."""
_FULL = 100.0
_PLACES = {Component(name): place for place, name in enumerate(COMPONENTS)}


def advise(judged: Sequence[Judged], now: Mapping[Component, float]) -> WeightsAdvice:
    """The suggestion with its gain on the newer half, or the words that say why there is none."""
    newest = judged[-NEWEST:]
    weighed = _weighed(newest, now)
    if len(weighed) < 2:  # noqa: PLR2004 - one weight alone can't be other than it is
        return _none(now, "No weights are suggested, as fewer than two components vary.")
    places = [_PLACES[component] for component in weighed]
    halves = split([each for each in newest if all(each.components[place] is not None for place in places)])
    if missing := halves.missing():
        return _none(now, f"Too few changes to suggest weights: about {missing} more are needed.", missing)
    then = suggest(halves.older, now, weighed)
    return _compare(halves, now, then) if then != dict(now) else _none(now, "The weights of now serve best.")


def _weighed(judged: Sequence[Judged], now: Mapping[Component, float]) -> list[Component]:
    """Components that are known of most changes and differ between them."""
    found = []
    for component in now:
        known = {each.components[_PLACES[component]] for each in judged}
        missing = sum(each.components[_PLACES[component]] is None for each in judged)
        if len(known - {None}) > 1 and missing <= (1 - _KNOWN) * len(judged):
            found.append(component)
    return found


def suggest(
    judged: Sequence[Judged], now: Mapping[Component, float], weighed: Sequence[Component]
) -> dict[Component, float]:
    """All weights; those that are not weighed anew stay as they are."""
    share = math.fsum(now[component] for component in weighed)
    before = [now[component] / share if share else 1 / len(weighed) for component in weighed]
    rows = _rows(judged, [_PLACES[component] for component in weighed])
    slope = fit([_summed(row, before) for row in rows], [0.0], 1e-6).coefficients[0]
    # What a coefficient is now, give or take its own size: at first sight of 0, one unit of log odds.
    spread = max(1.0, slope) / len(weighed)
    found = fit(rows, [slope * each for each in before], 1 / spread**2).coefficients
    total = math.fsum(found)
    if not total:
        return dict(now)
    kept = {component: weight for component, weight in now.items() if component not in weighed}
    return _rounded({c: share * each / total for c, each in zip(weighed, found, strict=True)} | kept, now)


def _rows(judged: Sequence[Judged], places: Sequence[int]) -> list[Row]:
    """Same values together, in hundredths and around their means, which makes the steps short."""
    every: Counter[tuple[float, ...]] = Counter()
    good: Counter[tuple[float, ...]] = Counter()
    for each in judged:
        values = tuple((each.components[place] or 0.0) / _FULL for place in places)
        every[values] += 1
        good[values] += each.good
    means = [
        math.fsum(values[i] * n for values, n in every.items()) / len(judged) for i in range(len(places))
    ]
    return [
        Row(tuple(value - mean for value, mean in zip(values, means, strict=True)), good[values], n)
        for values, n in every.items()
    ]


def _summed(row: Row, weights: Sequence[float]) -> Row:
    return row._replace(values=(math.fsum(map(float.__mul__, weights, row.values)),))


def _rounded(weights: Mapping[Component, float], order: Mapping[Component, float]) -> dict[Component, float]:
    """Two decimals that sum to 1: the largest remainders are rounded up (Hamilton's method)."""
    hundredths = {component: math.floor(_FULL * weights[component] + 1e-9) for component in order}
    rest = round(_FULL - sum(hundredths.values()))
    largest = sorted(order, key=lambda component: hundredths[component] - _FULL * weights[component])
    for component in largest[:rest]:
        hundredths[component] += 1
    return {component: hundredths[component] / _FULL for component in order}


def points(judged: Judged, weights: Mapping[Component, float]) -> float:
    """The score that these weights give; what is unknown adds none."""
    return round(sum(w * (judged.components[_PLACES[c]] or 0.0) for c, w in weights.items()), 6)


def _compare(
    halves: Halves, now: Mapping[Component, float], then: Mapping[Component, float]
) -> WeightsAdvice:
    good = [each.good for each in halves.newer]
    before, after = ([points(each, weights) for each in halves.newer] for weights in (now, then))
    old, new = (discrimination.auc(tally(zip(scores, good, strict=True))) for scores in (before, after))
    gain = discrimination.gain(before, after, good)
    assert old is not None and new is not None and gain is not None  # noqa: S101, PT018 - both kinds are in each half
    low, high = gain.interval
    certain = gain.value >= WORTH and low > 0 and tells(new)
    n = len(good)
    needed = None if certain or gain.value < WORTH else more(gain.value, gain.variance * n, 2 * n)
    span = f"AUC {new.value:.2f} instead of {old.value:.2f} on {n} newer changes"
    within = f"gain {gain.value:+.3f}, 95 % interval {low:+.3f} to {high:+.3f}"
    return WeightsAdvice(
        now=dict(now),
        suggested=dict(then) if certain else None,
        auc_now=old,
        auc_then=new,
        gain=gain.value,
        interval=(low, high),
        words=f"These weights tell good changes from bad ones better: {span} ({within})."
        if certain
        else _unsure(span, within, needed),
        needed=needed,
        yaml=_yaml(then) if certain else "",
    )


def _unsure(span: str, within: str, needed: int | None) -> str:
    tail = f" About {words.roughly(needed)} more decided changes might settle it." if needed else ""
    return f"No weights are suggested: the best found give {span} ({within}), which is nothing, or within chance.{tail}"


def _none(now: Mapping[Component, float], words: str, needed: int | None = None) -> WeightsAdvice:
    return WeightsAdvice(now=dict(now), words=words, needed=needed)


def _yaml(weights: Mapping[Component, float]) -> str:
    lines = (f"    {component.value}: {weight:g}\n" for component, weight in weights.items())
    return "gates:\n  weights:\n" + "".join(lines)
