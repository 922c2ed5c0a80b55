"""Static security testing, by semgrep with our rule pack and the project's own rules."""

import hashlib
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

from ci_factory.gates import findings, verdicts
from ci_factory.gates.findings import Observation, Observations, clean
from ci_factory.gates.protocol import Judgement, Unmeasurable
from ci_factory.gates.subject import SideName, Subject
from ci_factory.gates.tools import OUTPUT_LIMIT, Tool, dotted, relative
from ci_factory.model.base import Json
from ci_factory.model.gate import Component, Region, Severity

SEMGREP = Tool("semgrep")
RULES = Path(__file__).parent / "rules"
SEVERITIES = {
    "critical": Severity.CRITICAL,
    "high": Severity.HIGH,
    "medium": Severity.MEDIUM,
    "low": Severity.LOW,
    "ERROR": Severity.HIGH,
    "WARNING": Severity.MEDIUM,
    "INFO": Severity.LOW,
    "CRITICAL": Severity.CRITICAL,
    "HIGH": Severity.HIGH,
    "MEDIUM": Severity.MEDIUM,
    "LOW": Severity.LOW,
}
"""The rule's metadata `ci_factory_severity`, else semgrep's own word. What is not here blocks, as critical."""
_FLAGS = [
    "--metrics=off",
    "--disable-version-check",
    "--quiet",
    "--disable-nosem",
    "--no-git-ignore",
    "--json",
]


class SemgrepGate:
    """A new critical or high finding blocks."""

    component = Component.SECURITY

    def judge(self, subject: Subject) -> Judgement:
        """Scan the changed Python files, and all changed files when the project has rules of its own."""
        own = subject.config.gates.semgrep_rules
        files = subject.change.present() if own else subject.change.present(".py")
        if not files:
            return verdicts.NOTHING
        version, rules = SEMGREP.version(), _rules(subject)

        def scan(side: SideName, paths: Sequence[str]) -> Observations:
            return _scan(subject, side, paths, rules)

        found = findings.compare(subject, "semgrep", files, scan, [version, _digest(rules)])
        return verdicts.no_severe(found, "finding", {"semgrep": version})


def _rules(subject: Subject) -> list[Path]:
    """Our pack and the project's rules, these from the base."""
    own = [subject.folder("base") / name for name in subject.config.gates.semgrep_rules]
    for name, path in zip(subject.config.gates.semgrep_rules, own, strict=True):
        if not path.resolve().is_relative_to(subject.folder("base").resolve()) or not path.exists():
            raise Unmeasurable(f"semgrep rules {name} are not in the base", fix="correct gates.semgrep_rules")
    return [RULES, *own]


def _digest(rules: list[Path]) -> str:
    files = [file for path in rules for file in (sorted(path.rglob("*.y*ml")) if path.is_dir() else [path])]
    return hashlib.sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()


def _scan(subject: Subject, side: SideName, paths: Sequence[str], rules: list[Path]) -> Observations:
    folder = subject.folder(side)
    report = Path(tempfile.mkdtemp(dir=subject.scratch, prefix="semgrep-")) / "report.json"
    configs = [word for path in rules for word in ("--config", str(path))]
    SEMGREP.run(
        subject,
        ["scan", *_FLAGS, *configs, "-o", str(report), *dotted(paths)],
        cwd=folder,
        expected=frozenset({0, 1}),
    )
    try:
        document = json.loads(_bounded(report))
        _must_be_whole(document, folder, paths)
        return Observations(seen=tuple(_observation(folder, row) for row in document["results"]))
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise Unmeasurable(f"semgrep's report can't be read: {clean(str(error))}") from error


def _bounded(report: Path) -> bytes:
    if report.stat().st_size > OUTPUT_LIMIT:
        raise Unmeasurable(f"semgrep's report is larger than {OUTPUT_LIMIT} bytes")
    return report.read_bytes()


def _must_be_whole(document: dict[str, Json], folder: Path, paths: Sequence[str]) -> None:
    """A file that was not scanned to its end (time-out, parse error, too large) is not a clean file."""
    for error in document["errors"]:
        where = relative(error["path"], folder) if error.get("path") else "the rules"
        raise Unmeasurable(f"semgrep could not scan {where}: {clean(str(error['message']))}")
    scanned = {relative(path, folder) for path in document["paths"]["scanned"]}
    missed = [path for path in paths if path.endswith(".py") and path not in scanned]
    if missed:
        raise Unmeasurable(
            f"semgrep left out {', '.join(missed[:3])}", fix="look at the file's size and name"
        )


def _observation(folder: Path, row: dict[str, Json]) -> Observation:
    extra = row["extra"]
    path, line, last = relative(row["path"], folder), row["start"]["line"], row["end"]["line"]
    word = extra["metadata"].get("ci_factory_severity") or extra["severity"]
    return Observation(
        # semgrep puts the rule file's folders before the id
        rule=row["check_id"].rsplit(".", 1)[-1],
        severity=SEVERITIES.get(word, Severity.CRITICAL),
        message=extra["message"],
        path=path,
        region=Region(line=line, column=row["start"]["col"], end_line=last, end_column=row["end"]["col"]),
        snippet=findings.snippet(folder, path, line, last),
        help=str(extra["metadata"].get("cwe", "")),
    )
