"""Things that wait for people."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from ci_factory.model.gate import Verdict
from ci_factory.model.ticket import Priority, RiskLevel, Size, Ticket
from ci_factory.review.subject import ReviewSubject

OPENED = datetime(2026, 3, 3, 6, tzinfo=UTC)
Subject = Callable[..., ReviewSubject]


@pytest.fixture(scope="session")
def subject() -> Subject:
    """`subject("t1", priority=…, title=…, **fields of the subject)`: a passed medium change with the score 85."""

    def make(
        ticket_id: str = "t1",
        *,
        priority: Priority = Priority.MEDIUM,
        title: str = "Round prices",
        **fields: Any,
    ) -> ReviewSubject:
        values: dict[str, Any] = {
            "merge_request": 1,
            "author": "factory",
            "verdict": Verdict.PASS,
            "score": 85.0,
            "security_findings": 0,
            "risk": RiskLevel.LOW,
            "size": Size.MEDIUM,
            "lines": 60,
            "files": ("src/cart.py",),
            "opened_at": OPENED,
            "escalated": False,
        }
        return ReviewSubject(
            ticket=Ticket(id=ticket_id, title=title, priority=priority), **{**values, **fields}
        )

    return make
