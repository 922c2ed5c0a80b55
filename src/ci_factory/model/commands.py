"""A project's own gate: a program, the format of its report, and from which severity on it stops a change."""

import shlex
from pathlib import PurePosixPath
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from ci_factory.model.base import Value
from ci_factory.model.gate import Component

ReportFormat = Literal[
    "junit",
    "go-test-json",
    "libtest",
    "sarif",
    "code-quality",
    "gitlab-sast",
    "gitlab-secret-detection",
    "gitlab-dependency-scanning",
    "semgrep",
    "ruff",
    "mypy",
    "eslint",
    "bandit",
    "phpstan",
    "clippy",
    "tsc",
    "checkstyle",
    "gnu",
    "paths",
]
TEST_FORMATS = ("junit", "go-test-json", "libtest")
Blocks = Literal["critical", "high", "medium", "low", "info", "any", "never"]
PresetName = Literal["auto", "python", "javascript", "typescript", "go", "rust", "php", "java"]
_TOO_LAX = ("critical", "never")


def _words(value: object) -> object:
    """A command line as people write it, taken apart as a shell would, without one ever running."""
    return tuple(shlex.split(value)) if isinstance(value, str) else value


def _listed(value: object) -> object:
    return (value,) if isinstance(value, str) else value


def _inside(path: str) -> str:
    """A path that stays below the folder it is relative to, without `./` and doubled slashes."""
    place = PurePosixPath(path.strip())
    if place.is_absolute() or ".." in place.parts or not path.isprintable():
        msg = "must be a path below the root, without `..`"
        raise ValueError(msg)
    return "" if str(place) == "." else str(place)


Words = Annotated[tuple[Annotated[str, Field(min_length=1)], ...], BeforeValidator(_words)]
"""A program and its arguments; written as one line or as a list."""
Inside = Annotated[str, AfterValidator(_inside)]
"""A relative path; empty is the root itself."""
Presets = Annotated[tuple[PresetName, ...], BeforeValidator(_listed)]
"""One name or several."""


class CommandConfig(Value):
    """A gate that is a program: run on the head, and on the base where the head has something to compare."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,39}$")
    """The name of a preset's tool takes that tool's place."""
    command: Words = Field(min_length=1)
    """Never run through a shell. The argument `{files}` becomes the changed files."""
    format: ReportFormat
    report: Inside | None = None
    """File that the program writes, relative to the root; `null` is its standard output."""
    component: Component = Component.SYNTAX
    """Which part of the score it feeds."""
    blocks: Blocks | None = None
    """The least severity of a new finding that stops a change; `null` is the format's own: errors."""
    files: tuple[str, ...] = ()
    """Patterns (as in .gitignore) of the files it is about; a change without any is not measured. None: all."""
    expected: tuple[int, ...] = (0, 1)
    """Exit statuses that mean: judged. Every other is a crash."""
    optional: bool = False
    """Whether it may be missing on the machine."""
    install: str = ""
    """How to get it."""
    timeout_seconds: float | None = Field(default=None, gt=0)
    """`null` is gates.tool_timeout_seconds."""

    @model_validator(mode="after")
    def _fits(self) -> "CommandConfig":
        if any("{files}" in word and word != "{files}" for word in self.command):
            msg = "{files} must be an argument of its own"
            raise ValueError(msg)
        if self.report == "":
            msg = "report must name a file; leave it out for the standard output"
            raise ValueError(msg)
        if self.component is Component.POLICY:
            msg = "component can't be policy: rules and sensitive areas feed it"
            raise ValueError(msg)
        if (self.component is Component.TESTS) != (self.format in TEST_FORMATS):
            msg = f"component tests and the formats {', '.join(TEST_FORMATS)} belong together"
            raise ValueError(msg)
        if self.component is Component.SECURITY and self.blocks in _TOO_LAX:
            msg = (
                "a security gate always blocks at critical and high; choose another component to be told only"
            )
            raise ValueError(msg)
        return self
