"""What the project itself asks of a change, by paths; and what a person should see before anything else."""

import re
from collections.abc import Iterator

from pathspec import GitIgnoreSpec

from ci_factory.config import CustomRule
from ci_factory.gates.findings import clean
from ci_factory.gates.protocol import Judgement
from ci_factory.gates.subject import Subject
from ci_factory.model.gate import Component, GateStatus, Reason
from ci_factory.system.git import FileChange

_SUPPRESSION = re.compile(
    r"#\s*(noqa\b|type:\s*ignore|pragma:\s*no\s?cover|nosec\b|nosemgrep\b|pragma:\s*allowlist|mypy:\s*ignore-errors|pyright:\s*ignore|ruff:\s*noqa)",
    re.IGNORECASE,
)
_MAX_REASONS = 50


class PolicyGate:
    """Blocks where a rule says so, or where no tool could look; everything else is a remark."""

    component = Component.POLICY

    def judge(self, subject: Subject) -> Judgement:
        """Read the list of changed files and the added lines."""
        blocks = [*_odd(subject), *_ruled(subject, "block")]
        reviews, warnings = list(_ruled(subject, "require_review")), list(_ruled(subject, "warn"))
        areas, settings, silenced = (
            list(_sensitive(subject)),
            list(_settings(subject)),
            list(_suppressions(subject)),
        )
        reasons = [*blocks, *reviews, *areas, *warnings, *settings, *silenced]
        return Judgement(
            GateStatus.BLOCKED if blocks else GateStatus.PASS,
            f"{len(blocks)} blocking, {len(reviews) + len(areas)} to review, {len(silenced)} new suppressions",
            reasons=tuple(reasons[:_MAX_REASONS]),
            figures={
                "blocking": len(blocks),
                "review": len(reviews) + len(areas),
                "suppressions": len(silenced),
            },
        )


def _remark(message: str, path: str | None = None, line: int | None = None) -> Reason:
    return Reason(
        component=Component.POLICY,
        points=0,
        message=clean(message),
        path=clean(path) if path else None,
        line=line,
    )


def _odd(subject: Subject) -> Iterator[Reason]:
    for change in subject.change.odd:
        modes = {change.old_mode, change.new_mode}
        what = "a symbolic link" if "120000" in modes else "a submodule" if "160000" in modes else None
        text = f"is {what}" if what else "has a name that tools and readers may misread"
        yield _remark(f"{text}: not scanned, a person decides", change.path)


def _touched(subject: Subject, patterns: tuple[str, ...]) -> list[FileChange]:
    spec = GitIgnoreSpec.from_lines(patterns)
    every = (*subject.change.files, *subject.change.odd)
    return [change for change in every if spec.match_file(change.path) or spec.match_file(change.old_path)]


def _ruled(subject: Subject, action: str) -> Iterator[Reason]:
    for rule in subject.config.rules:
        if rule.action == action:
            for change in _touched(subject, rule.paths):
                yield _remark(_text(rule), change.path)


def _text(rule: CustomRule) -> str:
    if rule.action == "require_review":
        who = ", ".join(rule.reviewers) or "a person"
        return f"needs a review by {who}{f': {rule.message}' if rule.message else ''}"
    return rule.message or ("changes here are blocked" if rule.action == "block" else "look twice here")


def _sensitive(subject: Subject) -> Iterator[Reason]:
    for area in subject.config.sensitive:
        for change in _touched(subject, area.paths):
            who = f", reviewed by {', '.join(area.reviewers)}" if area.reviewers else ""
            yield _remark(f"sensitive area ({area.category}){who}", change.path)


def _settings(subject: Subject) -> Iterator[Reason]:
    for path in subject.overlay.paths:
        yield _remark("settings of tools changed: judged with the base's version", path)


def _suppressions(subject: Subject) -> Iterator[Reason]:
    for path, lines in sorted(subject.change.added.items()):
        if path.endswith((".py", ".pyi")):
            for line in lines:
                if found := _SUPPRESSION.search(line.text):
                    yield _remark(f"new suppression: {found[1]}", path, line.number)
