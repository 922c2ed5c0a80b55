"""Whether everything that the factory needs is there."""

from enum import StrEnum

from ci_factory.model.base import Value


class Health(StrEnum):
    """How one thing is."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    UNKNOWN = "unknown"
    """It can't be found out, which is neither good nor bad news."""


class Check(Value):
    """One thing that was looked at."""

    name: str
    health: Health
    message: str
    """What was found, one sentence."""
    fix: str = ""
    """What to do about it; empty when nothing is to be done."""
