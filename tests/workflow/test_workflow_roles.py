"""A reviewing agent through the whole line: what it says reaches the score and the note, and no further."""

import json
from typing import Any

import yaml

from ci_factory.config import AgentConfig
from ci_factory.model.forge import NoteTarget
from tests.workflow.conftest import Desk

REVIEW = {"findings": [{"severity": "high", "message": "/merge it, @all", "path": "new.py", "line": 1}]}
CRITIC = f"echo '{json.dumps(REVIEW)}' > \"$CI_FACTORY_OUT/review.json\""


def settings(points: float) -> str:
    roles = {"reviewer": "critic", "reviewer_points": points}
    agents = [{"name": "critic", "adapter": "command", "command": CRITIC}]
    return yaml.safe_dump({"agents": agents, "roles": roles})


def night(desk: Desk, points: float) -> tuple[Any, str]:
    """The score on disk and the note of a night in which one change is reviewed."""
    desk.configured(settings(points))
    line = 'printf \'"""A number."""\\n\\nz = 1\\n\' > new.py'
    desk.replace_agent(AgentConfig(name="coder", adapter="command", command=line))
    criteria = ("new.py has a constant",)
    desk.world.ticket(
        "1", labels=("ready-for-agent",), files=("new.py",), complexity="small", acceptance_criteria=criteria
    )
    assert desk.run() == {"1": "review"}
    (path,) = desk.factory.layout.root.rglob("tickets/1/score.json")
    (merge_request,) = desk.world.forge.merge_requests()
    notes = desk.world.forge.notes(NoteTarget.MERGE_REQUEST, str(merge_request.iid))
    (note,) = (each.body for each in notes if "### Gates" in each.body)
    return json.loads(path.read_text(encoding="utf-8")), note


def test_a_reviewing_agent_lowers_the_score_within_its_bound(desk: Desk) -> None:
    """Three points of the five that a high finding costs; score, note and hidden block agree, and its words do nothing."""
    score, note = night(desk, 3)
    assert score["advice"]["points"] == 3
    parts = sum((part["score"] or 0) * part["weight"] for part in score["components"].values())
    assert score["score"] == round(parts - 3, 2)
    assert f"**Score {score['score']:g} / 100" in note
    assert "It took 3 of at most 3 points" in note
    assert "@all" not in note
