"""Merges and closes: the forge first, then the issue, so that a kill in between is mended by doing it again."""

from ci_factory.errors import Conflict
from ci_factory.forge.gitlab import merge_requests
from ci_factory.forge.gitlab.issues import labels_of, move_state
from ci_factory.forge.gitlab.project import Project
from ci_factory.forge.gitlab.repository import Repository
from ci_factory.model.base import Json
from ci_factory.model.forge import MergeRequestState

MR = merge_requests.MR
_SHOWN = 10


def merge(project: Project, repository: Repository, iid: int, head: str) -> None:
    """Merge if the head still is `head`, close the issue and show it there.

    Raises:
        Conflict: the head moved, it is not open, is a draft, waits for another one, or does not merge.
    """
    raw = merge_requests.one(project, iid)
    if not (_is_merged_at(raw, head) and _is_unfinished(project, raw)):
        _check(project, raw, head)
        try:
            project.api.put(project.of(MR, iid, "merge"), {"sha": head, "should_remove_source_branch": True})
        except Conflict as error:
            _explain(project, repository, raw, head, error)
    for stacked in merge_requests.stacked_on(project, raw["source_branch"]):  # GitLab itself moves only a few
        project.api.put(project.of(MR, stacked["iid"]), {"target_branch": raw["target_branch"]})
    finish(project, raw, "merged")


def close(project: Project, iid: int) -> None:
    """Close without merging; the issue stays open and shows it.

    Raises:
        Conflict: it is merged.
    """
    raw = merge_requests.one(project, iid)
    if merge_requests.state_of(raw) is MergeRequestState.CLOSED:
        if _is_unfinished(project, raw):
            finish(project, raw, "closed")
        return
    if merge_requests.state_of(raw) is MergeRequestState.MERGED:
        raise Conflict(f"!{iid} is merged", where=project.path, fix="revert it with another change")
    project.api.put(project.of(MR, iid), {"state_event": "close"})
    finish(project, raw, "closed")


def finish(project: Project, raw: Json, state: str) -> None:
    """The issue always shows the state, and is closed by a merge; the merge request shows it if it showed one before."""
    ticket_id = merge_requests.ticket_of(raw["source_branch"])
    if ticket_id is not None:
        move_state(project, ticket_id, state, close=state == "merged")
    shown = set(raw["labels"]) & set(project.names.states)
    if shown:
        edits = {"add_labels": project.names.state(state), "remove_labels": ",".join(sorted(shown))}
        project.api.put(project.of(MR, raw["iid"]), edits)


def _is_merged_at(raw: Json, head: str) -> bool:
    return merge_requests.state_of(raw) is MergeRequestState.MERGED and merge_requests.head_of(raw) == head


def _is_unfinished(project: Project, raw: Json) -> bool:
    """Whether a merge or close was cut short: the issue still shows that it is under review."""
    ticket_id = merge_requests.ticket_of(raw["source_branch"])
    if ticket_id is None:
        return False
    shown = project.names.state_of(labels_of(project, ticket_id))
    return shown in {"review", "partial"} and not merge_requests.of_branch(project, raw["source_branch"])


def _check(project: Project, raw: Json, head: str) -> None:
    iid = raw["iid"]
    if merge_requests.state_of(raw) is not MergeRequestState.OPENED:
        raise Conflict(f"!{iid} is {raw['state']}", where=project.path, fix="choose one that is open")
    check_head(raw, head)
    if merge_requests.is_draft(raw):
        raise Conflict(f"!{iid} is a draft", where=project.path, fix="mark it ready first")
    if raw["target_branch"].startswith(merge_requests.BRANCH_PREFIX):
        below = merge_requests.of_branch(project, raw["target_branch"])
        if below:
            raise Conflict(
                f"!{iid} is stacked on !{below['iid']}, which is open",
                where=project.path,
                fix=f"merge !{below['iid']} first",
            )


def check_head(raw: Json, head: str | None) -> None:
    """Conflict when the head is not the one that the caller looked at."""
    now = merge_requests.head_of(raw)
    if head is not None and now != head:
        raise Conflict(
            f"the head of !{raw['iid']} moved: it is {now}, not {head}", fix="look at the new commits first"
        )


def _explain(project: Project, repository: Repository, before: Json, head: str, error: Conflict) -> None:
    """Say why GitLab did not merge; return when it did after all, and only its answer was lost."""
    raw = merge_requests.one(project, before["iid"])
    if _is_merged_at(raw, head):
        return
    _check(project, raw, head)
    conflicts = repository.conflicts(raw["target_branch"], raw["source_branch"], head)
    if conflicts:
        listed = ", ".join(conflicts[:_SHOWN])
        raise Conflict(
            f"!{raw['iid']} conflicts with {raw['target_branch']} in {listed}",
            where=project.path,
            fix=f"rebase {raw['source_branch']} on {raw['target_branch']}, or close it so that the ticket is done again",
        ) from error
    status = raw.get("detailed_merge_status") or "unknown"
    raise Conflict(
        f"!{raw['iid']} can't be merged ({status}): {error.what}", where=project.path, fix=error.fix
    ) from error
