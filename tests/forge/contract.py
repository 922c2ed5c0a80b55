"""What every forge must do, whatever it is made of. Written against the Protocol alone."""

from collections.abc import Iterable
from typing import Any

import pytest

from ci_factory.errors import Conflict, ForgeError, Superseded
from ci_factory.forge.protocol import Forge
from ci_factory.model.forge import ForgeEventKind as Kind
from ci_factory.model.forge import (
    InlineComment,
    IssueState,
    MergeRequest,
    MergeRequestState,
    NoteTarget,
    PlacedComment,
    Role,
)
from ci_factory.model.lease import Lease, Swap

World = Any  # tests/forge/conftest.py
ISSUE, MR = NoteTarget.ISSUE, NoteTarget.MERGE_REQUEST


def kinds(forge: Forge, target: NoteTarget, target_id: object) -> list[tuple[Kind, str]]:
    return [(event.kind, event.detail) for event in forge.events(target, str(target_id))]


# Issues and labels


def test_an_issue_says_what_its_ticket_says(world: World, forge: Forge) -> None:
    """Content, labels, state and author come back as they went in."""
    world.ticket("7", body="Do it.", priority="high", files=("a.py",), labels=("ready-for-agent", "ui"))
    issue = forge.issue("7")
    assert issue.state is IssueState.OPENED
    assert (issue.ticket.title, issue.ticket.priority, issue.ticket.files) == ("Ticket 7", "high", ("a.py",))
    assert issue.ticket.body.startswith("Do it.")
    assert {"ready-for-agent", "ui"} <= set(issue.ticket.labels)
    assert issue.ticket.author
    assert issue.ticket.created_at == world.clock.now()


def test_an_unknown_issue_is_an_error(forge: Forge) -> None:
    """Asking for a ticket that does not exist is told, not answered with nothing."""
    with pytest.raises(ForgeError, match="404"):
        forge.issue("404")


def test_issues_are_found_by_all_of_their_labels(world: World, forge: Forge) -> None:
    """Several labels mean all of them; the order is that of creation; closed ones only on request."""
    world.ticket("8", labels=("x", "y"))
    world.ticket("3", labels=("x", "y", "z"))
    world.ticket("5", labels=("x",))
    assert [issue.ticket.id for issue in forge.issues(labels=["x", "y"])] == ["8", "3"]
    assert [issue.ticket.id for issue in forge.issues()] == ["8", "3", "5"]
    forge.close_issue("8")
    assert [issue.ticket.id for issue in forge.issues(labels=["x", "x"])] == ["3", "5"]
    assert [issue.ticket.id for issue in forge.issues(opened_only=False)] == ["8", "3", "5"]


def test_issues_are_found_by_any_of_their_labels(world: World, forge: Forge) -> None:
    """One of several labels is enough, together with all of the others; naming none does not restrict."""
    for ticket_id, labels in {"1": ("x", "a"), "2": ("x", "b"), "3": ("b",), "4": ("x",)}.items():
        world.ticket(ticket_id, labels=labels)
    assert [issue.ticket.id for issue in forge.issues(any_label=["a", "b"])] == ["1", "2", "3"]
    assert [issue.ticket.id for issue in forge.issues(labels=["x"], any_label=["a", "b"])] == ["1", "2"]
    assert [issue.ticket.id for issue in forge.issues(any_label=["a", "a"], opened_only=False)] == ["1"]


def test_labels_change_with_events_only_where_something_changes(world: World, forge: Forge) -> None:
    """Adding what is there and removing what is not leaves no trace."""
    world.ticket("1", labels=("ready-for-agent",))
    before = len(forge.events(ISSUE, "1"))
    assert set(forge.change_labels("1", add=["ready-for-agent"], remove=["other"])) == {"ready-for-agent"}
    assert len(forge.events(ISSUE, "1")) == before
    assert forge.change_labels("1", add=["factory::queued"], remove=["ready-for-agent"]) == (
        "factory::queued",
    )
    assert kinds(forge, ISSUE, "1")[before:] == [
        (Kind.LABEL_REMOVED, "ready-for-agent"),
        (Kind.LABEL_ADDED, "factory::queued"),
    ]


def test_events_tell_who_and_when(world: World) -> None:
    """A label event carries the user and the moment of the change."""
    world.ticket("1")
    world.clock.sleep(90)
    world.as_user("alice").change_labels("1", add=["factory::hold"])
    event = world.forge.events(ISSUE, "1")[-1]
    assert (event.user, event.at, event.detail) == ("alice", world.clock.now(), "factory::hold")


def test_a_closed_issue_stays_closed(world: World, forge: Forge) -> None:
    """Closing twice is one event."""
    world.ticket("1")
    forge.close_issue("1")
    forge.close_issue("1")
    assert forge.issue("1").state is IssueState.CLOSED
    assert [kind for kind, _ in kinds(forge, ISSUE, "1")].count(Kind.CLOSED) == 1


# Notes


def test_a_kept_note_is_written_once_and_updated_in_place(world: World, forge: Forge) -> None:
    """The same key is one note; other words change it, the same words do not even touch its time."""
    world.ticket("1")
    first = forge.ensure_note(ISSUE, "1", "status", "queued")
    world.clock.sleep(60)
    assert forge.ensure_note(ISSUE, "1", "status", "queued") == first
    second = forge.ensure_note(ISSUE, "1", "status", "running")
    assert second.id == first.id
    assert "running" in second.body
    assert "queued" not in second.body
    assert second.created_at == first.created_at < second.updated_at == world.clock.now()
    assert len(forge.notes(ISSUE, "1")) == 1


def test_keys_keep_notes_apart(world: World, forge: Forge) -> None:
    """Each key has its note, on issues and on merge requests."""
    mr = world.merge_request("1")
    forge.ensure_note(ISSUE, "1", "status", "one")
    forge.ensure_note(ISSUE, "1", "readiness", "two")
    forge.ensure_note(MR, str(mr.iid), "status", "three")
    assert ["one" in forge.notes(ISSUE, "1")[0].body, len(forge.notes(ISSUE, "1"))] == [True, 2]
    assert [note.target for note in forge.notes(MR, str(mr.iid))] == [MR]


def test_a_forged_note_is_neither_touched_nor_believed(world: World, forge: Forge) -> None:
    """A note by somebody else that carries our marker stays theirs, and ours is made beside it."""
    world.ticket("1")
    ours = forge.ensure_note(ISSUE, "1", "status", "real")
    forged = world.as_user("mallory").add_note(ISSUE, "1", ours.body.replace("real", "forged"))
    updated = forge.ensure_note(ISSUE, "1", "status", "real too")
    assert updated.id == ours.id
    assert forged in forge.notes(ISSUE, "1")


def test_our_own_note_that_quotes_a_marker_is_not_the_kept_one(world: World, forge: Forge) -> None:
    """Text that a stranger put into one of our notes can't make it the note of another key."""
    world.ticket("1")
    kept = forge.ensure_note(ISSUE, "1", "score", "90")
    quoting = forge.ensure_note(ISSUE, "1", "status", f"they wrote:\n{kept.body}\nend")
    forge.ensure_note(ISSUE, "1", "score", "91")
    assert quoting in forge.notes(ISSUE, "1")


def test_extra_notes_of_ours_are_deleted(world: World, forge: Forge) -> None:
    """When a lost answer made us write twice, the newest stays."""
    world.ticket("1")
    first = forge.ensure_note(ISSUE, "1", "status", "queued")
    twin = forge.add_note(ISSUE, "1", first.body)
    other = forge.add_note(ISSUE, "1", "just a remark")
    kept = forge.ensure_note(ISSUE, "1", "status", "queued")
    assert kept.id == twin.id
    assert [note.id for note in forge.notes(ISSUE, "1")] == [twin.id, other.id]


def test_a_note_needs_a_place(forge: Forge) -> None:
    """A note on what does not exist is an error."""
    with pytest.raises(ForgeError):
        forge.add_note(ISSUE, "404", "hello")
    with pytest.raises(ForgeError):
        forge.ensure_note(MR, "404", "status", "hello")


# Branches


def test_push_is_compare_and_swap(world: World, forge: Forge) -> None:
    """A branch moves only from where the caller believes it to be."""
    one, two, three = (world.commit({"a.txt": text}) for text in "123")
    forge.push("factory/1-a", one, expected=None)
    assert forge.branch("factory/1-a") == one
    with pytest.raises(Conflict):
        forge.push("factory/1-a", two, expected=None)
    with pytest.raises(Conflict):
        forge.push("factory/1-a", three, expected=two)
    forge.push("factory/1-a", two, expected=one)
    assert forge.branch("factory/1-a") == two
    assert forge.branch("factory/1-b") is None


def test_the_target_branch_takes_no_push(world: World, forge: Forge) -> None:
    """What reaches the default branch is merged, never pushed."""
    before = forge.branch(world.target)
    with pytest.raises(ForgeError):
        forge.push(world.target, world.commit({"a.txt": "1"}), expected=before)
    assert forge.branch(world.target) == before


def test_the_default_branch_is_known(world: World, forge: Forge) -> None:
    """It is the one that changes go to, and it has a head."""
    assert forge.default_branch == world.target
    assert forge.branch(forge.default_branch) is not None


def test_files_are_read_at_a_branch_or_commit(world: World, forge: Forge) -> None:
    """A file that is not there is nothing; a branch that is not there is an error."""
    head = world.commit({"dir/ü.txt": "new\n", ".ci-factory.yml": "enabled: false\n"})
    forge.push("factory/1-a", head, expected=None)
    assert forge.read_file("app.py", world.target) == "x = 1\n"
    assert forge.read_file("dir/ü.txt", "factory/1-a") == forge.read_file("dir/ü.txt", head) == "new\n"
    assert forge.read_file(".ci-factory.yml", head) == "enabled: false\n"
    for path in ("dir/ü.txt", "dir", "../app.py", "./app.py", "no/such"):
        assert forge.read_file(path, world.target) is None
    with pytest.raises(ForgeError):
        forge.read_file("app.py", "factory/no-such")


def test_what_others_pushed_can_be_fetched(world: World, forge: Forge) -> None:
    """Heads of branches are commits of the local repository; unknown branches are passed over."""
    made = world.merge_request("1")
    forge.fetch([made.source_branch, "factory/no-such"])
    assert world.git.show(made.head, "1.txt") == "new\n"


# Merge requests


def test_one_merge_request_per_branch(world: World, forge: Forge) -> None:
    """Ensuring twice makes one, and the second time writes nothing."""
    made = world.merge_request("1", labels=("factory::review", "risk::low"))
    assert made.state is MergeRequestState.OPENED
    assert (made.versions, made.head) == (1, forge.branch(made.source_branch))
    before = list(forge.events())
    world.clock.sleep(60)
    again = forge.ensure_merge_request(world.spec("1", labels=("risk::low", "factory::review")))
    assert again == made
    assert list(forge.events()) == before
    assert forge.merge_requests() == [made]


def test_a_merge_request_follows_its_spec(world: World, forge: Forge) -> None:
    """Title, description, draft, reviewer and managed labels are brought up to date; people's labels stay."""
    world.as_user("alice")
    made = world.merge_request("1", labels=("risk::low", "factory::review", "design"), draft=True)
    spec = world.spec("1", title="Better", reviewer="alice", labels=("risk::high", "factory::review"))
    now = forge.ensure_merge_request(spec)
    assert (now.iid, now.title, now.reviewer, now.draft) == (made.iid, "Better", "alice", False)
    assert set(now.labels) == {"risk::high", "factory::review", "design"}
    assert (Kind.READY, now.head) in kinds(forge, MR, made.iid)
    assert now.author == made.author


def test_a_push_makes_a_version(world: World, forge: Forge) -> None:
    """A new head on the source branch is one version and one event; the merge request stays the same."""
    made = world.merge_request("1")
    head = world.commit({"more.txt": "1\n"}, parent=made.head)
    forge.push(made.source_branch, head, expected=made.head)
    now = forge.merge_request(made.iid)
    assert (now.iid, now.head, now.versions) == (made.iid, head, 2)
    assert kinds(forge, MR, made.iid)[-1] == (Kind.PUSHED, head)


def test_no_empty_merge_request(world: World, forge: Forge) -> None:
    """A branch without a change of its own gets none."""
    world.ticket("1")
    forge.push("factory/1-change", world.git.resolve(f"refs/heads/{world.target}"), expected=None)
    with pytest.raises(Conflict):
        forge.ensure_merge_request(world.spec("1"))
    assert forge.merge_requests(state=None) == []


def test_merge_requests_are_found_by_state_and_ticket(world: World, forge: Forge) -> None:
    """The default is what is open; any state on request."""
    one, two = world.merge_request("1"), world.merge_request("2")
    forge.close(one.iid)
    assert [mr.iid for mr in forge.merge_requests()] == [two.iid]
    assert [mr.iid for mr in forge.merge_requests(state=None)] == [one.iid, two.iid]
    assert [mr.iid for mr in forge.merge_requests(state=MergeRequestState.CLOSED)] == [one.iid]
    assert [mr.iid for mr in forge.merge_requests(state=None, ticket_id="2")] == [two.iid]
    assert [mr.iid for mr in forge.merge_requests(state=None, source_branch=one.source_branch)] == [one.iid]
    assert forge.merge_requests(source_branch=one.source_branch) == []


def test_without_details_the_rest_is_the_same(world: World, forge: Forge) -> None:
    """What is costly to read is left at its defaults, and nothing else is."""
    made = world.merge_request("1", labels=("risk::low",))
    head = world.commit({"more.txt": "1\n"}, parent=made.head)
    forge.push(made.source_branch, head, expected=made.head)
    now = world.as_user("alice").approve(made.iid, head=head)
    (found,) = forge.merge_requests(details=False)
    assert (found.approvals, found.versions) == ((), 1)
    assert found == now.without_details()


# Comments on lines


def comment(mark: str, line: int, body: str = "Too long.", path: str = "app.py") -> InlineComment:
    return InlineComment(fingerprint=mark, path=path, line=line, body=body)


def placed(found: Iterable[PlacedComment]) -> list[tuple[str, int, str, bool]]:
    return [(each.fingerprint, each.line, each.body, each.resolved) for each in found]


def test_comments_on_lines_are_kept_by_fingerprint(world: World, forge: Forge) -> None:
    """New ones are created, changed ones updated, vanished ones resolved, returned ones opened again."""
    made = world.merge_request("1", {"app.py": "x = 1\ny = 2\nz = 3\n"})
    one, two = comment("f1", 2), comment("f2", 3)
    first = forge.ensure_comments(made.iid, [one, two])
    assert placed(first) == [("f1", 2, "Too long.", False), ("f2", 3, "Too long.", False)]
    assert forge.ensure_comments(made.iid, [one, two]) == first
    changed = forge.ensure_comments(made.iid, [comment("f1", 2, "Still too long.")])
    assert placed(changed) == [("f1", 2, "Still too long.", False), ("f2", 3, "Too long.", True)]
    back = forge.ensure_comments(made.iid, [two])
    assert placed(back) == [("f1", 2, "Still too long.", True), ("f2", 3, "Too long.", False)]
    assert forge.notes(MR, str(made.iid)) == []


def test_a_line_that_the_change_did_not_add_gets_no_comment(world: World, forge: Forge) -> None:
    """Old lines, lines beyond the end and other files are passed over, not refused."""
    made = world.merge_request("1", {"app.py": "x = 1\ny = 2\n"})
    asked = [comment("old", 1), comment("new", 2), comment("end", 9), comment("other", 1, path="README.md")]
    assert placed(forge.ensure_comments(made.iid, asked)) == [("new", 2, "Too long.", False)]


def test_comments_of_others_are_left_alone(world: World, forge: Forge) -> None:
    """The same fingerprint by somebody else is theirs."""
    made = world.merge_request("1", {"app.py": "x = 1\ny = 2\n"})
    theirs = world.as_user("alice").ensure_comments(made.iid, [comment("f1", 2, "mine")])
    ours = forge.ensure_comments(made.iid, [comment("f1", 2, "ours")])
    assert placed(ours) == [("f1", 2, "ours", False)]
    forge.ensure_comments(made.iid, [])
    assert world.as_user("alice").ensure_comments(made.iid, [comment("f1", 2, "mine")]) == theirs


# People


def test_roles_are_known(world: World, forge: Forge) -> None:
    """Whoever reviews has at least the role that may write to the repository."""
    world.as_user("alice")
    role = forge.role_of("alice")
    assert role is not None
    assert role.rank >= Role.DEVELOPER.rank


def test_approvals_are_bound_to_a_head(world: World, forge: Forge) -> None:
    """An approval keeps the head that was approved; a push does not carry it along."""
    made = world.merge_request("1")
    alice = world.as_user("alice")
    alice.approve(made.iid, head=made.head)
    again = alice.approve(made.iid)
    assert [(each.user, each.head) for each in again.approvals] == [("alice", made.head)]
    assert [kind for kind, _ in kinds(forge, MR, made.iid)].count(Kind.APPROVED) == 1
    head = world.commit({"more.txt": "1\n"}, parent=made.head)
    forge.push(made.source_branch, head, expected=made.head)
    now = forge.merge_request(made.iid)
    assert [each.user for each in now.approvals if each.head == now.head] == []
    with pytest.raises(Conflict, match="moved"):
        alice.approve(made.iid, head=made.head)


def test_the_author_does_not_approve(world: World, forge: Forge) -> None:
    """Whoever opened a merge request can't approve it."""
    made = world.merge_request("1")
    with pytest.raises(ForgeError):
        forge.approve(made.iid)
    assert forge.merge_request(made.iid).approvals == ()


def test_requested_changes_withdraw_the_approval(world: World, forge: Forge) -> None:
    """The reason is a note by the person; a later approval takes the request back."""
    made = world.merge_request("1")
    alice = world.as_user("alice")
    alice.approve(made.iid)
    asked = alice.request_changes(made.iid, "Cover the empty list")
    assert asked.changes_requested_by == ("alice",)
    assert asked.approvals == ()
    note = forge.notes(MR, str(made.iid))[-1]
    assert (note.author, note.body) == ("alice", "Cover the empty list")
    assert kinds(forge, MR, made.iid)[-1] == (Kind.CHANGES_REQUESTED, made.head)
    assert alice.approve(made.iid).changes_requested_by == ()


def test_merge_reaches_the_target_and_closes_the_issue(world: World, forge: Forge) -> None:
    """After a merge the target has the change, the issue is closed and shows it in its one state label."""
    made = world.merge_request("1", {"new.txt": "hello\n"})
    merged = world.as_user("alice").merge(made.iid, head=made.head)
    assert (merged.state, merged.merged_at, merged.head) == (
        MergeRequestState.MERGED,
        world.clock.now(),
        made.head,
    )
    assert forge.read_file("new.txt", world.target) == "hello\n"
    assert world.git.is_ancestor(made.head, forge.branch(world.target))
    issue = forge.issue("1")
    assert issue.state is IssueState.CLOSED
    assert set(issue.ticket.labels) == {"ready-for-agent", "factory::merged"}
    assert (Kind.MERGED, made.head) in kinds(forge, MR, made.iid)


def test_merge_refuses_a_moved_head(world: World, forge: Forge) -> None:
    """What was looked at is what merges, or nothing does."""
    made = world.merge_request("1")
    head = world.commit({"sneaky.txt": "1\n"}, parent=made.head)
    forge.push(made.source_branch, head, expected=made.head)
    before = forge.branch(world.target)
    with pytest.raises(Conflict, match="moved"):
        forge.merge(made.iid, head=made.head)
    assert forge.branch(world.target) == before
    assert forge.merge_request(made.iid).state is MergeRequestState.OPENED


def test_merge_refuses_a_draft(world: World, forge: Forge) -> None:
    """A draft is not merged."""
    made = world.merge_request("1", draft=True)
    with pytest.raises(Conflict, match="draft"):
        forge.merge(made.iid, head=made.head)


@pytest.mark.parametrize("end", ["merge", "close"])
def test_what_is_over_stays_over(world: World, forge: Forge, end: str) -> None:
    """Nothing more happens to a merged or closed merge request."""
    made = world.merge_request("1")
    over: MergeRequest = forge.merge(made.iid, head=made.head) if end == "merge" else forge.close(made.iid)
    alice = world.as_user("alice")
    for act in (
        lambda: forge.merge(made.iid, head=made.head),
        lambda: alice.approve(made.iid),
        lambda: alice.request_changes(made.iid, "no"),
    ):
        with pytest.raises(Conflict):
            act()
    assert forge.merge_request(made.iid) == over


def test_merge_refuses_files_in_conflict(world: World, forge: Forge) -> None:
    """Two changes of one line: the second does not merge, and the message names the file."""
    one = world.merge_request("1", {"app.py": "x = 2\n"})
    two = world.merge_request("2", {"app.py": "x = 3\n"})
    forge.merge(one.iid, head=one.head)
    with pytest.raises(Conflict, match=r"app\.py"):
        forge.merge(two.iid, head=two.head)
    assert forge.read_file("app.py", world.target) == "x = 2\n"
    assert forge.merge_request(two.iid).state is MergeRequestState.OPENED


def test_close_leaves_the_issue_open(world: World, forge: Forge) -> None:
    """Closing without merging shows on the issue, which can be taken up again."""
    made = world.merge_request("1")
    closed = forge.close(made.iid)
    assert (closed.state, closed.closed_at) == (MergeRequestState.CLOSED, world.clock.now())
    issue = forge.issue("1")
    assert issue.state is IssueState.OPENED
    assert "factory::closed" in issue.ticket.labels
    assert "factory::review" not in issue.ticket.labels
    assert forge.close(made.iid) == closed


def test_a_closed_branch_can_be_proposed_again(world: World, forge: Forge) -> None:
    """After closing, ensuring opens a new merge request."""
    made = world.merge_request("1")
    forge.close(made.iid)
    again = forge.ensure_merge_request(world.spec("1"))
    assert again.iid != made.iid
    assert again.state is MergeRequestState.OPENED


def test_a_stacked_merge_request_moves_to_the_target_of_the_merged_one(world: World, forge: Forge) -> None:
    """When the lower one merges, the upper one goes where that went, and merges after it."""
    lower = world.merge_request("1")
    world.ticket("2")
    upper_head = world.commit({"2.txt": "two\n"}, parent=lower.head)
    forge.push("factory/2-change", upper_head, expected=None)
    upper = forge.ensure_merge_request(world.spec("2", target_branch=lower.source_branch))
    forge.merge(lower.iid, head=lower.head)
    assert forge.merge_request(upper.iid).target_branch == world.target
    assert forge.merge(upper.iid, head=upper_head).state is MergeRequestState.MERGED
    assert forge.read_file("2.txt", world.target) == "two\n"


def test_notes_of_several_issues_are_read_together(world: World, forge: Forge) -> None:
    """As they are read one by one, oldest first; an issue without notes has none, one that is not there is left out."""
    for number in ("1", "2", "3"):
        world.ticket(number)
    forge.ensure_note(ISSUE, "1", "status", "queued")
    world.clock.sleep(60)
    world.as_user("alice").add_note(ISSUE, "1", "Why?\nBecause.")
    forge.add_note(ISSUE, "2", "hello")
    forge.change_labels("2", add=["factory::queued"])
    found = forge.notes_of(["2", "1", "3", "404", "1"])
    assert {key: [(each.id, each.author, each.body) for each in notes] for key, notes in found.items()} == {
        number: [(each.id, each.author, each.body) for each in forge.notes(ISSUE, number)]
        for number in ("1", "2", "3")
    }
    assert [len(found[number]) for number in ("1", "2", "3")] == [2, 1, 0]


# Reports


def test_a_report_is_made_once_and_updated_in_place(forge: Forge) -> None:
    """The same key is one issue; other words change it, the same words leave no trace, and without update they stay."""
    first = forge.ensure_report("morning", "The morning report", "All is well.")
    before = kinds(forge, ISSUE, first.id)
    assert forge.ensure_report("morning", "The morning report", "All is well.") == first
    assert forge.ensure_report("morning", "Another title", "Other words.", update=False) == first
    assert kinds(forge, ISSUE, first.id) == before
    second = forge.ensure_report("morning", "Another title", "Other words.")
    assert (second.id, second.title) == (first.id, "The morning report")
    assert "Other words." in second.body
    assert "All is well." not in second.body
    assert forge.ensure_report("other", "Another report", "Words.").id != first.id


def test_a_report_is_found_without_writing(world: World, forge: Forge) -> None:
    """Only one of ours with that key; looking makes none."""
    assert forge.report("morning") is None
    made = forge.ensure_report("morning", "The morning report", "All is well.")
    assert forge.report("morning") == made
    assert forge.report("other") is None
    assert world.as_user("dana").report("morning") is None


def test_a_report_is_no_ticket(world: World, forge: Forge) -> None:
    """It is never listed, with whatever labels and state, and its notes can be read and kept."""
    world.ticket("1", labels=("ready-for-agent",))
    report = forge.ensure_report("morning", "The morning report", "All is well.")
    forge.change_labels(report.id, add=["ready-for-agent"])
    assert [issue.ticket.id for issue in forge.issues(opened_only=False)] == ["1"]
    assert [issue.ticket.id for issue in forge.issues(any_label=["ready-for-agent", "x"])] == ["1"]
    assert forge.issues(ids=[report.id], opened_only=False) == []
    assert forge.issues(labels=["factory-report"], opened_only=False) == []
    forge.ensure_note(ISSUE, report.id, "weekly", "A week.")
    assert ["A week." in note.body for note in forge.notes(ISSUE, report.id)] == [True]


def test_a_closed_report_stays_closed_and_goes_on(forge: Forge) -> None:
    """Who closes it is not bothered again; the report is still kept up to date there, and not made anew."""
    report = forge.ensure_report("morning", "The morning report", "One.")
    forge.close_issue(report.id)
    again = forge.ensure_report("morning", "The morning report", "Two.")
    assert again.id == report.id
    assert "Two." in again.body
    assert [kind for kind, _ in kinds(forge, ISSUE, report.id)].count(Kind.REOPENED) == 0


def test_a_report_needs_words_and_a_key(forge: Forge) -> None:
    """What can't be a key, or says nothing, is refused before anything is written."""
    for key, title, body in (("Not A Key", "T", "B"), ("k", "", "B"), ("k", "T" * 300, "B")):
        with pytest.raises(ForgeError):
            forge.ensure_report(key, title, body)
    assert forge.issues(opened_only=False) == []


# Follow-ups


def test_a_follow_up_is_a_ticket_made_once_that_belongs_to_people(world: World, forge: Forge) -> None:
    """It is found again, whatever people made of it, also closed; its sections are read, and it is in nobody's queue."""
    world.ticket("1", labels=("ready-for-agent",))
    body = "What is left of #1.\n\n## Acceptance criteria\n\n- it rounds half up\n"
    made = forge.ensure_follow_up("1", "The rest of it", body)
    ticket = forge.issue(made).ticket
    assert (ticket.title, ticket.acceptance_criteria) == ("The rest of it", ("it rounds half up",))
    assert ticket.labels == ("factory::draft",)
    forge.change_labels(made, add=["ready-for-agent"], remove=["factory::draft"])
    assert forge.ensure_follow_up("1", "Another title", "Other words.") == made
    assert [issue.ticket.id for issue in forge.issues(labels=["ready-for-agent"])] == ["1", made]
    forge.close_issue(made)
    assert forge.ensure_follow_up("1", "The rest of it", body) == made
    assert forge.issue(made).state is IssueState.CLOSED
    assert forge.issue(made).ticket.title == "The rest of it"


def test_each_ticket_has_a_follow_up_of_its_own(world: World, forge: Forge) -> None:
    """The key is the ticket; a follow-up can have one as well."""
    world.ticket("1")
    world.ticket("2")
    first, second = (forge.ensure_follow_up(number, "The rest", "Words.") for number in ("1", "2"))
    third = forge.ensure_follow_up(first, "The rest of the rest", "Words.")
    assert len({first, second, third}) == 3


def test_a_strangers_issue_is_no_follow_up(world: World, forge: Forge) -> None:
    """Who copies the hidden line into an issue of their own keeps nothing from being made."""
    world.ticket("1")
    made = forge.ensure_follow_up("1", "The rest", "Words.")
    world.ticket("7", body=forge.issue(made).ticket.body, author="mallory")
    assert forge.ensure_follow_up("1", "The rest", "Words.") == made


# Leases


def lease(ticket_id: str = "1", **fields: object) -> Lease:
    values = {"ticket_id": ticket_id, "batch_id": "20260302-180000", "line": "here", "process": "0" * 16}
    return Lease.model_validate({**values, "turn": 1, "ends_at": "2026-03-03T18:00:00Z"} | fields)


def test_a_lease_comes_back_as_it_was_taken(world: World, forge: Forge) -> None:
    """Nobody has one at first; afterwards whoever looks sees whose it is, and only of the tickets that were asked for."""
    world.ticket("1")
    world.ticket("2")
    assert forge.leases(["1", "2"]) == {}
    taken = forge.swap_leases([Swap(before=None, after=lease("1")), Swap(before=None, after=lease("2"))])
    assert {ticket_id: held.lease for ticket_id, held in taken.items()} == {"1": lease("1"), "2": lease("2")}
    assert world.as_user("ann").leases(["1", "404"]) == {"1": taken["1"]}


def test_of_two_who_take_a_lease_one_gets_it(world: World, forge: Forge) -> None:
    """Who expects what is no longer there gets nothing, and changes nothing; the other swaps go on."""
    world.ticket("1")
    world.ticket("2")
    mine = forge.swap_leases([Swap(before=None, after=lease())])["1"]
    theirs = lease(process="1" * 16)
    other = world.as_user("ann")
    swaps = [Swap(before=None, after=theirs), Swap(before=None, after=lease("2"))]
    assert other.swap_leases(swaps).keys() == {"2"}
    assert forge.leases(["1"]) == {"1": mine}
    after = other.swap_leases([Swap(before=mine, after=theirs.model_copy(update={"turn": 2}))])["1"]
    assert forge.swap_leases([Swap(before=mine, after=lease(turn=2))]) == {}
    assert forge.leases(["1"]) == {"1": after}


def test_a_swap_may_be_repeated(world: World, forge: Forge) -> None:
    """Whoever did not hear the answer asks again, and it is theirs."""
    world.ticket("1")
    swap = Swap(before=None, after=lease())
    assert forge.swap_leases([swap]) == forge.swap_leases([swap]) == forge.leases(["1"])


def test_a_branch_moves_under_its_lease_only(world: World, forge: Forge) -> None:
    """With the lease a push moves both; when somebody else has it, or the branch moved, neither moves."""
    world.ticket("1")
    first, second = world.commit({"a.txt": "1\n"}), world.commit({"a.txt": "2\n"})
    mine = forge.swap_leases([Swap(before=None, after=lease())])["1"]
    renewed = forge.push("factory/1-x", first, expected=None, lease=Swap(before=mine, after=lease(turn=2)))
    assert forge.leases(["1"]) == {"1": renewed}
    for stale in (None, mine):
        with pytest.raises(Superseded):
            forge.push("factory/1-x", second, expected=first, lease=Swap(before=stale, after=lease(turn=3)))
    with pytest.raises(Conflict, match="moved"):
        forge.push("factory/1-x", second, expected=None, lease=Swap(before=renewed, after=lease(turn=3)))
    assert (forge.branch("factory/1-x"), forge.leases(["1"])) == (first, {"1": renewed})


def test_the_forge_has_one_clock(world: World, forge: Forge) -> None:
    """Everybody who asks what time it is hears the same, by the forge's clock."""
    world.clock.sleep(3600)
    world.ticket("1")
    forge.issue("1")
    assert abs((forge.now() - world.clock.now()).total_seconds()) < 2
