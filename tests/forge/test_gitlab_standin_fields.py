"""The stand-in's answers against GitLab's published description: every field that it has too is of the same type.

Set TEST_GITLAB_OPENAPI to the path of GitLab's OpenAPI document (version 15.2, YAML) to run these tests.
"""

import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from tests.gitlab_standin.control import Job
from tests.gitlab_standin.example import Example
from tests.gitlab_standin.fixtures import place, server, tokens

__all__ = ["place", "server", "tokens"]
VARIABLE = "TEST_GITLAB_OPENAPI"
PROJECT = "/api/v4/projects/{id}"
ISSUE, MR = f"{PROJECT}/issues/{{issue_iid}}", f"{PROJECT}/merge_requests/{{merge_request_iid}}"
SHARES = {
    f"{PROJECT}/": 0.3,
    f"{PROJECT}/issues": 0.6,
    ISSUE: 0.8,
    f"{ISSUE}/notes": 0.9,
    f"{ISSUE}/links": 0.9,
    f"{ISSUE}/time_stats": 1.0,
    f"{ISSUE}/resource_label_events": 1.0,
    f"{ISSUE}/discussions": 0.9,
    f"{PROJECT}/labels": 0.6,
    f"{PROJECT}/merge_requests": 0.6,
    MR: 0.8,
    f"{MR}/approvals": 0.6,
    f"{MR}/approval_state": 0.6,
    f"{MR}/versions": 0.9,
    f"{MR}/discussions": 0.8,
    f"{MR}/commits": 0.9,
    f"{MR}/changes": 0.8,
    f"{MR}/notes": 0.8,
    f"{PROJECT}/pipelines": 0.9,
    f"{PROJECT}/pipelines/{{pipeline_id}}": 0.8,
    f"{PROJECT}/pipelines/{{pipeline_id}}/jobs": 0.6,
    f"{PROJECT}/jobs/{{job_id}}": 0.6,
    f"{PROJECT}/pipeline_schedules": 0.9,
    f"{PROJECT}/variables": 0.9,
    f"{PROJECT}/protected_branches": 0.6,
    f"{PROJECT}/repository/branches": 0.8,
    f"{PROJECT}/repository/commits": 0.8,
    f"{PROJECT}/repository/tree": 1.0,
    f"{PROJECT}/repository/files/{{file_path}}": 0.9,
    f"{PROJECT}/members/all": 0.6,
    "/api/v4/user": 0.4,
    "/api/v4/users": 0.1,
    "/api/v4/version": 1.0,
}
"""Which answers are compared, and the least share of the document's fields that the answer must have."""
NUMBERS = {
    "issue_iid": 1,
    "merge_request_iid": 1,
    "pipeline_id": 1,
    "job_id": 1,
}
LOOSE = {"noteable_iid"}
"""Numbers that the document calls strings in discussions, and numbers everywhere else."""
TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
}


@cache
def document() -> dict[str, Any]:
    path = os.environ.get(VARIABLE)
    if not path or not Path(path).is_file():
        pytest.skip(f"{VARIABLE} names no OpenAPI document")
    with Path(path).open(encoding="utf-8") as file:
        found: dict[str, Any] = yaml.load(file, yaml.CSafeLoader)
    return found


def resolve(schema: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in schema:
        schema = document()["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]]
    return schema


def described(path: str) -> dict[str, Any] | None:
    """Schema of a good answer, or nothing where the document has none."""
    operation = document()["paths"].get(path, {}).get("get")
    for status, answer in (operation or {"responses": {}})["responses"].items():
        content = answer.get("content", {}).get("application/json", {})
        if str(status).startswith("2") and content:
            return resolve(content["schema"])
    return None


def differences(schema: dict[str, Any], value: Any, where: str = "") -> Iterator[str]:
    """Where a value is of another type than described; what is `null` and what is not described passes."""
    schema = resolve(schema)
    kind = schema.get("type")
    if value is None or kind is None:
        return
    fits = isinstance(value, TYPES[kind])
    if not fits or (kind == "integer" and isinstance(value, bool)):
        yield f"{where} is {type(value).__name__}, described as {kind}"
    elif kind == "array" and value:
        yield from differences(schema.get("items", {}), value[0], f"{where}[]")
    elif kind == "object":
        for name, inner in schema.get("properties", {}).items():
            if name in value and name not in LOOSE:
                yield from differences(inner, value[name], f"{where}.{name}")


def fields(schema: dict[str, Any]) -> set[str]:
    schema = resolve(schema)
    return set(
        resolve(schema.get("items", {}) if schema.get("type") == "array" else schema).get("properties", {})
    )


@pytest.fixture
def full(place: Example) -> Example:
    """A project with one of everything."""
    project = place.project("olga")
    first = project.issues.create(
        {"title": "x", "labels": "a", "description": "- [ ] y", "due_date": "2026-05-01"}
    )
    second = project.issues.create({"title": "other"})
    first.links.create({"target_project_id": place.id, "target_issue_iid": second.iid})
    first.notes.create({"body": "hello"})
    mr = place.merge_request(labels="a", description="Closes #1")
    mr.notes.create({"body": "hello"})
    mr.discussions.create({"body": "thread"})
    place.project("max").mergerequests.get(1).approve()
    place.server.pipeline(place.id, "change", jobs=(Job("test", files={"a.txt": "1"}),))
    place.server.schedule(place.id, "nightly", owner="olga")
    place.server.variable(place.id, "KEY", "value", protected=True)
    return place


def test_answers_have_the_types_of_the_description(full: Example) -> None:
    """Same names, same types, and enough of the names."""
    document()
    session = requests.Session()
    session.headers["PRIVATE-TOKEN"] = full.tokens["olga"]
    numbers = NUMBERS | {
        "id": full.id,
        "file_path": "app.py",
        "pipeline_id": full.project().pipelines.list()[0].id,
        "job_id": full.project().jobs.list()[0].id,
    }
    problems, compared = [], 0
    for path, share in SHARES.items():
        schema = described(path)
        url = full.server.url + path.format(**numbers).rstrip("/")
        answer = session.get(url, params={"ref": "main"} if "files" in path else None, timeout=30)
        assert answer.status_code == 200, (path, answer.text)
        if schema is None:
            continue
        compared += 1
        value = answer.json()
        if isinstance(value, list) != (schema.get("type") == "array"):
            schema = (
                schema.get("items", {})
                if schema.get("type") == "array"
                else {"type": "array", "items": schema}
            )
        problems += [f"{path}{each}" for each in differences(schema, value)]
        shown = set(value[0] if isinstance(value, list) else value)
        if (known := fields(schema)) and len(known & shown) / len(known) < share:
            problems.append(f"{path} lacks {sorted(known - shown)}")
    session.close()
    assert not problems, "\n".join(problems)
    assert compared >= 25
