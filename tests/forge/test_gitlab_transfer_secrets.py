"""While git pushes and fetches, the token is in a pipe and nowhere else."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import pytest

from ci_factory.forge.gitlab.api import Api
from ci_factory.system import process
from ci_factory.system.git import Git
from tests.gitlab_standin.control import Fault, StandIn


@dataclass
class Watch:
    """Reads command lines and environments of all processes, again and again, as `ps` does."""

    token: str
    found: set[str] = field(default_factory=set)
    programs: set[str] = field(default_factory=set)
    _stop: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._look)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._stop.is_set():
            for folder in Path("/proc").glob("[0-9]*"):
                self._read(folder)
            time.sleep(0.01)

    def _read(self, folder: Path) -> None:
        try:
            line = (folder / "cmdline").read_bytes()
            environment = (folder / "environ").read_bytes()
        except OSError:
            return
        words = line.split(b"\0")
        if any(b"git" in word for word in words[:1]):
            self.programs |= {word.decode() for word in words if word in {b"push", b"fetch", b"ls-remote"}}
            self.programs |= {Path(os.fsdecode(words[0])).name}
        if self.token.encode() in line + environment:
            self.found.add(f"{folder.name}: {line!r}")


@pytest.fixture(scope="module")
def gitlab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    """A GitLab."""
    with StandIn.start(tmp_path_factory.mktemp("gitlab")) as server:
        yield server


def holding(folder: Path, text: str) -> list[Path]:
    """Files below a folder with a text in them."""
    return [path for path in folder.rglob("*") if path.is_file() and text.encode() in path.read_bytes()]


def test_watch_would_see_a_token() -> None:
    """The watch of these tests finds what it looks for, in an argument and in an environment."""
    settings: tuple[tuple[list[str], dict[str, str]], ...] = (([" a canary "], {}), ([], {"T": "a canary"}))
    for words, variables in settings:
        with Watch("a canary") as watch:
            process.run(["sh", "-c", "sleep 0.5", *words], env={"PATH": os.defpath, **variables})
        assert watch.found


def test_token_is_in_no_argument_environment_or_file(
    gitlab: StandIn,
    new_repo: Callable[..., Path],
    commit: Callable[..., str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Not of git or any helper of it while a slow server is pushed to and fetched from, and in no file afterwards."""
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    clone = new_repo({"a.txt": "1\n"})
    token = gitlab.user("slow-bot", bot=True)
    project = gitlab.project("group/slow", source=clone)
    gitlab.member(project, "slow-bot", "developer")
    head = commit(clone, {"a.txt": "2\n"})
    other = commit(clone, {"a.txt": "3\n"})
    way = Api.open(gitlab.url, token).transfer(Git(clone), "group/slow")
    gitlab.fault(Fault("latency", path=r"git-(receive|upload)-pack", seconds=0.3))
    with Watch(token) as watch:
        way.push("factory/1-slow", head, expected=None)
        Git(gitlab.repository(project)).text("fetch", "--quiet", str(clone), f"{other}:refs/heads/factory/2")
        Git(clone).text("update-ref", "refs/heads/main", head)
        Git(clone).text("reflog", "expire", "--expire=now", "--all")
        Git(clone).text("gc", "--quiet", "--prune=now")
        assert way.fetch(["factory/2"]) == {"factory/2": other}
    assert {"push", "fetch", "ls-remote", "git-remote-http"} <= watch.programs
    assert watch.found == set()
    assert holding(clone, token) == []
    assert list(temporary.iterdir()) == []


def test_children_get_no_variable_of_ours(
    gitlab: StandIn,
    new_repo: Callable[..., Path],
    commit: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A token that our own environment holds does not reach git or its helpers."""
    clone = new_repo({"a.txt": "1\n"})
    token = gitlab.user("env-bot", bot=True)
    project = gitlab.project("group/env", source=clone)
    gitlab.member(project, "env-bot", "developer")
    head = commit(clone, {"a.txt": "2\n"})
    monkeypatch.setenv("CI_FACTORY_TOKEN", "glpat-0123456789-canary")
    gitlab.fault(Fault("latency", path="git-receive-pack", seconds=0.2))
    with Watch("glpat-0123456789-canary") as watch:
        Api.open(gitlab.url, token).transfer(Git(clone), "group/env").push("factory/1", head, expected=None)
    assert "git-remote-http" in watch.programs
    assert watch.found == set()
