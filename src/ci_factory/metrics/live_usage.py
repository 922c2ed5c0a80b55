"""What calls of agents used, summed: unknown is not zero, and a sum with an unknown part says that it is `at least`. Pure."""

import math
from collections.abc import Iterable

from ci_factory.metrics.live import Used
from ci_factory.model.attempt import AgentRun, Usage
from ci_factory.model.pulse import Meter
from ci_factory.model.work_state import Calling


def measured(meter: Meter | None, calling: Calling | None) -> Usage:
    """What the running call has used, where it can be counted."""
    if meter is None or calling is None or meter.at < calling.began_at:
        return Usage()
    same = (meter.phase, meter.number, meter.iteration) == (calling.phase, calling.number, calling.iteration)
    return meter.usage if same else Usage()


def used(runs: Iterable[AgentRun], now: Usage | None = None) -> Used:
    """The sum of some calls, and of the one that runs now; what is unknown is left out, and that is said."""
    usages = [run.usage for run in runs] + ([] if now is None else [now])
    tokens = [_tokens(usage) for usage in usages]
    costs = [usage.cost_usd for usage in usages]
    return total_of(tokens, costs, at_least=now is not None)


def total_of(tokens: Iterable[int | None], costs: Iterable[float | None], *, at_least: bool = False) -> Used:
    """A sum over what is known; of nothing but unknown parts, and parts that are nothing, it is unknown."""
    all_tokens, all_costs = [*tokens], [*costs]
    partly = at_least or None in all_tokens or None in all_costs
    known_tokens, known_costs = (
        sum(each or 0 for each in all_tokens),
        math.fsum(each or 0 for each in all_costs),
    )
    return Used(
        tokens=known_tokens if known_tokens or not partly else None,
        cost_usd=known_costs if known_costs or not partly else None,
        at_least=partly,
    )


def _tokens(usage: Usage) -> int | None:
    both = (usage.input_tokens, usage.output_tokens)
    return None if None in both else sum(each or 0 for each in both)


def sum_of(parts: Iterable[Used]) -> Used:
    """The sum of sums."""
    known = [*parts]
    partly = any(each.at_least for each in known)
    return total_of([each.tokens for each in known], [each.cost_usd for each in known], at_least=partly)
