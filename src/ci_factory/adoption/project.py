"""The schedule and the labels of a project, by its configuration. Pure."""

import re

from ci_factory.config import Labels
from ci_factory.errors import UsageError
from ci_factory.model.project_setup import LabelSpec, ScheduleSpec

SCHEDULE = "CI Factory"
"""The description by which the schedule is known."""
CRON = "23 18 * * 1-5"
"""Evenings of working days, away from minute 0, when everybody's schedules start."""
_FIELD = r"[A-Za-z0-9*/,#-]+"
_CRON = re.compile(rf"{_FIELD}( {_FIELD}){{4}}")
_TIMEZONE = re.compile(r"[A-Za-z][A-Za-z0-9 _+&.()/-]{0,63}")
_GREY, _BLUE, _GREEN, _ORANGE, _RED, _PURPLE = (
    "#868686",
    "#428bca",
    "#44ad8e",
    "#f0ad4e",
    "#d9534f",
    "#8e44ad",
)
_STATES = {
    "queued": (_GREY, "Planned for the next batch"),
    "running": (_BLUE, "An agent works on it"),
    "review": (_GREEN, "Its merge request waits for review"),
    "partial": (_ORANGE, "A part of it is in a merge request"),
    "escalated": (_RED, "An agent asks people; the question is a note on the issue"),
    "needs-info": (_ORANGE, "Not clear enough to be worked on; the note says what is missing"),
    "deferred": (_GREY, "Waits for a later batch"),
    "agent-failed": (_RED, "The agent failed"),
    "no-change": (_GREY, "The agent found nothing to change"),
    "merged": (_GREEN, "Its change is merged"),
    "closed": (_GREY, "Its merge request was closed"),
    "draft": (_GREY, "Written by the factory about what a change left undone; nobody has asked for it yet"),
}


def schedule(cron: str | None, timezone: str | None) -> ScheduleSpec:
    """The schedule; what is `None` is left as it is where there is one.

    Raises:
        UsageError: that is no cron line, or no time zone.
    """
    line = " ".join(cron.split()) if cron is not None else None
    if line is not None and not _CRON.fullmatch(line):
        raise UsageError(f"{cron!r} is no cron line", where="--cron", fix=f"five fields, such as '{CRON}'")
    if timezone is not None and not _TIMEZONE.fullmatch(timezone):
        raise UsageError(
            f"{timezone!r} is no time zone", where="--timezone", fix="such as UTC or Europe/Berlin"
        )
    return ScheduleSpec(description=SCHEDULE, cron=line, timezone=timezone, default_cron=CRON)


def labels(names: Labels) -> tuple[LabelSpec, ...]:
    """Every label that the factory uses, under the names that this project gives them."""
    people = (
        LabelSpec(name=names.ready, color=_PURPLE, description="Puts an issue into the factory's queue"),
        LabelSpec(name=names.hold, color=_RED, description="Yours: stops the ticket at its next step"),
        LabelSpec(
            name=names.approved, color=_GREEN, description="Yours: says yes to an escalated ticket, once"
        ),
    )
    states = (
        LabelSpec(
            name=name, color=_STATES[state][0], description=f"{_STATES[state][1]} (moved by the factory)"
        )
        for state, name in zip(_STATES, map(names.state, _STATES), strict=True)
    )
    report = LabelSpec(name=names.report, color=_GREY, description="Carries the factory's reports; no ticket")
    return (*people, *states, report)
