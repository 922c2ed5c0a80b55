"""What jobs of a pipeline left, asked for file by file through the API, by a job of control.

GitLab could hand archives over by itself. It would unpack whatever the archives hold over the clone, and who controls a
job where others' code runs can upload any archive: hooks, another ticket's verdict, a plan. So files are asked for by name.
"""

from collections.abc import Collection, Iterator
from datetime import timedelta

from ci_factory.errors import ArtifactError
from ci_factory.forge.gitlab import pipelines
from ci_factory.forge.gitlab.forge import GitLabForge
from ci_factory.forge.gitlab.pipelines import Job
from ci_factory.forge.gitlab.project import Project

_DEPTH = 2
"""GitLab nests child pipelines no deeper."""
_LONGEST = timedelta(days=7)


def jobs_below(project: Project, pipeline_id: int, trigger: str, depth: int = 0) -> dict[str, Job]:
    """Jobs of the pipeline and of those that its trigger jobs started, by name.

    Only what trigger jobs started whose names begin with `trigger`: others' jobs may be called like ours.
    """
    found = {job.name: job for job in pipelines.jobs(project, pipeline_id)}
    if depth < _DEPTH:
        for each in pipelines.downstream(project, pipeline_id):
            if each.trigger.startswith(trigger):
                found |= jobs_below(project, each.pipeline_id, trigger, depth + 1)
    return found


def taken(project: Project, job: Job | None, path: str, *, limit: int) -> bytes:
    """One file of at most `limit` bytes that a job left.

    Raises:
        ArtifactError: it did not leave it, or it is larger.
    """
    data = None
    if job is not None and job.has_artifacts:
        data = pipelines.artifact(project, job.id, path, limit=limit)
    if data is None:
        raise ArtifactError("is not among what the job left", where=path.rpartition("/")[2])
    return data


def ended(job: Job | None, kind: str) -> str:
    """How a job ended, in words that lead to it."""
    if job is None:
        return f"there is no {kind} job for it"
    why = f" ({job.failure_reason})" if job.failure_reason else ""
    return f"its job {job.name} ended as {job.status}{why}, see {job.url}"


def of_running(
    forge: GitLabForge,
    branch: str,
    own_id: int,
    job_name: str,
    path: str,
    *,
    limit: int,
    over: Collection[str] = pipelines.FINISHED,
) -> Iterator[bytes]:
    """A file of the job `job_name` in every pipeline of the branch but our own whose status is none of `over`.

    Costs one request, and two more for each such pipeline.
    """
    project, since = forge.project, forge.project.clock.now() - _LONGEST
    for each in pipelines.of_branch(project, branch, since=since):
        if each.id == own_id or each.status in over:
            continue
        for job in pipelines.jobs(project, each.id):
            if job.name != job_name or not job.has_artifacts:
                continue
            data = pipelines.artifact(project, job.id, path, limit=limit)
            if data is not None:
                yield data
