"""Alerts over the last weeks on the issue that carries the reports: one note and one label, read before written.

Each alert has one note by its key. It is updated while the alert lasts and says so when it is over; when the alert comes
again, the same note says that. Nobody is mentioned. The label is that of the worst alert that is on. Killed at any point,
the next run goes on: what is there already is found by its key, and since when an alert is on stands in its note.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ci_factory.forge import kept_notes
from ci_factory.metrics.alert_note import State, note, state_of
from ci_factory.metrics.alerts import Alert, Level
from ci_factory.model.alert_settings import Severity
from ci_factory.model.forge import Note, NoteTarget
from ci_factory.workflow.posting import Posting, document

PREFIX: Final = "factory-alert::"
"""Of the labels: `factory-alert::high`. Scoped, where GitLab has that; taken off by us where it has not."""


@dataclass(frozen=True)
class PostedAlerts:
    """What was done."""

    where: str
    """`#12`."""
    written: tuple[str, ...]
    """Keys of notes that were written or changed."""
    label: str | None
    """That the issue has now."""


def post(posting: Posting, alerts: Sequence[Alert], now: datetime) -> PostedAlerts:
    """Say what is on and what is over.

    Raises:
        UsageError: the factory is switched off.
        ForgeError: as the forge has them.
    """
    issue = posting.issue()
    notes = posting.forge.notes(NoteTarget.ISSUE, issue.id)
    before = {alert.key: _state(posting, notes, alert.key) for alert in alerts}
    states = {alert.key: _next(alert, before[alert.key], now) for alert in alerts}
    written = [alert.key for alert in alerts if _say(posting, issue.id, notes, alert, states[alert.key])]
    worst = _worst([alert for alert in alerts if (state := states[alert.key]) is not None and state.on])
    return PostedAlerts(f"#{issue.id}", tuple(written), _label(posting, issue.id, worst))


def _key(alert_key: str) -> str:
    return f"alert-{alert_key.replace('_', '-')}"


def _ours(posting: Posting, notes: Sequence[Note], alert_key: str) -> Note | None:
    key = _key(alert_key)
    found = (
        each for each in notes if each.author == posting.forge.user and kept_notes.carries(each.body, key)
    )
    return next(found, None)


def _state(posting: Posting, notes: Sequence[Note], alert_key: str) -> State | None:
    found = _ours(posting, notes, alert_key)
    return state_of(found.body) if found else None


def _next(alert: Alert, before: State | None, now: datetime) -> State | None:
    """What can't be told any more stays as it was."""
    if alert.on:
        return before if before is not None and before.on else State(since=now)
    if before is None or not before.on or alert.level is Level.UNKNOWN:
        return before
    return State(since=before.since, until=now)


def _say(posting: Posting, issue: str, notes: Sequence[Note], alert: Alert, state: State | None) -> bool:
    """Write the note unless there is nothing to say; whether it was written."""
    known = _ours(posting, notes, alert.key)
    if state is None or (known is not None and not alert.on and state == state_of(known.body)):
        return False
    text = document(note(alert, state))
    if known is not None and known.body.startswith(text.rstrip()):
        return False
    posting.refuse_when_off()
    posting.forge.ensure_note(NoteTarget.ISSUE, issue, _key(alert.key), text)
    return True


def _worst(alerts: Sequence[Alert]) -> Severity | None:
    on = {alert.severity for alert in alerts}
    return next((severity for severity in Severity if severity in on), None)


def _label(posting: Posting, issue: str, worst: Severity | None) -> str | None:
    """One label of ours, or none; other labels stay."""
    wanted = {f"{PREFIX}{worst.value}"} if worst else set()
    there = {name for name in posting.forge.change_labels(issue) if name.startswith(PREFIX)}
    if there != wanted:
        posting.refuse_when_off()
        posting.forge.change_labels(issue, add=sorted(wanted - there), remove=sorted(there - wanted))
    return next(iter(wanted), None)
