"""The publisher on a real embedded forge: one branch, one merge request, one note, whatever happens in between."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

import pytest

from ci_factory.errors import ArtifactError, Conflict
from ci_factory.forge.local import LocalForge
from ci_factory.forge.protocol import Forge
from ci_factory.model.attempt import Ending, Escalation, Option, Trigger
from ci_factory.model.batch import LeftOut
from ci_factory.model.forge import MergeRequestSpec, NoteTarget
from ci_factory.model.gate import Component, Finding, GateResult, GateStatus, Severity, Verdict
from ci_factory.model.ticket import Priority, Readiness
from tests.publishing.conftest import NOW, Scene


def test_passed_change_becomes_a_ready_merge_request(scene: Scene) -> None:
    """A change that passed is published as its own commit, with note, labels and a link on the ticket."""
    scene.publish()
    (merge_request,) = scene.forge.merge_requests()
    assert (merge_request.draft, merge_request.target_branch) == (False, "main")
    assert set(merge_request.labels) == {"factory::gates-pass", "risk::medium"}
    assert scene.repo.text("log", "-1", "--format=%an <%ae>%n%s", merge_request.head).splitlines()[0] == (
        "ci-factory <bot@example.com>"
    )
    assert "[skip ci]" not in scene.repo.text("log", "-1", "--format=%B", merge_request.head)
    assert len(scene.forge.notes(NoteTarget.MERGE_REQUEST, "1")) == 1
    assert "!1" in scene.forge.notes(NoteTarget.ISSUE, "7")[0].body
    assert set(scene.forge.issue("7").ticket.labels) == {"factory::review", "team::red"}


def test_published_tree_is_the_judged_tree(scene: Scene) -> None:
    """What stands on the branch is, to the bit, what the gates judged."""
    scene.publish()
    assert scene.judged.score is not None
    assert scene.repo.tree_of(scene.forge.merge_requests()[0].head) == scene.judged.score.tree


def test_publishing_again_changes_nothing(scene: Scene) -> None:
    """A second publication writes nothing at all."""
    scene.publish()
    before = scene.state()
    scene.publish()
    assert scene.state() == before


WRITES = ("push", "ensure_merge_request", "ensure_note", "change_labels")


@pytest.mark.parametrize("after_effect", [False, True])
@pytest.mark.parametrize("call", range(6))
def test_a_kill_at_any_write_is_mended_by_the_next_run(scene: Scene, call: int, after_effect: bool) -> None:
    """Killed before or after any single write, one more run brings the same end as an undisturbed one."""
    undone = _KilledForge(scene.forge, call, after_effect=after_effect)
    with pytest.raises(SystemExit):
        replace(scene.publisher, forge=cast("Forge", undone)).publish(scene.judged, scene.batch, scene.folder)
    scene.publish()
    assert len(scene.forge.merge_requests(state=None)) == 1
    assert not scene.forge.merge_requests()[0].draft
    assert len(scene.forge.notes(NoteTarget.MERGE_REQUEST, "1")) == 1
    assert len(scene.forge.notes(NoteTarget.ISSUE, "7")) == 1
    assert "factory::review" in scene.forge.issue("7").ticket.labels


class _KilledForge:
    """A forge whose user is killed at its n-th write, before or after the effect."""

    def __init__(self, forge: LocalForge, at: int, *, after_effect: bool) -> None:
        self._forge, self._left, self._after = forge, at, after_effect

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._forge, name)
        return self._counted(method) if name in WRITES else method

    def _counted(self, method: Callable[..., object]) -> Callable[..., object]:
        def call(*args: object, **kwargs: object) -> object:
            self._left -= 1
            if self._left >= 0:
                return method(*args, **kwargs)
            if self._after:
                method(*args, **kwargs)
            raise SystemExit("killed")

        return call


@pytest.mark.parametrize("verdict", [Verdict.FAIL, Verdict.BLOCKED, Verdict.INCONCLUSIVE])
def test_change_that_did_not_pass_stays_a_draft(scene: Scene, verdict: Verdict) -> None:
    """Only a passed change is offered for merging."""
    assert scene.judged.score is not None
    scene.publish(score=scene.judged.score.model_copy(update={"verdict": verdict}))
    assert scene.forge.merge_requests()[0].draft


def test_verdict_of_another_tree_is_refused(scene: Scene) -> None:
    """A verdict that speaks of another tree publishes nothing."""
    assert scene.judged.score is not None
    with pytest.raises(ArtifactError, match="same tree"):
        scene.publish(score=scene.judged.score.model_copy(update={"tree": "f" * 40}))
    assert scene.forge.merge_requests(state=None) == []
    assert scene.repo.text("for-each-ref", "refs/heads/factory") == ""


def test_secret_is_never_pushed(scene: Scene) -> None:
    """A change with a secret reaches no branch, even when an attempt claims that it is complete."""
    finding = Finding(
        tool="detect-secrets",
        rule="AWS",
        severity=Severity.CRITICAL,
        message="key",
        path="a.py",
        fingerprint="f",
    )
    gate = GateResult(
        gate="secrets",
        component=Component.SECURITY,
        status=GateStatus.BLOCKED,
        summary="",
        findings=(finding,),
    )
    assert scene.judged.report is not None
    with pytest.raises(ArtifactError, match="secret"):
        scene.publish(report=scene.judged.report.model_copy(update={"gates": (gate,)}))
    assert scene.repo.text("for-each-ref", "refs/heads/factory") == ""


def test_refused_change_is_told_to_people(scene: Scene) -> None:
    """What may not be published ends on the ticket, with the reason, and asks for a person."""
    publication = scene.publisher.refuse(scene.judged.attempt, ArtifactError("the change is a symbolic link"))
    assert publication.outcome == "escalated"
    assert "symbolic link" in scene.forge.notes(NoteTarget.ISSUE, "7")[0].body
    assert "factory::escalated" in scene.forge.issue("7").ticket.labels


def test_moved_target_that_still_merges_is_told(
    scene: Scene, commit: Callable[..., str], git: Callable[..., str]
) -> None:
    """When the target moved elsewhere, the change is published and says how far behind it is."""
    commit(scene.repo.folder, {"other.py": "x = 1\n"})
    scene.publish()
    assert "1 commit behind" in scene.forge.merge_requests()[0].description
    assert git(scene.repo.folder, "status", "--porcelain", "--untracked-files=no") == ""


def test_moved_target_that_conflicts_is_not_published(scene: Scene, commit: Callable[..., str]) -> None:
    """When the target moved to something that conflicts, nothing is pushed and the ticket goes to the next batch."""
    commit(scene.repo.folder, {"shop/price.py": "price = 3\n"})
    with pytest.raises(Conflict, match=r"shop/price\.py") as caught:
        scene.publish()
    assert scene.forge.merge_requests(state=None) == []
    assert scene.publisher.refuse(scene.judged.attempt, caught.value).outcome == "deferred"


def test_people_s_labels_and_reviewer_stay(scene: Scene) -> None:
    """Publishing again does not take away the reviewer that somebody named."""
    scene.publish()
    (merge_request,) = scene.forge.merge_requests()
    wanted = {name: getattr(merge_request, name) for name in MergeRequestSpec.model_fields}
    scene.forge.ensure_merge_request(MergeRequestSpec(**{**wanted, "reviewer": "alice"}))
    scene.publish()
    assert scene.forge.merge_requests()[0].reviewer == "alice"


def test_escalation_is_one_question_on_the_ticket(scene: Scene) -> None:
    """An escalated ticket gets one note with options and no merge request."""
    escalation = Escalation(
        ticket_id="7",
        agent="amber",
        trigger=Trigger.SECURITY,
        summary="It changes how people log in @all",
        why="sensitive",
        blocking_factor="a decision",
        options=(Option(title="Do it"), Option(title="Leave it")),
        recommendation="Leave it",
        priority=Priority.HIGH,
        raised_at=NOW,
    )
    ended = scene.judged.attempt.model_copy(update={"ending": Ending.ESCALATED, "escalation": escalation})
    for _ in range(2):
        scene.publish(attempt=ended, report=None, score=None)
    (note,) = scene.forge.notes(NoteTarget.ISSUE, "7")
    assert "1. **Do it**" in note.body
    assert "@all" not in note.body
    assert scene.forge.merge_requests(state=None) == []


def test_ticket_carries_one_state_at_a_time(scene: Scene) -> None:
    """Moving a ticket takes its earlier state and the trigger label away, and no label of people."""
    for state in ("queued", "running", "no-change"):
        scene.publisher.mark("7", state)
        assert set(scene.forge.issue("7").ticket.labels) == {f"factory::{state}", "team::red"}
    scene.publisher.return_to_queue("7")
    assert set(scene.forge.issue("7").ticket.labels) == {"ready-for-agent", "team::red"}


def test_unready_ticket_is_sent_back_once(scene: Scene) -> None:
    """A ticket that is not ready gets one note, however often it is looked at."""
    for _ in range(2):
        scene.publisher.leave_out(
            LeftOut(ticket_id="7", state="needs-info", reason="x"),
            Readiness(ready=False, missing=("Add acceptance criteria.",)),
        )
    assert len(scene.forge.notes(NoteTarget.ISSUE, "7")) == 1
    assert set(scene.forge.issue("7").ticket.labels) == {"factory::needs-info", "team::red"}


def test_waiting_ticket_keeps_its_place(scene: Scene) -> None:
    """A ticket that has to wait says why and stays in the queue."""
    scene.publisher.leave_out(LeftOut(ticket_id="7", state="waiting", reason="the batch is full"))
    assert "the batch is full" in scene.forge.notes(NoteTarget.ISSUE, "7")[0].body
    assert "ready-for-agent" in scene.forge.issue("7").ticket.labels
