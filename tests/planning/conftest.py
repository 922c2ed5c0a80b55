"""Queues of candidates and the batches made of them."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from ci_factory.config import AgentConfig, BatchConfig, Config
from ci_factory.model.batch import Batch, Limits
from ci_factory.model.planning_settings import PlanningConfig
from ci_factory.model.ticket import (
    Candidate,
    Estimate,
    Priority,
    Readiness,
    Risk,
    RiskLevel,
    Size,
    Ticket,
)
from ci_factory.planning.expectations import Expectations
from ci_factory.planning.plan import make_batch
from ci_factory.planning.routing.protocol import Router

NOW = datetime(2026, 3, 2, 17, tzinfo=UTC)
AGENTS = (AgentConfig(name="ada", adapter="command"), AgentConfig(name="bob", adapter="command"))

Queue = Callable[..., Candidate]
Plan = Callable[..., Batch]


@pytest.fixture(scope="session")
def candidate() -> Queue:
    """`candidate("a", files=…, depends_on=…, size=…, priority=…, missing=…, **fields of the ticket)`."""

    def make(
        ticket_id: str,
        *,
        files: Sequence[str] = (),
        depends_on: Sequence[str] = (),
        size: Size = Size.SMALL,
        priority: Priority = Priority.MEDIUM,
        missing: Sequence[str] = (),
        **fields: Any,
    ) -> Candidate:
        return Candidate(
            ticket=Ticket(
                id=ticket_id,
                title=f"Ticket {ticket_id}",
                depends_on=tuple(depends_on),
                priority=priority,
                **{"created_at": NOW, **fields},
            ),
            readiness=Readiness(ready=not missing, missing=tuple(missing)),
            estimate=Estimate(complexity=size, files=tuple(files)),
            risk=Risk(level=RiskLevel.LOW),
        )

    return make


@pytest.fixture(scope="session")
def plan() -> Plan:
    """`plan(*candidates, pattern=…, overlap=…, max_tickets=…, parallel=…, resolved=…, in_flight=…, batch=…)`."""

    def run(
        *candidates: Candidate,
        pattern: Any = "isolate",
        overlap: Any = "stack",
        max_tickets: int = 20,
        parallel: int = 3,
        resolved: Sequence[str] = (),
        in_flight: Mapping[str, tuple[str, ...]] | None = None,
        agents: Sequence[AgentConfig] = AGENTS,
        batch: BatchConfig | None = None,
        router: Router | None = None,
        optimize_seconds: float | None = None,
        expectations: Expectations | None = None,
        review_minutes: float | None = None,
    ) -> Batch:
        return make_batch(
            candidates,
            agents=agents,
            config=Config(
                planning=PlanningConfig(pattern=pattern, overlap=overlap, optimize_seconds=optimize_seconds),
                batch=batch or BatchConfig(),
            ),
            batch_id="night",
            created_at=NOW,
            project="shop",
            target_branch="main",
            base="0" * 40,
            limits=Limits(max_tickets=max_tickets, parallel=parallel),
            resolved=frozenset(resolved),
            in_flight=in_flight or {},
            router=router,
            expectations=expectations,
            review_minutes=review_minutes,
        )

    return run
