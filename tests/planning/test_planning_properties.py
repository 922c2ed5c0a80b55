"""What holds for every plan."""

import itertools
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ci_factory.model import globs
from ci_factory.model.batch import Batch
from ci_factory.model.ticket import Candidate, Priority, Size
from ci_factory.planning.stacks import Stacks
from ci_factory.planning.table import describe

Queue = Callable[..., Candidate]
Plan = Callable[..., Batch]

IDS = [f"t{number}" for number in range(9)]
FILES = [
    "a",
    "b",
    "src/a",
    "src/b",
    "src/sub/c.py",
    "src/sub/d.py",
    "src/*",
    "src/sub/*.py",
    "src/sub/",
    "**/*.py",
    "src",
]
TICKETS = st.lists(
    st.fixed_dictionaries(
        {
            "ticket_id": st.sampled_from(IDS),
            "files": st.lists(st.sampled_from(FILES), max_size=3),
            "depends_on": st.lists(
                st.sampled_from([*IDS, "done", "flying", "unknown"]), max_size=2, unique=True
            ),
            "size": st.sampled_from(Size),
            "priority": st.sampled_from(Priority),
            "missing": st.sampled_from([(), (), (), ("Add criteria.",)]),
        }
    ),
    max_size=9,
    unique_by=lambda fields: fields["ticket_id"],
)
OPTIONS = st.fixed_dictionaries(
    {
        "pattern": st.sampled_from(["queue", "lock", "isolate"]),
        "overlap": st.sampled_from(["stack", "defer", "ignore"]),
        "max_tickets": st.integers(min_value=1, max_value=9),
        "parallel": st.integers(min_value=1, max_value=4),
    }
)
# The fixtures are functions without state.
many = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None
)


def overlap(one: str, other: str) -> bool:
    """Whether two patterns surely touch a common path, told by trying paths."""
    paths = ["a", "b", "src/a", "src/b", "src/sub/c.py", "src/sub/d.py", "x.py"]

    def touches(pattern: str, path: str) -> bool:
        return globs.matches(globs.clean(pattern), path) or path.startswith(f"{pattern}/")

    return any(touches(one, path) and touches(other, path) for path in paths)


def chain(batch: Batch, ticket_id: str) -> list[str]:
    """A ticket and everything it is stacked on."""
    bases = {ticket.id: ticket.stacked_on for ticket in batch.tickets}
    found = [ticket_id]
    while (base := bases[found[-1]]) is not None:
        found.append(base)
    return found


def make(candidate: Queue, plan: Plan, tickets: list[dict[str, Any]], options: dict[str, Any]) -> Batch:
    """A batch of the tickets."""
    queue = [candidate(fields.pop("ticket_id"), **fields) for fields in (dict(each) for each in tickets)]
    return plan(*queue, resolved=["done"], in_flight={"flying": ("b",)}, **options)


@many
@given(TICKETS, OPTIONS)
def test_every_plan_is_sound(
    candidate: Queue, plan: Plan, tickets: list[dict[str, Any]], options: dict[str, Any]
) -> None:
    """Each ticket is in or has a reason; places, lanes and size are within bounds; no dependency is violated."""
    batch = make(candidate, plan, tickets, options)
    planned = {ticket.id: ticket for ticket in batch.tickets}
    out = [ticket.ticket_id for ticket in batch.left_out]
    assert sorted([*planned, *out]) == sorted(fields["ticket_id"] for fields in tickets)
    assert all(ticket.reason for ticket in batch.tickets)
    assert all(ticket.reason for ticket in batch.left_out)
    assert [ticket.order for ticket in batch.tickets] == list(range(len(planned)))
    assert len(planned) <= options["max_tickets"]
    lanes = 1 if options["pattern"] == "queue" else options["parallel"]
    assert all(0 <= ticket.lane < lanes for ticket in batch.tickets)
    for ticket in batch.tickets:
        for dependency in ticket.candidate.ticket.depends_on:
            if dependency != "done":
                assert planned[dependency].order < ticket.order
                assert dependency in ticket.waits_for
                assert dependency in chain(batch, ticket.id)
        assert ticket.stacked_on is None or ticket.stacked_on in ticket.waits_for
        assert all(planned[other].order < ticket.order for other in ticket.waits_for)


@many
@given(TICKETS, OPTIONS)
def test_overlapping_tickets_are_kept_apart_as_asked(
    candidate: Queue, plan: Plan, tickets: list[dict[str, Any]], options: dict[str, Any]
) -> None:
    """Stacked means one contains the other, deferred means never both, locked means one lane."""
    batch = make(candidate, plan, tickets, options)
    for one, other in itertools.combinations(batch.tickets, 2):
        pairs = itertools.product(one.candidate.estimate.files, other.candidate.estimate.files)
        if any(overlap(*pair) for pair in pairs):
            assert options["overlap"] != "defer"
            if options["overlap"] == "stack":
                assert one.id in chain(batch, other.id)
            if options["pattern"] == "lock":
                assert one.lane == other.lane


@many
@given(TICKETS, OPTIONS)
def test_the_same_queue_gives_the_same_batch(
    candidate: Queue, plan: Plan, tickets: list[dict[str, Any]], options: dict[str, Any]
) -> None:
    """Also in another order of the queue."""
    one, other = make(candidate, plan, tickets, options), make(candidate, plan, tickets[::-1], options)
    assert one.tickets == other.tickets
    assert set(one.left_out) == set(other.left_out)


@many
@given(TICKETS, OPTIONS)
def test_the_table_has_no_collisions(
    candidate: Queue, plan: Plan, tickets: list[dict[str, Any]], options: dict[str, Any]
) -> None:
    """No two rows share a lane at the same time, and nothing starts before what it waits for has ended."""
    batch = make(candidate, plan, tickets, options)
    rows = {row.ticket_id: row for row in describe(batch)}
    for one, other in itertools.combinations(rows.values(), 2):
        apart = one.end_minutes <= other.start_minutes or other.end_minutes <= one.start_minutes
        assert apart or one.lane != other.lane
    for ticket in batch.tickets:
        assert all(rows[other].end_minutes <= rows[ticket.id].start_minutes for other in ticket.waits_for)


@given(st.lists(st.integers(min_value=-1, max_value=40), min_size=1, max_size=40))
def test_stacks_know_their_ancestors(choices: list[int]) -> None:
    """The quick answer is the one that walking down step by step gives."""
    stacks, parents = Stacks(), dict[str, str | None]()
    for number, choice in enumerate(choices):
        base = str(choice % number) if number and choice >= 0 else None
        stacks.add(str(number), base)
        parents[str(number)] = base
    for upper in parents:
        walked: list[str] = []
        at: str | None = upper
        while at is not None:
            walked.append(at)
            at = parents[at]
        assert [lower for lower in parents if stacks.contains(upper, lower)] == sorted(walked, key=int)
