"""A run of the tests as a gate report carries it, for the documents that people look at."""

from ci_factory.gates.findings import clean
from ci_factory.gates.testing.suite import BAD, Case, Suite
from ci_factory.model.gate import CaseResult, LineCoverage

MAX_CASES = 20_000
"""Of one report; those that did not pass come first."""


def cases(suite: Suite) -> tuple[CaseResult, ...]:
    """The tests in their order; of very many, those that passed are left out first."""
    kept = sorted(enumerate(suite.cases), key=lambda row: (row[1].outcome not in BAD, row[0]))[:MAX_CASES]
    return tuple(_case(case) for _, case in sorted(kept, key=lambda row: row[0]))


def _case(case: Case) -> CaseResult:
    return CaseResult(
        file=case.file,
        name=clean(case.name),
        outcome=case.outcome,
        line=case.line,
        message=clean(case.message),
        seconds=max(0.0, case.seconds),
    )


def coverage(suite: Suite) -> dict[str, LineCoverage]:
    """Lines of the files whose coverage was asked for."""
    return {
        path: LineCoverage(executed=lines.executed, missing=lines.missing)
        for path, lines in (suite.covered or {}).items()
    }
