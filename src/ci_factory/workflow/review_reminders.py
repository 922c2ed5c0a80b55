"""Reminders of whoever blocks a merge request: one note for each, never twice for the same moment."""

from datetime import timedelta

from ci_factory.forge import kept_notes
from ci_factory.model.event import Event
from ci_factory.model.forge import NoteTarget
from ci_factory.model.review import ReviewItem, ReviewQueue
from ci_factory.publishing import review_reminders
from ci_factory.review import blocking, working_time
from ci_factory.review.blocking import Reminder
from ci_factory.workflow.factory import Factory

_HOUR = timedelta(hours=1)


def remind(factory: Factory, queue: ReviewQueue) -> int:
    """Write every reminder that is due and not written yet; how many were.

    A reminder is a note of its own, as GitLab tells nobody of a note that is edited. Its key names the wait and the
    moment: after a kill the next run finds it, and a moment that passed while nothing ran is not made up for.
    """
    written, now = 0, queue.made_at
    for item in queue.items:
        due = blocking.reminder(item, factory.config.review, now)
        if due is not None and not factory.halt(item.ticket_id):
            written += _write(factory, item, due)
    return written


def _write(factory: Factory, item: ReviewItem, due: Reminder) -> bool:
    waits, iid = item.waits_for, str(item.merge_request)
    assert waits is not None  # noqa: S101 - else there is no reminder
    key, forge = review_reminders.key(waits, due.number), factory.forge
    notes = forge.notes(NoteTarget.MERGE_REQUEST, iid)
    there = any(note.author == forge.user and kept_notes.carries(note.body, key) for note in notes)
    if not there:
        zone = working_time.calendar(factory.config.review, due.who).zone
        body = review_reminders.reminder(item, waits, due.moment, zone)
        forge.ensure_note(NoteTarget.MERGE_REQUEST, iid, key, body)
    _record(factory, item, due, key)
    return not there


def _record(factory: Factory, item: ReviewItem, due: Reminder, key: str) -> None:
    """How long it waited, in hours of that person's clock; the same reminder is the same event."""
    waits, now = item.waits_for, factory.clock.now()
    assert waits is not None  # noqa: S101 - as above
    clock = working_time.clock(factory.config.review, due.who)
    waited = working_time.working_time(clock, waits.since, now) / _HOUR
    factory.log.append(
        Event(
            key=f"{item.ticket_id}/review/reminded/{item.merge_request}/{key}",
            at=now,
            stage="review",
            kind="reminded",
            ticket_id=item.ticket_id,
            data={
                "merge_request": item.merge_request,
                "who": due.who,
                "waits_for": waits.kind.value,
                "since": waits.since.isoformat(),
                "waited_hours": round(waited, 2),
            },
        )
    )
