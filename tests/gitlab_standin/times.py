"""Time tracking through the API."""

from flask import Blueprint, Response

from tests.gitlab_standin import auth, present, spending
from tests.gitlab_standin.context import Json, answer, db, fail, forbidden, missing, parameters
from tests.gitlab_standin.issuables import Target
from tests.gitlab_standin.notes import find_target

api = Blueprint("times", __name__, url_prefix="/api/v4")
_TARGET = "/projects/<ref:ref>/<any(issues, merge_requests):plural>/<int:iid>"


def _to_change(ref: str, plural: str, iid: int) -> Target:
    target = find_target(ref, plural, iid)
    if auth.my_level(target.project) < auth.REPORTER:
        forbidden()
    return target


def _seconds(values: Json) -> int:
    if not values.get("duration"):
        missing("duration")
    found = spending.seconds(values["duration"])
    if found is None:
        fail(400, {"time_spent": ["can't be blank"]})
    return found


def _stats(target: Target) -> Json:
    return present.time_stats(target.kind, target.again().row)


@api.get(f"{_TARGET}/time_stats")
def get_stats(ref: str, plural: str, iid: int) -> Response:
    """Estimate and time spent."""
    return answer(_stats(find_target(ref, plural, iid)))


@api.post(f"{_TARGET}/time_estimate")
def set_estimate(ref: str, plural: str, iid: int) -> Response:
    """Set the estimate."""
    target = _to_change(ref, plural, iid)
    target.edit(time_estimate=_seconds(parameters()))
    return answer(_stats(target))


@api.post(f"{_TARGET}/reset_time_estimate")
def reset_estimate(ref: str, plural: str, iid: int) -> Response:
    """Take the estimate away."""
    target = _to_change(ref, plural, iid)
    target.edit(time_estimate=0)
    return answer(_stats(target))


@api.post(f"{_TARGET}/add_spent_time")
def add_spent(ref: str, plural: str, iid: int) -> Response:
    """Add time spent by the user."""
    target, values = _to_change(ref, plural, iid), parameters()
    seconds = _seconds(values)
    spent = present.time_stats(target.kind, target.row)["total_time_spent"]
    if spent + seconds < 0:
        fail(400, {"time_spent": ["can't be negative"]})
    spending.add(target, seconds, values.get("summary"))
    return answer(_stats(target), 201)


@api.post(f"{_TARGET}/reset_spent_time")
def reset_spent(ref: str, plural: str, iid: int) -> Response:
    """Take all time spent away."""
    target = _to_change(ref, plural, iid)
    db().run("DELETE FROM timelog WHERE kind = ? AND target_id = ?", target.kind, target.id)
    return answer(_stats(target))
