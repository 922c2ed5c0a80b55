"""Parts of notes about a judged change: verdict first, then what a reviewer needs, worst first. Pure."""

from collections.abc import Collection, Mapping, Sequence

from ci_factory.model.gate import (
    Component,
    ComponentScore,
    Finding,
    GateReport,
    GateResult,
    GateStatus,
    Reason,
    Score,
    Verdict,
)
from ci_factory.publishing import markdown, sanitise

_MOST_FINDINGS = 25
_MOST_REASONS = 25
_MOST_REMARKS = 25
SIGN = {
    GateStatus.BLOCKED: "⛔ blocked",
    GateStatus.FAIL: "❌ fail",
    GateStatus.INCONCLUSIVE: "❔ inconclusive",
    GateStatus.PASS: "✅ pass",
    GateStatus.SKIPPED: "➖ skipped",
}
"""Worst first."""
HEADLINE = {
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


def points(score: Score) -> str:
    """`87 / 100 (threshold 80)`, or that it is unknown."""
    value = "unknown" if score.score is None else f"{score.score:g} / 100"
    return f"{value} (threshold {score.threshold:g})"


def verdict(score: Score) -> list[str]:
    """The first lines of any note."""
    return [
        f"## {HEADLINE[score.verdict]}",
        "",
        f"**Score {points(score)}.** {_ADVICE[score.verdict]}",
    ]


def remarks(given: Sequence[str]) -> list[str]:
    """What keeps the merge request a draft until a person has looked; nothing when there is nothing."""
    if not given:
        return []
    shown = given[:_MOST_REMARKS]
    more = [f"- … and {len(given) - len(shown)} more"] if len(given) > len(shown) else []
    heading = "### Before it is merged, a person has to look at"
    return [heading, "", *(f"- {each}" for each in shown), *more, ""]


def gates(report: GateReport) -> list[str]:
    """The table of gates, worst first."""
    rows = [
        (sanitise.inline(gate.gate, limit=100), SIGN[gate.status], sanitise.inline(gate.summary, limit=300))
        for gate in sorted(report.gates, key=_worst_first)
    ]
    return ["### Gates", "", *markdown.table(("gate", "status", "details"), rows)]


def _worst_first(gate: GateResult) -> tuple[int, str]:
    return tuple(SIGN).index(gate.status), gate.gate


def components(score: Score) -> list[str]:
    """The score, component by component; below it that of each project of a repository of several."""
    return ["### Score", "", *_parts(score.components), *_roots(score)]


def _parts(parts: Mapping[Component, ComponentScore]) -> list[str]:
    rows = [
        (
            name.value,
            "not measured" if part.score is None else f"{part.score:g}",
            f"{part.weight:g}",
            "-" if part.score is None else f"{part.score * part.weight:.1f}",
        )
        for name, part in parts.items()
        if part.weight or part.score is not None
    ]
    return markdown.table(("component", "of 100", "weight", "points"), rows)


def _roots(score: Score) -> list[str]:
    if not score.roots:
        return []
    rows = [
        (
            sanitise.code(root) if root else "the whole repository",
            "unknown" if part.score is None else f"{part.score:g}",
            HEADLINE[part.verdict].split(":")[0],
            ", ".join(f"{name.value} {_of(each)}" for name, each in part.components.items() if each.weight)
            or "-",
        )
        for root, part in sorted(score.roots.items())
    ]
    return ["", *markdown.table(("project", "score", "verdict", "components"), rows)]


def _of(part: ComponentScore) -> str:
    return "not measured" if part.score is None else f"{part.score:g}"


def findings(report: GateReport, hosts: Collection[str] = ()) -> list[str]:
    """New findings with their place and what to do, worst first; nothing when there is none."""
    found = sorted(
        (f for gate in report.gates for f in gate.findings if f.is_new and not f.suppressed),
        key=lambda f: (f.severity.rank, f.path, f.region.line if f.region else 0, f.rule),
    )
    if not found:
        return []
    rows = [_finding(finding, hosts) for finding in found[:_MOST_FINDINGS]]
    more = (
        [f"\n_{len(found)} new findings in all, the worst {len(rows)} shown._"]
        if len(found) > len(rows)
        else []
    )
    header = ("severity", "where", "rule", "what")
    return ["", f"### New findings ({len(found)})", "", *markdown.table(header, rows), *more]


def _finding(finding: Finding, hosts: Collection[str]) -> tuple[str, ...]:
    where = sanitise.place(finding.path, finding.region.line if finding.region else None)
    advice = f" → {finding.help}" if finding.help else ""
    what = sanitise.inline(f"{finding.message}{advice}", limit=400, hosts=hosts)
    return finding.severity.value, where, sanitise.code(f"{finding.tool} {finding.rule}"), what


def old_findings(report: GateReport) -> list[str]:
    """How many findings were there before; nothing when there is none."""
    old = sum(not finding.is_new for gate in report.gates for finding in gate.findings)
    hidden = sum(finding.suppressed for gate in report.gates for finding in gate.findings)
    parts = [f"{old} from before not counted"] if old else []
    parts += [f"{hidden} suppressed"] if hidden else []
    return ["", f"_Findings: {', '.join(parts)}._"] if parts else []


def tests(report: GateReport) -> list[str]:
    """What the tests measured: counts, coverage, proof and mutants, as far as they are known."""
    rows = [
        (sanitise.inline(gate.gate, limit=100), *row)
        for gate in report.gates
        if gate.component is Component.TESTS
        for row in _figures(gate.figures)
    ]
    return ["", "### Tests", "", *markdown.table(("gate", "what", "figure"), rows)] if rows else []


def _figures(figures: Mapping[str, float | None]) -> list[tuple[str, str]]:
    return [
        (sanitise.inline(name.replace("_", " "), limit=60), "unknown" if value is None else f"{value:.4g}")
        for name, value in figures.items()
    ]


def reasons(given: Sequence[Reason]) -> list[str]:
    """Where every lost point went, and remarks."""
    if not given:
        return []
    rows = [
        (
            reason.component.value,
            f"{reason.points:g}" if reason.points else "-",
            sanitise.place(reason.path, reason.line) or "-",
            sanitise.inline(reason.message, limit=400),
        )
        for reason in given[:_MOST_REASONS]
    ]
    more = [f"\n_{len(given)} reasons in all, {len(rows)} shown._"] if len(given) > len(rows) else []
    return ["", "### Why not 100", "", *markdown.table(("component", "lost", "where", "why"), rows), *more]


def advice(score: Score) -> list[str]:
    """What a reviewing agent said, and what that cost; nothing when none was asked."""
    if (given := score.advice) is None:
        return []
    who = f"{sanitise.code(given.agent)} read the change"
    heading = ["", "### A reviewing agent's advice", ""]
    if given.problem:
        return [*heading, f"None: {sanitise.inline(given.problem, limit=300)}. That cost no points."]
    cost = f"It took {given.points:g} of at most {given.most:g} points; nobody has checked what it says."
    rows = [
        (
            each.severity.value,
            sanitise.place(each.path, each.line) or "-",
            sanitise.inline(each.message, limit=400),
        )
        for each in sorted(given.findings, key=lambda each: each.severity.rank)[:_MOST_FINDINGS]
    ]
    said = [f"{who}. {cost}", *([sanitise.inline(given.summary, limit=1_000)] if given.summary else [])]
    table = ["", *markdown.table(("severity", "where", "what"), rows)] if rows else []
    return [*heading, "\n\n".join(said), *table]


def judged(score: Score) -> list[str]:
    """What exactly was judged."""
    tree, base = (sha[:12] if sha else "unknown" for sha in (score.tree, score.base))
    return [f"Judged: tree `{tree}` on base `{base}`, configuration `{score.config_hash[:12]}`."]
