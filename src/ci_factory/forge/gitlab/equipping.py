"""Gives a project its labels and its pipeline schedule. Each is looked for first, so that again changes nothing."""

from collections.abc import Iterable, Iterator

from ci_factory.errors import Conflict
from ci_factory.forge.gitlab.errors import NotFound, Refused
from ci_factory.forge.gitlab.project import Project
from ci_factory.model.base import Json
from ci_factory.model.project_setup import LabelSpec, Made, Outcome, ScheduleSpec

_SCHEDULES, _LABELS = "pipeline_schedules", "labels"
_BY_HAND = "Build > Pipeline schedules"


def ensure_labels(project: Project, wanted: Iterable[LabelSpec], *, write: bool = True) -> Iterator[Made]:
    """Make the labels that the project, or a group above it, does not have; all that exist stay as they are.

    A refusal ends it, as it would meet the others too. Without `write` it says what it would do.

    Raises:
        ForgeError: the server does not answer.
    """
    specs = tuple(wanted)
    names = {str(each["name"]).casefold() for each in project.api.pages(project.at(_LABELS))}
    there = [spec for spec in specs if spec.name.casefold() in names]
    if there:
        yield Made(name="labels", outcome=Outcome.PRESENT, message=f"{len(there)} of {len(specs)} are there")
    for spec in (spec for spec in specs if spec not in there):
        made = (
            _label(project, spec) if write else Made(name="label", outcome=Outcome.WANTED, message=spec.name)
        )
        yield made
        if made.outcome is Outcome.REFUSED:
            return


def _label(project: Project, spec: LabelSpec) -> Made:
    try:
        project.api.post(project.at(_LABELS), spec.model_dump(), done=lambda: _existing(project, spec))
    except Conflict:  # somebody made it meanwhile
        return Made(name="label", outcome=Outcome.PRESENT, message=spec.name)
    except (Refused, NotFound) as error:
        fix = "give the token's user the role Developer, or make the labels by hand (Manage > Labels)"
        return Made(name="label", outcome=Outcome.REFUSED, message=f"{spec.name}: {error.what}", fix=fix)
    return Made(name="label", outcome=Outcome.CREATED, message=spec.name)


def _existing(project: Project, spec: LabelSpec) -> Json | None:
    found = project.api.pages(project.at(_LABELS), search=spec.name)
    return next((each for each in found if each["name"] == spec.name), None)


def ensure_schedule(project: Project, spec: ScheduleSpec, *, write: bool = True) -> Made:
    """Make the schedule on the default branch when none has its description; else give it the time that is asked for.

    Raises:
        ForgeError: the server does not answer.
    """
    branch = project.facts.default_branch
    if branch is None:
        said = "the project has no branch yet, or the token's user may not see it"
        return _refused(spec, "the default branch", said)
    try:
        found = _scheduled(project, spec)
        return (
            _create(project, spec, branch, write=write)
            if found is None
            else _update(project, spec, found, write=write)
        )
    except (Refused, NotFound) as error:
        return _refused(spec, branch, error.what)


def _scheduled(project: Project, spec: ScheduleSpec) -> Json | None:
    """The oldest with the description: a second one is somebody's own affair."""
    pages = project.api.pages(project.at(_SCHEDULES))
    found = [each for each in pages if each.get("description") == spec.description]
    return min(found, key=lambda each: int(each["id"]), default=None)


def _create(project: Project, spec: ScheduleSpec, branch: str, *, write: bool) -> Made:
    cron, timezone = spec.cron or spec.default_cron, spec.timezone or spec.default_timezone
    said = f"“{spec.description}” at {cron} ({timezone}) on {branch}"
    if not write:
        return Made(name="schedule", outcome=Outcome.WANTED, message=said)
    data = {
        "description": spec.description,
        "ref": branch,
        "cron": cron,
        "cron_timezone": timezone,
        "active": True,
    }
    project.api.post(project.at(_SCHEDULES), data, done=lambda: _scheduled(project, spec))
    return Made(name="schedule", outcome=Outcome.CREATED, message=said)


def _update(project: Project, spec: ScheduleSpec, found: Json, *, write: bool) -> Made:
    asked = {"cron": spec.cron, "cron_timezone": spec.timezone}
    data = {key: value for key, value in asked.items() if value is not None and found.get(key) != value}
    now = {**{key: found.get(key) for key in asked}, **data}
    said = f"“{spec.description}” at {now['cron']} ({now['cron_timezone']}) on {found.get('ref')}"
    if not data:
        idle = "" if found.get("active") else "; it is not active"
        fix = f"activate it ({_BY_HAND})" if idle else ""
        return Made(name="schedule", outcome=Outcome.PRESENT, message=f"{said}{idle}", fix=fix)
    if not write:
        return Made(name="schedule", outcome=Outcome.WANTED, message=said)
    project.api.put(project.at(_SCHEDULES, found["id"]), data)
    return Made(name="schedule", outcome=Outcome.CHANGED, message=said)


def _refused(spec: ScheduleSpec, branch: str, said: str) -> Made:
    cron = spec.cron or spec.default_cron
    fix = (
        f"it takes the role Developer, the right to merge into {branch}, and an existing one to be one's own; or by"
        f" hand ({_BY_HAND}): description {spec.description}, cron {cron}, branch {branch}"
    )
    return Made(name="schedule", outcome=Outcome.REFUSED, message=said, fix=fix)
