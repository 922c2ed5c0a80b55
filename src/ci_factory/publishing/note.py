"""The one note on a merge request: verdict first, then what a reviewer needs, worst first. Pure."""

from ci_factory.model import block
from ci_factory.model.attempt import Attempt, Usage
from ci_factory.model.batch import PlannedTicket
from ci_factory.model.gate import Finding, GateReport, GateResult, GateStatus, Reason, Score, Verdict
from ci_factory.publishing import markdown

NOTE_KEY = "score"
_MOST_FINDINGS = 25
_MOST_REASONS = 25
_SIGN = {
    GateStatus.BLOCKED: "⛔ blocked",
    GateStatus.FAIL: "❌ fail",
    GateStatus.INCONCLUSIVE: "❔ inconclusive",
    GateStatus.PASS: "✅ pass",
    GateStatus.SKIPPED: "➖ skipped",
}
"""Worst first."""
_HEADLINE = {
    Verdict.PASS: "✅ Passed",
    Verdict.FAIL: "❌ Failed",
    Verdict.BLOCKED: "⛔ Blocked: a person must decide",
    Verdict.INCONCLUSIVE: "❔ Inconclusive: something could not be measured",
}
_ADVICE = {
    Verdict.PASS: "Read the diff; the gates found nothing that stops it.",
    Verdict.FAIL: "Mend what is listed below, or close the merge request and say why on the ticket.",
    Verdict.BLOCKED: "Decide about what blocks it before anything else; an agent may not resolve this on its own.",
    Verdict.INCONCLUSIVE: "Find out why a gate could not measure; what was not measured was not judged.",
}


def score_note(planned: PlannedTicket, attempt: Attempt, report: GateReport, score: Score) -> str:
    """The note's Markdown, hidden block included; the same input gives the same bytes."""
    lines = [
        *_verdict(score),
        "",
        *_gates(report),
        "",
        *_components(score),
        *_findings(report),
        *_reasons(score.reasons),
        "",
        *_generation(attempt),
        "",
        *_checkpoints(attempt),
        "",
        *_proof(score),
        "",
        block.write(NOTE_KEY, block_data(planned, attempt, report, score)),
    ]
    return markdown.document(lines)


def points(score: Score) -> str:
    """`87 / 100 (threshold 80)`, or that it is unknown."""
    value = "unknown" if score.score is None else f"{score.score:g} / 100"
    return f"{value} (threshold {score.threshold:g})"


def block_data(
    planned: PlannedTicket, attempt: Attempt, report: GateReport, score: Score
) -> dict[str, object]:
    """What metrics can rebuild from the forge alone."""
    return {
        "ticket": attempt.ticket_id,
        "batch": attempt.batch_id,
        "agent": attempt.agent,
        "model": attempt.model,
        "size": attempt.size.value,
        "risk": planned.candidate.risk.level.value,
        "attempts": max((run.attempt for run in attempt.runs), default=0),
        "iterations": max((run.iteration for run in attempt.runs), default=0),
        "seconds": round(sum(run.seconds for run in attempt.runs), 3),
        "usage": attempt.usage.model_dump(mode="json"),
        "added": report.added_lines,
        "removed": report.removed_lines,
        "files": len(report.changed_files),
        "gates": {gate.gate: gate.status.value for gate in report.gates},
        **score.model_dump(mode="json", exclude={"schema_version", "reasons"}),
    }


def _verdict(score: Score) -> list[str]:
    return [
        f"## {_HEADLINE[score.verdict]}",
        "",
        f"**Score {points(score)}.** {_ADVICE[score.verdict]}",
    ]


def _gates(report: GateReport) -> list[str]:
    rows = [
        (gate.gate, _SIGN[gate.status], markdown.inline(gate.summary, limit=300))
        for gate in sorted(report.gates, key=_worst_first)
    ]
    return ["### Gates", "", *markdown.table(("gate", "status", "details"), rows)]


def _worst_first(gate: GateResult) -> tuple[int, str]:
    return tuple(_SIGN).index(gate.status), gate.gate


def _components(score: Score) -> list[str]:
    rows = [
        (
            name.value,
            "not measured" if part.score is None else f"{part.score:g}",
            f"{part.weight:g}",
            "-" if part.score is None else f"{part.score * part.weight:.1f}",
        )
        for name, part in score.components.items()
        if part.weight or part.score is not None
    ]
    return ["### Score", "", *markdown.table(("component", "of 100", "weight", "points"), rows)]


def _findings(report: GateReport) -> list[str]:
    found = sorted(
        (f for gate in report.gates for f in gate.findings if f.is_new and not f.suppressed),
        key=lambda f: (f.severity.rank, f.path, f.region.line if f.region else 0, f.rule),
    )
    if not found:
        return []
    rows = [_finding(finding) for finding in found[:_MOST_FINDINGS]]
    more = (
        [f"\n_{len(found)} new findings in all, the worst {len(rows)} shown._"]
        if len(found) > len(rows)
        else []
    )
    header = ("severity", "where", "rule", "what")
    return ["", f"### New findings ({len(found)})", "", *markdown.table(header, rows), *more]


def _finding(finding: Finding) -> tuple[str, ...]:
    where = markdown.place(finding.path, finding.region.line if finding.region else None)
    advice = f" {finding.help}" if finding.help else ""
    what = markdown.inline(f"{finding.message}{advice}", limit=400)
    return finding.severity.value, where, markdown.code(f"{finding.tool} {finding.rule}"), what


def _reasons(reasons: tuple[Reason, ...]) -> list[str]:
    if not reasons:
        return []
    rows = [
        (
            reason.component.value,
            f"{reason.points:g}" if reason.points else "-",
            markdown.place(reason.path, reason.line) or "-",
            markdown.inline(reason.message, limit=400),
        )
        for reason in reasons[:_MOST_REASONS]
    ]
    more = [f"\n_{len(reasons)} reasons in all, {len(rows)} shown._"] if len(reasons) > len(rows) else []
    return ["", "### Why not 100", "", *markdown.table(("component", "lost", "where", "why"), rows), *more]


def _generation(attempt: Attempt) -> list[str]:
    tries = max((run.attempt for run in attempt.runs), default=0)
    rounds = sum(run.phase == "implement" for run in attempt.runs)
    rows = [
        ("agent", markdown.code(attempt.agent)),
        ("model", markdown.code(attempt.model) if attempt.model else "unknown"),
        ("attempts, rounds", f"{tries}, {rounds}"),
        ("agent time", f"{sum(run.seconds for run in attempt.runs):.0f} s"),
        ("tokens in, out", _tokens(attempt.usage)),
        ("cost", "unknown" if attempt.usage.cost_usd is None else f"${attempt.usage.cost_usd:.2f}"),
        ("prompt", markdown.code(attempt.prompt_hash[:12]) if attempt.prompt_hash else "none"),
    ]
    return ["### Generation", "", *markdown.table(("what", "value"), rows)]


def _tokens(usage: Usage) -> str:
    parts = (usage.input_tokens, usage.output_tokens)
    return ", ".join("unknown" if part is None else f"{part:,}" for part in parts)


def _checkpoints(attempt: Attempt) -> list[str]:
    rows = [
        (
            check.name.value,
            check.status.value,
            markdown.inline("; ".join((*check.problems, *check.notes)), limit=300) or "-",
        )
        for check in attempt.checkpoints
    ]
    return ["### Checkpoints", "", *markdown.table(("checkpoint", "status", "remarks"), rows)]


def _proof(score: Score) -> list[str]:
    tree, base = (sha[:12] if sha else "unknown" for sha in (score.tree, score.base))
    return [f"Judged: tree `{tree}` on base `{base}`, configuration `{score.config_hash[:12]}`."]
