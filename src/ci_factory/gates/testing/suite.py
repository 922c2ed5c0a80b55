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
    seconds: float = 0

    @property
    def id(self) -> str:
        """As pytest writes it."""
        return f"{self.file}::{self.name}"

    @property
    def function(self) -> str:
        """The name without parameters."""
        return self.name.split("[", 1)[0]

    @property
    def timed_out(self) -> bool:
        """Whether it failed by running out of time."""
        return self.outcome in BAD and not self.collection and "Timeout (>" in self.message


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
    ran_by: dict[str, dict[int, tuple[str, ...]]] = {}
    """Path to line to ids of the tests that ran it; only where it was asked for."""
    own_lines: dict[str, tuple[int, ...]] = {}
    """Id of a test to the lines of its own file that it ran; only where it was asked for."""
    anomalies: tuple[str, ...] = ()
    """What says that the run was tampered with."""
    hooks: tuple[str, ...] = ()
    """Hooks of the project that can change what a test does or what is said of it: `NAME in FILE`."""
    tools: dict[str, str] = {}

    @property
    def counted(self) -> list[Case]:
        """Cases that passed or did not: skipped ones and expected failures say nothing."""
        return [case for case in self.cases if case.outcome not in ABSENT]

    @property
    def bad(self) -> list[Case]:
        """Cases that failed or could not run."""
        return [case for case in self.cases if case.outcome in BAD]

    @property
    def passed(self) -> list[Case]:
        """Cases that passed."""
        return [case for case in self.cases if case.outcome == "passed"]
