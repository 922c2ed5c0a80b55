"""Which earlier job counts: successful ones of the branch itself, the newest, of the same kind of pipeline first."""

from typing import TYPE_CHECKING, Any

import pytest

from ci_factory.forge.gitlab.forge import GitLabForge
from tests.forge.scripted_server import Reply, ScriptedServer, Seen, scripted_server
from tests.gitlab_standin.control import Job

if TYPE_CHECKING:
    from tests.forge.conftest import GitLabWorld

NAME = "ci-factory-metrics"


@pytest.fixture
def forge(gitlab: "GitLabWorld") -> GitLabForge:
    return gitlab.as_user("factory-bot")


def leave(world: "GitLabWorld", source: str, *, files: bool = True, **given: Any) -> int:
    """A pipeline with the job; returns its number."""
    job = Job(NAME, files={"a.txt": b"x"} if files else {}, **given)
    return world.server.pipeline(world.id, "main", source=source, jobs=(Job("other", files={"a": b"y"}), job))


def found(forge: GitLabForge, source: str | None = None) -> list[int]:
    return [left.pipeline for left in forge.jobs_of_default_branch(NAME, source=source)]


def test_the_newest_comes_first(gitlab: "GitLabWorld", forge: GitLabForge) -> None:
    """Failed jobs and jobs without artifacts are passed over."""
    numbers = [leave(gitlab, "schedule") for _ in range(3)]
    leave(gitlab, "schedule", status="failed")
    leave(gitlab, "schedule", files=False)
    assert found(forge) == numbers[::-1]


def test_pipelines_of_the_same_kind_come_before_others(gitlab: "GitLabWorld", forge: GitLabForge) -> None:
    """Schedules are looked through alone; when none of them has the job, every pipeline of the branch is."""
    pushed = leave(gitlab, "push")
    assert found(forge, "schedule") == [pushed]
    scheduled = leave(gitlab, "schedule")
    leave(gitlab, "push")
    assert found(forge, "schedule") == [scheduled]


def test_a_tag_that_is_called_like_the_branch_does_not_count(
    gitlab: "GitLabWorld", forge: GitLabForge
) -> None:
    """GitLab lists pipelines of a tag `main` with those of the branch; anybody's commit may stand there."""
    assert forge.default_branch == "main"
    with scripted_server() as server:
        assert [left.job for left in _asked(server, gitlab, tag=False)] == [7]
        assert list(_asked(server, gitlab, tag=True)) == []


def _asked(server: ScriptedServer, world: "GitLabWorld", *, tag: bool) -> list[Any]:
    """What is found on a server with one pipeline of one job."""
    from ci_factory.config import Labels
    from ci_factory.forge.gitlab import remembered
    from ci_factory.forge.gitlab.api import Api
    from ci_factory.forge.gitlab.project import Project

    job = {
        "id": 7,
        "name": NAME,
        "status": "success",
        "ref": "main",
        "tag": tag,
        "artifacts_file": {"size": 1},
    }

    def answer(seen: Seen) -> Reply:
        jobs = seen.path.endswith("/jobs")
        return Reply(body=[job] if jobs else [{"id": 3, "ref": "main", "source": "schedule"}])

    server.answer = answer
    project = Project(Api.open(server.url, "token", clock=world.clock), "a/b", Labels(), world.clock)
    return list(remembered.jobs(project, "main", NAME))
