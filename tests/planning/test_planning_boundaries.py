"""Where planning's bounds turn, and the sentences that say so."""

import pytest

from ci_factory.config import AgentConfig
from ci_factory.errors import UsageError
from ci_factory.model.batch import Arrangement
from ci_factory.model.effort import REVIEW_MINUTES, WORK_MINUTES
from ci_factory.model.ticket import Size
from ci_factory.planning import table, wording
from ci_factory.planning.capacity import Capacity
from ci_factory.planning.lanes import lane_count, lanes_of
from ci_factory.planning.pipeline_settings import from_options
from ci_factory.planning.simulation.scenario import FIGURES
from tests.planning.conftest import Plan, Queue


def capacity(**bounds: float | None) -> Capacity:
    """Nothing used yet."""
    known: dict[str, float | None] = {"max_tickets": 2, "review_minutes": None, "cost_usd": None, **bounds}
    return Capacity(**known)  # type: ignore[arg-type]  # a number of tickets is an int


def test_the_last_ticket_that_fits_is_taken() -> None:
    """Of tickets as well as of minutes of review."""
    minutes = REVIEW_MINUTES[Size.SMALL]
    counted, timed = capacity(), capacity(review_minutes=2 * minutes)
    for each in (counted, timed):
        assert each.full(Size.SMALL) is None
        each.take(Size.SMALL, None)
        assert each.full(Size.SMALL) is None
        each.take(Size.SMALL, None)
    assert counted.full(Size.SMALL) == "the batch is full: it takes 2 tickets"
    timed.max_tickets = 9
    assert timed.full(Size.SMALL) == (
        f"with it, review would take {3 * minutes:g} minutes; {2 * minutes:g} are available"
    )


def test_the_budget_may_be_used_up_and_no_more() -> None:
    """A ticket of unknown cost always fits, and says so."""
    bounded = capacity(cost_usd=3.0)
    bounded.take(Size.SMALL, 1.0)
    assert bounded.too_dear(2.0) is None
    assert bounded.too_dear(2.01) == (
        "is expected to cost 2.01 USD; with the 1.00 that are planned, that is more than the budget of 3.00"
    )
    assert bounded.too_dear(None) is None
    assert bounded.cost_words(2.0) == "is expected to cost 2.00 USD"
    assert bounded.cost_words(None) == "its cost is unknown, so the cost budget does not limit it"
    assert capacity().cost_words(2.0) == ""


def test_limited_agents_get_lanes_in_turn() -> None:
    """As many as they may work on, going round; who is not limited has all of them."""
    limits = {"ada": 2, "bob": 2, "cid": None, "dan": 3, "eve": 1}
    agents = [AgentConfig(name=name, adapter="command", parallel=limit) for name, limit in limits.items()]
    assert lanes_of(agents, 3) == {
        "ada": (0, 1),
        "bob": (0, 2),
        "cid": (0, 1, 2),
        "dan": (0, 1, 2),
        "eve": (1,),
    }
    assert (lane_count("queue", 3), lane_count("isolate", 3)) == (1, 3)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (wording.names("abc"), "`a`, `b`, `c`"),
        (wording.names("abcde"), "`a`, `b`, `c` and 2 more"),
        (wording.why_based("a", ["a"], ["a", "b"]), "based on the change of `a`, as it depends on `a` and touches the same files as `b`"),
        (wording.why_based("b", [], ["b"]), "based on the change of `b`, as it touches the same files as `b`"),
        (
            wording.why_deferred(["a"], ["b"], ["c"]),
            ("depends on `a` of this batch, touches the same files as `b` of this batch, "
            "touches files of the open merge request of `c`; waits until that is merged"),
        ),
        (wording.why_apart(["a", "b"]), "builds on `a`, `b`, whose changes are not based on each other; waits until they are merged"),
        (wording.why_unable(Size.LARGE, []), "no agent takes tickets of size large"),
        (
            wording.why_unable(Size.SMALL, ["rust", "go"], bound=True),
            "no agent takes tickets of size small in go, rust on the lane where others with the same files are",
        ),
        (wording.why_ignored(["a.lock"]), "sharing `a.lock` is no overlap, as many tickets touch such files"),
    ],
)  # fmt: skip
def test_sentences_read_as_agreed(said: str, words: str) -> None:
    """Each says what the others of the queue have to do with it."""
    assert said == words


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"method": "list"}, "done after 40 minutes, 8 weighted minutes late (by urgency alone)"),
        (
            {"method": "search", "greedy_tardiness": 8.0, "greedy_makespan_minutes": 40.0},
            "done after 40 minutes, 8 weighted minutes late (by urgency alone)",
        ),
        (
            {"method": "search", "tardiness": 0.0},
            "done after 40 minutes, nothing late, begun at once (by search, from 50 minutes and 9 late)",
        ),
        (
            {"method": "exact"},
            (
                "done after 40 minutes, 8 weighted minutes late "
                "(by exact optimisation, from 50 minutes and 9 late, not proved best)"
            ),
        ),
        (
            {"method": "exact", "proved": True},
            (
                "done after 40 minutes, 8 weighted minutes late "
                "(by exact optimisation, from 50 minutes and 9 late, proved best)"
            ),
        ),
    ],
)
def test_how_an_order_was_found_is_told(
    candidate: Queue, plan: Plan, fields: dict[str, object], words: str
) -> None:
    """With what it started from, where that was worse."""
    figures = {"tardiness": 8, "makespan_minutes": 40, "greedy_tardiness": 9, "greedy_makespan_minutes": 50}
    found = Arrangement.model_validate({**figures, **fields})
    batch = plan(candidate("a")).model_copy(update={"arrangement": found})
    assert table.summary(batch) == f"{words}; expected cost unknown"


def test_a_cost_that_is_known_in_part_is_told_in_part(candidate: Queue, plan: Plan) -> None:
    """How many tickets it is for, and how many are unknown."""
    batch = plan(candidate("a"), candidate("b")).model_copy(update={"arrangement": None})
    one, other = (each.model_copy(update={"cost_usd": 1.5}) for each in batch.tickets)
    both = batch.model_copy(update={"tickets": (one, other)})
    assert table.summary(both) == "expected cost 3.00 USD for 2"
    part = batch.model_copy(update={"tickets": (one, batch.tickets[1])})
    assert table.summary(part) == "expected cost 1.50 USD for 1 and 1 of unknown cost"
    assert table.summary(batch.model_copy(update={"tickets": ()})) == ""


def test_a_batch_without_times_is_laid_out_by_lanes_and_predecessors(candidate: Queue, plan: Plan) -> None:
    """Each as early as what stands before it lets it."""
    batch = plan(candidate("a", files=["x"]), candidate("b", files=["x"]), candidate("c"), parallel=2)
    bare = [
        each.model_copy(update={"start_minutes": 3.0 if each.id == "c" else None, "end_minutes": None})
        for each in batch.tickets
    ]
    rows = {row.ticket_id: row for row in table.describe(batch.model_copy(update={"tickets": tuple(bare)}))}
    length = WORK_MINUTES[Size.SMALL]
    assert (rows["a"].start_minutes, rows["a"].end_minutes) == (0, length)
    assert rows["b"].start_minutes == length
    assert rows["c"].start_minutes in {0, length, 2 * length}
    assert rows["c"].end_minutes == rows["c"].start_minutes + length


@pytest.mark.parametrize(
    ("pair", "where", "what"),
    [
        ("gate_minutes=0", "pipeline gate_minutes", "'0' can't stand in a pipeline"),
        ("agent_minutes=10081", "pipeline agent_minutes", "'10081' can't stand in a pipeline"),
        ("gate_retries=3", "pipeline gate_retries", "'3' can't stand in a pipeline"),
        ("max-tickets=201", "pipeline max_tickets", "'201' can't stand in a pipeline"),
        ("max_needs=51", "pipeline max_needs", "'51' can't stand in a pipeline"),
        ("max_needs=3", "pipeline max_needs", "'3' can't stand in a pipeline"),
        ("expire=0 days", "pipeline expire", "'0 days' can't stand in a pipeline"),
        ("image=a b", "pipeline image", "'a b' can't stand in a pipeline"),
    ],
)
def test_a_setting_beyond_its_bounds_is_refused(pair: str, where: str, what: str) -> None:
    """With its name; the bounds themselves may be used."""
    with pytest.raises(UsageError) as caught:
        from_options([pair])
    assert (caught.value.where, caught.value.what) == (where, what)


@pytest.mark.parametrize(
    "pair",
    ["gate_minutes=1", "agent_minutes=10080", "gate_retries=2", "max-tickets=200", "max_needs=50", "max_needs=4", "agent_minutes=0"],
)  # fmt: skip
def test_the_bounds_of_settings_may_be_used(pair: str) -> None:
    """They are what GitLab takes."""
    name, _, value = pair.partition("=")
    assert str(getattr(from_options([pair]), name.replace("-", "_"))) == value


def test_every_figure_of_a_simulation_is_explained_as_agreed() -> None:
    """Title and definition stand beside every result."""
    assert [title for title, _ in FIGURES.values()] == [
        "merge requests ready",
        "tickets waiting",
        "conflicting pairs",
        "changes redone",
        "tickets failed",
        "merged",
        "minutes of review",
        "spend, USD",
        "utilisation of lanes",
        "weighted tardiness, hours",
    ]
    assert all(definition.endswith(".") for _, definition in FIGURES.values())
