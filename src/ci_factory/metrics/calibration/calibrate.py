"""All of the calibration from the sample. Pure: nothing is applied, it is only told."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime

from ci_factory.config import Config
from ci_factory.metrics.calibration import bands, discrimination, halves, reliability, threshold, weights
from ci_factory.metrics.calibration.outcomes import Judged, outcomes
from ci_factory.metrics.calibration.tally import tally
from ci_factory.metrics.calibration.values import Auc, Calibration, Fate
from ci_factory.metrics.sample import Sample
from ci_factory.model.shares import wilson

_NOTES = (
    "Scores and outcomes are those that are known now: a change that was reworked has the score of its last version.",
    "What scored below the threshold was a draft to people; how it would have fared otherwise is not known from it.",
    "Weights say what foretold people's decisions, not what matters: what seldom fails may matter most.",
    "A threshold belongs to its weights: after a change of weights look at the threshold again.",
    "Nothing is applied by itself. Lines of configuration are for a person to paste, or not.",
)


def calibrate(sample: Sample, now: datetime, config: Config) -> Calibration:
    """How scores and outcomes go together, and what might be changed; see docs/calibration.md."""
    found = outcomes(sample.changes, now.timestamp(), config.metrics.defect_days)
    judged = found.judged
    fates = Counter(each.fate for each in judged)
    good = fates[Fate.UNTOUCHED]
    area = discrimination.auc(tally((each.score, each.good) for each in judged))
    parts = halves.split(judged)
    return Calibration(
        verdict=_verdict(judged, area),
        counted=len(judged),
        fates={fate: fates[fate] for fate in Fate},
        left_out=found.left_out,
        since=_moment(judged, 0),
        until=_moment(judged, -1),
        good=good / len(judged) if judged else None,
        interval=wilson(good, len(judged)),
        bands=bands.bands(judged),
        reliability=reliability.reliability(parts),
        auc=area,
        threshold=threshold.advise(parts, area, config.gates.threshold, config.metrics.bad_change_cost),
        weights=weights.advise(judged, config.gates.weights),
        notes=_NOTES if judged else (),
    )


def _moment(judged: Sequence[Judged], place: int) -> datetime | None:
    return datetime.fromtimestamp(judged[place].created, UTC) if judged else None


def _verdict(judged: Sequence[Judged], area: Auc | None) -> str:
    if not judged:
        return "Not enough data: no change with a score is old enough to say what became of it."
    if area is None:
        return f"Not enough data: of {len(judged)} changes too few are good, or too few are bad."
    said = (
        f"in {100 * area.value:.0f} of 100 pairs of a good and a bad change the good one has the higher score"
    )
    span = (
        f" (95 % interval {100 * area.interval[0]:.0f} to {100 * area.interval[1]:.0f})"
        if area.interval
        else ""
    )
    if min(area.good, area.bad) < halves.KIND:
        return f"Not enough data (n = {len(judged)}): so far, {said}{span}."
    if threshold.tells(area):
        return f"The score tells good changes from bad ones: {said}{span}."
    return f"The score does not tell good changes from bad ones: {said}{span}; 50 is a coin."
