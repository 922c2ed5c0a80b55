"""JUnit XML: each gate is a suite; its verdict, its new findings and the tests that it ran are the cases."""

from collections.abc import Iterator
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from ci_factory.model.gate import CaseResult, GateResult, GateStatus
from ci_factory.native.common import Judged, advice, legal, line, mark, text

MAX_BYTES = 28 * 1024 * 1024
"""GitLab refuses files of 30 MB and more."""
_TAGS = {
    GateStatus.FAIL: "failure",
    GateStatus.BLOCKED: "failure",
    GateStatus.INCONCLUSIVE: "error",
    GateStatus.SKIPPED: "skipped",
}
_CASE_TAGS = {"failed": "failure", "error": "error", "skipped": "skipped", "xfailed": "skipped"}


@dataclass(frozen=True)
class _Case:
    suite: str
    name: str
    file: str
    seconds: float
    tag: str = ""
    message: str = ""

    def xml(self) -> str:
        """As one line."""
        place = f" file={_attribute(self.file)}" if self.file else ""
        head = f'<testcase classname={_attribute(self.suite)} name={_attribute(self.name)}{place} time="{self.seconds:.3f}"'
        if not self.tag:
            return f"{head}/>"
        body = f"<{self.tag} message={_attribute(self.message)}>{escape(legal(self.message))}</{self.tag}>"
        return f"{head}>{body}</testcase>"


def _attribute(words: str) -> str:
    return quoteattr(legal(words))


def junit(judged: Judged) -> str:
    """The document. When it would be too large, passed tests are left out first, then findings; the gates always stand."""
    for detail in (2, 1, 0):
        written = _document(judged, detail)
        if len(written.encode()) <= MAX_BYTES:
            break
    return written


def _document(judged: Judged, detail: int) -> str:
    suites = [_suite(gate.gate, _distinct(_cases(judged, gate, detail))) for gate in judged.report.gates]
    return "\n".join(
        [
            '<?xml version="1.0" encoding="UTF-8"?>',
            '<testsuites name="ci-factory">',
            *suites,
            "</testsuites>",
            "",
        ]
    )


def _cases(judged: Judged, gate: GateResult, detail: int) -> Iterator[_Case]:
    suite = f"gate.{gate.gate}"
    yield _Case(suite, f"{gate.gate} gate", "", gate.seconds, _TAGS.get(gate.status, ""), text(gate.summary))
    if detail > 0:
        for owner, finding in judged.placed():
            if owner is gate and finding.is_new and not finding.suppressed:
                where = f"{finding.path}:{line(finding)}"
                name = f"{finding.rule} at {where} ({mark(finding)[:8]})"
                yield _Case(
                    suite,
                    text(name, 500),
                    finding.path,
                    0,
                    "failure",
                    f"{finding.severity}: {advice(finding)}",
                )
    for case in gate.cases:
        if detail > 1 or case.outcome in {"failed", "error"}:
            yield _test(gate, case)


def _test(gate: GateResult, case: CaseResult) -> _Case:
    file = f"{gate.root}/{case.file}" if gate.root and case.file else case.file
    suite = file.removesuffix(".py").replace("/", ".") or f"test.{gate.gate}"
    return _Case(
        suite, text(case.name, 500), file, case.seconds, _CASE_TAGS.get(case.outcome, ""), text(case.message)
    )


def _distinct(cases: Iterator[_Case]) -> list[_Case]:
    """One of each name: GitLab drops all but one."""
    return list({(case.suite, case.name): case for case in reversed([*cases])}.values())[::-1]


def _suite(name: str, cases: list[_Case]) -> str:
    counts = {tag: sum(case.tag == tag for case in cases) for tag in ("failure", "error", "skipped")}
    seconds = sum(case.seconds for case in cases)
    head = (
        f'<testsuite name={_attribute(name)} tests="{len(cases)}" failures="{counts["failure"]}"'
        f' errors="{counts["error"]}" skipped="{counts["skipped"]}" time="{seconds:.3f}">'
    )
    return "\n".join([head, *(case.xml() for case in cases), "</testsuite>"])
