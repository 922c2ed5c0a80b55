"""What the score is worth, and how agents compare, as Markdown."""

import re
from collections.abc import Iterator, Sequence

from ci_factory.metrics import words
from ci_factory.metrics.calibration.values import Band, Bin, Calibration, Fate, Interval, Reliability
from ci_factory.metrics.comparing.values import Arm, Comparison, Stratum
from ci_factory.metrics.figure import Figure, Unit
from ci_factory.metrics.markdown import say, table

_NAME, _LONG = 80, 2000
_STRATA = 12
_HARMLESS = re.compile(r"(?<= )\\\(|\\\)|\\%(?=[ ,;.]|\\\))")
"""Escaped brackets that nothing stands before, so that they make no link, and a per cent sign that no name follows."""


def calibration_report(calibration: Calibration, comparisons: Sequence[Comparison]) -> str:
    """The whole report; the same data gives the same text. Names of agents and folders are shown without any effect."""
    lines = [
        "# Calibration",
        "",
        *_calibration(calibration),
        "# Agents, like with like",
        "",
        *_comparisons(comparisons),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _calibration(calibration: Calibration) -> Iterator[str]:
    yield from (f"**{calibration.verdict}**", "")
    if calibration.counted:
        yield from (_counted(calibration), "")
    yield from _left_out(calibration)
    if not calibration.counted:
        return
    yield from ("## What became of changes, by score", "")
    head = ("Score", "Changes", "Good", "95 %", *(fate.value.capitalize() for fate in Fate), "")
    yield from table(head, map(_band, reversed(calibration.bands)))
    yield from _reliability(calibration.reliability)
    yield from _advice("Threshold", calibration.threshold.words, calibration.threshold.yaml)
    yield from _advice("Weights", calibration.weights.words, calibration.weights.yaml)
    yield from ("## How to read this", "", *(f"- {note}" for note in calibration.notes), "")


def _counted(calibration: Calibration) -> str:
    good = words.amount(calibration.good, Unit.SHARE)
    since, until = words.moment(calibration.since), words.moment(calibration.until)
    changes = words.count(calibration.counted, "change")
    return (
        f"{changes}, created {since} to {until}, {good} of them good{_ends(calibration.interval)}: merged as they were "
        "first shown, with nothing bad coming of it."
    )


def _left_out(calibration: Calibration) -> Iterator[str]:
    if calibration.left_out:
        yield f"Not counted: {', '.join(f'{left.n:,} {left.reason}' for left in calibration.left_out)}."
        yield ""


def _band(band: Band) -> tuple[str, ...]:
    return (
        # The sign < would be markup.
        band.name.replace("<", "below"),
        str(band.n),
        words.amount(band.good, Unit.SHARE),
        words.interval_of(band.interval, Unit.SHARE) or "–",
        *(str(band.fates[fate]) for fate in Fate),
        band.note,
    )


def _reliability(found: Reliability | None) -> Iterator[str]:
    yield from ("## Does the score keep its word?", "")
    if found is None:
        yield "Not enough data: half of the changes must show what a score means before the other half can judge it."
        yield ""
        return
    yield f"{found.words} The {found.fitted_on:,} older changes made the probabilities, the {found.judged_on:,} newer judged them."
    yield ""
    yield from table(("Foretold", "Came", "95 %", "Changes"), map(_bin, found.bins))


def _bin(each: Bin) -> tuple[str, ...]:
    share = Unit.SHARE
    return (
        words.amount(each.expected, share),
        words.amount(each.observed, share),
        words.interval_of(each.interval, share),
        str(each.n),
    )


def _advice(heading: str, said: str, yaml: str) -> Iterator[str]:
    yield from (f"## {heading}", "", said, "")
    if yaml:
        yield from (
            "To try it, put this into the configuration:",
            "",
            "```yaml",
            *yaml.splitlines(),
            "```",
            "",
        )


def _comparisons(comparisons: Sequence[Comparison]) -> Iterator[str]:
    if not any(found.arms for found in comparisons):
        yield "Not enough data: no agent's work has come to an end yet."
        return
    for found in comparisons:
        yield from _comparison(found)


def _comparison(found: Comparison) -> Iterator[str]:
    turned = " (order reversed)" if found.reversed else ""
    yield from (f"## {found.name}{turned}", "", f"**{_said(found.verdict)}**", "")
    if found.why:
        yield from (_said(found.why), "")
    if found.arms:
        yield from table(("Agent", "n", "Raw", "95 %", "Standardised", "95 %", ""), map(_arm, found.arms))
    if found.strata:
        yield from _strata(found)
    yield from (*(f"- {note}" for note in (found.definition, *found.notes)), "")


def _said(text: str) -> str:
    """A sentence with strangers' names in it: escaped, but for signs that mean nothing where they stand."""
    return _HARMLESS.sub(lambda found: found[0][1:], say(text, _LONG))


def _arm(arm: Arm) -> tuple[str, ...]:
    return say(arm.agent, _NAME), str(arm.n), *_figure(arm.raw), *_figure(arm.standardised), arm.note


def _figure(figure: Figure | None) -> tuple[str, str]:
    if figure is None:
        return "–", "–"
    return words.amount(figure.value, figure.unit), words.interval(figure) or "–"


def _strata(found: Comparison) -> Iterator[str]:
    yield from ("<details><summary>Stratum by stratum</summary>", "")
    agents = [say(cell.agent, _NAME) for cell in found.strata[0].cells]
    rows = (_stratum(stratum, found.unit) for stratum in found.strata[:_STRATA])
    yield from table(("Stratum", "n", "Weight", *agents), rows)
    if len(found.strata) > _STRATA:
        yield from (f"{len(found.strata) - _STRATA} smaller ones are in the data (`--json`).", "")
    yield from ("</details>", "")


def _stratum(stratum: Stratum, unit: Unit) -> tuple[str, ...]:
    cells = (f"{words.amount(cell.value, unit) if cell.n else '–'} (n = {cell.n})" for cell in stratum.cells)
    return (
        say(stratum.name, _NAME),
        str(stratum.n),
        words.amount(stratum.weight, Unit.SHARE) if stratum.weight else "not common",
        *cells,
    )


def _ends(interval: Interval | None) -> str:
    return f" (95 % interval {words.interval_of(interval, Unit.SHARE)})" if interval else ""
