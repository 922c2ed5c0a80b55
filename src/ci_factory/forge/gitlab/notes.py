"""Notes, and the one note of ours that is kept up to date.

A note is ours when its author's id is ours: names can be given to somebody else. Plain /notes are used: a discussion
that nobody resolves would block a merge.
"""

from collections.abc import Iterator
from contextlib import suppress

from ci_factory.forge import kept_notes
from ci_factory.forge.gitlab import quick_actions
from ci_factory.forge.gitlab.errors import NotFound, TooLarge
from ci_factory.forge.gitlab.project import Project
from ci_factory.model.base import Json
from ci_factory.model.forge import Note, NoteTarget

INLINE = "DiffNote"
"""Type of a note on a line of a diff."""
_FEW = 10
"""Notes of the largest size that fit into one answer."""


def read(project: Project, target: NoteTarget, target_id: str) -> list[Note]:
    """What people and bots wrote, oldest first; not what GitLab notes itself, nor our own comments on lines."""
    found = raw(project, target, target_id)
    return [to_note(target, target_id, each) for each in found if not inline_of_ours(project, each)]


def raw(project: Project, target: NoteTarget, target_id: str, *, system: bool = False) -> list[Json]:
    """Notes as GitLab describes them, oldest first: people's, or those that GitLab made."""
    return [each for each in every(project, target, target_id) if bool(each.get("system")) is system]


def every(project: Project, target: NoteTarget, target_id: str) -> list[Json]:
    """All notes, oldest first; in smaller pages where a hundred are too much for one answer."""
    path, order = project.of(target, target_id, "notes"), {"sort": "asc", "order_by": "created_at"}
    try:
        found = list(project.api.pages(path, **order))
    except TooLarge:
        found = list(project.api.pages(path, per_page=_FEW, **order))
    return sorted(found, key=_age)


def ensure(
    project: Project, target: NoteTarget, target_id: str, key: str, body: str, *, new: bool = False
) -> Note:
    """Make sure that exactly one note of ours ends with the key's marker, and that it says `body`.

    `new`: none was there a moment ago.
    """
    text = quick_actions.refused(kept_notes.marked(key, body), project.of(target, target_id))
    ours = [] if new else list(_kept(project, target, target_id, key))
    if not ours:
        made = _create(project, target, target_id, text, key)
        # Another process may have read at the same moment, and made one too: the later of both sees it.
        ours = list(_kept(project, target, target_id, key)) or [made]
    elif normal(ours[-1]["body"]) != normal(text):
        ours[-1] = project.api.put(project.of(target, target_id, "notes", ours[-1]["id"]), {"body": text})
    for extra in ours[:-1]:
        with suppress(NotFound):  # both saw it
            project.api.delete(project.of(target, target_id, "notes", extra["id"]))
    return to_note(target, target_id, ours[-1])


def add(project: Project, target: NoteTarget, target_id: str, body: str) -> Note:
    """Add a plain note; after a lost answer, one of ours with the same words that was not there before is it."""
    text = quick_actions.refused(kept_notes.checked(body), project.of(target, target_id))
    path = project.of(target, target_id, "notes")
    before = {each["id"] for each in _ours(project, target, target_id)}

    def done() -> Json | None:
        new = (each for each in _ours(project, target, target_id) if each["id"] not in before)
        return next((each for each in new if normal(each["body"]) == normal(text)), None)

    return to_note(target, target_id, project.api.post(path, {"body": text}, done=done))


def normal(text: str | None) -> str:
    """A text as GitLab may give it back: other line ends, no white space around."""
    return (text or "").replace("\r\n", "\n").replace("\r", "\n").strip()


def _create(project: Project, target: NoteTarget, target_id: str, text: str, key: str) -> Json:
    def done() -> Json | None:
        return next(_kept(project, target, target_id, key), None)

    return project.api.post(project.of(target, target_id, "notes"), {"body": text}, done=done)


def _kept(project: Project, target: NoteTarget, target_id: str, key: str) -> Iterator[Json]:
    return (
        each for each in _ours(project, target, target_id) if kept_notes.carries(normal(each["body"]), key)
    )


def _ours(project: Project, target: NoteTarget, target_id: str) -> list[Json]:
    mine = project.facts.user_id
    return [each for each in raw(project, target, target_id) if each["author"]["id"] == mine]


def inline_of_ours(project: Project, note: Json) -> bool:
    """Whether it is a comment of ours on a line, which is no part of the conversation."""
    return bool(note.get("type") == INLINE and note["author"]["id"] == project.facts.user_id)


def to_note(target: NoteTarget, target_id: str, note: Json) -> Note:
    """Ours, from GitLab's."""
    return Note(
        id=note["id"],
        target=target,
        target_id=target_id,
        author=note["author"]["username"],
        body=normal(note["body"]),
        created_at=note["created_at"],
        updated_at=note["updated_at"],
    )


def _age(note: Json) -> tuple[str, int]:
    return note["created_at"], note["id"]
