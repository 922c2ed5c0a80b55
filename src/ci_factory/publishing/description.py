"""The description of a merge request: checkpoint C3, assembled from proofs. Pure."""

from collections.abc import Collection
from dataclasses import dataclass

from ci_factory.model.attempt import Attempt, Checkpoint, CheckpointName
from ci_factory.model.batch import PlannedTicket
from ci_factory.model.forge import MergeRequest
from ci_factory.model.gate import GateReport, Score
from ci_factory.publishing import follow_up, markdown, sanitise

_MOST_FILES = 40


@dataclass(frozen=True)
class Standing:
    """How a change stands to the branch it goes to."""

    behind: int = 0
    """Commits that the target has and the change has not."""
    conflicts: tuple[str, ...] = ()
    """Files in which both went different ways; of a change that was published before the target moved."""
    below: MergeRequest | None = None
    """The open merge request that it is stacked on."""


def title(planned: PlannedTicket) -> str:
    """The merge request's title: the ticket's, made harmless, with its id."""
    return f"{sanitise.title(planned.candidate.ticket.title)} (#{planned.id})"


def description(
    planned: PlannedTicket,
    attempt: Attempt,
    report: GateReport,
    score: Score,
    standing: Standing,
    *,
    hosts: Collection[str] = (),
) -> str:
    """Summary, changes, testing, risks, checkpoints, proofs; addresses stay whose host is one of `hosts`."""
    lines = [
        *_summary(planned, attempt, hosts),
        "",
        *_base(standing),
        *follow_up.sections(attempt, hosts),
        *_changes(report),
        "",
        *_testing(report),
        "",
        *_risks(planned, attempt),
        "",
        "## Proofs",
        "",
        f"- verdict **{score.verdict.value}** for tree `{score.tree}`",
        f"- `attempt.json`, `gate.json`, `score.json` and `change.bundle` of batch `{attempt.batch_id}`",
        "",
        # The only closing keyword is ours; the same words in a ticket or from an agent are neutralised.
        f"Closes #{planned.id}",
    ]
    return markdown.document(lines)


def _document(attempt: Attempt, name: CheckpointName) -> Checkpoint | None:
    return next((check for check in attempt.checkpoints if check.name == name), None)


def _summary(planned: PlannedTicket, attempt: Attempt, hosts: Collection[str]) -> list[str]:
    first = _document(attempt, CheckpointName.C0)
    understood = first.comprehension if first else None
    lines = ["## Summary", ""]
    if understood is None:
        return [*lines, sanitise.inline(planned.candidate.ticket.title)]
    by = "in the agent's words" if first and first.source == "agent" else "derived from the ticket"
    lines += [f"{sanitise.inline(understood.objective, limit=1000, hosts=hosts)} _({by})_"]
    if understood.criteria:
        lines += [
            "",
            *sanitise.bullets(
                [f"{c.criterion}: {c.how}" if c.how else c.criterion for c in understood.criteria]
            ),
        ]
    return lines


def _base(standing: Standing) -> list[str]:
    lines, below, behind = [], standing.below, standing.behind
    if below:
        where = f"#{below.ticket_id}, !{below.iid} (branch {sanitise.code(below.source_branch)})"
        lines.append(f"Stacked on the change for {where}: review and merge that one first.")
    if behind:
        files = ", ".join(sanitise.code(path) for path in standing.conflicts[:10])
        merges = f"it no longer merges: {files}." if files else "it still merges."
        lines.append(
            f"Its base is {behind} commit{'s' if behind > 1 else ''} behind the target branch; {merges}"
        )
    return [*lines, ""] if lines else []


def _changes(report: GateReport) -> list[str]:
    files = report.changed_files
    lines = [
        "## Changes",
        "",
        f"{len(files)} file{'s' if len(files) != 1 else ''}, +{report.added_lines} -{report.removed_lines} lines.",
        "",
        *(f"- {sanitise.code(path)}" for path in files[:_MOST_FILES]),
    ]
    return [*lines, f"- … and {len(files) - _MOST_FILES} more"] if len(files) > _MOST_FILES else lines


def _testing(report: GateReport) -> list[str]:
    tests = [gate for gate in report.gates if gate.gate == "tests"]
    words = (
        sanitise.inline(tests[0].summary) if tests else "The tests gate is switched off in the configuration."
    )
    return ["## Testing", "", words]


def _risks(planned: PlannedTicket, attempt: Attempt) -> list[str]:
    risk = planned.candidate.risk
    categories = ", ".join(category.value for category in risk.categories) or "none named"
    lines = ["## Risks", "", f"**{risk.level.value}** ({categories})", "", *sanitise.bullets(risk.reasons)]
    second = _document(attempt, CheckpointName.C1)
    if second and second.plan:
        lines += sanitise.bullets(
            [f"{r.category.value} {r.level.value}: {r.description}" for r in second.plan.risks]
        )
    lines += ["", "## Checkpoints", ""]
    return [*lines, *(f"- {check.name.value}: {check.status.value}" for check in attempt.checkpoints)]
