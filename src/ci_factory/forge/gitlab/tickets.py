"""Issues of GitLab as tickets. One strange issue must not hide the others, so what can't be kept is left out."""

import re
from collections.abc import Iterable

from ci_factory.errors import TicketError
from ci_factory.forge import ticket_text
from ci_factory.forge.kept_notes import storable
from ci_factory.forge.ticket_files import to_ticket
from ci_factory.model.base import Json
from ci_factory.model.forge import Issue, IssueState
from ci_factory.model.text import hidden_characters
from ci_factory.model.ticket import Priority, Size, Ticket

_MAX_LABELS, _MAX_DEPENDENCIES, _MAX_BODY, _MAX_ID = 100, 200, 1_000_000, 64
_DATE = len("2026-01-31")


def to_issue(node: Json, project: str) -> Issue:
    """An issue from a GraphQL node; `project` is the path of the project that it belongs to."""
    labels = tuple(storable(label["title"]) for label in node["labels"]["nodes"])[:_MAX_LABELS]
    body = storable(node.get("description") or "").replace("\r\n", "\n")[:_MAX_BODY]
    fields: dict[str, Json] = {
        "id": str(node["iid"]),
        "title": storable(node["title"]),
        "labels": list(labels),
        "priority": _scoped(labels, "priority::", Priority),
        "complexity": _scoped(labels, "complexity::", Size),
        "depends_on": _dependencies(node, body, project),
        "due": str(node["dueDate"])[:_DATE] if node.get("dueDate") else None,
        "author": (node.get("author") or {}).get("username") or "",
        "created_at": node["createdAt"],
    }
    state = IssueState.OPENED if node["state"] == "opened" else IssueState.CLOSED
    return Issue(ticket=_ticket(fields, body), state=state)


def _ticket(fields: dict[str, Json], body: str) -> Ticket:
    try:
        return to_ticket(fields, body)
    except TicketError:
        return _plain(fields, body)


def _plain(fields: dict[str, Json], body: str) -> Ticket:
    """What is certain, without the sections that could not be kept; readiness says what is missing."""
    title = " ".join(ticket_text.visible(fields["title"]).split())[:255]
    values = fields | {
        "title": title or f"Issue {fields['id']}",
        "labels": tuple(fields["labels"]),
        "depends_on": tuple(fields["depends_on"]),
        "body": ticket_text.visible(body),
        "hidden": hidden_characters(f"{fields['title']}\n{body}"),
        "due": None,
    }
    return Ticket.model_validate({name: value for name, value in values.items() if value is not None})


def _scoped(labels: Iterable[str], scope: str, words: type[Priority | Size]) -> str | None:
    """The value of a scoped label, if it is one that we know."""
    values = (label.removeprefix(scope).strip().lower() for label in labels if label.startswith(scope))
    return next((value for value in values if value in list(words)), None)


def _dependencies(node: Json, body: str, project: str) -> list[str]:
    blockers = (node.get("blockedByIssues") or {}).get("nodes") or []
    linked = [found for blocker in blockers if (found := _blocker(blocker, project))]
    told = [number for number in (*ticket_text.dependencies(body), *linked) if number != str(node["iid"])]
    return list(dict.fromkeys(told))[:_MAX_DEPENDENCIES]


def _blocker(blocker: Json, project: str) -> str | None:
    """Id of a blocking issue; one of another project has an id that no ticket here has, as long as it is open."""
    path, _, number = str(blocker["reference"]).rpartition("#")
    if not path or path.casefold() == project.casefold():
        return str(blocker["iid"])
    if blocker["state"] != "opened":
        return None
    return re.sub(r"[^A-Za-z0-9._-]+", "-", f"{path}-{number}").strip("._-")[-_MAX_ID:].lstrip("._-")
