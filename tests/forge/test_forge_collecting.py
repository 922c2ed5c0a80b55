"""What metrics read of a forge: every change shows, and a record tells everything. Holds for every forge."""

from collections.abc import Callable
from typing import Any

import pytest

from ci_factory.forge.gitlab import api
from ci_factory.forge.protocol import Forge
from ci_factory.model.collecting import Glimpse, IssueRecord, MergeRequestRecord, Order, Wanted
from ci_factory.model.forge import ForgeEventKind as Kind
from ci_factory.model.forge import NoteTarget

World = Any  # tests/forge/conftest.py
ISSUE, MR = NoteTarget.ISSUE, NoteTarget.MERGE_REQUEST


def glimpses(forge: Forge, target: NoteTarget, **wanted: Any) -> dict[str, Glimpse]:
    page = forge.glimpse(Wanted(target=target, **wanted))
    assert page.after is None
    return {each.id: each for each in page.items}


def request(forge: Forge, iid: int) -> MergeRequestRecord:
    (found,) = forge.merge_request_records([iid])
    return found


def issue(forge: Forge, ticket_id: str) -> IssueRecord:
    (found,) = forge.issue_records([ticket_id])
    return found


def later(world: World) -> None:
    world.clock.sleep(60)


def test_what_nobody_touched_looks_the_same(world: World, forge: Forge) -> None:
    """Looking twice shows the same, for both kinds of things."""
    world.merge_request("1")
    forge.add_note(ISSUE, "1", "A word.")
    for target in (ISSUE, MR):
        assert glimpses(forge, target) == glimpses(forge, target) != {}


def test_every_change_of_a_merge_request_shows(world: World, forge: Forge) -> None:
    """Each shows at once, though they all come in one instant in which no time stamp moves."""
    iid, ada = world.merge_request("1").iid, world.as_user("ada")
    forge.ensure_note(MR, str(iid), "score", "first words")

    def push() -> None:
        head = forge.merge_request(iid).head
        forge.push("factory/1-change", world.commit({"1.txt": "2\n"}, parent=head), expected=head)

    changes: dict[str, Callable[[], object]] = {
        "note": lambda: ada.add_note(MR, str(iid), "hm"),
        "edit": lambda: forge.ensure_note(MR, str(iid), "score", "other words"),
        "approval": lambda: ada.approve(iid),
        "changes": lambda: ada.request_changes(iid, "no"),
        "push": push,
        "draft": lambda: forge.ensure_merge_request(world.spec("1", draft=True)),
        "close": lambda: ada.close(iid),
    }
    assert shown(forge, MR, str(iid), changes) == dict.fromkeys(changes, True)


def test_every_change_of_an_issue_shows(world: World, forge: Forge) -> None:
    """Also here in one instant."""
    world.ticket("1", labels=("ready-for-agent",))
    forge.ensure_note(ISSUE, "1", "status", "first words")
    changes: dict[str, Callable[[], object]] = {
        "note": lambda: world.as_user("ada").add_note(ISSUE, "1", "hm"),
        "edit": lambda: forge.ensure_note(ISSUE, "1", "status", "other words"),
        "label": lambda: forge.change_labels("1", add=["factory::queued"], remove=["ready-for-agent"]),
        "close": lambda: forge.close_issue("1"),
    }
    assert shown(forge, ISSUE, "1", changes) == dict.fromkeys(changes, True)


def shown(
    forge: Forge, target: NoteTarget, target_id: str, changes: dict[str, Callable[[], object]]
) -> dict[str, bool]:
    """Whether each of these changes, one after the other, made the thing look different."""
    found = {}
    for name, change in changes.items():
        before = glimpses(forge, target)[target_id]
        change()
        found[name] = glimpses(forge, target)[target_id] != before
    return found


def test_only_what_is_wanted_is_seen(world: World, forge: Forge) -> None:
    """Issues by any of their labels, by id, open ones only; merge requests of the factory only; no report."""
    world.merge_request("1")
    world.ticket("2", labels=("ready-for-agent",))
    world.ticket("3")
    forge.ensure_report("morning", "Report", "All is well.")
    forge.close_issue("2")
    ours = ("ready-for-agent", "factory::review")
    assert set(glimpses(forge, ISSUE, labels=ours)) == {"1", "2"}
    assert set(glimpses(forge, ISSUE, labels=ours, opened_only=True)) == {"1"}
    assert set(glimpses(forge, ISSUE, ids=("3", "99"))) == {"3"}
    assert set(glimpses(forge, ISSUE, order=Order.UPDATED)) == {"1", "2", "3"}
    forge.push("factory/3-change", world.commit({"b.txt": "b\n"}), expected=None)
    world.as_user("ada").ensure_merge_request(world.spec("3"))
    (own,) = glimpses(forge, MR)
    assert list(glimpses(forge, MR, ids=(own, "99"))) == [own]


def test_a_record_of_a_merge_request_is_whole(world: World, forge: Forge) -> None:
    """Notes, approvals, history and who merged, with their times."""
    iid, ada = world.merge_request("1", draft=True).iid, world.as_user("ada")
    forge.ensure_note(MR, str(iid), "score", "words")
    later(world)
    forge.ensure_merge_request(world.spec("1"))
    later(world)
    ada.add_note(MR, str(iid), "Fine.")
    ada.approve(iid)
    later(world)
    ada.merge(iid, head=forge.merge_request(iid).head)
    found = request(forge, iid)
    one = forge.merge_request(iid)
    unlike = {"changes_requested_by", "updated_at"}
    assert found.request.model_dump(exclude=unlike) == one.model_dump(exclude=unlike)
    assert found.notes == tuple(forge.notes(MR, str(iid)))
    known = [(event.kind, event.user, event.at) for event in found.events]
    told = [(event.kind, event.user, event.at) for event in forge.events(MR, str(iid))]
    assert {Kind.READY, Kind.APPROVED, Kind.MERGED} <= {kind for kind, _, _ in known}
    assert sorted(known) == sorted(each for each in told if each[0] in {kind for kind, _, _ in known})
    assert found.seconds_spent is None
    assert list(forge.merge_request_records([99])) == []


def test_a_record_of_an_issue_is_whole(world: World, forge: Forge) -> None:
    """The ticket, its notes, when it got which label, when it was closed."""
    world.ticket("1", labels=("ready-for-agent",))
    later(world)
    forge.change_labels("1", add=["factory::review"], remove=["ready-for-agent"])
    forge.add_note(ISSUE, "1", "A word.")
    later(world)
    forge.close_issue("1")
    found = issue(forge, "1")
    assert found.issue == forge.issue("1")
    assert [note.body for note in found.notes] == ["A word."]
    told = [(event.kind, event.detail, event.at) for event in forge.events(ISSUE, "1")]
    assert [
        (event.kind, event.detail, event.at) for event in found.events if event.kind is not Kind.OPENED
    ] == [each for each in told if each[0] is not Kind.OPENED]
    assert list(forge.issue_records(["404"])) == []


def test_a_rebase_has_the_same_patch(world: World, forge: Forge) -> None:
    """Versions of one change on other bases have one id; another change has another, and its lines can be counted."""
    iid = world.merge_request("1", {"1.txt": "a\nb\nc\n"}).iid
    first = forge.merge_request(iid).head
    onto = world.commit({"else.txt": "1\n"})
    world.git.update_ref("refs/heads/elsewhere", onto, None)
    rebased = world.commit({"1.txt": "a\nb\nc\n"}, parent=onto)
    forge.push("factory/1-change", rebased, expected=first)
    mended = world.commit({"1.txt": "a\nB\nc\n"}, parent=rebased)
    later(world)
    forge.push("factory/1-change", mended, expected=rebased)
    heads = request(forge, iid).heads
    assert [each.head for each in heads] == [first, rebased, mended]
    assert forge.lines_between(heads[1], heads[2]) == 2
    assert len({each.patch_id for each in heads}) == 3  # the target does not have what it was rebased onto


def test_the_same_change_on_a_moved_target(world: World, forge: Forge) -> None:
    """After the target moved, a rebase is the same patch, and can't be compared line by line."""
    iid = world.merge_request("1", {"1.txt": "a\nb\n"}).iid
    first = forge.merge_request(iid).head
    other = world.merge_request("2", {"2.txt": "x\n"})
    world.as_user("ada").merge(other.iid, head=other.head)
    main = forge.branch("main")
    later(world)
    rebased = world.commit({"1.txt": "a\nb\n"}, parent=main)
    forge.push("factory/1-change", rebased, expected=first)
    old, new = request(forge, iid).heads
    assert old.patch_id == new.patch_id is not None
    assert forge.lines_between(old, new) is None


def test_a_conversation_that_fits_into_no_answer_is_read(
    gitlab: Any, gitlab_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where people wrote more than is read at once, lists are read without words, and notes a few at a time."""
    monkeypatch.setattr(api, "JSON_BYTES", 60_000)
    iid = gitlab_world.merge_request("1").iid
    path = f"/projects/{gitlab.id}/merge_requests/{iid}/notes"
    for number in range(12):
        gitlab.api("tess").post(path, {"body": f"{number} {'x' * 5_000}"})
    assert [each.said for each in glimpses(gitlab_world.forge, MR).values()] == [None]
    assert len(request(gitlab_world.forge, iid).notes) == 12
