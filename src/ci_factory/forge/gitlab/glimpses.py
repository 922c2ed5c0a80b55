"""What changed: a GraphQL query for fifty merge requests or issues, with the words of their notes.

`updated_at` does not tell everything. It stands still when a note is edited or deleted, when a label of the project goes,
and for a push now and then; a server's clock may be set back; and what happens in one second has one time. So hashes are
compared, of all that a list shows and of every note. REST's lists have no notes: its glimpses do not know them.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from itertools import islice

from ci_factory.forge.gitlab import reports
from ci_factory.forge.gitlab.errors import TooLarge
from ci_factory.forge.gitlab.merge_requests import ticket_of
from ci_factory.forge.gitlab.project import Project
from ci_factory.model.base import Json
from ci_factory.model.collecting import Glimpse, Glimpses, Order, Wanted
from ci_factory.model.forge import NoteTarget

PAGE = 50
"""Of one query: each brings a list of notes, and GitLab bounds the complexity of queries."""
_LISTED, _IN_TURN = 100, 5
"""Pages of REST: a list by time; and one whose every item is going to be read, as a list does not tell of notes."""
_GRAPH, _REST = "g:", "r:"
"""Before a place in a list: which API it is of."""
_NOTES = "notes(first: 100) { pageInfo { hasNextPage } nodes { id updatedAt body } }"
_COMMON = "iid updatedAt state title closedAt totalTimeSpent author { username } labels { nodes { title } }"
_OF_REQUESTS = """
sourceBranch targetBranch sourceProjectId targetProjectId diffHeadSha draft mergedAt mergeCommitSha
mergeUser { username } approvedBy { nodes { username } }
reviewers { nodes { username mergeRequestInteraction { reviewState } } }"""
_NODES = {
    NoteTarget.MERGE_REQUEST: (
        "mergeRequests",
        f"{_COMMON} {_OF_REQUESTS}",
    ),
    NoteTarget.ISSUE: ("issues", f"{_COMMON} description dueDate"),
}
_TYPES = {"iids": "[String!]", "any": "[String!]", "author": "String", "after": "String"}
_ARGUMENTS = {
    "iids": "iids: $iids",
    "any": "or: { labelNames: $any }",
    "author": "authorUsername: $author",
    "after": "after: $after",
}
_NOT_SHOWN = frozenset({"notes"})
_TOLD_BY_REST = (
    "updated_at", "state", "title", "description", "labels", "closed_at", "merged_at", "sha", "target_branch", "draft",
    "merge_commit_sha", "user_notes_count", "due_date",
)  # fmt: skip


def page(project: Project, wanted: Wanted) -> Glimpses:
    """One page of what is wanted."""
    iids = [each for each in wanted.ids if each.isascii() and each.isdigit()]
    if wanted.ids and not iids:
        return Glimpses()
    found = None if project.rest_only else _asked(project, wanted, iids)
    return _listed(project, wanted, iids) if found is None else found


def _asked(project: Project, wanted: Wanted, iids: list[str]) -> Glimpses | None:
    """By GraphQL; smaller pages, and at last none with notes, where people wrote more than fits into an answer."""
    for size, notes in ((PAGE, _NOTES), (PAGE // 10, _NOTES), (PAGE, "")):
        try:
            return _answer(project, wanted, iids, (size, notes))
        except TooLarge:
            continue
    return None


def _answer(project: Project, wanted: Wanted, iids: list[str], form: tuple[int, str]) -> Glimpses | None:
    name, fields = _NODES[wanted.target]
    requests = wanted.target is NoteTarget.MERGE_REQUEST
    variables = {
        "iids": iids,
        "any": [] if requests else list(wanted.labels),
        "author": project.facts.user if requests else None,
        "after": _place(wanted, _GRAPH),
    }
    given = {key: value for key, value in variables.items() if value}
    query = _query(name, f"{fields} {form[1]}", given, form[0], wanted)
    data = project.query(query, {"path": project.path, **given})
    if data is None or data.get("project") is None:
        return None
    listed = data["project"][name]
    more = listed["pageInfo"]
    ours = (node for node in listed["nodes"] if _is_ours(project, wanted.target, node))
    following = f"{_GRAPH}{more['endCursor']}" if more["hasNextPage"] else None
    return Glimpses(items=tuple(map(_of_node, ours)), after=following)


def _query(name: str, fields: str, given: dict[str, Json], size: int, wanted: Wanted) -> str:
    declared = "".join(f", ${key}: {_TYPES[key]}" for key in given)
    order = "CREATED_ASC" if wanted.order is Order.CREATED else "UPDATED_DESC"
    state = "opened" if wanted.opened_only else "all"
    arguments = ", ".join(
        [f"first: {size}, sort: {order}, state: {state}", *(_ARGUMENTS[key] for key in given)]
    )
    listed = f"{name}({arguments}) {{ pageInfo {{ hasNextPage endCursor }} nodes {{ {fields} }} }}"
    return f"query($path: ID!{declared}) {{ project(fullPath: $path) {{ {listed} }} }}"


def _is_ours(project: Project, target: NoteTarget, node: Json) -> bool:
    """Whether it is a merge request from a branch of the factory in this very project, or an issue that is no report."""
    author = (node.get("author") or {}).get("username") or ""
    if target is NoteTarget.ISSUE:
        return not reports.is_ours(project, node.get("description"), author)
    here = node.get("sourceProjectId") == node.get("targetProjectId")
    return here and author == project.facts.user and ticket_of(node["sourceBranch"]) is not None


def _of_node(node: Json) -> Glimpse:
    notes = node.get("notes")
    whole = notes is not None and not notes["pageInfo"]["hasNextPage"]
    said = sorted((each["id"], each["updatedAt"], each["body"]) for each in notes["nodes"]) if whole else None
    shown = {key: value for key, value in node.items() if key not in _NOT_SHOWN}
    return Glimpse(id=str(node["iid"]), shown=_hash(shown), said=_hash(said) if whole else None)


def _listed(project: Project, wanted: Wanted, iids: list[str]) -> Glimpses:
    """By REST, which filters by one label at a time: labels are looked at here."""
    requests = wanted.target is NoteTarget.MERGE_REQUEST
    size = _LISTED if wanted.order is Order.UPDATED else _IN_TURN
    number = int(_place(wanted, _REST) or 1)
    found = project.api.pages(
        project.at("merge_requests" if requests else "issues"),
        per_page=size,
        page=number,
        scope="all",
        state="opened" if wanted.opened_only else "all" if requests else None,
        order_by=f"{wanted.order.value}_at",
        sort="asc" if wanted.order is Order.CREATED else "desc",
        author_id=project.facts.user_id if requests else None,
        iids=iids or None,
    )
    rows = list(islice(found, size))
    items = tuple(_of_row(each) for each in rows if _is_wanted(project, wanted, each))
    return Glimpses(items=items, after=f"{_REST}{number + 1}" if len(rows) == size else None)


def _is_wanted(project: Project, wanted: Wanted, row: Json) -> bool:
    node = {
        "author": row.get("author"),
        "description": row.get("description"),
        "sourceBranch": row.get("source_branch") or "",
        "sourceProjectId": row.get("source_project_id"),
        "targetProjectId": row.get("target_project_id"),
    }
    labelled = not wanted.labels or not set(wanted.labels).isdisjoint(row.get("labels") or ())
    return labelled and _is_ours(project, wanted.target, node)


def _of_row(row: Json) -> Glimpse:
    shown = [row.get(name) for name in _TOLD_BY_REST]
    spent = (row.get("time_stats") or {}).get("total_time_spent")
    return Glimpse(id=str(row["iid"]), shown=_hash([*shown, spent]), said=None)


def _place(wanted: Wanted, api: str) -> str | None:
    """Where to go on; a place in another API's list is none."""
    after = wanted.after or ""
    return after.removeprefix(api) if after.startswith(api) else None


def chunks(ids: Iterable[str], size: int = PAGE) -> Iterator[tuple[str, ...]]:
    """Lists that fit into one request."""
    source = iter(ids)
    while chunk := tuple(islice(source, size)):
        yield chunk


def _hash(value: Json) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]
