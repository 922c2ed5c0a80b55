"""The stand-in's pipelines, jobs, artifacts, schedules, variables, groups and snippets."""

import io
import zipfile

import pytest
from gitlab.exceptions import GitlabError, GitlabGetError

from tests.gitlab_standin.control import Bridge, Job
from tests.gitlab_standin.example import Example
from tests.gitlab_standin.fixtures import place, server, tokens

__all__ = ["place", "server", "tokens"]


def test_jobs_leave_logs_and_artifacts(place: Example) -> None:
    """A job's log is text, its artifacts a zip or one file of it; one without has none."""
    jobs = (Job("gate", files={"out/gate.json": "{}"}, trace="all good\n"), Job("lint", status="failed"))
    pipeline_id = place.server.pipeline(place.id, "main", status="failed", jobs=jobs)
    project = place.project()
    assert project.pipelines.get(pipeline_id).status == "failed"
    by_name = {job.name: project.jobs.get(job.id) for job in project.pipelines.get(pipeline_id).jobs.list()}
    assert by_name["gate"].trace() == b"all good\n"
    with zipfile.ZipFile(io.BytesIO(by_name["gate"].artifacts())) as archive:
        assert archive.namelist() == ["out/gate.json"]
    assert by_name["gate"].artifact("out/gate.json") == b"{}"
    with pytest.raises(GitlabGetError) as none:
        by_name["lint"].artifacts()
    assert none.value.response_code == 404
    assert [job.name for job in project.jobs.list(scope="failed")] == ["lint"]


def test_bridges_lead_to_children(place: Example) -> None:
    """A trigger is no job: it is listed apart, with the pipeline it started; retried jobs and children only on request."""
    child = place.server.pipeline(place.id, "main", source="parent_pipeline", jobs=(Job("agent"),))
    jobs = (Job("plan", status="failed", retried=True), Job("plan"))
    bridges = (Bridge("generate", downstream=child), Bridge("broken", status="failed"))
    parent = place.server.pipeline(place.id, "main", jobs=jobs, bridges=bridges)
    project = place.project()
    found = project.pipelines.get(parent)
    assert [job.status for job in found.jobs.list()] == ["success"]
    assert {job.status for job in found.jobs.list(include_retried=True)} == {"success", "failed"}
    below = {bridge.name: bridge.downstream_pipeline for bridge in found.bridges.list()}
    assert below["broken"] is None
    assert (below["generate"]["id"], below["generate"]["project_id"]) == (child, place.id)
    assert [bridge.name for bridge in found.bridges.list(scope="failed")] == ["broken"]
    assert [each.id for each in project.pipelines.list()] == [parent]
    assert [each.id for each in project.pipelines.list(source="parent_pipeline")] == [child]
    with pytest.raises(GitlabGetError):
        project.jobs.get(found.bridges.list()[0].id)


def test_pipelines_are_found_by_branch_and_commit(place: Example) -> None:
    """Newest first, by ref, sha, status and source; the latest of a branch alone."""
    head = place.push("change", {"a.txt": "1"})
    first = place.server.pipeline(place.id, "main", source="schedule")
    second = place.server.pipeline(place.id, "change")
    project = place.project()
    assert [each.id for each in project.pipelines.list()] == [second, first]
    assert [each.id for each in project.pipelines.list(sha=head)] == [second]
    assert [each.id for each in project.pipelines.list(source="schedule")] == [first]
    assert project.pipelines.latest(ref="main").id == first


def test_schedules_start_pipelines(place: Example) -> None:
    """A schedule has an owner and a last pipeline; playing it makes a pipeline of that source."""
    schedule_id = place.server.schedule(place.id, "nightly", owner="max", cron="17 18 * * *")
    schedule = place.project().pipelineschedules.get(schedule_id)
    assert (schedule.owner["username"], schedule.cron, schedule.last_pipeline) == ("max", "17 18 * * *", None)
    schedule.play()
    last = place.project().pipelineschedules.get(schedule_id).last_pipeline
    assert (last["ref"], last["status"]) == ("main", "pending")


def test_variables_are_for_maintainers(place: Example) -> None:
    """They are read, changed and deleted by maintainers, and by nobody below."""
    place.server.variable(place.id, "CI_FACTORY_TOKEN", "secret", protected=True)
    project = place.project("max")
    found = project.variables.get("CI_FACTORY_TOKEN")
    assert (found.value, found.protected) == ("secret", True)
    project.variables.update("CI_FACTORY_TOKEN", {"value": "other"})
    assert project.variables.list()[0].value == "other"
    with pytest.raises(GitlabError) as refused:
        place.project("dora").variables.list()
    assert refused.value.response_code == 403
    project.variables.delete("CI_FACTORY_TOKEN")
    assert project.variables.list() == []


def test_a_group_holds_projects_and_issues(place: Example) -> None:
    """By path or id; groups below on request; what the user can't see is not there."""
    other = place.server.project(f"group/below/app-{place.id}")
    place.server.member(other, "dora", "reporter")
    place.project().issues.create({"title": "here", "labels": f"only-{place.id}"})
    place.client("olga").projects.get(place.id).issues.create({"title": "too", "labels": f"only-{place.id}"})
    group = place.client("dora").groups.get("group")
    direct = {project.path_with_namespace for project in group.projects.list(get_all=True)}
    deep = {
        project.path_with_namespace for project in group.projects.list(include_subgroups=True, get_all=True)
    }
    assert place.path in direct
    assert deep - direct == {f"group/below/app-{place.id}"}
    assert {issue.title for issue in group.issues.list(labels=f"only-{place.id}")} == {"here", "too"}
    with pytest.raises(GitlabGetError):
        place.client("nemo").groups.get("group")


def test_snippets_are_kept(place: Example) -> None:
    """A file of text, found again and deleted by its author."""
    project = place.project()
    made = project.snippets.create(
        {"title": "log", "visibility": "private", "files": [{"file_path": "a.txt", "content": "text"}]}
    )
    assert project.snippets.get(made.id).content() == b"text"
    project.snippets.delete(made.id)
    assert project.snippets.list() == []
