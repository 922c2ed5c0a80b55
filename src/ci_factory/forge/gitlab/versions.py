"""Versions of a merge request: which head it had, and when."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from ci_factory.forge.gitlab.project import Project
from ci_factory.model.base import Json
from ci_factory.model.forge import NoteTarget

NO_COMMIT = "0" * 40
"""Git's own name for no commit: the head of a merge request whose branch went before GitLab looked at it."""


@dataclass(frozen=True)
class Version:
    """A head that was pushed; another target branch makes no new one."""

    id: int
    head: str
    base: str
    start: str
    at: datetime
    patch_id: str | None = None
    """The same for the same change on another base; `None` from servers that do not tell it."""


def read(project: Project, iid: int) -> tuple[Version, ...]:
    """All heads of a merge request, oldest first."""
    pages = project.api.pages(project.of(NoteTarget.MERGE_REQUEST, iid, "versions"))
    found = sorted((_to_version(each) for each in pages), key=lambda version: version.id)
    return tuple(now for before, now in zip([None, *found], found, strict=False) if not _same(before, now))


def head_at(versions: Sequence[Version], moment: datetime) -> str:
    """The newest head that was there before a moment, or the first; `""` when there is none.

    One that came in the same instant does not count: an approval must never pass to what was not looked at.
    """
    earlier = [version.head for version in versions if version.at < moment]
    return earlier[-1] if earlier else next((version.head for version in versions), "")


def moment(text: str) -> datetime:
    """A moment as GitLab writes it."""
    return datetime.fromisoformat(text)


def _same(before: Version | None, now: Version) -> bool:
    return before is not None and before.head == now.head


def _to_version(raw: Json) -> Version:
    return Version(
        raw["id"],
        raw["head_commit_sha"],
        raw["base_commit_sha"],
        raw["start_commit_sha"],
        moment(raw["created_at"]),
        raw.get("patch_id_sha") or None,
    )
