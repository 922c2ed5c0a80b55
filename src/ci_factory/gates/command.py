"""Any program as a gate: run on the head, and on the base where there is something to compare, its report read strictly."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from pathspec import GitIgnoreSpec

from ci_factory.errors import ArtifactError
from ci_factory.gates import findings, texts
from ci_factory.gates.findings import Observation, Observations
from ci_factory.gates.program import Missing, Program
from ci_factory.gates.protocol import Judgement, Unmeasurable
from ci_factory.gates.reports.formats import FORMATS, read_issues
from ci_factory.gates.reports.model import Issue
from ci_factory.gates.reports.paths import Paths
from ci_factory.gates.subject import SideName, Subject
from ci_factory.model.commands import CommandConfig
from ci_factory.model.gate import Component, Finding, GateStatus, Reason, Region, Severity

_MAX_SNIPPET_LINES = 20
_MAX_FILE_BYTES = 4 * 1024 * 1024
"""A larger file gives no text to recognise its findings by; their messages do."""


@dataclass(frozen=True)
class CommandGate:
    """One program. New findings at or above its level fail; those of a security gate block."""

    config: CommandConfig
    executes: bool = True
    """Whether it runs code of the project: it gets checkouts of its own."""
    version: tuple[str, ...] = ()
    """Arguments that print the program's version; none for programs that we do not know."""

    @property
    def component(self) -> Component:
        """As configured."""
        return self.config.component

    def judge(self, subject: Subject) -> Judgement:
        """Run it when the change touches a file that it is about."""
        if not touches(subject, self.config):
            return self._untouched()
        program = Program.make(subject, self.config, executes=self.executes, version=self.version)
        if skipped := skip(program):
            return skipped
        found = _findings(program)
        stopping = [each for each in findings.new(found) if stops(self.config, each.severity)]
        return self._judgement(program, found, stopping)

    def _untouched(self) -> Judgement:
        score = None if self.component is Component.SECURITY else 100
        return Judgement(GateStatus.PASS, "the change touches no file that it is about", score=score)

    def _judgement(
        self, program: Program, found: Sequence[Finding], stopping: Sequence[Finding]
    ) -> Judgement:
        security, fresh = self.component is Component.SECURITY, findings.new(found)
        worst = GateStatus.BLOCKED if security else GateStatus.FAIL
        return Judgement(
            worst if stopping else GateStatus.PASS,
            findings.summary(found, "finding"),
            score=None if security else 0 if stopping else 100,
            reasons=remarks(program),
            findings=findings.shortened(found),
            figures={"new": len(fresh), "stopping": len(stopping), "old": len(found) - len(fresh)},
            tools=program.tools(),
        )


def touches(subject: Subject, config: CommandConfig) -> bool:
    """Whether the change adds, alters, moves or deletes a file that a gate is about."""
    spec, changes = GitIgnoreSpec.from_lines(config.files or ["*"]), subject.change.files
    return any(spec.match_file(each.path) or spec.match_file(each.old_path) for each in changes)


def skip(program: Program) -> Judgement | None:
    """The judgement on an optional program that is not installed.

    The base has to be without it too: a change can't uninstall what judges it.

    Raises:
        Missing: only the head is without it.
    """
    if not program.config.optional:
        return None
    try:
        program.path("head")
    except Missing as error:
        try:
            program.path("base")
        except Missing:
            return Judgement(GateStatus.SKIPPED, f"{error.what}; it is optional")
        raise
    return None


def stops(config: CommandConfig, severity: Severity) -> bool:
    """Whether a new finding of this severity stops a change."""
    if config.blocks in {"any", "never"}:
        return config.blocks == "any"
    known = FORMATS.get(config.format)
    usual = known.fails_at if known and config.component is not Component.SECURITY else Severity.HIGH
    return severity.rank <= (Severity(config.blocks) if config.blocks else usual).rank


def remarks(program: Program) -> tuple[Reason, ...]:
    """What a reader should know of how the command was run."""
    return tuple(
        Reason(
            component=program.config.component, points=0, message="judged with the base's version", path=path
        )
        for path in program.judges.paths
    )


def _findings(program: Program) -> tuple[Finding, ...]:
    subject, key = program.subject, program.key()
    spec = GitIgnoreSpec.from_lines(program.config.files or ["*"])
    wanted = [path for path in subject.change.present() if spec.match_file(path)] if program.by_file else [""]

    def scan(side: SideName, paths: Sequence[str]) -> Observations:
        if program.by_file:
            return _scan(program, side, [path for path in paths if path])
        # the same answer whatever it is compared for: measured once for a tree
        return subject.measure(side, ["whole", key], Observations, lambda: _scan(program, side, ()))

    return findings.compare(subject, program.config.name, wanted, scan, key)


def _scan(program: Program, side: SideName, paths: Sequence[str]) -> Observations:
    folder, config = program.folder(side), program.config
    text = _Text(folder)
    seen: list[Observation] = []
    for status, stream in program.runs(side, paths):
        before = len(seen)
        try:
            if not stream.read(1) and config.format not in _MAY_BE_EMPTY:
                raise Unmeasurable(f"{config.command[0]} left an empty report")
            stream.seek(0)
            # what a tool says twice (of a library and of its tests, say) is one thing
            issues = dict.fromkeys(_issues(config, stream, folder))
            seen += (_observation(issue, text) for issue in issues)
        except ArtifactError as error:
            raise Unmeasurable(f"the report of {config.command[0]} {error.what}", fix=error.fix) from error
        if status != 0 and len(seen) == before:
            raise Unmeasurable(f"{config.command[0]} ended with status {status} but reported nothing")
    return Observations(seen=tuple(seen))


_MAY_BE_EMPTY = ("tsc", *texts.TEXTS)
"""Formats of tools that say nothing when they find nothing."""


def _issues(config: CommandConfig, stream: BinaryIO, folder: Path) -> Iterator[Issue]:
    if config.format in texts.TEXTS:
        found = texts.READERS[config.format](stream, Paths(str(folder)))
        listed = f"is not as {config.name} wants it"
        return (
            replace(each, rule=config.name, message=listed) if not each.message else each for each in found
        )
    return read_issues(stream, config.format, root=str(folder))


class _Text:
    """Lines of a checkout's files, each file read once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lines: dict[str, list[str]] = {}

    def of(self, issue: Issue) -> str:
        """What identifies an issue besides its rule and path: the text it is about, else what it says."""
        if issue.snippet or not (issue.path and issue.line):
            return issue.snippet or issue.message
        if issue.path not in self._lines:
            self._lines[issue.path] = self._read(self._folder / issue.path)
        last = min(issue.end_line or issue.line, issue.line + _MAX_SNIPPET_LINES)
        return "\n".join(self._lines[issue.path][issue.line - 1 : last]) or issue.message

    def _read(self, file: Path) -> list[str]:
        plain = file.is_file() and file.resolve().is_relative_to(self._folder.resolve())
        if not plain or file.stat().st_size > _MAX_FILE_BYTES:
            return []
        return file.read_text(encoding="utf-8", errors="replace").split("\n")


def _observation(issue: Issue, text: _Text) -> Observation:
    region = None
    if issue.line:
        end = issue.end_line if issue.end_line and issue.end_line >= issue.line else None
        region = Region(line=issue.line, column=issue.column, end_line=end, end_column=issue.end_column)
    return Observation(
        rule=issue.rule,
        severity=issue.severity,
        message=issue.message,
        path=issue.path,
        region=region,
        snippet=text.of(issue),
        help=issue.help,
        suppressed=issue.suppressed,
    )
