"""What `ci-factory plan --conflicts` shows: tickets of the queue that may touch a common file."""

from ci_factory.cli import common
from ci_factory.config import Config
from ci_factory.model.base import Json
from ci_factory.model.meetings import ConflictGraph
from ci_factory.model.text import plain
from ci_factory.model.ticket import IntakeReport
from ci_factory.planning import conflicts

_SHOWN = 20
_PATH = 120


def graph_of(intake: IntakeReport, config: Config) -> ConflictGraph:
    """Of all tickets that are ready."""
    ready = (candidate for candidate in intake.candidates if candidate.readiness.ready)
    return conflicts.graph(ready, config.planning)


def as_data(graph: ConflictGraph) -> dict[str, Json]:
    """For `--json`."""
    return {
        "pairs": [pair._asdict() | {"probability": round(pair.probability, 4)} for pair in graph.pairs],
        "crowds": [crowd._asdict() | {"expected": round(crowd.expected, 2)} for crowd in graph.crowds],
    }


def show(graph: ConflictGraph) -> None:
    """The most probable pairs as a table."""
    from rich.table import Table
    from rich.text import Text

    console = common.console()
    console.print()
    if not graph.pairs and not graph.crowds:
        console.print("no two tickets are expected to touch a common file")
        return
    table = Table(
        box=None, pad_edge=False, title="tickets that may touch a common file", title_justify="left"
    )
    for heading in ("", "ticket", "and", "files"):
        table.add_column(heading, overflow="fold")
    for pair in graph.pairs[:_SHOWN]:
        files = ", ".join(plain(path, _PATH) for path in pair.files)
        table.add_row(f"{pair.probability:.0%}", pair.first, pair.second, Text(files))
    console.print(table)
    for crowd in graph.crowds[:_SHOWN]:
        console.print(f"{crowd.tickets} tickets may touch {plain(crowd.path, _PATH)}", markup=False)
    if len(graph.pairs) > _SHOWN:
        console.print(f"… and {len(graph.pairs) - _SHOWN} pairs more; --json has all of them")
