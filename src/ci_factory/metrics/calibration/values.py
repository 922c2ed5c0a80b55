"""What a calibration says: values that report, page and JSON show. Nothing here is ever applied by itself."""

from enum import StrEnum

from ci_factory.model.base import Moment, Value
from ci_factory.model.gate import Component

Interval = tuple[float, float]
"""From and to, 95 %."""


class Fate(StrEnum):
    """What became of a change; the worst that holds, in this order."""

    UNTOUCHED = "merged untouched"
    """Merged as it was first shown to people, and nothing bad came of it. The only good one."""
    REWORKED = "merged reworked"
    CLOSED = "closed"
    DEFECT = "reverted or defect"
    """Merged, and reverted or named by a bug within `metrics.defect_days`."""


class LeftOut(Value):
    """Changes that are not counted, and why."""

    reason: str
    n: int


class Band(Value):
    """Changes with scores from `low` up to `high`, which belongs to the next band unless it is 100."""

    low: float
    high: float
    name: str
    """Such as `80 to < 85`."""
    n: int
    fates: dict[Fate, int]
    """How many of each, all four."""
    good: float | None
    """Share merged untouched, 0 to 1; `None` of nothing."""
    interval: Interval | None
    """Wilson's, of `good`."""
    note: str = ""
    """Which sparse bands it was pooled of, or that it has too few to be read."""


class Step(Value):
    """From this score on, up to the next step, this is the probability that a change is good."""

    score: float
    probability: float


class Bin(Value):
    """Changes of the newer half to which the older half's mapping gives about the same probability."""

    expected: float
    """Mean probability that was foretold."""
    observed: float
    """Share that was good."""
    interval: Interval
    """Wilson's, of `observed`."""
    n: int


class Reliability(Value):
    """Whether the score, taken as a probability, keeps its word on changes that it was not fitted to."""

    fitted_on: int
    judged_on: int
    split_at: Moment
    """Changes created before it made the mapping, the others judged it."""
    steps: tuple[Step, ...]
    """The mapping, fitted on the older half: isotonic, so a higher score never means a lower probability."""
    bins: tuple[Bin, ...]
    brier: float
    """Mean of (probability - what came) squared over the newer half; 0 is best."""
    reference: float
    """The same when every change is given the older half's share of good ones."""
    skill: float | None
    """1 - brier / reference: 1 is perfect, 0 no better than the share alone; `None` when the reference is 0."""
    skill_interval: Interval | None
    words: str


class Auc(Value):
    """How often the better of a good and a bad change has the higher score; 0.5 is a coin."""

    value: float
    interval: Interval | None
    """DeLong's, on the logit scale; `None` where the variance is 0 and says nothing."""
    good: int
    bad: int


class Effect(Value):
    """What another threshold would have done to the newer half of the changes."""

    changes: int
    bad_through_now: int
    bad_through_then: int
    good_held_now: int
    good_held_then: int
    saved: float
    """Cost saved for 100 changes, in good changes held back."""
    interval: Interval


class ThresholdAdvice(Value):
    """A threshold that would have served better, or why none is suggested."""

    now: float
    cost: float
    """What a bad change let through costs, in good changes held back."""
    suggested: float | None = None
    effect: Effect | None = None
    """On the newer half, which did not choose it."""
    words: str
    needed: int | None = None
    """How many more decided changes might settle it; `None` when nobody can say, or none are needed."""
    yaml: str = ""
    """Lines for the configuration file, when something is suggested."""


class WeightsAdvice(Value):
    """Weights of components that would tell good from bad better, or why none are suggested."""

    now: dict[Component, float]
    suggested: dict[Component, float] | None = None
    """Not negative, sum 1, two decimals."""
    auc_now: Auc | None = None
    """On the newer half, which did not choose the weights."""
    auc_then: Auc | None = None
    gain: float | None = None
    interval: Interval | None = None
    """Of the gain; DeLong's for two scores of the same changes."""
    words: str
    needed: int | None = None
    yaml: str = ""


class Calibration(Value):
    """What scores were worth, judged by what became of the changes."""

    verdict: str
    """One sentence."""
    counted: int
    fates: dict[Fate, int]
    left_out: tuple[LeftOut, ...]
    since: Moment | None
    """Creation of the oldest change counted."""
    until: Moment | None
    good: float | None
    """Share merged untouched of all that were counted."""
    interval: Interval | None
    bands: tuple[Band, ...]
    reliability: Reliability | None
    auc: Auc | None
    threshold: ThresholdAdvice
    weights: WeightsAdvice
    notes: tuple[str, ...]
    """What a reader must know to not misread all this."""
