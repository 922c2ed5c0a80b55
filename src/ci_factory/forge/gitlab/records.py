"""Everything about single merge requests and issues, for as few requests as REST allows.

A hundred share one list. Each merge request then costs its notes and its versions, and its approvals where GitLab noted
any; each issue its label events, and its state events once it was closed. GraphQL tells no fractions of a second, and the
order of a push and a review may hang on them, so notes of merge requests are asked of REST.
"""

from collections.abc import Iterable, Iterator

from ci_factory.forge.gitlab import (
    conversations,
    events,
    glimpses,
    merge_requests,
    notes,
    queue,
    reviews,
    versions,
)
from ci_factory.forge.gitlab.project import Project
from ci_factory.forge.gitlab.versions import Version
from ci_factory.model.base import Json
from ci_factory.model.collecting import Head, IssueRecord, MergeRequestRecord
from ci_factory.model.forge import Issue, IssueState, MergeRequest, Note, NoteTarget

MR = NoteTarget.MERGE_REQUEST
_LIST = 100


def of_merge_requests(project: Project, iids: Iterable[int]) -> Iterator[MergeRequestRecord]:
    """Records in the order asked for; those that do not exist are passed over."""
    for some in glimpses.chunks(map(str, iids), _LIST):
        pages = project.api.pages(
            project.at("merge_requests"), state="all", scope="all", iids=[int(each) for each in some]
        )
        found = {str(raw["iid"]): raw for raw in pages}
        for iid in some:
            if iid in found and merge_requests.ticket_of(found[iid]["source_branch"]):
                yield _merge_request(project, found[iid])


def of_issues(project: Project, ticket_ids: Iterable[str]) -> Iterator[IssueRecord]:
    """Records of those that exist."""
    for some in glimpses.chunks(ticket_ids):
        wanted = queue.Wanted.of((), (), some, opened_only=False)
        found = queue.issues(project, wanted) if wanted.iids else []
        said = conversations.of_issues(project, [issue.ticket.id for issue in found])
        for issue in found:
            yield _issue(project, issue, said.get(issue.ticket.id, []))


def lines_between(project: Project, old: Head, new: Head) -> int | None:
    """Lines in GitLab's comparison of two heads on one base; `None` where it leaves something out."""
    if old.base is None or old.base != new.base:
        return None
    compared = {"from": old.head, "to": new.head, "straight": True}
    told = project.api.get(project.at("repository", "compare"), **compared)
    diffs = told.get("diffs") or []
    if told.get("compare_timeout") or any(each.get("too_large") or each.get("collapsed") for each in diffs):
        return None
    return sum(_changed(each.get("diff") or "") for each in diffs)


def _changed(diff: str) -> int:
    return sum(line[:1] in {"+", "-"} for line in diff.splitlines())


def _merge_request(project: Project, raw: Json) -> MergeRequestRecord:
    iid = str(raw["iid"])
    every = notes.every(project, MR, iid)
    made = [note for note in every if note.get("system")]
    seen = versions.read(project, raw["iid"])
    return MergeRequestRecord(
        request=_detailed(project, raw, seen, made),
        notes=tuple(_said(project, iid, every)),
        events=tuple(events.told(raw, seen, made)),
        heads=tuple(
            Head(head=each.head, base=each.base, at=each.at, patch_id=each.patch_id) for each in seen
        ),
        seconds_spent=_spent(raw),
    )


def _spent(raw: Json) -> int | None:
    """GitLab says 0 when nobody recorded any, which is unknown."""
    spent = (raw.get("time_stats") or {}).get("total_time_spent") or 0
    return spent if spent > 0 else None


def _detailed(project: Project, raw: Json, seen: tuple[Version, ...], made: list[Json]) -> MergeRequest:
    """With its approvals, which are asked for only where GitLab noted one: it does so for each."""
    approvals = reviews.approvals(project, raw, seen) if reviews.ever_approved(made) else ()
    told = {"versions": max(1, len(seen)), "approvals": approvals}
    return merge_requests.read(project, raw, details=False).model_copy(update=told)


def _said(project: Project, iid: str, every: list[Json]) -> Iterator[Note]:
    people = (note for note in every if not note.get("system"))
    return (notes.to_note(MR, iid, note) for note in people if not notes.inline_of_ours(project, note))


def _issue(project: Project, issue: Issue, said: list[Note]) -> IssueRecord:
    closed = issue.state is IssueState.CLOSED
    history = events.of_known_issue(project, issue.ticket.id, with_states=closed)
    return IssueRecord(issue=issue, notes=tuple(said), events=tuple(history))
