"""Records of work in the hidden blocks of our notes. Nobody else's are believed. Pure."""

from collections.abc import Iterable

from pydantic import ValidationError

from ci_factory.model import block
from ci_factory.model.base import Json
from ci_factory.model.forge import Note
from ci_factory.model.work_record import BLOCK, WorkRecord


def records(
    notes: Iterable[Note], *, author: str, ticket_id: str
) -> tuple[dict[tuple[str, str], WorkRecord], list[str]]:
    """Attempts at a ticket by key, as our notes tell them, the newest note last; and what in them can't be believed."""
    found: dict[tuple[str, str], WorkRecord] = {}
    problems: list[str] = []
    for note in sorted(notes, key=lambda note: (note.updated_at, note.id)):
        data = block.read(note.body, BLOCK) if note.author == author else None
        for each in _list(data):
            record, problem = _parsed(each, ticket_id)
            if record is not None:
                found[record.key] = record
            else:
                problems.append(problem)
    return found, problems


def _list(data: dict[str, Json] | None) -> list[Json]:
    told = (data or {}).get("attempts")
    return told if isinstance(told, list) else []


def _parsed(data: Json, ticket_id: str) -> tuple[WorkRecord | None, str]:
    try:
        record = WorkRecord.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        return None, f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    return (record, "") if record.ticket == ticket_id else (None, "belongs to another ticket")
