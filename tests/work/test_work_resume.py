"""What a killed or stopped run left is gone on from; what is not ours, or damaged, is not."""

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ci_factory.config import Config
from ci_factory.errors import Interrupted
from ci_factory.model.attempt import (
    Attempt,
    Checkpoint,
    CheckpointName,
    CheckpointStatus,
    Comprehension,
    CriterionAnswer,
    Ending,
    Trigger,
)
from ci_factory.model.gate import GateStatus
from ci_factory.model.work_state import Earlier, Step, WorkState
from ci_factory.system.git import Git
from ci_factory.work.attempt import work_ticket
from tests.work.conftest import Room

OUT = "out/T-1"
OPEN = Config.model_validate({"retries": {"limit": 0}, "sandbox": "off"})
"""The agent keeps a log outside of its worktree."""


def counting(room: Room, rest: str) -> str:
    """A command that writes its calls down first."""
    return f'echo "$CI_FACTORY_PHASE $CI_FACTORY_ITERATION" >> {shlex.quote(str(room.root / "log"))}; {rest}'


def calls(room: Room) -> list[str]:
    return (room.root / "log").read_text(encoding="utf-8").splitlines()


def state(room: Room) -> WorkState:
    return WorkState.model_validate_json((room.root / OUT / "agent/state.json").read_bytes())


def why_not(room: Room) -> list[Any]:
    return [event.data["why"] for event in room.events() if event.kind == "not-resumed"]


def failing(room: Room) -> Callable[[Path], Any]:
    """Passes once the file is right; the second look, without it, breaks down as a machine does."""

    def judge(checkout: Path) -> Any:
        text = (checkout / "app.py").read_text(encoding="utf-8")
        if "second" in text and not (room.root / "well").exists():
            raise Interrupted("the machine went away")
        return room.gate(GateStatus.PASS if "second" in text else GateStatus.FAIL)

    return judge


ROUNDS = 'echo "# $(test "$CI_FACTORY_ITERATION" = 1 && echo first || echo second)" >> app.py'


@pytest.fixture
def left(room: Room) -> Room:
    """A run that went away while the gates judged the second round."""
    with pytest.raises(Interrupted):
        room.work(command=counting(room, ROUNDS), judge=failing(room), config=OPEN)
    assert calls(room) == ["implement 1", "implement 2"]
    assert (state(room).step, state(room).iteration) == (Step.JUDGE, 2)
    (room.root / "well").touch()
    return room


def again(room: Room, **given: Any) -> Attempt:
    return room.work(**{"command": counting(room, ROUNDS), "judge": failing(room), "config": OPEN, **given})


def test_a_round_that_was_done_is_judged_without_another_call(left: Room) -> None:
    """Both rounds stay what they were: the agent is not called, its feedback is on record, its usage counted once."""
    attempt = again(left)
    assert attempt.ending is Ending.COMPLETED
    assert calls(left) == ["implement 1", "implement 2"]
    assert [(run.iteration, run.ended) for run in attempt.runs] == [(1, "ok"), (2, "ok")]
    assert attempt.runs[0].feedback
    assert (left.read(attempt, "app.py") or "").endswith("# first\n# second\n")


def test_the_bundle_brings_back_what_the_hub_lost(left: Room) -> None:
    """With a new hub, as in another job, the ticket's folder is enough to go on."""
    other = Git(left.root / "hub-2.git")
    other.init_hub(Git.open(left.repo))
    left.hub = other
    assert again(left).ending is Ending.COMPLETED
    assert calls(left) == ["implement 1", "implement 2"]


@pytest.mark.parametrize(
    ("damage", "why"),
    [
        (lambda path: path.write_bytes(path.read_bytes()[:200]), "Invalid JSON"),
        (lambda path: path.write_text('{"step": "judge", "command": "rm"}'), "Field required"),
        (lambda path: (path.unlink(), path.symlink_to("/nowhere")), "can't be read"),
        (lambda path: path.write_text(path.read_text().replace('"T-1"', '"T-2"')), "ticket_id"),
        (lambda path: path.write_text(path.read_text().replace('"B-1"', '"B-0"')), "batch_id"),
    ],
)
def test_a_record_that_can_not_be_believed_is_a_fresh_start(
    left: Room, damage: Callable[[Path], object], why: str
) -> None:
    """Damaged, hostile, or another's: the work begins anew, and the log says why."""
    damage(left.root / OUT / "agent/state.json")
    assert again(left).ending is Ending.COMPLETED
    assert calls(left) == ["implement 1", "implement 2"] * 2
    (said,) = why_not(left)
    assert why in said


def test_a_record_that_names_a_foreign_commit_is_a_fresh_start(left: Room) -> None:
    """A commit that does not hold the recorded tree on the base is nobody's change."""
    path = left.root / OUT / "agent/state.json"
    head = state(left).committed
    assert head is not None
    path.write_text(path.read_text().replace(head.head, left.base))
    (left.root / OUT / "change.bundle").unlink()
    assert again(left).ending is Ending.COMPLETED
    assert why_not(left) == ["the change that the record speaks of is gone"]


def test_another_configuration_starts_fresh_and_charges_what_was_paid(left: Room) -> None:
    """What was verified under other rules does not hold; the calls are still on the bill."""
    attempt = again(left, config=Config.model_validate({"retries": {"limit": 1}, "sandbox": "off"}))
    assert why_not(left) == ["the record is one with another settings"]
    assert [(run.attempt, run.iteration) for run in attempt.runs] == [(1, 1), (1, 2), (2, 1), (2, 2)]


def test_a_torn_attempt_is_written_again_without_a_call(room: Room) -> None:
    """The record outlives attempt.json: what was paid for is not paid for twice."""
    first = room.work(command=counting(room, ROUNDS), config=OPEN)
    written = room.root / OUT / "attempt.json"
    written.write_bytes(written.read_bytes()[:50])
    second = room.work(command=counting(room, ROUNDS), config=OPEN)
    assert calls(room) == ["implement 1"]
    assert second.model_copy(update={"finished_at": first.finished_at}) == first


def test_partial_work_of_a_failure_outlives_the_hub(room: Room) -> None:
    """What a crashed call had changed is in the bundle before the end is on record."""
    first = room.work(command=counting(room, "echo half > half.txt; exit 3"), config=OPEN)
    (room.root / OUT / "attempt.json").unlink()
    other = Git(room.root / "hub-2.git")
    other.init_hub(Git.open(room.repo))
    room.hub = other
    second = room.work(command=counting(room, "echo half > half.txt; exit 3"), config=OPEN)
    assert (second.ending, second.head) == (Ending.AGENT_FAILED, first.head)
    assert room.read(second, "half.txt") == "half\n"
    assert calls(room) == ["implement 1"]


def test_the_rest_of_a_wait_is_waited_not_all_of_it(room: Room) -> None:
    """A wait that a stop cut short goes on at its moment, and the second start happens once."""
    retries = {"limit": 1, "delays_minutes": [10]}
    config = Config.model_validate({"retries": retries, "sandbox": "off"})
    start = room.clock.now()

    def stop() -> bool:
        if (room.clock.now() - start).total_seconds() >= 240:
            raise Interrupted("interrupted")
        return False

    command = counting(room, 'test "$CI_FACTORY_ATTEMPT" = 2 && echo x >> app.py')
    with pytest.raises(Interrupted):
        room.work(command=command, config=config, stop=stop)
    assert state(room).step is Step.WAIT
    attempt = room.work(command=command, config=config)
    assert attempt.ending is Ending.COMPLETED
    assert calls(room) == ["implement 1", "implement 1"]
    assert (attempt.finished_at - start).total_seconds() == 600


def test_the_same_errors_after_another_change_are_a_loop(room: Room) -> None:
    """Moved lines and other times do not make an error another one: a person is asked instead of a third round."""
    messages = iter(("line 3: wrong (took 0.11s)", "line 12: wrong (took 3 s)"))
    attempt = room.work(
        command=counting(room, "date +%N >> app.py"),
        config=OPEN,
        judge=lambda _: room.gate(GateStatus.FAIL, message=next(messages)),
    )
    assert attempt.ending is Ending.ESCALATED
    assert attempt.reason == "the same errors again, after another change"
    assert attempt.escalation is not None
    assert attempt.escalation.trigger is Trigger.ITERATIONS
    assert calls(room) == ["implement 1", "implement 2"]
    assert attempt.head is not None


def test_other_errors_are_no_loop(room: Room) -> None:
    """A change that fails in another way is progress as far as anybody knows."""
    messages = iter("abc")
    attempt = room.work(
        command="date +%N >> app.py",
        judge=lambda _: room.gate(GateStatus.FAIL, message=next(messages)),
        config=Config.model_validate({"iterations": {"test_failures": 3}, "retries": {"limit": 0}}),
    )
    assert attempt.reason == "still failing after 3 rounds"


def test_taking_the_change_back_is_a_loop(room: Room) -> None:
    """A diff that is reverted goes to a person with the last one that was judged."""
    attempt = room.work(
        command='test "$CI_FACTORY_ITERATION" = 2 && sed -i /wrong/d app.py || echo "# wrong" >> app.py',
        judge=lambda _: room.gate(GateStatus.FAIL),
    )
    assert (attempt.ending, attempt.reason) == (Ending.ESCALATED, "the agent took its whole change back")
    assert "# wrong" in (room.read(attempt, "app.py") or "")


def earlier(room: Room, text: str = "# half\n") -> Earlier:
    """An attempt of an earlier batch with C0 and C1 behind it and half of a change in the hub."""
    first = room.work(command=f"printf {shlex.quote(text)} >> app.py", planned=room.planned("T-0"))
    document = Comprehension(
        objective="Say Bonjour",
        affected_files=("app.py",),
        criteria=(CriterionAnswer(criterion="1", how="with a table"),),
    )
    held = (
        Checkpoint(
            name=CheckpointName.C0, status=CheckpointStatus.PASSED, source="agent", comprehension=document
        ),
        Checkpoint(name=CheckpointName.C1, status=CheckpointStatus.NOT_APPLICABLE),
    )
    return Earlier(
        batch_id="B-0", agent="one", base=room.base, head=first.head, rounds=1, checkpoints=held,
        reason="a question", question="Formal or not?",
    )  # fmt: skip


def follow(room: Room, work: Earlier, **given: Any) -> Attempt:
    from dataclasses import replace

    planned = room.planned()
    command = counting(
        room, 'cp "$CI_FACTORY_PROMPT" ../../prompt; cat app.py > ../../seen; echo "# rest" >> app.py'
    )
    context = room.context(
        command=command, plans=True, config=OPEN, answer="Formal, please.\n```\n# Rules", **given
    )
    return work_ticket(planned, room.batch(planned), replace(context, before=work))


def test_an_answer_goes_on_from_the_last_checkpoint_with_the_change(room: Room) -> None:
    """No planning call; the change lies in the worktree; the prompt tells what was done and asked, and the answer as data."""
    attempt = follow(room, earlier(room))
    assert attempt.ending is Ending.COMPLETED
    assert calls(room) == ["implement 1"]
    assert (room.read(attempt, "app.py") or "").endswith("# half\n# rest\n")
    prompt = (room.root / OUT / "agent/1-1-implement/prompt.md").read_text(encoding="utf-8")
    for words in (
        "What was done before",
        "Formal or not?",
        "Say Bonjour",
        "Its change is in the folder",
        "Formal, please.",
    ):
        assert words in prompt
    assert "````text\nFormal, please." in prompt
    assert "holds since batch B-0" in attempt.checkpoints[0].notes
    assert room.hub.text("rev-parse", f"{attempt.head}^") == room.base


def test_a_question_about_the_plan_runs_the_planning_again(room: Room) -> None:
    """When C0 itself led to the question, the answer may change it: it is asked for anew, with the answer."""
    work = earlier(room)
    asked = work.checkpoints[0].model_copy(update={"status": CheckpointStatus.ESCALATED})
    attempt = follow(room, work.model_copy(update={"checkpoints": (asked,)}))
    assert calls(room) == ["plan 0", "implement 1"]
    assert (room.read(attempt, "app.py") or "").endswith("# half\n# rest\n")


def test_documents_that_no_longer_fit_the_ticket_are_asked_for_again(room: Room) -> None:
    """A criterion that was added to the ticket since then makes C0 void."""
    work = earlier(room)
    document = work.checkpoints[0].comprehension
    assert document is not None
    gone = document.model_copy(update={"affected_files": ("gone.py",)})
    held = (work.checkpoints[0].model_copy(update={"comprehension": gone}), work.checkpoints[1])
    follow(room, work.model_copy(update={"checkpoints": held}))
    assert calls(room) == ["plan 0", "implement 1"]


def moved(room: Room, commit: Callable[..., str], text: str) -> None:
    """The target branch moved on."""
    room.base = commit(room.repo, {"app.py": text})


def test_a_change_is_merged_onto_the_new_base(room: Room, commit: Callable[..., str]) -> None:
    """Where both fit together the worktree has both."""
    work = earlier(room)
    original = room.hub.show(room.base, "app.py") or ""
    moved(room, commit, f'"""New."""\n\n\n{original}')
    attempt = follow(room, work)
    text = room.read(attempt, "app.py") or ""
    assert text.startswith('"""New."""')
    assert text.endswith("# half\n# rest\n")


def test_a_change_in_conflict_is_told_as_text_only(room: Room, commit: Callable[..., str]) -> None:
    """What git can't merge is not forced upon anybody: the worktree is the base, the patch stands in the prompt."""
    work = earlier(room)
    original = room.hub.show(room.base, "app.py") or ""
    moved(room, commit, f"{original}# theirs\n")
    attempt = follow(room, work)
    assert "# half" not in (room.read(attempt, "app.py") or "")
    prompt = (room.root / OUT / "agent/1-1-implement/prompt.md").read_text(encoding="utf-8")
    assert "+# half" in prompt


def test_a_change_that_is_gone_is_said_to_be(room: Room) -> None:
    """Without the commit the documents still hold, and the agent is told that the change is not there."""
    attempt = follow(room, earlier(room).model_copy(update={"head": None}))
    assert calls(room) == ["implement 1"]
    prompt = (room.root / OUT / "agent/1-1-implement/prompt.md").read_text(encoding="utf-8")
    assert "Its change is not to be had any more" in prompt
    assert "# half" not in (room.read(attempt, "app.py") or "")
