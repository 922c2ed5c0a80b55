"""The morning report's section on foretold files: how well they were told, and pairs that met without having been foretold."""

from collections.abc import Iterator, Sequence

from ci_factory.metrics import prediction, words
from ci_factory.metrics.facts import PredictionFact
from ci_factory.metrics.figure import Figure
from ci_factory.metrics.markdown import say, table

_SHOWN = 10
_LONG = 300


def lines(predictions: Sequence[PredictionFact]) -> Iterator[str]:
    """The section; nothing when nothing was foretold."""
    if not predictions:
        return
    yield "## Files: foretold and touched"
    yield ""
    if all(fact.files is None for fact in predictions):
        yield "Unknown: no ticket brought a change to compare with."
        yield ""
        return
    yield from table(
        ("Figure", "Value", "Of", "Definition"), map(_row, prediction.night_figures(predictions))
    )
    yield from _surprises(predictions)


def _row(figure: Figure) -> tuple[str, ...]:
    return figure.name, words.amount(figure.value, figure.unit), figure.note, figure.definition


def _surprises(predictions: Sequence[PredictionFact]) -> Iterator[str]:
    met = prediction.unforetold(predictions)
    if not met:
        return
    yield f"{words.count(len(met), 'pair')} met in a file that they were not both to touch:"
    yield ""
    for meeting in met[:_SHOWN]:
        both = f"{say(meeting.first, _LONG)} and {say(meeting.second, _LONG)}"
        yield f"- {both}: {', '.join(say(path, _LONG) for path in meeting.files)}"
    if len(met) > _SHOWN:
        yield f"- … and {len(met) - _SHOWN} more"
    yield ""
