"""Whether a project's pipelines can do what the included components ask of them. Reads only."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ci_factory.errors import ForgeError
from ci_factory.forge.gitlab import ci_variables, limits, runners
from ci_factory.forge.gitlab.errors import NotFound, Refused
from ci_factory.forge.gitlab.project import Project
from ci_factory.model.health import Check, failed, ok, unknown, warning
from ci_factory.model.text import plain

_ERRORS, _WORDS = 3, 160
_COMPONENTS_SINCE, _MATRIX_SINCE = (17, 0), (18, 6)
_LABELS = "ci-factory init --schedule makes them"


@dataclass(frozen=True)
class Uses:
    """What the included components ask of the project."""

    token_variable: str
    environment: str
    """What the token has to be scoped to."""
    agent_environment: str
    tags: tuple[tuple[str, ...], ...]
    """Each set of runner tags that jobs have."""
    tickets: int | None
    """Most tickets of one batch; `None` when no agents are included."""
    max_jobs: int
    """Most jobs that one child pipeline is given."""


def examine(project: Project, uses: Uses) -> Iterator[Check]:
    """Server version, GitLab's own compile, CI variables, labels, runners, limits.

    What the token may not read is unknown. A server that stops answering ends it, as the last check.
    """
    try:
        yield _version(project)
        yield _compiled(project)
        yield from ci_variables.examine(
            project, uses.token_variable, uses.environment, uses.agent_environment
        )
        yield _labels(project)
        yield from (runners.examine(project, tags) for tags in uses.tags)
        yield from limits.examine(project, uses.tickets, uses.max_jobs)
    except ForgeError as error:
        yield unknown("pipelines", f"GitLab does not answer: {error.what}", error.fix)


def _version(project: Project) -> Check:
    told = project.api.get("/version")
    version = plain(str(told.get("version") if isinstance(told, dict) else ""), 40)
    found = re.match(r"(\d+)\.(\d+)", version)
    if found is None:
        return unknown("ci version", "the server does not tell its version")
    number = int(found[1]), int(found[2])
    if number < _COMPONENTS_SINCE:
        fix = "update GitLab, or include the files with include:project"
        return warning("ci version", f"GitLab {version}: components with inputs need 17.0 or newer", fix)
    if number < _MATRIX_SINCE:
        return ok(
            "ci version", f"GitLab {version}: before 18.6, so agent and gate jobs are paired one by one"
        )
    return ok("ci version", f"GitLab {version} knows all that the components use")


def _compiled(project: Project) -> Check:
    """The configuration of the default branch, with everything that it includes, as GitLab reads it."""
    by_hand = "look at Build > Pipeline editor > Validate"
    try:
        told = project.api.get(project.at("ci", "lint"))
    except (Refused, NotFound) as error:
        return unknown("ci lint", f"GitLab's own check can't be asked for: {error.what}", by_hand)
    errors, warnings = (
        [plain(str(each), _WORDS) for each in told.get(key) or ()][:_ERRORS] for key in ("errors", "warnings")
    )
    branch = project.facts.default_branch
    if not told.get("valid"):
        said = "; ".join(errors) or "it does not say why"
        return failed(
            "ci lint", f"GitLab can't compile the pipeline of {branch}: {said}", f"mend it, and {by_hand}"
        )
    if warnings:
        return warning("ci lint", f"GitLab warns of the pipeline of {branch}: {'; '.join(warnings)}", by_hand)
    return ok("ci lint", f"GitLab compiles the pipeline of {branch}")


def _labels(project: Project) -> Check:
    try:
        there = {str(each["name"]) for each in project.api.pages(project.at("labels"))}
    except (Refused, NotFound) as error:
        return unknown("labels", f"labels can't be read: {error.what}")
    names = project.names
    by_people = [name for name in (names.ready, names.hold, names.approved) if name not in there]
    if by_people:
        said = f"people can't choose {', '.join(by_people)} on an issue: no such label is there yet"
        return warning("labels", said, _LABELS)
    count = sum(name in there for name in names.states)
    return ok("labels", f"those for people are there, and {count} of the factory's {len(names.states)}")
