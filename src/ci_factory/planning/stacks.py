"""Which change is based on which: a forest that grows at its leaves, with quick questions about ancestors."""

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass
class Stacks:
    """Tickets of a batch, each on the target branch or on one other ticket's change."""

    _depth: dict[str, int] = field(default_factory=dict)
    _base: dict[str, str] = field(default_factory=dict)
    """The next ticket below; a ticket on the target branch has itself."""
    _jump: dict[str, str] = field(default_factory=dict)
    """A ticket further below; skip-binary distances make walking down logarithmic (Myers, 1983)."""

    def add(self, ticket_id: str, base: str | None) -> None:
        """Put a ticket on its base (`None`: the target branch)."""
        if base is None:
            self._depth[ticket_id], self._base[ticket_id], self._jump[ticket_id] = 0, ticket_id, ticket_id
            return
        near, far = self._jump[base], self._jump[self._jump[base]]
        equal_jumps = self._depth[base] - self._depth[near] == self._depth[near] - self._depth[far]
        self._depth[ticket_id] = self._depth[base] + 1
        self._base[ticket_id] = base
        self._jump[ticket_id] = far if equal_jumps else base

    def contains(self, upper: str, lower: str) -> bool:
        """Whether the change of `upper` has the change of `lower` in it (every change has itself)."""
        goal = self._depth[lower]
        while self._depth[upper] > goal:
            jump = self._jump[upper]
            upper = jump if self._depth[jump] >= goal else self._base[upper]
        return upper == lower

    def base_for(self, predecessors: Sequence[str]) -> str | None:
        """The one predecessor whose change has all the others in it; `None` when there is no such.

        `predecessors` has at least one ticket.
        """
        top = max(predecessors, key=lambda each: self._depth[each])
        return top if all(self.contains(top, each) for each in predecessors) else None
