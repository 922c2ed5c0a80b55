"""What holds for every project and every schedule that the core makes of it."""

import itertools
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ci_factory.errors import UsageError
from ci_factory.planning.scheduling.bounds import bound
from ci_factory.planning.scheduling.exact import Effort, optimise
from ci_factory.planning.scheduling.generation import parallel, serial
from ci_factory.planning.scheduling.priorities import RULES
from ci_factory.planning.scheduling.project import (
    Activity,
    Cost,
    Mode,
    Placement,
    Project,
    Schedule,
    cost,
    makespan,
)
from ci_factory.planning.scheduling.search import justified, search
from ci_factory.planning.scheduling.timetable import Profile
from ci_factory.planning.scheduling.verify import verify


@st.composite
def projects(draw: st.DrawFn, most: int = 7, *, modes: bool = True, dates: bool = True) -> Project:
    """Small projects with several resources, precedences, choices, groups and dates."""
    capacities = tuple(draw(st.lists(st.integers(1, 3), min_size=1, max_size=3)))
    activities: list[Activity] = []
    for number in range(draw(st.integers(1, most))):
        before = draw(st.lists(st.sampled_from(activities), max_size=2)) if activities else []
        count = draw(st.integers(1, len(capacities))) if modes else 1
        options = []
        for at in range(count):
            units = {at: draw(st.integers(1, capacities[at]))}
            other = draw(st.integers(0, len(capacities) - 1))
            units.setdefault(other, 1)
            options.append(
                Mode(float(draw(st.integers(0 if count == 1 else 1, 4))), tuple(units.items()), at)
            )
        activities.append(
            Activity(
                f"a{number}",
                tuple(options),
                predecessors=tuple({each.id for each in before}),
                release=float(draw(st.integers(0, 3))) if dates else 0.0,
                due=draw(st.none() | st.integers(0, 9).map(float)) if dates else None,
                weight=float(draw(st.integers(1, 4))),
                group="g" if modes and draw(st.booleans()) else None,
            )
        )
    return Project(capacities, tuple(activities))


def best_by_hand(project: Project) -> Cost:
    """The least cost, by trying every order and every choice of modes, each activity as early as it goes."""
    every = (
        cost(project, placed_by_hand(project, order, choice))
        for choice in choices(project)
        for order in orders(project)
    )
    return min((each._replace(flow=0.0) for each in every), default=Cost(0, 0))


def placed_by_hand(project: Project, order: tuple[str, ...], choice: dict[str, int]) -> Schedule:
    """One activity after the other, at the first whole time at which it is free for its whole duration."""
    placed: dict[str, Placement] = {}
    for name in order:
        activity = project.by_id[name]
        mode = activity.modes[choice[name]]
        ready = max([activity.release, *(placed[each].end for each in activity.predecessors)])
        start = next(
            at
            for at in itertools.count(int(ready))
            if all(
                used(project, placed, resource, moment) + units <= project.capacities[resource]
                for resource, units in mode.demands
                for moment in range(at, at + int(mode.duration))
            )
        )
        placed[name] = Placement(choice[name], float(start), start + mode.duration)
    return placed


def used(project: Project, placed: Schedule, resource: int, moment: int) -> int:
    """Units of a resource in use in the minute that begins at a moment."""
    return sum(
        dict(project.by_id[name].modes[place.mode].demands).get(resource, 0)
        for name, place in placed.items()
        if place.start <= moment < place.end
    )


def choices(project: Project) -> Iterator[dict[str, int]]:
    """Every choice of modes in which the one group has one name."""
    for choice in itertools.product(*(range(len(each.modes)) for each in project.activities)):
        pairs = list(zip(project.activities, choice, strict=True))
        if len({activity.modes[at].name for activity, at in pairs if activity.group}) <= 1:
            yield {activity.id: at for activity, at in pairs}


def orders(project: Project) -> Iterator[tuple[str, ...]]:
    """Every order that keeps the precedences."""
    for order in itertools.permutations(project.order):
        place = {name: at for at, name in enumerate(order)}
        if all(place[each] < place[name] for name in order for each in project.by_id[name].predecessors):
            yield order


def first_schedule(project: Project) -> Schedule | None:
    """By the plain order; `None` where a group's first choice fits not everybody in it."""
    return serial(project, dict.fromkeys(project.order, 0.0))


@settings(max_examples=60, deadline=None)
@given(projects(), st.sampled_from(sorted(RULES)))
def test_every_schedule_keeps_the_rules(project: Project, rule: str) -> None:
    """Both schemes, justification and search, by every rule; justification never makes it longer, search never worse."""
    first = first_schedule(project)
    for scheme in (serial, parallel):
        schedule = scheme(project, RULES[rule](project))
        if schedule is None:
            assert any(each.group for each in project.activities)  # else there is always a schedule
            continue
        assert verify(project, schedule) == ()
        assert cost(project, schedule)[:2] >= bound(project)[:2]
    if first is not None:
        found = search(project, work=150, start=first)
        assert found is not None
        assert verify(project, found) == ()
        assert cost(project, found) <= cost(project, first)
        assert found == search(project, work=150, start=first)


@settings(max_examples=40, deadline=None)
@given(projects(dates=False, modes=False))
def test_justification_never_makes_a_schedule_longer(project: Project) -> None:
    """As late, then as early as it goes (Valls et al., 2005)."""
    for rule in RULES.values():
        schedule = serial(project, rule(project))
        assert schedule is not None
        better = justified(project, schedule)
        assert better is not None
        assert verify(project, better) == ()
        assert makespan(better) <= makespan(schedule)


@settings(max_examples=25, deadline=None)
@given(projects(most=4))
def test_the_exact_solver_finds_what_trying_everything_finds(project: Project) -> None:
    """Least weighted tardiness, and the least makespan among those; and it says that it is proved."""
    pytest.importorskip("ortools")
    first = first_schedule(project)
    if first is None:
        return
    best = best_by_hand(project)
    solved = optimise(project, first, Effort(seconds=20, workers=1))
    assert solved.proved
    assert verify(project, solved.schedule) == ()
    assert cost(project, solved.schedule)[:2] == best[:2] == solved.bound[:2]
    assert bound(project)[:1] <= best[:1]


def test_what_takes_no_time_waits_for_no_resource() -> None:
    """A milestone is reached when it may be, though the resource it names is in use; the solver proves the same."""
    pytest.importorskip("ortools")
    project = Project(
        (1,),
        (
            Activity("work", (Mode(1.0, ((0, 1),)),), release=1.0),
            Activity("milestone", (Mode(0.0, ((0, 1),)),), release=1.0, due=0.0, weight=1.0),
        ),
    )
    first = first_schedule(project)
    assert first is not None
    solved = optimise(project, first, Effort(seconds=20))
    assert (first["milestone"].start, solved.schedule["milestone"].start) == (1.0, 1.0)
    assert solved.proved
    assert verify(project, solved.schedule) == ()


@given(st.lists(st.tuples(st.integers(0, 12), st.integers(1, 5), st.integers(1, 3)), min_size=1, max_size=12))
def test_a_profile_finds_the_first_gap(wanted: list[tuple[int, int, int]]) -> None:
    """The answer is the one that trying minute by minute gives."""
    profile, used = Profile(3), [0] * 200
    for ready, duration, units in wanted:
        start = profile.earliest(float(ready), float(duration), units)
        by_hand = next(
            at for at in range(ready, 200) if all(used[t] + units <= 3 for t in range(at, at + duration))
        )
        assert start == by_hand
        profile.take(start, start + duration, units)
        for at in range(by_hand, by_hand + duration):
            used[at] += units


def one(name: str = "a", **fields: object) -> Activity:
    """An activity of one minute on resource 0."""
    return Activity(name, (Mode(1.0, ((0, 1),)),), **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("activities", "message"),
    [
        ((one(), one()), "two activities have one id"),
        ((one(predecessors=("b",)),), "predecessor b is not there"),
        ((one(predecessors=("b",)), one("b", predecessors=("a",))), "circle"),
        ((Activity("a", ()),), "no mode"),
        ((Activity("a", (Mode(1.0, ((0, 2),)),)),), "more than there is"),
        ((Activity("a", (Mode(-1.0),)),), "below zero"),
    ],
)
def test_a_project_that_can_not_be_solved_is_refused(activities: tuple[Activity, ...], message: str) -> None:
    """By one message that says what is wrong."""
    with pytest.raises(UsageError, match=message):
        Project((1,), activities)


@pytest.mark.parametrize(
    ("schedule", "message"),
    [
        ({"a": (0, 0, 1)}, "other activities"),
        ({"a": (0, 0, 1), "b": (0, 0, 1)}, "b starts before a has ended"),
        ({"a": (0, 0, 1), "b": (0, 1, 3)}, "takes 2"),
        ({"a": (0, 0, 1), "b": (0, 9, 10)}, "after the horizon"),
        ({"a": (0, 0, 1), "b": (1, 1, 2)}, "a mode it does not have"),
        ({"a": (0, -1, 0), "b": (0, 1, 2)}, "before its release"),
    ],
)
def test_the_checker_names_what_is_broken(
    schedule: dict[str, tuple[int, float, float]], message: str
) -> None:
    """Each rule by its own sentence."""
    project = Project((1,), (one(), one("b", predecessors=("a",))), horizon=5)
    broken = verify(project, {name: Placement(*place) for name, place in schedule.items()})
    assert any(message in sentence for sentence in broken)


def test_the_checker_sees_an_overload_and_a_split_group() -> None:
    """Two at a time on what holds one, and one group on two lanes."""
    lanes = (Mode(2.0, ((0, 1),), 0), Mode(2.0, ((1, 1),), 1))
    project = Project((1, 1), (Activity("a", lanes, group="g"), Activity("b", lanes, group="g")))
    over = {"a": Placement(0, 0.0, 2.0), "b": Placement(0, 1.0, 3.0)}
    assert "resource 0 has 1 units" in verify(project, over)[0]
    assert "not done as the others" in verify(project, {**over, "b": Placement(1, 0.0, 2.0)})[0]
