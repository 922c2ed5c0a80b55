"""One run of a project's tests: what came out, as values that can be kept."""

from typing import Literal

from ci_factory.model.base import Value

Outcome = Literal["passed", "failed", "error", "skipped", "xfailed"]
BAD = ("failed", "error")
ABSENT = ("skipped", "xfailed")


class Case(Value):
    """One test."""

    file: str
    """Path in the checkout; empty when unknown."""
    name: str
    """Class, if any, and function with parameters: `TestA::test_b[1]`."""
    line: int | None
    outcome: Outcome
    message: str = ""
    collection: bool = False
    """Not a test but a file that could not be collected."""

    @property
    def id(self) -> str:
        """As pytest writes it."""
        return f"{self.file}::{self.name}"


class Lines(Value):
    """Coverage of one file: executable lines from 1."""

    executed: tuple[int, ...]
    missing: tuple[int, ...]


class Suite(Value):
    """A whole run."""

    cases: tuple[Case, ...] = ()
    covered: dict[str, Lines] | None = None
    """The files that were asked for and that the project does not omit; `None` without coverage."""
    percent: float | None = None
    """Coverage of everything."""
    tools: dict[str, str] = {}

    @property
    def counted(self) -> list[Case]:
        """Cases that passed or did not: skipped ones and expected failures say nothing."""
        return [case for case in self.cases if case.outcome not in ABSENT]

    @property
    def bad(self) -> list[Case]:
        """Cases that failed or could not run."""
        return [case for case in self.cases if case.outcome in BAD]
