"""`ci-factory routing`: who gets which tickets, and why."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ci_factory.cli import common, wiring
from ci_factory.model.routing import AgentRecord, RoutingReport, ShadowRecord
from ci_factory.model.text import plain
from ci_factory.workflow import routing

if TYPE_CHECKING:
    from rich.table import Table

_PRICE = {"USD": "USD per accepted", "minute": "minutes per accepted", "attempt": "attempts per accepted"}


@click.command(epilog="Example: ci-factory routing --repo . --json")
@common.repo_option
@wiring.agent_options
@common.out_option
@common.config_option
@common.json_option
def command(
    repo: Path,
    agent_names: tuple[str, ...],
    agent_command: str | None,
    agent_env: tuple[str, ...],
    out: Path | None,
    config_file: Path | None,
    *,
    as_json: bool,
) -> None:
    """Show what is known of every agent by size, whom the next ticket would go to, and what the shadow policy would gain.

    Writes nothing. The intervals are those of `routing.credibility`; nights that people have not decided about do not count.
    """
    choice = wiring.AgentChoice(agent_names, agent_command, agent_env)
    report = routing.report(wiring.factory(repo, out, config_file, choice))
    if as_json:
        common.print_json(report.model_dump(mode="json"))
    else:
        _show(report)


def _show(report: RoutingReport) -> None:
    console = common.console()
    console.print(_table(report))
    console.print()
    for why, sizes in _reasons(report).items():
        console.print(f"{', '.join(sizes)}: {plain(why, limit=300)}", markup=False, highlight=False)
    if report.shadow is not None:
        console.print(_shadow(report.shadow), markup=False, highlight=False)


def _table(report: RoutingReport) -> "Table":
    from rich.table import Table
    from rich.text import Text

    title = f"policy {report.policy}; chances for area {plain(report.area, limit=40)}"
    table = Table(box=None, pad_edge=False, title=title, title_justify="left")
    table.add_column("agent")
    table.add_column("size")
    for heading in ("accepted", "share", "interval", "not counted", _PRICE[report.unit], "measured chance"):
        table.add_column(heading, justify="right")
    before = ""
    for record in report.agents:
        name = "" if record.agent == before else plain(record.agent, limit=40)
        before = record.agent
        table.add_row(
            *(Text(cell) for cell in (name, *_cells(record))), style="" if record.decided else "dim"
        )
    return table


def _cells(record: AgentRecord) -> tuple[str, ...]:
    known, price = record.decided > 0, record.amount_per_accepted
    unpriced = "unknown" if record.accepted else "-"
    return (
        record.size.value,
        f"{record.accepted} of {record.decided}" if known else "-",
        f"{record.accepted / record.decided:.0%}" if known else "-",
        f"{record.low:.0%} to {record.high:.0%}" if known else "-",
        str(record.open or "-"),
        unpriced if price is None else f"{price:.3g}",
        "not able" if record.chance is None else f"{record.chance:.0%}",
    )


def _reasons(report: RoutingReport) -> dict[str, list[str]]:
    """Sizes by what is said of them, so that it is said once."""
    found: dict[str, list[str]] = {}
    for size, why in report.now.items():
        found.setdefault(why, []).append(size.value)
    return found


def _shadow(record: ShadowRecord) -> str:
    words = f"shadow {record.policy}: the same agent for {record.same} of {record.tickets} tickets, {record.decided} decided"
    if record.real is None or record.instead is None:
        return f"{words}; no estimate: {record.why}"
    return (
        f"{words}\n  accepted per {record.unit}: {record.real:.3g} as it was, {record.instead:.3g} had it decided; "
        f"gain {_signed(record.gain_low)} to {_signed(record.gain_high)}, worth {record.effective or 0:.0f} tickets"
    )


def _signed(value: float | None) -> str:
    return "unknown" if value is None else f"{value:+.3g}"
