"""Signals as questions to people: one for each trigger, with options that fit."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from ci_factory.config import Config
from ci_factory.model.attempt import Trigger
from ci_factory.model.text import plain
from ci_factory.work.cause import Cause, joined
from ci_factory.work.triggers.change import Change
from ci_factory.work.triggers.options import WAYS
from ci_factory.work.triggers.python_api import not_measured
from ci_factory.work.triggers.signal import Signal

_SHOWN = 10


def cause_of(signals: Iterable[Signal], who: str, config: Config) -> Cause | None:
    """What has to be asked about; `who` begins the sentence: “the ticket”, “the plan”, “the change”."""
    wanted = [each for each in _folded(list(signals)) if _mode(each.trigger, config) == "ask"]
    return joined(_cause([each for each in wanted if each.trigger is trigger], who) for trigger in Trigger)


def noted(signals: Iterable[Signal], config: Config) -> tuple[str, ...]:
    """What is not asked about, and told all the same."""
    found = [f"the change {each}" for each in signals if _mode(each.trigger, config) == "note"]
    return tuple(found[:_SHOWN])


def unseen(change: Change) -> tuple[str, ...]:
    """What nothing looked into, in words."""
    unread = [f"not looked into, too large: {plain(path, 120)}" for path in change.unread[:_SHOWN]]
    return (*unread, *not_measured(change))


def _mode(trigger: Trigger, config: Config) -> str:
    return str(getattr(config.escalation.triggers, trigger.value, "ask"))


def _folded(signals: list[Signal]) -> list[Signal]:
    """A migration and the schema that it changes are one decision."""
    migrates = any(each.kind == "migration" for each in signals)
    return [each for each in signals if not (migrates and each.kind == "schema")]


def _cause(signals: Sequence[Signal], who: str) -> Cause | None:
    if not signals:
        return None
    first, more = signals[0], len(signals) - 1
    ways = WAYS[first.kind]
    paths = tuple(dict.fromkeys(each.path for each in signals if each.path))
    everywhere = any(not each.path for each in signals)
    summary = f"{who} {first}" + (f", and {more} more" if more else "")
    return replace(
        Cause(first.trigger, summary, "; ".join(str(each) for each in signals[:_SHOWN])),
        questions=tuple(dict.fromkeys(WAYS[each.kind].question for each in signals))[:5],
        options=ways.options,
        recommendation=ways.recommendation,
        files=() if everywhere else paths,
    )
