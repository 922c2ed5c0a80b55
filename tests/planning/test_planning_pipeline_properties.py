"""What holds for the child pipelines of every batch."""

from graphlib import TopologicalSorter

import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ci_factory.model.batch import Batch
from ci_factory.planning.pipeline import MAX_BYTES, ChildPipelines, child_pipelines
from ci_factory.planning.pipeline_settings import PipelineSettings
from tests.planning.pipelines_read import SERVERS, Job, Row, batch_of, documents, expanded, merged

IDS = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,12}", fullmatch=True)


@st.composite
def batches(draw: st.DrawFn) -> Batch:
    """Any tickets, any of them stacked on and waiting for any before them."""
    ids = draw(st.lists(IDS, max_size=30, unique=True))
    rows: list[Row] = []
    for place, ticket in enumerate(ids):
        waits = draw(st.lists(st.sampled_from(ids[:place]), max_size=6, unique=True)) if place else []
        stacked = draw(st.booleans())
        base = waits[0] if waits and stacked else None
        rows.append(Row(ticket, draw(st.integers(0, 3)), base, tuple(waits)))
    return batch_of(rows)


CHOICES = st.builds(
    PipelineSettings,
    server=st.sampled_from(SERVERS),
    max_jobs=st.integers(2, 60),
    max_tickets=st.integers(1, 30),
    max_needs=st.integers(4, 12),
)
many = settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)


def needs_of(job: Job) -> list[Job | str]:
    """All needs as written, other pipelines among them."""
    found: list[Job | str] = job["needs"]
    return found


@many
@given(batches(), CHOICES)
def test_each_ticket_has_one_agent_and_one_gate_job(batch: Batch, chosen: PipelineSettings) -> None:
    """Over all children together; the gate job needs the agent job of the same ticket."""
    found: list[tuple[str, str]] = []
    for document in documents(child_pipelines(batch, chosen)):
        jobs = expanded(document)
        for name, job in jobs.items():
            if name != "factory-idle":
                kind = job["script"][-1].split()[1]
                found.append((job["variables"]["TICKET"], kind))
                agents = [jobs[need]["variables"]["TICKET"] for need in job["needs"]]
                assert kind == "work" or agents[0] == job["variables"]["TICKET"]
    assert sorted(found) == sorted((each.id, kind) for each in batch.tickets for kind in ("work", "check"))


@many
@given(batches(), CHOICES)
def test_needs_exist_and_have_no_circle(batch: Batch, chosen: PipelineSettings) -> None:
    """Within each child; and children wait for earlier ones only."""
    pipelines = child_pipelines(batch, chosen)
    for document in documents(pipelines):
        needs = {name: job["needs"] for name, job in expanded(document).items()}
        assert {need for each in needs.values() for need in each} <= set(needs)
        tuple(TopologicalSorter(needs).static_order())
    assert all(earlier < child.number for child in pipelines.index.children for earlier in child.after)


@many
@given(batches(), CHOICES)
def test_no_limit_is_exceeded(batch: Batch, chosen: PipelineSettings) -> None:
    """Needs of a job, rows of a matrix, jobs of a pipeline, bytes of a file; and the index counts right."""
    pipelines = child_pipelines(batch, chosen)
    for child, document in zip(pipelines.index.children, documents(pipelines), strict=True):
        jobs = expanded(document)
        for job in merged(document).values():
            assert len(needs_of(job)) <= chosen.max_needs
            assert len(set(map(str, needs_of(job)))) == len(needs_of(job))
            assert len(job.get("parallel", {}).get("matrix", [])) <= chosen.max_tickets
        assert child.jobs == len(jobs) <= chosen.max_jobs
        assert child.bytes == len(pipelines.texts[child.file].encode()) <= MAX_BYTES


@many
@given(batches(), CHOICES)
def test_a_ticket_starts_after_everything_it_waits_for(batch: Batch, chosen: PipelineSettings) -> None:
    """The gates of each predecessor, and the changes of the whole stack below: by needs, or in an earlier child."""
    pipelines = child_pipelines(batch, chosen)
    tickets = {each.id: each for each in batch.tickets}
    for child, document in zip(pipelines.index.children, documents(pipelines), strict=True):
        jobs = expanded(document)
        for ticket in child.tickets:
            before = _all_before(jobs, _job(jobs, ticket, "work"))
            for other in tickets[ticket].waits_for:
                if other in child.tickets:
                    assert _job(jobs, other, "check") in before
                else:
                    assert other in child.carries
            assert _stack(pipelines, tickets[ticket].stacked_on, batch, child.number) <= {
                jobs[need]["variables"]["TICKET"]
                for need in jobs[_job(jobs, ticket, "work")]["needs"]
                if " work " in jobs[need]["script"][-1]
            }


@many
@given(batches(), CHOICES)
def test_carried_tickets_are_in_the_children_that_come_before(batch: Batch, chosen: PipelineSettings) -> None:
    """`after` names exactly the children of what is carried."""
    children = child_pipelines(batch, chosen).index.children
    home = {ticket: child.number for child in children for ticket in child.tickets}
    for child in children:
        assert child.after == tuple(sorted({home[ticket] for ticket in child.carries}))


@many
@given(batches(), CHOICES)
def test_no_word_of_a_ticket_is_in_a_pipeline(batch: Batch, chosen: PipelineSettings) -> None:
    """Neither in the YAML nor in the index; and the same batch gives the same bytes."""
    pipelines = child_pipelines(batch, chosen)
    for text in (*pipelines.texts.values(), pipelines.index.model_dump_json()):
        assert "NOT-IN-YAML" not in text
        assert "touch" not in text
        assert "TOKEN" not in text
    assert child_pipelines(batch, chosen) == pipelines
    assert all(isinstance(yaml.safe_load(text), dict) for text in pipelines.texts.values())


def _job(jobs: dict[str, Job], ticket: str, command: str) -> str:
    (name,) = (
        name
        for name, job in jobs.items()
        if job["variables"].get("TICKET") == ticket and f" {command} " in job["script"][-1]
    )
    return name


def _all_before(jobs: dict[str, Job], name: str) -> set[str]:
    found: set[str] = set()
    waiting = [name]
    while waiting:
        for need in jobs[waiting.pop()]["needs"]:
            if need not in found:
                found.add(need)
                waiting.append(need)
    return found


def _stack(pipelines: ChildPipelines, base: str | None, batch: Batch, number: int) -> set[str]:
    """The stack from `base` down, as far as it lies in one child."""
    members = set(pipelines.index.children[number - 1].tickets)
    bases = {each.id: each.stacked_on for each in batch.tickets}
    found = set()
    while base is not None and base in members:
        found.add(base)
        base = bases[base]
    return found
