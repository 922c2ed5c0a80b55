"""Pushing to and fetching from a GitLab server with git itself."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ci_factory.errors import Conflict, ForgeError
from ci_factory.forge.gitlab.api import Api
from ci_factory.forge.gitlab.errors import NotFound, Refused
from ci_factory.forge.gitlab.transfer import Transfer
from ci_factory.model.forge_settings import Rates
from ci_factory.system.clock import ManualClock
from ci_factory.system.git import Git
from tests.forge.scripted_server import Reply, scripted_server
from tests.gitlab_standin.control import Fault, StandIn

START = datetime(2026, 3, 2, 18, tzinfo=UTC)
BRANCH = "factory/1-change"
REF = f"refs/heads/{BRANCH}"


@pytest.fixture(scope="module")
def gitlab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    """A GitLab with a bot and a project of nobody's yet."""
    with StandIn.start(tmp_path_factory.mktemp("gitlab")) as server:
        yield server


@dataclass
class Place:
    """A project on the server, a clone of it, and the bot's way between them."""

    gitlab: StandIn
    name: str
    id: int
    clone: Path
    token: str
    waits: list[str] = field(default_factory=list)

    @property
    def server(self) -> Git:
        """The project's repository on the server."""
        return Git(self.gitlab.repository(self.id))

    @property
    def local(self) -> Git:
        """The clone."""
        return Git(self.clone)

    def transfer(self, token: str = "", *, name: str = "", **rates: Any) -> Transfer:
        """The way between them; waiting takes no time."""
        api = Api.open(
            self.gitlab.url,
            token or self.token,
            clock=ManualClock(START),
            rates=Rates(**{"tries": 4, **rates}),
            on_wait=lambda _, why: self.waits.append(why),
        )
        return api.transfer(self.local, name or self.name)

    def posts(self, service: str) -> int:
        """Requests of this kind that reached the server."""
        return sum(each.method == "POST" and service in each.path for each in self.gitlab.requests())


@pytest.fixture
def place(gitlab: StandIn, new_repo: Callable[..., Path], request: pytest.FixtureRequest) -> Iterator[Place]:
    """A fresh project whose developer the bot is."""
    name = f"bot-{abs(hash(request.node.name))}"
    token, clone = gitlab.user(name, bot=True), new_repo({"a.txt": "1\n"})
    project = gitlab.project(f"group/{name}", source=clone)
    gitlab.member(project, name, "developer")
    gitlab.forget_requests()
    yield Place(gitlab, f"group/{name}", project, clone, token)
    gitlab.clear_faults()


Commit = Callable[[Path, dict[str, str]], str]


def test_push_creates_moves_and_repeats(place: Place, commit: Commit) -> None:
    """A branch is made, moved to another history, and left where it is when it is there already."""
    way, base = place.transfer(), place.local.resolve("HEAD")
    first = commit(place.clone, {"a.txt": "2\n"})
    way.push(BRANCH, first, expected=None)
    assert place.server.ref(REF) == first
    way.push(BRANCH, first, expected=None)
    way.push(BRANCH, base, expected=first)
    assert place.server.ref(REF) == base
    way.push(BRANCH, first, expected=base)
    assert way.heads([BRANCH, "factory/none", "main"]) == {BRANCH: first, "main": base}


def test_push_to_a_branch_that_moved_is_a_conflict(place: Place, commit: Commit) -> None:
    """Compare-and-swap: elsewhere, new though expected, absent though expected; nothing is overwritten."""
    way, base = place.transfer(), place.local.resolve("HEAD")
    ours = commit(place.clone, {"a.txt": "2\n"})
    with pytest.raises(Conflict, match="moved in the meantime"):
        way.push(BRANCH, ours, expected=base)
    way.push(BRANCH, base, expected=None)
    for expected in (None, ours[::-1]):
        with pytest.raises(Conflict, match="moved in the meantime"):
            way.push(BRANCH, ours, expected=expected)
    assert place.server.ref(REF) == base


def test_two_that_push_at_the_same_time_do_not_both_win(place: Place, commit: Commit) -> None:
    """Of threads that create the same branch one succeeds, and the others are told."""
    heads = [commit(place.clone, {"a.txt": f"{number}\n"}) for number in range(4)]
    way, ends = place.transfer(), []

    def push(head: str) -> None:
        try:
            way.push(BRANCH, head, expected=None)
            ends.append(head)
        except Conflict:
            ends.append("conflict")

    threads = [threading.Thread(target=push, args=(head,)) for head in heads]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ends.count("conflict") == 3
    assert place.server.ref(REF) in ends


def test_push_that_is_rejected_repeats_gitlabs_words(place: Place, commit: Commit) -> None:
    """A protected branch says so, once, and stays as it was."""
    place.gitlab.protect(place.id, "factory/*", push="maintainer")
    with pytest.raises(ForgeError) as caught:
        place.transfer().push(BRANCH, commit(place.clone, {"a.txt": "2\n"}), expected=None)
    assert type(caught.value) is ForgeError
    assert "pre-receive hook declined" in caught.value.what
    assert "You are not allowed to create protected branches on this project." in caught.value.what
    assert caught.value.fix
    assert place.server.ref(REF) is None
    assert place.posts("git-receive-pack") == 1


def test_token_that_is_not_accepted_is_named(place: Place, commit: Commit) -> None:
    """Revoked, without scope, without role, archived, unknown project: each with its cause, none tried again."""
    head, gitlab = commit(place.clone, {"a.txt": "2\n"}), place.gitlab
    reader = f"reader-{place.id}"
    reader_token = gitlab.user(reader)
    gitlab.member(place.id, reader, "reporter")
    narrow = gitlab.token(place.name.removeprefix("group/"), scopes=("read_repository",))

    def refused(way: Transfer) -> ForgeError:
        with pytest.raises(ForgeError) as caught:
            way.push(BRANCH, head, expected=None)
        assert caught.value.fix
        return caught.value

    unknown = refused(place.transfer("glpat-nobody"))
    assert isinstance(unknown, Refused)
    assert unknown.status == 401
    for token, words in ((reader_token, "not allowed to push code"), (narrow, "not allowed to upload code")):
        error = refused(place.transfer(token))
        assert isinstance(error, Refused)
        assert error.status == 403
        assert words in error.what
    assert isinstance(refused(place.transfer(name="group/nothing")), NotFound)
    gitlab.archive(place.id)
    assert "archived" in refused(place.transfer()).what
    assert place.waits == []


@pytest.mark.parametrize(
    "name",
    [
        "main",
        "--mirror",
        "factory/--x/..",
        "factory/",
        "factory/a b",
        "factory/a:refs/heads/main",
        "factory/*",
        "factory/a..b",
        "factory/x.lock",
        "factory/\u202e",
        "factory/@{1}",
        "factory/a\nb",
        "HEAD",
        "",
        "factory/a^",
    ],
)
def test_only_branches_of_the_factory_are_pushed(place: Place, name: str) -> None:
    """A protected name, an option, a pattern or a second refspec never reaches git or the server."""
    with pytest.raises(ForgeError, match="branch"):
        place.transfer().push(name, place.local.resolve("HEAD"), expected=None)
    assert place.gitlab.requests() == []


@pytest.mark.parametrize("commit_id", ["", "HEAD", "main", "0" * 40, "+abc", "-" * 40])
def test_only_commits_that_are_here_are_pushed(place: Place, commit_id: str) -> None:
    """Nothing but a full commit id of the repository, so nothing is deleted either."""
    with pytest.raises(ForgeError, match="there is no commit"):
        place.transfer().push(BRANCH, commit_id, expected=None)
    assert place.gitlab.requests() == []


@pytest.mark.parametrize(
    "path", ["name", "../a/b", "a/../b", "-a/b", "a/b?x", "a//b", "https://x/y", "a/b\n"]
)
def test_only_paths_of_projects_are_addresses(place: Place, path: str) -> None:
    """A project's path can't lead elsewhere."""
    with pytest.raises(ForgeError, match="not the path of a project"):
        place.transfer(name=path)


@pytest.mark.parametrize(
    "fault",
    [
        Fault("drop-after", "POST", "git-receive-pack", times=1),
        Fault("drop-before", "POST", "git-receive-pack", times=2),
        Fault("status", "*", "git-receive-pack", status=502, times=3),
        Fault("status", "GET", "git-receive-pack", status=429, headers={"Retry-After": "5"}, times=2),
        Fault("drop-before", "GET", "git-receive-pack", times=1),
    ],
    ids=lambda fault: f"{fault.what} {fault.method} {fault.status}",
)
def test_push_survives_faults(place: Place, commit: Commit, fault: Fault) -> None:
    """Lost connections before and after the effect, 5xx and 429 are outlived; the branch moved once."""
    head = commit(place.clone, {"a.txt": "2\n"})
    place.gitlab.fault(fault)
    place.transfer().push(BRANCH, head, expected=None)
    assert place.server.ref(REF) == head
    assert sum(each.fault != "" for each in place.gitlab.requests()) == fault.times
    assert sum(each.effect for each in place.gitlab.requests()) == 1


def test_push_whose_answers_are_all_lost_is_looked_for(place: Place, commit: Commit) -> None:
    """Before a push is said to have failed, the server is asked where the branch is."""
    head = commit(place.clone, {"a.txt": "2\n"})
    place.gitlab.fault(Fault("drop-after", "POST", "git-receive-pack"))
    place.transfer(tries=1).push(BRANCH, head, expected=None)
    assert place.server.ref(REF) == head
    place.gitlab.clear_faults()
    place.gitlab.fault(Fault("drop-before", "POST", "git-receive-pack"))
    with pytest.raises(ForgeError, match="GitLab failed 2 times"):
        place.transfer(tries=2).push("factory/2", head, expected=None)


def test_push_that_hangs_is_ended(place: Place, commit: Commit) -> None:
    """A server that never answers holds a push no longer than git may take."""
    place.gitlab.fault(Fault("latency", "POST", "git-receive-pack", seconds=20))
    with pytest.raises(ForgeError, match=r"git took longer than 0\.7 s"):
        place.transfer(tries=1, git_seconds=0.7).push(
            BRANCH, commit(place.clone, {"a.txt": "2\n"}), expected=None
        )


def state(clone: Path, git: Callable[..., str]) -> tuple[object, ...]:
    """What a person would miss if it changed."""
    refs = [ref for ref in git(clone, "for-each-ref").splitlines() if "refs/ci-factory/" not in ref]
    names = sorted(path.name for path in (clone / ".git").iterdir())
    config = (clone / ".git/config").read_text(encoding="utf-8")
    return refs, config, git(clone, "status", "--porcelain"), git(clone, "rev-parse", "HEAD"), names


def test_fetch_brings_commits_and_touches_nothing_of_the_user(
    place: Place, git: Callable[..., str], commit: Commit, tmp_path: Path
) -> None:
    """Commits that only the server has can be read afterwards; refs, configuration and files stay as they were."""
    git(tmp_path, "clone", "--quiet", str(place.server.folder), "other")
    git(tmp_path / "other", "tag", "v1")
    heads = {f"factory/{number}": commit(tmp_path / "other", {"b.txt": f"{number}\n"}) for number in range(3)}
    for name, head in heads.items():
        git(tmp_path / "other", "push", "--quiet", "--tags", "origin", f"{head}:refs/heads/{name}")
    before, loose = state(place.clone, git), git(place.clone, "count-objects")
    found = place.transfer().fetch([*heads, "factory/none", "main"])
    assert found == {**heads, "main": place.local.resolve("HEAD")}
    assert place.local.show(heads["factory/2"], "b.txt") == "2\n"
    assert state(place.clone, git) == before
    assert git(place.clone, "count-objects") == loose  # killed half-way, a pack is there whole or not at all
    assert place.local.ref("refs/ci-factory/remote/factory/2") == heads["factory/2"]


def test_fetch_of_what_is_here_is_one_look(place: Place) -> None:
    """Commits that are here are not fetched again."""
    way = place.transfer()
    assert way.fetch(["main"]) == {"main": place.local.resolve("HEAD")}
    assert place.posts("git-upload-pack") == 1
    assert way.fetch([]) == {}
    assert place.posts("git-upload-pack") == 1


def test_fetch_of_hundreds_of_branches(place: Place) -> None:
    """More branches than a command line should name."""
    head = place.server.resolve("main")
    names = [f"factory/{number}" for number in range(150)]
    lines = "".join(f"create refs/heads/{name} {head}\n" for name in names)
    place.server.text("update-ref", "--stdin", stdin=lines.encode())
    assert place.transfer().fetch(names) == dict.fromkeys(names, head)


def test_branch_that_became_a_folder_is_fetched(place: Place, commit: Commit) -> None:
    """A name that stood for a branch and now is a part of another's does not stand in the way; what is gone is forgotten."""
    way, head = place.transfer(), commit(place.clone, {"a.txt": "2\n"})
    way.push("factory/a", head, expected=None)
    way.fetch(["factory/a"])
    place.server.text("update-ref", "-d", "refs/heads/factory/a")
    way.push("factory/a/b", head, expected=None)
    assert way.fetch(["factory/a/b"]) == {"factory/a/b": head}
    assert way.fetch(["factory/a"]) == {}
    assert place.local.ref("refs/ci-factory/remote/factory/a/b") == head


def test_settings_of_the_user_have_no_say(
    place: Place, commit: Commit, git: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rewritten addresses, extra headers, helpers, hooks, includes, .netrc and git's own variables: all left out."""
    marker, head = tmp_path / "ran", commit(place.clone, {"a.txt": "2\n"})
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    for name in ("pre-push", "reference-transaction", "post-update"):
        (hooks / name).write_text(f"#!/bin/sh\ntouch {marker}\nexit 1\n", encoding="ascii")
        (hooks / name).chmod(0o755)
    (tmp_path / "included").write_text(
        '[url "http://127.0.0.1:9/"]\n\tinsteadOf = http://\n', encoding="ascii"
    )
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login me password wrong\n", encoding="ascii")
    for key, value in {
        "core.hooksPath": str(hooks),
        "include.path": str(tmp_path / "included"),
        "credential.helper": f"!touch {marker}; echo",
        f"credential.{place.gitlab.url}.helper": f"!touch {marker}; echo",
        "http.extraHeader": "Authorization: Basic d3Jvbmc6d3Jvbmc=",
        f"http.{place.gitlab.url}.extraHeader": "PRIVATE-TOKEN: wrong",
        "http.proxy": "http://127.0.0.1:9",
        "push.gpgSign": "true",
        "push.followTags": "true",
        "fetch.prune": "true",
        "core.sshCommand": f"touch {marker}",
    }.items():
        git(place.clone, "config", key, value)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "included"))
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "http.proxy")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "http://127.0.0.1:9")
    monkeypatch.setenv("GIT_TRACE_CURL", str(tmp_path / "trace"))
    monkeypatch.setenv("GIT_ASKPASS", f"touch {marker}")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    way = place.transfer()
    way.push(BRANCH, head, expected=None)
    place.server.text("update-ref", "refs/heads/factory/2", place.server.resolve("main"))
    way.fetch([BRANCH, "factory/2"])
    assert place.server.ref(REF) == head
    assert not marker.exists()
    assert not (tmp_path / "trace").exists()
    assert place.waits == []


def test_another_host_gets_neither_request_nor_token(place: Place, commit: Commit) -> None:
    """A server that redirects git is an error: git would ask for the token there."""
    with scripted_server() as other, scripted_server() as moved:
        moved.answer = lambda seen: Reply(
            status=302, headers={"Location": f"{other.url}{seen.raw_path}?service=git-receive-pack"}
        )
        api = Api.open(moved.url, place.token, clock=ManualClock(START), rates=Rates(tries=1))
        with pytest.raises(ForgeError):
            api.transfer(place.local, "group/name").push(
                BRANCH, commit(place.clone, {"a": "2"}), expected=None
            )
        assert other.seen == []
        assert len(moved.seen) == 1


def history(folder: Path, length: int, fork: int, git: Callable[..., str]) -> tuple[str, str]:
    """Make main with so many commits, and a branch of the factory that leaves it at one of them; where, and its head."""
    stream = []
    for number in range(1, length + 1):
        data = f"{number}\n"
        stream.append(
            f"commit refs/heads/main\nmark :{number}\ncommitter A <a@b.c> {1000 + number} +0000\ndata 1\nx\n"
            + (f"from :{number - 1}\n" if number > 1 else "")
            + f"M 100644 inline n.txt\ndata {len(data)}\n{data}\n"
        )
    stream.append(
        f"commit refs/heads/factory/old\nmark :{length + 1}\ncommitter A <a@b.c> 9000 +0000\ndata 1\nx\n"
        f"from :{fork}\nM 100644 inline o.txt\ndata 2\no\n\n"
    )
    folder.mkdir()
    git(folder, "init", "--quiet", "--bare", "--initial-branch=main")
    Git(folder).text("fast-import", "--quiet", "--force", stdin="".join(stream).encode())
    return git(folder, "rev-parse", "factory/old~1"), git(folder, "rev-parse", "factory/old")


@pytest.mark.parametrize(("length", "fork"), [(40, 10), (300, 20)])
def test_history_of_a_shallow_clone_is_deepened_to_the_merge_base(
    place: Place, git: Callable[..., str], tmp_path: Path, length: int, fork: int
) -> None:
    """In a clone of depth 1, as CI makes them, a fetched branch has its true merge base; the rest stays as it was."""
    base, old = history(tmp_path / "long", length, fork, git)
    project = place.gitlab.project(f"{place.name}-long-{length}", source=tmp_path / "long")
    place.gitlab.member(project, place.name.removeprefix("group/"), "developer")
    git(tmp_path, "clone", "--quiet", "--depth=1", f"file://{place.gitlab.repository(project)}", "shallow")
    git(tmp_path / "shallow", "checkout", "--quiet", "--detach")
    before = state(tmp_path / "shallow", git)
    there = Place(place.gitlab, f"{place.name}-long-{length}", project, tmp_path / "shallow", place.token)
    assert there.transfer().fetch(["factory/old", "main"])["factory/old"] == old
    assert there.local.merge_base("HEAD", old) == base
    assert [change.path for change in there.local.brought("HEAD", old)] == ["o.txt"]
    assert state(tmp_path / "shallow", git)[:4] == before[:4]
    git(tmp_path / "shallow", "fsck", "--connectivity-only")


def test_shallow_clone_pushes(place: Place, git: Callable[..., str], commit: Commit, tmp_path: Path) -> None:
    """A change made in a clone of depth 1 arrives, and the clone stays as shallow as it was."""
    commit(place.clone, {"a.txt": "2\n"})
    commit(place.clone, {"a.txt": "3\n"})
    git(place.clone, "push", "--quiet", str(place.server.folder), "main")
    git(tmp_path, "clone", "--quiet", "--depth=1", f"file://{place.server.folder}", "shallow")
    shallow = Place(place.gitlab, place.name, place.id, tmp_path / "shallow", place.token)
    head = commit(shallow.clone, {"a.txt": "4\n"})
    shallow.transfer().push(BRANCH, head, expected=None)
    assert place.server.count("refs/heads/main", REF) == 1
    assert git(shallow.clone, "rev-list", "--count", "HEAD") == "2"


def test_branch_with_no_common_history_is_fetched(
    place: Place, git: Callable[..., str], commit: Commit, tmp_path: Path
) -> None:
    """Where there is no merge base none is looked for without end."""
    commit(place.clone, {"a.txt": "2\n"})
    git(place.clone, "push", "--quiet", str(place.server.folder), "main")
    git(tmp_path, "clone", "--quiet", "--depth=1", f"file://{place.server.folder}", "shallow")
    orphan = git(place.clone, "commit-tree", "-m", "x", "HEAD^{tree}")
    git(place.clone, "push", "--quiet", str(place.server.folder), f"{orphan}:refs/heads/factory/orphan")
    shallow = Place(place.gitlab, place.name, place.id, tmp_path / "shallow", place.token)
    assert shallow.transfer().fetch(["factory/orphan"]) == {"factory/orphan": orphan}
    assert shallow.local.merge_base("HEAD", orphan) is None


def test_depth_that_another_process_changes_is_left_to_it(
    place: Place, git: Callable[..., str], tmp_path: Path
) -> None:
    """While git holds the lock of the shallow file, it is not overwritten; the error says to come back."""
    history(tmp_path / "long", 40, 10, git)
    project = place.gitlab.project(f"{place.name}-lock", source=tmp_path / "long")
    place.gitlab.member(project, place.name.removeprefix("group/"), "developer")
    git(tmp_path, "clone", "--quiet", "--depth=1", f"file://{place.gitlab.repository(project)}", "shallow")
    there = Place(place.gitlab, f"{place.name}-lock", project, tmp_path / "shallow", place.token)
    (tmp_path / "shallow/.git/shallow.lock").touch()
    with pytest.raises(Conflict, match="depth of this clone"):
        there.transfer().fetch(["factory/old"])
    (tmp_path / "shallow/.git/shallow.lock").unlink()
    assert "factory/old" in there.transfer().fetch(["factory/old"])
