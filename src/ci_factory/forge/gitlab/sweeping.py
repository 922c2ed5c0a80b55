"""What a sweep needs of a project: merge requests of anybody, their finished pipelines, and what the gates left there."""

from dataclasses import dataclass
from datetime import datetime

from ci_factory.errors import ForgeError
from ci_factory.forge.gitlab import merge_requests
from ci_factory.forge.gitlab.errors import NotFound, Refused
from ci_factory.forge.gitlab.project import Project
from ci_factory.forge.gitlab.repository import Repository
from ci_factory.forge.gitlab.shapes import understood
from ci_factory.forge.gitlab.versions import moment
from ci_factory.model.base import Json
from ci_factory.model.forge import MergeRequestState

_SOURCE = "merge_request_event"
_FINISHED = frozenset({"success", "failed", "canceled", "skipped"})


@dataclass(frozen=True)
class Proposed:
    """An open merge request, whoever opened it and from wherever."""

    iid: int
    head: str
    source_branch: str
    ours: bool
    """Opened by our user from a branch of the factory: its publisher writes its note."""
    open: bool
    draft: bool
    fork: bool
    """From another project than it goes to."""
    updated_at: datetime
    """The last activity that GitLab knows of; a push alone may be none."""
    base: str | None = None
    """Where the change begins, as GitLab shows it; `None` in a list, and while GitLab has no diff."""


@dataclass(frozen=True)
class Run:
    """A finished pipeline of a merge request; one of a fork may have run in the fork."""

    id: int
    project_id: int
    sha: str
    created_at: datetime


@understood
@dataclass(frozen=True)
class Sweeping:
    """Reads one project for a sweep."""

    project: Project
    repository: Repository

    def open_merge_requests_of_anybody(self) -> list[Proposed]:
        """Every open merge request, from forks too, in order of creation."""
        pages = self.project.api.pages(
            self.project.at("merge_requests"), state="opened", scope="all", order_by="created_at", sort="asc"
        )
        return sorted((self._to_proposed(raw) for raw in pages), key=lambda each: each.iid)

    def merge_request(self, iid: int) -> Proposed:
        """One merge request as it is now, with its base.

        Raises:
            NotFound: there is none.
        """
        return self._to_proposed(merge_requests.one(self.project, iid))

    def newest_run(self, proposed: Proposed) -> Run | None:
        """The newest finished pipeline of the merge request on its head, or on its head merged into the target."""
        merged = f"refs/merge-requests/{proposed.iid}/merge"
        pages = self.project.api.pages(self.project.of(merge_requests.MR, proposed.iid, "pipelines"))
        found = [
            _to_run(raw, self.project.facts.id)
            for raw in pages
            if raw.get("source", _SOURCE) == _SOURCE and raw.get("status") in _FINISHED
            if raw.get("sha") == proposed.head or raw.get("ref") == merged
        ]
        return max(found, key=lambda run: run.id, default=None)

    def archive(self, run: Run, job: str, *, limit: int) -> bytes | None:
        """The artifacts of a pipeline's job, its last try; `None` when there are none, or no such job.

        Raises:
            ArtifactError: they are larger than `limit` bytes.
            ForgeError: the pipeline ran in a project that the token may not read.
        """
        where = f"/projects/{run.project_id}"
        try:
            tries = [raw for raw in self._jobs(where, run) if raw.get("name") == job]
            newest = max(tries, key=lambda raw: int(raw["id"]), default=None)
            if newest is None or not newest.get("artifacts_file"):
                return None
            return self.project.api.get_bytes(f"{where}/jobs/{int(newest['id'])}/artifacts", limit=limit)
        except NotFound:
            if run.project_id == self.project.facts.id:
                return None
            raise _unreadable(run) from None
        except Refused:
            raise _unreadable(run) from None

    def tree(self, proposed: Proposed) -> str:
        """The tree of the head, looked at here: what a verdict has to be about."""
        self.bring(proposed.head)
        return self.repository.git.tree_of(proposed.head)

    def bring(self, commit: str) -> None:
        """Bring a commit here that no branch of the project may have, such as the head of a fork's.

        Raises:
            ForgeError: the server does not give it.
        """
        if not self.repository.has(commit):
            self.repository.transfer.fetch_commit(commit)

    def _jobs(self, where: str, run: Run) -> list[dict[str, Json]]:
        return list(self.project.api.pages(f"{where}/pipelines/{run.id}/jobs"))

    def _to_proposed(self, raw: Json) -> Proposed:
        mine = raw["author"]["id"] == self.project.facts.user_id
        return Proposed(
            iid=raw["iid"],
            head=merge_requests.head_of(raw),
            source_branch=raw["source_branch"],
            ours=mine and merge_requests.ticket_of(raw["source_branch"]) is not None,
            open=merge_requests.state_of(raw) is MergeRequestState.OPENED,
            draft=merge_requests.is_draft(raw),
            fork=raw.get("source_project_id") != raw.get("target_project_id"),
            updated_at=moment(raw["updated_at"]),
            base=(raw.get("diff_refs") or {}).get("base_sha"),
        )


def _to_run(raw: Json, here: int) -> Run:
    return Run(int(raw["id"]), int(raw.get("project_id") or here), raw["sha"], moment(raw["created_at"]))


def _unreadable(run: Run) -> ForgeError:
    return ForgeError(
        "its pipeline ran in a project that the token may not read",
        where=f"project {run.project_id}",
        fix="start a pipeline in this project (the merge request's Pipelines tab)",
    )
