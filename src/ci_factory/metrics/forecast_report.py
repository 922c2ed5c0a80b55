"""What was forecast and what came of it, in one line of the morning report."""

from collections.abc import Iterable, Iterator, Sequence

from ci_factory.metrics import words
from ci_factory.model.forecast import Forecast, ForecastScore, Outlook, Scored, Spread

_LONG = 10
_TITLES = {"ready": "merge requests ready", "spend": "USD", "conflicts": "conflicting pairs"}


def lines(outlook: Outlook | None, batch_id: str) -> Iterator[str]:
    """The batch's own forecast, scored when its deadline has passed, and how the forecasts did so far."""
    forecast = outlook.forecasts.get(batch_id) if outlook else None
    if outlook is None or forecast is None:
        return
    scored = next((each for each in outlook.scores if each.batch == batch_id), None)
    said = _expected(forecast) if scored is None else _judged(scored)
    yield f"Forecast, P10 to P90 by {words.moment(forecast.deadline)}: {said}{_so_far(outlook.scores)}."
    yield ""


def _expected(forecast: Forecast) -> str:
    spreads = ((name, getattr(forecast, name)) for name in _TITLES)
    return ", ".join(f"{span(spread)} {_TITLES[name]}" for name, spread in spreads if spread is not None)


def _judged(scored: ForecastScore) -> str:
    parts = [_one(each) for each in scored.figures]
    parts += [f"{_TITLES[name]} unknown" for name in scored.unknown]
    return ", ".join(parts)


def _one(each: Scored) -> str:
    verdict = "inside" if each.inside else "outside"
    return f"{span(each.forecast)} {_TITLES[each.figure]}, it was {each.actual:g} ({verdict})"


def _so_far(scores: Iterable[ForecastScore]) -> str:
    ready: Sequence[Scored] = [each for night in scores for each in night.figures if each.figure == "ready"]
    if not ready:
        return "; no forecast was scored yet"
    inside = sum(each.inside for each in ready)
    return f"; merge requests ready were inside on {inside} of {words.count(len(ready), 'night')} (about 8 of 10 is right)"


def span(spread: Spread) -> str:
    """Such as `12 to 17`."""
    return f"{_short(spread.p10)} to {_short(spread.p90)}"


def _short(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= _LONG else f"{value:.3g}"
