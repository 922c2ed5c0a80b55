"""An answer that is lost on the way neither loses a write of the forge nor does it twice."""

from collections.abc import Callable
from typing import Any

import pytest

from ci_factory.forge.gitlab.forge import GitLabForge
from ci_factory.model.forge import ForgeEventKind as Kind
from ci_factory.model.forge import InlineComment, IssueState, MergeRequest, MergeRequestState, NoteTarget

World = Any  # tests/forge/conftest.py
GitLab = Any  # tests/forge/conftest.py
ISSUE, MR = NoteTarget.ISSUE, NoteTarget.MERGE_REQUEST
COMMENT = InlineComment(fingerprint="f1", path="app.py", line=2, body="Why?")


@pytest.fixture(name="world")
def gitlab_only(gitlab_world: World) -> World:
    return gitlab_world


@pytest.fixture(name="forge")
def gitlab_forge(gitlab_world: World) -> GitLabForge:
    found: GitLabForge = gitlab_world.forge
    return found


@pytest.fixture(params=["drop-before", "drop-after", "status"])
def disturb(request: pytest.FixtureRequest, gitlab: GitLab) -> Callable[[str, str], None]:
    """`disturb(method, path)`: the next such request is lost before or after its effect, or answered with 503."""
    from tests.gitlab_standin.control import Fault

    def arm(method: str, path: str) -> None:
        gitlab.server.fault(Fault(what=request.param, method=method, path=path, times=1))

    return arm


Disturb = Callable[[str, str], None]


def test_a_kept_note_is_made_once(world: World, forge: GitLabForge, disturb: Disturb) -> None:
    """One note, whatever became of the first answer."""
    world.ticket("1")
    disturb("POST", "/issues/1/notes")
    made = forge.ensure_note(ISSUE, "1", "status", "queued")
    assert forge.notes(ISSUE, "1") == [made]


def test_a_plain_note_is_added_once(world: World, forge: GitLabForge, disturb: Disturb) -> None:
    """Also when the same words stand there already from before."""
    world.ticket("1")
    first = forge.add_note(ISSUE, "1", "again")
    disturb("POST", "/issues/1/notes")
    second = forge.add_note(ISSUE, "1", "again")
    assert forge.notes(ISSUE, "1") == [first, second]


def test_a_kept_note_is_updated_and_extras_deleted(
    world: World, forge: GitLabForge, disturb: Disturb
) -> None:
    """Lost answers to an update and to a deletion leave the one note that says the new words."""
    world.ticket("1")
    extra = forge.ensure_note(ISSUE, "1", "status", "queued")
    forge.add_note(ISSUE, "1", extra.body)
    disturb("PUT", "/notes/")
    disturb("DELETE", "/notes/")
    kept = forge.ensure_note(ISSUE, "1", "status", "running")
    assert forge.notes(ISSUE, "1") == [kept]
    assert kept.body.startswith("running")


def test_labels_change_once(world: World, forge: GitLabForge, disturb: Disturb) -> None:
    """Setting labels again is no second event."""
    world.ticket("1", labels=("ready-for-agent",))
    disturb("PUT", "/issues/1")
    now = forge.change_labels("1", add=["factory::queued"], remove=["ready-for-agent"])
    assert now == ("factory::queued",)
    kinds = [event.kind for event in forge.events(ISSUE, "1")]
    assert (kinds.count(Kind.LABEL_ADDED), kinds.count(Kind.LABEL_REMOVED)) == (2, 1)


def test_a_merge_request_is_opened_once(world: World, forge: GitLabForge, disturb: Disturb) -> None:
    """One merge request for the branch, with what the spec says."""
    disturb("POST", "/merge_requests$")
    made = world.merge_request("1", labels=("risk::low",))
    assert forge.merge_requests(state=None) == [made]
    assert made.labels == ("risk::low",)


def test_a_comment_on_a_line_is_made_and_resolved_once(
    world: World, forge: GitLabForge, disturb: Disturb
) -> None:
    """One discussion for the fingerprint."""
    made = world.merge_request("1", {"app.py": "x = 1\ny = 2\n"})
    disturb("POST", "/discussions")
    assert len(forge.ensure_comments(made.iid, [COMMENT])) == 1
    disturb("PUT", "/discussions/")
    assert [each.resolved for each in forge.ensure_comments(made.iid, [])] == [True]
    assert len(forge.discussions(made.iid)) == 1


def test_an_approval_is_given_once(world: World, disturb: Disturb) -> None:
    """One approval, one event."""
    made = world.merge_request("1")
    disturb("POST", "/approve$")
    now = world.as_user("alice").approve(made.iid, head=made.head)
    assert [(each.user, each.head) for each in now.approvals] == [("alice", made.head)]
    assert [event.kind for event in world.forge.events(MR, str(made.iid))].count(Kind.APPROVED) == 1


def test_changes_are_requested_once(world: World, disturb: Disturb) -> None:
    """Approval withdrawn, request and reason there, each once."""
    made = world.merge_request("1")
    alice = world.as_user("alice")
    alice.approve(made.iid)
    disturb("POST", "/unapprove$")
    disturb("POST", "/notes$")
    now = alice.request_changes(made.iid, "Not yet.")
    assert (now.approvals, now.changes_requested_by) == ((), ("alice",))
    assert [note.body for note in alice.notes(MR, str(made.iid))] == ["Not yet."]
    kinds = [event.kind for event in alice.events(MR, str(made.iid))]
    assert kinds.count(Kind.CHANGES_REQUESTED) == 1


def merged(forge: GitLabForge, made: MergeRequest) -> None:
    """It is merged, once, with its issue."""
    assert forge.merge_request(made.iid).state is MergeRequestState.MERGED
    issue = forge.issue(made.ticket_id)
    assert issue.state is IssueState.CLOSED
    assert "factory::merged" in issue.ticket.labels
    kinds = [event.kind for event in forge.events(MR, str(made.iid))]
    assert kinds.count(Kind.MERGED) == 1


def test_a_merge_is_done_once(world: World, forge: GitLabForge, disturb: Disturb) -> None:
    """A merge whose answer was lost is no conflict afterwards."""
    made = world.merge_request("1")
    disturb("PUT", "/merge$")
    forge.merge(made.iid, head=made.head)
    merged(forge, made)


def test_a_merge_that_was_cut_short_is_finished(gitlab: GitLab, world: World, forge: GitLabForge) -> None:
    """Killed between the merge and the issue, the next call closes the issue; it does not say that it is too late."""
    made = world.merge_request("1")
    path = f"/projects/{gitlab.id}/merge_requests/{made.iid}/merge"
    gitlab.api("factory-bot").put(path, {"sha": made.head, "should_remove_source_branch": True})
    assert forge.issue("1").state is IssueState.OPENED
    forge.merge(made.iid, head=made.head)
    merged(forge, made)


def test_a_close_that_was_cut_short_is_finished(gitlab: GitLab, world: World, forge: GitLabForge) -> None:
    """Killed between the merge request and the issue, the next call shows it on the issue."""
    made = world.merge_request("1")
    gitlab.api("factory-bot").put(
        f"/projects/{gitlab.id}/merge_requests/{made.iid}", {"state_event": "close"}
    )
    forge.close(made.iid)
    assert "factory::closed" in forge.issue("1").ticket.labels
