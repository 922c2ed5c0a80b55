"""A report that repeats no secret of the change, whichever gate or tool quoted it."""

import re
from collections.abc import Iterator

from ci_factory.gates.credentials import placeholders
from ci_factory.gates.credentials.redaction import redacted
from ci_factory.gates.credentials.scan import fragments
from ci_factory.model.gate import Finding, GateReport
from ci_factory.system.git import Git

SECRETS = "secrets"
"""The tool whose findings say where secrets are."""
_MAX_CHARS = 4 * 1024 * 1024
"""Of a file that is searched for pieces of secrets."""
_QUOTED = re.compile(r"[\"'`]([^\"'`\s]{6,200})[\"'`]|[:=]\s*([^\s\"'`,;]{6,200})")


def without_secrets(report: GateReport, repo: Git) -> GateReport:
    """Mask credentials of known formats in all strings, and what stands at the places that the secrets gate found."""
    found = [each for gate in report.gates for each in gate.findings if each.tool == SECRETS]
    known = {piece for path in {each.path for each in found} for piece in _pieces(report, repo, path, found)}
    return redacted(report, known)


def _pieces(report: GateReport, repo: Git, path: str, found: list[Finding]) -> Iterator[str]:
    text = (repo.show(report.head, path) if report.head else None) or ""
    text = text[:_MAX_CHARS]
    yield from fragments(text)
    lines = text.split("\n")
    for each in found:
        if each.path == path and each.region and each.region.line <= len(lines):
            yield from _values(lines[each.region.line - 1])


def _values(line: str) -> Iterator[str]:
    """What looks like a password on a line that holds one."""
    for match in _QUOTED.finditer(line):
        value = match[1] or match[2]
        if placeholders.looks_random(value):
            yield value
