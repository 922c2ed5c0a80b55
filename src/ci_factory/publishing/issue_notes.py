"""Notes on issues: what happened to a ticket and what is asked of people. Pure."""

from collections.abc import Collection, Sequence

from ci_factory.model import block
from ci_factory.model.attempt import Attempt, Ending, Escalation
from ci_factory.model.batch import LeftOut
from ci_factory.model.forge import MergeRequest
from ci_factory.model.redaction import redact
from ci_factory.model.ticket import Priority, Readiness
from ci_factory.publishing import decisions, markdown, sanitise
from ci_factory.publishing.outcome import PUBLISHABLE
from ci_factory.publishing.policy import Objection

STATUS_KEY = "status"
READINESS_KEY = "readiness"
ESCALATION_KEY = "escalation"
REMINDER_KEY = "reminder"
_MOST_OBJECTIONS = 20


_REDONE = (
    "It is redone in the next batch, with this change and the present state of the target as its context."
)
_WAYS_OUT = (
    "Decide what is to be done: change the ticket, do the protected part yourself, or allow it in the configuration.",
    "",
    "1. Work on it again: reply with 1 and what is to be different",
    "2. Do it by hand: reply with 2",
)


def readiness_note(readiness: Readiness) -> str:
    """Exactly what is missing, and what would help."""
    lines = [
        "## This ticket is not ready for an agent yet",
        "",
        "Missing:",
        "",
        *sanitise.bullets(readiness.missing),
    ]
    if readiness.recommended:
        lines += ["", "These would help as well:", "", *sanitise.bullets(readiness.recommended)]
    lines += ["", "Edit the ticket; it is read again with the next batch, nothing else is needed."]
    return markdown.document(lines)


def left_out_note(left_out: LeftOut) -> str:
    """Why a ready ticket was not in the last batch; the same reason gives the same note, night after night."""
    return markdown.document(
        [
            f"Not started yet: {sanitise.inline(left_out.reason)}",
            "",
            "It stays in the queue; nothing is needed from you unless the sentence above says so.",
        ]
    )


def merge_request_note(
    merge_request: MergeRequest, verdict: str, score: str, *, rest: str | None = None
) -> str:
    """Where the change for this ticket is; `rest` is the draft ticket about what it leaves undone."""
    draft = "draft merge request" if merge_request.draft else "merge request"
    return markdown.document(
        [
            f"The change is in {draft} !{merge_request.iid}: verdict **{verdict}**, score {score}.",
            *(
                ["", f"It does a part of this ticket. What is left is in the draft ticket #{rest}."]
                if rest
                else []
            ),
        ],
    )


def ending_note(attempt: Attempt) -> str:
    """How the work ended when there is nothing to merge."""
    rounds, who = len(attempt.runs), sanitise.code(attempt.agent)
    plural = "" if rounds == 1 else "s"
    deferred = attempt.ending is Ending.DEFERRED
    return markdown.document(
        [
            f"## No merge request: {attempt.ending.value}",
            "",
            sanitise.inline(redact(attempt.reason), limit=2_000),
            "",
            *(["It is in the queue again; the next batch goes on with it.", ""] if deferred else []),
            f"Agent {who}, {rounds} call{plural}. {_kept(attempt)}",
        ]
    )


def refusal_note(
    attempt: Attempt,
    why: str,
    *,
    redone: bool,
    priority: Priority = Priority.MEDIUM,
    objections: Sequence[Objection] = (),
    excerpt: str = "",
    conflicts: Sequence[str] = (),
) -> str:
    """Why a change that was made is not published, what it wanted to do to protected files, and where it is kept."""
    lines = [
        "## The change for this ticket was not published",
        "",
        *_reasons(why, objections, conflicts),
        "",
        *_excerpt(excerpt),
        *([_REDONE] if redone else _WAYS_OUT),
        "",
        f"Agent {sanitise.code(attempt.agent)}. {_kept(attempt)}",
        *([] if redone else ["", _refusal_block(attempt, priority)]),
    ]
    return markdown.document(lines)


def _refusal_block(attempt: Attempt, priority: Priority) -> str:
    """A change that was held back is a question like any other: who answers it brings the ticket back."""
    return block.write(
        ESCALATION_KEY,
        {
            "ticket": attempt.ticket_id,
            "trigger": "refused",
            "priority": priority.value,
            "options": 2,
            "choices": ["Work on it again, as the reply says", "Do it by hand"],
            "by_hand": [2],
            "raised_at": attempt.finished_at.isoformat(),
        },
    )


def _reasons(why: str, objections: Sequence[Objection], conflicts: Sequence[str]) -> list[str]:
    if objections:
        rows = [f"- {_objection(each)}" for each in objections[:_MOST_OBJECTIONS]]
        more = len(objections) - len(rows)
        return [*rows, f"- … and {more} more"] if more else rows
    if conflicts:
        rows = [f"- {sanitise.code(path)}" for path in conflicts[:_MOST_OBJECTIONS]]
        return ["The target branch moved; these files went different ways:", "", *rows]
    return [sanitise.inline(redact(why), limit=2_000)]


def _objection(objection: Objection) -> str:
    where = f"{sanitise.code(ascii(objection.path)[1:-1])} " if objection.path is not None else ""
    return f"{where}{sanitise.inline(objection.why)}"


def _excerpt(excerpt: str) -> list[str]:
    if not excerpt:
        return []
    return [
        "What the agent wanted to change there:",
        "",
        *sanitise.fenced(redact(excerpt), language="diff"),
        "",
    ]


def _kept(attempt: Attempt) -> str:
    """Where paid work is, whatever became of it; what has no verdict was not gated."""
    if attempt.ending in PUBLISHABLE:
        made = "`attempt.json`, `gate.json`, `score.json` and `change.bundle`"
    else:
        made = "`attempt.json` and `change.bundle`" if attempt.head else "`attempt.json`"
    batch, ticket = sanitise.code(attempt.batch_id), sanitise.code(attempt.ticket_id)
    return f"Nothing is thrown away: {made} of batch {batch}, ticket {ticket}."


def escalation_note(escalation: Escalation, attempt: Attempt, hosts: Collection[str] = ()) -> str:
    """The record of SPEC 6 as a question to people, or as several; addresses stay whose host is one of `hosts`."""
    asked = decisions.one if len(escalation.matters) == 1 else decisions.several
    return markdown.document(
        [
            *asked(escalation, hosts),
            "",
            f"{_kept(attempt)} {decisions.how_to_answer(escalation)}",
            "",
            block.write(ESCALATION_KEY, decisions.data(escalation)),
        ]
    )
