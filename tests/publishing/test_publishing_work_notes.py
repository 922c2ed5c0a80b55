"""What our notes keep of the work on a ticket, so that metrics know it when its artifacts are gone."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from ci_factory.config import Config
from ci_factory.errors import ArtifactError
from ci_factory.metrics.collect import collect
from ci_factory.metrics.facts import BatchFact, History
from ci_factory.model import block, work_record
from ci_factory.model.attempt import Attempt, Ending, Escalation, Option, Trigger, Usage
from ci_factory.model.batch import LeftOut, PlannedTicket
from ci_factory.model.forge import NoteTarget, Publication
from ci_factory.model.ticket import Priority
from ci_factory.model.work_record import BLOCK, WorkRecord
from ci_factory.publishing import work_notes
from ci_factory.system import records
from ci_factory.system.layout import Layout
from tests.publishing.conftest import NOW, Scene, note

ISSUE = NoteTarget.ISSUE
QUESTION = Escalation(
    ticket_id="7", agent="amber", trigger=Trigger.DATA, summary="Which table?", why="Both fit.",
    blocking_factor="schema", options=(Option(title="one", pros="short"), Option(title="two", by_hand=True)),
    recommendation="one", questions=("Which?",), priority=Priority.HIGH, raised_at=NOW,
)  # fmt: skip


def artifacts(scene: Scene, publication: Publication, root: Path) -> Layout:
    """The output folder as a night leaves it."""
    layout = Layout(root)
    folder = layout.batch(scene.batch.id)
    records.write_model(folder.batch, scene.batch)
    mine = folder.ticket("7")
    records.write_model(mine.attempt, scene.judged.attempt)
    if scene.judged.report is not None and scene.judged.score is not None:
        records.write_model(mine.gate, scene.judged.report)
        records.write_model(mine.score, scene.judged.score)
    records.write_model(mine.publication, publication)
    return layout


def known(scene: Scene, layout: Layout) -> History:
    return collect(scene.forge, layout, Config())


def untitled(night: BatchFact) -> BatchFact:
    """A night without titles: notes leave them to the forge, which tells the present ones."""
    planned = tuple(each.model_copy(update={"title": ""}) for each in night.planned)
    return night.model_copy(update={"planned": planned})


def ended(scene: Scene, **changes: object) -> Scene:
    """The same with another attempt, of which nothing was judged."""
    attempt = scene.judged.attempt.model_copy(update=changes)
    return replace(scene, judged=replace(scene.judged, attempt=attempt, report=None, score=None))


@pytest.mark.parametrize("how", ["published", "asked", "failed", "refused", "skipped"])
def test_work_is_told_without_its_artifacts(scene: Scene, tmp_path: Path, how: str) -> None:
    """However an attempt ended, everything metrics know of it is known from our notes alone."""
    changes: dict[str, dict[str, object]] = {
        "asked": {"ending": Ending.ESCALATED, "escalation": QUESTION, "usage": Usage(cost_usd=0.7)},
        "failed": {"ending": Ending.AGENT_FAILED, "reason": "It crashed.\nTwice."},
        "skipped": {"ending": Ending.SKIPPED, "reason": "7 waits", "runs": (), "head": None, "tree": None},
    }
    scene = ended(scene, **changes[how]) if how in changes else scene
    if how == "refused":
        judged = scene.judged
        work = work_record.of(judged.attempt, judged.planned, scene.batch, judged.report, judged.score)
        told = scene.publisher.refuse(judged.attempt, ArtifactError("a symbolic link"), work=work)
    else:
        told = scene.publish()
    whole = known(scene, artifacts(scene, told, tmp_path / "artifacts"))
    bare = known(scene, Layout(tmp_path / "nothing"))
    assert [each.ticket for each in whole.attempts] == ["7"]
    for kind in ("attempts", "gates", "escalations", "tickets", "merge_requests"):
        assert getattr(bare, kind) == getattr(whole, kind), kind
    assert [untitled(night) for night in bare.batches] == [untitled(night) for night in whole.batches]


def test_earlier_attempts_stay_known(scene: Scene, tmp_path: Path) -> None:
    """Another night, its note, and a note about waiting take the place of what was said, not of what it took."""
    first = ended(scene, ending=Ending.TIMEOUT, usage=Usage(cost_usd=1.5))
    first.publish()
    scene.publisher.leave_out(LeftOut(ticket_id="7", state="deferred", reason="It waits for 8."))
    later = scene.batch.model_copy(update={"id": "20260303-010000", "created_at": NOW + timedelta(days=1)})
    attempt = scene.judged.attempt.model_copy(
        update={"batch_id": later.id, "usage": Usage(cost_usd=0.5), "started_at": NOW + timedelta(days=1)}
    )
    replace(scene, batch=later, judged=replace(scene.judged, attempt=attempt)).publish()
    (told,) = scene.forge.notes(ISSUE, "7")
    assert "It waits" not in told.body
    history = known(scene, Layout(tmp_path / "nothing"))
    assert [(each.batch, each.usage.cost_usd) for each in history.attempts] == [
        (scene.batch.id, 1.5),
        (later.id, 0.5),
    ]
    assert history.tickets[0].usage.cost_usd == 2
    assert [batch.id for batch in history.batches] == [scene.batch.id, later.id]


def test_publishing_again_writes_the_same(scene: Scene) -> None:
    """The hidden data of a second publication are those of the first, to the byte."""
    scene.publish()
    before = scene.state()
    scene.publish()
    assert scene.state() == before


def test_only_our_own_notes_are_believed(scene: Scene, tmp_path: Path) -> None:
    """A stranger's record is neither a fact nor carried along; one of another ticket is named."""
    forged = {"ticket": "7", "batch": "b0"}
    line = block.write(BLOCK, {BLOCK: [forged]})
    scene.forge.as_user("mallory").add_note(ISSUE, "7", f"Hello.\n\n{line}")
    other = work_notes.data(
        record(scene.judged.attempt.model_copy(update={"ticket_id": "8"}), scene.judged.planned)
    )
    scene.forge.add_note(ISSUE, "7", f"Ours.\n\n{work_notes.line([other])}")
    scene.publish()
    history = known(scene, Layout(tmp_path / "nothing"))
    assert [each.batch for each in history.attempts] == [scene.batch.id]
    assert ["another ticket" in line for line in history.unreadable] == [True]


def record(attempt: Attempt, planned: PlannedTicket) -> WorkRecord:
    return work_record.of(attempt, planned)


def test_the_line_is_bounded(attempt: Attempt, planned: PlannedTicket) -> None:
    """Of hundreds of attempts the newest stay, the last one with its details; the line mentions and refers to nothing."""
    asking = attempt.model_copy(update={"escalation": QUESTION, "reason": "ask @all in !7 #8 /close " * 20})
    many = [
        work_notes.data(record(asking.model_copy(update={"batch_id": f"b{number:04}"}), planned))
        for number in range(400)
    ]
    line = work_notes.line(many)
    assert len(line) <= work_notes.MAX_CHARACTERS
    assert set("@#~$%/").isdisjoint(line)
    kept = work_notes.told([note(1, "us", line)], ours="us", ticket_id="7")
    assert 20 < len(kept) <= work_notes.MOST
    assert list(kept)[-1] == ("b0399", "7")
    WorkRecord.model_validate(kept["b0399", "7"])


@pytest.mark.parametrize("damage", ["null", '{"attempts": 7}', '{"attempts": [7, {}, {"batch": 1}]}'])
def test_damage_is_carried_nowhere(damage: str) -> None:
    """A block that is none, or that lists no records, is read as nothing."""
    body = f"<!-- ci-factory:v1:attempts {damage} -->"
    assert work_notes.told([note(1, "us", body)], ours="us", ticket_id="7") == {}


def test_a_known_form_of_secret_is_taken_out(attempt: Attempt, planned: PlannedTicket) -> None:
    """A token in an agent's words reaches no note."""
    token = "glpat-" + "x" * 20
    leaking = attempt.model_copy(update={"reason": f"use {token}"})
    assert token not in work_notes.line([work_notes.data(record(leaking, planned))])
