"""What to do, with the evidence for it: one table of rules. Pure.

A rule speaks only when its figure can be told from chance: its 95 % interval excludes the bound, or the other thing.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

from ci_factory.metrics import recommendation_agents
from ci_factory.metrics import recommendation_rules as rules
from ci_factory.metrics.recommendation_facts import Found, Known
from ci_factory.model.base import Value


class Recommendation(Value):
    """One thing to do."""

    key: str
    what: str
    evidence: str
    n: int
    interval: tuple[float, float] | None
    about: tuple[str, ...]
    how: str
    """The configuration key or command."""


class _Rule(NamedTuple):
    key: str
    look: Callable[[Known], Found | None]
    how: str


RULES: Final = (
    _Rule("questions", rules.questions, "`ci-factory status` lists them; an answer on the ticket is enough (`escalation.answer_role`)"),
    _Rule("defects", rules.defects, "`ci-factory audit` of these changes; then `gates.threshold`, or `rules` for their paths"),
    _Rule("reviewers", rules.reviewers, "more people in `review.reviewers`, or fewer changes a night: `batch.review_minutes`"),
    _Rule("gate", rules.gate, "say it in the tickets or in the project's instructions for agents; `ci-factory gate` shows it before the night"),
    _Rule("gate-overruled", rules.gate_overruled, "its own keys under `gates`, or `gates.disabled`"),
    _Rule("agents", recommendation_agents.agents, "`routing.policy: measured`"),
    _Rule("agents-cost", recommendation_agents.agents_cost, "`routing.policy: measured` with `routing.per: cost` or `minutes`"),
    _Rule("escalations", rules.escalations, "decide it once, in the project's instructions for agents; or `escalation.triggers`, `iterations`"),
    _Rule("large-tickets", rules.large_tickets, "split them before they get the label `labels.ready`"),
    _Rule("timeouts", rules.timeouts, "`batch.timeout_minutes`, or smaller tickets"),
    _Rule("no-change", rules.no_change, "`ci-factory intake` shows what is queued; close what is done"),
    _Rule("conflicts", rules.conflicts, "`planning.overlap: stack`, or `planning.pattern: lock`"),
    _Rule("lanes", rules.lanes, "`batch.parallel`"),
    _Rule("threshold", rules.threshold, "`gates.threshold`; docs/calibration.md says how it was found"),
    _Rule("weights", rules.weights, "`gates.weights`; docs/calibration.md says how they were found"),
)  # fmt: skip
"""In the order in which they are told: what people wait for first."""


def recommend(known: Known) -> tuple[Recommendation, ...]:
    """What the facts speak for; nothing when nothing stands out."""
    found = ((rule, rule.look(known)) for rule in RULES)
    return tuple(
        Recommendation(key=rule.key, how=rule.how, **each._asdict())
        for rule, each in found
        if each is not None
    )
