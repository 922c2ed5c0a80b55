"""What a missed target asks for, in the unit of the figure. Pure."""

import math

from ci_factory.metrics import words
from ci_factory.metrics.figure import Figure, Status, Unit
from ci_factory.model.base import Value


class Goal(Value):
    """One missed target."""

    key: str
    name: str
    now: str
    target: str
    needed: str
    """What would have met it."""


def goal(figure: Figure) -> Goal | None:
    """Of a figure that surely misses its target; nothing of any other."""
    if figure.status is not Status.BAD or figure.value is None or figure.target is None:
        return None
    return Goal(
        key=figure.key,
        name=figure.name,
        now=words.amount(figure.value, figure.unit),
        target=words.target(figure.target, figure.unit),
        needed=_share(figure, figure.value) if figure.unit is Unit.SHARE else _distance(figure, figure.value),
    )


def _share(figure: Figure, value: float) -> str:
    """In cases of this period's size."""
    target, hits = figure.target, round(value * figure.n)
    assert target is not None  # noqa: S101 - asked by `goal`
    if target.below is not None and value >= target.below:
        most = math.ceil(target.below * figure.n) - 1
        return f"at most {max(0, most)} of {figure.n} instead of {hits}"
    least = math.floor((target.above or 0.0) * figure.n) + 1
    return f"at least {least} of {figure.n} instead of {hits}"


def _distance(figure: Figure, value: float) -> str:
    target = figure.target
    assert target is not None  # noqa: S101 - asked by `goal`
    bound = target.below if target.below is not None and value >= target.below else target.above
    if bound is None:
        return ""
    way = "less" if value >= bound else "more"
    return f"{words.amount(abs(value - bound), figure.unit)} {way}"
