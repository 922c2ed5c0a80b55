"""Projects and groups."""

from flask import Blueprint, Response

from tests.gitlab_standin import auth
from tests.gitlab_standin.context import Json, answer, call, db, not_found, parameters, truth
from tests.gitlab_standin.pagination import page_of
from tests.gitlab_standin.store import Row

api = Blueprint("projects", __name__, url_prefix="/api/v4")
_PROJECT = "/projects/<ref:ref>"


def show(row: Row) -> Json:
    """A project as the API shows it."""
    url, level = call().settings.url, auth.my_level(row)
    namespace = db().get("SELECT * FROM namespace WHERE id = ?", row["namespace_id"])
    api_url = f"{url}/api/v4/projects/{row['id']}"
    issues = "SELECT count(*) FROM issue WHERE project_id = ? AND state = 'opened'"
    return {
        "id": row["id"],
        "description": row["description"],
        "name": row["path"],
        "name_with_namespace": f"{namespace['full_path'].replace('/', ' / ')} / {row['path']}",
        "path": row["path"],
        "path_with_namespace": row["full_path"],
        "created_at": row["created_at"],
        "updated_at": row["updated_at"],
        "last_activity_at": row["updated_at"],
        "default_branch": row["default_branch"],
        "tag_list": [],
        "topics": [],
        "ssh_url_to_repo": f"git@127.0.0.1:{row['full_path']}.git",
        "http_url_to_repo": f"{url}/{row['full_path']}.git",
        "web_url": f"{url}/{row['full_path']}",
        "readme_url": None,
        "avatar_url": None,
        "forks_count": 0,
        "star_count": 0,
        "namespace": show_namespace(namespace),
        "archived": bool(row["archived"]),
        "visibility": row["visibility"],
        "empty_repo": False,
        "issues_enabled": True,
        "merge_requests_enabled": True,
        "jobs_enabled": True,
        "snippets_enabled": True,
        "issues_access_level": "enabled",
        "merge_requests_access_level": "enabled",
        "builds_access_level": "enabled",
        "open_issues_count": db().value(issues, row["id"]),
        "merge_method": "merge",
        "squash_option": "default_off",
        "only_allow_merge_if_pipeline_succeeds": bool(row["pipeline_must_succeed"]),
        "only_allow_merge_if_all_discussions_are_resolved": bool(row["discussions_resolved"]),
        "remove_source_branch_after_merge": bool(row["remove_source_branch"]),
        "autoclose_referenced_issues": True,
        "ci_config_path": "",
        "_links": {
            "self": api_url,
            "issues": f"{api_url}/issues",
            "merge_requests": f"{api_url}/merge_requests",
            "repo_branches": f"{api_url}/repository/branches",
            "labels": f"{api_url}/labels",
            "events": f"{api_url}/events",
            "members": f"{api_url}/members",
        },
        "permissions": _permissions(row, level),
    }


def _permissions(row: Row, level: int) -> Json:
    user = call().user
    direct = user and db().one(
        "SELECT access_level FROM member WHERE project_id = ? AND user_id = ?", row["id"], user["id"]
    )
    access = {"access_level": direct["access_level"], "notification_level": 3} if direct else None
    through_group = {"access_level": level, "notification_level": 3} if level and not direct else None
    return {"project_access": access, "group_access": through_group}


def show_namespace(row: Row) -> Json:
    """A project's namespace."""
    return {
        "id": row["id"],
        "name": row["path"],
        "path": row["path"],
        "kind": "group",
        "full_path": row["full_path"],
        "parent_id": row["parent_id"],
        "avatar_url": None,
        "web_url": f"{call().settings.url}/groups/{row['full_path']}",
    }


@api.get("/projects")
def list_projects() -> Response:
    """Projects that the user can see."""
    values = parameters()
    rows = db().all("SELECT * FROM project ORDER BY id DESC")
    seen = [row for row in rows if auth.sees(db(), call().user, row)]
    if truth(values.get("membership")):
        seen = [row for row in seen if auth.my_level(row)]
    if text := values.get("search"):
        seen = [row for row in seen if text.lower() in row["full_path"].lower()]
    if "archived" in values:
        seen = [row for row in seen if bool(row["archived"]) == truth(values["archived"])]
    return page_of([show(row) for row in seen])


@api.get(_PROJECT)
def get_project(ref: str) -> Response:
    """One project."""
    return answer(show(auth.project(ref)))


@api.put(_PROJECT)
def update_project(ref: str) -> Response:
    """Change settings that something here depends on."""
    row, values = auth.project(ref, auth.MAINTAINER), parameters()
    flags = {
        "only_allow_merge_if_pipeline_succeeds": "pipeline_must_succeed",
        "only_allow_merge_if_all_discussions_are_resolved": "discussions_resolved",
        "remove_source_branch_after_merge": "remove_source_branch",
    }
    changed: Json = {column: truth(values[name]) for name, column in flags.items() if name in values}
    changed |= {
        name: values[name] for name in ("description", "default_branch", "visibility") if name in values
    }
    db().update("project", row["id"], **changed, updated_at=db().now)
    return answer(show(db().get("SELECT * FROM project WHERE id = ?", row["id"])))


@api.post(f"{_PROJECT}/archive")
def archive_project(ref: str) -> Response:
    """Nothing in it changes any more."""
    row = auth.project(ref, auth.OWNER)
    db().update("project", row["id"], archived=1)
    return answer(show(db().get("SELECT * FROM project WHERE id = ?", row["id"])), 201)


# Groups


def group(ref: str) -> Row:
    """The group of a request; 404 when the user sees no project in it."""
    column = "id" if ref.isdigit() else "full_path"
    row = db().one(f"SELECT * FROM namespace WHERE {column} = ?", ref)  # noqa: S608 - one of two words
    if row is None or not projects_below(row):
        not_found("Group")
    return row


def projects_below(namespace: Row) -> list[Row]:
    """Projects of a group and of the groups below it that the user can see."""
    rows = db().all(
        "SELECT project.* FROM project JOIN namespace ON namespace.id = namespace_id"
        " WHERE namespace.full_path = ?1 OR namespace.full_path LIKE ?1 || '/%' ORDER BY project.id",
        namespace["full_path"],
    )
    return [row for row in rows if auth.sees(db(), call().user, row)]


@api.get("/groups/<ref:ref>")
def get_group(ref: str) -> Response:
    """One group."""
    row = group(ref)
    return answer(
        show_namespace(row)
        | {
            "visibility": "private",
            "description": "",
            "full_name": row["full_path"],
            "created_at": row["created_at"],
        }
    )


@api.get("/groups/<ref:ref>/projects")
def list_group_projects(ref: str) -> Response:
    """Projects of a group; those of groups below it on request."""
    row, values = group(ref), parameters()
    below = truth(values.get("include_subgroups"))
    found = [each for each in projects_below(row) if below or each["namespace_id"] == row["id"]]
    if "archived" in values:
        found = [each for each in found if bool(each["archived"]) == truth(values["archived"])]
    return page_of([show(each) for each in found])
