"""Report files of other jobs, judged like our own gates: `ci-factory score --reports`."""

import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO

from ci_factory.config import Config
from ci_factory.errors import ArtifactError
from ci_factory.gates.change import read_change
from ci_factory.gates.findings import clean
from ci_factory.gates.importing.coverage import CoverageTally
from ci_factory.gates.importing.issues import IssueGates, identity
from ci_factory.gates.importing.newness import ByLines, Compared, Everything, Newness
from ci_factory.gates.importing.sources import Source, opened, recognised
from ci_factory.gates.importing.tests import TestTally
from ci_factory.gates.importing.trees import Comparison
from ci_factory.gates.reports.formats import FORMATS, Format, Kind, read_coverage, read_issues, read_tests
from ci_factory.gates.reports.model import TestCase
from ci_factory.gates.reports.paths import Paths
from ci_factory.gates.reports.reading import Reading
from ci_factory.model.gate import Component, GateReport, GateResult, GateStatus, PlannedGate, Reason
from ci_factory.system.git import Git


@dataclass(frozen=True)
class Judged:
    """The change that reports are about."""

    repo: Git
    base: str
    head: str
    """Revisions."""


def import_reports(
    reports: Sequence[Source],
    base_reports: Sequence[Source] | None,
    *,
    config: Config,
    judged: Judged | None,
    root: str,
    scratch: Path,
) -> GateReport:
    """Judge report files: one gate for each tool, one for tests, one for coverage, one for each unusable file.

    New is what the base's reports do not have; without these, what stands on lines that the change added; without a
    repository, everything. `root` is the checkout's folder as the tools saw it; `scratch` a folder for our own use.

    Raises:
        RepositoryError: a revision does not exist.
        ArtifactError: the change is too large to be read.
    """
    work = Path(tempfile.mkdtemp(dir=scratch, prefix="reports-"))
    try:
        comparison = _comparison(judged, work)
        results = _Import(comparison, config, root, base_reports).run(reports)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return _report(results, comparison, config)


def _comparison(judged: Judged | None, work: Path) -> Comparison | None:
    if judged is None:
        return None
    repo = judged.repo
    change = read_change(repo, repo.resolve(judged.base), repo.resolve(judged.head))
    return Comparison.make(repo, change, work)


def _report(results: Iterable[GateResult], comparison: Comparison | None, config: Config) -> GateReport:
    gates = tuple(results)
    change = comparison.change if comparison else None
    every = {each.path for each in (*change.files, *change.odd)} if change else set()
    return GateReport(
        tree=change.head_tree if change else None,
        base=change.base if change else None,
        head=change.head if change else None,
        config_hash=config.hash,
        changed_files=tuple(sorted(every)),
        added_lines=change.added_lines if change else 0,
        removed_lines=change.removed_lines if change else 0,
        planned=tuple(PlannedGate(gate=each.gate, component=each.component) for each in gates),
        gates=gates,
    )


@dataclass
class _Import:
    """One run over all files."""

    comparison: Comparison | None
    config: Config
    root: str
    base_reports: Sequence[Source] | None
    coverage: CoverageTally = field(init=False)
    tests: dict[str, TestTally] = field(default_factory=dict)
    problems: list[GateResult] = field(default_factory=list)
    covered: bool = False
    known: frozenset[str] = field(init=False)
    """Files of both sides, by which paths of other checkouts are understood."""

    def __post_init__(self) -> None:
        self.coverage = CoverageTally(self.comparison)
        self.known = self.comparison.paths if self.comparison else frozenset()

    def run(self, reports: Sequence[Source]) -> list[GateResult]:
        """The base's issues, then the head's reports, then the base's tests: what was lost is asked last."""
        base = self.base_reports or ()
        issues = IssueGates(self._newness())
        self._each(base, lambda *file: self._base_issues(issues, *file), "base:")
        self._each(reports, lambda *file: self._head(issues, *file), "report:")
        self._each(base, self._base_tests, "base:")
        results = issues.results(self.comparison.head if self.comparison else None)
        results += [tally.result(name) for name, tally in sorted(self.tests.items())]
        if self.covered:
            settings = self.config.gates.tests
            results.append(self.coverage.result("coverage", settings, beside_tests=bool(self.tests)))
        return [*results, *self._unique_problems()]

    def _newness(self) -> Newness:
        comparison = self.comparison
        if self.base_reports is None:
            return ByLines(comparison) if comparison else Everything()
        if comparison is None:
            return Compared(None, None, {})
        return Compared(comparison.head, comparison.base, comparison.change.renames)

    def _each(self, files: Sequence[Source], take: Callable[..., None], prefix: str) -> None:
        for source in files:
            form = FORMATS.get(source.format or "")
            try:
                with opened(source) as stream:
                    form = recognised(source, stream)
                    take(form, stream)
            except ArtifactError as error:
                self.problems.append(_unusable(f"{prefix}{source.name}", form, error))
            except OSError as error:
                failure = ArtifactError(f"can't be read: {error.strerror}")
                self.problems.append(_unusable(f"{prefix}{source.name}", form, failure))

    def _reading(self) -> Reading:
        return Reading(Paths(self.root, self.known))

    def _head(self, issues: IssueGates, form: Format, stream: BinaryIO) -> None:
        if form.kind is Kind.TESTS:
            tally = self._tally(form)
            for case in self._cases(form, stream):
                tally.take(case)
        elif form.kind is Kind.COVERAGE:
            report = read_coverage(stream, form.name, reading=self._reading())
            self.coverage.take(report)
            self.covered = True
        else:
            reading = self._reading()
            for issue in read_issues(stream, form.name, reading=reading):
                issues.take(form, issue)
            for tool, component in sorted(reading.tools):
                issues.ran(form, tool, component)

    def _base_issues(self, issues: IssueGates, form: Format, stream: BinaryIO) -> None:
        newness = issues.newness
        if form.kind is Kind.ISSUES and isinstance(newness, Compared):
            reading = self._reading()
            for issue in read_issues(stream, form.name, reading=reading):
                newness.before(identity(form, issue), issue)
            issues.expected |= {(form.name, *tool) for tool in reading.tools}

    def _base_tests(self, form: Format, stream: BinaryIO) -> None:
        if form.kind is Kind.TESTS:
            tally = self._tally(form)
            for case in self._cases(form, stream):
                tally.before(case)

    def _cases(self, form: Format, stream: BinaryIO) -> Iterator[TestCase]:
        """Some tools write absolute paths."""
        paths = Paths(self.root, self.known)
        for case in read_tests(stream, form.name):
            yield replace(case, file=paths.tool_path(case.file)) if case.file.startswith("/") else case

    def _tally(self, form: Format) -> TestTally:
        if form.name not in self.tests:
            renames = self.comparison.change.renames if self.comparison else {}
            self.tests[form.name] = TestTally(renames, compared=self.base_reports is not None)
        return self.tests[form.name]

    def _unique_problems(self) -> list[GateResult]:
        """Each once: the base's files are opened twice."""
        return [result for _, result in sorted({each.gate: each for each in self.problems}.items())]


def _unusable(name: str, form: Format | None, error: ArtifactError) -> GateResult:
    """An inconclusive gate; of a file whose format nobody knows it has no weight, and blocks all the same."""
    component = form.component if form else Component.POLICY
    fix = (Reason(component=component, points=0, message=clean(f"to do: {error.fix}")),) if error.fix else ()
    what = f"{name.partition(':')[2]} {error.what}"
    return GateResult(
        gate=clean(name),
        component=component,
        status=GateStatus.INCONCLUSIVE,
        summary=clean(what),
        reasons=fix,
    )
