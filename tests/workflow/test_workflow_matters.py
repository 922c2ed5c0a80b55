"""Several questions on one ticket, answered one by one, on every forge; and what the yes then covers."""

from typing import Any

import pytest

from ci_factory.config import AgentConfig
from ci_factory.model.forge import NoteTarget
from ci_factory.publishing import answers
from ci_factory.system import records
from ci_factory.workflow import intake
from tests.workflow.conftest import Desk

READY = "ready-for-agent"
BODY = """Purge accounts older than three years, and add the tenacity package as a new dependency for the retries."""


def ticket(desk: Desk, **fields: Any) -> None:
    """A ticket that asks for more than one thing that people decide."""
    wanted = {"body": BODY, "complexity": "small", "acceptance_criteria": ("x is 2",), "labels": (READY,)}
    desk.world.ticket("1", **{**wanted, **fields})


def question(desk: Desk) -> answers.Question:
    """What people are asked."""
    forge = desk.world.forge
    found = answers.question(forge.notes(NoteTarget.ISSUE, "1"), ours=forge.user)
    assert found is not None
    return found


@pytest.fixture
def asked(desk: Desk) -> Desk:
    """A night that led to two questions in one note."""
    ticket(desk)
    assert desk.run() == {"1": "escalated"}
    return desk


def test_questions_are_answered_one_by_one(asked: Desk) -> None:
    """Who answers some is told which are open; nothing starts before all are answered, by people who may."""
    assert [scope.trigger for scope in question(asked).asked] == ["architecture", "data"]
    asked.say("1", "dana", "1b, no new package please")
    if asked.bot:
        asked.say("1", "rob", "2a")
        asked.world.as_user("dana")
    assert asked.run() == {"1": "escalated"}
    (note,) = asked.beneath("1")
    assert "Answered by dana: 1b. Question 2 has no answer yet" in note.body
    intake.intake(asked.factory)
    assert asked.beneath("1") == [note]
    assert asked.prompts() == []
    asked.say("1", "dana", "2: keep them for five years")
    assert asked.run() == {"1": "no-change"}
    (prompt,) = asked.prompts()
    assert "Question 1: Do it without a new dependency; no new package please" in prompt
    assert "Question 2: keep them for five years" in prompt
    (note,) = asked.beneath("1")
    assert "Answered by dana: 1b, 2 in their own words" in note.body
    events = records.read_events(asked.factory.layout.events)
    (told,) = [each for each in events if each.kind == "answered"]
    assert told.data["waited_hours"] > 0


def test_a_change_that_people_said_no_to_is_asked_about(asked: Desk) -> None:
    """A no to the words is no yes to the change, and what was agreed to stays agreed."""
    adds = "printf 'tenacity==9.0.0\\n' > requirements.txt"
    asked.replace_agent(AgentConfig(name="copier", adapter="command", command=adds))
    asked.say("1", "dana", "1b, 2a")
    assert asked.run() == {"1": "escalated"}
    again = question(asked)
    assert [(scope.trigger, scope.files) for scope in again.asked] == [
        ("architecture", ("requirements.txt",))
    ]
    assert {scope.trigger for scope in again.agreed} == {"architecture", "data"}
    asked.say("1", "dana", "1")
    (candidate,) = intake.intake(asked.factory).candidates
    assert ("architecture", ("requirements.txt",), False) in [
        (each.trigger, each.files, each.words_only) for each in candidate.agreed
    ]


def test_the_label_is_a_yes_to_all(asked: Desk) -> None:
    """Nobody has to name each question to agree to every one."""
    asked.label("1", add=("factory::approved",))
    assert asked.run() == {"1": "no-change"}
