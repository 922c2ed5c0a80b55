"""A small tree and tickets for it."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from ci_factory.config import Config, SensitiveArea
from ci_factory.intake.assess import assess
from ci_factory.model.ticket import Candidate, Ticket

NOW = datetime(2026, 3, 2, 17, tzinfo=UTC)
TREE = frozenset(
    {
        "README.md",
        "docs/usage.md",
        "src/shop/__init__.py",
        "src/shop/auth/login.py",
        "src/shop/cart.py",
        "src/shop/price_list.py",
        "src/shop/web/pages/[id].tsx",
        "tests/test_cart.py",
        "tests/test_login.py",
    }
)
CRITERIA = "## Acceptance criteria\n- `total()` of an empty cart is 0\n"

Assess = Callable[..., Candidate]


@pytest.fixture
def judge() -> Assess:
    """`judge(body, **fields of the ticket)` with the tree above; `known` and `config` can be given."""

    def run(body: str = CRITERIA, **fields: Any) -> Candidate:
        known = fields.pop("known", {})
        config = fields.pop("config", Config(sensitive=(SensitiveArea(paths=("src/shop/auth/",)),)))
        ticket = Ticket(**{"id": "t1", "title": "Change the cart", "body": body, **fields})
        return assess(ticket, tree=TREE, known=known, config=config, now=NOW)

    return run
