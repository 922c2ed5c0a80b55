"""Comments beside the lines that new findings are about. Pure."""

import hashlib
from collections.abc import Iterator

from ci_factory.model.forge import InlineComment
from ci_factory.model.gate import Finding, GateReport
from ci_factory.model.publishing_settings import PublishingConfig
from ci_factory.publishing import sanitise

_MOST_LOOKED_AT = 1_000


def inline_comments(report: GateReport, settings: PublishingConfig) -> tuple[InlineComment, ...]:
    """One for each new finding with a line, the worst first; which of them stand on added lines is for git to say."""
    found = sorted(_findings(report), key=lambda each: (each.severity.rank, each.path, each.fingerprint))
    unique = {_key(each): each for each in reversed(found)}
    chosen = list(reversed(unique.items()))[:_MOST_LOOKED_AT]
    return tuple(_comment(key, finding, settings) for key, finding in chosen)


def _findings(report: GateReport) -> Iterator[Finding]:
    for gate in report.gates:
        for finding in gate.findings:
            if finding.is_new and not finding.suppressed and finding.region is not None and finding.path:
                yield finding


def _key(finding: Finding) -> str:
    """The finding's fingerprint as a key; that may hold anything, as some tools bring their own."""
    return hashlib.sha256(f"{finding.tool}\0{finding.fingerprint}".encode("utf-8", "replace")).hexdigest()[
        :32
    ]


def _comment(key: str, finding: Finding, settings: PublishingConfig) -> InlineComment:
    advice = f" → {finding.help}" if finding.help else ""
    said = sanitise.inline(f"{finding.message}{advice}", limit=1_000, hosts=settings.link_hosts)
    rule = sanitise.code(f"{finding.tool} {finding.rule}")
    line = finding.region.line if finding.region else 1
    body = f"**{finding.severity.value}** {rule}: {said}\n"
    return InlineComment(fingerprint=key, path=finding.path, line=line, body=body)
