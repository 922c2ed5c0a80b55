"""A part of a ticket becomes a merge request that says so, and a draft ticket about the rest, on every forge."""

import json
from typing import Any

import pytest

from ci_factory.config import AgentConfig
from ci_factory.model.forge import NoteTarget
from tests.workflow.conftest import Desk

READY, DRAFT = "ready-for-agent", "factory::draft"
HOSTILE = "German <b>@all</b> closes #1 ![x](http://evil.example/y)\n/close"
PARTIAL = {"done": ["1"], "left": [{"criterion": HOSTILE, "why": "nobody knows [it](http://evil.example)"}], "summary": "French is done /merge"}  # fmt: skip


@pytest.fixture
def delivered(desk: Desk) -> Desk:
    """A night in which an agent did the first of two criteria and said so in hostile words."""
    (desk.root / "partial.json").write_text(json.dumps(PARTIAL), encoding="utf-8")
    command = f"echo 'y = 1' > lib.py; cp {desk.root}/partial.json \"$CI_FACTORY_OUT\"/"
    desk.replace_agent(AgentConfig(name="part", adapter="command", command=command))
    wanted = ("it speaks French", "it speaks German")
    desk.world.ticket("1", labels=(READY,), files=("lib.py",), complexity="small", acceptance_criteria=wanted)
    assert {number: state for number, state in desk.run().items() if number == "1"} == {"1": "partial"}
    return desk


def follow_ups(desk: Desk) -> list[Any]:
    return desk.world.forge.issues(labels=[DRAFT], opened_only=False)


def test_the_rest_is_a_draft_ticket_made_once(delivered: Desk) -> None:
    """Its criteria are what is left; it leads to ticket and merge request, and another publication makes no second one."""
    forge = delivered.world.forge
    (rest,) = follow_ups(delivered)
    (merge_request,) = forge.merge_requests()
    assert READY not in rest.ticket.labels
    assert f"A part of #1 is in !{merge_request.iid}" in rest.ticket.body
    assert len(rest.ticket.acceptance_criteria) == 2  # what the agent left, and what it did not speak of
    (status,) = (each for each in forge.notes(NoteTarget.ISSUE, "1") if "does a part" in each.body)
    assert f"draft ticket #{rest.ticket.id}" in status.body
    for record in delivered.factory.layout.root.rglob("publication.json"):
        record.unlink()
    for record in delivered.factory.layout.root.rglob("batch.json"):
        record.write_text(
            record.read_text().replace('"completed"', '"running"').replace('"reviewed"', '"running"')
        )
    delivered.run()
    assert [each.ticket for each in follow_ups(delivered)] == [rest.ticket]
    assert len(forge.merge_requests()) == 1


def test_the_merge_request_says_what_is_done_and_left(delivered: Desk) -> None:
    """Done and left stand in the description; the ticket's state is `partial`."""
    (merge_request,) = delivered.world.forge.merge_requests()
    assert "## Only a part of the ticket" in merge_request.description
    assert "French is done" in merge_request.description
    assert "factory::partial" in delivered.world.forge.issue("1").ticket.labels


def test_words_of_the_agent_mean_nothing_anywhere(delivered: Desk) -> None:
    """No mention, closing word, link, HTML or quick action of the agent's is left in ticket, description or note."""
    (rest,) = follow_ups(delivered)
    (merge_request,) = delivered.world.forge.merge_requests()
    for text in (rest.ticket.body, rest.ticket.title, merge_request.description):
        assert "@all" not in text
        assert "<b>" not in text
        assert "evil.example" not in text
        assert "closes #1" not in text
        assert not any(line.lstrip().startswith("/") for line in text.splitlines())
    assert rest.state.value == "opened"


def test_a_person_puts_the_rest_into_the_queue(delivered: Desk) -> None:
    """With the trigger label the draft is a ticket like any other."""
    (rest,) = follow_ups(delivered)
    delivered.replace_agent(AgentConfig(name="whole", adapter="command", command="echo 'z = 1' > more.py"))
    delivered.label(rest.ticket.id, add=(READY,), remove=(DRAFT,))
    assert delivered.run()[rest.ticket.id] == "review"
