"""What the script of the filters shows: the values of every view as finished words, compact.

The script puts words and positions where they belong and computes nothing.
"""

import json

from markupsafe import Markup

from ci_factory.metrics import words
from ci_factory.metrics.figure import Figure, Status, Unit
from ci_factory.metrics.views import View, ViewFigure, Views, name_of
from ci_factory.model.base import Json
from ci_factory.model.text import plain

_STATES = {Status.UNKNOWN: 0, Status.GOOD: 1, Status.BAD: 2}
_NAME = 120
_SCALE = 1000


class _Words:
    """Texts, each kept once."""

    def __init__(self) -> None:
        self.all: dict[str, int] = {}

    def place(self, text: str) -> int:
        return self.all.setdefault(text, len(self.all))


def data(views: Views, figures: tuple[Figure, ...]) -> Markup:
    """JSON for a script element: nothing in it can end the element.

    Shape: `words` (texts), `keys` (of the figures), `views`: each `[[period, project, agent, area], changes, figures]`
    with places in the lists of choices, 0 for all; a figure is `[value, interval, n, state, note]` with places in
    `words`, and of a share `low, at, high` in thousandths.
    """
    kept, known = _Words(), {name_of(figure): figure for figure in figures}
    choices = (views.periods, views.projects, views.agents, views.areas)
    told: Json = {
        "keys": [each.key for each in views.views[0].figures] if views.views else [],
        "views": [_view(view, choices, known, kept) for view in views.views],
    }
    told["words"] = list(kept.all)
    text = json.dumps(told, separators=(",", ":"), ensure_ascii=True)
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)  # noqa: S704 - no character of it means anything in HTML


def _view(view: View, choices: tuple[tuple[str, ...], ...], known: dict[str, Figure], kept: _Words) -> Json:
    periods, *names = choices
    chosen = [periods.index(view.period)]
    for offered, name in zip(names, (view.project, view.agent, view.area), strict=True):
        chosen.append(0 if name is None else offered.index(name) + 1)
    return [chosen, view.changes, [_figure(each, known[each.key].unit, kept) for each in view.figures]]


def _figure(figure: ViewFigure, unit: Unit, kept: _Words) -> Json:
    told = [
        kept.place(words.value(figure, unit)),
        kept.place(words.interval_of(figure.interval, unit)),
        figure.n,
        _STATES[figure.status],
        kept.place(plain(figure.note, _NAME * 4)),
    ]
    if unit is not Unit.SHARE or figure.value is None or figure.interval is None:
        return told
    low, high = figure.interval
    return [*told, *(round(min(at, 1.0) * _SCALE) for at in (low, figure.value, high))]
