"""Pipelines, pictures and plans of small batches, each compared whole with what was agreed."""

import json
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ci_factory.config import BatchConfig, Config
from ci_factory.model.batch import Batch
from ci_factory.model.ticket import Candidate, Priority, Size
from ci_factory.model.verdicts import PlannedVerdict, VerdictPlan
from ci_factory.planning import table
from ci_factory.planning.gantt import gantt
from ci_factory.planning.integration_pipeline import IntegrationSettings, integration_pipeline
from ci_factory.planning.pipeline import child_pipelines
from ci_factory.planning.pipeline_settings import PipelineSettings
from ci_factory.planning.verdict_pipeline import VerdictSettings, verdict_pipeline
from tests.planning.pipelines_read import Row, batch_of

Queue = Callable[..., Candidate]
Plan = Callable[..., Batch]
GOLDEN = Path(__file__).parents[1] / "data" / "plans"
NOW = datetime(2026, 3, 2, 17, tzinfo=UTC)
START = datetime(2026, 3, 2, 23, 50, tzinfo=UTC)
CONFIG = Config(batch=BatchConfig(window_minutes=60))
STACK = batch_of([Row("1"), Row("2", 1, "1", ("1",)), Row("3", 2, "2", ("1", "2")), Row("4", 1), Row("5", 0)])
CHOSEN = PipelineSettings(
    image="registry.example/agents:1",
    gate_image="registry.example/gates:2",
    package="",
    agent_tags=("agents",),
    gate_tags=("gates", "docker"),
    control_tags=("control",),
    environment="control",
    agent_environment="models",
    prefix="night",
    agent_minutes=45,
    gate_minutes=20,
    agent_retries=0,
    gate_retries=1,
    expire="3 days",
    plan_pipeline="17",
    plan_job="plan",
)
PLAN = VerdictPlan(verdicts=(PlannedVerdict(iid=5, head="1" * 40, tree="2" * 40, base="3" * 40),))


def agreed(name: str, text: str) -> None:
    """Compare with a file."""
    assert text == (GOLDEN / name).read_text(encoding="utf-8")


def as_json(value: object) -> str:
    """Readable, with moments and names as text."""
    return json.dumps(value, indent=1, default=str, ensure_ascii=False) + "\n"


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("child-matrix", PipelineSettings(server="18.6")),
        ("child-pairs", PipelineSettings(server="18.5")),
        ("child-chosen", CHOSEN),
        ("child-split", PipelineSettings(server="18.6", max_jobs=4)),
    ],
)
def test_child_pipelines_read_as_agreed(name: str, settings: PipelineSettings) -> None:
    """A stack of three and two tickets alone: as a matrix, as pairs, with everything chosen, and in several children."""
    pipelines = child_pipelines(STACK, settings)
    index = as_json(pipelines.index.model_dump(mode="json"))
    agreed(f"{name}.txt", "\n".join([index, *(pipelines.texts[each] for each in sorted(pipelines.texts))]))


def test_an_empty_night_reads_as_agreed() -> None:
    """One job that says so."""
    pipelines = child_pipelines(None, PipelineSettings())
    index = as_json(pipelines.index.model_dump(mode="json"))
    agreed("child-empty.txt", "\n".join([index, *pipelines.texts.values()]))


def test_pipelines_of_candidates_and_verdicts_read_as_agreed() -> None:
    """With something to do, and without."""
    chosen = IntegrationSettings(package="", tags=("gates",), minutes=30, retries=0)
    texts = [
        integration_pipeline(IntegrationSettings(), wanted=True),
        integration_pipeline(chosen, wanted=True),
        integration_pipeline(IntegrationSettings(), wanted=False),
        verdict_pipeline(PLAN, VerdictSettings()),
        verdict_pipeline(PLAN, VerdictSettings(prefix="web ", package="", tags=("gates",), depth="0")),
        verdict_pipeline(VerdictPlan(), VerdictSettings()),
    ]
    agreed("others.txt", "\n".join(texts))


@pytest.fixture
def batch(candidate: Queue, plan: Plan) -> Batch:
    """A queue that meets most of the rules: stacks, locks, lateness, unknown files, things that are left out."""
    return plan(
        candidate("a", files=["x"]),
        candidate("b", files=["x"], depends_on=["a"]),
        candidate("c", depends_on=["b"], size=Size.MEDIUM, files=["y"]),
        candidate("urgent", priority=Priority.CRITICAL, due=NOW + timedelta(minutes=2), files=["u"]),
        candidate(
            "lender", priority=Priority.HIGH, due=NOW + timedelta(hours=1), depends_on=["lent"], files=["l"]
        ),
        candidate("lent", priority=Priority.LOW, files=["m"]),
        candidate("unknown", priority=Priority.LOW),
        candidate("flying", files=["f"], priority=Priority.LOW),
        candidate("waits", depends_on=["open"]),
        candidate("behind", depends_on=["waits"]),
        candidate("foreign", depends_on=["nowhere"]),
        candidate("huge", size=Size.LARGE, priority=Priority.LOW, files=["h"]),
        candidate("vague", missing=["Add acceptance criteria."]),
        in_flight={"open": ("f",)},
        batch=BatchConfig(window_minutes=60),
    )


def test_a_plan_reads_as_agreed(batch: Batch) -> None:
    """Each ticket with lane, time and the reason; each that is left out with the reason."""
    told = {
        "tickets": [
            [each.id, each.agent, each.lane, each.stacked_on, each.waits_for, each.reason]
            for each in batch.tickets
        ],
        "left_out": [each.model_dump(mode="json") for each in batch.left_out],
        "rows": [row.cells() for row in table.describe(batch)],
        "by the clock": [row.cells(START)[3] for row in table.describe(batch)],
        "summary": table.summary(batch),
    }
    agreed("plan.json", as_json(told))


@pytest.mark.parametrize("start", [None, START])
def test_a_picture_is_laid_out_as_agreed(batch: Batch, start: datetime | None) -> None:
    """Lanes, bars, arrows and the axis, in minutes or by the clock."""
    agreed(f"picture-{'clock' if start else 'minutes'}.json", as_json(asdict(gantt(batch, CONFIG, start))))


def test_a_picture_without_a_window_is_as_long_as_its_work(batch: Batch) -> None:
    """Its axis has at most ten steps."""
    agreed("picture-open.json", as_json(asdict(gantt(batch, Config(), START))))
