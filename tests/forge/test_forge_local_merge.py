"""The embedded forge really merges: branch, files and history, and never over somebody's work."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ci_factory.config import Labels
from ci_factory.errors import Conflict, ForgeError
from ci_factory.forge.local import LocalForge
from ci_factory.model.forge import ForgeEventKind, MergeRequestState, NoteTarget
from ci_factory.system.clock import ManualClock
from ci_factory.system.git import Git

World = Any  # tests/forge/conftest.py
Run = Callable[..., str]


@pytest.fixture(name="world")
def local_only(local_world: World) -> World:
    return local_world


def test_merge_updates_the_checkout(world: World, repo: Path, git: Run) -> None:
    """On a laptop the target branch is checked out: its files follow, and the tree is clean."""
    made = world.merge_request("1", {"new.txt": "hello\n"})
    world.forge.merge(made.iid, head=made.head)
    assert (repo / "new.txt").read_text() == "hello\n"
    assert git(repo, "status", "--porcelain") == ""
    assert git(repo, "symbolic-ref", "--short", "HEAD") == "main"


def test_merge_makes_a_merge_commit_by_the_person(world: World, repo: Path, git: Run) -> None:
    """Who merged is in git: name and own e-mail for the person of the repository, a local address for others."""
    one, two = world.merge_request("1", title="Say\nhello"), world.merge_request("2")
    merged = world.as_user("Tess Tester").merge(one.iid, head=one.head)
    assert git(repo, "log", "-1", "--format=%H%n%P%n%an <%ae>%n%B", "main").splitlines() == [
        merged.merge_commit,
        f"{git(repo, 'rev-parse', 'main^1')} {one.head}",
        "Tess Tester <tess@example.com>",
        "Merge branch 'factory/1-change' into 'main'",
        "",
        "Say hello",
        "",
        "See merge request !1",
    ]
    world.as_user("Bob B").merge(two.iid, head=two.head)
    assert git(repo, "log", "-1", "--format=%cn <%ce>", "main") == "Bob B <Bob-B@localhost>"


def test_merge_refuses_a_dirty_checkout(world: World, repo: Path, git: Run) -> None:
    """Changes that are not committed stop the merge before anything moves."""
    made = world.merge_request("1")
    before = git(repo, "rev-parse", "main")
    (repo / "README.md").write_text("mine\n")
    with pytest.raises(Conflict, match=r"README\.md"):
        world.forge.merge(made.iid, head=made.head)
    assert git(repo, "rev-parse", "main") == before
    assert (repo / "README.md").read_text() == "mine\n"
    assert world.forge.merge_request(made.iid).state is MergeRequestState.OPENED


@pytest.mark.parametrize("ignored", [False, True])
def test_merge_does_not_overwrite_untracked_files(world: World, repo: Path, ignored: bool) -> None:
    """A file that git does not track is not lost to a merge that brings one of that name, ignored or not."""
    if ignored:
        (repo / ".git" / "info" / "exclude").write_text("*.env\n")
    made = world.merge_request("1", {"secret.env": "theirs\n"})
    (repo / "secret.env").write_text("mine\n")
    with pytest.raises(Conflict, match=r"secret\.env"):
        world.forge.merge(made.iid, head=made.head)
    assert (repo / "secret.env").read_text() == "mine\n"
    assert world.forge.merge_request(made.iid).state is MergeRequestState.OPENED


def test_untracked_files_elsewhere_are_no_obstacle(world: World, repo: Path) -> None:
    """Untracked files that the merge does not touch stay where they are."""
    made = world.merge_request("1")
    (repo / "notes.txt").write_text("mine\n")
    assert world.forge.merge(made.iid, head=made.head).state is MergeRequestState.MERGED
    assert (repo / "notes.txt").read_text() == "mine\n"


def test_a_target_that_is_not_checked_out_moves_alone(world: World, repo: Path, git: Run) -> None:
    """With another branch checked out, only the ref moves and the dirty files do not matter."""
    made = world.merge_request("1", {"new.txt": "hello\n"})
    git(repo, "switch", "--quiet", "--create", "topic")
    (repo / "README.md").write_text("mine\n")
    merged = world.forge.merge(made.iid, head=made.head)
    assert git(repo, "rev-parse", "main") == merged.merge_commit
    assert not (repo / "new.txt").exists()
    assert (repo / "README.md").read_text() == "mine\n"


def test_a_target_in_another_worktree_is_updated_there(
    world: World, repo: Path, git: Run, tmp_path: Path
) -> None:
    """The files of whichever worktree has the target are updated."""
    made = world.merge_request("1", {"new.txt": "hello\n"})
    git(repo, "switch", "--quiet", "--create", "topic")
    git(repo, "worktree", "add", "--quiet", str(tmp_path / "other"), "main")
    world.forge.merge(made.iid, head=made.head)
    assert (tmp_path / "other" / "new.txt").read_text() == "hello\n"
    assert git(tmp_path / "other", "status", "--porcelain") == ""


def test_a_bare_repository_is_a_forge_too(
    repo: Path, git: Run, tmp_path: Path, clock: ManualClock, world: World
) -> None:
    """Nothing needs a checkout."""
    made = world.merge_request("1", {"new.txt": "hello\n"})
    git(tmp_path, "clone", "--quiet", "--bare", str(repo), "bare.git")
    forge = LocalForge.open(Git(tmp_path / "bare.git"), user="ci-factory", clock=clock)
    forge.import_ticket(world.forge.issue("1").ticket)
    again = forge.ensure_merge_request(world.spec("1"))
    forge.merge(again.iid, head=made.head)
    assert git(tmp_path / "bare.git", "show", "main:new.txt") == "hello"
    forge.disconnect()


def test_a_target_that_moved_is_merged_from_where_it_is(world: World, repo: Path, commit: Run) -> None:
    """Work on the target since the change began is kept; the merge goes on top."""
    made = world.merge_request("1", {"new.txt": "hello\n"})
    theirs = commit(repo, {"other.txt": "1\n"}, "meanwhile")
    merged = world.forge.merge(made.iid, head=made.head)
    assert world.git.text("rev-parse", f"{merged.merge_commit}^1") == theirs
    assert sorted(path.name for path in repo.glob("*.txt")) == ["new.txt", "other.txt"]


@pytest.mark.parametrize("checked_out", [True, False])
@pytest.mark.parametrize(("moves", "arrives"), [(1, True), (2, False)])
def test_a_target_that_moves_during_the_merge(
    world: World,
    repo: Path,
    git: Run,
    monkeypatch: pytest.MonkeyPatch,
    checked_out: bool,
    moves: int,
    arrives: bool,
) -> None:
    """Somebody else's commit in the very moment is not lost: the merge is made once more on top, then given up."""
    made = world.merge_request("1")
    if not checked_out:
        git(repo, "switch", "--quiet", "--detach")
    real, left = Git.commit_tree, [world.commit({f"{number}.md": "x"}) for number in range(moves)]

    def slow(self: Git, *args: Any, **kwargs: Any) -> str:
        commit = real(self, *args, **kwargs)
        if left:
            git(repo, *(["reset", "--hard"] if checked_out else ["branch", "--force", "main"]), left.pop())
        return commit

    monkeypatch.setattr(Git, "commit_tree", slow)
    if arrives:
        merged = world.forge.merge(made.iid, head=made.head)
        assert git(repo, "rev-parse", "main") == merged.merge_commit
        assert git(repo, "ls-tree", "--name-only", "main").split() == ["0.md", "1.txt", "README.md", "app.py"]
    else:
        with pytest.raises(Conflict, match="keeps moving"):
            world.forge.merge(made.iid, head=made.head)
        assert world.forge.merge_request(made.iid).state is MergeRequestState.OPENED
    assert git(repo, "status", "--porcelain") == ""


def test_a_stacked_change_waits_for_the_lower_one(world: World) -> None:
    """Merging into a branch that is itself under review would change what its reviewers saw."""
    lower = world.merge_request("1")
    world.ticket("2")
    head = world.commit({"2.txt": "two\n"}, parent=lower.head)
    world.forge.push("factory/2-change", head, expected=None)
    upper = world.forge.ensure_merge_request(world.spec("2", target_branch=lower.source_branch))
    with pytest.raises(Conflict, match="stacked on !1"):
        world.forge.merge(upper.iid, head=head)
    assert world.forge.branch(lower.source_branch) == lower.head


def test_the_label_prefix_of_the_project_is_used(clock: ManualClock, world: World) -> None:
    """State labels are called as the configuration says; hold and others are not states."""
    made = world.merge_request("1")
    forge = LocalForge.open(world.git, user="ann", clock=clock, labels=Labels(prefix="bot/"))
    forge.change_labels("1", add=["bot/review", "bot/hold"])
    forge.merge(made.iid, head=made.head)
    assert set(forge.issue("1").ticket.labels) == {
        "ready-for-agent",
        "factory::review",
        "bot/hold",
        "bot/merged",
    }
    forge.disconnect()


# What git does behind the forge's back


def test_a_merge_by_hand_is_recognised(world: World, repo: Path, git: Run) -> None:
    """`git merge` on the command line ends the story as the button would."""
    made = world.merge_request("1")
    git(repo, "merge", "--quiet", "--no-ff", "--message", "by hand", made.source_branch)
    now = world.forge.merge_request(made.iid)
    assert now.state is MergeRequestState.MERGED
    assert now.merge_commit == git(repo, "rev-parse", "main")
    assert world.forge.issue("1").state == "closed"
    merged = world.forge.events(NoteTarget.MERGE_REQUEST, "1")[-1]
    assert (merged.kind, merged.user) == (ForgeEventKind.MERGED, "Tess Tester")


def test_a_fast_forward_by_hand_is_recognised(world: World, repo: Path, git: Run) -> None:
    """Without a merge commit it is merged all the same."""
    made = world.merge_request("1")
    git(repo, "merge", "--quiet", "--ff-only", made.source_branch)
    now = world.forge.merge_request(made.iid)
    assert (now.state, now.merge_commit) == (MergeRequestState.MERGED, None)


def test_commits_by_hand_are_a_push(world: World, repo: Path, git: Run, commit: Run) -> None:
    """A reviewer who repairs the branch themselves makes a new version, in their name."""
    made = world.merge_request("1")
    git(repo, "switch", "--quiet", made.source_branch)
    head = commit(repo, {"1.txt": "better\n"}, "repair")
    now = world.forge.merge_request(made.iid)
    assert (now.head, now.versions) == (head, 2)
    pushed = world.forge.events(NoteTarget.MERGE_REQUEST, "1")[-1]
    assert (pushed.kind, pushed.detail, pushed.user) == (ForgeEventKind.PUSHED, head, "Tess Tester")


def test_looking_twice_writes_once(world: World, repo: Path, git: Run) -> None:
    """What was seen is remembered; looking again makes no event."""
    made = world.merge_request("1")
    git(repo, "merge", "--quiet", "--no-ff", "--message", "by hand", made.source_branch)
    first = world.forge.events()
    assert world.forge.events() == first
    assert [event.kind for event in first].count(ForgeEventKind.MERGED) == 1


def test_an_emptied_branch_is_not_a_merge(world: World, repo: Path, git: Run, commit: Run) -> None:
    """A branch that was reset to an old commit of the target brought nothing, so it is not merged."""
    made = world.merge_request("1")
    git(repo, "update-ref", f"refs/heads/{made.source_branch}", git(repo, "rev-parse", "main"))
    assert world.forge.merge_request(made.iid).state is MergeRequestState.OPENED
    commit(repo, {"other.txt": "1\n"}, "the target goes on")
    now = world.forge.merge_request(made.iid)
    assert now.state is MergeRequestState.OPENED
    with pytest.raises(Conflict, match="nothing that main lacks"):
        world.forge.merge(made.iid, head=now.head)


# Branches


@pytest.mark.parametrize(
    "name",
    ["-f", "--all", "a..b", "a b", "@{-1}", "HEAD", "main", "master", "a.lock", "", "x\n", "x\0", "/x"],
)
def test_bad_branch_names_are_refused(world: World, name: str) -> None:
    """Options, revisions, protected names and what git does not take never become a branch."""
    before = world.git.text("for-each-ref")
    with pytest.raises(ForgeError):
        world.forge.push(name, world.commit({"a.txt": "1"}), expected=None)
    assert world.git.text("for-each-ref") == before


def test_targets_are_protected_but_stacks_are_not(world: World, repo: Path, git: Run) -> None:
    """Any branch that merge requests go to takes no push, unless it is under review itself."""
    git(repo, "branch", "release")
    first = world.merge_request("1", target_branch="release")
    with pytest.raises(ForgeError, match="protected"):
        world.forge.push("release", world.commit({"a.txt": "1"}), expected=world.forge.branch("release"))
    world.ticket("2")
    head = world.commit({"2.txt": "two\n"}, parent=first.head)
    world.forge.push("factory/2-change", head, expected=None)
    world.forge.ensure_merge_request(world.spec("2", target_branch=first.source_branch))
    again = world.commit({"1.txt": "fixed\n"}, parent=first.head)
    world.forge.push(first.source_branch, again, expected=first.head)
    assert world.forge.merge_request(first.iid).head == again


def test_the_branch_checked_out_at_the_start_is_protected(repo: Path, git: Run, clock: ManualClock) -> None:
    """The default branch is the checked-out one, whatever it is called, or the origin's."""
    git(repo, "switch", "--quiet", "--create", "develop")
    forge = LocalForge.open(Git(repo), user="ci-factory", clock=clock)
    git(repo, "switch", "--quiet", "main")
    with pytest.raises(ForgeError, match="develop is protected"):
        forge.push("develop", git(repo, "rev-parse", "main"), expected=None)
    forge.disconnect()


def test_a_branch_somebody_works_on_is_not_moved(world: World, repo: Path, git: Run) -> None:
    """Pushing under a checkout would make its files look changed."""
    made = world.merge_request("1")
    git(repo, "switch", "--quiet", made.source_branch)
    head = world.commit({"1.txt": "other\n"}, parent=made.head)
    with pytest.raises(Conflict, match="checked out"):
        world.forge.push(made.source_branch, head, expected=made.head)
    assert git(repo, "status", "--porcelain") == ""


def test_pushing_what_is_there_is_nothing(world: World) -> None:
    """A push whose answer was lost can be repeated."""
    made = world.merge_request("1")
    world.forge.push(made.source_branch, made.head, expected=None)
    assert world.forge.merge_request(made.iid).versions == 1


@pytest.mark.parametrize("commit_id", ["a" * 40, "HEAD", "abc", ""])
def test_only_a_commit_can_be_pushed(world: World, commit_id: str) -> None:
    """What is not the full id of a commit that is here is refused, and no ref is made."""
    with pytest.raises(ForgeError, match="commit") as caught:
        world.forge.push("factory/1-a", commit_id, expected=None)
    assert not isinstance(caught.value, Conflict)
    assert world.forge.branch("factory/1-a") is None


def test_hooks_of_the_repository_do_not_run(world: World, repo: Path) -> None:
    """Merging and pushing start nothing that lies in the repository."""
    for name in ("post-merge", "pre-merge-commit", "reference-transaction", "post-checkout"):
        hook = repo / ".git" / "hooks" / name
        hook.parent.mkdir(exist_ok=True)
        hook.write_text("#!/bin/sh\ntouch hooked\n")
        hook.chmod(0o755)
    made = world.merge_request("1")
    world.forge.merge(made.iid, head=made.head)
    assert not list(repo.rglob("hooked"))
