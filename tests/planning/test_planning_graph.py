"""Cycles, named ticket by ticket."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_factory.errors import UsageError
from ci_factory.planning.graph import check_acyclic, cycle_text, find_cycles

GRAPHS = st.dictionaries(
    st.sampled_from("abcdefgh"), st.lists(st.sampled_from("abcdefghx"), max_size=3), max_size=8
)


def test_a_cycle_is_read_off_in_order() -> None:
    """It starts at its smallest id and comes back to it."""
    assert find_cycles({"c": ["a"], "a": ["b"], "b": ["c"], "d": ["a"]}) == (("a", "b", "c", "a"),)


def test_a_ticket_that_depends_on_itself_is_a_cycle() -> None:
    """The shortest one."""
    assert find_cycles({"a": ["a"]}) == (("a", "a"),)


def test_no_cycle_no_error() -> None:
    """Chains and diamonds are fine."""
    check_acyclic({"a": [], "b": ["a"], "c": ["a"], "d": ["b", "c", "elsewhere"]})


def test_a_cycle_among_tickets_from_files_is_bad_input() -> None:
    """The message names the cycle and a dependency to remove."""
    with pytest.raises(UsageError, match="a -> b -> a") as caught:
        check_acyclic({"a": ["b"], "b": ["a"]})
    assert "`b` from those of `a`" in caught.value.fix


def test_a_long_cycle_is_shortened_in_words() -> None:
    """Ten thousand ids help nobody."""
    graph = {str(number): [str((number + 1) % 10_000)] for number in range(10_000)}
    (cycle,) = find_cycles(graph)
    assert len(cycle) == 10_001
    assert cycle_text(cycle) == "0 -> 1 -> 2 -> 3 -> 4 -> 5 -> … -> 0"


@given(GRAPHS)
def test_found_cycles_are_cycles_and_without_them_there_is_none(graph: dict[str, list[str]]) -> None:
    """Every step is a dependency, no ticket is in two, and the rest can be put in order."""
    cycles = find_cycles(graph)
    for cycle in cycles:
        assert cycle[0] == cycle[-1]
        assert all(after in graph[before] for before, after in itertools.pairwise(cycle))
    tickets = [ticket for cycle in cycles for ticket in cycle[:-1]]
    assert len(tickets) == len(set(tickets))
    rest = {ticket: deps for ticket, deps in graph.items() if ticket not in tickets}
    assert find_cycles(rest) == ()
    placed: set[str] = set()
    while free := [t for t in rest if t not in placed and all(d in placed or d not in rest for d in rest[t])]:
        placed.update(free)
    assert placed == set(rest)
