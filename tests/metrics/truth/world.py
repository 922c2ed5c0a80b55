"""Draws the lives of a year's tickets from known distributions: who did what to each of them, and when. Seeded.

A life is drawn without an end and then cut at `now`, as a real one is: what would have come later is not there.
"""

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

BOT, SCANNER = "factory-bot", "scan-bot"
PEOPLE = ("ada", "bo", "cy")
NOW = datetime(2026, 7, 1, 8, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
THRESHOLD = 80.0
GATES = {"syntax": 0.0, "types": 0.05, "tests": 0.1, "secrets": 0.01, "documentation": 0.08}
"""Gate and the probability that it fails."""
LINES = {"trivial": 6, "small": 30, "medium": 110, "large": 240}
SIZES = {"trivial": 0.2, "small": 0.4, "medium": 0.3, "large": 0.1}
PRIORITIES = {"low": 0.2, "medium": 0.5, "high": 0.25, "critical": 0.05}
MINUTES = {"trivial": 6, "small": 15, "medium": 35, "large": 80}
LANES = 3
BATCH = "%Y%m%d-%H%M%S"
"""How a night is called, by its start."""


@dataclass(frozen=True)
class World:
    """The distributions; every probability and mean is the truth that figures estimate."""

    seed: int = 1
    merge_requests: int = 1000
    days: int = 364
    now: datetime = NOW
    agents: tuple[str, ...] = ("heron", "otter")
    areas: tuple[str, ...] = ("billing", "report", "web", "worker")
    accepted: float = 0.8
    """A reviewed merge request ends merged with it; what became of it does not depend on how long that took."""
    accepted_by: dict[tuple[str, str], float] = field(default_factory=dict)
    """The same for one agent and size, where it differs."""
    sizes_of: dict[str, dict[str, float]] = field(default_factory=dict)
    """Sizes of an agent's tickets, where they differ."""
    decided_hours: float = 30
    """Mean of the exponential time from ready to the decision."""
    reworked: float = 0.25
    """Somebody asks for a new version, and one comes, before the decision."""
    rebased: float = 0.2
    """The branch is rebased after a first look, with the same patch."""
    readied: float = 0.7
    """A draft becomes ready some day."""
    ready_hours: float = 20
    reverted: float = 0.05
    revert_days: float = 6
    bug: float = 0.06
    bug_days: float = 9
    churned: float = 0.3
    escalated: float = 0.08
    no_change: float = 0.03
    failed: float = 0.04
    answered: float = 0.85
    answer_hours: float = 10
    recorded: float = 0.25
    """People record the time that they spent."""
    cost_of: dict[str, float] = field(
        default_factory=lambda: {"trivial": 0.1, "small": 0.4, "medium": 1.1, "large": 3.0}
    )

    @property
    def start(self) -> datetime:
        """When the first night was."""
        return (self.now - timedelta(days=self.days)).replace(hour=18, minute=0)

    def chance(self, agent: str, size: str) -> float:
        """With which probability a decided merge request is merged."""
        return self.accepted_by.get((agent, size), self.accepted)


@dataclass(frozen=True, order=True)
class Act:
    """One thing that somebody did. `number` makes the order of a moment's acts one and the same everywhere."""

    at: datetime
    number: int
    what: str
    who: str
    text: str = ""
    count: int = 0
    """Lines or seconds."""


@dataclass(frozen=True)
class Life:
    """One ticket, from its first word to what became of its change."""

    key: int
    """In order of drawing."""
    title: str
    priority: str
    size: str
    area: str
    agent: str
    batch: str
    lane: int
    order: int
    started: datetime
    finished: datetime
    ending: str
    cost: float | None
    rounds: int
    score: float
    rescored: float | None
    """The score of its last version, where that was judged anew."""
    gates: dict[str, bool]
    added: int
    removed: int
    acts: tuple[Act, ...]
    noted: bool = True
    """Whether our notes tell of its work, as those of earlier versions do not."""
    issue: int = 0
    """Numbers on the forge; 0 where there is none."""
    iid: int = 0

    @property
    def published(self) -> bool:
        """Whether there is a merge request."""
        return any(act.what == "publish" for act in self.acts)

    @property
    def passes(self) -> bool:
        """Whether its gates passed, so that it is opened ready."""
        return all(self.gates.values()) and self.score >= THRESHOLD

    @property
    def path(self) -> str:
        """The file that it adds."""
        return f"src/{self.area}/t{self.key}.py"

    @property
    def old(self) -> str:
        """The file that it takes lines from, if any."""
        return f"src/{self.area}/old{self.key}.py"

    @property
    def branch(self) -> str:
        """Its branch."""
        return f"factory/{self.issue}-change"

    def when(self, what: str) -> datetime | None:
        """The first time of an act."""
        return next((act.at for act in self.acts if act.what == what), None)


def lives(world: World) -> tuple[Life, ...]:
    """The year, cut at `now`, with the numbers that a forge gives in order of opening."""
    drawn = [_cut(life, world.now) for life in draw(world)]
    issues = sorted((act, life.key) for life in drawn for act in life.acts if act.what in {"open", "bug"})
    number = {(key, act.what): place for place, (act, key) in enumerate(issues, 1)}
    opened = sorted((act, life.key) for life in drawn for act in life.acts if act.what == "publish")
    iids = {key: place for place, (_, key) in enumerate(opened, 1)}
    return tuple(replace(life, issue=number[life.key, "open"], iid=iids.get(life.key, 0)) for life in drawn)


def timeline(all_lives: tuple[Life, ...]) -> list[tuple[Act, Life]]:
    """Every act in the order in which it happens."""
    return sorted(
        ((act, life) for life in all_lives for act in life.acts), key=lambda each: (each[0], each[1].key)
    )


def bug_issues(all_lives: tuple[Life, ...]) -> dict[int, int]:
    """Life's key -> number of the issue that tells of its bug."""
    issues = sorted((act, life.key) for life in all_lives for act in life.acts if act.what in {"open", "bug"})
    return {key: place for place, (act, key) in enumerate(issues, 1) if act.what == "bug"}


def _cut(life: Life, now: datetime) -> Life:
    return replace(life, acts=tuple(sorted(act for act in life.acts if act.at <= now)))


def draw(world: World) -> Iterator[Life]:
    """Lives to their ends, whenever those come, without numbers on a forge."""
    rng = random.Random(world.seed)  # noqa: S311 - a made history
    published = key = 0
    nights = [
        world.start + timedelta(days=day)
        for day in range(world.days)
        if (world.start + timedelta(days=day)).weekday() < 5
    ]
    for place, night in enumerate(nights):
        due = math.ceil(world.merge_requests * (place + 1) / len(nights))
        free = [night + timedelta(minutes=5)] * LANES
        order = 0
        while published < due:
            key += 1
            life = _life(world, rng, key, night, free, order)
            order += 1
            published += life.published
            yield life


def _pick(rng: random.Random, chances: dict[str, float]) -> str:
    return rng.choices(list(chances), list(chances.values()))[0]


def _life(
    world: World, rng: random.Random, key: int, night: datetime, free: list[datetime], order: int
) -> Life:
    agent = rng.choice(world.agents)
    size = _pick(rng, world.sizes_of.get(agent, SIZES))
    lane = free.index(min(free))
    started = free[lane]
    minutes = MINUTES[size] * rng.uniform(0.6, 1.4)
    finished = started + timedelta(seconds=round(60 * minutes))
    free[lane] = finished + timedelta(seconds=30)
    draw = rng.random()
    edges = (
        world.escalated,
        world.escalated + world.no_change,
        world.escalated + world.no_change + world.failed,
    )
    ending = ("escalated", "no-change", "agent-failed", "completed")[sum(draw >= edge for edge in edges)]
    score = round(min(100.0, max(40.0, rng.gauss(90, 6))), 1)
    life = Life(
        key=key,
        title=f"Change {key} of the warehouse",
        priority=_pick(rng, PRIORITIES),
        size=size,
        area=rng.choice(world.areas),
        agent=agent,
        batch=night.strftime(BATCH),
        lane=lane,
        order=order,
        started=started,
        finished=finished,
        ending=ending,
        cost=round(world.cost_of[size] * rng.uniform(0.5, 1.5), 4),
        rounds=1 + (rng.random() < 0.4) + (rng.random() < 0.1),
        score=score,
        rescored=None,
        gates={gate: rng.random() >= fails for gate, fails in GATES.items()},
        added=max(3, round(LINES[size] * rng.uniform(0.7, 1.3))),
        removed=rng.randint(1, 6) if rng.random() < 0.2 else 0,
        acts=(),
    )
    return _Story(world, rng, life, night).told()


class _Story:
    """Draws the acts of one life."""

    def __init__(self, world: World, rng: random.Random, life: Life, night: datetime) -> None:
        self.world, self.rng, self.life, self.night = world, rng, life, night
        self.acts: list[Act] = []
        self.asked = ""
        """Who asked for changes, and has to approve before anybody can merge."""

    def told(self) -> Life:
        rng, life = self.rng, self.life
        triggered = self.night - timedelta(seconds=round(3600 * rng.uniform(0.5, 20)))
        self.add(triggered - timedelta(seconds=round(3600 * rng.uniform(1, 48))), "open", self.person())
        self.add(triggered, "trigger", self.person())
        published = life.finished + timedelta(seconds=10)
        rescored = None
        if life.ending == "escalated":
            self.add(published, "escalate", BOT)
            if rng.random() < self.world.answered:
                self.add(published + self.after(self.world.answer_hours), "answer", self.person(), "1")
        elif life.ending == "completed":
            self.add(published, "publish", BOT)
            rescored = self.reviewed(published)
        else:
            self.add(published, "end", BOT)
        return replace(life, acts=tuple(self.acts), rescored=rescored)

    def add(self, at: datetime, what: str, who: str, text: str = "", count: int = 0) -> None:
        self.acts.append(Act(at.replace(microsecond=0), len(self.acts), what, who, text, count))

    def person(self) -> str:
        return self.rng.choice(PEOPLE)

    def after(self, hours: float) -> timedelta:
        return timedelta(seconds=60 + round(3600 * self.rng.expovariate(1 / hours)))

    def reviewed(self, published: datetime) -> float | None:
        """From the merge request to the decision; a draft waits until somebody says that it is ready."""
        rng, world = self.rng, self.world
        ready = published
        if not self.life.passes:
            ready = published + self.after(world.ready_hours)
            if rng.random() >= world.readied:
                return None
            self.add(ready, "ready", self.person())
        if rng.random() < 0.5:
            self.add(ready + timedelta(seconds=30), "note", SCANNER, "No new findings.")
        whole = self.after(world.decided_hours)
        merged = rng.random() < world.chance(self.life.agent, self.life.size)
        rescored = self.looked_at(ready, whole)
        who = self.asked or self.person()
        if merged and (self.asked or rng.random() < 0.9):
            self.add(ready + 0.95 * whole, "approve", who, count=1)
        if rng.random() < world.recorded:
            self.add(ready + 0.97 * whole, "spend", who, count=60 * rng.randint(2, 40))
        self.add(ready + whole, "merge" if merged else "close", who)
        if merged:
            self.afterwards(ready + whole)
        return rescored

    def looked_at(self, ready: datetime, whole: timedelta) -> float | None:
        rng, first = self.rng, ready + self.rng.uniform(0.1, 0.5) * whole
        reviewer = self.person()
        rework, rebase = rng.random() < self.world.reworked, rng.random() < self.world.rebased
        if rework:
            what = rng.choice(("note", "request"))
            self.asked = reviewer if what == "request" else ""
            self.add(first, what, reviewer, "Please name the second one better.")
            self.add(ready + 0.6 * whole, "push", BOT, count=rng.randint(1, 3))
        elif rng.random() < 0.5:
            self.add(first, "note", reviewer, "Reads well.")
        if rng.random() < 0.3:
            self.add(first + timedelta(minutes=7), "note", reviewer, "One more thought, nothing to change.")
        if rebase:
            self.add(ready + 0.7 * whole, "rebase", BOT)
        if not rework:
            return None
        score = round(min(100.0, self.life.score + rng.uniform(0, 4)), 1)
        self.add(ready + 0.8 * whole, "rescore", BOT)
        return score

    def afterwards(self, merged: datetime) -> None:
        rng, world = self.rng, self.world
        edited = merged + timedelta(seconds=round(86400 * rng.uniform(1, 20)))
        reverted = merged + timedelta(hours=1) + self.after(24 * world.revert_days)
        gone = rng.random() < world.reverted
        if rng.random() < world.bug:
            self.add(merged + self.after(24 * world.bug_days), "bug", self.person())
        if rng.random() < world.churned and not (gone and reverted <= edited):
            self.add(edited, "edit", self.person(), count=max(1, self.life.added // 4))
        if gone:
            self.add(reverted, "revert", self.person())
