"""What alerts over the last weeks are about, and what to do when one is on. The bounds are configured. Pure."""

from typing import Final

from ci_factory.metrics import definitions
from ci_factory.metrics.alerts import Rule
from ci_factory.metrics.figure import Unit

SCORE = Rule(
    "score", "Mean score", Unit.POINTS, "Mean score of merge requests created in the last weeks, 0 to 100.", falling=True,
    action="Read the notes of the changes named here. Where tickets say too little, mend them before they are labelled "
    "(`ci-factory intake`); where one gate takes most points, see `ci-factory report --weekly`.",
)  # fmt: skip
DEFECTS = Rule(
    "defect_rate", "Post-merge defects", Unit.SHARE,
    "Merge requests with a revert or a linked bug within metrics.defect_days / merge requests observed that long.",
    action="Look at what got through: `ci-factory audit` of the changes named here. Raise `gates.threshold`, or name a reviewer "
    "for their paths (`rules`), once it is clear what the gates missed.",
)  # fmt: skip
REWORK = Rule(
    "rework_ratio", "Rework ratio", Unit.SHARE, definitions.REWORK.definition,
    action="Read what reviewers asked for in the changes named here; what comes again belongs in the tickets' acceptance "
    "criteria, or in a gate of its own (`gates.commands`).",
)  # fmt: skip
FIRST_PASS = Rule(
    "first_pass", "First-pass approval", Unit.SHARE, definitions.FIRST_PASS.definition, falling=True,
    action="As for rework; and `ci-factory report --weekly` says which agents and sizes pass least.",
)  # fmt: skip
CYCLE = Rule(
    "cycle_hours", "Cycle time", Unit.SECONDS, definitions.CYCLE_TIME.definition,
    action="See where the time goes: `ci-factory report --weekly` splits it. When changes wait for reviewers, add some "
    "(`review.reviewers`) or plan fewer tickets (`batch.max_tickets`, `batch.review_minutes`).",
)  # fmt: skip
QUEUE = Rule(
    "review_queue", "Review queue", Unit.COUNT, "Open merge requests and questions that wait for a person now.",
    action="`ci-factory review` gives the order. Until it is shorter, plan no more than people can read (`batch.review_minutes`).",
)  # fmt: skip
IDLE = Rule(
    "idle_hours", "Longest idle agent", Unit.SECONDS,
    "Longest time in the last weeks that an agent of a batch had nothing to do while a ticket of it was not begun.",
    action="Compare with the plan (`ci-factory plan`): long chains of dependent tickets idle lanes. Fewer lanes "
    "(`batch.parallel`), or `planning.overlap: defer`.",
)  # fmt: skip
DAILY_COST = Rule(
    "daily_cost_usd", "Cost of the dearest day", Unit.USD,
    "What work that ended on that day (UTC) is known to have cost, failed attempts too.",
    action="Bound a night's cost (`batch.cost_budget_usd`), one call's (`budgets.implement`), and look at the attempts named here.",
)  # fmt: skip
COST_RATIO = Rule(
    "cost_ratio", "Cost per ticket, against before", Unit.COUNT,
    "Mean cost of a ticket's work in the last weeks / the same in the four times as long before.",
    action="See which agent or model changed: `ci-factory report --weekly`; `routing.per: cost` sends tickets to the cheaper one.",
)  # fmt: skip
RULES: Final = (SCORE, DEFECTS, REWORK, FIRST_PASS, CYCLE, QUEUE, IDLE, DAILY_COST, COST_RATIO)
