"""What a simulation says, on a terminal, as a page, for machines."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import click

from ci_factory.cli import common
from ci_factory.model.base import Json
from ci_factory.model.forecast import Outlook, Spread
from ci_factory.model.simulated import Result, Simulated
from ci_factory.model.text import plain
from ci_factory.planning.simulation import fitting
from ci_factory.planning.simulation.assumptions import SOURCES
from ci_factory.planning.simulation.scenario import FIGURES
from ci_factory.planning.simulation.scoring import EXPECTED, coverage
from ci_factory.planning.simulation.study import Study

_LONG = 100
_BARS = "▁▂▃▄▅▆▇█"
_SHOWN = {
    "ready": "ready",
    "waiting": "waiting",
    "conflicts": "conflicts",
    "redone": "redone",
    "merged": "merged",
    "spend": "USD",
    "utilisation": "lanes busy",
    "tardiness": "tardiness, h",
}
"""Figures of the comparison, in short."""


def show(study: Study, results: Sequence[Result]) -> None:
    """Print the figures with their definitions, a small picture, and what was assumed."""
    common.say(_heading(study), indent=2)
    if len(results) == 1:
        _one(results[0])
    else:
        _many(results)
    _pictures(study, results[0])
    click.echo("")
    for title, meaning in FIGURES.values():
        common.say(f"{title}: {meaning}", indent=2)
    click.echo("")
    click.echo("assumed (docs/simulation.md; --assumptions FILE for others):")
    for name, source in {**SOURCES, **_sizes(study)}.items():
        common.say(f"  {name}: {source}", indent=4)


def as_json(study: Study, results: Sequence[Result]) -> Json:
    """The same for machines."""
    return {
        "start": study.span.start.isoformat(),
        "deadline": study.span.calendar.moment(study.span.calendar.nights[0][2]).isoformat(),
        "seed": study.seed,
        "nights": study.nights,
        "equipment": study.equipment.model_dump(mode="json"),
        "assumptions": study.assumptions.model_dump(mode="json"),
        "sources": SOURCES,
        "definitions": {name: meaning for name, (_, meaning) in FIGURES.items()},
        "results": [each.model_dump(mode="json") for each in results],
    }


def page(study: Study, results: Sequence[Result]) -> str:
    """The same as a page of its own."""
    from ci_factory.metrics import simulation_page

    calendar = study.span.calendar
    start, _, deadline = calendar.nights[0]
    told = Simulated(
        heading=_heading(study),
        start=calendar.moment(start),
        deadline=calendar.moment(deadline),
        zone=study.day.zone,
        results=tuple(results),
        definitions=FIGURES,
        sources={**SOURCES, **_sizes(study)},
    )
    return simulation_page.render(told, study.now)


def show_scores(told: Outlook, now: datetime) -> None:
    """Past forecasts against what happened."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, title="forecasts against what happened", title_justify="left")
    for heading in ("night", "figure", "P10", "P50", "P90", "it was", "", "off by"):
        table.add_column(heading)
    for night in told.scores:
        for each in night.figures:
            spread = (f"{value:.4g}" for value in (each.forecast.p10, each.forecast.p50, each.forecast.p90))
            verdict = "inside" if each.inside else "outside"
            row = (
                plain(night.batch, 64),
                each.figure,
                *spread,
                f"{each.actual:g}",
                verdict,
                f"{each.pinball:.3g}",
            )
            table.add_row(*row)
        for name in night.unknown:
            table.add_row(plain(night.batch, 64), name, "", "", "", "unknown", "", "")
    if told.scores:
        common.console().print(table)
    for figure in coverage(told.scores):
        common.say(
            f"{figure.figure}: inside P10 to P90 on {figure.inside} of {figure.nights} nights (right forecasts: {EXPECTED:.0%}), "
            f"mean pinball loss {figure.pinball:.3g}",
            indent=2,
        )
    waiting = [name for name, each in told.forecasts.items() if each.deadline > now]
    if waiting:
        click.echo(f"not yet over: {', '.join(plain(name, 64) for name in waiting)}")
    if not told.forecasts:
        click.echo("no forecast yet: ci-factory run and ci-factory plan write one with each batch")


def _heading(study: Study) -> str:
    have = study.equipment
    start, deadline = _clock(study)
    queue = (
        f"the {len(study.intake.candidates)} tickets of intake.json"
        if study.intake
        else f"{study.tickets} made-up tickets a night"
    )
    budget = f", {have.budget_usd:g} USD a night" if have.budget_usd is not None else ""
    rate = f", {have.tokens_per_minute:g} tokens a minute each" if have.tokens_per_minute else ""
    return (
        f"{queue}, {study.nights} night{'s' if study.nights > 1 else ''} from {start:%Y-%m-%d %H:%M}, ready by "
        f"{deadline:%H:%M} {study.day.zone}; {have.agents} agent{'s' if have.agents > 1 else ''}{rate}, {have.lanes} lanes, "
        f"{have.reviewers} reviewers{budget}; {study.runs} runs, seed {study.seed}"
    )


def _one(result: Result) -> None:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, title=result.name, title_justify="left")
    for heading, justify in (("", "left"), ("P10", "right"), ("P50", "right"), ("P90", "right")):
        table.add_column(heading, justify="right" if justify == "right" else "left")
    for name, (title, _) in FIGURES.items():
        spread = result.figures[name]
        values = ("unknown", "", "") if spread is None else map(number, (spread.p10, spread.p50, spread.p90))
        table.add_row(title, *values)
    common.console().print(table)


def _many(results: Sequence[Result]) -> None:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, title="P50 (P10 to P90)", title_justify="left")
    table.add_column("")
    for heading in _SHOWN.values():
        table.add_column(heading, justify="right")
    for result in results:
        table.add_row(result.name, *(_cell(name, result.figures[name]) for name in _SHOWN))
    common.console().print(table)


def _cell(name: str, spread: Spread | None) -> str:
    if spread is None:
        return "unknown"
    if name == "utilisation":
        return f"{spread.p50:.0%} ({spread.p10:.0%}-{spread.p90:.0%})"
    return f"{spread.p50:,.0f} ({spread.p10:,.0f}-{spread.p90:,.0f})"


def number(value: float) -> str:
    """Three digits are enough for a simulated value."""
    return f"{value:,.0f}" if abs(value) >= _LONG else f"{value:.3g}"


def _pictures(study: Study, result: Result) -> None:
    """Ready over the night, and how the runs ended."""
    click.echo("")
    top = max((each.p90 for each in result.fan), default=0.0) or 1.0
    start, end = _clock(study)
    lead = len(result.name) + len(" ready, P90 ")
    for name in ("p90", "p50", "p10"):
        line = "".join(_bar(getattr(each, name) / top) for each in result.fan)
        click.echo(f"{result.name} ready, {name.upper()} {line} {number(getattr(result.fan[-1], name))}")
    click.echo(f"{'':{lead}}{f'{start:%H:%M} {study.day.zone}':<{max(6, len(result.fan) - 5)}}{end:%H:%M}")
    click.echo("")
    for label, share in histogram(result.ready):
        click.echo(f"{label:>{lead - 7}} ready {'█' * round(share * 40)} {share:.0%} of the runs")


def _clock(study: Study) -> tuple[datetime, datetime]:
    """Start and deadline of the first night on the project's own clock."""
    calendar, zone = study.span.calendar, ZoneInfo(study.day.zone)
    start, _, deadline = calendar.nights[0]
    return calendar.moment(start).astimezone(zone), calendar.moment(deadline).astimezone(zone)


def _bar(share: float) -> str:
    return _BARS[min(len(_BARS) - 1, int(share * len(_BARS)))]


def histogram(values: Sequence[float], bins: int = 8) -> list[tuple[str, float]]:
    """Ranges of whole numbers and the share of the values in each."""
    low, high = int(min(values)), int(max(values)) + 1
    width = max(1, -(-(high - low) // bins))
    found = []
    for start in range(low, high, width):
        share = sum(start <= value < start + width for value in values) / len(values)
        found.append((f"{start}" if width == 1 else f"{start}-{start + width - 1}", share))
    return found


def _sizes(study: Study) -> dict[str, str]:
    return {f"{size} tickets": said for size, said in fitting.sources(study.assumptions).items()}
