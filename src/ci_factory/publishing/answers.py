"""Questions on tickets and the replies of people: who may answer, and what they said. Pure."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from pydantic import ValidationError

from ci_factory.model import block
from ci_factory.model.base import Json
from ci_factory.model.forge import Note, Role
from ci_factory.model.text import plain_lines
from ci_factory.model.ticket import Agreed, Decision, Priority
from ci_factory.publishing.issue_notes import ESCALATION_KEY
from ci_factory.publishing.replies import Part, parts

_OPTION = re.compile(r"\s*(?:option\s*|choice\s*)?#?(?P<number>\d{1,2})(?![\w.,]\d|\w)", re.IGNORECASE)
_TEXT_LIMIT = 20_000
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)


@dataclass(frozen=True)
class Choices:
    """The options of one question."""

    options: int
    """How many it offers; 0 when the note does not say."""
    choices: tuple[str, ...] = ()
    """What each of them says, as far as the note tells."""
    by_hand: frozenset[int] = frozenset()
    """Those with which a person takes the ticket over."""
    declines: frozenset[int] = frozenset()
    """Those that say no to what was asked about."""


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
    declines: frozenset[int] = frozenset()
    """Those that say no to what was asked about."""
    matters: tuple[Choices, ...] = ()
    """The questions of a note that asks several; empty for a single one."""
    asked: tuple[Agreed, ...] = ()
    """What a yes covers, for each question; empty when the note does not say."""
    agreed: tuple[Agreed, ...] = ()
    """What people had agreed to before."""

    @property
    def every(self) -> tuple[Choices, ...]:
        """Each question that it asks."""
        return self.matters or (Choices(self.options, self.choices, self.by_hand, self.declines),)


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
    parts: Mapping[int, Part] = field(default_factory=dict)
    """What was said to each of several questions, by its number."""
    open: tuple[int, ...] = ()
    """Numbers of the questions that nobody answered."""


def question(notes: Sequence[Note], *, ours: str) -> Question | None:
    """The newest question that we asked (`ours` is our user); a block in anybody else's note is not believed."""
    for note in reversed(notes):
        data = block.read(note.body, ESCALATION_KEY) if note.author == ours else None
        if data is not None:
            return _question(note, data)
    return None


def _question(note: Note, data: dict[str, Json]) -> Question:
    known = {priority.value: priority for priority in Priority}
    raised = max(note.created_at, _moment(data.get("raised_at")) or note.created_at)
    matters = data.get("matters")
    first = _choices(data)
    return Question(
        note.id,
        min(raised, note.updated_at),  # by the forge's clock, when ours runs ahead of it
        known.get(str(data.get("priority")), Priority.MEDIUM),
        first.options,
        first.choices,
        first.by_hand,
        first.declines,
        matters=tuple(_choices(each) for each in matters if isinstance(each, dict))
        if isinstance(matters, list)
        else (),
        asked=_scopes(data.get("asked")),
        agreed=_scopes(data.get("agreed")),
    )


def _choices(data: Mapping[str, Json]) -> Choices:
    options, choices = data.get("options"), data.get("choices")
    return Choices(
        options if isinstance(options, int) and options > 0 else 0,
        tuple(map(str, choices)) if isinstance(choices, list) else (),
        _numbers(data.get("by_hand")),
        _numbers(data.get("declines")),
    )


def _numbers(value: Json) -> frozenset[int]:
    return (
        frozenset(each for each in value if isinstance(each, int)) if isinstance(value, list) else frozenset()
    )


def _scopes(value: Json) -> tuple[Agreed, ...]:
    try:
        return tuple(Agreed.model_validate(each) for each in value) if isinstance(value, list) else ()
    except ValidationError:
        return ()


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
    offered = [each.options for each in asked.matters]
    found = parts((text for _, text in said), offered)
    named = [number for _, text in said if not offered and (number := _option(text, asked.options))]
    return Answer(
        users=tuple(dict.fromkeys(note.author for note, _ in said)),
        at=max(note.created_at for note, _ in said),
        text="\n\n".join(text for _, text in said)[:_TEXT_LIMIT],
        option=named[-1] if named else None,
        parts=found,
        open=tuple(number for number, _ in enumerate(offered, 1) if number not in found),
    )


def by_hand(asked: Question, given: Answer) -> bool:
    """Whether the answer, or any part of it, takes the ticket out of the factory's hands."""
    return any(
        option in each.by_hand for each, option in zip(asked.every, _options(asked, given), strict=True)
    )


def agreed(asked: Question, given: Answer | None) -> tuple[Agreed, ...]:
    """What people now agreed to, with what they had agreed to before. Without a reply: a yes to all that was asked.

    An option that says no settles the ticket's words, and is no yes to a change that does it all the same.
    """
    options = _options(asked, given) if given else [None] * len(asked.every)
    new = (
        scope.model_copy(update={"words_only": True}) if option in each.declines else scope
        for scope, each, option in zip(asked.asked, asked.every, options, strict=False)
    )
    return tuple(dict.fromkeys((*asked.agreed, *new)))


def _options(asked: Question, given: Answer) -> list[int | None]:
    if not asked.matters:
        return [given.option]
    return [
        given.parts[number].option if number in given.parts else None
        for number, _ in enumerate(asked.matters, 1)
    ]


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
        text=_told(asked, given) if asked.matters else given.text,
    )


def _told(asked: Question, given: Answer) -> str:
    """What was decided about each question, then all that was said."""
    lines = [
        _part(number, each, given.parts[number])
        for number, each in enumerate(asked.matters, 1)
        if number in given.parts
    ]
    return "\n".join((*lines, "", "All that was said:", "", given.text))[:_TEXT_LIMIT]


def _part(number: int, each: Choices, said: Part) -> str:
    chosen = each.choices[said.option - 1] if said.option and said.option <= len(each.choices) else ""
    return f"Question {number}: {'; '.join(filter(None, (chosen, said.text)))}"


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
