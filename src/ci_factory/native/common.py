"""What all documents share: which findings, in which order, and text that fits."""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from ci_factory.model.gate import Finding, GateReport, GateResult, Score, Severity
from ci_factory.model.text import plain

MESSAGE_LIMIT = 2000
"""Characters of a message."""
MOST_FINDINGS = 20_000
"""Findings of one document, the worst new ones first."""
_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class Judged:
    """Everything that a document is written from."""

    report: GateReport
    score: Score
    version: str
    """Of ci-factory."""
    started: datetime
    finished: datetime

    def placed(self) -> Iterator[tuple[GateResult, Finding]]:
        """Each finding with its gate: new ones first, worst first, then by place."""
        rows = [(gate, finding) for gate in self.report.gates for finding in gate.findings]
        yield from sorted(rows, key=lambda row: _order(*row))[:MOST_FINDINGS]


def _order(gate: GateResult, finding: Finding) -> tuple[bool, int, str, int, str, str, str]:
    line = finding.region.line if finding.region else 0
    return (
        not finding.is_new,
        finding.severity.rank,
        finding.path,
        line,
        finding.rule,
        gate.gate,
        finding.fingerprint,
    )


def mark(finding: Finding) -> str:
    """A fingerprint that no finding of another tool has: documents show equal ones once."""
    return hashlib.sha256(f"{finding.tool}\0{finding.rule}\0{finding.fingerprint}".encode()).hexdigest()


def text(words: str, limit: int = MESSAGE_LIMIT) -> str:
    """Untrusted words on one line."""
    return plain(words, limit)


def advice(finding: Finding) -> str:
    """Message and what to do about it."""
    said, todo = text(finding.message) or finding.rule, text(finding.help)
    return f"{said} ({todo})" if todo else said


def line(finding: Finding) -> int:
    """Its first line; 1 for a finding about a whole file."""
    return finding.region.line if finding.region else 1


def severe(severity: Severity) -> bool:
    """Whether it blocks."""
    return severity.rank <= Severity.HIGH.rank


def legal(words: str) -> str:
    """Words without characters that XML can't hold."""
    return _ILLEGAL.sub("\ufffd", words)


def gitlab_time(moment: datetime) -> str:
    """`YYYY-MM-DDThh:mm:ss` in UTC, as GitLab's security reports want it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
