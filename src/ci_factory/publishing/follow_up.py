"""The draft ticket about what a change left undone. Pure."""

from collections.abc import Collection

from ci_factory.model.attempt import Attempt, Partial
from ci_factory.model.batch import PlannedTicket
from ci_factory.publishing import markdown, sanitise

_MOST = 50
_CRITERION = 1_000


def title(planned: PlannedTicket) -> str:
    """The ticket's own title, made harmless, as the rest of it."""
    return f"The rest of: {sanitise.title(planned.candidate.ticket.title)}"[:250]


def body(planned: PlannedTicket, partial: Partial, iid: int, *, ready: str) -> str:
    """What is left, as acceptance criteria, with the way back; `ready` is the label that puts it into the queue."""
    lines = [
        f"A part of #{planned.id} is in !{iid}; this is what is left of it.",
        "",
        f"Nobody works on it yet. Read it, complete it, then add the label {sanitise.code(ready)}.",
        "",
        "## Acceptance criteria",
        "",
        *sanitise.bullets([each.criterion for each in partial.left], limit=_CRITERION, most=_MOST),
        "",
        "## Why it was left",
        "",
        *_reasons(partial),
    ]
    return markdown.document(lines)


def sections(attempt: Attempt, hosts: Collection[str] = ()) -> list[str]:
    """What is done and what is left, for the merge request; nothing when the change is whole."""
    partial = attempt.partial
    if partial is None:
        return []
    done = sanitise.bullets(partial.done, most=_MOST, hosts=hosts) or ["- nobody said which criteria are met"]
    return [
        "## Only a part of the ticket",
        "",
        sanitise.inline(partial.summary, limit=1_000, hosts=hosts)
        if partial.summary
        else "What could be done is done.",
        "",
        "Done:",
        "",
        *done,
        "",
        "Left, also in a draft ticket of its own:",
        "",
        *_reasons(partial),
        "",
    ]


def _reasons(partial: Partial) -> list[str]:
    told = [f"{each.criterion}: {each.why}" if each.why else each.criterion for each in partial.left]
    return sanitise.bullets(told, limit=_CRITERION, most=_MOST)
