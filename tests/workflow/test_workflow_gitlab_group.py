"""One factory for the projects of a group, on the GitLab stand-in."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ci_factory.model.ticket import Ticket
from tests.gitlab_standin.control import StandIn
from tests.workflow.gitlab_line import GitLabLine


def test_the_queue_of_a_group_names_projects_and_tickets(
    gitlab_server: StandIn,
    new_repo: Callable[..., Path],
    tmp_path: Path,
    factory_cli: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Ready tickets of projects and subgroups, in order of creation; what is not labelled does not wait."""
    repo, tokens = new_repo({"README.md": "x\n"}), dict[str, str]()
    for path, labels in (
        ("many/one", ("ready-for-agent",)),
        ("many/deep/two", ("ready-for-agent",)),
        ("many/off", ()),
    ):
        line = GitLabLine.make(gitlab_server, path, repo, tmp_path / "out", tokens)
        line.open_issues([Ticket(id="5", title=f"Work in {path}", labels=labels)])
        for name, value in line.environment().items():
            monkeypatch.setenv(name, value)
    ran = factory_cli("queue", "--group", "many", "--repo", repo, "--json")
    assert ran.code == 0, ran.err
    found = {row["project"]: [ticket["id"] for ticket in row["tickets"]] for row in json.loads(ran.out)}
    assert found == {"many/one": ["5"], "many/deep/two": ["5"]}
    assert "2 tickets in 2 projects" in factory_cli("queue", "--group", "many", "--repo", repo).out


def test_a_group_that_is_not_there_is_named(
    gitlab_server: StandIn,
    new_repo: Callable[..., Path],
    tmp_path: Path,
    factory_cli: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With what to do; and without a server or a token the command says which is missing."""
    repo = new_repo({"README.md": "x\n"})
    nowhere = factory_cli("queue", "--group", "gone", "--repo", repo)
    assert (nowhere.code, "CI_FACTORY_TOKEN" in nowhere.err) == (2, True)
    line = GitLabLine.make(gitlab_server, "many/three", repo, tmp_path / "out", {})
    for name, value in line.environment().items():
        monkeypatch.setenv(name, value)
    gone = factory_cli("queue", "--group", "gone", "--repo", repo)
    assert gone.code == 3
    assert "there is no group 'gone'" in gone.err
