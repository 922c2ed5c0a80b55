"""Builds the router of a batch from the configuration and, where a policy learns from it, the past; and tells people why."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from ci_factory.config import AgentConfig
from ci_factory.model.batch import Batch
from ci_factory.model.history import PastAttempt
from ci_factory.model.routing import RoutingReport
from ci_factory.planning.routing import registry
from ci_factory.planning.routing import report as reports
from ci_factory.planning.routing.protocol import Router
from ci_factory.planning.routing.registry import Known
from ci_factory.planning.routing.report import Decided
from ci_factory.system import records
from ci_factory.system.layout import Layout
from ci_factory.work.agents.registry import ADAPTERS
from ci_factory.workflow import history
from ci_factory.workflow.factory import Factory


def router(factory: Factory, able: Sequence[AgentConfig], batch_id: str, now: datetime) -> Router:
    """Who chooses the agents of a batch. The past is read only when a policy learns from it.

    Raises:
        ForgeError: the forge can't be read.
    """
    past = history.past(factory) if registry.learns(factory.config.routing) else ()
    return registry.make_router(_known(factory, able, batch_id, now, past))


def agents(factory: Factory) -> tuple[AgentConfig, ...]:
    """Agents with what their adapters are known for, where the configuration does not say otherwise."""
    return tuple(_as_able(factory, agent) for agent in factory.agents)


def report(factory: Factory) -> RoutingReport:
    """Why tickets go to whom, from all that is known now; writes nothing.

    Raises:
        ForgeError: the forge can't be read.
    """
    known = _known(factory, agents(factory), "next", factory.clock.now(), history.past(factory))
    return reports.report(known, tuple(_decisions(factory.layout)))


def log(factory: Factory, batch: Batch) -> None:
    """Every decision of a batch as an event; doing it again changes nothing."""
    for planned in batch.tickets:
        if planned.routing is not None:
            data = planned.routing.model_dump(mode="json")
            factory.event("plan", "routed", batch.id, planned.id, **data)


def _known(
    factory: Factory,
    able: Sequence[AgentConfig],
    batch_id: str,
    now: datetime,
    past: Sequence[PastAttempt],
) -> Known:
    lanes = factory.config.batch.parallel
    return Known(
        agents=able,
        settings=factory.config.routing,
        batch_id=batch_id,
        now=now,
        past=past,
        capacity={agent.name: min(agent.parallel or lanes, lanes) for agent in able},
        last_agent=_last_agent(factory.layout),
    )


def _last_agent(layout: Layout) -> str:
    """Of the newest batch, as its plan said; empty when there is none."""
    newest = layout.batches()[-1:]
    batch = records.read_if_valid(newest[0].batch, Batch) if newest else None
    tickets = sorted(batch.tickets, key=lambda each: each.order) if batch else []
    return tickets[-1].agent if tickets else ""


def _decisions(layout: Layout) -> Iterator[Decided]:
    """What was logged with the plans of the newest batches."""
    for folder in layout.batches()[-history.BATCHES :]:
        batch = records.read_if_valid(folder.batch, Batch)
        for planned in batch.tickets if batch else ():
            if planned.routing is not None:
                yield Decided(folder.path.name, planned.id, planned.routing)


def _as_able(factory: Factory, agent: AgentConfig) -> AgentConfig:
    known = ADAPTERS[agent.adapter](agent, factory.config_folder).capability
    found: dict[str, object] = {
        "max_size": min(agent.max_size, known.max_size, key=lambda size: size.rank),
        "languages": tuple(sorted(known.languages)),
    }
    said = agent.model_fields_set
    return agent.model_copy(update={key: value for key, value in found.items() if key not in said})
