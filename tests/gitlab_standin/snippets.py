"""Project snippets, as plain as they can be."""

from flask import Blueprint, Response

from tests.gitlab_standin import auth, present
from tests.gitlab_standin.context import (
    Json,
    answer,
    call,
    db,
    forbidden,
    missing,
    no_content,
    not_found,
    parameters,
)
from tests.gitlab_standin.pagination import Listing, pages
from tests.gitlab_standin.store import Row

api = Blueprint("snippets", __name__, url_prefix="/api/v4")
_SNIPPETS = "/projects/<ref:ref>/snippets"


def _show(row: Row, project: Row) -> Json:
    url = present.web_url(project, f"snippets/{row['id']}")
    names = (
        "id",
        "title",
        "description",
        "visibility",
        "file_name",
        "created_at",
        "updated_at",
        "project_id",
    )
    return {name: row[name] for name in names} | {
        "author": present.user_by_id(row["author_id"]),
        "web_url": url,
        "raw_url": f"{url}/raw",
        "files": [{"path": row["file_name"], "raw_url": f"{url}/raw/main/{row['file_name']}"}],
    }


def _find(ref: str, snippet_id: int) -> tuple[Row, Row]:
    project = auth.project(ref)
    row = db().one("SELECT * FROM snippet WHERE id = ? AND project_id = ?", snippet_id, project["id"])
    if row is None:
        not_found()
    return row, project


@api.get(_SNIPPETS)
def list_snippets(ref: str) -> Response:
    """Snippets of a project."""
    project = auth.project(ref)
    return pages(Listing("snippet", ["project_id = ?"], [project["id"]]), lambda row: _show(row, project))


@api.get(f"{_SNIPPETS}/<int:snippet_id>")
def get_snippet(ref: str, snippet_id: int) -> Response:
    """One snippet."""
    return answer(_show(*_find(ref, snippet_id)))


@api.get(f"{_SNIPPETS}/<int:snippet_id>/raw")
def get_raw_snippet(ref: str, snippet_id: int) -> Response:
    """Its text."""
    return Response(_find(ref, snippet_id)[0]["content"], mimetype="text/plain")


@api.post(_SNIPPETS)
def create_snippet(ref: str) -> Response:
    """A new snippet of one file."""
    project, values = auth.project(ref, auth.REPORTER), parameters()
    first = (values.get("files") or [{}])[0]
    content, name = (
        values.get("content", first.get("content")),
        values.get("file_name", first.get("file_path")),
    )
    given = {"title": values.get("title"), "content": content, "file_name": name}
    if gone := [key for key, value in given.items() if not value]:
        missing(*gone)
    row_id = db().insert(
        "snippet",
        project_id=project["id"],
        author_id=call().me["id"],
        **given,
        visibility=values.get("visibility") or "private",
        description=values.get("description"),
        created_at=db().now,
        updated_at=db().now,
    )
    return answer(_show(db().get("SELECT * FROM snippet WHERE id = ?", row_id), project), 201)


@api.delete(f"{_SNIPPETS}/<int:snippet_id>")
def delete_snippet(ref: str, snippet_id: int) -> Response:
    """Take a snippet away, as its author or a maintainer."""
    row, project = _find(ref, snippet_id)
    if call().me["id"] != row["author_id"] and auth.my_level(project) < auth.MAINTAINER:
        forbidden()
    db().run("DELETE FROM snippet WHERE id = ?", row["id"])
    return no_content()
