"""Questions on tickets and the replies of people: who may answer, what they said, when to remind them. Pure."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ci_factory.config import EscalationConfig
from ci_factory.model import block
from ci_factory.model.base import Json
from ci_factory.model.forge import Note, Role
from ci_factory.model.text import plain_lines
from ci_factory.model.ticket import Decision, Priority
from ci_factory.publishing import markdown, sanitise
from ci_factory.publishing.issue_notes import ESCALATION_KEY

_OPTION = re.compile(r"\s*(?:option\s*|choice\s*)?#?(?P<number>\d{1,2})(?![\w.,]\d|\w)", re.IGNORECASE)
_TEXT_LIMIT = 20_000
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)


@dataclass(frozen=True)
class Question:
    """An escalation as it stands on a ticket."""

    note_id: int
    asked_at: datetime
    """When it was last asked; the note is updated in place, and replies to an earlier question are none to this one."""
    priority: Priority
    options: int
    """How many it offers; 0 when the note does not say."""
    choices: tuple[str, ...] = ()
    """What each of them says, as far as the note tells."""
    by_hand: frozenset[int] = frozenset()
    """Those with which a person takes the ticket over."""


@dataclass(frozen=True)
class Answer:
    """What authorised people said to a question."""

    users: tuple[str, ...]
    """Everybody who replied, first reply first."""
    at: datetime
    """Of the last reply."""
    text: str
    """All replies in their order, without what a reader can't see; untrusted all the same."""
    option: int | None
    """The option that was named last, from 1."""


def question(notes: Sequence[Note], *, ours: str) -> Question | None:
    """The newest question that we asked (`ours` is our user); a block in anybody else's note is not believed."""
    for note in reversed(notes):
        data = block.read(note.body, ESCALATION_KEY) if note.author == ours else None
        if data is not None:
            return _question(note, data)
    return None


def _question(note: Note, data: dict[str, Json]) -> Question:
    known = {priority.value: priority for priority in Priority}
    options, choices, by_hand = (data.get(name) for name in ("options", "choices", "by_hand"))
    raised = max(note.created_at, _moment(data.get("raised_at")) or note.created_at)
    return Question(
        note.id,
        min(raised, note.updated_at),  # by the forge's clock, when ours runs ahead of it
        known.get(str(data.get("priority")), Priority.MEDIUM),
        options if isinstance(options, int) and options > 0 else 0,
        tuple(map(str, choices)) if isinstance(choices, list) else (),
        frozenset(each for each in by_hand if isinstance(each, int))
        if isinstance(by_hand, list)
        else frozenset(),
    )


def _moment(text: Json) -> datetime | None:
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return found if found.tzinfo is not None else None


def repliers(
    notes: Sequence[Note], asked: Question, *, ours: str, bots: Collection[str] = ()
) -> tuple[str, ...]:
    """Everybody whose role must be known to pick the answer, first reply first."""
    return tuple(dict.fromkeys(note.author for note in _replies(notes, asked, {ours, *bots})))


def answer(
    notes: Sequence[Note],
    asked: Question,
    roles: Mapping[str, Role | None],
    *,
    least: Role,
    ours: str,
    bots: Collection[str] = (),
) -> Answer | None:
    """What people with at least the role `least` replied; `None` when nobody who may has done so.

    `bots` are other programs' users. Somebody whose role is unknown may not answer.
    """
    allowed = {user for user, role in roles.items() if role is not None and role.rank >= least.rank}
    replies = [note for note in _replies(notes, asked, {ours, *bots}) if note.author in allowed]
    texts = [_readable(note.body) for note in replies]
    said = [(note, text) for note, text in zip(replies, texts, strict=True) if text]
    if not said:
        return None
    named = [number for _, text in said if (number := _option(text, asked.options))]
    return Answer(
        users=tuple(dict.fromkeys(note.author for note, _ in said)),
        at=max(note.created_at for note, _ in said),
        text="\n\n".join(text for _, text in said)[:_TEXT_LIMIT],
        option=named[-1] if named else None,
    )


def decision(asked: Question, given: Answer) -> Decision:
    """The answer as the next attempt is given it."""
    place = (given.option or 0) - 1
    return Decision(
        note_id=asked.note_id,
        asked_at=asked.asked_at,
        answered_at=given.at,
        users=given.users,
        option=given.option,
        choice=asked.choices[place] if 0 <= place < len(asked.choices) else "",
        text=given.text,
    )


def _replies(notes: Sequence[Note], asked: Question, programs: Collection[str]) -> Iterator[Note]:
    for note in sorted(notes, key=lambda each: (each.created_at, each.id)):
        later = (note.created_at, note.id) > (asked.asked_at, asked.note_id)
        if later and note.author not in programs:
            yield note


def _readable(body: str) -> str:
    return "\n".join(plain_lines(_COMMENT.sub("", body[: 2 * _TEXT_LIMIT]))).strip()


def _option(text: str, offered: int) -> int | None:
    """The option that the first line of a reply names; a quoted question is passed over."""
    own = next((line for line in text.splitlines() if line.strip() and not line.lstrip().startswith(">")), "")
    found = _OPTION.match(own.replace("*", ""))
    number = int(found["number"]) if found else 0
    return number if number and (not offered or number <= offered) else None


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
    return f"Answered by {who}: {what}"
