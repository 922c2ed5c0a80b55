"""Whether a token may do what the factory has to do in a project: asked before anything is written."""

from collections.abc import Iterator
from datetime import date, timedelta
from fnmatch import fnmatchcase

from ci_factory.errors import Conflict, ForgeError
from ci_factory.forge.gitlab import people
from ci_factory.forge.gitlab.errors import NotFound, Refused
from ci_factory.forge.gitlab.project import Project
from ci_factory.model.base import Json
from ci_factory.model.forge import Role
from ci_factory.model.health import Check, Health

_EXPIRES_SOON = timedelta(days=14)
_BRANCH = "factory/1-example"
"""A branch as the publisher makes them."""
_LEVELS = {
    Role.GUEST: 10,
    Role.REPORTER: 20,
    Role.DEVELOPER: 30,
    Role.MAINTAINER: 40,
    Role.OWNER: 50,
}
_NEW_TOKEN = "make a project access token or a bot user's token with the scope `api` and the role Developer"  # noqa: S105 - advice
_ENOUGH = {"api"}


def examine(project: Project) -> Iterator[Check]:
    """Server, token, project, role, branches; what depends on something that failed is not asked.

    Raises:
        ForgeError: the server does not answer.
    """
    try:
        yield from _token(project)
        facts = project.facts
    except NotFound as error:
        yield _failed("project", error.what, error.fix)
        return
    except Refused as error:
        yield _failed("token", error.what, error.fix or _NEW_TOKEN)
        return
    yield _ok("project", f"{project.path} on {project.api.url}, as {facts.user}")
    if facts.archived:
        yield _failed("archived", f"{project.path} is archived, so nothing can be written", "unarchive it")
    role = people.role_of(project, facts.user)
    yield _role(facts.user, role)
    if role is not None:
        yield _branches(project, role)


def _token(project: Project) -> Iterator[Check]:
    try:
        told = project.api.get("/personal_access_tokens/self")
    except NotFound:
        yield Check(
            name="token",
            health=Health.UNKNOWN,
            message="its scopes and its end can't be asked, as it is no personal, project or group access token",
            fix=_NEW_TOKEN,
        )
        return
    scopes = sorted(map(str, told.get("scopes") or []))
    if not _ENOUGH & set(scopes):
        said = ", ".join(scopes) or "none"
        yield _failed("token", f"the token lacks the scope api (it has: {said})", _NEW_TOKEN)
        return
    yield _expiry(told.get("expires_at"), project.clock.now().date()) or _ok("token", "has the scope api")


def _expiry(told: Json, today: date) -> Check | None:
    try:
        end = date.fromisoformat(str(told)[:10])
    except ValueError:
        return None
    if end - today > _EXPIRES_SOON:
        return None
    return Check(
        name="token", health=Health.WARNING, message=f"the token ends on {end.isoformat()}", fix=_NEW_TOKEN
    )


def _role(user: str, role: Role | None) -> Check:
    if role is None:
        return _failed("role", f"{user} is no member of the project", "add it with the role Developer")
    if role.rank < Role.DEVELOPER.rank:
        return _failed("role", f"{user} is only {role.value} here", "give it the role Developer")
    return _ok("role", f"{user} is {role.value}")


def _branches(project: Project, role: Role) -> Check:
    """A protected pattern such as `*` or `factory/*` can stop our pushes."""
    try:
        rules = list(project.api.pages(project.at("protected_branches")))
    except (Refused, Conflict, ForgeError) as error:
        message = f"protected branches can't be read: {error.what}"
        return Check(name="branches", health=Health.UNKNOWN, message=message)
    shut = [
        rule["name"] for rule in rules if fnmatchcase(_BRANCH, rule["name"]) and not _may_push(rule, role)
    ]
    if shut:
        return _failed(
            "branches",
            f"the protected branch {shut[0]!r} does not let us push factory/ branches",
            "allow Developers to push there, or protect other names",
        )
    return _ok("branches", "factory/ branches can be pushed")


def _may_push(rule: Json, role: Role) -> bool:
    """Access level 0 is nobody. Rules for single users and groups are taken as a yes, as only a push can tell."""
    levels = rule.get("push_access_levels") or []
    return any(
        each.get("user_id") or each.get("group_id") or 0 < each.get("access_level", 0) <= _LEVELS[role]
        for each in levels
    )


def _ok(name: str, message: str) -> Check:
    return Check(name=name, health=Health.OK, message=message)


def _failed(name: str, message: str, fix: str) -> Check:
    return Check(name=name, health=Health.FAILED, message=message, fix=fix)
