"""What report files say, whatever their format."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from ci_factory.model.gate import Component, Severity

Outcome = Literal["passed", "failed", "error", "skipped", "xfailed"]


@dataclass(frozen=True, slots=True)
class Issue:
    """One thing that a tool says about one place; lines and columns count from 1."""

    rule: str
    severity: Severity
    message: str
    path: str
    """From the root of the checkout, with `/`; empty when the report names none. What a tool saw outside of the checkout
    is kept without its first slash."""
    line: int | None = None
    column: int | None = None
    end_line: int | None = None
    end_column: int | None = None
    snippet: str = ""
    """Text that identifies it, empty when the report holds none."""
    help: str = ""
    suppressed: bool = False
    """Marked so in the report, by a comment or a baseline."""
    tool: str = ""
    component: Component = Component.SYNTAX
    """SYNTAX or SECURITY."""
    mark: str = ""
    """The fingerprint that the report itself gives, empty when it gives none."""


@dataclass(frozen=True, slots=True)
class TestCase:
    """One test."""

    __test__ = False  # not a test class, whatever pytest thinks of its name
    classname: str
    name: str
    file: str
    line: int | None
    """As the report says it: pytest counts from 0."""
    outcome: Outcome
    message: str
    flaky: bool = False
    """It passed, but only when it was run again."""

    @property
    def key(self) -> tuple[str, str, str]:
        """What makes it the same test in another run."""
        return self.file, self.classname, self.name


@dataclass(frozen=True, slots=True)
class LineCoverage:
    """Executable lines of one file, from 1."""

    executed: frozenset[int]
    missing: frozenset[int]


@dataclass(frozen=True, slots=True)
class CoverageReport:
    """Files by path, and percent of everything as the report counts it."""

    files: Mapping[str, LineCoverage]
    percent: float | None
    """`None` when nothing executable was measured."""
