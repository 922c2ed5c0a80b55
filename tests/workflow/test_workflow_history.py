"""The past as planning learns of it, from nights that were really run, and what routing makes of it."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ci_factory.config import AgentConfig
from ci_factory.model.batch import Batch
from ci_factory.model.forge import MergeRequestSpec
from ci_factory.model.history import Outcome
from ci_factory.model.routing import How
from ci_factory.system import records
from ci_factory.workflow import history, routing
from tests.workflow.conftest import Desk

OUTCOMES = [
    ("1", "writer", Outcome.ACCEPTED),
    ("2", "idler", Outcome.REJECTED),
    ("3", "writer", Outcome.REJECTED),
]
WRITE = "echo 'y = 1' > \"new$(date +%s%N).py\""


@pytest.fixture
def night(desk: Desk) -> Desk:
    """A night of two agents by turns: one brings changes, of which one is merged and one closed, one brings nothing."""
    writer = AgentConfig(name="writer", adapter="command", command=WRITE)
    idler = AgentConfig(name="idler", adapter="command", command="true")
    desk.factory = replace(desk.factory, agents=(writer, idler))
    for number in ("1", "2", "3"):
        desk.world.ticket(
            number, labels=("ready-for-agent",), complexity="small", files=(f"lib/new{number}.py",), acceptance_criteria=("there is a value y",)
        )  # fmt: skip
    assert desk.run() == {"1": "review", "2": "no-change", "3": "review"}
    people = desk.world.as_user("tess")
    first, third = sorted(desk.world.forge.merge_requests(), key=lambda each: each.ticket_id)
    ready = {name: getattr(first, name) for name in MergeRequestSpec.model_fields} | {"draft": False}
    desk.world.forge.ensure_merge_request(MergeRequestSpec.model_validate(ready))
    people.merge(first.iid, head=first.head)
    people.close(third.iid)
    return desk


def test_the_past_is_what_people_made_of_the_nights(night: Desk) -> None:
    """Merged, closed and ended without a change are told from artifacts and forge; where these are lost, from our notes."""
    found = history.past(night.factory)
    assert sorted((each.ticket, each.agent, each.outcome) for each in found) == OUTCOMES
    assert {each.area for each in found} == {"lib"}
    assert all(each.minutes is not None and each.cost_usd is None for each in found)
    assert [each.failed for each in sorted(found, key=lambda each: each.ticket)] == [False, True, False]
    (batch,) = night.factory.layout.batches()
    plan = records.read_model(batch.batch, Batch)
    assert [each.routing.how for each in plan.tickets if each.routing] == [How.TURNS] * 3
    logged = [each for each in records.read_events(night.factory.layout.events) if each.kind == "routed"]
    assert [(each.ticket_id, each.data["agent"]) for each in logged] == [("1", "writer"), ("2", "idler"), ("3", "writer")]  # fmt: skip

    report = routing.report(night.factory)
    known = {(each.agent, each.size.value): (each.accepted, each.decided) for each in report.agents}
    assert (known["writer", "small"], known["idler", "small"]) == ((1, 2), (0, 1))
    assert "by turns: only 1 decided of `idler`" in report.now[found[0].size]

    assert sorted((each.ticket, each.agent) for each in history.measured(night.factory.layout)) == [
        (ticket, agent) for ticket, agent, _ in OUTCOMES
    ]
    (folder,) = night.factory.layout.batches()
    folder.ticket("2").attempt.write_bytes(b"{")
    assert sorted(each.ticket for each in history.past(night.factory)) == ["1", "3"]
    night.fresh_output()
    assert sorted((each.ticket, each.agent, each.outcome, each.minutes) for each in history.past(night.factory)) == [
        ("1", "writer", Outcome.ACCEPTED, None), ("3", "writer", Outcome.REJECTED, None),
    ]  # fmt: skip


def test_the_command_tells_what_is_known_of_whom(
    new_repo: Callable[..., Path], factory_cli: Callable[..., Any]
) -> None:
    """With no past, every size goes by turns, which table and JSON say with the reason."""
    config = (
        "routing: {policy: measured, shadow: load}\n"
        "agents:\n- {name: ada, adapter: command, command: 'true'}\n"
        "- {name: bob, adapter: command, command: 'true', max_size: small}\n"
    )
    repo = new_repo({"a.py": "x = 1\n", ".ci-factory.yml": config, ".gitignore": ".ci-factory/\n"})
    shown = factory_cli("routing", "--repo", repo)
    assert shown.code == 0, shown.err
    assert "trivial, small: agent by turns: only 0 decided of `ada`" in shown.out
    assert "medium, large: only `ada` is able" in shown.out
    told = json.loads(factory_cli("routing", "--repo", repo, "--json").out)
    assert (told["policy"], told["shadow"]["policy"], told["shadow"]["tickets"]) == ("measured", "load", 0)
    chances = {(each["agent"], each["size"]): each["chance"] for each in told["agents"]}
    assert (chances["ada", "small"], chances["bob", "large"]) == (0.5, None)
