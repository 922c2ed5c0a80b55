"""Routing on simulated agents whose qualities are known: what is lost against always choosing the best.

The product's own router plans nights of 20 tickets; what people decide reaches it days later, as `PastAttempt`s. Regret is
the expected accepted changes per cost that a choice gives away, as a share of the best choice's, summed over the tickets.

Figures: over 500 tickets `measured` loses at most half of what `round-robin` loses, in every world in which agents differ
and stay as they are, and no more than it where the best agent becomes the worst within the 25 nights; with equal agents
people accept no less than 95 % of round-robin's changes per cost (as drawn, not as expected, which is the same for all).

Run: python bench/routing.py [--seeds 40] [--first-seed 1] [--tickets 500]
"""

import argparse
import math
import random
import statistics
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from figures import Figure, told

from ci_factory.config import AgentConfig
from ci_factory.model.effort import WORK_MINUTES
from ci_factory.model.history import Outcome, PastAttempt
from ci_factory.model.routing_settings import Policy, RoutingConfig
from ci_factory.model.ticket import Size
from ci_factory.planning.routing.protocol import Asked
from ci_factory.planning.routing.registry import Known, learns, make_router

START = datetime(2026, 1, 5, 18, tzinfo=UTC)
NIGHT = 20
AREAS = ("api", "core", "docs", "web")
SIZES = {Size.TRIVIAL: 0.2, Size.SMALL: 0.4, Size.MEDIUM: 0.3, Size.LARGE: 0.1}
HARDNESS = {Size.TRIVIAL: 0.1, Size.SMALL: 0.0, Size.MEDIUM: -0.1, Size.LARGE: -0.2}
"""Added to every agent's acceptance."""
COST = {Size.TRIVIAL: 0.2, Size.SMALL: 0.5, Size.MEDIUM: 1.2, Size.LARGE: 3.0}
SPREAD = 0.6
"""Sigma of the lognormal cost."""
OVERNIGHT = 0.5
"""Days until people decide, at least."""
AT_ONCE = 0.4
"""Of what is not accepted, how much the agent fails at by itself: known at once."""
LEAST_KEPT = 0.95
"""With equal agents, accepted per cost over that of turns."""


class Work(NamedTuple):
    """A ticket."""

    name: str
    size: Size
    area: str


Skill = Callable[[int, Work, float], float]
"""(agent, ticket, share of the nights gone) -> acceptance of a small ticket."""


@dataclass(frozen=True)
class World:
    """Agents with known qualities."""

    name: str
    agents: int
    skill: Skill
    price: Sequence[float] = ()
    """Cost of each agent, 1 when not named."""
    days: float = 0
    """Mean days that people take longer than overnight (exponential)."""
    priced: bool = True
    """Whether agents tell what they cost."""
    most_lost: float | None = 0.5
    """Regret over that of turns; `None`: there is nothing to lose, and what is accepted per cost is looked at."""

    def acceptance(self, agent: int, work: Work, gone: float) -> float:
        """Probability that the agent's change is accepted."""
        return min(0.97, max(0.03, self.skill(agent, work, gone) + HARDNESS[work.size]))

    def cost(self, agent: int, work: Work) -> float:
        """Expected cost."""
        return COST[work.size] * (self.price[agent] if self.price else 1.0)

    def value(self, agent: int, work: Work, gone: float) -> float:
        """Expected accepted changes per cost."""
        return self.acceptance(agent, work, gone) / self.cost(agent, work)


def fixed(*skills: float) -> Skill:
    """The same everywhere and always."""
    return lambda agent, _work, _gone: skills[agent]


def on_cells(agent: int, work: Work, _gone: float) -> float:
    """Each agent is good at what the others are not: one at small things, one in two areas, one at all else."""
    small = work.size in {Size.TRIVIAL, Size.SMALL}
    inside = work.area in {"api", "web"}
    good = (small and not inside, inside, not small and not inside)[agent]
    return 0.8 if good else 0.45


def by_size(agent: int, work: Work, _gone: float) -> float:
    """One is good at small things, one at large ones, one at neither."""
    small = work.size in {Size.TRIVIAL, Size.SMALL}
    return 0.85 if (small, not small, False)[agent] else 0.5


def by_area(agent: int, work: Work, _gone: float) -> float:
    """One is good in two areas, one in the others, one is in between."""
    inside = work.area in {"api", "web"}
    return 0.6 if agent == 2 else 0.85 if inside == (agent == 0) else 0.45  # noqa: PLR2004 - the third


def drifting(agent: int, _work: Work, gone: float) -> float:
    """The best becomes the worst, slowly."""
    return (0.85 - 0.45 * gone, 0.6, 0.4 + 0.45 * gone)[agent]


WORLDS = (
    World("one clearly better", 3, fixed(0.85, 0.55, 0.5)),
    World("one clearly worse", 3, fixed(0.75, 0.75, 0.3)),
    World("two, one better", 2, fixed(0.8, 0.5)),
    World("five, one better", 5, fixed(0.55, 0.5, 0.85, 0.55, 0.5)),
    World("better by size", 3, by_size),
    World("better by area", 3, by_area),
    World("specialists by cell", 3, on_cells),
    World("cheaper, a bit worse", 3, fixed(0.8, 0.78, 0.7), price=(1.0, 1.1, 0.4)),
    World("cost unknown", 3, fixed(0.85, 0.55, 0.5), priced=False),
    World("decided within a week", 3, fixed(0.85, 0.55, 0.5), days=3),
    World("best becomes worst", 3, drifting, most_lost=1.0),
    World("all equal", 3, fixed(0.7, 0.7, 0.7), most_lost=None),
    World("all equal, a week", 4, fixed(0.6, 0.6, 0.6, 0.6), days=3, most_lost=None),
)


@dataclass
class Told:
    """What one run gave."""

    regret: float = 0.0
    accepted: int = 0
    cost: float = 0.0
    learned_at: int | None = None
    """Tickets until the first that was not by turns."""
    history: list[PastAttempt] = field(default_factory=list)


def nights(tickets: int, seed: int) -> list[list[Work]]:
    """The same tickets for every policy."""
    chance = random.Random(f"tickets/{seed}")  # noqa: S311 - a fixed, not a secret, sequence
    sizes = chance.choices(list(SIZES), weights=list(SIZES.values()), k=tickets)
    works = [Work(f"t{number}", size, chance.choice(AREAS)) for number, size in enumerate(sizes)]
    return [works[first : first + NIGHT] for first in range(0, tickets, NIGHT)]


def run(world: World, settings: RoutingConfig, seed: int, tickets: int) -> Told:
    """Plan night after night, each with what was decided before it."""
    told = Told()
    agents = tuple(AgentConfig(name=f"agent{number}", adapter="command") for number in range(world.agents))
    plan = nights(tickets, seed)
    for number, night in enumerate(plan):
        now, gone = START + timedelta(days=number), number / max(1, len(plan) - 1)
        past = [seen(each, now) for each in told.history] if learns(settings) else []
        router = make_router(Known(agents, settings, f"{seed}-night{number:03}", now, past))
        for work in night:
            asked = Asked(work.name, work.size, frozenset(), work.area, WORK_MINUTES[work.size])
            found = router.find(asked)
            assert found is not None
            assert found.note is not None
            router.take(found)
            if found.note.how != "turns" and told.learned_at is None:
                told.learned_at = number * NIGHT
            values = [world.value(agent, work, gone) for agent in range(world.agents)]
            told.regret += 1 - values[found.place] / max(values)
            chance = random.Random(f"{world.name}/{seed}/{work.name}/{found.place}")  # noqa: S311 - as above
            result, cost = outcome(world, found.place, work, gone, number, chance)
            told.accepted += result.outcome is Outcome.ACCEPTED
            told.cost += cost
            told.history.append(result)
    return told


def outcome(
    world: World, agent: int, work: Work, gone: float, night: int, chance: random.Random
) -> tuple[PastAttempt, float]:
    """What becomes of the work in the end, and when that is known; and what it cost."""
    accepted = chance.random() < world.acceptance(agent, work, gone)
    started = START + timedelta(days=night)
    waits = OVERNIGHT + (chance.expovariate(1 / world.days) if world.days else 0)
    if not accepted and chance.random() < AT_ONCE:
        waits = 0.1
    cost = world.cost(agent, work) * math.exp(chance.gauss(-SPREAD * SPREAD / 2, SPREAD))
    attempt = PastAttempt(
        batch=f"night{night:03}",
        ticket=work.name,
        agent=f"agent{agent}",
        size=work.size,
        area=work.area,
        started_at=started,
        minutes=WORK_MINUTES[work.size],
        cost_usd=cost if world.priced else None,
        outcome=Outcome.ACCEPTED if accepted else Outcome.REJECTED,
        decided_at=started + timedelta(days=waits),
    )
    return attempt, cost


def seen(attempt: PastAttempt, now: datetime) -> PastAttempt:
    """What was known of it by then."""
    if attempt.decided_at is not None and attempt.decided_at <= now:
        return attempt
    return attempt.model_copy(update={"outcome": Outcome.PENDING, "decided_at": None})


def compare(world: World, seeds: Sequence[int], tickets: int) -> Figure:
    """Print a world; its figure."""
    policies: tuple[Policy, ...] = ("round-robin", "load", "measured")
    runs = {
        policy: [run(world, RoutingConfig(policy=policy), seed, tickets) for seed in seeds]
        for policy in policies
    }
    turns, load, measured = (statistics.fmean(each.regret for each in runs[policy]) for policy in policies)
    gain = per_cost(runs["measured"]) / per_cost(runs["round-robin"])
    pairs = zip(runs["measured"], runs["round-robin"], strict=True)
    wins = sum(mine.regret <= its.regret for mine, its in pairs)
    begun = [each.learned_at for each in runs["measured"] if each.learned_at is not None]
    after = f"{statistics.median(begun):.0f}" if begun else "never"
    lost = measured / turns if turns else 0.0
    print(
        f"{world.name:<22} {turns:>7.1f} {load:>7.1f} {measured:>9.1f} {lost:>6.2f} {wins:>6}/{len(seeds)} {gain:>7.3f}"
        f" {after:>9}",
        flush=True,
    )
    if world.most_lost is None:
        what = f"accepted per cost, measured / turns, {world.name}"
        return Figure(what, gain, LEAST_KEPT, must_be="at least")
    return Figure(f"regret, measured / turns, {world.name}", lost, world.most_lost)


def per_cost(told: Sequence[Told]) -> float:
    """Accepted changes per cost, over all runs."""
    return sum(each.accepted for each in told) / sum(each.cost for each in told)


def main() -> int:
    """Print the table; 1 when a figure is missed."""
    parser = argparse.ArgumentParser(description="Regret of routing policies on simulated agents.")
    parser.add_argument("--seeds", type=int, default=30)
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--tickets", type=int, default=500)
    given = parser.parse_args()
    seeds = range(given.first_seed, given.first_seed + given.seeds)
    print(
        f"{given.tickets} tickets, {NIGHT} a night, means of {given.seeds} seeds. Regret of turns, load, measured; measured over turns;"
        "\nseeds in which it is no worse; accepted per cost over that of turns; tickets until the first that is measured."
    )
    print(
        f"{'world':<22} {'turns':>7} {'load':>7} {'measured':>9} {'ratio':>6} {'no worse':>9} {'kept':>7} {'by turns':>9}"
    )
    return told(*[compare(world, seeds, given.tickets) for world in WORLDS])


if __name__ == "__main__":
    sys.exit(main())
