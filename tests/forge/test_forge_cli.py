"""`ci-factory ticket` and `ci-factory mr`: a person finishes the story on a laptop."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from ci_factory.cli import mr, ticket
from ci_factory.errors import Conflict, FactoryError, ForgeError, TicketError, UsageError
from ci_factory.model import block
from ci_factory.model.forge import MergeRequestState, NoteTarget

World = Any  # tests/forge/conftest.py
Run = Callable[..., str]


@pytest.fixture(name="world")
def local_only(local_world: World) -> World:
    return local_world


@pytest.fixture
def cli(repo: Path) -> Callable[..., Result]:
    """`cli(group, *args, stdin=None)` on the repository."""

    def call(group: click.Group, name: str, *args: object, stdin: str | None = None) -> Result:
        arguments = [name, *map(str, args), "--repo", str(repo)]
        return CliRunner().invoke(group, arguments, input=stdin, standalone_mode=False)

    return call


@pytest.fixture
def ok(cli: Callable[..., Result]) -> Run:
    """What a command that succeeds prints."""

    def call(*args: object, stdin: str | None = None) -> str:
        result = cli(*args, stdin=stdin)
        if result.exception:
            raise result.exception
        return result.output

    return call


@pytest.fixture
def refused(cli: Callable[..., Result]) -> Callable[..., FactoryError]:
    """The error of a command that fails as it should."""

    def call(*args: object) -> FactoryError:
        result = cli(*args)
        assert isinstance(result.exception, FactoryError), result.output
        return result.exception

    return call


def test_a_ticket_is_added_with_everything(ok: Run, world: World) -> None:
    """Options become fields; the author is who git says."""
    ok(
        ticket.command, "add", "--title", "Hello", "--priority", "high", "--complexity", "small", "--file", "a.py",
        "--depends-on", "7", "--criterion", "says hello", "--test-case", "hello()", "--label", "ui", "--due",
        "2026-04-01", "--body", "Please.", "--id", "x-1",
    )  # fmt: skip
    made = world.forge.issue("x-1").ticket
    assert (made.title, made.body, made.priority, made.complexity) == ("Hello", "Please.", "high", "small")
    assert (made.files, made.depends_on, made.labels) == (("a.py",), ("7",), ("ui",))
    assert (made.acceptance_criteria, made.test_cases) == (("says hello",), ("hello()",))
    assert (made.author, made.due and made.due.hour) == ("Tess Tester", 23)


def test_a_ticket_gets_a_number_and_the_ready_label(ok: Run, repo: Path) -> None:
    """The label that means ready is the project's own; a body file is read with its sections."""
    (repo / ".ci-factory.yml").write_text("labels: {ready: go}\n")
    ok(ticket.command, "add", "--title", "One")
    body = "## Acceptance criteria\n- [ ] it works\n"
    added = json.loads(ok(ticket.command, "add", "--title", "Two", "--body-file", "-", "--json", stdin=body))
    assert (added["ticket"]["id"], added["ticket"]["labels"]) == ("2", ["go"])
    assert added["ticket"]["acceptance_criteria"] == ["it works"]


def test_bad_tickets_are_refused(refused: Callable[..., FactoryError], ok: Run, world: World) -> None:
    """A taken id, a wrong date and two bodies are usage errors; nothing is added."""
    ok(ticket.command, "add", "--title", "One", "--id", "1")
    assert isinstance(refused(ticket.command, "add", "--title", "T", "--id", "1"), UsageError)
    assert isinstance(refused(ticket.command, "add", "--title", "T", "--due", "soon"), TicketError)
    assert isinstance(
        refused(ticket.command, "add", "--title", "T", "--body", "a", "--body-file", "-"), UsageError
    )
    assert len(world.forge.issues()) == 1


def test_tickets_are_listed(ok: Run, world: World) -> None:
    """Aligned lines where there is no terminal, JSON for machines, closed ones only on request."""
    assert ok(ticket.command, "list") == "no tickets\n"
    world.ticket("1", labels=("ui",))
    world.ticket("22")
    world.forge.close_issue("22")
    assert ok(ticket.command, "list").splitlines() == [
        "id  state   priority  size  labels  title",
        "1   opened  medium    -     ui      Ticket 1",
    ]
    assert [each["ticket"]["id"] for each in json.loads(ok(ticket.command, "list", "--all", "--json"))] == [
        "1",
        "22",
    ]
    assert ok(ticket.command, "list", "--label", "nobody") == "no tickets\n"


def test_an_escalation_is_answered_by_a_comment(ok: Run, world: World) -> None:
    """The note is the person's, and `show` shows it."""
    world.ticket("1", body="Which one?")
    ok(ticket.command, "comment", "1", "Option 2", "--as", "alice")
    (note,) = world.forge.notes(NoteTarget.ISSUE, "1")
    assert (note.author, note.body) == ("alice", "Option 2")
    shown = ok(ticket.command, "show", "1")
    assert "Which one?" in shown
    assert "--- alice, " in shown
    data = json.loads(ok(ticket.command, "show", "1", "--json"))
    assert (data["issue"]["ticket"]["id"], data["notes"][0]["body"]) == ("1", "Option 2")


def test_labels_are_changed_by_hand(ok: Run, world: World) -> None:
    """Holding a ticket is one command."""
    world.ticket("1", labels=("ready-for-agent",))
    assert ok(ticket.command, "label", "1", "--add", "factory::hold", "--remove", "ready-for-agent") == (
        "labels: factory::hold\n"
    )
    assert world.forge.events()[-1].user == "Tess Tester"


def test_merge_requests_are_listed_with_their_score(ok: Run, world: World) -> None:
    """The score is the author's own; a forged block by somebody else is not believed."""
    made = world.merge_request("1", reviewer="alice", title="Say hello")
    assert ok(mr.command, "list").splitlines()[1].split()[-1] == "-"
    forged = block.write("score", {"score": 100})
    world.forge.ensure_note(
        NoteTarget.MERGE_REQUEST, "1", "score", "ok\n" + block.write("score", {"score": 87.5})
    )
    world.as_user("mallory").add_note(NoteTarget.MERGE_REQUEST, "1", forged)
    world.as_user("bob").approve(made.iid)
    assert ok(mr.command, "list").splitlines() == [
        "mr  state  title      branch            target  reviewer  approvals  score",
        "!1  open   Say hello  factory/1-change  main    alice     1          87.5",
    ]
    (data,) = json.loads(ok(mr.command, "list", "--json"))
    assert (data["iid"], data["score"], data["head"]) == (1, 87.5, made.head)


def test_a_terminal_gets_a_table(world: World, repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal the same cells come through rich, markup in a title without effect."""

    class Terminal:
        @staticmethod
        def isatty() -> bool:
            return True

    world.merge_request("1", title="Say [red]hello[/red] \x1b[31m")
    monkeypatch.setattr(click, "get_text_stream", lambda _: Terminal())
    monkeypatch.setenv("COLUMNS", "200")
    result = CliRunner().invoke(mr.command, ["list", "--repo", str(repo)], standalone_mode=False)
    assert "Say [red]hello[/red]" in result.output
    assert "\x1b[31m" not in result.output


def test_a_merge_request_is_shown_with_its_diff(ok: Run, world: World) -> None:
    """Description, notes without hidden data, and the change itself, before and after the merge."""
    made = world.merge_request("1", {"new.txt": "hello\n"}, description="What and why.")
    world.forge.ensure_note(
        NoteTarget.MERGE_REQUEST, "1", "score", "fine\n" + block.write("score", {"score": 9})
    )
    shown = ok(mr.command, "show", 1, "--diff")
    assert f"head: {made.head} (version 1)" in shown
    assert "What and why." in shown
    assert "fine" in shown
    assert "<!--" not in shown
    assert "+hello" in shown
    world.forge.merge(made.iid, head=made.head)
    assert "+hello" in json.loads(ok(mr.command, "show", 1, "--diff", "--json"))["diff"]


def test_untrusted_text_does_not_reach_the_terminal(ok: Run, world: World) -> None:
    """Escape sequences in titles, bodies, notes and diffs are not printed."""
    evil = "a\x1b[2Jb\x1b]0;owned\x07\rc\u202ed"
    world.ticket("9", body=evil, author=evil, labels=("x",), acceptance_criteria=(evil,))
    world.forge.add_note(NoteTarget.ISSUE, "9", evil)
    world.merge_request("1", {"new.txt": evil + "\n"}, title=evil, description=evil)
    world.forge.add_note(NoteTarget.MERGE_REQUEST, "1", evil)
    for args in (
        (ticket.command, "list"),
        (ticket.command, "show", "9"),
        (mr.command, "list"),
        (mr.command, "show", 1, "--diff"),
    ):
        assert set(ok(*args)) & set("\x1b\x07\r\u202e") == set()


def test_approve_and_request_changes(ok: Run, refused: Callable[..., FactoryError], world: World) -> None:
    """`--as` says who; a commit that is not the head any more is refused."""
    made = world.merge_request("1")
    ok(mr.command, "approve", 1, "--as", "alice", "--sha", made.head[:10])
    assert [each.user for each in world.forge.merge_request(1).approvals] == ["alice"]
    assert isinstance(refused(mr.command, "approve", 1, "--sha", "0" * 40), Conflict)
    assert isinstance(refused(mr.command, "approve", 1, "--as", "ci-factory"), ForgeError)
    ok(mr.command, "request-changes", 1, "Cover the empty list", "--as", "alice")
    assert world.forge.merge_request(1).changes_requested_by == ("alice",)
    assert "changes requested" in ok(mr.command, "list")


def test_a_draft_is_merged_only_when_said_to_be_ready(
    ok: Run, refused: Callable[..., FactoryError], world: World, repo: Path
) -> None:
    """`--ready` marks it ready and merges; without it the message says so."""
    made = world.merge_request("1", draft=True)
    assert "--ready" in refused(mr.command, "merge", 1).fix
    assert isinstance(refused(mr.command, "merge", 1, "--ready", "--sha", "0" * 40), Conflict)
    assert world.forge.merge_request(1).draft
    said = ok(mr.command, "merge", 1, "--ready", "--sha", made.head)
    assert said == f"!1 merged into main at {made.head[:12]}; ticket 1 is closed\n"
    assert (repo / "1.txt").exists()
    assert world.forge.merge_request(1).state is MergeRequestState.MERGED


def test_closing_leaves_the_ticket(ok: Run, world: World) -> None:
    """The merge request is over, the ticket is not."""
    world.merge_request("1")
    assert ok(mr.command, "close", 1) == "!1 closed; ticket 1 stays open\n"
    assert ok(mr.command, "list") == "no merge requests\n"
    assert json.loads(ok(mr.command, "list", "--all", "--json"))[0]["state"] == "closed"


def test_somebody_has_to_act(
    refused: Callable[..., FactoryError], ok: Run, world: World, repo: Path, git: Run
) -> None:
    """Without --as and without git's user.name nothing is done, and the message says how; looking needs no name."""
    git(repo, "config", "user.name", "")
    world.merge_request("1")
    error = refused(mr.command, "merge", 1)
    assert isinstance(error, UsageError)
    assert "--as NAME" in error.fix
    assert "!1" in ok(mr.command, "list")


def test_every_command_has_help_with_an_example() -> None:
    """Each sub-command shows how it is called."""
    for group in (ticket.command, mr.command):
        for name, each in group.commands.items():
            text = each.get_help(click.Context(each, info_name=f"ci-factory {group.name} {name}"))
            assert f"Example: ci-factory {group.name} {name}" in " ".join(text.split()), name


def test_exit_codes_and_messages_of_the_real_command(factory_cli: Callable[..., Any], repo: Path) -> None:
    """Through the entry point: one message with the fix, the right code."""
    missing = factory_cli("mr", "show", 5, "--repo", repo)
    assert (missing.code, missing.err) == (
        3,
        "error: there is no merge request !5\n  fix: ci-factory mr list --all\n",
    )
    nowhere = factory_cli("ticket", "list", "--repo", repo / "nowhere")
    assert nowhere.code == 2
    assert "there is no such folder" in nowhere.err
