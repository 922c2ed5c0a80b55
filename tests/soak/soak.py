"""Many lives, one after the other; bench/soak.py is the command.

A life is a handful of nights with faults, then calm ones. What breaks is printed with the line that plays it again.
"""

import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.soak import invariants
from tests.soak.faults import drawn
from tests.soak.life import Life, template

CALM = 2
"""Nights without faults at the end of each life."""
_FIRST, _LEAST = 300, 60
"""Effects of a night of which nothing is known yet, and of one in which little happens."""
_SELDOM = 0.15


@dataclass
class Result:
    """What many lives brought."""

    lives: int = 0
    nights: int = 0
    killed: int = 0
    met: Counter[str] = field(default_factory=Counter)
    """Nights by the fault that they met."""
    broken: list[str] = field(default_factory=list)
    """Each with the line that plays it again."""


def live(life: Life) -> list[str]:
    """Live a whole life; what broke in it, at the first night in which anything did."""
    chance = random.Random(f"nights of {life.seed}")  # noqa: S311 - a simulation
    effects = _FIRST
    for _ in range(chance.randint(2, 5)):
        _before(life, chance)
        night = life.night(drawn(chance, effects))
        effects = max(_LEAST, night.effects)
        if night.ended == "killed" and chance.random() < _SELDOM:
            life.cut_power()
        if found := list(invariants.always(life)):
            return found
    return calm(life)


def calm(life: Life) -> list[str]:
    """People let everything go on and answer, and nothing goes wrong any more; what is broken then."""
    with life.quietly():
        life.people.release()
        life.people.answer()
    for _ in range(CALM):
        life.night()
        if found := list(invariants.always(life)):
            return found
    return list(invariants.at_last(life))


def _before(life: Life, chance: random.Random) -> None:
    """The day before a night."""
    with life.quietly():
        for _ in range(chance.randint(0, 2)):
            life.people.act()
    if chance.random() < _SELDOM:
        life.lose_output()


def soak(
    seed: int,
    nights: int,
    folder: Path,
    *,
    quick: bool = True,
    tell: Callable[[Result, Sequence[str]], None] = lambda _result, _broken: None,
) -> Result:
    """Live as many lives as it takes, each with the next seed; `tell` hears after each what broke in it."""
    result = Result()
    made = template(folder)
    while result.nights < nights:
        life = Life(seed + result.lives, folder / f"life-{seed + result.lives}", made, quick)
        try:
            found = live(life)
        finally:
            life.close()
        result.lives += 1
        result.nights += len(life.nights)
        result.killed += sum(night.ended == "killed" for night in life.nights)
        result.met += Counter(fault.value for night in life.nights for fault, _ in night.met)
        broken = [f"{what}\n    make soak SEED={life.seed} NIGHTS=1" for what in dict.fromkeys(found)]
        result.broken += broken
        tell(result, broken)
    return result
