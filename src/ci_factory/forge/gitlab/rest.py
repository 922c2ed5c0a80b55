"""What GraphQL tells, asked of REST: for servers without it, and for old ones that do not know a query.

The answers have GraphQL's shape, so that everybody else knows one shape only.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import quote

from ci_factory.forge.gitlab.api import Api
from ci_factory.forge.gitlab.errors import NotFound
from ci_factory.model.base import Json

if TYPE_CHECKING:
    from ci_factory.forge.gitlab.queue import Wanted

_BLOCKED_BY = "is_blocked_by"


def facts(api: Api, path: str) -> dict[str, Json]:
    """Who we are and where: two requests.

    Raises:
        Refused: the token is nobody's.
    """
    user = api.get("/user")
    try:
        project = api.get(f"/projects/{quote(path, safe='')}")
    except NotFound:
        project = None
    return {
        "currentUser": {"id": f"gid://gitlab/User/{user['id']}", "username": user["username"]},
        "project": project
        and {
            "id": f"gid://gitlab/Project/{project['id']}",
            "archived": bool(project.get("archived")),
            "repository": {"rootRef": project.get("default_branch")},
        },
    }


def issues(api: Api, path: str, wanted: "Wanted") -> list[Json]:
    """Issues in order of creation: a list for each label of which one is enough, and the links of each issue."""
    found = {
        each["iid"]: each for label in wanted.any_label or ("",) for each in _listed(api, path, wanted, label)
    }
    by_age = sorted(found.values(), key=lambda each: (each["created_at"], each["id"]))
    return [_node(each, list(_blockers(api, f"{path}/{each['iid']}/links"))) for each in by_age]


def _listed(api: Api, path: str, wanted: "Wanted", label: str) -> Iterator[dict[str, Json]]:
    labels = ",".join([*wanted.labels, *([label] if label else [])])
    narrowed = {"labels": labels or None, "iids": [int(iid) for iid in wanted.iids] or None}
    state = "opened" if wanted.opened_only else None
    return api.pages(path, state=state, scope="all", order_by="created_at", sort="asc", **narrowed)


def _blockers(api: Api, path: str) -> Iterator[Json]:
    """Community Edition links issues without saying which one waits."""
    try:
        for each in api.pages(path):
            if each.get("link_type") == _BLOCKED_BY:
                full = (each.get("references") or {}).get("full") or f"#{each['iid']}"
                yield {"iid": str(each["iid"]), "state": each["state"], "reference": full}
    except NotFound:
        return


def _node(issue: Json, blockers: list[Json]) -> Json:
    return {
        "iid": str(issue["iid"]),
        "title": issue["title"],
        "description": issue.get("description"),
        "state": issue["state"],
        "dueDate": issue.get("due_date"),
        "createdAt": issue["created_at"],
        "author": {"username": (issue.get("author") or {}).get("username") or ""},
        "labels": {"nodes": [{"title": label} for label in issue.get("labels") or ()]},
        "blockedByIssues": {"nodes": blockers},
    }
