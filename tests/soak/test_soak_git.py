"""What is played of git, against git."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from ci_factory.model.forge import NoteTarget
from ci_factory.system import process
from ci_factory.system.git import Git
from tests.soak.faults import Effects
from tests.soak.life import Life
from tests.soak.programs import Programs


def outcome(life: Life) -> dict[str, object]:
    """Everything that two equal lives have in common, to the last object name."""
    listing = subprocess.run(
        ["git", "for-each-ref"], cwd=life.repo, check=True, capture_output=True, text=True
    )
    issues = life.forge.issues(opened_only=False)
    notes = [note.body for each in issues for note in life.forge.notes(NoteTarget.ISSUE, each.ticket.id)]
    return {"refs": listing.stdout, "issues": issues, "notes": notes}


def test_a_life_is_the_same_with_git_itself(new_life: Callable[..., Life]) -> None:
    """The played git makes the same commits, branches and verdicts as git, from the first night to the merge."""
    found = []
    for quick in (True, False):
        life = new_life(3, "edit", "shared", "shared", quick=quick)
        life.night()
        with life.quietly():
            life.people.take(life.forge.merge_requests()[0])
            life.people.push_to_main()
        life.night()
        found.append(outcome(life))
    assert found[0] == found[1]
    assert "refs/heads/factory/" in str(found[0]["refs"])


def test_played_repositories_are_sound(new_life: Callable[..., Life]) -> None:
    """Git finds nothing to object to in what was written for it."""
    life = new_life(3, "edit", "mend")
    life.night()
    for folder in (life.repo, life.layout.hub):
        done = subprocess.run(
            ["git", "fsck", "--strict"], cwd=folder, capture_output=True, text=True, check=False
        )
        assert (done.returncode, "error" in done.stderr) == (0, False), done.stderr


def test_a_torn_bundle_is_told_as_git_tells_it(new_life: Callable[..., Life]) -> None:
    """What the played git can't read, git itself refuses."""
    life = new_life(3, "edit", "mend")
    life.night()
    bundle = next(path for path in life.layout.root.rglob("change.bundle"))
    bundle.write_bytes(bundle.read_bytes()[:-30])
    with process.played_by(Programs(Effects(), ())):
        assert not life.git.run("bundle", "unbundle", str(bundle)).ok


@pytest.mark.parametrize(
    "words",
    [
        "ls-tree -r -z -l --full-tree HEAD -- shop/shared.py",
        "diff-tree -r -z -M HEAD~1 HEAD",
        "diff-tree -r -p -U0 --text --no-renames --no-ext-diff --no-textconv --no-color {0} {1}",
        "diff --numstat --no-renames --no-ext-diff --no-textconv {0} {1}",
        "diff-tree -r -z --no-renames {0} {1}",
        "merge-base {0} {1}",
        "merge-base --is-ancestor {1} {0}",
        "rev-list --count {0}..{1}",
        "merge-tree --write-tree --name-only --no-messages -z {0} {1}",
        "log -1 --format=%ce%n%B {1}",
        "log --format=%an -n 50 {1} -- shop/shared.py",
        "cat-file blob {1}:shop/shared.py",
        "cat-file blob {1}:missing",
        "rev-parse --verify --quiet --end-of-options refs/heads/none",
        "rev-parse --verify {1}^{{tree}}",
        "symbolic-ref --quiet --short HEAD",
        "check-ref-format --branch factory/1-a",
        "for-each-ref --format=%(objectname)%00%(refname)%00%(worktreepath)%00 refs/heads/main refs/heads/other",
    ],
)
def test_reading_is_answered_word_for_word(pair: tuple[Path, str, str], words: str) -> None:
    """Status and output are those of git; line ranges of a patch are, whatever git adds behind them."""
    repo, old, new = pair
    argv = words.format(old, new).split(" ")
    real = Git(repo).run(*argv)
    with process.played_by(Programs(Effects(), ())):
        played = Git(repo).run(*argv)
    shown = [_plain(each.stdout) for each in (real, played)]
    assert shown[0] == shown[1]
    assert real.ok == played.ok


def _plain(text: str) -> list[str]:
    """A patch without the words that git puts behind a range, and without the length to which it cuts names."""
    lines = [line.split(" @@")[0] if line.startswith("@@") else line for line in text.splitlines()]
    return [line for line in lines if not line.startswith("index ")]


@pytest.fixture
def pair(new_repo: Callable[..., Path], commit: Callable[..., str]) -> tuple[Path, str, str]:
    """A repository with two commits on `main` that differ, and one on `other`."""
    repo = new_repo({"shop/shared.py": "a = 1\nb = 2\nc = 3\n", "README": "Hello\n"})
    old = commit(repo, {"shop/shared.py": "a = 1\nb = 5\nc = 3\n", "shop/more.py": "m = 1\n"})
    subprocess.run(["git", "branch", "other"], cwd=repo, check=True)
    new = commit(repo, {"shop/shared.py": "a = 1\nb = 5\nc = 3\nd = 4\n"})
    return repo, old, new
