"""Notes on changes that people made: a verdict of the gates, or why there is none. Pure."""

from collections.abc import Collection, Mapping

from ci_factory.model import block
from ci_factory.model.base import Json
from ci_factory.model.gate import GateReport, Score, Verdict
from ci_factory.publishing import markdown, note, sanitise, sections

EDITABLE = (
    "the verdict itself, as it was made by a pipeline of this merge request, and whoever can edit that pipeline "
    "can edit the verdict"
)
"""Said of every verdict that was not computed on a protected branch."""
OWN = (
    "This verdict is the project's own: a pipeline of the default branch computed it, which the author of the change can't "
    "edit. The change's tests ran in that job."
)
"""Said of those that were."""
_AGAIN = "Run the merge request's pipeline again; if that does not help, rebase it on its target."
_TRUST: Mapping[str, Json] = {"trusted": True}


def judged(report: GateReport, score: Score, *, hosts: Collection[str] = ()) -> str:
    """The note with a verdict from a pipeline of the merge request itself."""
    return note.gate_note(report, score, remarks=(EDITABLE,), hosts=hosts)


def trusted(report: GateReport, score: Score, *, hosts: Collection[str] = ()) -> str:
    """The note with a verdict that the project itself computed."""
    return note.gate_note(report, score, hosts=hosts, origin=OWN, marks=_TRUST)


def is_trusted(said: Mapping[str, Json]) -> bool:
    """Whether a note's hidden block says that the project itself computed it. The note's author was checked before."""
    return said.get("trusted") is True


def unjudged(head: str, why: str) -> str:
    """The note when nothing could be believed: inconclusive, and what to do about it. `why` may quote anybody."""
    return _without_verdict({"head": head}, why, _AGAIN)


def trusted_unjudged(about: Mapping[str, Json], why: str, *, seldom: bool) -> str:
    """The note when the project's own gates job left nothing that can be believed; `seldom`: not for the first time.

    `about` says of what: head, tree, base and configuration, and how often it was tried.
    """
    following = "From now on it is tried once a day." if seldom else "The next pipeline tries again."
    advice = f"{following} Look at the job's log; a new commit on the branch starts anew."
    return _without_verdict({**about, **_TRUST}, why, advice)


def _without_verdict(about: Mapping[str, Json], why: str, advice: str) -> str:
    data = {**about, "score": None, "verdict": Verdict.INCONCLUSIVE.value}
    head = sanitise.code(str(about["head"])[:12])
    lines = [
        f"## {sections.HEADLINE[Verdict.INCONCLUSIVE]}",
        "",
        f"There is no verdict on commit {head}: {sanitise.inline(why, limit=500)}.",
        "",
        f"This is not a pass. {advice}",
        "",
        block.write(note.GATE_NOTE_KEY, data),
    ]
    return markdown.document(lines)
