"""The text of a note that asks people to decide: one question, or several at once. Pure."""

from collections.abc import Collection, Iterator, Sequence
from functools import partial

from ci_factory.model.attempt import Escalation, Matter, Option
from ci_factory.model.base import Json
from ci_factory.model.text import plain
from ci_factory.model.ticket import Agreed
from ci_factory.publishing import sanitise
from ci_factory.publishing.replies import LETTERS

_CHOICE = 300
"""Characters of an option's title that are kept for whoever goes on with the answer."""


def one(escalation: Escalation, hosts: Collection[str]) -> list[str]:
    """A single question; its options have numbers."""
    numbers = (f"{number}." for number, _ in enumerate(escalation.options, 1))
    options = [f"{mark} {_option(each)}" for mark, each in zip(numbers, escalation.options, strict=True)]
    matter = escalation.matters[0]
    return [
        f"## A decision is needed: {escalation.trigger.value}",
        "",
        *_about(matter, escalation.tried, hosts),
        *_ways(matter, options),
    ]


def several(escalation: Escalation, hosts: Collection[str]) -> list[str]:
    """Numbered questions, each with lettered options."""
    matters = escalation.matters
    names = ", ".join(matter.trigger.value for matter in matters)
    return [
        f"## {len(matters)} decisions are needed: {names}",
        *(line for number, matter in enumerate(matters, 1) for line in _section(number, matter, hosts)),
        *(["", f"Tried: {sanitise.inline(escalation.tried, limit=2_000)}"] if escalation.tried else []),
    ]


def _section(number: int, matter: Matter, hosts: Collection[str]) -> Iterator[str]:
    marks = (f"{number}{LETTERS[place]}" for place, _ in enumerate(matter.options))
    options = [f"- **{mark}** {_option(each)}" for mark, each in zip(marks, matter.options, strict=True)]
    yield from ("", f"### {number}. {matter.trigger.value}", "")
    yield from _about(matter, "", hosts)
    yield from _ways(matter, options)


def _about(matter: Matter, tried: str, hosts: Collection[str]) -> Iterator[str]:
    said = partial(sanitise.inline, limit=2_000, hosts=hosts)
    yield from (said(matter.summary), "", f"- why: {said(matter.why)}")
    yield f"- what blocks: {said(matter.blocking_factor)}"
    if tried:
        yield f"- tried: {said(tried)}"


def _ways(matter: Matter, options: Sequence[str]) -> Iterator[str]:
    yield from ("", "Options:", "", *options, "")
    yield f"Recommended: {sanitise.inline(matter.recommendation, limit=1_000)}"
    if matter.questions:
        yield from ("", "Questions:", "", *sanitise.bullets(matter.questions))


def _option(option: Option) -> str:
    said = f"**{sanitise.inline(option.title)}** ({option.risk.value} risk)"
    said += f"; for: {sanitise.inline(option.pros)}" if option.pros else ""
    return said + (f"; against: {sanitise.inline(option.cons)}" if option.cons else "")


def how_to_answer(escalation: Escalation) -> str:
    """What people are to write."""
    if len(escalation.matters) == 1:
        return "Answer here with an option's number or in your own words."
    return (
        "Answer each question here by its number: `1a, 2b`, or `2: in your own words`. "
        "The work goes on when all of them are answered."
    )


def data(escalation: Escalation) -> dict[str, Json]:
    """What machines read of the note."""
    matters = escalation.matters
    found: dict[str, Json] = {
        "ticket": escalation.ticket_id,
        "trigger": escalation.trigger.value,
        "priority": escalation.priority.value,
        "raised_at": escalation.raised_at.isoformat(),
        **_choices(matters[0]),
        "asked": [_scope(Agreed(trigger=each.trigger.value, files=each.files)) for each in matters],
    }
    if len(matters) > 1:
        found["matters"] = [_choices(each) for each in matters]
    if escalation.agreed:
        found["agreed"] = [_scope(each) for each in escalation.agreed]
    return found


def _choices(matter: Matter) -> dict[str, Json]:
    places = list(enumerate(matter.options, 1))
    found: dict[str, Json] = {
        "options": len(matter.options),
        "choices": [plain(option.title, _CHOICE) for option in matter.options],
        "by_hand": [number for number, each in places if each.by_hand],
    }
    if declines := [number for number, each in places if each.declines]:
        found["declines"] = declines
    return found


def _scope(agreed: Agreed) -> dict[str, Json]:
    return agreed.model_dump(mode="json", exclude_defaults=True)
