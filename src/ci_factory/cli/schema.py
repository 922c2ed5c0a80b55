"""`ci-factory schema`: the JSON Schemas of everything that crosses a border."""

import json
from pathlib import Path

import click
from pydantic import BaseModel

from ci_factory.cli import common
from ci_factory.config import Config
from ci_factory.metrics.live import Live
from ci_factory.model.attempt import Attempt, Comprehension, Partial, Plan
from ci_factory.model.batch import Batch
from ci_factory.model.event import Event
from ci_factory.model.forecast import Forecast
from ci_factory.model.forge import Publication
from ci_factory.model.gate import Finding, GateReport, Score
from ci_factory.model.gathered import Gathered
from ci_factory.model.merge_truth import CandidateResult, MergeTruth
from ci_factory.model.pipelines import PipelineIndex
from ci_factory.model.pulse import Pulse
from ci_factory.model.review import ReviewQueue
from ci_factory.model.ticket import IntakeReport, Ticket
from ci_factory.model.verdicts import VerdictPlan
from ci_factory.model.work_state import WorkState
from ci_factory.system import records

SCHEMAS: dict[str, type[BaseModel]] = {
    "attempt": Attempt,
    "batch": Batch,
    "candidate": CandidateResult,
    "comprehension": Comprehension,
    "configuration": Config,
    "event": Event,
    "finding": Finding,
    "forecast": Forecast,
    "gate": GateReport,
    "gathered": Gathered,
    "intake": IntakeReport,
    "merge-truth": MergeTruth,
    "pipelines": PipelineIndex,
    "partial": Partial,
    "plan": Plan,
    "publication": Publication,
    "pulse": Pulse,
    "review": ReviewQueue,
    "score": Score,
    "status": Live,
    "ticket": Ticket,
    "verdicts": VerdictPlan,
    "work-state": WorkState,
}
_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema_text(name: str) -> str:
    """One schema as indented JSON."""
    schema = SCHEMAS[name].model_json_schema(mode="validation")
    return json.dumps({"$schema": _DIALECT, **schema}, indent=2) + "\n"


@click.command(epilog="Example: ci-factory schema --out schemas")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("schemas"),
    show_default=True,
    help="Folder to write into.",
)
@common.json_option
def command(out: Path, *, as_json: bool) -> None:
    """Write the JSON Schemas of all artifacts and of the configuration."""
    files = {name: out / f"{name}.schema.json" for name in SCHEMAS}
    for name, file in files.items():
        records.write_text(file, schema_text(name))
    if as_json:
        common.print_json({name: str(file) for name, file in files.items()})
    else:
        click.echo(f"{len(SCHEMAS)} schemas written to {out}")
