"""What a batch may use up in all: tickets, minutes of review, money."""

from dataclasses import dataclass

from ci_factory.model.effort import REVIEW_MINUTES
from ci_factory.model.ticket import Size


@dataclass
class Capacity:
    """Bounds and what is used of them; `None` does not bound."""

    max_tickets: int
    review_minutes: float | None
    cost_usd: float | None
    tickets: int = 0
    reviewed: float = 0
    spent: float = 0
    """Of tickets whose cost is known."""

    def full(self, size: Size) -> str | None:
        """Why another ticket of this size does not fit, whoever does it."""
        if self.tickets >= self.max_tickets:
            return f"the batch is full: it takes {self.max_tickets} tickets"
        needed = self.reviewed + REVIEW_MINUTES[size]
        if self.review_minutes is not None and needed > self.review_minutes:
            return f"with it, review would take {needed:g} minutes; {self.review_minutes:g} are available"
        return None

    def too_dear(self, cost: float | None) -> str | None:
        """Why a ticket of this expected cost does not fit; one of unknown cost always does."""
        if self.cost_usd is None or cost is None or self.spent + cost <= self.cost_usd:
            return None
        return (
            f"is expected to cost {cost:.2f} USD; with the {self.spent:.2f} that are planned, that is more "
            f"than the budget of {self.cost_usd:.2f}"
        )

    def take(self, size: Size, cost: float | None) -> None:
        """Use it up."""
        self.tickets += 1
        self.reviewed += REVIEW_MINUTES[size]
        self.spent += cost or 0

    def cost_words(self, cost: float | None) -> str:
        """What the budget makes of a ticket that is in; empty without a budget."""
        if self.cost_usd is None:
            return ""
        if cost is None:
            return "its cost is unknown, so the cost budget does not limit it"
        return f"is expected to cost {cost:.2f} USD"
