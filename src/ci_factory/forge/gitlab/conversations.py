"""What was said on several issues: one GraphQL query for fifty of them."""

from collections.abc import Iterable, Iterator
from contextlib import suppress

from ci_factory.forge.gitlab import notes
from ci_factory.forge.gitlab.errors import NotFound
from ci_factory.forge.gitlab.project import Project
from ci_factory.model.base import Json
from ci_factory.model.forge import Note, NoteTarget

ISSUES = 50
"""In one query: each brings a list of its own, and GitLab bounds the complexity of queries."""
_NOTES = 100
_QUERY = f"""query($path: ID!, $iids: [String!]) {{ project(fullPath: $path) {{
  issues(iids: $iids, state: all, first: {ISSUES}) {{ nodes {{ iid
    notes(first: {_NOTES}, filter: ONLY_COMMENTS) {{
      pageInfo {{ hasNextPage }}
      nodes {{ id body system createdAt updatedAt author {{ username }} }}
    }}
  }} }}
}} }}"""


def of_issues(project: Project, ticket_ids: Iterable[str]) -> dict[str, list[Note]]:
    """Notes by ticket, oldest first. A long conversation is read on its own, to its end."""
    iids = list(dict.fromkeys(each for each in ticket_ids if each.isascii() and each.isdigit()))
    found: dict[str, list[Note]] = {}
    for start in range(0, len(iids), ISSUES):
        some = iids[start : start + ISSUES]
        answer = project.query(_QUERY, {"path": project.path, "iids": some})
        if answer is None:
            found |= _one_by_one(project, some)
            continue
        for issue in (answer["project"] or {"issues": {"nodes": []}})["issues"]["nodes"]:
            found[issue["iid"]] = _notes(project, issue)
    return found


def _one_by_one(project: Project, iids: Iterable[str]) -> dict[str, list[Note]]:
    found = {}
    for iid in iids:
        with suppress(NotFound):
            found[iid] = notes.read(project, NoteTarget.ISSUE, iid)
    return found


def _notes(project: Project, issue: Json) -> list[Note]:
    if issue["notes"]["pageInfo"]["hasNextPage"]:
        return notes.read(project, NoteTarget.ISSUE, issue["iid"])
    return sorted(_said(issue), key=lambda note: (note.created_at, note.id))


def _said(issue: Json) -> Iterator[Note]:
    for each in issue["notes"]["nodes"]:
        if not each["system"]:
            yield Note(
                id=int(each["id"].rpartition("/")[2]),
                target=NoteTarget.ISSUE,
                target_id=issue["iid"],
                author=(each["author"] or {"username": "ghost"})["username"],
                body=notes.normal(each["body"]),
                created_at=each["createdAt"],
                updated_at=each["updatedAt"],
            )
