"""Pipelines, their jobs and artifacts: what GitLab ran on a commit."""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from ci_factory.forge.gitlab.errors import NotFound
from ci_factory.forge.gitlab.project import Project
from ci_factory.forge.gitlab.versions import moment
from ci_factory.model.base import Json

FINISHED = frozenset({"success", "failed", "canceled", "skipped"})
"""GitLab's words for what has ended; a manual job may still be started, and so may never end."""


@dataclass(frozen=True)
class Pipeline:
    """One pipeline."""

    id: int
    sha: str
    ref: str
    status: str
    """GitLab's word: created, pending, running, success, failed, canceled, skipped, manual, …"""
    source: str
    created_at: datetime


@dataclass(frozen=True)
class Job:
    """One job of a pipeline."""

    id: int
    name: str
    stage: str
    status: str
    seconds: float | None
    """How long it ran; `None` while unknown."""
    allow_failure: bool
    has_artifacts: bool
    failure_reason: str = ""
    """GitLab's word, such as `script_failure` or `runner_system_failure`; empty when it did not fail."""
    url: str = ""
    started_at: datetime | None = None
    finished_at: datetime | None = None
    no_longer_kept: bool = False
    """Whether it left artifacts that have expired or were erased."""

    @property
    def finished(self) -> bool:
        """Whether nothing more comes of it unless somebody starts it again."""
        return self.status in FINISHED


@dataclass(frozen=True)
class Downstream:
    """A pipeline of the same project that a trigger job started."""

    trigger: str
    """Name of the job."""
    pipeline_id: int


def of_commit(project: Project, sha: str) -> list[Pipeline]:
    """Pipelines of a commit, oldest first."""
    found = project.api.pages(project.at("pipelines"), sha=sha, order_by="id", sort="asc")
    return sorted((_to_pipeline(raw) for raw in found), key=lambda pipeline: pipeline.id)


def jobs(project: Project, pipeline_id: int) -> list[Job]:
    """Jobs of a pipeline in order of creation, the last try of each."""
    found = project.api.pages(project.at("pipelines", pipeline_id, "jobs"))
    return sorted((_to_job(raw) for raw in found), key=lambda job: job.id)


def of_branch(project: Project, branch: str, *, since: datetime) -> list[Pipeline]:
    """Pipelines of a branch in which something happened since then, child pipelines left out, oldest first."""
    found = project.api.pages(project.at("pipelines"), ref=branch, updated_after=since.isoformat())
    return sorted((_to_pipeline(raw) for raw in found), key=lambda pipeline: pipeline.id)


def downstream(project: Project, pipeline_id: int) -> list[Downstream]:
    """What the trigger jobs of a pipeline started in this project, the last try of each."""
    found: dict[str, int] = {}
    for raw in project.api.pages(project.at("pipelines", pipeline_id, "bridges")):
        started = raw.get("downstream_pipeline") or {}
        if started.get("project_id", project.facts.id) == project.facts.id and "id" in started:
            found[raw["name"]] = max(int(started["id"]), found.get(raw["name"], 0))
    return [Downstream(name, number) for name, number in found.items()]


def artifact(project: Project, job_id: int, path: str, *, limit: int) -> bytes | None:
    """One file of a job's artifacts, at most `limit` bytes; `None` when the job has none of that name.

    Raises:
        ArtifactError: it is larger.
    """
    try:
        return project.api.get_bytes(f"{project.at('jobs', job_id, 'artifacts')}/{_below(path)}", limit=limit)
    except NotFound:
        return None


def log(project: Project, job_id: int) -> str:
    """What a job printed, escape sequences included."""
    return project.api.get_text(project.at("jobs", job_id, "trace"))


def _below(path: str) -> str:
    """The path within the archive, each part encoded: GitLab routes its slashes."""
    return "/".join(quote(part, safe="") for part in path.split("/"))


def _to_pipeline(raw: Json) -> Pipeline:
    return Pipeline(
        raw["id"], raw["sha"], raw["ref"], raw["status"], raw.get("source") or "", moment(raw["created_at"])
    )


def _to_job(raw: Json) -> Job:
    were_kept = bool(raw.get("erased_at") or raw.get("artifacts_expire_at"))
    kinds = {each.get("file_type", "") for each in raw.get("artifacts") or ()}
    return Job(
        id=raw["id"],
        name=raw["name"],
        stage=raw["stage"],
        status=raw["status"],
        seconds=raw.get("duration"),
        allow_failure=bool(raw.get("allow_failure")),
        has_artifacts="archive" in kinds,
        failure_reason=raw.get("failure_reason") or "",
        url=raw.get("web_url") or "",
        started_at=_moment(raw.get("started_at")),
        finished_at=_moment(raw.get("finished_at")),
        no_longer_kept=were_kept and "archive" not in kinds,
    )


def _moment(text: str | None) -> datetime | None:
    return moment(text) if text else None
