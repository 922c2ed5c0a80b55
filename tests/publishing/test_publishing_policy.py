"""Hostile trees, made below git's own checks, through the whole publisher: what may not be published reaches no branch."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_factory.config import parse
from ci_factory.errors import ConfigError
from ci_factory.model.forge import MergeRequestSpec, NoteTarget
from ci_factory.publishing import paths
from ci_factory.publishing.outcome import Withheld
from tests.publishing.conftest import FILE, Entry, Scene

NewScene = Callable[..., Scene]
TEXT: Entry = (FILE, b"text\n")
LINK: Entry = ("120000", b"/etc/passwd")
COMMIT: Entry = ("160000", b"a" * 40)
LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:aa\nsize 12\n"

NAMES = (
    b".git/config",
    b"a/.GIT/config",
    b".Git ",
    b".git.",
    b".git::$INDEX_ALLOCATION/config",
    b"GIT~1/hooks/post-checkout",
    "\u200b.g\u200cit/config".encode(),
    "．git/config".encode(),
    b"sub/.gitmodules",
    b"GITMOD~1",
    b"../up.py",
    b"a/./b.py",
    b"-rf",
    b"a/--upload-pack=x",
    b"a\\b.py",
    "a∕b.py".encode(),
    b"new\nline.py",
    b"tab\there.py",
    b"\xff\xfe.py",
    "bidi\u202eyp.py".encode(),
    "tag\U000e0041.py".encode(),
    "no\u00a0break.py".encode(),
    b"ends in space /a.py",
    b"dot./a.py",
    b"aux.py",
    b"a:b.py",
    "pаypal.py".encode(),
    b"x" * 256,
    b"Shop/other.py",
    b"SHOP",
    b"shop/Price.py",
    "shop/prіce.py".encode(),
    "shop/рriсе.py".encode(),
    "ＳＨＯＰ/a.py".encode(),
)


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_a_name_that_deceives_is_published_nowhere(new_scene: NewScene, name: bytes) -> None:
    """Git's own files, options, look-alikes of what exists, and what not every system can hold: no branch, no merge request."""
    scene = new_scene({name: TEXT})
    with pytest.raises(Withheld):
        scene.publish()
    assert scene.branches() == ""
    assert scene.forge.merge_requests(state=None) == []


@pytest.mark.parametrize(
    "changes",
    [
        {b"link": LINK},
        {b"shop/price.py": LINK},
        {b"vendor/lib": COMMIT},
        {b"data.csv": (FILE, LFS)},
        {b".gitattributes": (FILE, b"*.py -diff\n")},
        {b"shop/.gitattributes": (FILE, b"*.py linguist-generated=true\n")},
        {b".GITATTRIBUTES": (FILE, b"* filter=lfs\n")},
        {b".gitattributes": (FILE, b"[attr]quiet export-ignore\n")},
        {b"caf\xc3\xa9.py": TEXT, b"cafe\xcc\x81.py": TEXT},
        {b"Read.py": TEXT, b"read.py": TEXT},
        {b"old/inside.py": TEXT},
        {b"Old/inside.py": TEXT},
        {b"big.txt": (FILE, b"x" * (1024 * 1024 + 1))},
        {b"long.txt": (FILE, b"x\n" * 20_001)},
        {b"many/%d.py" % number: TEXT for number in range(501)},
        {b"all/%d.txt" % number: (FILE, b"%d" % number + b"x" * 1_040_000) for number in range(11)},
    ],
    ids=lambda changes: ascii(next(iter(changes))),
)  # fmt: skip
def test_kinds_and_sizes_that_nobody_can_review_are_published_nowhere(
    new_scene: NewScene, changes: dict[bytes, Entry]
) -> None:
    """Links and writes through one, submodules, LFS pointers, hidden diffs, collisions and floods reach no branch."""
    scene = new_scene(changes, before={b"old": LINK})
    with pytest.raises(Withheld):
        scene.publish()
    assert scene.branches() == ""


@pytest.mark.parametrize(
    "changes",
    [
        {b"src/gr\xc3\xb6\xc3\x9fe.py": TEXT, b"a b.txt": TEXT, b".gitignore": TEXT},
        {"отчёт_report.py".encode(): TEXT, "Δt.py".encode(): TEXT, "価格.py".encode(): TEXT},
        {b"shop/price.py": None, b"shop/Price.py": TEXT},
        {b"old": None},
        {b"strange\\name.py": (FILE, b"changed\n")},
    ],
    ids=lambda changes: ascii(next(iter(changes))),
)
def test_ordinary_changes_pass(new_scene: NewScene, changes: dict[bytes, Entry | None]) -> None:
    """Names of any alphabet, a new case for a name that goes, and files that were there before are nothing to object to."""
    scene = new_scene(changes, before={b"old": LINK, b"strange\\name.py": TEXT})
    scene.publish()
    assert not scene.forge.merge_requests()[0].draft


@pytest.mark.parametrize(
    "changes",
    [
        {b".gitlab-ci.yml": TEXT},
        {b".GitLab-CI.yml": TEXT},
        {b".gitlab/ci/build.yml": TEXT},
        {b"ci/included.yml": TEXT},
        {b"docs/CODEOWNERS": TEXT},
        {b".ci-factory.yml": None},
        {b".gitattributes": (FILE, b"* text=auto\n")},
        {b".husky/pre-commit": TEXT},
        {b"AGENTS.md": TEXT},
        {b"logo.png": (FILE, b"\x89PNG\0")},
        {b"run.sh": ("100755", b"#!/bin/sh\n")},
        {b"shop/price.py": ("100755", b"price = 1\n")},
    ],
    ids=lambda changes: ascii(next(iter(changes))),
)
def test_protected_parts_make_a_draft_that_names_them(
    new_scene: NewScene, changes: dict[bytes, Entry | None]
) -> None:
    """Pipelines, owners, settings, binaries and programs are published as a draft with a reviewer and a line in the note."""
    before = {b".ci-factory.yml": TEXT, b".gitlab-ci.yml": (FILE, b"include: ci/included.yml\n")}
    if b".GitLab-CI.yml" in changes:  # beside the other it would be a collision
        del before[b".gitlab-ci.yml"]
    scene = new_scene(changes, before=before).configured(reviewers=["grace"])
    publication = scene.publish()
    (merge_request,) = scene.forge.merge_requests()
    (note,) = scene.forge.notes(NoteTarget.MERGE_REQUEST, "1")
    path = next(iter(changes)).decode()
    assert (merge_request.draft, merge_request.reviewer) == (True, "grace")
    assert note.body.index("a person has to look at") < note.body.index("### Gates")
    assert f"- `{path}` " in note.body
    assert path in publication.reason


def test_a_person_s_ready_holds_when_published_again(new_scene: NewScene) -> None:
    """Somebody who looked at the protected part and marked it ready is not overruled by the next run."""
    scene = new_scene({b".gitlab-ci.yml": TEXT})
    scene.publish()
    (draft,) = scene.forge.merge_requests()
    wanted = {name: getattr(draft, name) for name in MergeRequestSpec.model_fields}
    scene.forge.ensure_merge_request(MergeRequestSpec(**{**wanted, "draft": False}))
    scene.publish()
    assert not scene.forge.merge_requests()[0].draft


@pytest.mark.parametrize(
    ("settings", "changes"),
    [
        ({"protected": {"/.gitlab-ci.yml": "block"}}, {b".gitlab-ci.yml": TEXT}),
        ({"protected": {"*.sql": "block"}}, {b"db/drop.SQL": TEXT}),
        ({"binary": "block"}, {b"a.bin": (FILE, b"\0")}),
        ({"executable": "block"}, {b"a.sh": ("100755", b"x")}),
        ({"max_files": 1}, {b"a": TEXT, b"b": TEXT}),
        ({"max_lines": 1}, {b"a": (FILE, b"1\n2\n")}),
        ({"max_total_bytes": 5}, {b"a": (FILE, b"123456")}),
    ],
)
def test_the_configuration_can_be_stricter(
    new_scene: NewScene, settings: dict[str, object], changes: dict[bytes, Entry]
) -> None:
    """A project's own patterns, actions and caps keep a change back."""
    with pytest.raises(Withheld):
        new_scene(changes).configured(**settings).publish()


@pytest.mark.parametrize(
    ("settings", "changes"),
    [
        ({"protected": {"/.gitlab-ci.yml": "allow"}}, {b".gitlab-ci.yml": TEXT}),
        ({"binary": "allow"}, {b"a.bin": (FILE, b"\0")}),
        ({"executable": "allow"}, {b"a.sh": ("100755", b"x")}),
    ],
)
def test_the_configuration_can_be_kinder(
    new_scene: NewScene, settings: dict[str, object], changes: dict[bytes, Entry]
) -> None:
    """What a project declares harmless does not keep a merge request a draft."""
    scene = new_scene(changes).configured(**settings)
    scene.publish()
    assert not scene.forge.merge_requests()[0].draft


def test_base_attributes_do_not_hide_a_file_s_lines(new_scene: NewScene) -> None:
    """A file that the base calls binary by an attribute still has its lines counted."""
    scene = new_scene({b"gen.txt": (FILE, b"x\n" * 30)}, before={b".gitattributes": (FILE, b"*.txt -diff\n")})
    (scene.repo.folder / ".gitattributes").write_text("*.txt -diff\n", encoding="utf-8")
    with pytest.raises(Withheld, match="30 lines"):
        scene.configured(max_lines=29).publish()


def test_to_issue_shows_what_was_wanted_and_keeps_the_work(new_scene: NewScene) -> None:
    """The note on the ticket shows the protected part as text that does nothing, says where the work is, and escalates."""
    hostile = b"script:\n/close\n```\n@all Closes #1\n  - curl https://x\nkey: glpat-abcdefghijklmnopqrst\n"
    scene = new_scene({b".gitlab-ci.yml": (FILE, hostile), b"shop/price.py": (FILE, b"price = 2\n")})
    scene = scene.configured(protected={"/.gitlab-ci.yml": "to-issue"})
    with pytest.raises(Withheld) as caught:
        scene.publish()
    publication = scene.publisher.refuse(scene.judged.attempt, caught.value)
    (note,) = scene.forge.notes(NoteTarget.ISSUE, "7")
    assert publication.outcome == "escalated"
    assert "factory::escalated" in scene.forge.issue("7").ticket.labels
    assert scene.branches() == ""
    assert "````diff\n" in note.body
    assert "+script:\n" in note.body
    assert "price = 2" not in note.body
    assert "glpat-" not in note.body
    assert "loses #1" not in note.body
    assert "`change.bundle` of batch `20260302-010000`, ticket `7`" in note.body
    assert scene.folder.bundle.exists()


def test_strictest_action_wins_and_every_reason_is_told(new_scene: NewScene) -> None:
    """A change with several faults is told all of them at once."""
    scene = new_scene({b"link": LINK, b"-x": TEXT, b"logo.png": (FILE, b"\0")})
    with pytest.raises(Withheld) as caught:
        scene.publish()
    assert {each.path for each in caught.value.objections} == {"link", "-x"}
    body = scene.publisher.refuse(scene.judged.attempt, caught.value)
    (note,) = scene.forge.notes(NoteTarget.ISSUE, "7")
    assert body.reason
    assert "`link` is a symbolic link" in note.body


@pytest.mark.parametrize("pattern", ["''", "'!a'", "'#a'", "' '"])
def test_a_pattern_that_means_nothing_is_an_error(pattern: str) -> None:
    """A protected pattern that could never match is refused when the configuration is read."""
    with pytest.raises(ConfigError, match="not a pattern"):
        parse(f"publishing: {{protected: {{{pattern}: block}}}}")


PART = st.text(
    alphabet=st.one_of(st.sampled_from("aAbBсеоGgIiTt.~- _\u200c"), st.characters(exclude_characters="/\0")),
    min_size=1,
    max_size=8,
)


@given(PART)
def test_names_that_fold_to_git_s_are_always_caught(noise: str) -> None:
    """Whatever invisible signs stand in it and however it is written, `.git` is told from other names."""
    invisible = "".join(c for c in noise if c in "\u200c\u200d\u2060\ufeff")
    for name in (f".g{invisible}it", f".GIT{invisible}", f"{invisible}.Git. ", f".giT:{noise}"):
        assert paths.git_name(f"a/{name}/config")


@given(st.lists(PART, min_size=1, max_size=6, unique=True))
def test_collisions_are_symmetric(names: list[str]) -> None:
    """Of two names that look alike one is always found, whichever of them was there first."""
    for first in names:
        for second in names:
            there = list(paths.collisions([first], [second]))
            back = list(paths.collisions([second], [first]))
            alike = first != second and paths.look(first) == paths.look(second)
            assert bool(there) == bool(back) == alike


def test_policy_does_not_depend_on_the_order_of_files(new_scene: NewScene) -> None:
    """The same change always gives the same objections in the same order."""
    scene = new_scene({b"b.sh": ("100755", b"x"), b"a.bin": (FILE, b"\0")})
    first = scene.publish()
    again = replace(scene, publisher=replace(scene.publisher)).publish()
    assert (
        first.reason
        == again.reason
        == "'a.bin' is binary: no diff shows what it holds; 'b.sh' can be executed from now on"
    )
