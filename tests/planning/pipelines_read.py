"""Batches for child pipelines, and pipelines as GitLab takes them apart: `extends` merged, matrices expanded."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import yaml

from ci_factory.model.batch import Batch, Limits, PlannedTicket
from ci_factory.model.ticket import Candidate, Estimate, Readiness, Risk, RiskLevel, Size, Ticket
from ci_factory.planning.pipeline import ChildPipelines
from tests.planning.conftest import NOW

Job = dict[str, Any]
HOSTILE = "NOT-IN-YAML $(touch x) `x` ${TOKEN} $[[ inputs.x ]]\n- script: [x]"
SERVERS = ("", "17.11", "18.5", "18.6", "19.0")


class Row(NamedTuple):
    """A ticket of a batch."""

    id: str
    lane: int = 0
    stacked_on: str | None = None
    waits_for: tuple[str, ...] = ()


def batch_of(rows: Sequence[Row]) -> Batch:
    """A batch whose tickets are full of words that must not come out."""
    return Batch(
        id="night-1",
        created_at=NOW,
        project="NOT-IN-YAML",
        target_branch="NOT-IN-YAML",
        base="0" * 40,
        limits=Limits(max_tickets=10_000, timeout_seconds=1800),
        config_hash="x",
        tickets=tuple(_planned(row, order) for order, row in enumerate(rows)),
    )


def _planned(row: Row, order: int) -> PlannedTicket:
    text = {"title": HOSTILE, "body": HOSTILE, "author": HOSTILE}
    return PlannedTicket(
        candidate=Candidate(
            ticket=Ticket(id=row.id, labels=(HOSTILE,), acceptance_criteria=(HOSTILE,), **text),
            readiness=Readiness(ready=True),
            estimate=Estimate(complexity=Size.SMALL, files=(HOSTILE,)),
            risk=Risk(level=RiskLevel.LOW),
        ),
        size=Size.SMALL,
        agent="NOT-IN-YAML",
        lane=row.lane,
        order=order,
        stacked_on=row.stacked_on,
        waits_for=row.waits_for,
        reason=HOSTILE,
    )


def night(count: int, lanes: int = 10) -> Batch:
    """Tickets with dependencies and conflicts: of ten, six stand alone, two are a pair, one is stacked on both; one conflicts."""
    rows = []
    for number in range(count):
        ticket, kind = str(100 + number), number % 10
        before = {7: (str(99 + number),), 8: (str(99 + number), str(98 + number))}.get(kind, ())
        lane = (number // 10) % lanes if kind in {0, 9} else number % lanes
        rows.append(Row(ticket, lane, before[0] if before else None, before))
    return batch_of(rows)


def documents(pipelines: ChildPipelines) -> list[Job]:
    """Each child as parsed YAML, in the order of the index."""
    return [yaml.safe_load(pipelines.texts[child.file]) for child in pipelines.index.children]


def merged(document: Job) -> dict[str, Job]:
    """Jobs by name with `extends` resolved as GitLab does: maps are merged, all else is replaced."""
    keys = {"workflow", "stages"}
    return {
        name: _merge(document[job["extends"]], job) if "extends" in job else job
        for name, job in document.items()
        if name not in keys and not name.startswith(".")
    }


def _merge(below: Job, above: Job) -> Job:
    both = {
        name: _merge(below[name], value) if isinstance(value, dict) and name in below else value
        for name, value in above.items()
        if name != "extends"
    }
    return below | both


def expanded(document: Job) -> dict[str, Job]:
    """The jobs that run, `needs` being names of jobs of the same pipeline."""
    return dict(_expanded(merged(document)))


def _expanded(jobs: dict[str, Job]) -> Iterator[tuple[str, Job]]:
    for name, job in jobs.items():
        for row in job.get("parallel", {}).get("matrix", [None]):
            variables = job["variables"] | (row or {})
            needs = [_need(need, row or {}) for need in job["needs"] if "pipeline" not in need]
            yield _row_name(name, row), job | {"variables": variables, "needs": needs}


def _need(need: str | Job, row: dict[str, str]) -> str:
    if isinstance(need, str):
        return need
    (wanted,) = need["parallel"]["matrix"]
    values = {
        key: row[value.removeprefix("$[[ matrix.").removesuffix(" ]]")] for key, value in wanted.items()
    }
    return _row_name(need["job"], values)


def _row_name(name: str, row: dict[str, str] | None) -> str:
    return name if row is None else f"{name}: [{', '.join(row.values())}]"
