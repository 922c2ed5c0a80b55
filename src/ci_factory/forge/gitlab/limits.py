"""Limits of the server's plan against what a batch makes. Reads only."""

from collections.abc import Iterator

from ci_factory.forge.gitlab.errors import NotFound, Refused
from ci_factory.forge.gitlab.project import Project
from ci_factory.model.health import Check, ok, unknown, warning

_JOBS = {
    "free": 500,
    "premium": 1500,
    "premium_trial": 1500,
    "ultimate": 2000,
    "ultimate_trial": 2000,
    "opensource": 2000,
}
"""Jobs in one pipeline on GitLab.com, by plan (docs.gitlab.com, "GitLab application limits")."""
_SMALLEST = min(_JOBS.values())
_USUAL_MB = 100
_FIX = "lower batch.max_tickets, or the input `max-jobs`: more pipelines with fewer jobs"


def examine(project: Project, tickets: int | None, max_jobs: int) -> Iterator[Check]:
    """Jobs in a pipeline, when agents are included (`tickets`), and the size of artifacts.

    Raises:
        ForgeError: the server does not answer.
    """
    if tickets is not None:
        yield _jobs(project, tickets, min(2 * tickets, max_jobs))
    yield _artifacts(project)


def _jobs(project: Project, tickets: int, jobs: int) -> Check:
    said = f"{tickets} tickets make up to {jobs} jobs in one pipeline"
    if jobs <= _SMALLEST:
        return ok("jobs", f"{said}; the smallest plan of GitLab.com allows {_SMALLEST}")
    plan = _plan(project)
    if plan not in _JOBS:
        return unknown("jobs", f"{said}; how many the server allows can't be read", _FIX)
    if jobs > _JOBS[plan]:
        return warning("jobs", f"{said}, and the plan {plan} allows {_JOBS[plan]}", _FIX)
    return ok("jobs", f"{said}; the plan {plan} allows {_JOBS[plan]}")


def _plan(project: Project) -> str:
    """The plan of the project's namespace, empty where it is not told: on self-managed servers, and to most users."""
    try:
        namespace = project.api.get(project.at()).get("namespace") or {}
        return str(project.api.get(f"/namespaces/{int(namespace['id'])}").get("plan") or "")
    except (Refused, NotFound, KeyError):
        return ""


def _artifacts(project: Project) -> Check:
    try:
        most = project.api.get("/application/settings").get("max_artifacts_size")
    except (Refused, NotFound):
        most = None
    if most is None:
        return unknown(
            "artifact size",
            f"the limit can be read by administrators only; {_USUAL_MB} MB unless somebody changed it",
        )
    if int(most) < _USUAL_MB:
        return warning(
            "artifact size", f"artifacts of a job may have {int(most)} MB", f"allow {_USUAL_MB} MB"
        )
    return ok("artifact size", f"artifacts of a job may have {int(most)} MB")
