"""Counts the issues of one gate and keeps the worst; a million of them take no memory."""

import hashlib
from collections import Counter
from collections.abc import Iterator

from ci_factory.gates import findings
from ci_factory.gates.importing.newness import snippet
from ci_factory.gates.importing.trees import Tree
from ci_factory.gates.reports.model import Issue
from ci_factory.model.gate import Finding, Region, Severity

_Order = tuple[int, str, int, int, str, str]
_COUNTED_ANYWAY = "suppressed in the report, and counted all the same: "


class _Worst:
    """The first issues by severity, path and place, whatever order they come in."""

    def __init__(self) -> None:
        self._rows: list[tuple[_Order, Issue]] = []
        self._limit: _Order | None = None

    def offer(self, issue: Issue) -> None:
        limit = self._limit
        rank = issue.severity.rank
        if limit is not None and rank > limit[0]:
            return
        order = (rank, issue.path, issue.line or 0, issue.column or 0, issue.rule, issue.message)
        if limit is None or order < limit:
            self._rows.append((order, issue))
            if len(self._rows) >= 2 * findings.MAX_FINDINGS:
                self._cut()

    def issues(self) -> list[Issue]:
        self._cut()
        return [issue for _, issue in self._rows]

    def _cut(self) -> None:
        self._rows.sort(key=lambda row: row[0])
        del self._rows[findings.MAX_FINDINGS :]
        if len(self._rows) == findings.MAX_FINDINGS:
            self._limit = self._rows[-1][0]


class Tally:
    """All issues of one tool about one component."""

    def __init__(self) -> None:
        """None yet."""
        self.new: Counter[Severity] = Counter()
        self.old = self.suppressed = 0
        self._new, self._old = _Worst(), _Worst()

    def add(self, issue: Issue, *, new: bool) -> None:
        """Count one."""
        self.suppressed += issue.suppressed
        if new:
            self.new[issue.severity] += 1
            self._new.offer(issue)
        else:
            self.old += 1
            self._old.offer(issue)

    def findings(self, tree: Tree | None) -> tuple[Finding, ...]:
        """The worst new ones, then the worst old ones."""
        counts: Counter[tuple[str, str, str]] = Counter()
        old = tuple(_findings(self._old.issues(), tree, counts, new=False))
        return (*_findings(self._new.issues(), tree, counts, new=True), *old)


def _findings(
    issues: list[Issue], tree: Tree | None, counts: Counter[tuple[str, str, str]], *, new: bool
) -> Iterator[Finding]:
    for issue in issues:
        key = issue.rule, issue.path, snippet(issue, tree)
        counts[key] += 1
        text = "\0".join((*key, str(counts[key])))
        yield Finding(
            tool=findings.clean(issue.tool),
            rule=findings.clean(issue.rule),
            severity=issue.severity,
            message=findings.clean((_COUNTED_ANYWAY if new and issue.suppressed else "") + issue.message),
            path=issue.path,
            region=region(issue),
            fingerprint=hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:40],
            is_new=new,
            suppressed=issue.suppressed and not new,
            help=findings.clean(issue.help),
        )


def region(issue: Issue) -> Region | None:
    """Where it is; `None` when it names no line."""
    if issue.line is None:
        return None
    return Region(line=issue.line, column=issue.column, end_line=issue.end_line, end_column=issue.end_column)
