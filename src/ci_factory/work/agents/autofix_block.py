"""The fenced block in a ticket that tells the autofix agent what to do. Written by anybody, so read strictly. Pure."""

import re
from typing import Annotated, Literal

import yaml
from pydantic import Field, StringConstraints, ValidationError

from ci_factory.errors import TicketError
from ci_factory.model import plain_yaml
from ci_factory.model.base import Value
from ci_factory.work.paths import path_problem

MAX_FILES = 50
_MAX_BLOCK = 16 * 1024
_FENCE = "```"

RuffRule = Annotated[str, StringConstraints(pattern=r"^[A-Z]+[0-9]*$", max_length=20)]
SemgrepRule = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]*$", max_length=60)]
PackageName = Annotated[
    str,
    StringConstraints(pattern=r"^(@[a-z0-9~-][a-z0-9._~-]*/)?[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=200),
]
TrackedPath = Annotated[str, StringConstraints(min_length=1, max_length=500)]


class _Job(Value):
    files: tuple[TrackedPath, ...] = Field(min_length=1, max_length=MAX_FILES)


class RuffFix(_Job):
    """`ruff check --fix` for some rules."""

    tool: Literal["ruff"]
    rules: tuple[RuffRule, ...] = Field(min_length=1, max_length=50)
    target_version: Annotated[str, StringConstraints(pattern=r"^py3[0-9]{1,2}$")] | None = None
    """Oldest Python that the project supports; `None` is ruff's own default."""


class RuffFormat(_Job):
    """`ruff format`, with the project's own settings."""

    tool: Literal["ruff-format"]


class SemgrepFix(_Job):
    """`semgrep --autofix` with rules of our own upgrade pack, by their ids."""

    tool: Literal["semgrep"]
    rules: tuple[SemgrepRule, ...] = Field(min_length=1, max_length=50)


class DependencyBumps(_Job):
    """Newer patch releases of what the files (manifests) pin, for these names."""

    tool: Literal["dependencies"]
    names: tuple[PackageName, ...] = Field(min_length=1, max_length=50)


Job = RuffFix | RuffFormat | SemgrepFix | DependencyBumps


class _Block(Value):
    job: Annotated[Job, Field(discriminator="tool")]


def parse(body: str) -> Job | None:
    """The job that a ticket's body asks for, `None` when it has no autofix block.

    Raises:
        TicketError: the block is not what docs/agents.md describes, or there are several.
    """
    blocks = _blocks(body)
    if not blocks:
        return None
    if len(blocks) > 1:
        raise TicketError("has several autofix blocks", where="ticket", fix="make a ticket of each")
    raw = _loaded(blocks[0])
    try:
        job = _Block.model_validate({"job": raw}).job
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"][1:]) or "the block"
        raise _wrong(f"{key}: {first['msg']}") from error
    if bad := [path for path in job.files if path_problem(path)]:
        raise _wrong(f"files: {bad[0]!r} is not a path inside of the repository")
    return job


def render(job: Job) -> str:
    """The block for a ticket's body; `parse` reads it back."""
    text = yaml.safe_dump(job.model_dump(mode="json", exclude_none=True), sort_keys=False, allow_unicode=True)
    return f"{_FENCE}autofix\n{text}{_FENCE}"


def _blocks(body: str) -> list[str]:
    return [
        match["text"]
        for match in re.finditer(r"^```autofix[ \t]*\n(?P<text>(?:(?!```).*\n)*)```", body, re.MULTILINE)
    ]


def _loaded(text: str) -> object:
    if len(text) > _MAX_BLOCK:
        raise _wrong(f"it is longer than {_MAX_BLOCK} characters")
    if "&" in text or "*" in text:
        raise _wrong("anchors and aliases are not allowed")
    try:
        loaded: object = plain_yaml.load(text)
    except yaml.YAMLError as error:
        raise _wrong("it is not valid YAML") from error
    return loaded


def _wrong(what: str) -> TicketError:
    return TicketError(f"the autofix block can't be used: {what}", where="ticket", fix="see docs/agents.md")
