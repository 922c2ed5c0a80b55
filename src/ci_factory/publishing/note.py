"""The one note on a merge request: verdict first, then what a reviewer needs, worst first. Pure."""

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType

from ci_factory.model import block
from ci_factory.model.attempt import Attempt, Usage
from ci_factory.model.base import Json
from ci_factory.model.batch import PlannedTicket
from ci_factory.model.gate import GateReport, Score
from ci_factory.model.work_record import WorkRecord
from ci_factory.publishing import markdown, sanitise, sections, work_notes
from ci_factory.publishing.sections import points

NOTE_KEY = "score"
GATE_NOTE_KEY = "gate"
_CENT = 0.01

__all__ = ["GATE_NOTE_KEY", "NOTE_KEY", "block_data", "gate_note", "points", "score_note"]


def score_note(
    planned: PlannedTicket,
    attempt: Attempt,
    report: GateReport,
    score: Score,
    *,
    remarks: Sequence[str] = (),
    hosts: Collection[str] = (),
    work: WorkRecord | None = None,
) -> str:
    """The note's Markdown on an agent's change, hidden blocks included; the same input gives the same bytes.

    `remarks`, already safe, say what a person has to look at; addresses stay whose host is one of `hosts`. `work` is what
    is to stay known of the attempt when its artifacts are gone.
    """
    lines = [
        *_judgement(report, score, remarks, hosts),
        "",
        *_generation(attempt),
        "",
        *_checkpoints(attempt),
        "",
        *sections.judged(score),
        "",
        block.write(NOTE_KEY, block_data(planned, attempt, report, score)),
        *([work_notes.line([work_notes.data(work)])] if work else []),
    ]
    return markdown.document(lines)


def gate_note(
    report: GateReport,
    score: Score,
    *,
    remarks: Sequence[str] = (),
    hosts: Collection[str] = (),
    origin: str = "",
    marks: Mapping[str, Json] = MappingProxyType({}),
) -> str:
    """The note's Markdown on any change, whoever made it; the same input gives the same bytes.

    `remarks` say what a person has to look at, `origin` who judged, both already safe; `marks` go into the hidden block.
    """
    lines = [
        *_judgement(report, score, remarks, hosts),
        "",
        *sections.judged(score),
        *(["", origin] if origin else []),
        "",
        block.write(GATE_NOTE_KEY, {**_core(report, score), **marks}),
    ]
    return markdown.document(lines)


def _judgement(report: GateReport, score: Score, remarks: Sequence[str], hosts: Collection[str]) -> list[str]:
    return [
        *sections.verdict(score),
        "",
        *sections.remarks(remarks),
        *sections.gates(report),
        "",
        *sections.components(score),
        *sections.advice(score),
        *sections.findings(report, hosts),
        *sections.old_findings(report),
        *sections.tests(report),
        *sections.reasons(score.reasons),
    ]


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
        **_core(report, score),
    }


def _core(report: GateReport, score: Score) -> dict[str, object]:
    return {
        "added": report.added_lines,
        "removed": report.removed_lines,
        "files": len(report.changed_files),
        "gates": {gate.gate: gate.status.value for gate in report.gates},
        **score.model_dump(mode="json", exclude={"schema_version", "reasons", "advice"}),
        **({"advice_points": score.advice.points} if score.advice else {}),
    }


def _generation(attempt: Attempt) -> list[str]:
    tries = max((run.attempt for run in attempt.runs), default=0)
    rounds = sum(run.phase == "implement" for run in attempt.runs)
    rows = [
        ("agent", sanitise.code(attempt.agent)),
        ("model", sanitise.code(attempt.model) if attempt.model else "unknown"),
        ("attempts, rounds", f"{tries}, {rounds}"),
        ("agent time", f"{sum(run.seconds for run in attempt.runs):.0f} s"),
        ("tokens in, out", _tokens(attempt.usage)),
        ("model calls", "unknown" if (calls := attempt.usage.calls) is None else f"{calls:,}"),
        ("cost", _cost(attempt.usage.cost_usd)),
        ("sandbox", _sandbox(attempt)),
        ("prompt", _prompt(attempt)),
    ]
    return ["### Generation", "", *markdown.table(("what", "value"), rows)]


def _prompt(attempt: Attempt) -> str:
    """Version of its templates, and the beginning of its hash."""
    if not attempt.prompt_hash:
        return "none"
    version, _, digits = attempt.prompt_hash.rpartition(":")
    return sanitise.code(f"{version} {digits[:12]}".strip())


def _sandbox(attempt: Attempt) -> str:
    """What confined the agents, in their own runs' words; each once."""
    said = dict.fromkeys(run.sandbox for run in attempt.runs if run.sandbox)
    return sanitise.inline("; ".join(said), limit=300) or "unknown"


def _cost(usd: float | None) -> str:
    """In cents; a fraction of one is not nothing."""
    if usd is None:
        return "unknown"
    return "less than $0.01" if 0 < usd < _CENT else f"${usd:.2f}"


def _tokens(usage: Usage) -> str:
    parts = (usage.input_tokens, usage.output_tokens)
    return ", ".join("unknown" if part is None else f"{part:,}" for part in parts)


def _checkpoints(attempt: Attempt) -> list[str]:
    rows = [
        (
            check.name.value,
            check.status.value,
            sanitise.inline("; ".join((*check.problems, *check.notes)), limit=300) or "-",
        )
        for check in attempt.checkpoints
    ]
    return ["### Checkpoints", "", *markdown.table(("checkpoint", "status", "remarks"), rows)]
