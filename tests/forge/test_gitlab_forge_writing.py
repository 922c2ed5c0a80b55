"""Notes, merge requests and reviews on GitLab: written with few requests, never by accident, bound to a head."""

import json
from typing import Any

import pytest

from ci_factory.errors import Conflict, ForgeError
from ci_factory.forge.gitlab.forge import GitLabForge
from ci_factory.model.forge import InlineComment, IssueState, MergeRequestState, NoteTarget

World = Any  # tests/forge/conftest.py
GitLab = Any  # tests/forge/conftest.py
ISSUE, MR = NoteTarget.ISSUE, NoteTarget.MERGE_REQUEST


@pytest.fixture(name="world")
def gitlab_only(gitlab_world: World) -> World:
    return gitlab_world


@pytest.fixture(name="forge")
def gitlab_forge(gitlab_world: World) -> GitLabForge:
    found: GitLabForge = gitlab_world.forge
    return found


# Notes


def test_a_note_that_says_so_already_is_not_written(gitlab: GitLab, world: World, forge: GitLabForge) -> None:
    """Other line ends and white space around are the same words."""
    world.ticket("1")
    forge.ensure_note(ISSUE, "1", "status", "one\r\ntwo\n\n")
    gitlab.server.forget_requests()
    forge.ensure_note(ISSUE, "1", "status", "one\ntwo")
    assert gitlab.writes() == []


@pytest.mark.parametrize("body", ["/close", "text\n/label ~x\n"])
def test_no_text_of_ours_makes_gitlab_do_something(
    gitlab: GitLab, world: World, forge: GitLabForge, body: str
) -> None:
    """A line that is a quick action stops the note, the description and the comment before they are sent."""
    made = world.merge_request("1")
    gitlab.server.forget_requests()
    spec = world.spec("1", description=body)
    for act in (
        lambda: forge.ensure_note(ISSUE, "1", "status", body),
        lambda: forge.add_note(MR, str(made.iid), body),
        lambda: forge.ensure_merge_request(spec),
        lambda: forge.request_changes(made.iid, body),
    ):
        with pytest.raises(ForgeError, match="quick action"):
            act()
    assert gitlab.writes() == []
    assert forge.issue("1").state is IssueState.OPENED


def test_what_gitlab_notes_itself_is_no_note(world: World, forge: GitLabForge) -> None:
    """Changes of title or draft leave system notes, which nobody wrote."""
    made = world.merge_request("1")
    forge.ensure_merge_request(world.spec("1", title="Better", draft=True))
    assert forge.notes(MR, str(made.iid)) == []


# Merge requests


def test_a_publication_writes_at_most_five_times(gitlab: GitLab, world: World, forge: GitLabForge) -> None:
    """Draft merge request, its note, ready, the ticket's note and labels; doing it again writes nothing but labels."""
    world.ticket("1", labels=("ready-for-agent",))
    head = world.commit({"a.txt": "1\n"})
    gitlab.server.forget_requests()

    def publish(*, draft: bool) -> None:
        forge.push("factory/1-change", head, expected=None)
        labels = ("risk::low", "factory::gates-pass")
        made = forge.ensure_merge_request(world.spec("1", labels=labels, draft=draft))
        forge.ensure_note(MR, str(made.iid), "score", "90 points")
        forge.ensure_merge_request(world.spec("1", labels=labels, draft=False))
        forge.ensure_note(ISSUE, "1", "status", f"see !{made.iid}")
        forge.change_labels("1", add=["factory::review"], remove=["ready-for-agent", "factory::queued"])

    publish(draft=True)
    assert len(gitlab.writes()) <= 5
    before = list(forge.events())
    publish(draft=False)
    assert list(forge.events()) == before
    assert len(forge.notes(ISSUE, "1")) == len(forge.notes(MR, "1")) == len(forge.merge_requests()) == 1


def test_only_our_own_merge_requests_are_listed(gitlab: GitLab, world: World, forge: GitLabForge) -> None:
    """Other branches, and other people's merge requests from branches of ours, are not the factory's."""
    made = world.merge_request("1")
    world.ticket("2")
    forge.push("factory/2-change", world.commit({"2.txt": "2\n"}), expected=None)
    alice = world.as_user("alice")
    theirs = alice.ensure_merge_request(world.spec("2"))
    api = gitlab.api("factory-bot")
    api.post(f"/projects/{gitlab.id}/repository/branches", {"branch": "topic", "ref": "factory/2-change"})
    api.post(
        f"/projects/{gitlab.id}/merge_requests",
        {"source_branch": "topic", "target_branch": "main", "title": "T"},
    )
    assert [each.iid for each in forge.merge_requests()] == [made.iid]
    with pytest.raises(ForgeError, match="not one of the factory's"):
        forge.merge_request(theirs.iid + 1)
    taken = forge.ensure_merge_request(world.spec("2", title="Ours"))
    assert (taken.iid, taken.author, taken.title) == (theirs.iid, "alice", "Ours")


def test_a_branch_is_removed_when_it_is_merged(gitlab: GitLab, world: World, forge: GitLabForge) -> None:
    """The merge request asks for it from the start, and does not ask for a squash."""
    made = world.merge_request("1")
    raw = gitlab.api("factory-bot").get(f"/projects/{gitlab.id}/merge_requests/{made.iid}")
    assert (raw["force_remove_source_branch"], raw["squash"]) == (True, False)
    forge.merge(made.iid, head=made.head)
    assert forge.branch(made.source_branch) is None


def test_people_s_reviewers_are_known_by_name(world: World, forge: GitLabForge) -> None:
    """A name in other letters is the same person; one that nobody has is an error, not a guess."""
    world.as_user("alice")
    made = world.merge_request("1", reviewer="Alice")
    assert made.reviewer == "alice"
    with pytest.raises(ForgeError, match="no user 'nobody-here'"):
        forge.ensure_merge_request(world.spec("1", reviewer="nobody-here"))
    assert forge.ensure_merge_request(world.spec("1", reviewer=None)).reviewer is None


def test_a_title_that_says_draft_is_not_one(world: World, forge: GitLabForge) -> None:
    """What a ticket's title begins with does not keep its merge request a draft."""
    made = world.merge_request("1", title="Draft: WIP: change", draft=False)
    assert (made.draft, made.title) == (False, "change")
    assert forge.ensure_merge_request(world.spec("1", title="change", draft=True)).draft
    assert not forge.ensure_merge_request(world.spec("1", title="change", draft=False)).draft


@pytest.mark.parametrize(
    "fields",
    [
        {"title": " "},
        {"title": "x" * 300},
        {"description": "x" * 1_000_001},
        {"labels": ("a,b",)},
        {"ticket_id": "2"},
        {"target_branch": "factory/1-change"},
    ],
)
def test_what_gitlab_would_not_take_is_not_sent(
    gitlab: GitLab, world: World, forge: GitLabForge, fields: dict[str, object]
) -> None:
    """A spec that can't be a merge request is refused with nothing done."""
    world.ticket("1")
    forge.push("factory/1-change", world.commit({"a": "1"}), expected=None)
    gitlab.server.forget_requests()
    with pytest.raises(ForgeError):
        forge.ensure_merge_request(world.spec("1").model_copy(update=fields))
    assert gitlab.writes() == []


def test_a_merge_that_gitlab_refuses_is_explained(gitlab: GitLab, world: World, forge: GitLabForge) -> None:
    """Besides conflicts there are a project's own rules: the status that GitLab names is in the message."""
    made = world.merge_request("1")
    gitlab.server.configure(gitlab.id, pipeline_must_succeed=True)
    with pytest.raises(Conflict, match="ci_must_pass"):
        forge.merge(made.iid, head=made.head)
    assert forge.merge_request(made.iid).state is MergeRequestState.OPENED


def test_a_stacked_change_waits_for_the_lower_one(world: World, forge: GitLabForge) -> None:
    """Merging into a branch that is itself under review would change what its reviewers saw."""
    lower = world.merge_request("1")
    world.ticket("2")
    head = world.commit({"2.txt": "two\n"}, parent=lower.head)
    forge.push("factory/2-change", head, expected=None)
    upper = forge.ensure_merge_request(world.spec("2", target_branch=lower.source_branch))
    with pytest.raises(Conflict, match=f"stacked on !{lower.iid}"):
        forge.merge(upper.iid, head=head)


def test_a_head_that_moves_in_the_last_moment_is_not_merged(
    gitlab: GitLab, world: World, forge: GitLabForge
) -> None:
    """What we read may be old already; GitLab compares the head itself, and the message says that it moved."""
    from tests.gitlab_standin.control import Fault

    made = world.merge_request("1")
    gitlab.server.fault(Fault("stale", "GET", "/merge_requests/1$", times=1))
    head = world.commit({"sneaky.txt": "1\n"}, parent=made.head)
    world.as_user("alice").push(made.source_branch, head, expected=made.head)
    gitlab.server.forget_requests()
    with pytest.raises(Conflict, match="moved"):
        forge.merge(made.iid, head=made.head)
    assert [(each.method, each.status) for each in gitlab.writes()] == [("PUT", 409)]
    assert forge.merge_request(made.iid).state is MergeRequestState.OPENED


def test_a_comment_that_a_person_resolved_stays_so(gitlab: GitLab, world: World, forge: GitLabForge) -> None:
    """Who looked at a finding and closed its thread is not asked again; our own resolving can be taken back."""
    made = world.merge_request("1", {"app.py": "x = 1\ny = 2\n"})
    comment = InlineComment(fingerprint="f1", path="app.py", line=2, body="Why?")
    forge.ensure_comments(made.iid, [comment])
    (thread,) = forge.discussions(made.iid)
    gitlab.as_user("alice")
    path = f"/projects/{gitlab.id}/merge_requests/{made.iid}/discussions/{thread.id}"
    gitlab.api("alice").put(path, {"resolved": True})
    changed = comment.model_copy(update={"body": "Why so?"})
    assert [(each.body, each.resolved) for each in forge.ensure_comments(made.iid, [changed])] == [
        ("Why so?", True)
    ]


def test_a_comment_stands_in_a_renamed_file(world: World, forge: GitLabForge) -> None:
    """GitLab wants the old name of the file too."""
    first = world.commit({"old.py": "".join(f"line {number}\n" for number in range(30))})
    forge.push("factory/1-change", first, expected=None)
    world.ticket("1")
    made = forge.ensure_merge_request(world.spec("1"))
    forge.merge(made.iid, head=first)
    tip = forge.branch("main")
    longer = "".join(f"line {number}\n" for number in range(31))
    renamed = world.commit({"new.py": longer}, parent=tip, remove=("old.py",))
    forge.push("factory/1-change", renamed, expected=None)
    again = forge.ensure_merge_request(world.spec("1"))
    comment = InlineComment(fingerprint="f1", path="new.py", line=31, body="Why?")
    assert [(each.path, each.line) for each in forge.ensure_comments(again.iid, [comment])] == [
        ("new.py", 31)
    ]


# Reviews


def test_an_approval_belongs_to_the_head_of_its_time(world: World, forge: GitLabForge) -> None:
    """A head that came later is not approved; approving again binds to it, and leaves one approval."""
    made = world.merge_request("1")
    alice = world.as_user("alice")
    world.clock.sleep(60)
    alice.approve(made.iid, head=made.head)
    world.clock.sleep(60)
    head = world.commit({"more.txt": "1\n"}, parent=made.head)
    forge.push(made.source_branch, head, expected=made.head)
    assert [each.head for each in forge.merge_request(made.iid).approvals] == [made.head]
    world.clock.sleep(60)
    again = alice.approve(made.iid, head=head)
    assert [(each.user, each.head, each.at) for each in again.approvals] == [
        ("alice", head, world.clock.now())
    ]


def test_a_server_that_does_not_tell_when_it_was_approved(
    gitlab: GitLab, world: World, forge: GitLabForge
) -> None:
    """Older servers note approvals themselves; the time is taken from there."""
    from tests.gitlab_standin.control import Fault

    made = world.merge_request("1")
    world.clock.sleep(60)
    world.as_user("alice").approve(made.iid)
    at = world.clock.now()
    world.clock.sleep(60)
    head = world.commit({"more.txt": "1\n"}, parent=made.head)
    forge.push(made.source_branch, head, expected=made.head)
    raw = gitlab.api("factory-bot").get(f"/projects/{gitlab.id}/merge_requests/{made.iid}/approvals")
    del raw["approved_by"][0]["approved_at"]
    gitlab.server.fault(Fault("status", "GET", "/approvals$", status=200, body=json.dumps(raw)))
    (approval,) = forge.merge_request(made.iid).approvals
    assert (approval.user, approval.head, approval.at) == ("alice", made.head, at)


def test_who_asks_for_changes_becomes_a_reviewer(world: World) -> None:
    """GitLab keeps requests for changes with reviewers; a request by somebody else stays."""
    alice = world.as_user("alice")
    made = world.merge_request("1", reviewer="alice")
    world.as_user("bob").request_changes(made.iid, "Not yet.")
    now = alice.request_changes(made.iid, "Nor me.")
    assert now.changes_requested_by == ("alice", "bob")
    assert world.as_user("bob").approve(made.iid).changes_requested_by == ("alice",)


def test_a_server_that_does_not_know_requests_for_changes(
    gitlab: GitLab, world: World, forge: GitLabForge
) -> None:
    """Older servers keep the words of the action as a note: it is deleted again, the reason stays."""
    from tests.gitlab_standin.control import Fault

    alice = world.as_user("alice")
    made = world.merge_request("1", reviewer="alice")
    kept = gitlab.api("alice").post(f"/projects/{gitlab.id}/merge_requests/1/notes", {"body": "action"})
    gitlab.server.fault(Fault("status", "POST", "/notes$", status=201, body=json.dumps(kept), times=1))
    asked = alice.request_changes(made.iid, "Not yet.")
    assert asked.changes_requested_by == ()
    assert [note.body for note in forge.notes(MR, str(made.iid))] == ["Not yet."]


def test_no_such_merge_request_has_no_events(forge: GitLabForge) -> None:
    """What can't be a number is told as such."""
    with pytest.raises(ForgeError, match="not the number"):
        forge.events(MR, "x")
