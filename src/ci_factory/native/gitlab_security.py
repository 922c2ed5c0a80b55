"""GitLab's security reports, schema 15: static analysis and secret detection. All findings; GitLab compares branches."""

import json
import uuid
from collections.abc import Sequence

from ci_factory.model.gate import Component, Finding, GateResult, GateStatus
from ci_factory.native.common import Judged, advice, gitlab_time, line, mark, text

VERSION = "15.0.7"
SECRETS_GATE = "secrets"
_NAMES = uuid.UUID("2f6dd0a8-6a5e-5d31-9a70-4d2a4c2d6c0e")
"""Namespace of the ids: the same finding has the same id in every report."""
_NO_COMMIT = "0000000"
"""What GitLab's own analyzers write when no commit is known."""
_NAME_LIMIT = 255


def sast(judged: Judged) -> str:
    """What the security gates say, secrets left out."""
    gates = [
        gate for gate in judged.report.gates if gate.component is Component.SECURITY and not _is_secrets(gate)
    ]
    return _document(judged, "sast", gates)


def secret_detection(judged: Judged) -> str:
    """What the secrets gate says; kind and place, never the secret."""
    return _document(judged, "secret_detection", [gate for gate in judged.report.gates if _is_secrets(gate)])


def _is_secrets(gate: GateResult) -> bool:
    return gate.gate.rpartition(":")[2] == SECRETS_GATE


def _document(judged: Judged, kind: str, gates: Sequence[GateResult]) -> str:
    unknown = [gate for gate in gates if gate.status is GateStatus.INCONCLUSIVE]
    found = {
        mark(finding): _vulnerability(judged, kind, finding)
        for gate, finding in judged.placed()
        if any(gate is each for each in gates) and not finding.suppressed
    }
    document = {
        "version": VERSION,
        "scan": {
            "analyzer": _tool(judged.version),
            "scanner": _tool(judged.version),
            "type": kind,
            "start_time": gitlab_time(judged.started),
            "end_time": gitlab_time(judged.finished),
            "status": "failure" if unknown or not gates else "success",
            "messages": [
                {"level": "fatal", "value": text(f"{gate.gate}: {gate.summary}")} for gate in unknown
            ],
        },
        "vulnerabilities": list(found.values()),
    }
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def _tool(version: str) -> dict[str, object]:
    return {"id": "ci-factory", "name": "ci-factory", "version": version, "vendor": {"name": "ci-factory"}}


def _vulnerability(judged: Judged, kind: str, finding: Finding) -> dict[str, object]:
    rule = f"{finding.tool}/{finding.rule}"
    location: dict[str, object] = {"file": finding.path or ".", "start_line": line(finding)}
    if finding.region and finding.region.end_line:
        location["end_line"] = max(finding.region.end_line, finding.region.line)
    if kind == "secret_detection":
        location["commit"] = {"sha": judged.report.head or _NO_COMMIT}
    found: dict[str, object] = {
        "id": str(uuid.uuid5(_NAMES, mark(finding))),
        "name": text(finding.message, _NAME_LIMIT) or finding.rule,
        "description": advice(finding),
        "severity": finding.severity.value.capitalize(),
        "identifiers": [{"type": "ci_factory_rule", "name": rule, "value": rule}],
        "location": location,
    }
    if solution := text(finding.help):
        found["solution"] = solution
    return found
