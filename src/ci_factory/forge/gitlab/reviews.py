"""What reviewers said: approvals, and requests for changes."""

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from ci_factory.errors import ForgeError
from ci_factory.forge.gitlab import notes, quick_actions
from ci_factory.forge.gitlab.errors import NotFound
from ci_factory.forge.gitlab.project import Project
from ci_factory.forge.gitlab.versions import NO_COMMIT, Version, head_at, moment
from ci_factory.model.base import Json
from ci_factory.model.forge import Approval, NoteTarget

MR = NoteTarget.MERGE_REQUEST
_APPROVED = re.compile(r"approved this merge request")
_REQUESTED = "requested_changes"


def approvals(project: Project, raw: Json, versions: Sequence[Version]) -> tuple[Approval, ...]:
    """Who approved which head, by the time of the approval.

    GitLab keeps no head with an approval: it is the newest that was there before. Servers that do not tell
    `approved_at` have it in their own notes; where even those are missing, which head was approved is unknown, and the
    first is named, with the time at which that came, so that the approval counts for nothing that came later.
    """
    given = project.api.get(project.of(MR, raw["iid"], "approvals")).get("approved_by") or []
    if not given:
        return ()
    noted = None if all(each.get("approved_at") for each in given) else _noted(project, raw["iid"])
    found = []
    for each in given:
        user = each["user"]["username"]
        at = moment(each["approved_at"]) if each.get("approved_at") else (noted or {}).get(user)
        head = head_at(versions, at) if at else (versions[0].head if versions else "")
        found.append(Approval(user=user, head=head or NO_COMMIT, at=at or moment(raw["created_at"])))
    return tuple(sorted(found, key=lambda approval: (approval.at, approval.user)))


def ever_approved(made: Iterable[Json]) -> bool:
    """Whether GitLab's own notes tell of an approval, standing or not."""
    return any(_APPROVED.match(note["body"]) for note in made)


def changes_requested_by(project: Project, raw: Json) -> tuple[str, ...]:
    """Reviewers who wait for changes. Unknown, and therefore empty, on servers before 16.9 that do not tell."""
    if not raw.get("reviewers"):
        return ()
    states = _reviewers(project, raw["iid"])
    return tuple(sorted(each["user"]["username"] for each in states if each.get("state") == _REQUESTED))


def approve(project: Project, raw: Json, versions: Sequence[Version]) -> None:
    """Approve the head that was read; once more only when that is another one than before.

    Raises:
        Conflict: the head moved.
        ForgeError: the author approves their own change.
    """
    me = project.facts
    if raw["author"]["id"] == me.user_id:
        raise ForgeError(
            f"{me.user} can't approve !{raw['iid']}, their own change",
            where=project.path,
            fix="ask somebody else",
        )
    mine = [each for each in approvals(project, raw, versions) if each.user == me.user]
    asking = me.user in changes_requested_by(project, raw)
    if mine and not asking and mine[0].head == raw["sha"]:
        return
    if mine:
        _withdraw(project, raw["iid"])
    path = project.of(MR, raw["iid"], "approve")
    project.api.post(path, {"sha": raw["sha"]}, done=lambda: _approved_by(project, raw["iid"], me.user_id))


def request_changes(project: Project, raw: Json, reason: str) -> None:
    """Withdraw our approval, ask for changes, then say why: after a kill in between the reason is what is missing."""
    me = project.facts
    text = quick_actions.refused(reason, project.of(MR, raw["iid"]))
    if _approved_by(project, raw["iid"], me.user_id):
        _withdraw(project, raw["iid"])
    if me.user not in changes_requested_by(project, raw):
        reviewing = any(each["id"] == me.user_id for each in raw.get("reviewers") or ())
        lines = ["/request_changes"] if reviewing else ["/assign_reviewer me", "/request_changes"]
        _carry_out(project, raw["iid"], lines, lambda: _asked_by(project, raw["iid"], me.user))
    notes.add(project, MR, str(raw["iid"]), text)


def _carry_out(project: Project, iid: int, lines: Sequence[str], done: Callable[[], Json | None]) -> None:
    """Notes of nothing but our own quick actions, which GitLab carries out and does not keep.

    A server that does not know the action keeps its words as a note, which nobody should read.
    """
    for line in lines:
        made = project.api.post(project.of(MR, iid, "notes"), {"body": line}, done=done)
        if made and "id" in made:
            project.api.delete(project.of(MR, iid, "notes", made["id"]))


def _asked_by(project: Project, iid: int, user: str) -> Json | None:
    states = _reviewers(project, iid)
    return next(
        (each for each in states if each["user"]["username"] == user and each.get("state") == _REQUESTED),
        None,
    )


def _reviewers(project: Project, iid: int) -> list[Json]:
    """Reviewers with the state of their reviews; none on servers that have no such list."""
    try:
        return list(project.api.pages(project.of(MR, iid, "reviewers")))
    except NotFound:
        return []


def _withdraw(project: Project, iid: int) -> None:
    def done() -> Json | None:
        return {"approved": False} if not _approved_by(project, iid, project.facts.user_id) else None

    project.api.post(project.of(MR, iid, "unapprove"), {}, done=done)


def _approved_by(project: Project, iid: int, user_id: int) -> Json | None:
    given = project.api.get(project.of(MR, iid, "approvals")).get("approved_by") or []
    return next((each for each in given if each["user"]["id"] == user_id), None)


def _noted(project: Project, iid: int) -> dict[str, datetime]:
    """When each user approved last, by GitLab's own notes."""
    made = notes.raw(project, MR, str(iid), system=True)
    approved = (each for each in made if _APPROVED.match(each["body"]))
    return {each["author"]["username"]: moment(each["created_at"]) for each in approved}
