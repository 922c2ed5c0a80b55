"""What only people can do for a level of adoption, with the exact names. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

from ci_factory.adoption.project import CRON, SCHEDULE
from ci_factory.adoption.web import Pages

ENVIRONMENT, AGENT_ENVIRONMENT = "factory", "factory-agents"
"""Scopes of the variables that control jobs and agent jobs see."""


@dataclass(frozen=True)
class Step:
    """One thing left to do."""

    title: str
    where: str
    """The way through GitLab's menus, or a file."""
    details: tuple[str, ...]
    url: str = ""


@dataclass(frozen=True)
class Situation:
    """What the steps depend on."""

    level: int
    token_variable: str
    languages: tuple[str, ...]
    has_agents: bool
    stage: str
    stage_certain: bool


def left(now: Situation, pages: Pages) -> tuple[Step, ...]:
    """The steps in the order in which they are taken."""
    return (*_files(now), *_secrets(now, pages), *_starting(pages))


def _files(now: Situation) -> Iterator[Step]:
    if not now.stage_certain:
        said = f"The jobs go to the stage {now.stage}. Included files may declare other stages: if it is not among them,"
        yield Step(
            "Look at the stage", ".gitlab-ci.yml", (said, "pass --stage NAME, or set the input `stage`.")
        )
    others = [name for name in now.languages if name != "python"]
    if others:
        said = f"python:3.12 has no tools for {', '.join(others)}: their gates are inconclusive there."
        fix = "Give the component `gates` an input `image` with those tools, Python 3.11 or newer and git."
        yield Step("Choose an image for the gates", ".gitlab-ci.yml", (said, fix))
    if now.level > 1 and not now.has_agents:
        yield Step("Name an agent", ".ci-factory.yml", ("Under `agents`: which command works on a ticket.",))


def _secrets(now: Situation, pages: Pages) -> Iterator[Step]:
    purpose = (
        "for the note on merge requests; the gates work without" if now.level == 1 else "for the control jobs"
    )
    details = (
        "role: Developer",
        "scope: api",
        "or the token of a user made for it, with that role and scope",
    )
    yield Step(f"Make a token, {purpose}", "Settings > Access tokens", details, pages.tokens)
    yield _variable(
        f"Give the token to the jobs as {now.token_variable}", now.token_variable, ENVIRONMENT, pages
    )
    if now.level > 1:
        title = "Give the model's key to the agents"
        yield _variable(title, "as the agent's `env` in .ci-factory.yml names it", AGENT_ENVIRONMENT, pages)


def _variable(title: str, key: str, scope: str, pages: Pages) -> Step:
    flags = "protected: yes; masked: yes; expanded: no"
    details = (f"key: {key}", f"environment scope: {scope}", flags)
    return Step(title, "Settings > CI/CD > Variables", details, pages.variables)


def _starting(pages: Pages) -> Iterator[Step]:
    command = "With the token at hand: ci-factory init --schedule makes both. By hand:"
    schedule = f"description: {SCHEDULE}; cron: {CRON} (never minute 0); the default branch"
    yield Step("Make schedule and labels", "Build > Pipeline schedules", (command, schedule), pages.schedule)
    yield Step("Commit, push, and look", "ci-factory doctor", ("It says what is still missing.",))
