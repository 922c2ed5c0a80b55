"""Judges test reports: all pass, and none of the base's is lost."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from ci_factory.gates.findings import clean
from ci_factory.gates.reports.marks import Marks, digest
from ci_factory.gates.reports.model import Outcome, TestCase
from ci_factory.model.gate import Component, GateResult, GateStatus, Reason

_MAX_REASONS = 50
_RAN: tuple[Outcome, ...] = ("passed", "failed", "error")
_BAD: tuple[Outcome, ...] = ("failed", "error")
_DID_RUN, _DID_NOT = 1, 2


@dataclass
class TestTally:
    """The tests of one format, of all its files."""

    __test__ = False  # not a test class, whatever pytest thinks of its name
    renames: Mapping[str, str]
    """Base's paths to the head's."""
    compared: bool = False
    """Whether the base's reports will be taken in after the head's."""
    outcomes: Counter[Outcome] = field(default_factory=Counter)
    failing: list[TestCase] = field(default_factory=list)
    flaky: list[TestCase] = field(default_factory=list)
    flaky_count: int = 0
    lost: list[tuple[TestCase, bool]] = field(default_factory=list)
    """Base's tests that do not run any more, and whether the head still names them."""
    lost_count: int = 0
    base_total: int | None = None
    _ran: Marks = field(default_factory=Marks)
    _modules: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self._modules = {_module(old): _module(new) for old, new in self.renames.items()}

    def take(self, case: TestCase) -> None:
        """Count one test of the head."""
        self.outcomes[case.outcome] += 1
        if case.outcome in _BAD:
            _keep(self.failing, case)
        elif case.flaky:
            self.flaky_count += 1
            _keep(self.flaky, case)
        if self.compared:
            self._remember(digest(*case.key), _DID_RUN if case.outcome in _RAN else _DID_NOT)

    def _remember(self, key: int, how: int) -> None:
        """A test that ran in one report and not in another did run."""
        if self._ran.add(key, how) == _DID_NOT and how == _DID_RUN:
            self._ran.replace(key, how)

    def before(self, case: TestCase) -> None:
        """Look for a test of the base in the head."""
        self.base_total = (self.base_total or 0) + 1
        if case.outcome not in _RAN:
            return
        here = self._ran.get(digest(*self._renamed(case)))
        if here != _DID_RUN:
            self.lost_count += 1
            if len(self.lost) < _MAX_REASONS:
                self.lost.append((case, here == _DID_NOT))

    def _renamed(self, case: TestCase) -> tuple[str, str, str]:
        """Its key under the head's file names; some dialects name the file only in the class, as a module."""
        if not self.renames:
            return case.key
        parts = case.classname.split(".")
        heads = ((".".join(parts[:end]), parts[end:]) for end in range(len(parts), 0, -1))
        moved = ([self._modules[head], *rest] for head, rest in heads if head in self._modules)
        classname = ".".join(next(moved, parts))
        return self.renames.get(case.file, case.file), classname, case.name

    def result(self, gate: str) -> GateResult:
        """Passed / (passed + failed) x 100; blocked when tests are lost, inconclusive when none ran."""
        total = sum(self.outcomes[outcome] for outcome in _RAN)
        passed = self.outcomes["passed"]
        return GateResult(
            gate=gate,
            component=Component.TESTS,
            status=self._status(total, passed),
            score=100 * passed / total if total else None,
            summary=self._summary(total, passed),
            reasons=tuple(self._reasons(total, passed)),
            figures={
                "total": total,
                "passed": passed,
                "failed": total - passed,
                "not_run": self.outcomes.total() - total,
                "flaky": self.flaky_count,
                "lost": self.lost_count if self.base_total is not None else None,
            },
        )

    def _status(self, total: int, passed: int) -> GateStatus:
        if not total:
            return GateStatus.INCONCLUSIVE
        if self.lost_count:
            return GateStatus.BLOCKED
        return GateStatus.PASS if passed == total else GateStatus.FAIL

    def _summary(self, total: int, passed: int) -> str:
        if not total:
            return "no test ran" if self.outcomes else "the report holds no test"
        idle = self.outcomes.total() - total
        parts = [f"{passed} of {total} tests pass"]
        parts += [f"{idle} skipped"] if idle else []
        parts += [f"{self.flaky_count} only when run again"] if self.flaky_count else []
        parts += [f"{self.lost_count} existing tests lost"] if self.lost_count else []
        return ", ".join(parts)

    def _reasons(self, total: int, passed: int) -> list[Reason]:
        points = 100 / total if total else 0.0
        told = sorted(self.failing, key=lambda case: case.key)[:_MAX_REASONS]
        found = [_reason(f"{_shown(case)} fails: {case.message}", case, points) for case in told]
        if (rest := total - passed - len(told)) > 0:
            found.append(_reason(f"… and {rest} tests more", None, points * rest))
        for case, named in self.lost:
            found.append(
                _reason(f"existing test {_shown(case)} {'is not run' if named else 'is gone'}", case)
            )
        flaky = sorted(self.flaky, key=lambda case: case.key)[:_MAX_REASONS]
        return found + [
            _reason(f"{_shown(case)} is flaky: it passed only when run again", case) for case in flaky
        ]


def _keep(cases: list[TestCase], case: TestCase) -> None:
    """The first ones by name, so that the order of files changes nothing."""
    cases.append(case)
    if len(cases) > 2 * _MAX_REASONS:
        cases.sort(key=lambda each: each.key)
        del cases[_MAX_REASONS:]


def _module(path: str) -> str:
    return ".".join(PurePosixPath(path).with_suffix("").parts)


def _shown(case: TestCase) -> str:
    return clean(f"{case.classname}::{case.name}" if case.classname else case.name)[:300]


def _reason(message: str, case: TestCase | None, points: float = 0) -> Reason:
    file = clean(case.file) if case else ""
    return Reason(
        component=Component.TESTS,
        points=points,
        message=clean(message),
        path=file or None,
        line=(case.line or None) if case and file else None,
    )
