"""Which ticket goes into which child pipeline: what hangs together stays together as far as GitLab's limits let it."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import takewhile

from ci_factory.errors import ArtifactError
from ci_factory.model.batch import PlannedTicket


@dataclass(frozen=True)
class Wiring:
    """What a ticket needs of other tickets of its own child."""

    before: tuple[str, ...]
    """The stack it stands on, nearest first, then others that it waits for.

    Of all of them it gets change and verdict: what can't be built on may be passed over for what lies below.
    """

    @property
    def needs(self) -> int:
        """Entries in the `needs` of the longer of its two jobs; both also need the job that planned."""
        return 1 + max(2 * len(self.before), 1 + len(self.before))


@dataclass(frozen=True)
class Links:
    """Who stands on whom, and who waits for whom."""

    base: Mapping[str, str | None]
    predecessors: Mapping[str, tuple[str, ...]]

    def below(self, ticket_id: str) -> Iterator[str]:
        """The stack under a ticket, nearest first."""
        base = self.base[ticket_id]
        while base is not None:
            yield base
            base = self.base[base]

    def wiring(self, ticket_id: str, child: Collection[str]) -> Wiring:
        """What the ticket needs inside of `child`.

        Predecessors lie in the same child or in an earlier one, so a stack that left the child does not come back.
        """
        stack = takewhile(child.__contains__, self.below(ticket_id))
        others = (each for each in self.predecessors[ticket_id] if each in child)
        return Wiring(tuple(dict.fromkeys((*stack, *others))))


def link(tickets: Sequence[PlannedTicket]) -> Links:
    """The links of a batch's tickets, which are in start order.

    Raises:
        ArtifactError: two have one id, or one waits for a ticket that is not before it.
    """
    base: dict[str, str | None] = {}
    predecessors: dict[str, tuple[str, ...]] = {}
    for planned in tickets:
        own = tuple(dict.fromkeys((*filter(None, (planned.stacked_on,)), *planned.waits_for)))
        if planned.id in base:
            raise ArtifactError("the batch has it twice", where=f"ticket {planned.id}")
        if unknown := [each for each in own if each not in base]:
            raise ArtifactError(
                f"waits for {unknown[0]}, which is not before it", where=f"ticket {planned.id}"
            )
        base[planned.id], predecessors[planned.id] = planned.stacked_on, own
    return Links(base, predecessors)


def split(links: Links, *, size: int, max_needs: int) -> list[list[str]]:
    """Divide the tickets into children of at most `size`, each in start order; there is at least one child.

    Dependencies cross children only where a group is too large or too deep for one, and then only to a later child.
    """
    packing = _Packing(links, size, max_needs)
    for group in _groups(links.predecessors):
        packing.take(group)
    place = {ticket: place for place, ticket in enumerate(links.base)}
    return [sorted(child, key=place.__getitem__) for child in packing.children] or [[]]


def _groups(predecessors: Mapping[str, tuple[str, ...]]) -> Iterator[list[str]]:
    """Tickets that are linked, directly or through others; both the groups and their tickets in start order."""
    near = {ticket: list(before) for ticket, before in predecessors.items()}
    for ticket, before in predecessors.items():
        for each in before:
            near[each].append(ticket)
    place = {ticket: place for place, ticket in enumerate(predecessors)}
    seen: set[str] = set()
    for first in predecessors:
        if first not in seen:
            yield sorted(_reach(first, near, seen), key=place.__getitem__)


def _reach(first: str, near: Mapping[str, list[str]], seen: set[str]) -> Iterator[str]:
    waiting = [first]
    while waiting:
        ticket = waiting.pop()
        if ticket not in seen:
            seen.add(ticket)
            waiting += near[ticket]
            yield ticket


@dataclass
class _Packing:
    """Children while they fill up."""

    links: Links
    size: int
    max_needs: int
    children: list[set[str]] = field(default_factory=list)
    _child_of: dict[str, int] = field(default_factory=dict)

    def take(self, group: list[str]) -> None:
        """Put a group into one child if it can be done, else ticket by ticket as early as its predecessors let it."""
        if self._fits_one_child(group):
            self._put(group, 0)
            return
        for ticket in group:
            before = (self._child_of[each] for each in self.links.predecessors[ticket])
            self._put([ticket], max(before, default=0))

    def _fits_one_child(self, group: list[str]) -> bool:
        members = set(group)
        return len(group) <= self.size and all(self._wired(each, members) for each in group)

    def _wired(self, ticket: str, child: Collection[str]) -> bool:
        return self.links.wiring(ticket, child).needs <= self.max_needs

    def _put(self, tickets: list[str], earliest: int) -> None:
        number = next(
            (each for each in range(earliest, len(self.children)) if self._room(tickets, each)), None
        )
        if number is None:
            number = len(self.children)
            self.children.append(set())
        self.children[number].update(tickets)
        self._child_of.update(dict.fromkeys(tickets, number))

    def _room(self, tickets: list[str], number: int) -> bool:
        child = self.children[number]
        if len(child) + len(tickets) > self.size:
            return False
        return len(tickets) > 1 or self._wired(tickets[0], child)
