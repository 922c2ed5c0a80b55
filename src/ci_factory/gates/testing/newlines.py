"""Coverage of the lines that a change adds."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch

from ci_factory.gates import configuration
from ci_factory.gates.subject import Subject
from ci_factory.gates.survey import FileFacts, survey
from ci_factory.gates.testing.files import is_source
from ci_factory.gates.testing.suite import Suite


@dataclass(frozen=True)
class NewLines:
    """Executable lines that the change adds, in all sources together."""

    total: int
    covered: int | None
    """`None` when coverage could not be measured."""
    missing: tuple[tuple[str, tuple[int, ...]], ...] = ()
    """Path and lines that no test runs."""
    unknown: tuple[str, ...] = ()
    """Files that the coverage report does not speak of and of which nobody knows what is executable."""

    @property
    def percent(self) -> float | None:
        """Share covered, 0-100; `None` when unknown, or when nothing executable was added."""
        return None if self.covered is None or not self.total else 100 * self.covered / self.total


def sources(subject: Subject, *, python: bool) -> list[str]:
    """Changed files of the head that are code and not tests; of Python without what the base leaves out of coverage."""
    if not python:
        return [path for path in subject.change.present() if is_source(path)]
    omits = configuration.coverage_omits(subject.part("base"))
    return [
        path
        for path in subject.change.present(".py")
        if is_source(path) and not any(_matches(path, pattern) for pattern in omits)
    ]


def new_lines(subject: Subject, head: Suite, paths: Sequence[str]) -> NewLines:
    """What the head's tests run of the lines that the change adds to these files."""
    facts = survey(subject, "head")
    if head.covered is None:
        return NewLines(sum(len(_added(subject, path) & _statements(facts, path)) for path in paths), None)
    total = covered = 0
    missing, unknown = [], []
    for path in paths:
        known = head.covered.get(path)
        added = _added(subject, path)
        # A Python file that no test imports is not in the report: all its statements are uncovered.
        executed = set(known.executed) if known else set()
        unexecuted = set(known.missing) if known else _statements(facts, path)
        ran, idle = added & executed, added & unexecuted
        total, covered = total + len(ran | idle), covered + len(ran)
        if idle:
            missing.append((path, tuple(sorted(idle))))
        if known is None and added and path not in facts:
            unknown.append(path)
    return NewLines(total, covered, tuple(missing), tuple(unknown))


def ranges(lines: Sequence[int]) -> str:
    """`1-3, 7` of 1, 2, 3, 7."""
    spans: list[list[int]] = []
    for line in lines:
        if spans and line == spans[-1][1] + 1:
            spans[-1][1] = line
        else:
            spans.append([line, line])
    return ", ".join(f"{first}" if first == last else f"{first}-{last}" for first, last in spans)


def _added(subject: Subject, path: str) -> set[int]:
    return {line.number for line in subject.change.added.get(path, ())}


def _statements(facts: Mapping[str, FileFacts], path: str) -> set[int]:
    return set(facts[path].statements) if path in facts else set()


def _matches(path: str, pattern: str) -> bool:
    forms: Iterable[str] = (path, f"/{path}", f"./{path}")
    return any(fnmatch(form, pattern) or fnmatch(form, f"{pattern.rstrip('/')}/*") for form in forms)
