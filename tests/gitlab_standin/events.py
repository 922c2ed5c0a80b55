"""The history of issues and merge requests: label events, state events."""

from flask import Blueprint, Response

from tests.gitlab_standin import labels, present
from tests.gitlab_standin.context import Json, answer, db, not_found
from tests.gitlab_standin.issuables import Target
from tests.gitlab_standin.notes import find_target
from tests.gitlab_standin.pagination import Listing, pages
from tests.gitlab_standin.store import Row

api = Blueprint("events", __name__, url_prefix="/api/v4")
_TARGET = "/projects/<ref:ref>/<any(issues, merge_requests):plural>/<int:iid>"


def _show_label_event(row: Row) -> Json:
    label = db().one("SELECT * FROM label WHERE id = ?", row["label_id"])
    shown = (
        None
        if label is None
        else {key: labels.show(label)[key] for key in ("id", "name", "color", "description")}
    )
    return _base(row) | {"label": shown, "action": row["action"]}


def _show_state_event(row: Row) -> Json:
    return _base(row) | {"state": row["state"], "source_commit": row["source_commit"]}


def _base(row: Row) -> Json:
    return {
        "id": row["id"],
        "user": present.user_by_id(row["user_id"]),
        "created_at": row["created_at"],
        "resource_type": row["kind"],
        "resource_id": row["target_id"],
    }


def _events(table: str, target: Target) -> Listing:
    return Listing(table, ["kind = ?", "target_id = ?"], [target.kind, target.id], descending=False)


@api.get(f"{_TARGET}/resource_label_events")
def list_label_events(ref: str, plural: str, iid: int) -> Response:
    """Labels added and removed, oldest first."""
    return pages(_events("label_event", find_target(ref, plural, iid)), _show_label_event)


@api.get(f"{_TARGET}/resource_label_events/<int:event_id>")
def get_label_event(ref: str, plural: str, iid: int, event_id: int) -> Response:
    """One of them."""
    found = _events("label_event", find_target(ref, plural, iid))
    found.need("id = ?", event_id)
    rows = found.select("*")
    if not rows:
        not_found()
    return answer(_show_label_event(rows[0]))


@api.get(f"{_TARGET}/resource_state_events")
def list_state_events(ref: str, plural: str, iid: int) -> Response:
    """Closed, reopened, merged, oldest first; the first opening is not among them."""
    return pages(_events("state_event", find_target(ref, plural, iid)), _show_state_event)
