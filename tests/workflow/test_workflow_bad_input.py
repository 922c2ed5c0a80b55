"""Bad input: one clear message with the fix, the right exit code, nothing half done."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ci_factory.system.git import Git

MakeLine = Callable[..., Any]
TICKET = {"id": "1"}


def untouched(line: Any) -> bool:
    """Whether nothing was written: no output, no branch, no issue."""
    return (
        not line.out.exists()
        and Git(line.repo).text("for-each-ref", "refs/heads/factory") == ""
        and line.states() == {}
    )


def refused(ran: Any, *words: str) -> None:
    """Exit 2 with one message that holds the words and a fix, and no traceback."""
    assert ran.code == 2, ran.err
    assert "Traceback" not in ran.err
    assert ran.err.count("error: ") == 1
    assert "fix: " in ran.err
    for word in words:
        assert word in ran.err


def test_wrong_front_matter(make_line: MakeLine, tmp_path: Path) -> None:
    """A ticket with a misspelt key names file and key."""
    line = make_line([TICKET])
    folder = tmp_path / "md"
    folder.mkdir()
    (folder / "a.md").write_text("---\nid: a\ntitel: x\n---\n")
    refused(
        line.cli(
            "run", "--repo", line.repo, "--tickets", folder, "--agent-command", "true", "--out", line.out
        ),
        "a.md",
        "titel",
    )
    assert untouched(line)


def test_unreadable_ticket(make_line: MakeLine) -> None:
    """Bytes that are no text are refused with the file's name."""
    line = make_line([TICKET])
    line.tickets.write_bytes(b"\xff\xfe\x00")
    refused(line.run(), "tickets.jsonl")
    assert untouched(line)


def test_missing_tickets(make_line: MakeLine) -> None:
    """A path that does not exist is named."""
    line = make_line([TICKET])
    line.tickets.unlink()
    refused(line.run(), "tickets.jsonl")
    assert untouched(line)


def test_empty_queue(make_line: MakeLine) -> None:
    """A queue without a ticket says how to fill it."""
    line = make_line([])
    refused(line.run(), "no ticket")
    refused(
        line.cli("run", "--repo", line.repo, "--agent-command", "true", "--out", line.out),
        "the queue is empty",
    )
    assert untouched(line)


def test_unknown_agent(make_line: MakeLine) -> None:
    """An agent nobody configured is named, and the known ones are listed."""
    line = make_line([TICKET])
    refused(
        line.cli(
            "run", "--repo", line.repo, "--tickets", line.tickets, "--agent", "claud", "--out", line.out
        ),
        "claud",
        "autofix",
    )
    assert untouched(line)


def test_no_agent(make_line: MakeLine) -> None:
    """Without any agent the message says how to choose one."""
    line = make_line([TICKET])
    refused(
        line.cli("run", "--repo", line.repo, "--tickets", line.tickets, "--out", line.out), "--agent-command"
    )
    assert untouched(line)


def test_dirty_repository(make_line: MakeLine) -> None:
    """Uncommitted changes are named and left alone."""
    line = make_line([TICKET])
    (line.repo / "shop" / "__init__.py").write_text("changed")
    refused(line.run(), "not committed", "shop/__init__.py", "commit or stash")
    assert (line.repo / "shop" / "__init__.py").read_text() == "changed"
    assert untouched(line)


@pytest.mark.parametrize(("folder", "word"), [("nowhere", "no such folder"), (".", "not a git repository")])
def test_missing_repository(make_line: MakeLine, tmp_path: Path, folder: str, word: str) -> None:
    """A folder that is no repository is named."""
    line = make_line([TICKET])
    (tmp_path / "empty").mkdir()
    repo = tmp_path / "empty" / folder
    refused(line.cli("run", "--repo", repo, "--tickets", line.tickets, "--agent-command", "true"), word)


def test_no_git_identity(make_line: MakeLine) -> None:
    """Without an identity the message names both ways to set one."""
    line = make_line([TICKET])
    env = {**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null", "HOME": str(line.out)}
    refused(line.cli(*line.argv(), env=env), "git identity", "git config user.name", ".ci-factory.yml")
    assert untouched(line)


def test_cyclic_dependencies(make_line: MakeLine) -> None:
    """A circle is named ticket by ticket."""
    line = make_line(
        [{"id": "1", "depends_on": ["3"]}, {"id": "2", "depends_on": ["1"]}, {"id": "3", "depends_on": ["2"]}]
    )
    refused(line.run(), "1 -> 3 -> 2 -> 1")
    assert untouched(line)


def test_config_typo(make_line: MakeLine) -> None:
    """A typo in the configuration names file, key and the word that was meant."""
    line = make_line([TICKET], config="batch: {paralel: 2}\n")
    refused(line.run(), ".ci-factory.yml", "batch.paralel", "`parallel`")


def test_switched_off(make_line: MakeLine) -> None:
    """`enabled: false` stops the factory before it writes anything."""
    line = make_line([TICKET], config="enabled: false\n")
    refused(line.run(), "switched off")
    assert untouched(line)


def test_detached_head(make_line: MakeLine, git: Callable[..., str]) -> None:
    """Without a branch there is nothing to target."""
    line = make_line([TICKET])
    git(line.repo, "checkout", "--quiet", "--detach")
    refused(line.run(), "no branch is checked out")
