"""The note beneath a question on a ticket: it reminds, thanks, or says what is still open. Pure."""

from datetime import datetime, timedelta

from ci_factory.config import EscalationConfig
from ci_factory.model.ticket import Priority
from ci_factory.publishing import markdown, sanitise
from ci_factory.publishing.answers import Answer, Question
from ci_factory.publishing.replies import LETTERS, Part


def reminder(
    asked: Question, limits: EscalationConfig, now: datetime, *, blocking: bool = False
) -> str | None:
    """The note that reminds of a question, `None` before its time limit has passed (SPEC 6).

    The limit is the critical one for a critical ticket, else the blocking one when other tickets wait for it, else
    the standard one. The text changes only once in each further limit, so that the note is not written every hour.
    """
    kind, hours = _limit(asked, limits, blocking=blocking)
    passed = (now - asked.asked_at) // timedelta(hours=hours)
    if passed < 1:
        return None
    since = (
        f"It was asked on {asked.asked_at:%Y-%m-%d at %H:%M UTC} and waits for more than {passed * hours:g} h"
    )
    reply = "Nothing is assumed: reply with an option's number or in your own words."
    halted = " Related work is halted until then." if kind == "critical" else ""
    who = f"A reply counts from everybody whose role here is at least {limits.answer_role.value}."
    lines = [
        "## The question on this ticket has no answer yet",
        "",
        f"{since}; the time limit ({kind}) is {hours:g} h.",
        "",
        f"{reply}{halted} {who}",
    ]
    return markdown.document(lines)


def _limit(asked: Question, limits: EscalationConfig, *, blocking: bool) -> tuple[str, float]:
    if asked.priority is Priority.CRITICAL:
        return "critical", limits.critical_hours
    return ("blocking", limits.blocking_hours) if blocking else ("standard", limits.standard_hours)


def thanks(given: Answer) -> str:
    """The note that takes a reminder's place once somebody answered."""
    return markdown.document([f"{_answered(given)}. The next batch goes on with it."])


def taken_over(given: Answer, *, hold: str, ready: str) -> str:
    """The same for an answer with which a person takes the ticket over; the labels' names as they are configured."""
    leaves = f"The factory leaves the ticket alone from now on, which the label {sanitise.code(hold)} shows."
    back = f"To give it back, take that label away and add {sanitise.code(ready)}."
    return markdown.document([f"{_answered(given)}: it is done by hand. {leaves} {back}"])


def renewed(asked: Question) -> str:
    """The same once the factory asked again, so that nobody takes an old answer for one to the new question."""
    when = f"{asked.asked_at:%Y-%m-%d at %H:%M UTC}"
    before = "What was said before that does not answer it."
    return markdown.document(
        [f"The question on this ticket was asked on {when} and waits for an answer. {before}"]
    )


def _answered(given: Answer) -> str:
    who = ", ".join(sanitise.inline(user, limit=100) for user in given.users[:5])
    what = f"option {given.option}" if given.option else "an answer in their own words"
    if given.parts:
        what = ", ".join(_short(number, part) for number, part in sorted(given.parts.items()))
    return f"Answered by {who}: {what}"


def _short(number: int, part: Part) -> str:
    return f"{number}{LETTERS[part.option - 1]}" if part.option else f"{number} in their own words"


def still_open(given: Answer) -> str:
    """The note beneath several questions of which some have no answer yet; it gives way to what comes next."""
    numbers = ", ".join(map(str, given.open))
    some = f"{_answered(given)}. " if given.parts else ""
    which = f"Question {numbers} has" if len(given.open) == 1 else f"Questions {numbers} have"
    example = sanitise.code(", ".join(f"{number}a" for number in given.open[:3]))
    how = f"Reply with the number of the question and the letter of an option, such as {example}"
    return markdown.document(
        [
            f"{some}{which} no answer yet, and nothing is assumed.",
            "",
            f"{how}, or with the number, a colon and your own words.",
        ]
    )
