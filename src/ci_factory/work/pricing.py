"""Fills in what an agent's tokens cost, from the configured prices. Pure. Unknown stays unknown."""

import re
from collections.abc import Mapping
from dataclasses import replace

from ci_factory.config import Price
from ci_factory.work.agents.protocol import AgentResult, ModelUse

_MILLION = 1_000_000
_DATED = re.compile(r"-20\d\d-?[01]\d-?[0-3]\d$", re.ASCII)


def priced(result: AgentResult, prices: Mapping[str, Price]) -> AgentResult:
    """The result with the cost of its tokens, unless it tells one itself; `None` when any part has no price."""
    if result.usage.cost_usd is not None or not prices:
        return result
    costs = [cost_of(use, prices) for use in result.uses or (_whole(result),)]
    if any(cost is None for cost in costs):
        return result
    total = sum(cost for cost in costs if cost is not None)
    return replace(result, usage=result.usage.model_copy(update={"cost_usd": total}))


def cost_of(use: ModelUse, prices: Mapping[str, Price]) -> float | None:
    """USD for what one model did; input whose share from a cache is not told counts as read anew."""
    price = known_price(use.model, prices) if use.model else None
    if use.cost_usd is not None or price is None or use.input_tokens is None or use.output_tokens is None:
        return use.cost_usd
    cached = use.cached_tokens or 0
    cached_price = price.input if price.cached is None else price.cached
    fresh = (use.input_tokens - cached) * price.input
    return (fresh + cached * cached_price + use.output_tokens * price.output) / _MILLION


def known_price(model: str, prices: Mapping[str, Price]) -> Price | None:
    """The price by name, then without the provider in front, then without the date behind: as servers name a model."""
    for name in (model, _DATED.sub("", model)):
        if found := prices.get(name):
            return found
        same = {price for key, price in prices.items() if key.rpartition("/")[2] == name.rpartition("/")[2]}
        if same:
            return same.pop() if len(same) == 1 else None
    return None


def _whole(result: AgentResult) -> ModelUse:
    """Of an agent that tells one sum."""
    return ModelUse(result.model, result.usage.input_tokens, result.usage.output_tokens)
