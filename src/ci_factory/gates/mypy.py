"""Types, by mypy under the base's configuration."""

import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from ci_factory.gates import configuration, findings, imports, tools, verdicts
from ci_factory.gates.findings import Observation, Observations
from ci_factory.gates.incremental import with_cache
from ci_factory.gates.protocol import Judgement, Unmeasurable
from ci_factory.gates.subject import SideName, Subject
from ci_factory.gates.tools import Tool, dotted, relative
from ci_factory.model.base import Json
from ci_factory.model.gate import Component, Region, Severity

MYPY = Tool("mypy")
_LENIENT = [
    "--ignore-missing-imports",
    "--explicit-package-bases",
    "--namespace-packages",
    # Asking for annotations is a matter of taste where nobody chose mypy.
    "--disable-error-code=var-annotated",
]
"""For projects without a mypy configuration."""
_ALWAYS = ["--no-error-summary", "--follow-imports=silent", "--output=json"]
_FATAL = 2
_FAR = re.compile(r"^\s*(plugins|custom_typeshed_dir)\s*=", re.MULTILINE)
"""Settings with which mypy reads files that no import leads to."""


class MypyGate:
    """Any new type error in a changed file fails."""

    component = Component.SYNTAX

    def judge(self, subject: Subject) -> Judgement:
        """Check the changed files on both sides with the same arguments."""
        files = subject.change.present(".py", ".pyi")
        if not files:
            return verdicts.NOTHING
        version, flags = MYPY.version(), _flags(subject)
        settings = [version, tools.interpreter_identity(subject), *flags]

        def scan(side: SideName, paths: Sequence[str]) -> Observations:
            words = [*_python(subject), *flags]
            return with_cache(subject, settings, lambda cache: _check(subject, side, paths, [*words, *cache]))

        found = findings.compare(subject, "mypy", files, scan, settings)
        return verdicts.zero_errors(found, "type error", {"mypy": version})


def _flags(subject: Subject) -> list[str]:
    file = configuration.mypy_file(subject.part("base"))
    return [*(["--config-file", file] if file else ["--config-file=", *_LENIENT]), *_ALWAYS]


def _python(subject: Subject) -> list[str]:
    own = tools.interpreter_identity(subject) != sys.executable
    return ["--python-executable", tools.interpreter(subject)] if own else []


def _check(subject: Subject, side: SideName, paths: Sequence[str], flags: list[str]) -> Observations:
    folder = _folder(subject, side, paths)
    sources = {"MYPYPATH": "src"} if (folder / "src").is_dir() else {}
    done = MYPY.run(
        subject, [*flags, *dotted(paths)], cwd=folder, expected=frozenset({0, 1, _FATAL}), extra=sources
    )
    try:
        rows = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        errors = [row for row in rows if row["severity"] == "error"]
        seen = tuple(_observation(folder, row) for row in errors)
    except (ValueError, KeyError, TypeError) as error:
        raise Unmeasurable(f"mypy's report can't be read: {error}") from error
    # Status 2 with a syntax error is a judgement; status 2 without one is mypy giving up.
    if done.returncode == _FATAL and not any(each.rule == "syntax" for each in seen):
        raise Unmeasurable(f"mypy gave up: {tools.last_line(done)}")
    return Observations(seen=seen)


def _folder(subject: Subject, side: SideName, paths: Sequence[str]) -> Path:
    """A checkout of these files and of what their imports lead to, which of a large repository is a small part."""
    base = subject.part("base")
    name = configuration.mypy_file(base)
    far = name is not None and _FAR.search((base / name).read_text("utf-8", "replace"))
    if subject.root or far:  # a root's search path may lead out of it
        return subject.folder(side)
    return subject.some(side, "types", imports.Closure(paths))


def _observation(folder: Path, row: dict[str, Json]) -> Observation:
    path, line, column = relative(row["file"], folder), row["line"], row["column"]
    hint = f" ({row['hint']})" if row.get("hint") else ""
    return Observation(
        rule=row["code"] or "error",
        severity=Severity.MEDIUM,
        message=f"{row['message']}{hint}",
        path=path,
        region=Region(line=line, column=max(column, 0) + 1) if line > 0 else None,
        snippet=findings.snippet(folder, path, line) if line > 0 else row["message"],
    )
