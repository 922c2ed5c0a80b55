"""What a question's note keeps of the attempt that asked, for the one that goes on."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_factory.model.attempt import Attempt, Checkpoint, CheckpointName, CheckpointStatus, Comprehension
from ci_factory.model.forge import Note, NoteTarget
from ci_factory.model.work_state import Earlier
from ci_factory.publishing import earlier_work

OURS = "factory-bot"
WHEN = datetime(2026, 1, 5, tzinfo=UTC)


def note(body: str, author: str = OURS) -> Note:
    return Note(id=1, target=NoteTarget.ISSUE, target_id="7", author=author, body=body, created_at=WHEN, updated_at=WHEN)  # fmt: skip


def kept(attempt: Attempt, objective: str) -> Attempt:
    document = Comprehension(objective=objective)
    held = Checkpoint(name=CheckpointName.C0, status=CheckpointStatus.PASSED, comprehension=document)
    return attempt.model_copy(update={"checkpoints": (held,)})


@given(words=st.text(st.characters(codec="utf-8"), min_size=1, max_size=200))
def test_any_words_come_back_and_mean_nothing_in_the_note(words: str) -> None:
    """Documents return as they were; the line mentions nobody, refers to nothing and ends only where it ends."""
    line = earlier_work.line(kept(ATTEMPT, words))
    data = earlier_work.read([note(f"A question\n\n{line}\n")], ours=OURS)
    found = Earlier.model_validate(data)
    assert found.checkpoints[0].comprehension == Comprehension(objective=words)
    assert "\n" not in line
    assert line.count("-->") == 1
    assert set("@#~$%/").isdisjoint(line)


def test_a_known_form_of_secret_is_taken_out(attempt: Attempt) -> None:
    """A token that an agent put into its document does not reach the note."""
    token = "glpat-" + "x" * 20
    assert token not in earlier_work.line(kept(attempt, f"use {token}"))


@pytest.mark.parametrize(
    "body", ["", "<!-- ci-factory:v1:earlier {nonsense} -->", "<!-- ci-factory:v1:earlier [] -->"]
)
def test_what_is_no_record_is_none(body: str) -> None:
    """A damaged line, and one in a stranger's note, is read as nothing."""
    assert earlier_work.read([note(body)], ours=OURS) is None


def test_only_our_newest_note_is_believed(attempt: Attempt) -> None:
    """A stranger's copy below ours changes nothing."""
    line = earlier_work.line(kept(attempt, "ours"))
    notes = [note(line), note(line.replace("ours", "theirs"), author="mallory")]
    assert Earlier.model_validate(earlier_work.read(notes, ours=OURS)).checkpoints[
        0
    ].comprehension == Comprehension(objective="ours")


ATTEMPT = Attempt.model_validate(
    {"ticket_id": "7", "batch_id": "B-1", "agent": "one", "started_at": WHEN, "finished_at": WHEN, "ending": "escalated",
     "reason": "asked", "planned_size": "small", "base": "a" * 40}
)  # fmt: skip
