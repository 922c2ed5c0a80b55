"""Whether a token may do what the factory has to do in a project: asked before anything is written. Reads only."""

import re
from collections.abc import Iterator
from datetime import date, timedelta

from ci_factory.errors import ForgeError
from ci_factory.forge.gitlab import people, schedules
from ci_factory.forge.gitlab.errors import NotFound, Refused
from ci_factory.forge.gitlab.project import Facts, Project
from ci_factory.forge.gitlab.repository import Repository
from ci_factory.model.base import Json
from ci_factory.model.forge import Role
from ci_factory.model.health import Check, Health, failed, ok, unknown, warning

_EXPIRES_SOON = timedelta(days=14)
_BRANCH = "factory/1-example"
"""A branch as the publisher makes them."""
_BARRIERS = {"token", "project", "role"}
"""Failed checks that leave nothing more to be asked."""
_LEVELS = {
    Role.GUEST: 10,
    Role.REPORTER: 20,
    Role.DEVELOPER: 30,
    Role.MAINTAINER: 40,
    Role.OWNER: 50,
}
_NEW_TOKEN = "make a project access token or a bot user's token with the role Developer and the scope `api`"  # noqa: S105 - advice
_MEMBER = "add it to the project with the role Developer (Manage > Members)"


def examine(project: Project) -> Iterator[Check]:
    """Token, project, role, branches: what a publication can't do without, with four requests.

    What depends on something that failed is not asked.

    Raises:
        ForgeError: the server does not answer.
    """
    token = _token(project)
    yield token
    facts = _facts(project, token)
    if isinstance(facts, Check):
        yield facts
    elif facts is not None:
        yield ok("project", f"{project.path} on {project.api.url}, as {facts.user}")
        yield from _rights(project, facts)


def _token(project: Project) -> Check:
    try:
        told = project.api.get("/personal_access_tokens/self")
    except NotFound:
        return unknown(
            "token", "GitLab does not tell its scopes and its end: it is no access token", _NEW_TOKEN
        )
    except Refused as error:
        return failed("token", error.what, error.fix)
    scopes = sorted(map(str, told.get("scopes") or []))
    if "api" not in scopes:
        had = ", ".join(scopes) or "none"
        return failed("token", f"the token lacks the scope api (it has: {had})", _NEW_TOKEN)
    return _expiry(told.get("expires_at"), project.clock.now().date())


def _expiry(told: Json, today: date) -> Check:
    """GitLab's tokens end at the start (UTC) of the day that they name."""
    try:
        end = date.fromisoformat(str(told)[:10])
    except ValueError:
        return ok("token", "has the scope api, and no end")
    if end - today > _EXPIRES_SOON:
        return ok("token", f"has the scope api, until {end.isoformat()}")
    return warning(
        "token",
        f"the token ends on {end.isoformat()}, in {(end - today).days} days",
        "rotate it, or make a new one, and put it into the same variable",
    )


def _facts(project: Project, token: Check) -> Facts | Check | None:
    """Who and where we are, or what is wrong with it; `None` when the token's own check said so already."""
    try:
        return project.facts
    except NotFound as error:
        return failed("project", error.what, error.fix)
    except Refused as error:
        return None if token.health is Health.FAILED else failed("token", error.what, error.fix)


def _rights(project: Project, facts: Facts) -> Iterator[Check]:
    if facts.archived:
        yield failed(
            "archived",
            f"{project.path} is archived: nothing can be written there",
            "unarchive it (Settings > General > Advanced), or switch the factory off for it",
        )
    role = people.role_of(project, facts.user)
    yield _role(project, facts.user, role)
    if role is not None and role.rank >= Role.DEVELOPER.rank:
        yield _branches(project, role)


def _role(project: Project, user: str, role: Role | None) -> Check:
    if role is None:
        return failed("role", f"{user} is no member of {project.path}", _MEMBER)
    if role.rank < Role.DEVELOPER.rank:
        said = f"{user} is only {role.value} of {project.path}: it may not push or open merge requests"
        return failed("role", said, "give it the role Developer (Manage > Members)")
    return ok("role", f"{user} is {role.value}")


def _branches(project: Project, role: Role) -> Check:
    """A protected pattern such as `*` or `factory/*` can stop our pushes.

    Of several rules that match, the most permissive counts (docs.gitlab.com, "Protected branches").
    """
    try:
        rules = list(project.api.pages(project.at("protected_branches")))
    except (Refused, NotFound) as error:
        return unknown("branches", f"protected branches can't be read: {error.what}")
    matching = [rule for rule in rules if _matches(str(rule["name"]))]
    if not matching:
        return ok("branches", "factory/ branches can be pushed")
    name = matching[0]["name"]
    if not any(_may_push(rule, role) for rule in matching):
        said = f"the protected branch {name!r} does not let the token's user push branches factory/…"
        return failed("branches", said, _unprotect(name))
    if not any(rule.get("allow_force_push") for rule in matching):
        said = f"the protected branch {name!r} forbids to replace a branch factory/… when its ticket is done again"
        return warning("branches", said, f"allow force push there, or {_unprotect(name)}")
    return ok("branches", f"factory/ branches can be pushed, though {name!r} protects them")


def _unprotect(name: str) -> str:
    return f"let {name!r} be pushed by Developers, or protect other names (Settings > Repository)"


def _matches(pattern: str) -> bool:
    """GitLab knows one wildcard, `*`, and it stands for slashes as well."""
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), _BRANCH) is not None


def _may_push(rule: Json, role: Role) -> bool:
    """Access level 0 is nobody. Rules for single users and groups are taken as a yes, as only a push can tell."""
    levels = rule.get("push_access_levels") or []
    return any(
        each.get("user_id") or each.get("group_id") or 0 < (each.get("access_level") or 0) <= _LEVELS[role]
        for each in levels
    )


def server(project: Project) -> Check:
    """Whether a GitLab answers at the address; one that refuses the token does."""
    url = project.api.url
    try:
        told = project.api.get("/version")
    except Refused:
        return ok("server", f"GitLab answers at {url}")
    except NotFound as error:
        return failed("server", f"{url} is no GitLab: {error.what}", "correct forge.url")
    except ForgeError as error:
        fix = "if it lasts, check forge.url, the network and the server itself"
        return failed("server", f"{url}: {error.what}", f"{error.fix}; {fix}" if error.fix else fix)
    version = told.get("version") if isinstance(told, dict) else None
    return ok("server", f"GitLab {version or 'of unknown version'} answers at {url}")


def survey(repository: Repository) -> list[Check]:
    """All that `examine` asks, and what stops no publication. A server that stops answering is a failed check."""
    project = repository.project
    found = [server(project)]
    if found[0].health is Health.FAILED:
        return found
    try:
        found.extend(examine(project))  # what came before an error is kept
        if not _BARRIERS & {check.name for check in found if check.health is Health.FAILED}:
            found.append(_git(repository))
            found.extend(schedules.examine(project))
    except ForgeError as error:
        found.append(failed("forge", f"{error.where}: {error.what}", error.fix))
    return found


def _git(repository: Repository) -> Check:
    """Git has its own ways: proxies, certificates, ports. It is asked for the branch that everything starts from."""
    branch = repository.project.facts.default_branch
    if branch is None:
        return failed("git access", "the project has no branch yet", "push a first commit to it")
    try:
        head = repository.transfer.heads([branch]).get(branch)
    except ForgeError as error:
        return failed("git access", error.what, error.fix)
    if head is None:
        return failed(
            "git access",
            f"git does not find {branch} there",
            "push a first commit, or check the project's default branch",
        )
    return ok("git access", f"git reads {branch} at {head[:8]}")
