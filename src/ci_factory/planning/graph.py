"""Dependencies between tickets that wait for each other in a circle, named ticket by ticket."""

from collections.abc import Iterator, Mapping, Sequence

from ci_factory.errors import UsageError

Graph = Mapping[str, Sequence[str]]
"""Ticket id -> ids of the tickets that must come before it."""
Cycle = tuple[str, ...]
"""Tickets that each depend on the next one; the first stands at the end again."""

_SHOWN = 8
"""Tickets of a cycle, and cycles, that a message names."""


def find_cycles(graph: Graph) -> tuple[Cycle, ...]:
    """Cycles that share no ticket and without whose tickets the rest has none, such as `("a", "b", "a")`.

    Dependencies on tickets that are not in the graph are not looked at. Linear in tickets and dependencies.
    """
    done: set[str] = set()
    return tuple(cycle for root in sorted(graph) for cycle in _walk(root, graph, done))


def check_acyclic(graph: Graph) -> None:
    """Refuse dependencies that can't be met in any order.

    Raises:
        UsageError: it names the cycles, ticket by ticket, and a dependency whose removal breaks the first.
    """
    cycles = find_cycles(graph)
    if cycles:
        raise UsageError(
            f"tickets depend on each other in a circle: {'; '.join(map(cycle_text, cycles[:_SHOWN]))}",
            where=f"ticket {cycles[0][0]}",
            fix=cycle_fix(cycles[0]),
        )


def cycle_text(cycle: Cycle) -> str:
    """`a -> b -> a`, shortened in the middle when it is long."""
    shown = cycle if len(cycle) <= _SHOWN else (*cycle[: _SHOWN - 2], "…", cycle[-1])
    return " -> ".join(shown)


def cycle_fix(cycle: Cycle) -> str:
    """A change that breaks the cycle."""
    return f"remove a dependency of the circle, for example `{cycle[1]}` from those of `{cycle[0]}`"


def _walk(root: str, graph: Graph, done: set[str]) -> Iterator[Cycle]:
    """Depth-first walk that cuts every cycle it closes out of the graph and goes on before it."""
    path: dict[str, Iterator[str]] = {}
    following: str | None = root if root not in done else None
    while following is not None or path:
        if following is None:
            done.add(path.popitem()[0])
        elif following in path:
            cycle = _cut(path, following)
            done.update(cycle)
            yield _from_smallest(cycle)
        else:
            path[following] = iter(sorted(set(graph[following])))
        following = _next(path, graph, done)


def _next(path: dict[str, Iterator[str]], graph: Graph, done: set[str]) -> str | None:
    if not path:
        return None
    node = next(reversed(path))
    return next((each for each in path[node] if each in graph and each not in done), None)


def _cut(path: dict[str, Iterator[str]], first: str) -> list[str]:
    cycle = [path.popitem()[0]]
    while cycle[-1] != first:
        cycle.append(path.popitem()[0])
    return cycle[::-1]


def _from_smallest(cycle: list[str]) -> Cycle:
    start = cycle.index(min(cycle))
    return (*cycle[start:], *cycle[:start], cycle[start])
