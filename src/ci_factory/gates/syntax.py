"""Whether every changed Python file parses, with the project's own Python."""

from collections.abc import Sequence

from ci_factory.gates import findings, tools, verdicts
from ci_factory.gates.findings import Observation, Observations
from ci_factory.gates.protocol import Judgement
from ci_factory.gates.subject import SideName, Subject
from ci_factory.gates.survey import survey
from ci_factory.model.gate import Component, Region, Severity


class SyntaxGate:
    """A new syntax error fails."""

    component = Component.SYNTAX

    def judge(self, subject: Subject) -> Judgement:
        """Parse the changed files of the head, and of the base where one does not parse."""
        files = subject.change.present(".py")
        if not files:
            return verdicts.NOTHING

        def scan(side: SideName, paths: Sequence[str]) -> Observations:
            return _errors(subject, side, paths)

        found = findings.compare(subject, "syntax", files, scan, tools.interpreter_identity(subject))
        return verdicts.zero_errors(found, "syntax error", {})


def _errors(subject: Subject, side: SideName, paths: Sequence[str]) -> Observations:
    folder, facts = subject.part(side), survey(subject, side)
    seen = []
    for path in paths:
        if path not in facts or facts[path].error is None:
            continue
        line = facts[path].line or 1
        seen.append(
            Observation(
                rule="syntax-error",
                severity=Severity.HIGH,
                message=facts[path].error or "",
                path=path,
                region=Region(line=line),
                snippet=findings.snippet(folder, path, line),
            )
        )
    return Observations(seen=tuple(seen))
