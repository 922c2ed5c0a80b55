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


def ok(name: str, message: str) -> Check:
    """As it should be."""
    return Check(name=name, health=Health.OK, message=message)


def warning(name: str, message: str, fix: str) -> Check:
    """Nothing that stops a run, today."""
    return Check(name=name, health=Health.WARNING, message=message, fix=fix)


def failed(name: str, message: str, fix: str) -> Check:
    """A run can't do without it."""
    return Check(name=name, health=Health.FAILED, message=message, fix=fix)


def unknown(name: str, message: str, fix: str = "") -> Check:
    """Nobody could tell."""
    return Check(name=name, health=Health.UNKNOWN, message=message, fix=fix)
