"""What earlier pipelines of the default branch left: the artifacts of jobs by name, the newest first.

Who may push to the default branch decided what ran there; a cache, in contrast, can be written by any branch. Only
pipelines and jobs of the branch itself count: a tag of the same name may stand on anybody's commit.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from ci_factory.forge.gitlab.project import Project
from ci_factory.model.base import Json

_PIPELINES = 50
"""How many are looked at, of each kind, before there is nothing."""


@dataclass(frozen=True)
class Left:
    """A successful job that left artifacts."""

    job: int
    pipeline: int


def jobs(project: Project, branch: str, name: str, *, source: str | None = None) -> Iterator[Left]:
    """Successful jobs of this name on a branch, the newest pipeline first.

    Pipelines of `source` (such as `schedule`) are looked through alone first, as pushes may have been many since; only
    when none of them has the job, all are.
    """
    found = False
    for wanted in (source, None) if source else (None,):
        for pipeline in _pipelines(project, branch, wanted):
            for job in _of(project, pipeline, branch, name):
                found = True
                yield job
        if found:
            return


def _pipelines(project: Project, branch: str, source: str | None) -> Iterator[Json]:
    pages = project.api.pages(project.at("pipelines"), ref=branch, source=source, order_by="id", sort="desc")
    ours = (raw for raw in pages if raw.get("ref") == branch and source in {None, raw.get("source", source)})
    return islice(ours, _PIPELINES)


def _of(project: Project, pipeline: Json, branch: str, name: str) -> list[Left]:
    pages = project.api.pages(project.at("pipelines", pipeline["id"], "jobs"), scope=["success"])
    found = [
        Left(int(raw["id"]), int(pipeline["id"]))
        for raw in pages
        if raw.get("name") == name and raw.get("status") == "success"
        if raw.get("ref") == branch and not raw.get("tag") and raw.get("artifacts_file")
    ]
    return sorted(found, key=lambda left: left.job, reverse=True)[:1]
