"""What a comparison of agents says: values that report, page and JSON show."""

from ci_factory.metrics.figure import Figure, Unit
from ci_factory.model.base import Value


class Cell(Value):
    """One agent in one stratum."""

    agent: str
    n: int
    value: float | None
    """Its figure there; `None` where there is nothing to take it of."""


class Stratum(Value):
    """Changes that are alike: one size, one area (or the areas that are too sparse alone)."""

    name: str
    """Such as `large, src/app`."""
    n: int
    """Of all agents compared."""
    weight: float
    """Its part of the common standard, 0 to 1; 0 when it is not common to all, and left out."""
    cells: tuple[Cell, ...]
    """One for each agent compared, in the order of `Comparison.arms`."""


class Arm(Value):
    """One agent: its raw figure, and what it would be if everybody had the same changes."""

    agent: str
    n: int
    raw: Figure
    standardised: Figure | None
    """`None` for an agent that is not compared; `note` says why."""
    note: str = ""


class Pair(Value):
    """Two agents, of which `better` has the better standardised figure."""

    better: str
    other: str
    raw_difference: float
    """`better` - `other`."""
    raw_interval: tuple[float, float]
    difference: float
    """Of the standardised figures, `better` - `other`."""
    interval: tuple[float, float]
    """Contains 0 exactly where the two can't be told apart; widened after Holm where several pairs are compared."""
    p_value: float
    """Two-sided, after Holm."""
    reversed: bool
    """Whether raw figures say the opposite, both differences being at least a point (or a hundredth)."""
    distinguishable: bool
    needed: int | None
    """Observations an arm that would tell a difference like this one apart, 80 % of the time; `None` where there is none to
    tell, or it is told already."""
    verdict: str
    why: str
    """Which strata make raw and standardised figures differ; empty where they agree."""


class Comparison(Value):
    """One figure of all agents, raw and standardised side by side."""

    key: str
    name: str
    unit: Unit
    definition: str
    higher_is_better: bool
    arms: tuple[Arm, ...]
    """The best standardised figure first, then those that are not compared by name."""
    strata: tuple[Stratum, ...]
    """The largest first."""
    pairs: tuple[Pair, ...]
    """Every other agent against the best one, and any two more whose order is reversed; empty when fewer than two can be
    compared."""
    reversed: bool
    """Whether raw and standardised figures put any two of them in opposite order."""
    verdict: str
    why: str
    notes: tuple[str, ...]
    """How it was standardised, and what is left out."""
