"""No plan breaks a rule, whichever bounds it is given; told from the batch alone."""

import itertools
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ci_factory.config import AgentConfig, BatchConfig
from ci_factory.errors import ToolMissing
from ci_factory.model.batch import Batch, PlannedTicket
from ci_factory.model.effort import REVIEW_MINUTES, WORK_MINUTES
from ci_factory.model.history import PastAttempt
from ci_factory.model.ticket import Candidate, Priority, Size
from ci_factory.planning.expectations import FEWEST, Expectations, expect
from ci_factory.planning.lanes import lanes_of

Queue = Callable[..., Candidate]
Plan = Callable[..., Batch]

NOW = datetime(2026, 3, 2, 17, tzinfo=UTC)
IDS = [f"t{number}" for number in range(9)]
TICKETS = st.lists(
    st.fixed_dictionaries(
        {
            "ticket_id": st.sampled_from(IDS),
            "files": st.lists(st.sampled_from(["a", "b", "src/a", "src/b", "src/*", "src"]), max_size=2),
            "depends_on": st.lists(st.sampled_from(IDS), max_size=2, unique=True),
            "size": st.sampled_from(Size),
            "priority": st.sampled_from(Priority),
            "due": st.none() | st.integers(-60, 300).map(lambda minutes: NOW + timedelta(minutes=minutes)),
        }
    ),
    max_size=9,
    unique_by=lambda fields: fields["ticket_id"],
)
AGENTS = st.lists(st.integers(1, 4) | st.none(), min_size=1, max_size=3).map(
    lambda limits: tuple(
        AgentConfig(name=f"agent{number}", adapter="command", parallel=limit)
        for number, limit in enumerate(limits)
    )
)
OPTIONS = st.fixed_dictionaries(
    {
        "pattern": st.sampled_from(["queue", "lock", "isolate"]),
        "overlap": st.sampled_from(["stack", "ignore"]),
        "max_tickets": st.integers(1, 9),
        "parallel": st.integers(1, 4),
        "agents": AGENTS,
        "batch": st.builds(
            BatchConfig,
            window_minutes=st.none() | st.floats(5, 120),
            cost_budget_usd=st.none() | st.floats(0, 8),
            review_minutes=st.none() | st.floats(0, 90),
        ),
        "review_minutes": st.none() | st.floats(0, 90),
    }
)
COSTS = {Size.TRIVIAL: 0.5, Size.SMALL: 1.25, Size.LARGE: 3.0}
"""What attempts of a size cost; of medium ones nothing is known."""
many = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    deadline=None,
    max_examples=60,
)


def attempts(agent: str = "agent0", count: int = FEWEST, **fields: Any) -> Iterator[PastAttempt]:
    """Some past attempts that are all the same."""
    for number in range(count):
        known = {"size": Size.SMALL, "minutes": 8.0} | fields
        yield PastAttempt(batch="b", ticket=f"x{number}", agent=agent, started_at=NOW, **known)


def measured() -> Expectations:
    """Other minutes than the first guesses, and costs of some sizes."""
    return expect(
        [
            *attempts(size=Size.TRIVIAL, minutes=2.7, cost_usd=COSTS[Size.TRIVIAL]),
            *attempts(size=Size.SMALL, minutes=9.1, cost_usd=COSTS[Size.SMALL]),
            *attempts(size=Size.LARGE, minutes=41.3, cost_usd=COSTS[Size.LARGE]),
        ]
    )


def make(candidate: Queue, plan: Plan, tickets: list[dict[str, Any]], options: dict[str, Any]) -> Batch:
    """A batch of the tickets, with what was measured."""
    queue = [candidate(fields.pop("ticket_id"), **fields) for fields in (dict(each) for each in tickets)]
    return plan(*queue, expectations=measured(), **options)


def span(ticket: PlannedTicket) -> tuple[float, float]:
    """When it runs."""
    assert ticket.start_minutes is not None
    assert ticket.end_minutes is not None
    return ticket.start_minutes, ticket.end_minutes


def most_at_once(tickets: list[PlannedTicket]) -> int:
    """How many of them run at the same time."""
    changes = sorted(
        (moment, change) for ticket in tickets for moment, change in zip(span(ticket), (1, -1), strict=True)
    )
    return max(itertools.accumulate((change for _, change in changes)), default=0)


def check(batch: Batch, tickets: list[dict[str, Any]], options: dict[str, Any]) -> None:
    """Every rule that a plan must keep."""
    planned = {ticket.id: ticket for ticket in batch.tickets}
    out = [ticket.ticket_id for ticket in batch.left_out]
    assert sorted([*planned, *out]) == sorted(fields["ticket_id"] for fields in tickets)
    assert all(each.reason for each in batch.tickets)
    assert all(each.reason for each in batch.left_out)
    assert len(planned) <= options["max_tickets"]
    lanes = 1 if options["pattern"] == "queue" else options["parallel"]
    allowed = lanes_of(options["agents"], lanes)
    for ticket in batch.tickets:
        assert ticket.lane in allowed[ticket.agent]
        assert all(span(planned[before])[1] <= span(ticket)[0] for before in ticket.waits_for)
        assert set(ticket.candidate.ticket.depends_on) & planned.keys() <= set(ticket.waits_for)
    starts = [span(ticket)[0] for ticket in batch.tickets]
    assert starts == sorted(starts)
    assert [ticket.order for ticket in batch.tickets] == list(range(len(planned)))
    for lane in range(lanes):
        assert most_at_once([each for each in batch.tickets if each.lane == lane]) <= 1
    for agent in options["agents"]:
        running = most_at_once([each for each in batch.tickets if each.agent == agent.name])
        assert agent.parallel is None or running <= agent.parallel
    check_bounds(batch, options)
    if options["pattern"] == "lock":
        for one, other in itertools.combinations(batch.tickets, 2):
            if set(one.candidate.estimate.files) & set(other.candidate.estimate.files):
                assert one.lane == other.lane


def check_bounds(batch: Batch, options: dict[str, Any]) -> None:
    """Window, budget and review minutes; a cost is known where it was measured."""
    settings_ = options["batch"]
    if settings_.window_minutes is not None:
        assert all(span(ticket)[1] <= settings_.window_minutes for ticket in batch.tickets)
    for ticket in batch.tickets:
        assert ticket.cost_usd == COSTS.get(ticket.size)
        if settings_.cost_budget_usd is not None and ticket.cost_usd is None:
            assert "its cost is unknown" in ticket.reason
    if settings_.cost_budget_usd is not None:
        assert sum(ticket.cost_usd or 0 for ticket in batch.tickets) <= settings_.cost_budget_usd
    review = sum(REVIEW_MINUTES[ticket.size] for ticket in batch.tickets)
    for bound in (settings_.review_minutes, options["review_minutes"]):
        assert bound is None or review <= bound


@many
@given(TICKETS, OPTIONS)
def test_no_plan_breaks_a_rule(
    candidate: Queue, plan: Plan, tickets: list[dict[str, Any]], options: dict[str, Any]
) -> None:
    """Dependencies, locks, lanes, agents, window, budget, review; and nobody is left without a reason."""
    batch = make(candidate, plan, tickets, options)
    check(batch, tickets, options)
    told = batch.arrangement
    assert told is not None
    assert (told.tardiness, told.makespan_minutes) <= (told.greedy_tardiness, told.greedy_makespan_minutes)


@settings(many, max_examples=15)
@given(TICKETS, OPTIONS)
def test_an_optimised_plan_breaks_none_either_and_is_never_worse(
    candidate: Queue, plan: Plan, tickets: list[dict[str, Any]], options: dict[str, Any]
) -> None:
    """The same tickets, bases and agents, in an order that is at least as good."""
    pytest.importorskip("ortools")
    greedy = make(candidate, plan, tickets, options)
    best = make(candidate, plan, tickets, {**options, "optimize_seconds": 2.0})
    check(best, tickets, options)
    assert {(each.id, each.agent, each.stacked_on) for each in best.tickets} == {
        (each.id, each.agent, each.stacked_on) for each in greedy.tickets
    }
    one, other = best.arrangement, greedy.arrangement
    assert one is not None
    assert other is not None
    assert (one.tardiness, one.makespan_minutes) <= (other.tardiness, other.makespan_minutes)


def test_optimisation_finds_a_shorter_night_and_says_that_it_is_proved(candidate: Queue, plan: Plan) -> None:
    """Two lanes, and sizes that a greedy list divides badly."""
    pytest.importorskip("ortools")
    queue = [candidate(f"s{number}", size=Size.SMALL) for number in range(4)]
    queue.append(candidate("big", size=Size.LARGE))
    told = plan(*queue, parallel=2, optimize_seconds=10.0).arrangement
    assert told is not None
    assert told.makespan_minutes == 4 * WORK_MINUTES[Size.SMALL]
    assert told.proved


def test_a_missing_solver_is_named_with_what_to_install(
    candidate: Queue, plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And nothing else fails without it."""
    monkeypatch.setitem(__import__("sys").modules, "ci_factory.planning.scheduling.exact_model", None)
    queue = [candidate(name, due=NOW + timedelta(minutes=9)) for name in "abc"]
    assert len(plan(*queue, parallel=1).tickets) == 3
    late = [*queue, candidate("d", depends_on=["a"], due=NOW + timedelta(minutes=12), size=Size.LARGE)]
    with pytest.raises(ToolMissing, match=r"OR-tools.*\n.*ci-factory\[optimize\]"):
        plan(*late, parallel=1, optimize_seconds=1.0)


def test_a_waiting_ticket_lends_its_due_date(candidate: Queue, plan: Plan) -> None:
    """What stands at the begin of an urgent chain starts before a ticket that is more urgent by itself alone."""
    batch = plan(
        candidate("alone", due=NOW + timedelta(minutes=60)),
        candidate("first", due=NOW + timedelta(days=9)),
        candidate("middle", depends_on=["first"], size=Size.LARGE, due=NOW + timedelta(days=9)),
        candidate("last", depends_on=["middle"], priority=Priority.HIGH, due=NOW + timedelta(minutes=46)),
        parallel=1,
    )
    assert batch.tickets[0].id == "first"
    assert "as urgent as `last`" in batch.tickets[0].reason


def test_the_budget_counts_what_is_known(candidate: Queue, plan: Plan) -> None:
    """A cost that is unknown is not zero: it is in, and the reason says so."""
    batch = plan(
        candidate("a", priority=Priority.CRITICAL),
        candidate("b"),
        candidate("c", size=Size.MEDIUM),
        batch=BatchConfig(cost_budget_usd=2),
        expectations=measured(),
    )
    reasons = {ticket.id: ticket.reason for ticket in batch.tickets}
    assert reasons.keys() == {"a", "c"}
    assert "expected to cost 1.25 USD" in reasons["a"]
    assert "its cost is unknown" in reasons["c"]
    assert [(each.ticket_id, each.state) for each in batch.left_out] == [("b", "waiting")]
    assert "1.25 that are planned" in batch.left_out[0].reason


def test_expectations_say_what_they_rest_on() -> None:
    """The agent's own attempts before everybody's, and a first guess where too few were measured."""
    found = expect(
        [
            *attempts("ada", minutes=4.0, cost_usd=0.5),
            *attempts("bob", count=FEWEST - 1, minutes=12.0),
            *attempts("bob", count=FEWEST - 1, minutes=None, size=Size.LARGE),
        ]
    )
    assert found.expected_minutes(Size.SMALL, "ada") == (4.0, "mean of 5 attempts of ada")
    assert found.expected_minutes(Size.SMALL, "bob")[1] == "mean of 9 attempts of all agents"
    assert found.expected_minutes(Size.LARGE, "bob") == (WORK_MINUTES[Size.LARGE], "a first guess")
    assert found.cost_usd(Size.SMALL, "bob") == 0.5
    assert found.cost_usd(Size.LARGE, "ada") is None


def test_one_hanging_attempt_does_not_make_every_plan_too_careful() -> None:
    """The longest tenth counts as the longest of the others."""
    found = expect([*attempts(count=19, minutes=5.0), *attempts(count=1, minutes=500.0)])
    assert found.minutes(Size.SMALL) == 5.0


@given(AGENTS, st.integers(1, 6))
def test_an_agent_has_as_many_lanes_as_it_may_use(agents: tuple[AgentConfig, ...], count: int) -> None:
    """And one after the other gets lanes that are free of limited agents as long as there are."""
    lanes = lanes_of(agents, count)
    for agent in agents:
        assert len(set(lanes[agent.name])) == len(lanes[agent.name])
        assert len(lanes[agent.name]) == min(agent.parallel or count, count)
        assert set(lanes[agent.name]) <= set(range(count))
