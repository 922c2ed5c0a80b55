"""What the project itself asks of a change, by paths; and what a person should see before anything else."""

from collections.abc import Iterator

from pathspec import GitIgnoreSpec

from ci_factory.config import CustomRule
from ci_factory.gates import protected
from ci_factory.gates.disguise import disguises
from ci_factory.gates.findings import clean
from ci_factory.gates.protocol import Judgement
from ci_factory.gates.subject import Subject
from ci_factory.gates.suppressions import new_suppressions
from ci_factory.model.gate import Component, GateStatus, Reason
from ci_factory.system.git import FileChange

_MAX_REASONS = 50


class PolicyGate:
    """Blocks where a rule says so, or where no tool could look; everything else is a remark."""

    component = Component.POLICY

    def judge(self, subject: Subject) -> Judgement:
        """Read the list of changed files and the added lines."""
        gates = subject.config.gates
        judges, silenced = list(_judges(subject)), list(_suppressions(subject))
        blocks = [
            *_odd(subject),
            *_disguised(subject),
            *_ruled(subject, "block"),
            *(judges if gates.protected == "block" else []),
            *(silenced if gates.suppressions == "block" else []),
        ]
        reviews = [
            *_ruled(subject, "require_review"),
            *_sensitive(subject),
            *(judges if gates.protected == "review" else []),
            *(silenced if gates.suppressions == "review" else []),
        ]
        remarks = [*_ruled(subject, "warn"), *_settings(subject, judges)]
        remarks += silenced if gates.suppressions == "allow" else []
        return Judgement(
            GateStatus.BLOCKED if blocks else GateStatus.PASS,
            f"{len(blocks)} blocking, {len(reviews)} to review, {len(silenced)} new suppressions",
            reasons=tuple([*blocks, *reviews, *remarks][:_MAX_REASONS]),
            figures={
                "blocking": len(blocks),
                "review": len(reviews),
                "suppressions": len(silenced),
                "judges": len(judges),
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


def _disguised(subject: Subject) -> Iterator[Reason]:
    for path, line, said in disguises(subject):
        yield _remark(f"{said}: a person decides", path, line)


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


def _judges(subject: Subject) -> Iterator[Reason]:
    for path, said in sorted(set(protected.changed(subject))):
        yield _remark(f"{said}: a person decides", path)


def _settings(subject: Subject, judges: list[Reason]) -> Iterator[Reason]:
    told = {reason.path for reason in judges}
    for path in subject.overlay.paths:
        if clean(path) not in told:
            yield _remark("a file with settings of tools changed: judged with the base's version", path)


def _suppressions(subject: Subject) -> Iterator[Reason]:
    for path, line, words in new_suppressions(subject):
        yield _remark(f"new suppression: {words}: a person decides", path, line)
