"""The scripted agent: a real process that plays recorded steps."""

from typing import Any

import pytest

from ci_factory.config import Config, RetryConfig
from ci_factory.model.attempt import Ending, Trigger, Usage
from ci_factory.model.gate import GateStatus

Room = Any  # tests/work/conftest.py


def test_every_kind_of_step_is_played(room: Room) -> None:
    """Write from text and from a file, replace, delete, patch."""
    patch = "--- a/README.md\n+++ b/README.md\n@@ -1 +1,2 @@\n # Demo\n+More.\n"
    steps = [
        {"write": "deep/er/a.txt", "content": "a\n"},
        {"write": "b.bin", "from": "b.bin"},
        {"replace": "app.py", "old": "Hello", "new": "Bonjour"},
        {"delete": "tests/test_app.py"},
        {"patch": "1.patch"},
    ]
    agent = room.scripted(
        {"attempts": [[{"steps": steps}]], "usage": {"input_tokens": 5}, "model": "scripted-1"}
    )
    folder = room.root / "scripts/T-1"
    (folder / "b.bin").write_bytes(b"\x00\xff")
    (folder / "1.patch").write_text(patch, encoding="utf-8")
    attempt = room.work(agent=agent)
    assert attempt.ending is Ending.COMPLETED
    assert attempt.diff.files == ("README.md", "app.py", "b.bin", "deep/er/a.txt", "tests/test_app.py")
    assert room.read(attempt, "README.md") == "# Demo\nMore.\n"
    assert attempt.model == "scripted-1"


def test_starts_and_rounds_follow_the_script(room: Room) -> None:
    """The outer list counts fresh starts, the inner one rounds; the last of each repeats. What was planned holds."""
    script = {
        "attempts": [
            [{"ending": "crash"}],
            [
                {"steps": [{"write": "a.txt", "content": "1"}]},
                {"steps": [{"replace": "a.txt", "old": "1", "new": "2"}]},
            ],
        ],
        "usage": {"input_tokens": 10, "output_tokens": 1, "cost_usd": 0.5},
    }

    def judge(checkout: Any) -> Any:
        done = (checkout / "a.txt").read_text(encoding="utf-8") == "2"
        return room.gate(GateStatus.PASS if done else GateStatus.FAIL)

    config = Config(retries=RetryConfig(limit=1, delays_minutes=(0,)))
    attempt = room.work(agent=room.scripted(script), config=config, judge=judge)
    rounds = [(run.attempt, run.iteration, run.phase, run.ended) for run in attempt.runs]
    assert rounds == [
        (1, 0, "plan", "ok"),
        (1, 1, "implement", "crash"),
        (2, 1, "implement", "ok"),
        (2, 2, "implement", "ok"),
    ]
    assert attempt.ending is Ending.COMPLETED
    assert attempt.usage == Usage(input_tokens=40, output_tokens=4, cost_usd=2.0)


def test_a_recorded_time_out_is_a_real_one(room: Room) -> None:
    """The process sleeps until it is killed; what it used is then unknown."""
    script = {"attempts": [[{"ending": "timeout"}]], "usage": {"input_tokens": 1}}
    attempt = room.work(agent=room.scripted(script), timeout=2)
    assert attempt.ending is Ending.TIMEOUT
    assert attempt.usage.input_tokens is None


def test_a_recorded_escalation_is_handed_over(room: Room) -> None:
    """The document in the script is what the agent writes."""
    document = {"trigger": "architecture", "summary": "A new service?", "why": "it grows"}
    agent = room.scripted({"attempts": [[{"ending": "escalate", "escalation": document}]]})
    attempt = room.work(agent=agent)
    assert (attempt.ending, attempt.reason) == (Ending.ESCALATED, "A new service?")
    assert attempt.escalation.trigger is Trigger.ARCHITECTURE


@pytest.mark.parametrize(
    ("step", "message"),
    [
        ({"replace": "app.py", "old": "missing", "new": ""}, "must occur exactly once, it occurs 0 times"),
        ({"replace": "app.py", "old": "e", "new": ""}, "must occur exactly once, it occurs"),
        ({"delete": "nowhere.py"}, "there is no such file"),
        ({"patch": "none.patch"}, "no file 'none.patch' beside the script"),
        ({"write": "../outside", "content": ""}, "not a path inside of the repository"),
        ({"write": "a", "delete": "b"}, "must have exactly one of the keys"),
        ("sleep", "is not a mapping"),
    ],
)
def test_a_step_that_does_not_fit_is_a_crash_with_a_clear_message(
    room: Room, step: object, message: str
) -> None:
    """Whoever wrote the script reads what is wrong with it."""
    attempt = room.work(agent=room.scripted({"attempts": [[{"steps": [step]}]]}))
    assert attempt.ending is Ending.AGENT_FAILED
    assert message in attempt.reason


@pytest.mark.parametrize("script", [[], {"attempts": [[]]}, {"attempts": 3}, {"tries": []}, {"usage": 7}])
def test_a_malformed_script_is_not_tried_again(room: Room, script: object) -> None:
    """Waiting does not mend a script."""
    attempt = room.work(agent=room.scripted(script), config=Config())
    assert attempt.ending is Ending.AGENT_FAILED
    assert len(attempt.runs) <= 2
    assert "exit code 126" in attempt.reason


def test_a_missing_script_is_said(room: Room) -> None:
    """A ticket without a folder of its own can't be played."""
    attempt = room.work(agent=room.scripted({}, ticket="OTHER"), config=Config())
    assert "script.yml can't be read" in attempt.reason
