"""Judges coverage reports: which of the lines that the change adds are run by a test."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ci_factory.errors import ArtifactError
from ci_factory.gates.change import is_test
from ci_factory.gates.importing.trees import Comparison
from ci_factory.gates.reports.covered import percent
from ci_factory.gates.reports.model import CoverageReport, LineCoverage
from ci_factory.gates.testing.newlines import ranges
from ci_factory.model.gate import Component, GateResult, GateStatus, Reason
from ci_factory.model.gate_settings import TestsConfig

_MAX_REASONS = 50


@dataclass
class CoverageTally:
    """Lines of all coverage reports; a line ran when one of them says so."""

    comparison: Comparison | None
    files: dict[str, LineCoverage] = field(default_factory=dict)

    def take(self, report: CoverageReport) -> None:
        """Add a report.

        Raises:
            ArtifactError: it has lines that the head's files do not have, or no file of the head.
        """
        if self.comparison is not None:
            _check(report.files, self.comparison)
        for path, lines in report.files.items():
            before = self.files.get(path)
            self.files[path] = _union(before, lines) if before else lines

    def result(self, gate: str, config: TestsConfig, *, beside_tests: bool) -> GateResult:
        """Fails below the minimum. Alone it proves nothing: without a report of tests it is skipped, unless it fails."""
        whole = percent(self.files)
        new = _New.of(self.files, self.comparison) if self.comparison else None
        failed = new is not None and new.percent is not None and new.percent < config.coverage_minimum
        proven = GateStatus.PASS if beside_tests else GateStatus.SKIPPED
        return GateResult(
            gate=gate,
            component=Component.TESTS,
            status=GateStatus.FAIL if failed else proven,
            summary=_summary(whole, new, beside_tests=beside_tests),
            reasons=tuple(_reasons(whole, new, config)),
            figures={
                "coverage": whole,
                "coverage_new": new.percent if new else None,
                "new_lines": new.total if new else None,
            },
        )


@dataclass(frozen=True)
class _New:
    """Executable lines that the change adds, as far as the reports know them."""

    total: int
    covered: int
    missing: tuple[tuple[str, tuple[int, ...]], ...]
    unknown: tuple[str, ...]
    """Changed sources of which no report says anything, though it speaks of files of the same kind."""

    @property
    def percent(self) -> float | None:
        return 100 * self.covered / self.total if self.total else None

    @classmethod
    def of(cls, files: Mapping[str, LineCoverage], comparison: Comparison) -> "_New":
        kinds = {_kind(path) for path in files}
        total = covered = 0
        missing, unknown = [], []
        for path, added in sorted(comparison.change.added.items()):
            if is_test(path) or not added or path not in comparison.head.paths:
                continue
            numbers = {line.number for line in added}
            if path not in files:
                unknown += [path] if _kind(path) in kinds else []
                continue
            ran, idle = numbers & files[path].executed, numbers & files[path].missing
            total, covered = total + len(ran) + len(idle), covered + len(ran)
            if idle:
                missing.append((path, tuple(sorted(idle))))
        return cls(total, covered, tuple(missing), tuple(unknown))


def _check(files: Mapping[str, LineCoverage], comparison: Comparison) -> None:
    known = [path for path in files if path in comparison.head.paths]
    if not known:
        fix = "pass the checkout's folder as the tool saw it (--root)"
        raise ArtifactError("names no file of the head commit", fix=fix)
    for path in known:
        last = max((*files[path].executed, *files[path].missing), default=0)
        lines = comparison.head.lines(path)
        have = len(lines) - (lines[-1:] == [""])  # what stands behind the last line's end is no line
        if lines and last > have:
            fix = "measure the commit that is judged"
            raise ArtifactError(f"covers line {last} of {path}, which has {have} lines", fix=fix)


def _union(one: LineCoverage, other: LineCoverage) -> LineCoverage:
    executed = one.executed | other.executed
    return LineCoverage(executed, (one.missing | other.missing) - executed)


def _kind(path: str) -> str:
    return path.rpartition(".")[2]


def _summary(whole: float | None, new: _New | None, *, beside_tests: bool) -> str:
    parts = []
    if new is None:
        parts.append("new lines unknown without --repo, --base and --head")
    elif new.percent is None:
        parts.append("no new line that the reports know")
    else:
        parts.append(f"{new.percent:.0f} % of {new.total} new lines covered")
    parts.append("nothing measured" if whole is None else f"{whole:.1f} % of everything")
    return ", ".join(parts if beside_tests else [*parts, "and no report says whether the tests pass"])


def _reasons(whole: float | None, new: _New | None, config: TestsConfig) -> list[Reason]:
    if new is None:
        text = "unknown" if whole is None else f"{whole:.1f} %"
        return [
            _remark(f"coverage of everything is {text}; that of new lines is unknown without the repository")
        ]
    found = [_remark("no coverage report says anything about this file", path) for path in new.unknown]
    if new.percent is not None and new.percent < config.coverage_target:
        bound = "minimum" if new.percent < config.coverage_minimum else "target"
        wanted = config.coverage_minimum if bound == "minimum" else config.coverage_target
        text = f"{new.percent:.0f} % of {new.total} new lines covered, below the {bound} of {wanted:g} %"
        found += [
            _remark(f"{text}; no test runs {ranges(idle)}", path, idle[0]) for path, idle in new.missing
        ]
    return found[:_MAX_REASONS]


def _remark(message: str, path: str | None = None, line: int | None = None) -> Reason:
    return Reason(component=Component.TESTS, points=0, message=message, path=path, line=line)
