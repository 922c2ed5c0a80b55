"""Score, gates and findings as OpenMetrics text, for GitLab's metrics report. Unknown values are left out, not zero."""

from collections import Counter
from collections.abc import Iterator, Sequence

from ci_factory.model.gate import GateStatus, Severity, Verdict
from ci_factory.native.common import Judged

_Row = tuple[dict[str, str], float]


def openmetrics(judged: Judged) -> str:
    """The document; ends with `# EOF`."""
    report, score = judged.report, judged.score
    states = Counter(
        (finding.severity, finding.is_new)
        for gate in report.gates
        for finding in gate.findings
        if not finding.suppressed
    )
    families: list[tuple[str, str, str, list[_Row]]] = [
        ("ci_factory_score_points", "points", "Quality score of the change, of 100.", _known([({}, score.score)])),
        ("ci_factory_threshold_points", "points", "Score that is needed to pass.", [({}, score.threshold)]),
        ("ci_factory_verdict", "", "1 for the verdict on the change.",
         [({"verdict": each.value}, float(each is score.verdict)) for each in Verdict]),
        ("ci_factory_component_points", "points", "Score of a component, of 100.",
         _known([({"component": name.value}, part.score) for name, part in score.components.items()])),
        ("ci_factory_gate_status", "", "1 for the status of a gate.",
         [({"gate": gate.gate, "status": each.value}, float(each is gate.status)) for gate in report.gates for each in GateStatus]),
        ("ci_factory_gate_seconds", "seconds", "Time that a gate took.", [({"gate": gate.gate}, gate.seconds) for gate in report.gates]),
        ("ci_factory_gate_figure", "", "What a gate counted or measured.",
         _known([({"gate": gate.gate, "figure": name}, value) for gate in report.gates for name, value in sorted(gate.figures.items())])),
        ("ci_factory_findings", "", "Findings by severity, new and from before.",
         [({"severity": severity.value, "state": "new" if fresh else "old"}, float(states[severity, fresh]))
          for severity in Severity for fresh in (True, False)]),
        ("ci_factory_changed_lines", "", "Lines that the change adds and removes.",
         [({"kind": "added"}, float(report.added_lines)), ({"kind": "removed"}, float(report.removed_lines))]),
    ]  # fmt: skip
    return "\n".join([*(row for family in families for row in _family(*family)), "# EOF", ""])


def _known(rows: Sequence[tuple[dict[str, str], float | None]]) -> list[_Row]:
    return [(labels, value) for labels, value in rows if value is not None]


def _family(name: str, unit: str, told: str, rows: Sequence[_Row]) -> Iterator[str]:
    if not rows:
        return
    yield f"# TYPE {name} gauge"
    if unit:
        yield f"# UNIT {name} {unit}"
    yield f"# HELP {name} {told}"
    for labels, value in rows:
        inner = ",".join(f'{key}="{_escape(each)}"' for key, each in labels.items())
        yield f"{name}{f'{{{inner}}}' if inner else ''} {value:g}"


def _escape(words: str) -> str:
    return words.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')
