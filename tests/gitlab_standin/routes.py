"""Every resource of the API, in one list."""

from importlib import import_module

from flask import Blueprint

_MODULES = (
    "access",
    "ci_lint",
    "control_api",
    "discussions",
    "events",
    "git_http",
    "graphql",
    "instance",
    "issues",
    "jobs",
    "labels",
    "links",
    "merge_requests",
    "notes",
    "participants",
    "pipelines",
    "projects",
    "repository",
    "reviews",
    "schedules",
    "snippets",
    "times",
    "users",
)


def blueprints() -> list[Blueprint]:
    """What the application answers."""
    return [import_module(f"tests.gitlab_standin.{name}").api for name in _MODULES]
