"""Trees made below git's own checks, through the real publish stage: what may not be published reaches no branch."""

from collections.abc import Callable, Mapping
from datetime import timedelta

import pytest

from ci_factory.model.forge import NoteTarget
from ci_factory.system.layout import Layout
from tests.attacks.stage import NewStage, Offer, Stage
from tests.attacks.table import variants
from tests.publishing.conftest import AGENT, FILE, Entry

Seen = Callable[[str], None]
Changes = Mapping[bytes, Entry | None]
TEXT: Entry = (FILE, b"text\n")
LINK: Entry = ("120000", b"/etc/passwd")
HELD = "no branch and no merge request; the ticket asks people and names what is wrong; the bundle is kept"


def is_held(stage: Stage, offer: Offer) -> str:
    """Publish what may not be; the words of the note on the ticket."""
    publication = stage.publish(offer)
    assert publication.outcome == "escalated", publication
    assert stage.branches(offer) is None
    assert stage.merge_requests(offer) == []
    (note,) = stage.forge.notes(NoteTarget.ISSUE, offer.planned.id)
    assert "factory::escalated" in stage.forge.issue(offer.planned.id).ticket.labels
    assert Layout(stage.root / "out").batch(offer.batch.id).ticket(offer.planned.id).bundle.is_file()
    return note.body


@pytest.mark.attack(row=13, defence="rejected")
@variants(
    ("changes", "said"),
    {
        "a new link": ({b"link": LINK}, "is a symbolic link"),
        "a file that becomes a link": ({b"app.py": LINK}, "is a symbolic link"),
        "a write through a link of the base": ({b"old/inside.py": TEXT}, "below"),
        "a write through a link in another case": ({b"OLD/inside.py": TEXT}, "below"),
        "a link that is turned elsewhere": ({b"old": ("120000", b"../../.git/config")}, "is a symbolic link"),
        "a link and a file below it at once": ({b"new": LINK, b"new2/x": TEXT}, "is a symbolic link"),
        "a submodule": ({b"vendor": ("160000", b"a" * 40)}, "is a submodule"),
        "a declared submodule": ({b".gitmodules": TEXT}, "git's own files"),
        "a declared submodule deeper, in another case": ({b"sub/.GitModules": TEXT}, "git's own files"),
        "a folder that becomes a submodule": ({b"app.py": ("160000", b"b" * 40)}, "is a submodule"),
    },
    quick=4,
)
def test_links_and_submodules_are_rejected(
    new_stage: NewStage, forge_kind: str, changes: Changes, said: str, seen: Seen
) -> None:
    """Nothing that leads out of the tree is published."""
    stage = new_stage(forge_kind, {b"old": ("120000", b"app.py")})
    assert said in is_held(stage, stage.offer(changes))
    seen(HELD)


@pytest.mark.attack(row=14, defence="rejected")
@variants(
    "name",
    {
        "git's folder": b".git/hooks/post-checkout",
        "git's folder in capitals, deeper": b"a/.GIT/config",
        "git's short name on Windows": b"GIT~1/config",
        "git's folder with trailing dots and spaces": b".git. . /config",
        "git's folder as a stream": b".git::$INDEX_ALLOCATION/config",
        "git's folder with an ignorable sign": "\u200c.g\u200dit/config".encode(),
        "git's folder in full width": "\uff0e\uff47\uff49\uff54/config".encode(),
        "git's folder with a long s, or in Turkish letters": ".g\u0131t/config".encode(),
        "a climb": b"../../etc/cron.d/x",
        "a climb in the middle": b"a/../../x",
        "a dot": b"./x.py",
        "a backslash": b"..\\..\\x.py",
        "a newline": b"a\nb.py",
        "a leading dash": b"--upload-pack=touch x",
        "a leading dash below a folder": b"src/-rf",
        "bytes that are no UTF-8": b"\xff\xfe.py",
        "a half of a character": b"\xed\xa0\x80.py",
        "a drive": b"C:/x.py",
        "a device": b"aux.txt",
        "a hidden block": b'<!-- ci-factory:v1:earlier {"head":"x"} -->',
        "a quick action": b"x\n/close",
    },
    quick=5,
)
def test_paths_that_deceive_are_rejected(stage: Stage, name: bytes, seen: Seen) -> None:
    """A path that any system could take for another place is published nowhere, and shown harmlessly."""
    offer = stage.offer({name: TEXT})
    before = stage.bystanders()
    body = is_held(stage, offer)
    assert stage.bystanders() == before
    assert not any(line.startswith("/") for line in body.splitlines())
    seen(HELD)


@pytest.mark.attack(row=17, defence="rejected")
@variants(
    "changes",
    {
        "case": {b"APP.py": TEXT},
        "case of a folder": {b"Shop/a.py": TEXT, b"shop/b.py": TEXT},
        "Unicode normal forms": {b"caf\xc3\xa9.py": TEXT, b"cafe\xcc\x81.py": TEXT},
        "a homoglyph of a file of the base": {"\u0430pp.py".encode(): TEXT},
        "letters of several alphabets": {"p\u0430ypal.py".encode(): TEXT},
        "full width": {"\uff41pp.py".encode(): TEXT},
        "ligatures and long s": {"te\ufb06.py".encode(): TEXT, b"test.py": TEXT},
        "a name that runs backwards": {"x\u202eyp.txt".encode(): TEXT},
        "isolates and marks": {"a\u2066pp\u2069.py".encode(): TEXT},
        "invisible letters": {"app\u3164.py".encode(): TEXT},
        "selectors of variants": {"app\ufe00.py".encode(): TEXT},
        "Kelvin and Angstrom signs": {"\u212aey.py".encode(): TEXT, b"key.py": TEXT},
        "dotless and sharp letters": {"stra\u00dfe.py".encode(): TEXT, b"strasse.py": TEXT},
        "a file and a folder of one name": {b"README.MD/x.py": TEXT},
    },
    quick=4,
)
def test_names_that_collide_are_rejected(stage: Stage, changes: Changes, seen: Seen) -> None:
    """Of two names that a person or a file system could confuse, the new one is published nowhere."""
    is_held(stage, stage.offer(changes))
    seen(HELD)


@pytest.mark.attack(row=18, defence="capped; the work is kept")
@variants(
    "changes",
    {
        "a huge file": {b"big.txt": (FILE, b"x" * (1024 * 1024 + 1))},
        "many files": {b"many/%d.py" % number: TEXT for number in range(501)},
        "many lines": {b"long.txt": (FILE, b"x\n" * 20_001)},
        "much in all": {
            b"all/%d.txt" % number: (FILE, b"%d" % number + b"x" * 1_040_000) for number in range(11)
        },
        "a pointer of LFS": {
            b"a.csv": (FILE, b"version https://git-lfs.github.com/spec/v1\noid sha256:aa\nsize 1\n")
        },
    },
    quick=1,
)
def test_floods_are_held_back(stage: Stage, changes: Changes, seen: Seen) -> None:
    """What nobody can review, or what was not judged at all, is not published, and not thrown away."""
    is_held(stage, stage.offer(changes))
    seen(HELD)


@pytest.mark.attack(row=18, defence="a person looks first")
@variants(
    "changes",
    {
        "a binary": {b"logo.png": (FILE, b"\x89PNG\0")},
        "a binary that names itself text": {b"notes.txt": (FILE, b"text" * 100 + b"\0")},
        "a new program": {b"run.sh": ("100755", b"#!/bin/sh\n")},
        "a file that becomes a program": {b"app.py": ("100755", b"x = 1\n")},
    },
    quick=1,
)
def test_binaries_and_programs_wait_for_a_person(stage: Stage, changes: Changes, seen: Seen) -> None:
    """A change that no diff shows is a draft with a line that names the file."""
    offer = stage.offer(changes)
    assert stage.publish(offer).outcome == "merge-request"
    (request,) = stage.merge_requests(offer)
    (note,) = stage.forge.notes(NoteTarget.MERGE_REQUEST, str(request.iid))
    assert request.draft
    assert f"- `{next(iter(changes)).decode()}` " in note.body.partition("### Gates")[0]
    seen("a draft; the file is named before the gates' results")


PIPELINE = {b".gitlab-ci.yml": (FILE, b"include: ci/inc.yml\n"), b"ci/inc.yml": TEXT, b"free.py": TEXT}


@pytest.mark.attack(row=15, defence="decided from the applied tree")
@variants(
    ("changes", "path"),
    {
        "a protected file renamed away": ({b".gitlab-ci.yml": None, b"free2.py": PIPELINE[b".gitlab-ci.yml"]}, ".gitlab-ci.yml"),
        "a free file renamed onto a protected one": ({b"free.py": None, b"CODEOWNERS": TEXT}, "CODEOWNERS"),
        "a copy onto a protected one": ({b"docs/CODEOWNERS": TEXT}, "docs/CODEOWNERS"),
        "contents of two files swapped": (
            {b"free.py": PIPELINE[b".gitlab-ci.yml"], b".gitlab-ci.yml": TEXT},
            ".gitlab-ci.yml",
        ),
        "headers of a diff as content": (
            {b"free.py": (FILE, b"-- a/x\n++ b/y\n@@ -1 +1 @@\ndiff --git a/app.py b/app.py\n"), b".gitlab-ci.yml": None},
            ".gitlab-ci.yml",
        ),
        "nothing but a mode": ({b".gitlab-ci.yml": ("100755", b"include: ci/inc.yml\n")}, ".gitlab-ci.yml"),
        "an included file through a name with a quote": ({b"ci/inc.yml": (FILE, b"script: x\n"), b'"q".py': TEXT}, "ci/inc.yml"),
    },
    quick=3,
)  # fmt: skip
def test_the_tree_decides_and_not_the_diff(
    new_stage: NewStage, forge_kind: str, changes: Changes, path: str, seen: Seen
) -> None:
    """However a diff would tell it, the protected path is seen, and the published tree is the judged one."""
    stage = new_stage(forge_kind, PIPELINE)
    offer = stage.offer(changes)
    assert stage.publish(offer).outcome == "merge-request"
    (request,) = stage.merge_requests(offer)
    (note,) = stage.forge.notes(NoteTarget.MERGE_REQUEST, str(request.iid))
    assert request.draft
    assert f"- `{path}` is protected" in note.body
    assert stage.world.git.tree_of(request.head) == offer.score.tree
    seen("a draft that names the protected file; the published tree is the judged tree")


@pytest.mark.attack(
    row=15, variant="an attempt that lists other files than the tree", defence="decided from the applied tree"
)
def test_a_list_of_files_is_not_believed(stage: Stage, seen: Seen) -> None:
    """What attempt and report say about the files changes nothing about what is protected."""
    offer = stage.offer({b".gitlab-ci.yml": TEXT})
    assert offer.report.changed_files != (".gitlab-ci.yml",)
    stage.publish(offer)
    (request,) = stage.merge_requests(offer)
    assert request.draft
    seen("a draft, although the files that the artifacts name are harmless ones")


@pytest.mark.attack(row=16, defence="rejected")
@variants(
    "text",
    {
        "a diff that is hidden": b"*.py -diff\n",
        "a file that is called binary": b"*.py binary\n",
        "a macro": b"[attr]quiet -diff\n*.py quiet\n",
        "a filter": b"* filter=lfs\n",
        "a diff through a program": b"* diff=word\n",
        "a merge that is decided": b"* merge=ours\n",
        "what reviewers do not see": b"*.py linguist-generated=true\n*.py gitlab-generated\n",
        "files kept out of archives": b"secret.py export-ignore\n",
        "another encoding in the tree": b"*.py working-tree-encoding=UTF-16\n",
        "behind tabs, quotes and a BOM": b'\xef\xbb\xbf"*.py"\t\t-diff\n',
    },
    quick=3,
)
def test_attributes_hide_nothing(stage: Stage, text: bytes, seen: Seen) -> None:
    """Attributes that keep a file from a reviewer's eyes, or run something, are published nowhere."""
    is_held(stage, stage.offer({b"shop/.gitattributes": (FILE, text)}))
    seen(HELD)


@pytest.mark.attack(row=19, defence="the tree alone is taken")
@variants(
    "how",
    {
        "a chain of commits with another in between": "chain",
        "a merge that brings a foreign branch": "merge",
        "a forged author, and a date of 2006": "forged",
        "a commit that claims to be ours": "claims",
    },
    quick=2,
)
def test_only_the_tree_is_taken_over(stage: Stage, how: str, seen: Seen) -> None:
    """Whatever history an agent brings, one commit of ours stands on the base, with our name and the attempt's date."""
    repo, base = stage.hub, stage.world.git.resolve("main")
    tree = repo.tree_of(stage.commit({b"app.py": (FILE, b"x = 4\n")}, base))
    secret = stage.commit({b"canary.txt": (FILE, b"CANARY\n")}, base)
    parents = {"chain": (secret,), "merge": (base, secret), "forged": (base,), "claims": (base,)}[how]
    message = "feat: x (#11)\n\nGeneration-ID: 20260302-010000/11\n" if how == "claims" else "work"
    head = repo.commit_tree(
        tree,
        parents=parents,
        message=message,
        author=AGENT,
        committer=AGENT,
        when=stage.world.clock.now() - timedelta(days=7_000 if how == "forged" else 0),
    )
    offer = stage.offer(head=head)
    assert stage.publish(offer).outcome == "merge-request"
    (request,) = stage.merge_requests(offer)
    found = stage.world.git.text("log", "--format=%an|%cn|%P|%aI", f"{base}..{request.head}").splitlines()
    assert len(found) == 1
    author, committer, parent, date = found[0].split("|")
    assert (author, committer, parent) == ("Somebody", "Somebody", base)
    assert date[:10] == f"{offer.attempt.finished_at:%Y-%m-%d}"
    assert "canary.txt" not in stage.world.git.files(request.head)
    seen("one commit with our identity and date on the base; nothing of the agent's history is on the branch")
