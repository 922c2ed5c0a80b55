"""Git as the factory uses it, on real repositories."""

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ci_factory.errors import ArtifactError, Conflict, RepositoryError
from ci_factory.system.git import Git, Person

NOW = datetime(2026, 3, 2, tzinfo=UTC)
BOT = Person("bot", "bot@example.com")
Repo = Callable[..., Path]
Commit = Callable[..., str]


def commit_tree(git: Git, tree: str, parent: str) -> str:
    """A commit by the bot."""
    return git.commit_tree(tree, parents=(parent,), message="m", author=BOT, committer=BOT, when=NOW)


def test_open_names_what_is_wrong(tmp_path: Path) -> None:
    """A missing folder, a plain folder and an empty repository each get their own message."""
    with pytest.raises(RepositoryError, match="no such folder"):
        Git.open(tmp_path / "nowhere")
    with pytest.raises(RepositoryError, match="not a git repository"):
        Git.open(tmp_path)
    Git(tmp_path).text("init", "--quiet")
    with pytest.raises(RepositoryError, match="no commit yet"):
        Git.open(tmp_path)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to give a repository to another user")
def test_a_repository_of_another_user_is_named_as_such(new_repo: Repo) -> None:
    """Runners clone as another user than some images have: the message says which setting lets git read it."""
    repo = new_repo({"a": "1"})
    for path in (repo, repo / ".git"):
        os.chown(path, 65534, 65534)
    with pytest.raises(RepositoryError, match="belongs to another user") as caught:
        Git.open(repo)
    assert caught.value.fix == f"git config --global --add safe.directory {repo}"


def test_same_commit_twice_is_one_object(new_repo: Repo) -> None:
    """The same tree, parent, message and date give the same commit: a repeated publication makes nothing new."""
    git = Git(new_repo({"a": "1"}))
    head = git.resolve("HEAD")
    tree = git.tree_of(head)
    assert commit_tree(git, tree, head) == commit_tree(git, tree, head)


def test_refs_move_by_compare_and_swap(new_repo: Repo, commit: Commit) -> None:
    """A ref that moved in the meantime is not moved again."""
    folder = new_repo({"a": "1"})
    git, first = Git(folder), Git(folder).resolve("HEAD")
    second = commit(folder, {"a": "2"})
    git.update_ref("refs/heads/x", first, None)
    with pytest.raises(Conflict, match="moved"):
        git.update_ref("refs/heads/x", second, second)
    with pytest.raises(Conflict, match="moved"):
        git.update_ref("refs/heads/x", second, None)
    git.update_ref("refs/heads/x", second, first)
    assert git.ref("refs/heads/x") == second


def test_hub_shows_objects_but_no_settings(new_repo: Repo, tmp_path: Path) -> None:
    """Worktrees of a hub see the history, and neither remotes nor branches nor credentials of the origin."""
    folder = new_repo({"a": "1"})
    origin = Git(folder)
    origin.text("remote", "add", "origin", "https://user:canary@example.com/x.git")
    hub = Git(tmp_path / "hub.git")
    hub.init_hub(origin)
    worktree = hub.add_worktree(tmp_path / "tree", origin.resolve("HEAD"))
    assert (tmp_path / "tree" / "a").read_text() == "1"
    assert worktree.text("remote") == ""
    assert worktree.text("for-each-ref") == ""
    assert "canary" not in worktree.text("config", "--list")


def test_hub_follows_a_project_that_moved(new_repo: Repo, commit: Callable[..., str], tmp_path: Path) -> None:
    """After its project moved, or a cached folder came back elsewhere, a hub sees what is committed there now."""
    hub = Git(tmp_path / "hub.git")
    hub.init_hub(Git(new_repo({"a": "1"})))
    moved = (tmp_path / "repo").rename(tmp_path / "moved")
    later = commit(moved, {"a": "2"})
    assert not hub.run("cat-file", "-e", later).ok
    hub.borrow_from(Git(moved))
    assert hub.run("cat-file", "-e", later).ok


def test_bundle_carries_a_change(new_repo: Repo, tmp_path: Path) -> None:
    """A bundle made in a hub brings its commit into the origin, byte for byte."""
    folder = new_repo({"a": "1"})
    origin, base = Git(folder), Git(folder).resolve("HEAD")
    hub = Git(tmp_path / "hub.git")
    hub.init_hub(origin)
    worktree = hub.add_worktree(tmp_path / "tree", base)
    (worktree.folder / "b").write_text("new")
    head = commit_tree(hub, worktree.write_tree(), base)
    hub.bundle(tmp_path / "change.bundle", base, head)
    assert origin.unbundle(tmp_path / "change.bundle") == head
    assert origin.files(head) == ["a", "b"]


def test_bundle_that_is_none_is_refused(new_repo: Repo, tmp_path: Path) -> None:
    """Any other bytes are an artifact error, not a crash."""
    path = tmp_path / "change.bundle"
    path.write_bytes(b"# v2 git bundle\ngarbage")
    with pytest.raises(ArtifactError, match="not a bundle"):
        Git(new_repo({"a": "1"})).unbundle(path)


def test_merge_names_conflicting_files(new_repo: Repo, commit: Commit, git: Callable[..., str]) -> None:
    """Merging in memory says which files conflict, and gives a tree when none does."""
    folder = new_repo({"a": "1\n", "b": "1\n"})
    base = git(folder, "rev-parse", "HEAD")
    ours = commit(folder, {"a": "ours\n"})
    git(folder, "checkout", "--quiet", "--detach", base)
    theirs = commit(folder, {"a": "theirs\n"})
    git(folder, "checkout", "--quiet", "--detach", base)
    apart = commit(folder, {"b": "apart\n"})
    repo = Git(folder)
    assert repo.merge(ours, theirs).conflicts == ("a",)
    assert repo.merge(ours, apart).clean


def test_changes_come_from_trees_with_any_name(new_repo: Repo, commit: Commit) -> None:
    """Names with spaces, newlines and umlauts are told as they are; renames name both ends."""
    folder = new_repo({"old.txt": "same content\n" * 20})
    base = Git(folder).resolve("HEAD")
    (folder / "old.txt").rename(folder / "new name.txt")
    head = commit(folder, {"a\nb": "1", "größe": "2"})
    rows = {(change.status, change.old_path, change.path) for change in Git(folder).changes(base, head)}
    assert rows == {("R", "old.txt", "new name.txt"), ("A", "a\nb", "a\nb"), ("A", "größe", "größe")}


def test_hooks_of_the_repository_do_not_run(new_repo: Repo, tmp_path: Path) -> None:
    """A hook planted in a repository is not executed by our git."""
    folder = new_repo({"a": "1"})
    hook = folder / ".git" / "hooks" / "post-checkout"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/pwned\n")
    hook.chmod(0o755)
    Git(folder).add_worktree(tmp_path / "tree", "HEAD")
    assert not (tmp_path / "pwned").exists()


def test_what_a_change_brings_does_not_grow_when_the_target_moves(
    new_repo: Repo, commit: Commit, git: Callable[..., str]
) -> None:
    """Files that others merged in the meantime are not the change's."""
    folder = new_repo({"a": "1\n"})
    git(folder, "checkout", "--quiet", "-b", "change")
    head = commit(folder, {"b": "1\n"})
    git(folder, "checkout", "--quiet", "main")
    commit(folder, {"c": "1\n"})
    assert [change.path for change in Git(folder).brought("main", head)] == ["b"]


def test_contents_are_read_one_after_the_other_by_one_process(new_repo: Repo) -> None:
    """Bytes as they are, empty ones and those with line ends too; a name that is no object is told, and reading goes on."""
    git = Git(new_repo({"a": "one\ntwo", "b": "", "c": "\n\n"}))
    names = {path: git.text("rev-parse", f"HEAD:{path}") for path in "abc"}
    with git.blobs() as read:
        assert [read(names[path]) for path in "abca"] == [b"one\ntwo", b"", b"\n\n", b"one\ntwo"]
        with pytest.raises(RepositoryError, match="no such object"):
            read("1" * 40)
        assert read(names["a"]) == b"one\ntwo"
