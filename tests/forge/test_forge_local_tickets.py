"""The embedded forge's issues: taken in from files, added by people, kept in one database."""

import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ci_factory.errors import ForgeError, UsageError
from ci_factory.forge.local import LocalForge
from ci_factory.model.forge import ForgeEventKind, InlineComment, IssueState, NoteTarget
from ci_factory.model.ticket import Ticket
from ci_factory.system.clock import ManualClock
from ci_factory.system.git import Git
from ci_factory.system.layout import forge_database

ISSUE = NoteTarget.ISSUE
World = Any  # tests/forge/conftest.py


def ticket(ticket_id: str = "1", **fields: object) -> Ticket:
    return Ticket.model_validate({"id": ticket_id, "title": "Title", **fields})


def test_taking_in_again_changes_nothing(local: LocalForge) -> None:
    """The same ticket twice is one issue, and the second time leaves no event."""
    assert local.import_ticket(ticket(labels=("a", "b")))
    before = local.events()
    assert [event.kind for event in before] == [ForgeEventKind.OPENED] + [ForgeEventKind.LABEL_ADDED] * 2
    assert not local.import_ticket(ticket(labels=("a", "b")))
    assert local.events() == before


def test_new_content_updates_the_issue_but_not_its_labels(local: LocalForge) -> None:
    """Labels belong to people and factory once the issue exists; only the content follows the file."""
    local.import_ticket(ticket(labels=("ready-for-agent",)))
    local.change_labels("1", add=["factory::review"], remove=["ready-for-agent"])
    assert local.import_ticket(ticket(title="Better", labels=("ready-for-agent", "new")))
    now = local.issue("1").ticket
    assert (now.title, now.labels) == ("Better", ("factory::review",))
    assert local.events()[-1].kind is ForgeEventKind.UPDATED


def test_a_closed_issue_is_not_updated(local: LocalForge) -> None:
    """What is done is not rewritten by an old folder of tickets."""
    local.import_ticket(ticket())
    local.close_issue("1")
    assert not local.import_ticket(ticket(title="Better"))
    assert local.issue("1").ticket.title == "Title"
    assert local.issue("1").state is IssueState.CLOSED


def test_taking_in_is_all_or_nothing(local: LocalForge) -> None:
    """When one ticket fails, none was taken in."""
    with pytest.raises(ForgeError, match="label"):
        local.import_tickets([ticket("1"), ticket("2", labels=("a,b",))])
    assert local.issues() == []


def test_author_and_time_of_the_ticket_are_kept(local: LocalForge, clock: ManualClock) -> None:
    """What the ticket says about its origin is believed; what it leaves out is who took it in, and when."""
    local.import_tickets(
        [ticket("1", author="ann", created_at="2026-01-01T00:00:00Z"), ticket("2", created_at=None)]
    )
    first, second = (issue.ticket for issue in local.issues())
    assert (first.author, first.created_at and first.created_at.year) == ("ann", 2026)
    assert (second.author, second.created_at) == ("ci-factory", clock.now())


def test_ten_thousand_tickets_are_taken_in_and_read_quickly(local: LocalForge) -> None:
    """A large backlog is a matter of seconds (the limit is far above what an idle machine needs)."""
    tickets = [
        ticket(str(number), body="text " * 50, labels=("ready-for-agent",)) for number in range(10_000)
    ]
    started = time.monotonic()
    assert local.import_tickets(tickets) == 10_000
    assert len(local.issues(labels=["ready-for-agent"])) == 10_000
    assert local.import_tickets(tickets) == 0
    assert time.monotonic() - started < 30


def test_a_new_ticket_gets_the_next_number(local: LocalForge) -> None:
    """Ids that are no numbers do not count; a taken id is refused."""
    local.import_tickets([ticket("9"), ticket("10"), ticket("a-77"), ticket("77b")])
    made = local.create_ticket(ticket)
    assert made.ticket.id == "11"
    with pytest.raises(UsageError, match="already is a ticket 9"):
        local.create_ticket(lambda _: ticket("9", title="Other"))
    assert local.issue("9").ticket.title == "Title"


def test_threads_share_a_forge(local: LocalForge) -> None:
    """From many threads no ticket gets the id of another and no label is lost."""
    local.import_ticket(ticket("100"))

    def work(number: int) -> str:
        local.as_user(f"user-{number}").change_labels("100", add=[f"label-{number}"])
        return local.create_ticket(ticket).ticket.id

    with ThreadPoolExecutor(8) as pool:
        ids = list(pool.map(work, range(40)))
    assert sorted(map(int, ids)) == list(range(101, 141))
    assert len(local.issue("100").ticket.labels) == 40


@pytest.mark.parametrize("name", ["", " ", "a\nb", "\x1b[31m", " ann", "<>", "x" * 300])
def test_a_user_needs_a_name_that_git_can_carry(local: LocalForge, name: str) -> None:
    """Names that are empty, unprintable or nothing but punctuation are refused."""
    with pytest.raises(UsageError, match="name"):
        local.as_user(name)


@pytest.mark.parametrize("label", ["", "  ", "a,b", "a\nb", "x" * 256])
def test_bad_labels_are_refused(local: LocalForge, label: str) -> None:
    """A label is printable, has no comma and fits."""
    local.import_ticket(ticket())
    with pytest.raises(ForgeError, match="label"):
        local.change_labels("1", add=["good", label])
    assert local.issue("1").ticket.labels == ()


def test_there_is_a_bound_on_labels(local: LocalForge) -> None:
    """More labels than a ticket can carry are refused, so that it can always be read again."""
    local.import_ticket(ticket())
    with pytest.raises(ForgeError, match="100"):
        local.change_labels("1", add=[f"l{number}" for number in range(101)])
    assert local.issue("1").ticket.labels == ()


@pytest.mark.parametrize("body", ["", " \n", "x" * 1_000_001])
def test_a_note_says_something_and_not_too_much(local: LocalForge, body: str) -> None:
    """Empty and endless notes are refused."""
    local.import_ticket(ticket())
    with pytest.raises(ForgeError, match="note"):
        local.add_note(ISSUE, "1", body)
    assert local.notes(ISSUE, "1") == []


def test_a_note_key_is_plain(local: LocalForge) -> None:
    """A key can't end the hidden comment it is written into."""
    local.import_ticket(ticket())
    with pytest.raises(ForgeError, match="key"):
        local.ensure_note(ISSUE, "1", "a --> b", "text")


def test_strange_characters_in_notes_can_be_stored(local: LocalForge) -> None:
    """Half characters and NULs, which no file could hold, do not make a note unreadable."""
    local.import_ticket(ticket())
    local.add_note(ISSUE, "1", "a\0b \ud800 c")
    assert local.notes(ISSUE, "1")[0].body == "ab ? c"


def test_the_forge_lies_beside_the_refs(local: LocalForge, repo: Path, git: Callable[..., str]) -> None:
    """All worktrees see one forge, and git does not see its files."""
    local.import_ticket(ticket())
    git(repo, "worktree", "add", "--quiet", "--detach", str(repo.parent / "tree"))
    other = LocalForge.open(Git(repo.parent / "tree"), user="ann", clock=local.clock)
    assert other.issue("1").ticket.title == "Title"
    other.disconnect()
    assert git(repo, "status", "--porcelain") == ""


def test_a_newer_database_is_left_alone(repo: Path, clock: ManualClock) -> None:
    """A file of a later version is refused with the fix, not damaged."""
    path = forge_database(Git(repo).common_dir())
    path.parent.mkdir()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(ForgeError, match="upgrade ci-factory"):
        LocalForge.open(Git(repo), user="ann", clock=clock)
    assert path.read_bytes() == before


def test_an_older_database_is_brought_up_to_date(local_world: World, clock: ManualClock) -> None:
    """What a forge of the first schema holds stays, and comments on lines can be kept afterwards."""
    made = local_world.merge_request("1", {"app.py": "x = 2\n"})
    local_world.forge.disconnect()
    connection = sqlite3.connect(forge_database(local_world.git.common_dir()))
    connection.executescript("DROP TABLE comment; PRAGMA user_version = 1;")
    connection.close()
    forge = LocalForge.open(local_world.git, user="ci-factory", clock=clock)
    assert forge.merge_request(made.iid) == made
    comment = InlineComment(fingerprint="f1", path="app.py", line=1, body="Why?")
    assert [each.body for each in forge.ensure_comments(made.iid, [comment])] == ["Why?"]
    forge.disconnect()


def test_a_repository_without_a_default_branch_says_so(
    repo: Path, clock: ManualClock, git: Callable[..., str]
) -> None:
    """With a detached HEAD and no origin nobody can know it."""
    git(repo, "switch", "--quiet", "--detach")
    forge = LocalForge.open(Git(repo), user="ann", clock=clock)
    with pytest.raises(ForgeError, match="detached"):
        _ = forge.default_branch
    forge.disconnect()


def test_a_damaged_database_is_named(repo: Path, clock: ManualClock) -> None:
    """What is not a database is one clear error with the file's name."""
    path = forge_database(Git(repo).common_dir())
    path.parent.mkdir()
    path.write_text("this is not a database, whatever its name says" * 100)
    with pytest.raises(ForgeError, match=r"forge\.sqlite3"):
        LocalForge.open(Git(repo), user="ann", clock=clock)


def test_a_merge_request_needs_its_ticket_and_branches(local_world: World) -> None:
    """Unknown tickets and branches are errors, and nothing is left behind."""
    world = local_world
    world.ticket("1")
    with pytest.raises(ForgeError, match="no branch"):
        world.forge.ensure_merge_request(world.spec("1"))
    world.forge.push("factory/1-change", world.commit({"a": "1"}), expected=None)
    with pytest.raises(ForgeError, match="no ticket '2'"):
        world.forge.ensure_merge_request(world.spec("2", source_branch="factory/1-change"))
    with pytest.raises(ForgeError, match="itself"):
        world.forge.ensure_merge_request(world.spec("1", target_branch="factory/1-change"))
    assert world.forge.merge_requests(state=None) == []


LABELS = st.sampled_from(["ready-for-agent", "factory::queued", "factory::review", "ui", "ß"])
CHANGES = st.lists(
    st.tuples(st.lists(LABELS, max_size=4), st.lists(LABELS, max_size=4), st.sampled_from(["ann", "bob"])),
    max_size=12,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(changes=CHANGES, initial=st.lists(LABELS, max_size=3, unique=True))
def test_label_events_replay_to_the_labels(
    local: LocalForge, changes: list[tuple[list[str], list[str], str]], initial: list[str]
) -> None:
    """Whatever is added and removed by whom, the events alone give the labels, each step changing something."""
    made = local.create_ticket(lambda free: ticket(free, labels=tuple(initial)))
    for add, remove, user in changes:
        told = local.as_user(user).change_labels(made.ticket.id, add=add, remove=remove)
        assert set(add) <= set(told)
        assert not (set(remove) - set(add)) & set(told)
    replayed: set[str] = set()
    for event in local.events(ISSUE, made.ticket.id):
        if event.kind is ForgeEventKind.LABEL_ADDED:
            assert event.detail not in replayed
            replayed.add(event.detail)
        elif event.kind is ForgeEventKind.LABEL_REMOVED:
            replayed.remove(event.detail)
    assert replayed == set(local.issue(made.ticket.id).ticket.labels)


TEXT = st.text(max_size=200)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(bodies=st.lists(TEXT, min_size=1, max_size=6))
def test_a_kept_note_is_always_one(local: LocalForge, bodies: list[str]) -> None:
    """Whatever the words, and however often they change, there is one note and it says the last of them."""
    made = local.create_ticket(ticket)
    for body in bodies:
        local.ensure_note(ISSUE, made.ticket.id, "status", body)
    (note,) = local.notes(ISSUE, made.ticket.id)
    assert note.body.startswith(bodies[-1].rstrip().replace("\0", ""))
    before = note.updated_at
    local.clock.sleep(1)
    assert local.ensure_note(ISSUE, made.ticket.id, "status", bodies[-1]).updated_at == before
