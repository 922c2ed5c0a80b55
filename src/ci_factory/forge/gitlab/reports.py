"""The issue of ours that carries a report, made once and updated in place; and follow-ups of tickets, made once.

It is found by its author's id and its hidden marker: people may rename it, label it anew, or close it. Its title and
label are set when it is made; afterwards they belong to people.
"""

from collections.abc import Callable, Iterator
from functools import partial

from ci_factory.forge import kept_reports
from ci_factory.forge.gitlab import quick_actions
from ci_factory.forge.gitlab.notes import normal
from ci_factory.forge.gitlab.project import Project
from ci_factory.model.base import Json
from ci_factory.model.forge import NoteTarget, ReportIssue

_Ours = Callable[[str], bool]
"""Whether a description is the one that is looked for."""


def ensure(project: Project, key: str, title: str, body: str, *, update: bool) -> ReportIssue:
    """Make sure that one issue of ours ends with the key's marker, and that it says `body`.

    Of several, which only two runs at the same moment can make, the oldest open one counts.
    """
    text = quick_actions.refused(kept_reports.marked(key, body), project.at("issues"))
    ours = partial(kept_reports.carries, key=key)
    found = _find(project, ours)
    if found is None:
        return _to_report(_create(project, ours, kept_reports.titled(title), text, project.names.report))
    if update and normal(found.get("description")) != normal(text):
        found = project.api.put(project.of(NoteTarget.ISSUE, found["iid"]), {"description": text})
    return _to_report(found)


def find(project: Project, key: str) -> ReportIssue | None:
    """The issue of ours that ends with the key's marker."""
    found = _find(project, partial(kept_reports.carries, key=key))
    return None if found is None else _to_report(found)


def ensure_follow_up(project: Project, ticket_id: str, title: str, body: str) -> str:
    """Make sure that one issue of ours is the follow-up of a ticket; its number. One that is there stays as it is."""
    key = kept_reports.follow_up_key(ticket_id)
    marked = kept_reports.marked(key, body, kept_reports.FOLLOW_UP)
    text = quick_actions.refused(marked, project.at("issues"))
    ours = partial(kept_reports.carries, key=key, kind=kept_reports.FOLLOW_UP)
    found = _find(project, ours)
    if found is None:
        found = _create(project, ours, kept_reports.titled(title), text, project.names.draft)
    return str(found["iid"])


def is_ours(project: Project, description: str | None, author: str) -> bool:
    """Whether an issue is one of our reports, and so nobody's ticket."""
    return kept_reports.is_report(description or "") and author == project.facts.user


def _create(project: Project, ours: _Ours, title: str, text: str, label: str) -> Json:
    data = {"title": title, "description": text, "labels": label}
    return project.api.post(project.at("issues"), data, done=lambda: _find(project, ours))


def _find(project: Project, ours: _Ours) -> Json | None:
    kept = sorted(_kept(project, ours), key=lambda each: (each["state"] != "opened", each["iid"]))
    return next(iter(kept), None)


def _kept(project: Project, ours: _Ours) -> Iterator[Json]:
    mine = project.facts.user_id
    pages = project.api.pages(project.at("issues"), author_id=mine, scope="all", state="all")
    return (each for each in pages if each["author"]["id"] == mine and ours(normal(each.get("description"))))


def _to_report(raw: Json) -> ReportIssue:
    return ReportIssue(id=str(raw["iid"]), title=raw["title"], body=normal(raw.get("description")))
