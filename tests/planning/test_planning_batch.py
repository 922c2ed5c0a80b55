"""Which tickets are in, on which base, and why the others are not."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from ci_factory.config import AgentConfig, BatchConfig
from ci_factory.errors import UsageError
from ci_factory.model.batch import Batch
from ci_factory.model.ticket import Candidate, Priority, Size

Queue = Callable[..., Candidate]
Plan = Callable[..., Batch]


def bases(batch: Batch) -> dict[str, str | None]:
    """Ticket -> what it is stacked on."""
    return {ticket.id: ticket.stacked_on for ticket in batch.tickets}


def left_out(batch: Batch) -> dict[str, str]:
    """Ticket -> state."""
    return {ticket.ticket_id: ticket.state for ticket in batch.left_out}


def reason(batch: Batch, ticket_id: str) -> str:
    """Why a ticket is where it is."""
    planned = {ticket.id: ticket.reason for ticket in batch.tickets}
    return planned.get(ticket_id) or next(t.reason for t in batch.left_out if t.ticket_id == ticket_id)


def test_a_dependency_in_the_batch_is_the_base(candidate: Queue, plan: Plan) -> None:
    """The dependent waits for it and starts on its change."""
    batch = plan(candidate("b", depends_on=["a"], priority=Priority.CRITICAL), candidate("a"))
    assert bases(batch) == {"a": None, "b": "a"}
    assert batch.tickets[1].waits_for == ("a",)
    assert "depends on `a`" in batch.tickets[1].reason
    assert "as urgent as `b`" in batch.tickets[0].reason


def test_a_resolved_dependency_is_no_dependency(candidate: Queue, plan: Plan) -> None:
    """What is merged is part of the target branch."""
    assert bases(plan(candidate("b", depends_on=["a"]), resolved=["a"])) == {"b": None}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("src/a.py", "src/a.py"),
        ("src/a.py", "./src/a.py"),
        ("src/a.py", "src/*.py"),
        ("src/a.py", "src/**"),
        ("src/a.py", "src/"),
        ("src/a.py", "src"),
        ("src/a.py", "*.py"),
        ("src/sub/*.py", "src/**/test_*.py"),
        ("**", "docs/x.md"),
    ],
)
def test_overlapping_files_are_stacked(candidate: Queue, plan: Plan, one: str, other: str) -> None:
    """Paths, folders and patterns, whichever comes first."""
    for first, second in ((one, other), (other, one)):
        batch = plan(candidate("a", files=[first]), candidate("b", files=[second]))
        assert bases(batch) == {"a": None, "b": "a"}
        assert "touches the same files as `a`" in reason(batch, "b")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("src/a.py", "src/ab.py"),
        ("src/a.py", "docs/*.md"),
        ("src/a.py", "src/*.md"),
        ("src/one/*.py", "src/two/*.py"),
        ("src/a", "src/ab/c"),
    ],
)
def test_different_files_are_not(candidate: Queue, plan: Plan, one: str, other: str) -> None:
    """Names that only look alike do not overlap."""
    for first, second in ((one, other), (other, one)):
        assert bases(plan(candidate("a", files=[first]), candidate("b", files=[second]))) == {
            "a": None,
            "b": None,
        }


def test_the_base_is_the_end_of_the_chain(candidate: Queue, plan: Plan) -> None:
    """A ticket that overlaps two of one stack is based on the upper one."""
    batch = plan(
        candidate("a", files=["x", "y"]), candidate("b", files=["y", "z"]), candidate("c", files=["x", "z"])
    )
    assert bases(batch) == {"a": None, "b": "a", "c": "b"}


def test_two_unrelated_bases_defer(candidate: Queue, plan: Plan) -> None:
    """A change has one base; the ticket waits until both are merged."""
    batch = plan(candidate("a", files=["x"]), candidate("b", files=["y"]), candidate("c", files=["x", "y"]))
    assert left_out(batch) == {"c": "deferred"}
    assert "`a`" in reason(batch, "c")
    assert "`b`" in reason(batch, "c")


def test_a_folder_over_two_branches_of_one_stack_defers(candidate: Queue, plan: Plan) -> None:
    """Also when the newer of the branches grew on the older's base."""
    batch = plan(
        candidate("a", files=["src/a"]),
        candidate("b", files=["src/b"]),
        candidate("c", files=["src/a", "c"]),
        candidate("d", files=["src/**"]),
    )
    assert left_out(batch) == {"d": "deferred"}


def test_defer_leaves_overlaps_and_dependents_to_the_next_batch(candidate: Queue, plan: Plan) -> None:
    """The reason names whom it overlaps or waits for."""
    queue = [
        candidate("a", files=["x"]),
        candidate("b", files=["x"]),
        candidate("c", depends_on=["a"]),
        candidate("d", depends_on=["b"]),
    ]
    batch = plan(*queue, overlap="defer")
    assert bases(batch) == {"a": None}
    assert left_out(batch) == {"b": "deferred", "c": "deferred", "d": "deferred"}
    assert "same files as `a`" in reason(batch, "b")
    assert "depends on `a`" in reason(batch, "c")


def test_ignore_runs_overlaps_side_by_side(candidate: Queue, plan: Plan) -> None:
    """Only dependencies are stacked then."""
    queue = [candidate("a", files=["x"]), candidate("b", files=["x"]), candidate("c", depends_on=["a"])]
    batch = plan(*queue, overlap="ignore")
    assert bases(batch) == {"a": None, "b": None, "c": "a"}
    assert {ticket.lane for ticket in batch.tickets} != {0}


def test_lock_puts_overlaps_on_one_lane(candidate: Queue, plan: Plan) -> None:
    """Overlapping tickets never run at the same time, even when they are not stacked."""
    queue = [
        candidate(name, files=[file]) for name, file in (("a", "x"), ("b", "y"), ("c", "x"), ("d", "y/z"))
    ]
    lanes = {ticket.id: ticket.lane for ticket in plan(*queue, pattern="lock", overlap="ignore").tickets}
    assert lanes["a"] == lanes["c"]
    assert lanes["b"] == lanes["d"]
    assert lanes["a"] != lanes["b"]


def test_queue_has_one_lane(candidate: Queue, plan: Plan) -> None:
    """One after the other."""
    batch = plan(*(candidate(name) for name in "abc"), pattern="queue")
    assert {ticket.lane for ticket in batch.tickets} == {0}


def test_stacked_tickets_stay_on_their_lane(candidate: Queue, plan: Plan) -> None:
    """Where that costs no time."""
    batch = plan(candidate("a", files=["x"]), candidate("b", files=["x"]), candidate("c", size=Size.LARGE))
    lanes = {ticket.id: ticket.lane for ticket in batch.tickets}
    assert lanes["a"] == lanes["b"] != lanes["c"]


def test_those_who_may_not_are_left_out_with_their_state(candidate: Queue, plan: Plan) -> None:
    """Held, not ready, published already: each with its own words."""
    batch = plan(
        candidate("held", labels=("ready-for-agent", "factory::hold")),
        candidate("vague", missing=["Add criteria."]),
        candidate("open", files=["x"]),
        in_flight={"open": ("x",)},
    )
    assert left_out(batch) == {"held": "hold", "vague": "needs-info", "open": "review"}
    assert reason(batch, "vague") == "Add criteria."


def test_dependents_of_what_is_not_there_wait(candidate: Queue, plan: Plan) -> None:
    """The reason says where the dependency is."""
    batch = plan(
        candidate("vague", missing=["Add criteria."]),
        candidate("a", depends_on=["vague"]),
        candidate("b", depends_on=["elsewhere"]),
        candidate("c", depends_on=["flying"]),
        in_flight={"flying": ()},
    )
    assert left_out(batch) == {"vague": "needs-info", "a": "waiting", "b": "waiting", "c": "deferred"}
    assert "needs-info" in reason(batch, "a")
    assert "not in the queue" in reason(batch, "b")
    assert "merge request is still open" in reason(batch, "c")


def test_a_cycle_is_named_and_the_rest_goes_on(candidate: Queue, plan: Plan) -> None:
    """The night does not fall with it; dependents wait."""
    batch = plan(
        candidate("a", depends_on=["b"]),
        candidate("b", depends_on=["a"]),
        candidate("c", depends_on=["a"]),
        candidate("d"),
    )
    assert bases(batch) == {"d": None}
    assert left_out(batch) == {"a": "needs-info", "b": "needs-info", "c": "waiting"}
    assert "a -> b -> a" in reason(batch, "b")


def test_the_most_urgent_fill_the_batch(candidate: Queue, plan: Plan) -> None:
    """What does not fit waits, with the reason."""
    queue = [
        candidate("low", priority=Priority.LOW),
        candidate("high", priority=Priority.HIGH),
        candidate("top", priority=Priority.CRITICAL),
    ]
    batch = plan(*queue, max_tickets=2)
    assert [ticket.id for ticket in batch.tickets] == ["top", "high"]
    assert left_out(batch) == {"low": "waiting"}
    assert "full" in reason(batch, "low")


def test_what_is_due_earlier_comes_first(candidate: Queue, plan: Plan) -> None:
    """Among equals the due date decides."""
    soon = candidate("soon").ticket.created_at
    assert soon is not None
    batch = plan(
        candidate("later", due=soon + timedelta(hours=9)), candidate("soon", due=soon + timedelta(hours=1))
    )
    assert [ticket.id for ticket in batch.tickets] == ["soon", "later"]


def test_review_minutes_bound_the_batch(candidate: Queue, plan: Plan) -> None:
    """There is no point in more changes than people can read; a smaller one may still fit."""
    queue = [
        candidate("a", size=Size.MEDIUM),
        candidate("b", size=Size.LARGE),
        candidate("c", size=Size.TRIVIAL),
    ]
    batch = plan(*queue, batch=BatchConfig(review_minutes=15))
    assert sorted(bases(batch)) == ["a", "c"]
    assert "review" in reason(batch, "b")


def test_the_window_bounds_the_batch(candidate: Queue, plan: Plan) -> None:
    """What would end too late waits."""
    batch = plan(
        candidate("a"), candidate("b", depends_on=["a"]), candidate("c"), batch=BatchConfig(window_minutes=10)
    )
    assert left_out(batch) == {"b": "waiting"}
    assert "window" in reason(batch, "b")


def test_a_budget_that_can_not_be_applied_is_said(candidate: Queue, plan: Plan) -> None:
    """Unknown cost is not zero cost."""
    batch = plan(candidate("a"), batch=BatchConfig(cost_budget_usd=1))
    assert "cost is unknown" in reason(batch, "a")


def test_agents_take_turns_by_capability(candidate: Queue, plan: Plan) -> None:
    """Plain round-robin over those able enough."""
    agents = (
        AgentConfig(name="junior", adapter="command", max_size=Size.SMALL),
        AgentConfig(name="senior", adapter="command"),
    )
    queue = [
        candidate(name, size=size) for name, size in zip("abcd", [Size.SMALL] * 3 + [Size.LARGE], strict=True)
    ]
    assert {ticket.id: ticket.agent for ticket in plan(*queue, agents=agents).tickets} == {
        "a": "junior",
        "b": "senior",
        "c": "junior",
        "d": "senior",
    }


def test_without_an_able_agent_the_ticket_waits(candidate: Queue, plan: Plan) -> None:
    """Also when there is no agent at all."""
    junior = AgentConfig(name="junior", adapter="command", max_size=Size.SMALL)
    for agents in ((junior,), ()):
        batch = plan(candidate("big", size=Size.LARGE), agents=agents)
        assert left_out(batch) == {"big": "waiting"}
        assert "no agent" in reason(batch, "big")


@pytest.mark.parametrize("files", [("src", "**/*.py"), ("**/*.py", "src"), ("pkg/api", "pkg/*/*.ts")])
def test_a_folder_overlaps_a_pattern_that_may_match_in_it(
    candidate: Queue, plan: Plan, files: tuple[str, str]
) -> None:
    """A name without a suffix may be a folder's; a file's name is not."""
    first, second = files
    batch = plan(candidate("a", files=[first]), candidate("b", files=[second]))
    assert {ticket.id: ticket.stacked_on for ticket in batch.tickets} == {"a": None, "b": "a"}
    apart = plan(candidate("a", files=["docs/guide.md"]), candidate("b", files=["**/*.py"]))
    assert {ticket.stacked_on for ticket in apart.tickets} == {None}


def test_an_agent_is_given_only_code_in_its_languages(candidate: Queue, plan: Plan) -> None:
    """Who declares languages gets tickets in them alone; files of no language are for everybody."""
    agents = (
        AgentConfig(name="snake", adapter="command", languages=("python",)),
        AgentConfig(name="both", adapter="command", languages=("python", "typescript")),
    )
    queue = [
        candidate("a", files=["web/app.ts"]),
        candidate("b", files=["README.md"]),
        candidate("c", files=["web/*.tsx", "api.py"]),
        candidate("d", files=["main.go"]),
    ]
    batch = plan(*queue, agents=agents)
    assert {ticket.id: ticket.agent for ticket in batch.tickets} == {"a": "both", "b": "snake", "c": "both"}
    assert reason(batch, "d") == "no agent takes tickets of size small in go"


def test_an_open_merge_request_with_the_same_files_is_mentioned_or_waited_for(
    candidate: Queue, plan: Plan
) -> None:
    """Under `defer` it waits; else the reason warns."""
    stacked = plan(candidate("a", files=["src/x.py"]), in_flight={"old": ("src/x.py",)})
    assert "open merge request of `old`" in reason(stacked, "a")
    deferred = plan(candidate("a", files=["src/x.py"]), in_flight={"old": ("src/x.py",)}, overlap="defer")
    assert left_out(deferred) == {"a": "deferred"}


def test_two_tickets_with_one_id_are_refused(candidate: Queue, plan: Plan) -> None:
    """Nothing may be done twice."""
    with pytest.raises(UsageError, match="two tickets with the id `a`"):
        plan(candidate("a"), candidate("a"))


def test_an_empty_queue_is_an_empty_batch(plan: Plan) -> None:
    """No candidates, no tickets, no error."""
    assert plan().tickets == ()
