"""All detectors in one place: what a ticket, a plan and a change give away."""

from collections.abc import Callable, Iterable, Iterator

from ci_factory.model.attempt import FileAction, Plan, Trigger
from ci_factory.model.ticket import RiskCategory, RiskLevel, Ticket
from ci_factory.work.triggers import uncertainty, wording
from ci_factory.work.triggers.architecture import architecture, created
from ci_factory.work.triggers.change import Change
from ci_factory.work.triggers.compatibility import compatibility
from ci_factory.work.triggers.data import data, is_migration
from ci_factory.work.triggers.dependencies import dependencies
from ci_factory.work.triggers.python_api import python_api
from ci_factory.work.triggers.security import security
from ci_factory.work.triggers.signal import Signal

DETECTORS: tuple[Callable[[Change], Iterable[Signal]], ...] = (
    architecture,
    dependencies,
    security,
    data,
    compatibility,
    python_api,
)
"""What looks at a real change. A new one is one file and one line here."""
_PLANNED = {
    RiskCategory.ARCHITECTURE: (Trigger.ARCHITECTURE, "boundary"),
    RiskCategory.SECURITY: (Trigger.SECURITY, "access"),
    RiskCategory.DATA: (Trigger.DATA, "migration"),
    RiskCategory.COMPATIBILITY: (Trigger.COMPATIBILITY, "public-api"),
}


def in_change(change: Change) -> tuple[Signal, ...]:
    """Everything that the detectors see in a change."""
    return tuple(signal for detector in DETECTORS for signal in detector(change))


def in_ticket(ticket: Ticket, files: Iterable[str] = ()) -> tuple[Signal, ...]:
    """What the ticket's words ask for and leave open; `files` are those that it is about."""
    return (*wording.in_ticket(ticket, files), *uncertainty.uncertainty(ticket))


def in_plan(plan: Plan) -> tuple[Signal, ...]:
    """What the steps ask for, what is to be created, and risks that the plan itself calls high."""
    return (*wording.in_steps(plan.steps), *_new_files(plan), *_high_risks(plan))


def _new_files(plan: Plan) -> Iterator[Signal]:
    for file in plan.files:
        if file.action is FileAction.CREATE:
            if found := created(file.path):
                yield found
            if is_migration(file.path):
                yield Signal(Trigger.DATA, "migration", "adds a migration", file.path)


def _high_risks(plan: Plan) -> Iterator[Signal]:
    for risk in plan.risks:
        if risk.level is RiskLevel.HIGH and risk.category in _PLANNED:
            trigger, kind = _PLANNED[risk.category]
            yield Signal(trigger, kind, f"carries a high risk: {risk.description}")
