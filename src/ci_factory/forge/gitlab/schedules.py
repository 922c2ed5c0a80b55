"""Whether somebody still starts the nights: the project's pipeline schedules and what they last started."""

from collections.abc import Iterator
from datetime import timedelta

from ci_factory.errors import ForgeError
from ci_factory.forge.gitlab import people
from ci_factory.forge.gitlab.project import Project
from ci_factory.forge.gitlab.versions import moment
from ci_factory.model.base import Json
from ci_factory.model.forge import Role
from ci_factory.model.health import Check, ok, unknown, warning
from ci_factory.model.text import plain

_WHERE = "Build > Pipeline schedules"
_TITLE = 60
_STALE = timedelta(days=8)
"""Even a weekly schedule would have run since."""


def examine(project: Project) -> Iterator[Check]:
    """Each schedule that will start nothing, or all of them in one line, and the last pipeline of any.

    A schedule whose owner left or lost their role stops without a word, which is why this is looked at.
    """
    try:
        found = list(project.api.pages(project.at("pipeline_schedules")))
    except ForgeError as error:
        yield unknown("schedules", f"pipeline schedules can't be read: {error.what}")
        return
    if not found:
        fix = f"ci-factory init --schedule makes one; by hand: {_WHERE}"
        yield unknown("schedules", "the project has no pipeline schedule", fix)
        return
    wrong = [check for each in found if (check := _wrong(project, each))]
    yield from wrong
    if not wrong:
        named = ", ".join(f"{_named(each)} ({_owner(each)}, {each.get('cron')})" for each in found)
        yield ok("schedules", f"active: {named}")
    yield _last(project)


def _wrong(project: Project, schedule: Json) -> Check | None:
    owner, named = _owner(schedule), _named(schedule)
    if not schedule.get("active"):
        return warning("schedules", f"{named} is not active", f"activate it ({_WHERE})")
    try:
        role = people.role_of(project, owner) if owner else None
    except ForgeError as error:
        return unknown("schedules", f"{named}: the role of {owner} can't be read: {error.what}")
    if role is None or role.rank < Role.DEVELOPER.rank:
        who = f"{owner}, who is {role.value if role else 'no active member'}" if owner else "nobody"
        fix = f"take it over as somebody with the role Developer or more ({_WHERE})"
        return warning("schedules", f"{named} starts nothing: it belongs to {who}", fix)
    return None


def _last(project: Project) -> Check:
    """By any schedule: GitLab does not list pipelines by theirs to everybody."""
    try:
        path = project.at("pipelines")
        found = project.api.get(path, source="schedule", per_page=1, order_by="id", sort="desc")
    except ForgeError as error:
        return unknown("scheduled run", f"pipelines can't be read: {error.what}")
    if not found:
        return unknown("scheduled run", "no schedule has started a pipeline yet")
    last, at = found[0], moment(found[0]["created_at"])
    said = f"pipeline {last['id']} of {at:%Y-%m-%d %H:%M} UTC: {last['status']}"
    if last["status"] == "failed":
        return warning(
            "scheduled run", said, f"look at its jobs: {last.get('web_url') or 'Build > Pipelines'}"
        )
    if project.clock.now() - at > _STALE:
        return warning("scheduled run", f"{said}; none since", f"play a schedule by hand ({_WHERE}) and look")
    return ok("scheduled run", said)


def _owner(schedule: Json) -> str:
    return str((schedule.get("owner") or {}).get("username") or "")


def _named(schedule: Json) -> str:
    return f"“{plain(str(schedule.get('description') or schedule['id']), _TITLE)}”"
