"""Threads of a merge request, for figures about reviews."""

from dataclasses import dataclass
from datetime import datetime

from ci_factory.forge.gitlab.project import Project
from ci_factory.forge.gitlab.versions import moment
from ci_factory.model.base import Json
from ci_factory.model.forge import NoteTarget


@dataclass(frozen=True)
class Discussion:
    """One thread that people or bots began; what GitLab notes itself is none."""

    id: str
    author: str
    started_at: datetime
    notes: int
    resolvable: bool
    resolved: bool
    path: str | None
    """The file it is about, when it hangs on a line."""


def of_merge_request(project: Project, iid: int) -> list[Discussion]:
    """Threads in order of their first note."""
    pages = project.api.pages(project.of(NoteTarget.MERGE_REQUEST, iid, "discussions"))
    found = (_to_discussion(raw) for raw in pages if raw["notes"] and not raw["notes"][0].get("system"))
    return sorted(found, key=lambda discussion: discussion.started_at)


def _to_discussion(raw: Json) -> Discussion:
    notes = raw["notes"]
    resolvable = [note for note in notes if note.get("resolvable")]
    return Discussion(
        id=raw["id"],
        author=notes[0]["author"]["username"],
        started_at=moment(notes[0]["created_at"]),
        notes=len(notes),
        resolvable=bool(resolvable),
        resolved=bool(resolvable) and all(note.get("resolved") for note in resolvable),
        path=(notes[0].get("position") or {}).get("new_path"),
    )
