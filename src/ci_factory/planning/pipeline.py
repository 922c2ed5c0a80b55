"""A batch as GitLab child pipelines: for each ticket an agent job, and a gate job that needs it. Pure.

Independent tickets are a matrix of agent jobs and a paired matrix of gate jobs; tickets that build on others are jobs of
their own with `needs`. A lane is a resource group. What is larger than GitLab's limits becomes several children.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ci_factory.model.batch import Batch
from ci_factory.model.pipelines import ChildPipeline, PipelineIndex
from ci_factory.planning.pipeline_generation import generation
from ci_factory.planning.pipeline_jobs import ChildWriter, Job, idle
from ci_factory.planning.pipeline_names import GENERATION_NAME, PARENT, carry
from ci_factory.planning.pipeline_settings import JOBS_PER_TICKET, PipelineSettings
from ci_factory.planning.pipeline_split import Links, link, split
from ci_factory.planning.pipeline_yaml import MAX_BYTES, text_of

__all__ = ["MAX_BYTES", "ChildPipelines", "child_pipelines"]


@dataclass(frozen=True)
class ChildPipelines:
    """What is written into one folder."""

    index: PipelineIndex
    texts: dict[str, str]
    """YAML by file name."""


def child_pipelines(batch: Batch | None, settings: PipelineSettings) -> ChildPipelines:
    """Write the children of a batch; the same batch and settings give the same bytes.

    Without tickets there is one child that does nothing, as whoever triggers can't know beforehand.

    Raises:
        ArtifactError: the batch contradicts itself.
        UsageError: a child is larger than GitLab allows.
    """
    if batch is None or not batch.tickets:
        return _collected(batch.id if batch else None, settings, [(idle(settings), ChildFacts())])
    tickets = sorted(batch.tickets, key=lambda each: each.order)
    links = link(tickets)
    facts = _facts(split(links, size=settings.child_size, max_needs=settings.max_needs), links)
    lanes = {each.id: each.lane for each in tickets}
    inner = replace(settings, plan_pipeline=PARENT) if len(facts) > 1 else settings
    writer = ChildWriter(batch.id, settings.agent_timeout(batch.limits), lanes, links, inner)
    documents = [(_document(writer, each, number), each) for number, each in enumerate(facts, 1)]
    return _collected(batch.id, settings, documents)


def _document(writer: ChildWriter, facts: "ChildFacts", number: int) -> Job:
    """A child that goes on from earlier ones gets their artifacts from the job that collected them."""
    source = carry(writer.settings.prefix, number) if facts.after else ""
    return replace(writer, source=source).document(facts.tickets)


@dataclass(frozen=True)
class ChildFacts:
    """What the index says of a child beyond its file."""

    tickets: tuple[str, ...] = ()
    after: tuple[int, ...] = ()
    carries: tuple[str, ...] = ()


def _facts(children: Sequence[Sequence[str]], links: Links) -> list[ChildFacts]:
    number_of = {ticket: number for number, child in enumerate(children, 1) for ticket in child}
    return [_fact(child, number, number_of, links) for number, child in enumerate(children, 1)]


def _fact(child: Sequence[str], number: int, number_of: dict[str, int], links: Links) -> ChildFacts:
    """Of a stack that reaches into an earlier child its last change is named: its bundle has the others in it."""
    wanted = dict.fromkeys(each for ticket in child for each in links.predecessors[ticket])
    carries = [each for each in wanted if number_of[each] != number]
    after = sorted({number_of[each] for each in carries})
    return ChildFacts(tuple(child), tuple(after), tuple(carries))


def _collected(
    batch_id: str | None, settings: PipelineSettings, children: Sequence[tuple[Job, ChildFacts]]
) -> ChildPipelines:
    texts, entries = {}, []
    for number, (document, facts) in enumerate(children, start=1):
        name = f"child-{number}.yml"
        texts[name] = text = _text(document, name)
        entries.append(
            ChildPipeline(
                number=number,
                file=name,
                tickets=facts.tickets,
                jobs=JOBS_PER_TICKET * len(facts.tickets) or 1,
                bytes=len(text.encode()),
                after=facts.after,
                carries=facts.carries,
            )
        )
    texts[GENERATION_NAME] = _entry(batch_id, settings, entries, texts)
    pairing = "matrix" if settings.by_matrix else "jobs"
    return ChildPipelines(PipelineIndex(batch_id=batch_id, pairing=pairing, children=tuple(entries)), texts)


def _entry(
    batch_id: str | None, settings: PipelineSettings, children: Sequence[ChildPipeline], texts: dict[str, str]
) -> str:
    """What is triggered: the only child, or the pipeline that triggers them all."""
    if batch_id is None or len(children) == 1:
        return texts[children[0].file]
    return _text(generation(batch_id, children, settings), GENERATION_NAME)


def _text(document: Job, name: str) -> str:
    return text_of(document, name, fix="lower the pipeline option max-tickets", limit=MAX_BYTES)
