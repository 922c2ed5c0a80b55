"""Notes on issues: what happened to a ticket and what is asked of people. Pure."""

from ci_factory.model import block
from ci_factory.model.attempt import Attempt, Escalation
from ci_factory.model.batch import LeftOut
from ci_factory.model.forge import MergeRequest
from ci_factory.model.ticket import Readiness
from ci_factory.publishing import markdown

STATUS_KEY = "status"
READINESS_KEY = "readiness"
ESCALATION_KEY = "escalation"


def readiness_note(readiness: Readiness) -> str:
    """Exactly what is missing, and what would help."""
    lines = [
        "## This ticket is not ready for an agent yet",
        "",
        "Missing:",
        "",
        *markdown.bullets(readiness.missing),
    ]
    if readiness.recommended:
        lines += ["", "These would help as well:", "", *markdown.bullets(readiness.recommended)]
    lines += ["", "Edit the ticket; it is read again with the next batch, nothing else is needed."]
    return markdown.document(lines)


def left_out_note(left_out: LeftOut) -> str:
    """Why a ready ticket was not in the last batch; the same reason gives the same note, night after night."""
    return markdown.document(
        [
            f"Not started yet: {markdown.inline(left_out.reason)}",
            "",
            "It stays in the queue; nothing is needed from you unless the sentence above says so.",
        ]
    )


def merge_request_note(merge_request: MergeRequest, verdict: str, score: str) -> str:
    """Where the change for this ticket is."""
    draft = "draft merge request" if merge_request.draft else "merge request"
    return markdown.document(
        [f"The change is in {draft} !{merge_request.iid}: verdict **{verdict}**, score {score}."],
    )


def ending_note(attempt: Attempt) -> str:
    """How the work ended when there is nothing to merge."""
    rounds, who = len(attempt.runs), markdown.code(attempt.agent)
    plural = "" if rounds == 1 else "s"
    return markdown.document(
        [
            f"## No merge request: {attempt.ending.value}",
            "",
            markdown.inline(attempt.reason, limit=2_000),
            "",
            f"Agent {who}, {rounds} call{plural}, batch `{attempt.batch_id}`. Its logs and whatever it did are kept there.",
        ]
    )


def refusal_note(attempt: Attempt, why: str, *, redone: bool) -> str:
    """Why a change that was made is not published."""
    follows = (
        "It is redone in the next batch." if redone else "Look at the work kept with the batch and decide."
    )
    return markdown.document(
        [
            "## The change for this ticket was not published",
            "",
            markdown.inline(why, limit=2_000),
            "",
            f"{follows} Agent {markdown.code(attempt.agent)}, batch `{attempt.batch_id}`.",
        ]
    )


def escalation_note(escalation: Escalation, *, has_work: bool) -> str:
    """The record of SPEC 6 as one question to people."""
    options = [
        f"{number}. **{markdown.inline(option.title)}** ({option.risk.value} risk)"
        + (f"; for: {markdown.inline(option.pros)}" if option.pros else "")
        + (f"; against: {markdown.inline(option.cons)}" if option.cons else "")
        for number, option in enumerate(escalation.options, 1)
    ]
    kept = (
        "The work so far is kept with the batch and was not pushed."
        if has_work
        else "No work was paid for yet."
    )
    lines = [
        f"## A decision is needed: {escalation.trigger.value}",
        "",
        markdown.inline(escalation.summary, limit=2_000),
        "",
        f"- why: {markdown.inline(escalation.why, limit=2_000)}",
        f"- what blocks: {markdown.inline(escalation.blocking_factor, limit=2_000)}",
        *([f"- tried: {markdown.inline(escalation.tried, limit=2_000)}"] if escalation.tried else []),
        "",
        "Options:",
        "",
        *options,
        "",
        f"Recommended: {markdown.inline(escalation.recommendation, limit=1_000)}",
        *(["", "Questions:", "", *markdown.bullets(escalation.questions)] if escalation.questions else []),
        "",
        f"{kept} Answer here with an option's number or in your own words.",
        "",
        block.write(
            ESCALATION_KEY,
            {
                "ticket": escalation.ticket_id,
                "trigger": escalation.trigger.value,
                "priority": escalation.priority.value,
                "raised_at": escalation.raised_at.isoformat(),
            },
        ),
    ]
    return markdown.document(lines)
