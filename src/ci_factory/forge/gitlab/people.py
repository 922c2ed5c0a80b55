"""Who people are: members with their roles, bots, owners of code. Asked for once each, then remembered."""

import re
from collections.abc import Callable

from ci_factory.errors import ForgeError
from ci_factory.forge.gitlab.project import Project
from ci_factory.model.base import Json
from ci_factory.model.forge import Role

CODEOWNERS = ("CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS")
"""Where GitLab looks for the file; the first one counts."""

_LEVELS = (
    (50, Role.OWNER),
    (40, Role.MAINTAINER),
    (30, Role.DEVELOPER),
    (20, Role.REPORTER),
    (10, Role.GUEST),
)
_TOKEN_BOT = re.compile(r"(?:project|group)_\d+_bot(?:_|\d*$)")


def role_of(project: Project, name: str) -> Role | None:
    """The role of a member, inherited or direct; `None` for a stranger and for somebody who is blocked.

    Roles between two (GitLab's Planner) count as the lesser. Remembered for the run.
    """
    levels = _remembered(project, f"member:{name.casefold()}", lambda: _levels(project, name))
    level = max(levels, default=0)
    return next((role for least, role in _LEVELS if level >= least), None)


def is_bot(project: Project, name: str) -> bool:
    """Whether a user is a program: GitLab says so, or the name is that of a project's or group's token."""
    if _TOKEN_BOT.match(name):
        return True
    found = _user(project, name)
    if found is None:
        return False
    shown = _remembered(project, f"id:{found['id']}", lambda: project.api.get(f"/users/{found['id']}"))
    return bool(shown.get("bot"))


def user_id(project: Project, name: str) -> int:
    """The id of a user.

    Raises:
        ForgeError: there is no such user.
    """
    found = _user(project, name)
    if found is None:
        raise ForgeError(
            f"there is no user {name!r}",
            where=project.api.url,
            fix="correct the name among the reviewers or in CODEOWNERS",
        )
    return int(found["id"])


def _user(project: Project, name: str) -> Json | None:
    found: Json = _remembered(
        project, f"user:{name.casefold()}", lambda: project.api.get("/users", username=name)
    )
    return next((each for each in found if each["username"].casefold() == name.casefold()), None)


def _levels(project: Project, name: str) -> list[int]:
    """All roles of exactly this user; the search itself also finds similar names."""
    found = project.api.pages(project.at("members", "all"), query=name)
    active = (each for each in found if each.get("state", "active") == "active")
    return [each["access_level"] for each in active if each["username"].casefold() == name.casefold()]


def _remembered(project: Project, key: str, ask: Callable[[], Json]) -> Json:
    if key not in project.users:
        project.users[key] = ask()
    return project.users[key]
