"""Forecasts against what happened: inside the interval or not, and by how much they were off."""

from collections.abc import Mapping, Sequence

from ci_factory.model.forecast import Coverage, Forecast, ForecastScore, Scored, Spread

_LEVELS = (0.1, 0.5, 0.9)
EXPECTED = 0.8
"""Share of nights that lie from P10 to P90 when the forecasts are right."""


def pinball(forecast: float, actual: float, level: float) -> float:
    """Loss of a quantile forecast (Koenker and Bassett, 1978); its mean is least for the true quantile."""
    miss = actual - forecast
    return level * miss if miss >= 0 else (level - 1) * miss


def loss(forecast: Spread, actual: float) -> float:
    """Mean pinball loss over P10, P50 and P90. The CRPS is twice the mean over all levels (Gneiting and Ranjan, 2011)."""
    values = zip((forecast.p10, forecast.p50, forecast.p90), _LEVELS, strict=True)
    return sum(pinball(value, actual, level) for value, level in values) / len(_LEVELS)


def score(forecast: Forecast, actual: Mapping[str, float | None]) -> ForecastScore:
    """Each figure that was forecast against what is known of it."""
    found, unknown = [], []
    for name in ("ready", "spend", "conflicts"):
        spread: Spread | None = getattr(forecast, name)
        happened = actual.get(name)
        if spread is None:
            continue
        if happened is None:
            unknown.append(name)
            continue
        found.append(
            Scored(
                figure=name,
                forecast=spread,
                actual=happened,
                inside=spread.covers(happened),
                pinball=loss(spread, happened),
            )
        )
    return ForecastScore(
        batch=forecast.batch, deadline=forecast.deadline, figures=tuple(found), unknown=tuple(unknown)
    )


def coverage(scores: Sequence[ForecastScore]) -> tuple[Coverage, ...]:
    """Of each figure how many nights lay within P10 to P90; eight of ten when the forecasts are right."""
    by_figure: dict[str, list[Scored]] = {}
    for scored in (each for night in scores for each in night.figures):
        by_figure.setdefault(scored.figure, []).append(scored)
    return tuple(
        Coverage(
            figure=name,
            nights=len(found),
            inside=sum(each.inside for each in found),
            pinball=sum(each.pinball for each in found) / len(found),
        )
        for name, found in by_figure.items()
    )
