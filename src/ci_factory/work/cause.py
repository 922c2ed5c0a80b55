"""Why a person is asked, before it is a record: causes, several at once, and what was agreed to already. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from ci_factory.config import Config
from ci_factory.model.attempt import Option, Trigger
from ci_factory.model.ticket import Agreed, Candidate

ANY = "any"
"""Trigger of a yes that was given before anything was asked."""
_MOST_FILES = 200


@dataclass(frozen=True)
class Cause:
    """Why a person is asked; what is left empty gets its usual words."""

    trigger: Trigger
    summary: str
    why: str
    blocking: str = "the factory does not decide this on its own"
    questions: tuple[str, ...] = ()
    options: tuple[Option, ...] = ()
    recommendation: str = ""
    files: tuple[str, ...] = ()
    """Those that it is about; a yes covers these, or all when there are none."""
    further: tuple["Cause", ...] = ()
    """Other decisions to ask for in the same note; these have none of their own."""

    @property
    def every(self) -> tuple["Cause", ...]:
        """This one and the further ones."""
        return (replace(self, further=()), *self.further)


def joined(causes: Iterable[Cause | None]) -> Cause | None:
    """One question of many: those of the same trigger become one, the rest stand in the same note."""
    by_trigger: dict[Trigger, Cause] = {}
    for cause in (one for each in causes if each for one in each.every):
        known = by_trigger.get(cause.trigger)
        by_trigger[cause.trigger] = _merged(known, cause) if known else cause
    if not by_trigger:
        return None
    first, *others = by_trigger.values()
    return replace(first, further=tuple(others))


def _merged(first: Cause, second: Cause) -> Cause:
    """The first one's words; options of the one that has some of its own."""
    told = first if first.options or not second.options else second
    files = tuple(dict.fromkeys((*first.files, *second.files))) if first.files and second.files else ()
    return replace(
        first,
        why=f"{first.why}; {second.why}",
        questions=tuple(dict.fromkeys((*first.questions, *second.questions))),
        options=told.options,
        recommendation=told.recommendation,
        files=files,
    )


def pending(cause: Cause | None, candidate: Candidate, config: Config, answer: str | None) -> Cause | None:
    """What of it nobody decided yet. A yes covers the triggers and files that it was asked about, and no more."""
    if cause is None:
        return None
    covered = agreed(candidate, config, answer)
    return joined(one for one in cause.every if not any(_covers(each, one) for each in covered))


def agreed(candidate: Candidate, config: Config, answer: str | None) -> tuple[Agreed, ...]:
    """What people agreed to. A yes of which no question tells the scope (one given before any, by label) covers all."""
    said_yes = answer is not None or config.labels.approved in candidate.ticket.labels
    if said_yes and not candidate.agreed:
        return (Agreed(trigger=ANY),)
    return candidate.agreed


def scope(cause: Cause) -> tuple[str, ...]:
    """The files of a cause as a record keeps them."""
    return cause.files[:_MOST_FILES]


def _covers(yes: Agreed, cause: Cause) -> bool:
    if yes.trigger not in {ANY, cause.trigger.value}:
        return False
    if yes.words_only:
        return not cause.files
    return not yes.files or (bool(cause.files) and set(cause.files) <= set(yes.files))
