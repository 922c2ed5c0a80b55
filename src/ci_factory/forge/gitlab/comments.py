"""Comments on lines of a merge request, keyed by a fingerprint in a hidden last line."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from ci_factory.errors import ForgeError
from ci_factory.forge import added_lines, kept_notes
from ci_factory.forge.gitlab import merge_requests, quick_actions, versions
from ci_factory.forge.gitlab.notes import INLINE, normal
from ci_factory.forge.gitlab.project import Project
from ci_factory.forge.gitlab.repository import Repository
from ci_factory.model.base import Json
from ci_factory.model.forge import InlineComment, PlacedComment

MR = merge_requests.MR
_MARK = "<!-- ci-factory:comment:"
_END = " -->"


@dataclass(frozen=True)
class _Thread:
    """A discussion that we began."""

    id: str
    note_id: int
    text: str
    placed: PlacedComment
    dismissed: bool
    """Somebody else resolved it, and it stays so."""


def ensure(
    project: Project, repository: Repository, iid: int, comments: Iterable[InlineComment]
) -> tuple[PlacedComment, ...]:
    """Make these our open comments; a comment moves with its line, as GitLab moves it, and is not made anew."""
    wanted = {comment.fingerprint: comment for comment in comments}
    for comment in wanted.values():
        quick_actions.refused(comment.body, f"!{iid}")
    present = {thread.placed.fingerprint: thread for thread in _threads(project, iid)}
    missing = [comment for mark, comment in wanted.items() if mark not in present]
    if missing:
        _place(project, repository, iid, missing)
    for mark, thread in present.items():
        _settle(project, iid, thread, wanted.get(mark))
    return tuple(thread.placed for thread in _threads(project, iid))


def _place(project: Project, repository: Repository, iid: int, missing: list[InlineComment]) -> None:
    raw = merge_requests.one(project, iid)
    refs = raw.get("diff_refs") or _latest(project, iid)
    repository.make_present(raw["source_branch"], refs["head_sha"])
    repository.make_present(raw["target_branch"], refs["base_sha"])
    base, head = refs["base_sha"], refs["head_sha"]
    renamed = {change.path: change.old_path for change in repository.git.changes(base, head)}
    for comment in added_lines.commentable(repository.git, base, head, tuple(missing)):
        _create(project, iid, comment, _position(refs, comment, renamed))


def _settle(project: Project, iid: int, thread: _Thread, wanted: InlineComment | None) -> None:
    """Bring one of ours up to date: words first, then whether it is resolved."""
    path = project.of(MR, iid, "discussions", thread.id)
    if wanted is not None and normal(thread.text) != normal(_text(wanted)):
        project.api.put(f"{path}/notes/{thread.note_id}", {"body": _text(wanted)})
    if thread.placed.resolved != (wanted is None) and not thread.dismissed:
        project.api.put(path, {"resolved": wanted is None})


def _create(project: Project, iid: int, comment: InlineComment, position: Mapping[str, Json]) -> None:
    def done() -> Json | None:
        made = (each for each in _threads(project, iid) if each.placed.fingerprint == comment.fingerprint)
        return next(({"id": each.id} for each in made), None)

    data = {"body": _text(comment), "position": dict(position)}
    project.api.post(project.of(MR, iid, "discussions"), data, done=done)


def _position(refs: Mapping[str, str], comment: InlineComment, renamed: Mapping[str, str]) -> dict[str, Json]:
    return {
        "position_type": "text",
        "base_sha": refs["base_sha"],
        "start_sha": refs["start_sha"],
        "head_sha": refs["head_sha"],
        "old_path": renamed.get(comment.path, comment.path),
        "new_path": comment.path,
        "new_line": comment.line,
    }


def _latest(project: Project, iid: int) -> dict[str, str]:
    """GitLab fills in a merge request's own references some time after it is made."""
    found = versions.read(project, iid)
    if not found:
        raise ForgeError(f"GitLab has not read the change of !{iid} yet", where=project.path, fix="run again")
    return {"base_sha": found[-1].base, "start_sha": found[-1].start, "head_sha": found[-1].head}


def _threads(project: Project, iid: int) -> Iterator[_Thread]:
    """Discussions on lines that we began, each fingerprint once, in order of creation."""
    found: dict[str, _Thread] = {}
    for discussion in project.api.pages(project.of(MR, iid, "discussions")):
        thread = _to_thread(project, discussion)
        if thread is not None:
            found.setdefault(thread.placed.fingerprint, thread)
    return iter(sorted(found.values(), key=lambda thread: thread.note_id))


def _to_thread(project: Project, discussion: Json) -> _Thread | None:
    note = next(iter(discussion["notes"]), None)
    if note is None or note.get("type") != INLINE or note["author"]["id"] != project.facts.user_id:
        return None
    body, _, last = normal(note["body"]).rpartition("\n")
    position = note.get("position") or {}
    if not (last.startswith(_MARK) and last.endswith(_END) and position.get("new_path")):
        return None
    placed = PlacedComment(
        fingerprint=last.removeprefix(_MARK).removesuffix(_END),
        path=position["new_path"],
        line=position.get("new_line") or position["old_line"],
        body=normal(body),
        resolved=bool(note.get("resolved")),
    )
    resolver = (note.get("resolved_by") or {}).get("id", project.facts.user_id)
    dismissed = placed.resolved and resolver != project.facts.user_id
    return _Thread(discussion["id"], note["id"], note["body"], placed, dismissed)


def _text(comment: InlineComment) -> str:
    return kept_notes.checked(f"{comment.body.rstrip()}\n\n{_MARK}{comment.fingerprint}{_END}")
