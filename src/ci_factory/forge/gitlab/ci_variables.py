"""Whether CI variables keep the token where it belongs: seen by control jobs, and by no agent and no gate. Reads only."""

import re
from collections.abc import Iterator, Sequence

from ci_factory.forge.gitlab.errors import NotFound, Refused
from ci_factory.forge.gitlab.project import Project
from ci_factory.model.base import Json
from ci_factory.model.health import Check, failed, ok, unknown, warning
from ci_factory.model.text import plain
from ci_factory.system import ci_env

_WHERE = "Settings > CI/CD > Variables"
_NAME = "variables"


def examine(project: Project, key: str, environment: str, agents: str) -> Iterator[Check]:
    """The token's variable, and others that look like a token. Values are looked at and never repeated.

    Raises:
        ForgeError: the server does not answer.
    """
    try:
        found = list(project.api.pages(project.at("variables")))
    except (Refused, NotFound):
        fix = f"look by hand ({_WHERE}): {key} protected, masked, environment scope {environment}; no other token without one"
        yield unknown(_NAME, "CI variables can be read by Maintainers only", fix)
        return
    wrong = [*_token(found, key, environment, agents), *_strangers(found, key, agents)]
    yield from wrong
    if not wrong:
        said = f"{key} is protected, masked and scoped to {environment}; no other variable looks like a token of GitLab"
        yield ok(_NAME, said)


def _token(found: Sequence[Json], key: str, environment: str, agents: str) -> Iterator[Check]:
    ours = [each for each in found if each.get("key") == key]
    if not any(_reaches(_scope(each), environment) for each in ours):
        said = f"{key} is not among the project's variables for the environment {environment}"
        fix = f"add it ({_WHERE}): protected, masked, environment scope {environment}; or see that the group has it"
        yield warning(_NAME, said, fix)
    for each in ours:
        scope = plain(_scope(each), 60)
        if _reaches(_scope(each), agents) or scope == "*":
            said = f"{key} with the environment scope {scope} reaches agent or gate jobs, which refuse to start then"
            yield failed(_NAME, said, f"set its environment scope to {environment} ({_WHERE})")
        if gone := [flag for flag in ("protected", "masked") if not each.get(flag)]:
            said = f"{key} with the environment scope {scope} is not {' and not '.join(gone)}"
            yield warning(_NAME, said, f"change that ({_WHERE}): whoever may push or read a log could see it")


def _strangers(found: Sequence[Json], key: str, agents: str) -> Iterator[Check]:
    for each in found:
        name, value = str(each.get("key") or ""), str(each.get("value") or "")
        seen = _scope(each) == "*" or _reaches(_scope(each), agents)
        if name != key and seen and ci_env.is_forge_credential(name, value):
            said = f"{plain(name, 60)} looks like a token of GitLab and reaches agent or gate jobs, which refuse to start then"
            yield failed(_NAME, said, f"scope it to an environment of the jobs that need it ({_WHERE})")


def _scope(variable: Json) -> str:
    return str(variable.get("environment_scope") or "*")


def _reaches(scope: str, environment: str) -> bool:
    """GitLab's scopes know one wildcard, `*`, for any text."""
    return re.fullmatch(".*".join(map(re.escape, scope.split("*"))), environment) is not None
