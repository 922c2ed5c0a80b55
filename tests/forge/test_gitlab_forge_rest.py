"""A GitLab without GraphQL, or one too old for our queries: REST tells the same."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from ci_factory.errors import ForgeError
from ci_factory.model.forge import MergeRequestState, NoteTarget
from tests.gitlab_standin.control import Fault

if TYPE_CHECKING:
    from tests.gitlab_standin.control import StandIn

World = Any  # tests/forge/conftest.py
GitLabWorld = Any


@pytest.fixture(params=["no-graphql", "old-graphql"])
def plain(request: pytest.FixtureRequest, gitlab: GitLabWorld) -> Iterator[GitLabWorld]:
    """The project on a server that answers 404 to GraphQL, or with an error as it does not know the query."""
    server: StandIn = gitlab.server
    if request.param == "no-graphql":
        server.edition(enterprise=True, graphql=False)
    else:
        body = '{"errors": [{"message": "InputObject \'IssueFilter\' doesn\'t accept argument \'or\'"}]}'
        server.fault(Fault("status", path="/api/graphql", status=200, body=body))
    yield gitlab
    server.clear_faults()
    server.edition(enterprise=True)


def test_the_queue_is_the_same_without_graphql(gitlab_world: World, gitlab: GitLabWorld) -> None:
    """Content, labels, order and dependencies, by several labels and by ids."""
    gitlab_world.ticket("3", labels=("b",), body="Do it.", priority="high", files=("a.py",))
    gitlab_world.ticket("1", labels=("a", "x"), depends_on=("3",))
    gitlab_world.ticket("2", labels=("a",))
    gitlab_world.ticket("4")
    gitlab.api("tess").post(f"/projects/{gitlab.id}/issues/2/links", _blocked_by(gitlab, 3))
    forge = gitlab.as_user("factory-bot")
    asked: tuple[dict[str, Any], ...] = (
        {"any_label": ("a", "b")},
        {"labels": ("a",), "any_label": ("x", "b")},
        {"labels": ("a",)},
        {"ids": ("4", "1", "404"), "opened_only": False},
        {},
    )
    by_graphql = [forge.issues(**each) for each in asked]
    gitlab.server.edition(enterprise=True, graphql=False)
    try:
        assert [forge.issues(**each) for each in asked] == by_graphql
        assert forge.project.rest_only
    finally:
        gitlab.server.edition(enterprise=True)
    assert [issue.ticket.id for issue in by_graphql[0]] == ["3", "1", "2"]
    assert by_graphql[0][2].ticket.depends_on == ("3",)


def _blocked_by(gitlab: GitLabWorld, iid: int) -> dict[str, Any]:
    return {"target_project_id": gitlab.id, "target_issue_iid": iid, "link_type": "is_blocked_by"}


def test_who_and_where_we_are_is_known(plain: GitLabWorld) -> None:
    """User, default branch and address of commits, and no more GraphQL after the first refusal."""
    forge = plain.as_user("factory-bot")
    assert (forge.user, forge.default_branch) == ("factory-bot", "main")
    assert forge.person is not None
    plain.server.forget_requests()
    assert forge.issues() == []
    assert not [each for each in plain.asked() if "graphql" in each.path]


def test_a_publication_and_its_conversation_work(plain: GitLabWorld, gitlab_world: World) -> None:
    """A merge request, notes and labels are made and read as ever."""
    made = gitlab_world.merge_request("1")
    forge = plain.as_user("factory-bot")
    forge.ensure_note(NoteTarget.ISSUE, "1", "status", "queued")
    plain.as_user("alice").add_note(NoteTarget.ISSUE, "1", "Why?")
    assert [note.author for note in forge.notes_of(["1", "404"])["1"]] == ["factory-bot", "alice"]
    assert "404" not in forge.notes_of(["1", "404"])
    assert set(forge.change_labels("1", add=["factory::review"])) >= {"factory::review"}
    assert [mr.iid for mr in forge.merge_requests(state=MergeRequestState.OPENED)] == [made.iid]


def test_a_project_that_is_not_there_is_still_told(plain: GitLabWorld) -> None:
    """By its name and with what to do, not by a word about GraphQL."""
    stranger = plain.as_user("factory-bot")
    gone = type(stranger).open(
        plain.api("factory-bot"), stranger.repository.transfer, "no/where", clock=plain.clock, git=plain.git
    )
    with pytest.raises(ForgeError, match="there is no project 'no/where'"):
        _ = gone.user
