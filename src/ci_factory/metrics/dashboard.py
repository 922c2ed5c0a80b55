"""The dashboard: one HTML file that needs nothing else, no network; its one small script is for the filters only.

Everything that facts say is escaped by the template and stripped of control characters before; the page's own policy
(`Content-Security-Policy` in a meta element) allows its one style sheet and its one script by hash and nothing else.
"""

from datetime import timedelta
from functools import cache
from math import inf

from jinja2 import Environment
from markupsafe import Markup, escape

from ci_factory.metrics import definitions, pages, pictures, words
from ci_factory.metrics.figure import ENOUGH, Unit
from ci_factory.metrics.night import Outcome, Tone
from ci_factory.metrics.overview import Overview
from ci_factory.metrics.page import calibration_picture, charts, choice, forest, layout
from ci_factory.metrics.trends import Trend
from ci_factory.metrics.views import OTHER

_QUEUE_SHOWN, _QUEUE_MOST = 5, 50
_QUESTIONS_SHOWN = 3
_WEEK = timedelta(weeks=1)
_STRATA = 30
_STACK_WIDTH = 120.0
_HISTOGRAM = (480.0, 150.0)
_TREND, _FOREST, _SPARK = (400.0, 150.0), 520.0, (120.0, 26.0)
_NIGHT_COLUMNS = (
    definitions.NIGHT_TICKETS,
    definitions.NIGHT_READY,
    definitions.NIGHT_SCORE,
    definitions.NIGHT_ESCALATION,
    definitions.NIGHT_COST,
)


def render(overview: Overview) -> str:
    """The page as HTML text. The same overview gives the same text."""
    style = pages.style("dashboard.css", "overview.css", "calibration.css", script="filters.js")
    run, views = overview.last_run, overview.views
    return (
        _environment()
        .get_template("dashboard.html.j2")
        .render(
            style=style.css,
            policy=style.policy,
            script=style.script if views.views else "",
            choices=choice.data(views, overview.figures) if views.views else "",
            o=overview,
            run=run,
            gantt=pictures.gantt(run.tickets) if run else None,
            alerts_on=layout.alerts(overview),
            part_words=layout.part(overview),
            sections=layout.sections(overview),
            headline=layout.headline(overview),
            groups=layout.groups(overview),
            dimensions=layout.dimensions(overview.segments),
            fields=layout.fields(views),
            other=OTHER,
            charts=[(trend, _chart(trend)) for trend in overview.trends],
            forests=[(each, forest.forest(each, _FOREST)) for each in overview.comparisons],
            histogram=pictures.histogram(overview.scores.columns, *_HISTOGRAM),
            histogram_size=_HISTOGRAM,
            scored=calibration_picture.draw(overview.calibration),
            fate_tones=calibration_picture.TONES,
            night_columns=[metric.key for metric in _NIGHT_COLUMNS],
            night_names={metric.key: metric.name for metric in _NIGHT_COLUMNS},
            tone_of={outcome.value: outcome.tone for outcome in Outcome},
            tones=Tone,
            signs=pictures.SIGNS,
            share=Unit.SHARE,
            enough=ENOUGH,
            stack_width=_STACK_WIDTH,
            queue_shown=_QUEUE_SHOWN,
            most_queued=_QUEUE_MOST,
            questions_shown=_QUESTIONS_SHOWN,
            most_arms=forest.ARMS,
            most_strata=_STRATA,
        )
    )


def _chart(trend: Trend) -> charts.Chart | None:
    unit = charts.unit_of(trend.points) if trend.unit is Unit.SECONDS else 1.0
    most = 1.0 if trend.unit is Unit.SHARE else inf
    return charts.chart(trend.points, trend.centre, *_TREND, unit, most)


def _codes(text: str) -> Markup:
    """What stands between backticks as code; everything is escaped."""
    parts = (escape(part) for part in text.split("`"))
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if odd % 2 else part for odd, part in enumerate(parts)
    )


@cache
def _environment() -> Environment:
    found = pages.environment()
    found.filters |= {
        "span_of": pictures.span,
        "aim": pictures.aim,
        "stacked": pictures.stacked,
        "sparkline": lambda points: charts.spark(points, *_SPARK),
        "codes": _codes,
        "counted": lambda counts: ", ".join(f"{number} {name}" for name, number in counts.items() if number),
        "place_in": lambda each, every: every.index(each),
        "interval_of": words.interval_of,
        "over": lambda point, now: point.since + _WEEK <= now,
    }
    return found
