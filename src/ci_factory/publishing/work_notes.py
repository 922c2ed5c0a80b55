"""The work on a ticket as hidden data in our notes, so that what it took stays known when its artifacts are gone.

A note is updated in place, and what the next batch says takes the place of what the last one said. So whoever writes on a
ticket carries along what our notes there tell of earlier attempts: all of them, however they ended, up to a bound.
"""

from collections.abc import Callable, Iterable, Sequence

from ci_factory.forge import kept_notes
from ci_factory.forge.protocol import Forge
from ci_factory.model import block
from ci_factory.model.base import Json
from ci_factory.model.forge import Note, NoteTarget
from ci_factory.model.work_record import BLOCK, WorkRecord
from ci_factory.publishing.earlier_work import inert

MOST = 100
"""Attempts in a note, the newest."""
MAX_CHARACTERS = 100_000
"""Of the hidden line. What people were asked and what gates said go first, then the oldest attempts."""
_DETAILS = frozenset({"asked", "gates", "shares", "folders"})


def line(records: Sequence[Json]) -> str:
    """The hidden line with these records, oldest first; empty for none."""
    kept = list(records)[-MOST:]
    for shortened in (kept, [_without_details(each) for each in kept[:-1]] + kept[-1:]):
        written = _written(shortened)
        if len(written) <= MAX_CHARACTERS:
            return written if shortened else ""
    return _newest([_without_details(each) for each in kept])


def data(record: WorkRecord) -> Json:
    """One record as it is written."""
    return record.model_dump(mode="json", exclude_defaults=True)


def told(notes: Iterable[Note], *, ours: str, ticket_id: str) -> dict[tuple[str, str], Json]:
    """Records in our notes on a ticket by batch and ticket, unparsed: what a later version wrote is carried as it is."""
    found: dict[tuple[str, str], Json] = {}
    for note in sorted(notes, key=lambda note: (note.updated_at, note.id)):
        held = block.read(note.body, BLOCK) if note.author == ours else None
        for each in _list(held):
            if (
                isinstance(each, dict)
                and each.get("ticket") == ticket_id
                and isinstance(each.get("batch"), str)
            ):
                found[each["batch"], ticket_id] = each
    return found


def ensure(
    forge: Forge,
    ticket_id: str,
    key: str,
    body: str,
    new: WorkRecord | None = None,
    *,
    may_write: Callable[[], None] = lambda: None,
) -> Note:
    """Make sure of a note of ours on a ticket that says `body`, with what is known of all work on the ticket.

    `may_write` is asked between reading and writing, and raises when nothing may be written.
    """
    known = forge.notes(NoteTarget.ISSUE, ticket_id)
    records = told(known, ours=forge.user, ticket_id=ticket_id)
    if new is not None:
        records[new.key] = data(new)
    ordered = sorted(records.values(), key=lambda each: (str(each.get("started_at")), str(each["batch"])))
    hidden = line(ordered)
    text = f"{body.rstrip()}\n\n{hidden}\n" if hidden else body
    first = not any(note.author == forge.user and kept_notes.carries(note.body, key) for note in known)
    may_write()
    return forge.ensure_note(NoteTarget.ISSUE, ticket_id, key, text, new=first)


def _list(held: dict[str, Json] | None) -> list[Json]:
    told = (held or {}).get(BLOCK)
    return told if isinstance(told, list) else []


def _written(records: Sequence[Json]) -> str:
    return inert(block.write(BLOCK, {BLOCK: list(records)}))


def _without_details(record: Json) -> Json:
    return {name: value for name, value in record.items() if name not in _DETAILS}


def _newest(records: list[Json]) -> str:
    """As many of the newest as fit."""
    while records and len(written := _written(records)) > MAX_CHARACTERS:
        records = records[1 + len(records) * (len(written) - MAX_CHARACTERS) // len(written) :]
    return _written(records) if records else ""
