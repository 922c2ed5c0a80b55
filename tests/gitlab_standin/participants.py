"""Who takes part in an issue or merge request, and which merge requests close an issue."""

from flask import Blueprint, Response

from tests.gitlab_standin import mr_present, present
from tests.gitlab_standin.issuables import Target
from tests.gitlab_standin.issues import closing_requests, find
from tests.gitlab_standin.notes import find_target
from tests.gitlab_standin.pagination import Listing, page_of, pages

api = Blueprint("participants", __name__, url_prefix="/api/v4")
_TARGET = "/projects/<ref:ref>/<any(issues, merge_requests):plural>/<int:iid>"


@api.get(f"{_TARGET}/participants")
def list_participants(ref: str, plural: str, iid: int) -> Response:
    """Author, assignees, reviewers and everybody who wrote a note."""
    target = find_target(ref, plural, iid)
    found = Listing("user", order="user.id", descending=False)
    this = (target.kind, target.id)
    found.need(
        "id = ?1 OR id IN (SELECT user_id FROM assignee WHERE kind = ?2 AND target_id = ?3)"
        " OR (?2 = 'MergeRequest' AND id IN (SELECT user_id FROM reviewer WHERE merge_request_id = ?3))"
        " OR id IN (SELECT author_id FROM note WHERE kind = ?2 AND target_id = ?3 AND NOT system)",
        target.row["author_id"],
        *this,
    )
    return pages(found, present.user)


@api.get("/projects/<ref:ref>/issues/<int:iid>/closed_by")
@api.get("/projects/<ref:ref>/issues/<int:iid>/related_merge_requests")
def list_closing(ref: str, iid: int) -> Response:
    """Merge requests that would close the issue."""
    target = find(ref, iid)
    requests = (Target("MergeRequest", row, target.project) for row in closing_requests(target))
    return page_of([mr_present.show(each) for each in requests])
