"""How the work on one ticket can end, with real processes in real worktrees."""

import shlex
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from ci_factory.config import AgentConfig, Config, IterationLimits, RetryConfig
from ci_factory.errors import ConfigError, Interrupted
from ci_factory.model.attempt import CheckpointName, CheckpointStatus, Ending, Trigger, Usage
from ci_factory.model.gate import Component, GateStatus
from ci_factory.model.sandbox_settings import SandboxConfig
from ci_factory.system.git import Git
from ci_factory.work.agents.registry import ADAPTERS

Room = Any  # tests/work/conftest.py

UNCONFINED = Config(retries=RetryConfig(limit=0), sandbox=SandboxConfig(mode="off"))
HELLO = "printf \"def greet(language):\\n    return 'Bonjour'\\n\" > app.py"


def statuses(attempt: Any) -> dict[str, str]:
    return {one.name.value: one.status.value for one in attempt.checkpoints}


def test_a_change_that_passes_is_completed_with_all_proofs(room: Room) -> None:
    """A passing change is a commit on the base, in a bundle, with C0 to C3 and its size."""
    attempt = room.work(command=HELLO)
    assert attempt.ending is Ending.COMPLETED
    assert statuses(attempt) == {"C0": "passed", "C1": "not-applicable", "C2": "passed", "C3": "passed"}
    assert attempt.diff.files == ("app.py",)
    assert (attempt.diff.added, attempt.diff.removed) == (2, 2)
    assert room.hub.text("rev-parse", f"{attempt.head}^") == room.base
    elsewhere = Git(room.repo)
    assert elsewhere.unbundle(room.root / "out/T-1/change.bundle") == attempt.head
    assert elsewhere.tree_of(attempt.head) == attempt.tree
    assert room.leftovers() == []


def test_an_agent_that_does_nothing_ends_as_no_change(room: Room) -> None:
    """No change, no gates, no bundle; the reason carries the agent's last words."""
    attempt = room.work(command="echo 'nothing to do here'")
    assert attempt.ending is Ending.NO_CHANGE
    assert attempt.reason == "the agent changed nothing: nothing to do here"
    assert attempt.head is None
    assert room.checked == []
    assert not (room.root / "out/T-1/change.bundle").exists()


def test_touching_files_is_no_change(room: Room) -> None:
    """What counts is the tree, not dates or empty folders."""
    attempt = room.work(command="touch -d 2001-01-01 app.py; chmod 644 app.py; mkdir empty")
    assert attempt.ending is Ending.NO_CHANGE


def test_feedback_reaches_the_agent_and_the_second_round_passes(room: Room) -> None:
    """The gates' words of a failed round are in the feedback file, the prompt and the record."""

    def judge(checkout: Path) -> Any:
        good = "Bonjour" in (checkout / "app.py").read_text(encoding="utf-8")
        return room.gate(GateStatus.PASS if good else GateStatus.FAIL, message="test_greet: wrong language")

    again = 'grep -q "existing test: test_greet: wrong language" "$CI_FACTORY_FEEDBACK" "$CI_FACTORY_PROMPT"'
    attempt = room.work(command=f"echo '# x' >> app.py; if {again}; then {HELLO}; fi", judge=judge)
    assert attempt.ending is Ending.COMPLETED
    assert [run.iteration for run in attempt.runs] == [1, 2]
    assert attempt.runs[0].feedback == (
        "tests: tests fail",
        "tests/test_app.py:3: existing test: test_greet: wrong language",
    )
    assert attempt.runs[1].feedback == ()
    assert "Bonjour" in (room.read(attempt, "app.py") or "")


def test_rounds_are_limited_and_the_work_is_kept(room: Room) -> None:
    """After the last round a person is asked, with the change as it is."""
    config = Config(iterations=IterationLimits(test_failures=2), retries=RetryConfig(limit=0))
    attempt = room.work(
        command="echo '# again' >> app.py", config=config, judge=lambda _: room.gate(GateStatus.FAIL)
    )
    assert attempt.ending is Ending.ESCALATED
    assert attempt.escalation.trigger is Trigger.ITERATIONS
    assert len(attempt.escalation.options) >= 2
    assert len(attempt.runs) == 2
    assert (room.read(attempt, "app.py") or "").count("# again") == 2
    assert statuses(attempt)["C2"] == "escalated"
    assert (room.root / "out/T-1/change.bundle").exists()


def test_the_same_tree_failing_again_stops_the_loop(room: Room) -> None:
    """An agent that brings the same failing change again is not called a third time, nor judged twice."""
    attempt = room.work(command=HELLO, judge=lambda _: room.gate(GateStatus.FAIL))
    assert attempt.ending is Ending.ESCALATED
    assert attempt.reason == "the same change fails in the same way again"
    assert len(attempt.runs) == 2
    assert len(room.checked) == 1


def test_a_blocked_change_is_completed_for_a_person_without_another_round(room: Room) -> None:
    """What a person must decide does not go back to the agent; C2 and C3 say that it does not hold."""
    attempt = room.work(
        command=HELLO, judge=lambda _: room.gate(GateStatus.BLOCKED, "policy", Component.POLICY)
    )
    assert attempt.ending is Ending.COMPLETED
    assert attempt.reason.startswith("blocked: a person must decide")
    assert len(attempt.runs) == 1
    assert statuses(attempt) == {"C0": "passed", "C1": "not-applicable", "C2": "failed", "C3": "failed"}


def test_a_secret_is_escalated_and_not_completed(room: Room) -> None:
    """A change with a secret ends with a person, so that it is never published."""
    attempt = room.work(
        command=HELLO, judge=lambda _: room.gate(GateStatus.BLOCKED, "secrets", Component.SECURITY)
    )
    assert attempt.ending is Ending.ESCALATED
    assert attempt.escalation.trigger is Trigger.SECURITY
    assert attempt.head is not None


def test_what_could_not_be_measured_does_not_pass(room: Room) -> None:
    """An inconclusive gate ends the loop with C2 failed."""
    attempt = room.work(command=HELLO, judge=lambda _: room.gate(GateStatus.INCONCLUSIVE))
    assert attempt.ending is Ending.COMPLETED
    assert statuses(attempt)["C2"] == "failed"
    assert attempt.reason.startswith("not measured")


def test_a_low_score_gets_one_more_round(room: Room) -> None:
    """All gates pass but the score is low: one more try with the reasons, then it is done as it is."""
    attempt = room.work(command="echo '# more' >> app.py", score=50)
    assert attempt.ending is Ending.COMPLETED
    assert len(attempt.runs) == 2
    assert statuses(attempt)["C2"] == "failed"
    assert "50" in attempt.runs[0].feedback[0]


def test_a_low_score_and_no_more_ideas_is_done(room: Room) -> None:
    """When the second round brings the same tree, the first verdict stands."""
    attempt = room.work(command=HELLO, score=50)
    assert attempt.ending is Ending.COMPLETED
    assert (len(attempt.runs), len(room.checked)) == (2, 1)


def test_a_time_out_kills_the_whole_process_group(room: Room) -> None:
    """Children that the agent left in its group do not live on, without a sandbox either."""
    alive = room.root / "alive"
    child = f"while true; do date +%s%N > {shlex.quote(str(alive))}; sleep 0.05; done"
    attempt = room.work(command=f"({child}) & echo half > half.txt; sleep 60", timeout=1, config=UNCONFINED)
    assert attempt.ending is Ending.TIMEOUT
    assert attempt.runs[0].ended == "timeout"
    seen = alive.read_text(encoding="utf-8")
    time.sleep(0.3)
    assert alive.read_text(encoding="utf-8") == seen
    assert room.read(attempt, "half.txt") == "half\n"
    assert room.leftovers() == []


def test_a_crash_is_tried_again_from_a_fresh_worktree(room: Room) -> None:
    """After the configured pause the agent starts anew, without what it did before."""
    config = Config(retries=RetryConfig(limit=3, delays_minutes=(1, 5)))
    command = f'echo x >> junk.txt; test "$CI_FACTORY_ATTEMPT" = 3 || exit 9; {HELLO}'
    attempt = room.work(command=command, config=config)
    assert attempt.ending is Ending.COMPLETED
    assert [(run.attempt, run.ended) for run in attempt.runs] == [(1, "crash"), (2, "crash"), (3, "ok")]
    assert attempt.runs[0].detail == "exit code 9: it said nothing"
    assert room.read(attempt, "junk.txt") == "x\n"
    assert (attempt.finished_at - attempt.started_at).total_seconds() == 6 * 60


def test_crashes_end_as_agent_failed_with_the_last_partial_work(room: Room) -> None:
    """When no retry is left, the last words and the partial work are kept."""
    config = Config(retries=RetryConfig(limit=1, delays_minutes=(0,)))
    attempt = room.work(command="echo a > partial.txt; echo 'no model' >&2; exit 3", config=config)
    assert attempt.ending is Ending.AGENT_FAILED
    assert attempt.reason == "the agent failed: exit code 3: no model; 2 fresh starts were tried"
    assert room.read(attempt, "partial.txt") == "a\n"


def test_a_command_that_does_not_exist_is_not_tried_again(room: Room) -> None:
    """A program that can't be started is the same after a pause."""
    attempt = room.work(command="no-such-agent-anywhere", config=Config())
    assert attempt.ending is Ending.AGENT_FAILED
    assert len(attempt.runs) == 1


def test_a_written_attempt_is_returned_and_no_agent_runs(room: Room) -> None:
    """The presence of attempt.json means: done."""
    first = room.work(command=HELLO)
    before = (room.root / "out/T-1/attempt.json").read_bytes()
    second = room.work(command=f"touch {shlex.quote(str(room.root))}/ran")
    assert second == first
    assert not (room.root / "ran").exists()
    assert (room.root / "out/T-1/attempt.json").read_bytes() == before


def test_a_torn_attempt_is_done_again(room: Room) -> None:
    """What is not a whole attempt.json counts as not done; the leftovers of the killed run are not mixed in."""
    room.work(command=HELLO)
    written = room.root / "out/T-1/attempt.json"
    written.write_bytes(written.read_bytes()[:100])
    left = room.root / "out/T-1/agent/1-1-implement/out/escalation.json"
    left.write_text('{"trigger": "data", "summary": "old"}', encoding="utf-8")
    assert room.work(command=HELLO).ending is Ending.COMPLETED


def test_a_stopped_ticket_is_skipped(room: Room) -> None:
    """A person's stop comes before the agent."""
    attempt = room.work(command=HELLO, stop=lambda: True)
    assert attempt.ending is Ending.SKIPPED
    assert attempt.runs == ()


def test_an_interruption_leaves_nothing_behind(room: Room) -> None:
    """When stop raises, no attempt is written, so that the next run works on the ticket again."""
    asked = []

    def stop() -> bool:
        asked.append(1)
        if len(asked) > 2:
            raise Interrupted("interrupted")
        return False

    with pytest.raises(Interrupted):
        room.work(command="kill -9 $$", stop=stop, config=Config())
    assert not (room.root / "out/T-1/attempt.json").exists()
    assert room.leftovers() == []


def test_usage_is_summed_over_all_calls_and_unknown_stays_unknown(room: Room) -> None:
    """Tokens that each call told are added; a part that one call left out is unknown in total."""
    told = '{"input_tokens": 100, "output_tokens": 7, "cost_usd": 0.25, "model": "m-1"}'
    partly = '{"input_tokens": 20, "cost_usd": null}'
    command = (
        f'if [ "$CI_FACTORY_ITERATION" = 1 ]; then echo {shlex.quote(told)}; else echo {shlex.quote(partly)}; fi '
        '> "$CI_FACTORY_OUT/usage.json"; echo "#" >> app.py'
    )
    attempt = room.work(command=command, score=50)
    assert attempt.usage == Usage(input_tokens=120, output_tokens=None, cost_usd=None)
    assert attempt.model == "m-1"


def test_no_call_used_nothing(room: Room) -> None:
    """A ticket on which no agent ran has a known usage: zero."""
    attempt = room.work(command=HELLO, stop=lambda: True)
    assert attempt.usage == Usage(input_tokens=0, output_tokens=0, cost_usd=0, calls=0)


def test_events_tell_the_story_once(room: Room) -> None:
    """Every step has a key that a second telling would share."""
    room.work(command=HELLO)
    assert [(event.kind, event.key) for event in room.events()] == [
        ("started", "B-1/T-1/started/1"),
        ("checkpoint", "B-1/T-1/checkpoint/C0/1"),
        ("checkpoint", "B-1/T-1/checkpoint/C1/1"),
        ("sandbox", "B-1/T-1/sandbox"),
        ("agent-run", "B-1/T-1/agent-run/1-1-implement"),
        ("checkpoint", "B-1/T-1/checkpoint/C2/1"),
        ("checkpoint", "B-1/T-1/checkpoint/C3"),
        ("ended", "B-1/T-1/ended"),
    ]


def test_transcripts_are_kept_without_terminal_codes(room: Room) -> None:
    """What the agent printed can be read later, and obeys no terminal."""
    room.work(command="printf '\\033[31mred\\033[0m\\033]0;title\\007 word\\n'; echo problem >&2")
    text = (room.root / "out/T-1/agent/1-1-implement.log").read_text(encoding="utf-8")
    assert text.partition("\n")[2] == "--- stdout\nred word\n\n--- stderr\nproblem\n\n"


def test_the_size_is_measured_again(room: Room) -> None:
    """A change larger than planned counts as what it is."""
    attempt = room.work(command="seq 300 > numbers.txt")
    assert attempt.size.value == "large"
    c2 = next(one for one in attempt.checkpoints if one.name is CheckpointName.C2)
    assert c2.notes[0] == "the change is large, larger than planned (small)"
    assert c2.status is CheckpointStatus.PASSED


def test_a_command_agent_without_a_command_is_refused(tmp_path: Path) -> None:
    """A configuration that can't work is told before anything starts."""
    with pytest.raises(ConfigError, match="needs a command line"):
        ADAPTERS["command"](AgentConfig(name="x", adapter="command"), tmp_path)
    with pytest.raises(ConfigError, match="needs a folder"):
        ADAPTERS["scripted"](AgentConfig(name="x", adapter="scripted", folder="nowhere"), tmp_path)


def test_many_tickets_at_once_keep_to_themselves(room: Room) -> None:
    """Worktrees made by several lanes at the same time do not mix."""

    def one(number: int) -> Any:
        name = f"T-{number}"
        return room.work(room.planned(name), command=f"echo {name} > who.txt")

    with ThreadPoolExecutor(4) as pool:
        attempts = list(pool.map(one, range(8)))
    assert [room.read(attempt, "who.txt") for attempt in attempts] == [f"T-{n}\n" for n in range(8)]
    assert room.leftovers() == []
