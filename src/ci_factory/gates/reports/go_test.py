"""Go's test2json stream (`go test -json`)."""

from collections.abc import Iterator
from typing import BinaryIO

from ci_factory.errors import ArtifactError
from ci_factory.gates.reports.lines import objects
from ci_factory.gates.reports.model import Outcome, TestCase
from ci_factory.gates.reports.reading import name, optional_text, text
from ci_factory.model.base import Json

_ENDINGS: dict[str, Outcome] = {"pass": "passed", "fail": "failed", "skip": "skipped"}
_OTHER = {
    "start",
    "run",
    "pause",
    "cont",
    "output",
    "bench",
    "attr",
    "artifacts",
    "build-output",
    "build-fail",
}
_MAX_OUTPUT = 20
"""Last lines of a test's output that become its message."""
_MAX_OPEN = 100_000
"""Tests and packages that run at the same time."""


def read(stream: BinaryIO) -> Iterator[TestCase]:
    """Tests of every package; a package that fails without a failing test (it does not compile) is one error."""
    events = _Events()
    for row in objects(stream):
        if row.get("Action") not in {*_ENDINGS, *_OTHER}:
            raise ArtifactError(f"has the action {str(row.get('Action'))[:40]!r}, which go does not write")
        yield from events.take(row)
    events.finish()


class _Events:
    """What runs, and what it has printed."""

    def __init__(self) -> None:
        self._running: dict[tuple[str, str], list[str]] = {}
        self._failed: set[str] = set()
        self._seen: dict[tuple[str, str], str] = {}

    def take(self, row: dict[str, Json]) -> Iterator[TestCase]:
        """One line; the test that it ends, if it ends one."""
        action = row["Action"]
        if action in {"build-output", "build-fail"}:  # the package says so itself
            return
        key = name(row["Package"], "Package"), optional_text(row.get("Test"), "Test", 1000)
        if action in _ENDINGS:
            yield from self._end(key, action)
        elif action == "output":
            self._output(self._open(key), text(row["Output"], "Output"))
        else:
            self._open(key)

    def finish(self) -> None:
        """Every test that began has ended.

        Raises:
            ArtifactError: one has not; the run was stopped.
        """
        if self._running:
            package, test = next(iter(self._running))
            raise ArtifactError(f"ends before {test or package} does", fix="look whether the job was stopped")

    def _open(self, key: tuple[str, str]) -> list[str]:
        if len(self._running) > _MAX_OPEN:
            raise ArtifactError(f"has more than {_MAX_OPEN} tests at the same time")
        return self._running.setdefault(key, [])

    @staticmethod
    def _output(lines: list[str], line: str) -> None:
        if line.strip() and not line.startswith(("=== ", "--- ")):
            lines.append(line.strip())
            del lines[:-_MAX_OUTPUT]

    def _end(self, key: tuple[str, str], action: str) -> Iterator[TestCase]:
        said = self._running.pop(key, [])
        package, test = key
        if self._seen.setdefault(key, action) != action:
            raise ArtifactError(f"{test or package!r} is both {self._seen[key]} and {action}")
        if test:
            if action == "fail":
                self._failed.add(package)
            yield _case(package, test, _ENDINGS[action], said)
        elif action == "fail" and package not in self._failed:
            yield _case(package, "(package)", "error", said)


def _case(package: str, test: str, outcome: Outcome, said: list[str]) -> TestCase:
    message = " ".join(said)[:2000] if outcome != "passed" else ""
    return TestCase(package, test, "", None, outcome, message)
