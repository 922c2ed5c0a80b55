"""What a project on a forge is given beside its files: labels and the schedule that starts the nights."""

from enum import StrEnum

from pydantic import Field

from ci_factory.model.base import Value


class LabelSpec(Value):
    """A label as it is made; one that exists stays as people set it."""

    name: str
    color: str = Field(pattern=r"^#[0-9a-f]{6}$")
    description: str


class ScheduleSpec(Value):
    """A pipeline schedule on the default branch, known by its description."""

    description: str = Field(min_length=1)
    cron: str | None = None
    """Minute, hour, day of month, month, day of week; `None` leaves an existing one as it is."""
    timezone: str | None = None
    """As GitLab names it, such as `UTC` or `Europe/Berlin`; `None` as for `cron`."""
    default_cron: str
    default_timezone: str = "UTC"


class Outcome(StrEnum):
    """What became of one thing."""

    CREATED = "created"
    CHANGED = "changed"
    PRESENT = "present"
    """As it should be; nothing was written."""
    WANTED = "wanted"
    """Would be created or changed; nothing is written when only asked."""
    REFUSED = "refused"


class Made(Value):
    """One thing of a project's setup."""

    name: str
    outcome: Outcome
    message: str
    fix: str = ""
    """What to do by hand; empty when nothing is to be done."""
