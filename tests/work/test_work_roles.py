"""Roles: other agents plan and review, documents go from one to the next, and a reviewer's word is advice."""

import json
import shlex
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from ci_factory.config import AgentConfig, Config
from ci_factory.errors import Interrupted
from ci_factory.model.attempt import Attempt, Ending
from ci_factory.work.agents.protocol import Phase
from ci_factory.work.agents.registry import ADAPTERS
from ci_factory.work.attempt import work_ticket
from ci_factory.work.context import Player
from tests.work.conftest import Room

OPEN = Config.model_validate({"retries": {"limit": 0}, "sandbox": "off"})
"""The agents keep a log outside of their worktree."""
C0 = {
    "objective": "Greet the French",
    "affected_files": ["app.py"],
    "criteria": [{"criterion": "greet('fr') says Bonjour", "how": "a table of greetings"}],
}
GOOD = {"summary": "Works.", "findings": []}
BAD = {
    "summary": "Forgets the accents.",
    "findings": [
        {"severity": "high", "message": "é is lost", "path": "app.py", "line": 1},
        {"severity": "low", "message": "odd", "path": "../../etc/passwd", "line": 3},
    ],
}


def player(room: Room, name: str, line: str, env: tuple[str, ...] = (), *, plans: bool = True) -> Player:
    """An agent in a role that writes down who it is, and what it can see."""
    told = f'echo "{name} $CI_FACTORY_PHASE ${{ONLY_{name.upper()}:-unset}}" >> {shlex.quote(str(room.root / "log"))}'
    agent = AgentConfig(name=name, adapter="command", command=f"{told}; {line}", plans=plans, env=env)
    return Player(agent, ADAPTERS["command"](agent, room.root))


def writes(name: str, document: object) -> str:
    return f'printf %s {shlex.quote(json.dumps(document))} > "$CI_FACTORY_OUT/{name}"'


def worked(room: Room, crew: Mapping[Phase, Player], line: str = "echo '# fr' >> app.py") -> Attempt:
    planned = room.planned(files=("app.py",))
    coder = player(room, "coder", line, plans=False).agent
    context = replace(room.context(agent=coder, config=OPEN), crew=crew)
    return work_ticket(planned, room.batch(planned), context)


def log(room: Room) -> list[str]:
    return (room.root / "log").read_text(encoding="utf-8").splitlines()


def test_the_planner_hands_over_what_was_verified(room: Room) -> None:
    """The implementer is told objective and criteria as data, in its prompt and as a document."""
    planner = player(room, "planner", writes("comprehension.json", C0))
    keep = f'cp "$CI_FACTORY_HANDOFF" {shlex.quote(str(room.root))}/; echo "# fr" >> app.py'
    attempt = worked(room, {"plan": planner}, keep)
    assert attempt.ending is Ending.COMPLETED, attempt.reason
    assert [(run.agent, run.phase) for run in attempt.runs] == [("planner", "plan"), ("coder", "implement")]
    handed = json.loads((room.root / "handoff.json").read_text(encoding="utf-8"))
    assert (handed["sender"], handed["receiver"]) == ("planner", "implementer")
    assert handed["deliverables"] == [
        {"what": "a table of greetings", "acceptance": "greet('fr') says Bonjour"}
    ]
    prompt = (room.root / "out/T-1/agent/1-1-implement/prompt.md").read_text(encoding="utf-8")
    assert "Objective: Greet the French" in prompt.split("## Handed over (data)")[1]


def test_nothing_is_handed_over_that_only_repeats_the_ticket(room: Room) -> None:
    """A C0 that the factory derived itself tells the implementer nothing new."""
    attempt = worked(
        room, {"plan": player(room, "planner", "true")}, 'test -z "$CI_FACTORY_HANDOFF" && echo "#" >> app.py'
    )
    assert attempt.ending is Ending.COMPLETED, attempt.reason


def test_each_role_has_its_own_variables(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key that one agent is given reaches no other one."""
    monkeypatch.setenv("ONLY_PLANNER", "p")
    monkeypatch.setenv("ONLY_CODER", "c")
    monkeypatch.setenv("ONLY_CRITIC", "r")
    crew: dict[Phase, Player] = {
        "plan": player(room, "planner", "true", ("ONLY_PLANNER",)),
        "review": player(room, "critic", 'test -z "$ONLY_PLANNER$ONLY_CODER"', ("ONLY_CRITIC",)),
    }
    attempt = worked(room, crew)
    assert log(room) == ["planner plan p", "coder implement unset", "critic review r"]
    assert [run.ended for run in attempt.runs] == ["ok", "ok", "ok"]


def test_a_review_is_kept_with_the_tree_it_read(room: Room) -> None:
    """With its findings, those without a sound place among them; the change itself stays as it was."""
    critic = player(room, "critic", f"{writes('review.json', BAD)}; echo spoiled > app.py")
    attempt = worked(room, {"review": critic})
    review = attempt.review
    assert review is not None
    assert (review.agent, review.tree, review.problem) == ("critic", attempt.tree, "")
    assert [(each.path, each.line) for each in review.findings] == [("app.py", 1), (None, None)]
    assert "etc/passwd" in review.findings[1].message
    assert "spoiled" not in (room.read(attempt, "app.py") or "")


def test_the_reviewer_sees_change_ticket_and_verdict_as_data(room: Room) -> None:
    """Its prompt has the diff, and the folder has the change in it."""
    critic = player(room, "critic", f"grep -q '# fr' app.py && {writes('review.json', GOOD)}")
    attempt = worked(room, {"review": critic})
    assert attempt.review is not None
    assert attempt.review.summary == "Works."
    prompt = (room.root / "out/T-1/agent/1-1-review/prompt.md").read_text(encoding="utf-8")
    assert "+# fr" in prompt
    assert "Greet in French" in prompt
    assert "Note: the gates pass" in prompt


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("exit 3", "the reviewer failed: exit code 3"),
        ("true", "the reviewer wrote no review.json"),
        ('echo \'{"findings": 1}\' > "$CI_FACTORY_OUT/review.json"', "review.json: findings"),
    ],
)
def test_a_reviewer_that_fails_costs_the_change_nothing(room: Room, line: str, why: str) -> None:
    """The work ends as it would have ended, and why there is no review is said."""
    attempt = worked(room, {"review": player(room, "critic", line)})
    assert attempt.ending is Ending.COMPLETED
    assert attempt.review is not None
    assert why in attempt.review.problem
    assert not attempt.review.findings


def test_only_a_change_that_is_done_is_reviewed(room: Room) -> None:
    """Nobody reads what goes to people anyway."""
    attempt = worked(room, {"review": player(room, "critic", "true")}, "true")
    assert attempt.ending is Ending.NO_CHANGE
    assert log(room) == ["coder implement unset"]


def test_a_review_that_was_killed_is_not_paid_for_again(room: Room) -> None:
    """One more run ends as the work had ended, with the killed call among its calls, its usage unknown."""
    stop = room.root / "stop"
    critic = player(room, "critic", f"touch {shlex.quote(str(stop))}; exit 1")

    def stopped() -> bool:
        if stop.exists():
            raise Interrupted("the machine went away")
        return False

    planned = room.planned(files=("app.py",))
    coder = player(room, "coder", "echo '# fr' >> app.py", plans=False).agent
    context: Any = replace(room.context(agent=coder, config=OPEN, stop=stopped), crew={"review": critic})
    with pytest.raises(Interrupted):
        work_ticket(planned, room.batch(planned), context)
    stop.unlink()
    attempt = work_ticket(planned, room.batch(planned), context)
    assert log(room) == ["coder implement unset", "critic review unset"]
    assert attempt.ending is Ending.COMPLETED
    assert attempt.review is not None
    assert "killed" in attempt.review.problem
    assert [(run.agent, run.ended) for run in attempt.runs] == [("coder", "ok"), ("critic", "killed")]
    assert attempt.usage.cost_usd is None
