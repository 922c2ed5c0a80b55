"""Simulated nights: the same seed the same night, every ticket somewhere, limits kept, and cases that can be computed by hand."""

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ci_factory.config import Config
from ci_factory.model.ticket import Size
from ci_factory.planning.simulation.assumptions import Assumptions
from ci_factory.planning.simulation.bucket import TokenBucket
from ci_factory.planning.simulation.chance import Chance, mean_minutes
from ci_factory.planning.simulation.hours import Calendar, Day
from ci_factory.planning.simulation.lanes import Step
from ci_factory.planning.simulation.policies import Light, RoundRobin
from ci_factory.planning.simulation.queue import DAY, Queue, made_up, overlap_share
from ci_factory.planning.simulation.replay import Equipment, Evening, Policy, horizon, replay
from ci_factory.planning.simulation.study import Study, planned, round_robin
from ci_factory.planning.simulation.summary import measure, quantile, tardiness
from ci_factory.planning.simulation.world import Status, World

START = datetime(2026, 3, 2, 18, tzinfo=UTC)
CERTAIN = Assumptions.model_validate(
    {
        "classes": {
            size.value: {
                "share": 0.25,
                "files": 1,
                "minutes_median": 6,
                "minutes_sigma": 0,
                "failure": 0,
                "acceptance": 1,
                "review_minutes": 10,
            }
            for size in Size
        },
        "pair_conflict": 0,
        "recall": 1,
        "precision": 1,
    }
)
"""No chance at all: six minutes and four of overhead, every change is good, none conflicts."""


def nights(
    queue: Queue,
    policy: Policy,
    *,
    count: int = 1,
    assumptions: Assumptions = CERTAIN,
    day: Day | None = None,
    seed: int = 1,
    **equipment: Any,
) -> tuple[World, Calendar]:
    """Work through some nights."""
    calendar = Calendar(day or Day(), START, count)
    found = replay(
        queue,
        policy,
        calendar=calendar,
        equipment=Equipment(**equipment),
        assumptions=assumptions,
        seed=seed,
    )
    return found, calendar


def tickets(count: int, files: Sequence[Sequence[int]] = ()) -> Queue:
    """Tickets created just before the first night, of files of their own unless said."""
    queue = Queue()
    for number in range(count):
        queue.size.append(0)
        queue.priority.append(1)
        queue.created.append(-1.0)
        queue.due.append(DAY)
        own = files[number] if files else (number,)
        queue.files.add(list(own))
        queue.foreseen.add(list(own))
    return queue


def study(**fields: Any) -> Study:
    """A night of 25 tickets."""
    known: dict[str, Any] = {
        "config": Config(),
        "equipment": Equipment(),
        "assumptions": Assumptions(),
        "day": Day(),
        "now": START,
        "nights": 1,
        "runs": 6,
        "seed": 3,
        "tickets": 25,
    }
    return Study(**{**known, **fields})


def test_the_same_seed_is_the_same_month() -> None:
    """Everything that is told of a simulation is told again by the same seed, and not by another one."""
    once, again, other = (
        study(seed=seed, nights=2).run(planned(study(seed=seed, nights=2))) for seed in (3, 3, 4)
    )
    assert once == again
    assert once != other


def test_policies_meet_the_same_fate() -> None:
    """Another policy changes neither how long an agent works on a ticket nor whether people take it."""
    chance, again = Chance(5), Chance(5)
    asked = [chance.uniform(ticket, 0, 8) for ticket in range(50)]
    assert [again.uniform(ticket, 0, 8) for ticket in reversed(range(50))] == asked[::-1]
    assert len(set(asked)) == 50


def test_uniforms_are_uniform() -> None:
    """Draws fill the unit interval evenly, over tickets as well as over questions."""
    chance = Chance(1)
    for draws in (
        [chance.uniform(ticket, 0, 0) for ticket in range(4000)],
        [chance.uniform(7, round_, question) for round_ in range(250) for question in range(16)],
    ):
        counts = [sum(low <= draw < low + 0.1 for draw in draws) for low in (n / 10 for n in range(10))]
        assert all(320 < count < 480 for count in counts)


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 4), st.sampled_from(["round-robin", "light", "plan"]))
def test_every_ticket_ends_in_exactly_one_state(seed: int, lanes: int, name: str) -> None:
    """Nothing is lost and nothing is twice: the states add up, the queue holds those that wait, and only they."""
    assumptions = Assumptions(clash=0.7)
    queue = made_up(assumptions, seed=seed, per_night=12, nights=3)
    calendar = Calendar(Day(), START, 3)
    policies: dict[str, Policy] = {"round-robin": RoundRobin(2, 20), "light": Light(2, 20)}
    policy = policies.get(name) or planned(study(nights=3)).policy(calendar)
    world, _ = nights(queue, policy, count=3, assumptions=assumptions, seed=seed, lanes=lanes, reviewers=1)
    assert sum(world.counts().values()) == len(queue)
    waiting = [number for number in range(world.entered) if world.status[number] == Status.WAITING]
    assert sorted(world.backlog) == waiting
    assert sum(night.merged for night in world.nights) == world.counts()[Status.MERGED]
    assert sum(night.rejected for night in world.nights) == world.counts()[Status.REJECTED]
    assert sum(night.failed for night in world.nights) == world.counts()[Status.FAILED]


def test_one_lane_with_fixed_durations() -> None:
    """Without chance, one lane publishes every ten minutes: by hand, the n-th ticket is ready after 10 n minutes."""
    world, _ = nights(tickets(7), RoundRobin(1, 100), lanes=1)
    assert list(world.ready_times) == [10.0 * (number + 1) for number in range(7)]


def test_several_lanes_with_fixed_durations() -> None:
    """Three lanes take three tickets at a time: the n-th of ten is ready after 10 x ceil(n / 3) minutes."""
    world, calendar = nights(tickets(10), RoundRobin(1, 100), lanes=3)
    assert list(world.ready_times) == [10.0 * -(-number // 3) for number in range(1, 11)]
    assert measure(world, calendar, Equipment(lanes=3)).utilisation == pytest.approx(100 / (3 * 720))


def test_a_stack_runs_one_after_the_other() -> None:
    """A ticket on another one's change starts when that is there, however many lanes are free."""

    def chain(evening: Evening) -> list[Step]:
        return (
            [Step(number, base=number - 1, waits_for=(number - 1,) if number else ()) for number in range(4)]
            if evening.world.backlog
            else []
        )

    world, _ = nights(tickets(4, [(0,)] * 4), chain, lanes=4)
    assert list(world.ready_times) == [10.0, 20.0, 30.0, 40.0]
    assert world.nights[0].conflicts == 0
    assert world.counts()[Status.MERGED] == 4


def test_of_changes_of_one_file_one_is_merged_a_day() -> None:
    """Side by side, three changes of one file are three conflicting pairs; the first is merged, the others are redone."""
    world, _ = nights(tickets(3, [(0,)] * 3), RoundRobin(1, 100), lanes=3, count=2)
    first, second = world.nights
    assert (first.conflicts, first.merged, first.redone) == (3, 1, 2)
    assert (second.conflicts, second.merged, second.redone) == (1, 1, 1)
    assert world.counts()[Status.WAITING] == 1


def test_a_rejected_base_takes_along_only_what_conflicts_with_it() -> None:
    """What stands on a rejected change is redone when it touches the same file, and goes on without it when not."""
    picky = CERTAIN.model_copy(
        update={
            "classes": {
                size: of.model_copy(update={"acceptance": 0.0 if size is Size.TRIVIAL else 1.0})
                for size, of in CERTAIN.classes.items()
            }
        }
    )
    queue = tickets(3, [(0,), (0,), (5,)])
    queue.size[1] = queue.size[2] = 1

    def tree(evening: Evening) -> list[Step]:
        steps = [Step(0), Step(1, base=0, waits_for=(0,)), Step(2, base=0, waits_for=(0,))]
        return steps if len(evening.world.nights) == 1 else []

    world, _ = nights(queue, tree, assumptions=picky, lanes=3)
    assert [Status(each) for each in world.status] == [Status.REJECTED, Status.WAITING, Status.MERGED]


def test_nobody_reviews_outside_of_working_hours() -> None:
    """Decisions fall into the hours, days and zone of the reviewers, across the change to summer time."""
    day = Day(zone="Europe/Berlin", hours="09:00-10:30, 14:00-15:00", days=("mon", "thu", "fri"))
    calendar = Calendar(day, datetime(2026, 3, 26, 17, tzinfo=UTC), 5)
    queue = made_up(CERTAIN, seed=1, per_night=30, nights=5)
    world = replay(
        queue,
        RoundRobin(1, 100),
        calendar=calendar,
        equipment=Equipment(reviewers=2, lanes=5),
        assumptions=CERTAIN,
        seed=1,
    )
    done = [calendar.moment(at) for at in world.done_at if at >= 0]
    assert done
    spans = {(9.0, 10.5), (14.0, 15.0)}
    for moment in done:
        local = moment.astimezone(__import__("zoneinfo").ZoneInfo("Europe/Berlin"))
        hour = local.hour + local.minute / 60
        assert local.strftime("%a") in {"Mon", "Thu", "Fri"}
        assert any(first < hour <= end for first, end in spans)


def test_reviewers_read_no_more_than_they_have_time_for() -> None:
    """A reviewer with three hours decides on eighteen changes of ten minutes a day, two on twice as many."""
    for reviewers in (1, 2):
        world, _ = nights(tickets(60), RoundRobin(1, 100), lanes=20, reviewers=reviewers)
        assert world.counts()[Status.MERGED] == 18 * reviewers


@given(
    st.floats(0.5, 50),
    st.floats(1, 200),
    st.lists(st.tuples(st.floats(0, 30), st.floats(0, 100)), max_size=40),
)
def test_the_token_bucket_is_never_exceeded(
    rate: float, burst: float, asked: list[tuple[float, float]]
) -> None:
    """In any span of time at most the burst and what was refilled in it is granted."""
    bucket, now, granted = TokenBucket(rate, burst), 0.0, []
    for wait, tokens in asked:
        now += wait
        granted.append((bucket.take(now, min(tokens, burst)), min(tokens, burst)))
    assert all(before <= after + 1e-6 for (before, _), (after, _) in pairwise(granted))
    for first in range(len(granted)):
        for last in range(first, len(granted)):
            total = sum(tokens for _, tokens in granted[first : last + 1])
            span = granted[last][0] - granted[first][0]
            assert total <= burst + rate * span + 1e-6 * (1 + total)


def test_a_rate_limit_slows_the_night_down() -> None:
    """Calls of 4.2 million tokens under a limit of one call's worth an hour begin an hour apart."""
    world, _ = nights(
        tickets(3), RoundRobin(1, 9), lanes=3, agents=1, tokens_per_minute=70_000, burst_tokens=4_200_000
    )
    assert list(world.ready_times) == pytest.approx([10, 70, 130])
    assert world.nights[0].throttled == pytest.approx(60 + 120)


def test_a_budget_stops_new_calls() -> None:
    """Once the budget is spent no call begins; the tickets are in the queue again."""
    world, _ = nights(tickets(9), RoundRobin(1, 9), lanes=1, budget_usd=6)
    assert world.nights[0].calls == 3  # 2.52 USD each: 5.04 after two, 7.56 after three
    assert world.counts()[Status.WAITING] == 6


def test_unknown_prices_make_unknown_spend() -> None:
    """Without a price the spend is unknown, never zero."""
    unpriced = CERTAIN.model_copy(update={"usd_per_million_tokens": None})
    world, calendar = nights(tickets(2), RoundRobin(1, 9), assumptions=unpriced)
    assert measure(world, calendar, Equipment()).spend is None


def test_more_lanes_are_never_fewer_ready() -> None:
    """With the same fate for every ticket, plain turns on more lanes publish at least as much by the deadline."""
    assumptions = Assumptions()
    for seed in range(5):
        queue = made_up(assumptions, seed=seed, per_night=150)
        ready = [
            nights(queue, RoundRobin(1, 200), assumptions=assumptions, seed=seed, lanes=lanes)[0]
            .nights[0]
            .ready
            for lanes in (1, 2, 4, 8)
        ]
        assert ready == sorted(ready)


def test_planning_brings_fewer_conflicts_and_less_work() -> None:
    """The plan leaves far fewer conflicting pairs than plain turns, and spends less."""
    ours, plain = (study().run(way(study())) for way in (planned, round_robin))
    for figure, share in (("conflicts", 0.4), ("spend", 0.9)):
        mine, theirs = ours.figures[figure], plain.figures[figure]
        assert mine is not None
        assert theirs is not None
        assert mine.p50 < share * theirs.p50


def test_made_up_tickets_overlap_as_often_as_stated() -> None:
    """Of all pairs of a made-up queue about 28 % share a file, whether all files are alike or some are touched by many."""
    for popularity in (0.0, 1.0):
        queue = made_up(Assumptions(popularity=popularity), seed=11, per_night=600)
        assert overlap_share([queue.files[number] for number in range(600)]) == pytest.approx(0.28, abs=0.05)


def test_tardiness_by_hand() -> None:
    """A medium ticket that is done two hours late counts four, an open one counts until the end."""
    world, calendar = nights(tickets(2), RoundRobin(1, 9), reviewers=0)
    world.end(0, Status.MERGED, world.due[0] + 120)
    world.status[1], world.due[1] = Status.OPEN, horizon(calendar) - 60
    assert tardiness(world, horizon(calendar)) == pytest.approx(2 * 2 + 2 * 1)


def test_mean_of_a_capped_lognormal() -> None:
    """The closed form agrees with draws."""
    of = Assumptions().classes[Size.SMALL]
    chance = Chance(2)
    draws = [chance.minutes(of, 60, ticket, 0, 0) for ticket in range(20_000)]
    assert mean_minutes(of, 60) == pytest.approx(sum(draws) / len(draws), rel=0.03)
    assert max(draws) == 60
    assert sorted(draws)[10_000] == pytest.approx(10, rel=0.05)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=50))
def test_quantiles_are_in_order_and_within(values: list[float]) -> None:
    """P10, P50 and P90 do not fall and lie between the extremes."""
    ordered = sorted(values)
    found = [quantile(ordered, share) for share in (0.1, 0.5, 0.9)]
    slack = 1e-9 * max(abs(ordered[0]), abs(ordered[-1]), 1)
    assert all(low <= high + slack for low, high in pairwise([ordered[0], *found, ordered[-1]]))


def test_capacity_is_that_of_the_next_working_day() -> None:
    """On a Friday evening reviewers have Monday's hours; in the middle of a window what is left of the day."""
    day = Day(hours="09:00-10:30, 14:00-15:00")
    friday = Calendar(day, datetime(2026, 3, 6, 18, tzinfo=UTC), 3)
    assert [friday.capacity(start) for start, _, _ in friday.nights] == [150, 150, 150]
    assert friday.capacity(friday.opens[0] + 30) == 120
