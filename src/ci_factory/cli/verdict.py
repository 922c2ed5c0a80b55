"""Prints a judgement: verdict first, then the picture of the score, the gates, and where every point went."""

from typing import TYPE_CHECKING

import click

from ci_factory.cli import common
from ci_factory.model.gate import ComponentScore, GateReport, GateStatus, Reason, Score, Verdict
from ci_factory.model.text import plain

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

_MAX_REASONS = 50
_MAX_TEXT = 500
_BAR = 30
"""Characters of a full bar."""
_VERDICT_STYLE = {
    Verdict.PASS: "bold green",
    Verdict.FAIL: "bold red",
    Verdict.BLOCKED: "bold red",
    Verdict.INCONCLUSIVE: "bold yellow",
}
_STATUS_STYLE = {
    GateStatus.PASS: "green",
    GateStatus.FAIL: "red",
    GateStatus.BLOCKED: "red",
    GateStatus.INCONCLUSIVE: "yellow",
    GateStatus.SKIPPED: "dim",
}


def show(report: GateReport | None, score: Score, *, as_json: bool) -> None:
    """Print for people, with colours and bars on a terminal; or score.json for machines. NO_COLOR is obeyed."""
    if as_json:
        common.print_json(score.model_dump(mode="json"))
    elif common.for_eyes():
        _draw(common.console(), report, score)
    else:
        _write(report, score)


def headline(score: Score) -> str:
    """Verdict, score and threshold on one line."""
    points = "no score" if score.score is None else f"score {score.score:g} of 100"
    return f"{score.verdict.upper()}: {points}, threshold {score.threshold:g}"


def _write(report: GateReport | None, score: Score) -> None:
    click.echo(headline(score))
    for gate in report.gates if report is not None else ():
        click.echo(f"{plain(gate.gate, _MAX_TEXT):<14} {gate.status:<13} {plain(gate.summary, _MAX_TEXT)}")
    for reason in score.reasons[:_MAX_REASONS]:
        click.echo(f"  {_lost(reason)}{_said(reason)}")
    if len(score.reasons) > _MAX_REASONS:
        click.echo(f"… and {len(score.reasons) - _MAX_REASONS} more in score.json")


def _lost(reason: Reason) -> str:
    return f"-{reason.points:g} " if reason.points else ""


def _said(reason: Reason) -> str:
    where = f"{reason.path}{f':{reason.line}' if reason.line else ''}: " if reason.path else ""
    return f"[{reason.component}] {plain(f'{where}{reason.message}', _MAX_TEXT)}"


def _draw(console: "Console", report: GateReport | None, score: Score) -> None:
    from rich.text import Text

    console.print(Text(headline(score), style=_VERDICT_STYLE[score.verdict]))
    console.print()
    for name, part in score.components.items():
        if part.weight or part.score is not None:
            console.print(_bar(name.value, part))
    for root, each in score.roots.items():
        known = "no score" if each.score is None else f"{each.score:g}"
        console.print(
            Text(f"  {plain(root, _MAX_TEXT) or '(the whole repository)'}: {each.verdict}, {known}")
        )
    console.print()
    if report is not None:
        console.print(_table(report))
    for reason in score.reasons[:_MAX_REASONS]:
        console.print(Text("  ").append(_lost(reason), style="bold").append(_said(reason)))
    if len(score.reasons) > _MAX_REASONS:
        console.print(f"… and {len(score.reasons) - _MAX_REASONS} more in score.json")


def _bar(name: str, part: ComponentScore) -> "Text":
    """`security      ██████████░░░░  64   weight 0.3`; nothing is drawn for what was not measured."""
    from rich.text import Text

    filled = 0 if part.score is None else round(part.score / 100 * _BAR)
    value = "not measured" if part.score is None else f"{part.score:g}"
    bar = Text(f"  {name:<14}").append("█" * filled, style=_STATUS_STYLE[part.status])
    return bar.append("░" * (_BAR - filled), style="dim").append(f"  {value:<12} weight {part.weight:g}")


def _table(report: GateReport) -> "Table":
    from rich.table import Table
    from rich.text import Text

    table = Table("gate", "status", "details")
    for gate in report.gates:
        status = Text(gate.status.value, style=_STATUS_STYLE[gate.status])
        table.add_row(Text(plain(gate.gate, _MAX_TEXT)), status, Text(plain(gate.summary, _MAX_TEXT)))
    return table
