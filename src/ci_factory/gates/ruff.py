"""Style and probable bugs, by ruff under the base's rules."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ci_factory.gates import configuration, findings, verdicts
from ci_factory.gates.findings import Observation, Observations
from ci_factory.gates.protocol import Judgement, Unmeasurable
from ci_factory.gates.subject import SideName, Subject
from ci_factory.gates.tools import Tool, dotted, relative
from ci_factory.model.base import Json
from ci_factory.model.gate import Component, Region, Severity

RUFF = Tool("ruff")
DEFAULT_RULES = "E9,F"
"""For projects without a ruff configuration: syntax errors and pyflakes, no matters of taste."""


class RuffGate:
    """Any new violation fails."""

    component = Component.SYNTAX

    def judge(self, subject: Subject) -> Judgement:
        """Check the changed files; the base's configuration decides what an error is."""
        files = subject.change.present(".py", ".pyi")
        if not files:
            return verdicts.NOTHING
        version, rules = RUFF.version(), _rules(subject)

        def scan(side: SideName, paths: Sequence[str]) -> Observations:
            return _check(_Place(subject, _folder(subject, side)), paths, rules)

        found = findings.compare(subject, "ruff", files, scan, [version, rules])
        return verdicts.zero_errors(found, "violation", {"ruff": version})


def _rules(subject: Subject) -> list[str]:
    if configuration.ruff_file(subject.part("base")):
        return []
    return ["--isolated", "--select", DEFAULT_RULES]


@dataclass(frozen=True)
class _Place:
    """Where ruff runs."""

    subject: Subject
    folder: Path


def _folder(subject: Subject, side: SideName) -> Path:
    """The changed files; with rules of the project also its other files, as some rules ask which modules there are."""
    return subject.part(side) if _rules(subject) else subject.folder(side)


def _check(place: _Place, paths: Sequence[str], rules: list[str]) -> Observations:
    """All violations; those that only a `noqa` comment hides are marked as suppressed."""
    shown = {_identity(row) for row in _rows(place, paths, rules)}
    every = _rows(place, paths, [*rules, "--ignore-noqa"])
    try:
        seen = (_observation(place.folder, row, suppressed=_identity(row) not in shown) for row in every)
        return Observations(seen=tuple(seen))
    except (ValueError, KeyError, TypeError) as error:
        raise Unmeasurable(f"ruff's report can't be read: {error}") from error


def _rows(place: _Place, paths: Sequence[str], flags: list[str]) -> list[dict[str, Json]]:
    words = ["--no-cache", "--no-fix", "--force-exclude", "--quiet", "--output-format", "json", *flags]
    command = ["check", *words, *dotted(paths)]
    done = RUFF.run(place.subject, command, cwd=place.folder, expected=frozenset({0, 1}))
    try:
        rows: list[dict[str, Json]] = json.loads(done.stdout or "[]")
    except ValueError as error:
        raise Unmeasurable(f"ruff's report can't be read: {error}") from error
    return rows


def _identity(row: dict[str, Json]) -> str:
    return json.dumps([row.get("filename"), row.get("code"), row.get("location")])


def _observation(folder: Path, row: dict[str, Json], *, suppressed: bool) -> Observation:
    path, line, last = relative(row["filename"], folder), row["location"]["row"], row["end_location"]["row"]
    return Observation(
        rule=row["code"] or "invalid-syntax",
        severity=Severity.MEDIUM,
        message=row["message"],
        path=path,
        region=Region(line=line, column=row["location"]["column"]),
        snippet=findings.snippet(folder, path, line, last),
        help=row["url"] or "",
        suppressed=suppressed,
    )
