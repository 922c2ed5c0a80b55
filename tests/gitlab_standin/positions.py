"""Positions of notes in a diff: checked against the diff, with the line code that GitLab gives them."""

import hashlib
import json
import re
from typing import Any

from tests.gitlab_standin.context import ApiError, Json
from tests.gitlab_standin.issuables import Target
from tests.gitlab_standin.repo import GitFailed, Repo
from tests.gitlab_standin.versions import repo

_NEEDED = ("base_sha", "start_sha", "head_sha", "position_type")
_HUNK = re.compile(r"@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@")


def shown_position(text: str) -> Json:
    """A stored position."""
    found: Json = json.loads(text)
    return found


def checked_position(target: Target, values: Any) -> str:
    """A position to be stored.

    Raises:
        ApiError: 400, it is incomplete or its line is not in the diff.
    """
    if gone := [name for name in _NEEDED if not (isinstance(values, dict) and values.get(name))]:
        raise ApiError(400, {"error": ", ".join(f"position[{name}] is missing" for name in gone)})
    old, new = _line(values, "old_line"), _line(values, "new_line")
    path = values.get("new_path") or values.get("old_path")
    if values["position_type"] == "text" and not (path and (old or new)):
        raise _incomplete()
    if values["position_type"] == "text" and not _in_diff(repo(target.project), values, old, new):
        raise _no_line_code()
    code = f"{hashlib.sha1(str(path).encode()).hexdigest()}_{old or 0}_{new or 0}"  # noqa: S324 - as GitLab does
    names = (*_NEEDED, "old_path", "new_path")
    position = {name: values.get(name) for name in names} | {"old_line": old, "new_line": new}
    return json.dumps(position | {"line_range": values.get("line_range"), "line_code": code})


def _line(values: Json, name: str) -> int | None:
    value = values.get(name)
    return int(value) if value not in {None, "", "null"} else None


def _incomplete() -> ApiError:
    return ApiError(400, {"message": '400 Bad request - Note {:position=>["is incomplete"]}'})


def _no_line_code() -> ApiError:
    words = '400 Bad request - Note {:line_code=>["can\'t be blank", "must be a valid line code"]}'
    return ApiError(400, {"message": words})


def _in_diff(git: Repo, values: Json, old: int | None, new: int | None) -> bool:
    """Whether the diff of the position's commits shows that line: as added, removed or context."""
    paths = {path for path in (values.get("old_path"), values.get("new_path")) if path}
    try:
        span = (str(values["base_sha"]), str(values["head_sha"]))
        text = git.git("diff-tree", "-r", "-M", "-p", "-U3", *span, "--", *paths)
    except GitFailed:
        return False
    return (old, new) in _lines(text)


def _lines(diff: str) -> set[tuple[int | None, int | None]]:
    """(old line, new line) of every line that a diff shows."""
    found: set[tuple[int | None, int | None]] = set()
    old = new = 0
    inside = False
    for line in diff.split("\n"):
        if match := _HUNK.match(line):
            old, new, inside = int(match[1]), int(match[2]), True
        elif not inside or line.startswith(("diff ", "\\")):
            inside = inside and not line.startswith("diff ")
        elif line.startswith("+"):
            found.add((None, new))
            new += 1
        elif line.startswith("-"):
            found.add((old, None))
            old += 1
        else:
            found.add((old, new))
            old, new = old + 1, new + 1
    return found
