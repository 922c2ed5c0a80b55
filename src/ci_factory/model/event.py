"""Audit events: what the factory did, when, to which ticket."""

from ci_factory.model.base import Json, Moment, Value


class Event(Value):
    """One line of events.jsonl."""

    key: str
    """Identifies the event; the same key written twice is the same event."""
    at: Moment
    stage: str
    """intake, plan, work, gate, publish, review, report."""
    kind: str
    batch_id: str | None = None
    ticket_id: str | None = None
    data: dict[str, Json] = {}
