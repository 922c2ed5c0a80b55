"""Code Quality JSON (Code Climate's issue format, as GitLab reads it). Every finding is listed: GitLab compares branches."""

import json

from ci_factory.model.gate import Severity
from ci_factory.native.common import Judged, advice, line, mark

SEVERITIES = {
    Severity.CRITICAL: "blocker",
    Severity.HIGH: "critical",
    Severity.MEDIUM: "major",
    Severity.LOW: "minor",
    Severity.INFO: "info",
}


def code_quality(judged: Judged) -> str:
    """The document."""
    seen: set[str] = set()
    rows = []
    for gate, finding in judged.placed():
        fingerprint = mark(finding)
        if finding.suppressed or fingerprint in seen:
            continue
        seen.add(fingerprint)
        rows.append(
            {
                "type": "issue",
                "description": advice(finding),
                "check_name": f"{gate.gate}/{finding.rule}",
                "categories": ["Security" if gate.component == "security" else "Style"],
                "fingerprint": fingerprint,
                "severity": SEVERITIES[finding.severity],
                "location": {"path": finding.path or ".", "lines": {"begin": line(finding)}},
            }
        )
    return json.dumps(rows, indent=1, ensure_ascii=False) + "\n"
