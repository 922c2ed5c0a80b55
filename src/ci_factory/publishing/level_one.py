"""Notes on changes that people made: a verdict of the gates, or why there is none. Pure."""

from collections.abc import Collection

from ci_factory.model import block
from ci_factory.model.gate import GateReport, Score, Verdict
from ci_factory.publishing import markdown, note, sanitise, sections

EDITABLE = (
    "the verdict itself, as it was made by a pipeline of this merge request, and whoever can edit that pipeline "
    "can edit the verdict"
)
"""Said of every verdict that was not computed on a protected branch."""


def judged(report: GateReport, score: Score, *, hosts: Collection[str] = ()) -> str:
    """The note with a verdict from a pipeline of the merge request itself."""
    return note.gate_note(report, score, remarks=(EDITABLE,), hosts=hosts)


def unjudged(head: str, why: str) -> str:
    """The note when nothing could be believed: inconclusive, and what to do about it. `why` may quote anybody."""
    data = {"head": head, "score": None, "verdict": Verdict.INCONCLUSIVE.value}
    lines = [
        f"## {sections.HEADLINE[Verdict.INCONCLUSIVE]}",
        "",
        f"There is no verdict on commit {sanitise.code(head[:12])}: {sanitise.inline(why, limit=500)}.",
        "",
        "This is not a pass. Run the merge request's pipeline again; if that does not help, rebase it on its target.",
        "",
        block.write(note.GATE_NOTE_KEY, data),
    ]
    return markdown.document(lines)
