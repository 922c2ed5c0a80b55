"""Static security testing, by semgrep with our rule pack and the project's own rules."""

import hashlib
import json
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ci_factory.gates import findings, rulepack, staging, verdicts
from ci_factory.gates.findings import Observation, Observations, clean
from ci_factory.gates.protocol import Judgement, Unmeasurable
from ci_factory.gates.rulepack import RuleFile
from ci_factory.gates.severities import severity
from ci_factory.gates.staging import Staged
from ci_factory.gates.subject import SideName, Subject
from ci_factory.gates.tools import OUTPUT_LIMIT, Tool, dotted
from ci_factory.model.base import Json
from ci_factory.model.gate import Component, Finding, GateStatus, Reason, Region, Severity

SEMGREP = Tool("semgrep")
NOT_PARSED = "not-parsed"
"""Rule of the observations that stand for text semgrep could not parse."""
_NOTHING = Judgement(GateStatus.PASS, "no changed file in a language of the rules", score=100)
_RULE_SECONDS = 60
"""Semgrep's own limit of 5 s a rule and file is too short on a busy runner, and one missed rule is inconclusive."""
_MEMORY_MIB = 4000
_FLAGS = [
    "scan",
    "--metrics=off",
    "--disable-version-check",
    "--quiet",
    "--json",
    "--no-rewrite-rule-ids",
    "--disable-nosem",
    "--no-git-ignore",
    "--max-target-bytes=0",  # staging has the bound, and says so
    f"--timeout={_RULE_SECONDS}",
    "--timeout-threshold=1",
    f"--max-memory={_MEMORY_MIB}",
]
_BAD_RULES = frozenset({2, 4, 5, 7, 8})
"""Exit statuses with a report that says which rule or file of rules is wrong."""
_CONTEXT = 10
"""Lines around unparsed text that must be as they were for it to be the base's trouble and not the change's."""


@dataclass(frozen=True)
class _Plan:
    """What is scanned with which rules."""

    files: tuple[str, ...]
    rules: tuple[RuleFile, ...]

    @property
    def languages(self) -> frozenset[str]:
        return frozenset(language for file in self.rules for language in file.languages)


class SemgrepGate:
    """A new critical or high finding blocks."""

    component = Component.SECURITY

    def judge(self, subject: Subject) -> Judgement:
        """Scan the changed files whose language has a rule."""
        plan = _plan(subject)
        if not plan.files:
            return _NOTHING
        version = SEMGREP.version()

        def scan(side: SideName, paths: Sequence[str]) -> Observations:
            return _scan(subject, side, paths, plan)

        key: Json = [version, _digest(plan.rules), *_FLAGS]
        found = findings.compare(subject, "semgrep", plan.files, scan, key)
        _must_be_parsed(found)
        return verdicts.no_severe(found, "finding", {"semgrep": version}, _remarks(subject, found))


def _plan(subject: Subject) -> _Plan:
    """Only rules for the languages that the change has, and only files that a rule looks at."""
    names = subject.config.gates.semgrep_rules
    own = rulepack.configured(names, subject.folder("base")) if names else ()
    ruled = rulepack.starter_languages() | {language for file in own for language in file.languages}
    head = subject.part("head")
    languages = {path: staging.language(head, path) for path in subject.change.present()}
    anything = bool(ruled - set(rulepack.starter_languages()))
    files = tuple(path for path, language in languages.items() if anything or language in ruled)
    present = {language for path in files if (language := languages[path])}
    pack = (rulepack.starter(present),) if present else ()
    return _Plan(files, (*pack, *own))


def _digest(rules: Iterable[RuleFile]) -> str:
    text = "\0".join(part for file in rules for part in (file.name, file.text))
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def _scan(subject: Subject, side: SideName, paths: Sequence[str], plan: _Plan) -> Observations:
    place = Path(tempfile.mkdtemp(dir=subject.scratch, prefix="semgrep-"))
    checkout, report = subject.part(side), place / "report.json"
    staged = staging.stage(checkout, paths, place / "files")
    jobs = "2" if len(paths) > 1 else "1"
    done = SEMGREP.run(
        subject,
        [
            *_FLAGS,
            "--jobs",
            jobs,
            *_configs(plan.rules, place),
            "-o",
            str(report),
            *dotted(list(staged.paths)),
        ],
        cwd=staged.folder,
        expected=frozenset({0, 1}) | _BAD_RULES,
    )
    try:
        document = json.loads(_bounded(report))
        if done.returncode in _BAD_RULES:
            raise _bad_rules(document["errors"], plan.rules)
        unparsed = _errors(document["errors"], checkout, staged)
        _must_be_whole(document, checkout, staged, plan.languages)
        seen = [_observation(checkout, staged, row) for row in document["results"]]
        return Observations(seen=(*seen, *unparsed))
    except (ValueError, KeyError, TypeError, IndexError, OSError) as error:
        raise Unmeasurable(f"semgrep's report can't be read: {clean(str(error))}") from error


def _configs(rules: Sequence[RuleFile], place: Path) -> list[str]:
    """Each file of rules beside the staged files, under a name that semgrep can say in its errors."""
    words = []
    for number, file in enumerate(rules):
        path = place / f"rules-{number}.yml"
        path.write_text(file.text, encoding="utf-8")
        words += ["--config", str(path)]
    return words


def _bounded(report: Path) -> bytes:
    if report.stat().st_size > OUTPUT_LIMIT:
        raise Unmeasurable(f"semgrep's report is larger than {OUTPUT_LIMIT} bytes")
    return report.read_bytes()


def _bad_rules(errors: Sequence[dict[str, Json]], rules: Sequence[RuleFile]) -> Unmeasurable:
    """Names the file of rules that semgrep refuses, by the rule, by the place, or else all that could be it."""
    error = errors[0] if errors else {}
    blamed = [file.name for number, file in enumerate(rules) if _blames(error, number, file)]
    suspects = blamed or [file.name for file in rules[1:]] or [file.name for file in rules]
    return Unmeasurable(
        f"semgrep refuses the rules in {', '.join(suspects)}: {_said(error)}",
        fix="correct the file on the base, or gates.semgrep_rules",
    )


def _blames(error: dict[str, Json], number: int, file: RuleFile) -> bool:
    return error.get("rule_id") in file.ids or f"rules-{number}.yml" in json.dumps(error)


def _said(error: dict[str, Json]) -> str:
    words = error.get("message") or error.get("long_msg") or error.get("short_msg") or "it does not say why"
    return clean(str(words))


def _errors(errors: Sequence[dict[str, Json]], checkout: Path, staged: Staged) -> list[Observation]:
    """Text that semgrep skipped because it could not parse it, as observations; anything else ends the scan."""
    unparsed: list[Observation] = []
    for error in errors:
        kind = error.get("type")
        if not (isinstance(kind, list) and kind[0] == "PartialParsing"):
            where = _place(error, staged)
            raise Unmeasurable(f"semgrep could not scan {where}: {_said(error)}", where=where)
        for span in kind[1]:
            path, first, last = _path(span["path"], staged), span["start"]["line"], span["end"]["line"]
            region = Region(line=max(first, 1), end_line=max(last, first, 1))
            unparsed.append(_unparsed(checkout, path, region))
    return unparsed


def _unparsed(checkout: Path, path: str, region: Region) -> Observation:
    first, last = max(1, region.line - _CONTEXT), (region.end_line or region.line) + _CONTEXT
    return Observation(
        rule=NOT_PARSED,
        severity=Severity.INFO,
        message="semgrep can't parse this; rules don't see it.",
        path=path,
        region=region,
        snippet=findings.snippet(checkout, path, first, last),
    )


def _place(error: dict[str, Json], staged: Staged) -> str:
    if not error.get("path"):
        return "the files"
    spans = error.get("spans") or [error.get("location") or {}]
    line = (spans[0].get("start") or {}).get("line")
    path = _path(error["path"], staged)
    return f"{path}:{line}" if line else path


def _must_be_whole(
    document: dict[str, Json], checkout: Path, staged: Staged, languages: frozenset[str]
) -> None:
    """A file that a rule looks at and semgrep left out is not a clean file."""
    scanned = {_path(path, staged) for path in document["paths"]["scanned"]}
    missed = [
        path
        for path in staged.paths.values()
        if path not in scanned and staging.language(checkout, path) in languages
    ]
    if missed:
        raise Unmeasurable(
            f"semgrep left out {', '.join(missed[:3])}", fix="look at the file's size and name"
        )
    if document.get("skipped_rules"):
        raise Unmeasurable(
            "semgrep skipped rules", fix="update semgrep to the version that the rules ask for"
        )


def _must_be_parsed(found: Iterable[Finding]) -> None:
    """What the base has too is shown; what the change brings or touches must be seen by the rules."""
    new = [each for each in findings.new(found) if each.rule == NOT_PARSED and each.region]
    if new:
        places = ", ".join(f"{each.path}:{each.region.line}" for each in new[:3] if each.region)
        raise Unmeasurable(
            f"semgrep can't parse {places}",
            where=places,
            fix="correct the syntax there; if it is right, write it in a form that semgrep knows, or update semgrep",
        )


def _remarks(subject: Subject, found: Iterable[Finding]) -> tuple[Reason, ...]:
    """Says of which files with new findings nobody seems to be the author."""
    head = subject.part("head")
    paths = sorted({each.path for each in findings.new(found)})
    return tuple(
        Reason(
            component=Component.SECURITY,
            points=0,
            message=f"{path} looks {kind}; it is scanned all the same",
            path=path,
        )
        for path in paths
        if (kind := staging.origin(head, path))
    )


def _observation(checkout: Path, staged: Staged, row: dict[str, Json]) -> Observation:
    extra, start, end = row["extra"], row["start"], row["end"]
    path = _path(row["path"], staged)
    ours = extra["metadata"].get("ci_factory_severity")
    return Observation(
        rule=str(row["check_id"]),
        severity=severity("rule", ours) if ours is not None else severity("semgrep", extra["severity"]),
        message=str(extra["message"]),
        path=path,
        region=Region(line=start["line"], column=start["col"], end_line=end["line"], end_column=end["col"]),
        snippet=findings.snippet(checkout, path, start["line"], end["line"]),
        help=clean(str(extra["metadata"].get("cwe", ""))),
    )


def _path(reported: Json, staged: Staged) -> str:
    """A staged file's path in the checkout. `KeyError`: semgrep speaks of a file that it was not given."""
    return staged.paths[str(reported).removeprefix(f"{staged.folder}/").removeprefix("./")]
