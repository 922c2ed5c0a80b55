"""Merge requests as GitLab describes them, read as ours."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ci_factory.errors import Conflict, ForgeError
from ci_factory.forge.gitlab import reviews, versions
from ci_factory.forge.gitlab.notes import normal
from ci_factory.forge.gitlab.project import Project
from ci_factory.model.base import Json
from ci_factory.model.forge import MergeRequest, MergeRequestState, NoteTarget

MR = NoteTarget.MERGE_REQUEST
BRANCH_PREFIX = "factory/"
_TICKET = re.compile(r"factory/(?P<ticket>[1-9][0-9]{0,18})-.")
_DRAFT = re.compile(r"\s*(?:\[draft\]|\(draft\)|draft:|draft\s-\s|\[wip\]|wip:)\s*", re.IGNORECASE)
_STATES = {"merged": MergeRequestState.MERGED, "closed": MergeRequestState.CLOSED}


@dataclass(frozen=True)
class Wanted:
    """Which merge requests; `None` does not restrict."""

    state: MergeRequestState | None = None
    ticket_id: str | None = None
    source_branch: str | None = None


def select(project: Project, wanted: Wanted, *, details: bool) -> list[MergeRequest]:
    """Those of our user from branches of the factory in this very project, in order of creation.

    A fork may have a branch of the same name, and anybody may open a merge request from one of our branches.
    """
    mine = project.facts.user_id
    found = _listed(project, wanted.state, author_id=mine, source_branch=wanted.source_branch)
    ours = [
        raw
        for raw in found
        if (ticket := ticket_of(raw["source_branch"])) and wanted.ticket_id in {None, ticket}
        if raw["author"]["id"] == mine
    ]
    return [read(project, raw, details=details) for raw in ours]


def of_branch(project: Project, source: str, target: str | None = None) -> Json | None:
    """The open merge request of a source branch: ours, else the one to `target`, beside which GitLab takes no other."""
    found = list(_listed(project, MergeRequestState.OPENED, source_branch=source))
    ours = [raw for raw in found if raw["author"]["id"] == project.facts.user_id]
    rivals = [raw for raw in found if raw["target_branch"] == target]
    return next(iter(ours or rivals), None)


def stacked_on(project: Project, branch: str) -> list[Json]:
    """Open merge requests of this project that go to a branch."""
    return list(_listed(project, MergeRequestState.OPENED, target_branch=branch))


def one(project: Project, iid: int) -> Json:
    """A merge request as GitLab describes it.

    Raises:
        NotFound: there is none.
    """
    found: Json = project.api.get(project.of(MR, iid))
    return found


def opened(project: Project, iid: int) -> Json:
    """One that is open.

    Raises:
        Conflict: it is merged or closed.
    """
    raw = one(project, iid)
    if state_of(raw) is not MergeRequestState.OPENED:
        raise Conflict(f"!{iid} is {raw['state']}", where=project.path, fix="choose one that is open")
    return raw


def read(project: Project, raw: Json, *, details: bool = True) -> MergeRequest:
    """Ours, from GitLab's.

    Raises:
        ForgeError: its branch is not one of the factory's.
    """
    ticket_id = ticket_of(raw["source_branch"])
    if ticket_id is None:
        raise ForgeError(
            f"!{raw['iid']} is not one of the factory's: its branch is {raw['source_branch']!r}",
            where=project.path,
            fix=f"branches of the factory are called {BRANCH_PREFIX}<ticket>-<words>",
        )
    found = _without_details(raw, ticket_id)
    if not details:
        return found
    seen = versions.read(project, found.iid)
    told = {
        "versions": max(1, len(seen)),
        "approvals": reviews.approvals(project, raw, seen),
        "changes_requested_by": reviews.changes_requested_by(project, raw),
    }
    return found.model_copy(update=told)


def ticket_of(branch: str) -> str | None:
    """The ticket that a branch of the factory names."""
    match = _TICKET.match(branch)
    return match["ticket"] if match else None


def state_of(raw: Json) -> MergeRequestState:
    """The state; `locked` (GitLab is just merging it) still is open."""
    return _STATES.get(raw["state"], MergeRequestState.OPENED)


def head_of(raw: Json) -> str:
    """The head commit."""
    return raw.get("sha") or versions.NO_COMMIT


def bare(title: str) -> str:
    """A title without what marks a draft, however often."""
    while match := _DRAFT.match(title):
        title = title[match.end() :]
    return title.strip()


def titled(title: str, *, draft: bool) -> str:
    """The title as GitLab has it: a prefix makes the draft."""
    return f"Draft: {bare(title)}" if draft else bare(title)


def is_draft(raw: Json) -> bool:
    """Whether GitLab takes it for a draft; servers before 14 called it work in progress."""
    return bool(raw.get("draft", raw.get("work_in_progress", False)))


def _listed(project: Project, state: MergeRequestState | None, **query: Json) -> Iterator[Json]:
    pages = project.api.pages(
        project.at("merge_requests"),
        state=state.value if state else "all",
        scope="all",
        order_by="created_at",
        sort="asc",
        **query,
    )
    own = (raw for raw in pages if raw.get("source_project_id") == raw.get("target_project_id"))
    return iter(sorted(own, key=lambda raw: raw["iid"]))


def _without_details(raw: Json, ticket_id: str) -> MergeRequest:
    reviewers = [each["username"] for each in raw.get("reviewers") or ()]
    return MergeRequest(
        ticket_id=ticket_id,
        source_branch=raw["source_branch"],
        target_branch=raw["target_branch"],
        title=bare(raw["title"]) or raw["title"],
        description=normal(raw.get("description")),
        labels=tuple(raw["labels"]),
        draft=is_draft(raw),
        reviewer=reviewers[0] if reviewers else None,
        iid=raw["iid"],
        state=state_of(raw),
        author=raw["author"]["username"],
        head=head_of(raw),
        created_at=raw["created_at"],
        updated_at=raw["updated_at"],
        merged_at=raw.get("merged_at"),
        merge_commit=raw.get("merge_commit_sha") or raw.get("squash_commit_sha"),
        closed_at=raw.get("closed_at"),
    )
