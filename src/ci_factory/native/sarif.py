"""SARIF 2.1.0 (OASIS): one run for each tool, new findings and those from before told apart by `baselineState`."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from urllib.parse import quote

from ci_factory.model.gate import Finding, GateResult, GateStatus, Region, Severity
from ci_factory.native.common import Judged, mark, text

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
LEVELS = {
    Severity.CRITICAL: "error",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "note",
    Severity.INFO: "note",
}
_SCORES = {
    Severity.CRITICAL: "9.5",
    Severity.HIGH: "8.0",
    Severity.MEDIUM: "5.5",
    Severity.LOW: "3.0",
    Severity.INFO: "0.0",
}
"""`security-severity`, in the middle of the bands that code hosts draw (CVSS)."""
_FINGERPRINT = "ciFactory/v1"


def sarif(judged: Judged) -> str:
    """The document."""
    runs: dict[str, list[Finding]] = {gate.gate: [] for gate in judged.report.gates if _unknown(gate)}
    for _, finding in judged.placed():
        runs.setdefault(finding.tool, []).append(finding)
    document = {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [_run(judged, tool, found) for tool, found in sorted(runs.items())],
    }
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def _unknown(gate: GateResult) -> bool:
    return gate.status is GateStatus.INCONCLUSIVE


def _run(judged: Judged, tool: str, found: Sequence[Finding]) -> dict[str, object]:
    rules = sorted({finding.rule for finding in found})
    driver: dict[str, object] = {"name": tool, "rules": [_rule(rule, found) for rule in rules]}
    versions = {gate.tools[tool] for gate in judged.report.gates if tool in gate.tools}
    if versions:
        driver["version"] = min(versions)
    return {
        "tool": {"driver": driver},
        "invocations": [_invocation(judged, tool)],
        "originalUriBaseIds": {"SRCROOT": {"description": {"text": "the root of the repository"}}},
        "automationDetails": {"id": f"ci-factory/{tool}/"},
        "columnKind": "unicodeCodePoints",
        "results": [_result(finding, rules.index(finding.rule)) for finding in found],
    }


def _rule(rule: str, found: Sequence[Finding]) -> dict[str, object]:
    first = next(finding for finding in found if finding.rule == rule)
    described: dict[str, object] = {"id": rule, "shortDescription": {"text": rule}}
    if advice := text(first.help):
        described["help"] = {"text": advice}
    return described


def _invocation(judged: Judged, tool: str) -> dict[str, object]:
    silent = [gate for gate in judged.report.gates if _unknown(gate) and tool in {gate.gate, *gate.tools}]
    return {
        "executionSuccessful": not silent,
        "startTimeUtc": _time(judged.started),
        "endTimeUtc": _time(judged.finished),
        "toolExecutionNotifications": [
            {"level": "error", "message": {"text": text(gate.summary) or gate.gate}} for gate in silent
        ],
    }


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _result(finding: Finding, index: int) -> dict[str, object]:
    result: dict[str, object] = {
        "ruleId": finding.rule,
        "ruleIndex": index,
        "level": LEVELS[finding.severity],
        "message": {"text": text(finding.message) or finding.rule},
        "locations": [_location(finding)] if finding.path else [],
        "partialFingerprints": {_FINGERPRINT: mark(finding)},
        "baselineState": "new" if finding.is_new else "unchanged",
        "properties": {"severity": finding.severity.value, "security-severity": _SCORES[finding.severity]},
    }
    if finding.suppressed:
        result["suppressions"] = [{"kind": "inSource"}]
    return result


def _location(finding: Finding) -> dict[str, object]:
    physical: dict[str, object] = {"artifactLocation": {"uri": quote(finding.path), "uriBaseId": "SRCROOT"}}
    if finding.region is not None:
        physical["region"] = _region(finding.region)
    return {"physicalLocation": physical}


def _region(region: Region) -> dict[str, int]:
    """Lines and columns from 1; an end before its beginning is left out."""
    found = {"startLine": region.line}
    if region.column is not None:
        found["startColumn"] = region.column
    if region.end_line is not None and region.end_line >= region.line:
        found["endLine"] = region.end_line
        beyond = (
            region.end_line > region.line
            or region.end_column is None
            or region.end_column >= (region.column or 1)
        )
        if region.end_column is not None and beyond:
            found["endColumn"] = region.end_column
    return found
