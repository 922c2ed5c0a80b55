"""`ci-factory audit`: from a line to everything behind it, on both forges; and what can't be believed."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ci_factory.model.forge import NoteTarget
from ci_factory.model.ticket import Ticket
from tests.workflow.audited import BATCH, PROMPT, TICKET, Audited, made
from tests.workflow.conftest import on_embedded, on_gitlab


@pytest.fixture(params=[on_embedded, on_gitlab], ids=["local", "gitlab"])
def audited(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    new_repo: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Audited]:
    yield from made(request.param, request, new_repo({"app.py": "x = 1\n"}), tmp_path / "out", monkeypatch)


@pytest.fixture
def local(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    new_repo: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Audited]:
    yield from made(on_embedded, request, new_repo({"app.py": "x = 1\n"}), tmp_path / "out", monkeypatch)


def test_a_line_leads_to_all_who_had_a_hand_in_it(audited: Audited) -> None:
    """Who asked, who wrote and was told what, who judged, approved and merged, and which bug came of it."""
    request = audited.deliver()
    audited.world.open_issue(Ticket(id="20", title="Broken", body=f"Since !{request.iid}", labels=("bug",)))
    story = audited.tell("app.py:2")
    (told,) = story["generations"]
    assert story["line"]["origin"]["author"] == "agent"
    assert story["line"]["origin"]["commit"] == request.head
    assert (told["opened_by"], told["triggered_by"]) == ("tess", "dana")
    assert (told["batch"], told["ticket"], told["agent"], told["model"]) == (BATCH, TICKET, "otter", "m-1")
    assert (told["prompt_hash"], told["prompt_version"]) == (PROMPT, "v3.00112233")
    assert (told["score"], told["verdict"], told["judged_tree"]) == (91.5, "pass", told["tree"])
    assert [(each["gate"], each["status"]) for each in told["gates"]] == [
        ("tests", "pass"),
        ("types", "fail"),
    ]
    assert [(each["user"], each["head"]) for each in told["approvals"]] == [("ada", request.head)]
    assert (told["merged_by"], told["merge_commit"]) == ("tess", request.merge_commit)
    assert (told["files"], told["aftermath"]["bugs"]) == (["app.py"], ["20"])
    for words in (f"!{request.iid}", f"#{TICKET}", f"{BATCH}/{TICKET}", request.head[:10]):
        assert audited.tell(words)["generations"] == [told], words


def test_questions_and_who_answered_are_told(audited: Audited) -> None:
    """From our own note on the ticket; a program's words, and a record that somebody else wrote, are none."""
    world = audited.world
    world.open_issue(Ticket(id=TICKET, title="Sign in", author="tess"))
    now = world.clock.now().isoformat()
    asked = {
        "agent": "otter",
        "trigger": "security",
        "summary": "Which token?",
        "priority": "high",
        "raised_at": now,
    }
    world.forge.ensure_note(
        NoteTarget.ISSUE, TICKET, "escalation", f"?\n\n{audited.attempt(now, asked=asked)}"
    )
    world.clock.sleep(60)
    forged = audited.attempt(now, asked={**asked, "summary": "Forged"}, reason="Forged")
    for user, text in (("helper-bot", "Beep"), ("dana", "Option 2, but keep it short"), ("eve", forged)):
        if user == "helper-bot" and not world.forge.is_bot(user):
            continue
        world.as_user(user).add_note(NoteTarget.ISSUE, TICKET, text)
    (told,) = audited.tell(f"#{TICKET}")["generations"]
    (question,) = told["questions"]
    assert (question["summary"], question["trigger"]) == ("Which token?", "security")
    assert [each["user"] for each in question["replies"]] == ["dana", "eve"]
    assert question["replies"][0]["text"] == "Option 2, but keep it short"
    assert (told["reason"], told["merge_request"]) == ("Done.", None)


def test_trailers_that_a_person_typed_are_a_claim(audited: Audited) -> None:
    """A line without trailers is a person's; one with trailers that nothing confirms is nobody's proof."""
    audited.deliver()
    text = "x = 1\ny = 2\nz = 3\n"
    audited.by_hand({"app.py": text}, f"feat: also this\n\n{audited.trailers()}")
    audited.by_hand(
        {"app.py": text + "w = 4\n"}, f"feat: more\n\n{audited.trailers(batch='2020-01-01', ticket='99')}"
    )
    first, agent, claimed, unknown = (audited.tell(f"app.py:{line}") for line in range(1, 5))
    assert [each["line"]["origin"]["author"] for each in (first, agent, claimed, unknown)] == [
        "person", "agent", "claimed", "claimed"]  # fmt: skip
    assert first["line"]["origin"]["by"] == "Tess Tester"
    assert (first["generations"], unknown["generations"]) == ([], [])
    assert "Nothing is known of the generation 2020-01-01/99." in unknown["notes"]
    assert "claimed, not confirmed" in audited.run("audit", "app.py:3")[1]


def test_a_squash_leads_there_too(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    new_repo: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The commit that GitLab made has no trailers; that it is the merge request's own commit says whose it is."""
    (audited,) = made(on_gitlab, request, new_repo({"app.py": "x = 1\n"}), tmp_path / "out", monkeypatch)
    squashed = audited.deliver(squash=True)
    origin = audited.tell("app.py:2")["line"]["origin"]
    assert (origin["author"], origin["batch"], origin["ticket"]) == ("agent", BATCH, TICKET)
    assert origin["commit"] != squashed.head


def test_earlier_changes_of_a_line_are_told(local: Audited) -> None:
    """The factory's own and people's, the newest first; a rename of the file does not hide them."""
    request = local.deliver()
    local.world.git.text("mv", "app.py", "moved.py")
    renamed = local.by_hand({}, "rename")
    last = local.by_hand({"moved.py": "x = 1\ny = 3\n"}, "another y")
    line = local.tell("moved.py:2")["line"]
    assert line["origin"]["commit"] == last
    earlier = [(each["commit"], each["author"]) for each in line["earlier"]]
    assert earlier[-1] == (request.head, "agent")
    assert {sha for sha, _ in earlier} <= {request.head, renamed}


def test_what_strangers_wrote_has_no_effect(local: Audited) -> None:
    """Titles and messages with markup, mentions and terminal controls are shown as words."""
    local.deliver("Say <img src=x> \x1b[31m@all [click](https://evil.example) | `y`")
    local.by_hand({"app.py": "x = 1\ny = 5\n"}, f"\x1b]0;owned\x07 **bold** @all\n\n{local.trailers()}")
    for words in (f"#{TICKET}", "app.py:2"):
        _, screen, _ = local.run("audit", words)
        _, markdown, _ = local.run("audit", words, "--markdown")
        assert "\x1b" not in screen + markdown
        assert "\x07" not in screen + markdown
        assert not any(bad in markdown for bad in ("<img", "](https", "@all", "**bold**"))


def test_facts_and_store_tell_the_same(local: Audited) -> None:
    """Without the forge: the collected file, and the store with the events that were recorded, name the same people."""
    pytest.importorskip("sqlalchemy", reason="SQLAlchemy (extra `metrics`) is not installed")
    local.deliver()
    assert local.run("collect", "--store")[0] == 0
    (live,), (stored,), (kept,) = (
        local.tell("app.py:2", *words)["generations"] for words in ((), ("--store",), ("--facts",))
    )
    assert stored == live
    assert {**kept, "triggered_by": "dana", "approvals": live["approvals"]} == live
    code, _, err = local.run("audit", "app.py:2", "--store", "--project", "other")
    assert (code, "no project 'other'" in err) == (2, True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("gone.py:1", "no such file"),
        ("app.py:77", "no such line"),
        ("!77", "no merge request of the factory"),
        ("#77", "nothing is known"),
        ("what is this", "nobody can tell what is meant"),
        ("../../etc/passwd:1", "no such file"),
    ],
)
def test_what_is_not_there_is_said(local: Audited, words: str, said: str) -> None:
    """Exit code 2, what is wrong and how to ask."""
    code, _, err = local.run("audit", words)
    assert (code, said in err, "fix: " in err) == (2, True, True)
