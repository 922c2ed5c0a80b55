"""Agents, their records and chances, and what the watching policy would have been worth: as data for people. Pure."""

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import product
from statistics import NormalDist
from typing import NamedTuple

from ci_factory.model.history import Outcome, PastAttempt
from ci_factory.model.routing import AgentRecord, How, RoutingNote, RoutingReport, ShadowRecord
from ci_factory.model.routing_settings import RoutingConfig
from ci_factory.model.shares import wilson
from ci_factory.model.ticket import Size
from ci_factory.planning.routing.evaluation import LEAST_EFFECTIVE, Logged, effective_size, evaluate
from ci_factory.planning.routing.evidence import amount_of, mature
from ci_factory.planning.routing.measured import UNITS, Measured
from ci_factory.planning.routing.protocol import Asked, Assignment
from ci_factory.planning.routing.registry import Known, experience


class Decided(NamedTuple):
    """A planned ticket and the note of who got it, and why."""

    batch: str
    ticket: str
    note: RoutingNote


def report(known: Known, decisions: Sequence[Decided]) -> RoutingReport:
    """Everything that `known` and the logged decisions say; `known.batch_id` only seeds what a next ticket might get."""
    counting = mature(known.past, known.now, known.settings)
    area = max(sorted({each.area for each in counting}), key=[e.area for e in counting].count, default=".")
    router = Measured(known.agents, known.settings, experience(known), known.batch_id)
    found = {size: router.find(Asked("next", size, frozenset(), area, 0)) for size in Size}
    return RoutingReport(
        made_at=known.now,
        policy=known.settings.policy,
        unit=UNITS[known.settings.per],
        area=area,
        agents=tuple(_records(known, counting, found)),
        now={size: _why(each, router) for size, each in found.items()},
        shadow=_shadow(counting, decisions, known.settings),
    )


def _why(found: Assignment | None, router: Measured) -> str:
    if found is None or found.note is None:
        return "no agent takes this size"
    if found.note.how is How.MEASURED:
        return f"drawn with the chances above, by {router.basis(list(found.note.propensities))}"
    return found.why or f"only `{found.agent}` is able"


def _records(
    known: Known, counting: Sequence[PastAttempt], found: dict[Size, Assignment | None]
) -> Iterable[AgentRecord]:
    """Of every configured agent and every size; of others where there is something to tell."""
    configured = [agent.name for agent in known.agents]
    others = sorted({each.agent for each in known.past} - set(configured))
    every = Counter((each.agent, each.size) for each in known.past)
    for agent, size in product((*configured, *others), Size):
        own = [each for each in counting if (each.agent, each.size) == (agent, size)]
        if own or agent in configured or every[agent, size]:
            yield _record(agent, size, own, every[agent, size], found[size], known.settings)


def _record(
    agent: str,
    size: Size,
    own: Sequence[PastAttempt],
    every: int,
    found: Assignment | None,
    settings: RoutingConfig,
) -> AgentRecord:
    accepted = sum(each.outcome is Outcome.ACCEPTED for each in own)
    low, high = wilson(accepted, len(own), _point(settings)) or (0.0, 1.0)
    amounts = [1.0 if settings.per == "attempt" else amount_of(each, settings) for each in own]
    known = [amount for amount in amounts if amount is not None]
    chances = found.note.propensities if found is not None and found.note is not None else {}
    return AgentRecord(
        agent=agent,
        size=size,
        decided=len(own),
        accepted=accepted,
        low=low,
        high=high,
        open=every - len(own),
        amount_per_accepted=sum(known) / accepted if accepted and len(known) == len(own) else None,
        chance=chances.get(agent),
    )


def _point(settings: RoutingConfig) -> float:
    return NormalDist().inv_cdf((1 + settings.credibility) / 2)


def _shadow(
    counting: Sequence[PastAttempt], decisions: Sequence[Decided], settings: RoutingConfig
) -> ShadowRecord | None:
    """`None` when no policy watches."""
    policy = settings.shadow
    if policy is None or policy == settings.policy:
        return None
    both = [
        each
        for each in decisions
        if each.note.policy == settings.policy
        and each.note.shadow is not None
        and each.note.shadow.policy == policy
    ]
    outcomes = {(each.batch, each.ticket, each.agent): each for each in counting}
    pairs = [(each.note, outcomes.get((each.batch, each.ticket, each.note.agent))) for each in both]
    judged = [(note, attempt) for note, attempt in pairs if attempt is not None]
    same = sum(each.note.shadow is not None and each.note.shadow.agent == each.note.agent for each in both)
    known = ShadowRecord(policy=policy, tickets=len(both), same=same, decided=len(judged))
    return known.model_copy(update=_worth(judged, settings))


def _worth(judged: Sequence[tuple[RoutingNote, PastAttempt]], settings: RoutingConfig) -> dict[str, object]:
    """The estimate, or why there is none."""
    if any(_beyond(note) for note, _ in judged):
        return {
            "why": f"`{settings.policy}` left no chance to agents that `{settings.shadow}` might have taken"
        }
    amounts = [amount_of(attempt, settings) for _, attempt in judged]
    known = [amount for amount in amounts if amount is not None]
    counted = len(known) == len(amounts) and sum(known) > 0
    logged = _logged(judged, known if counted else [1.0] * len(judged))
    effective = effective_size(logged)
    worth = evaluate(logged, _point(settings))
    if worth is None:
        return {
            "effective": effective,
            "why": f"the decided tickets are worth {effective:.1f} of the {LEAST_EFFECTIVE:g} that an estimate needs",
        }
    return {
        "effective": effective,
        "unit": UNITS[settings.per if counted else "attempt"],
        "real": worth.real,
        "instead": worth.other,
        "gain_low": worth.low,
        "gain_high": worth.high,
    }


def _beyond(note: RoutingNote) -> bool:
    others = note.shadow.propensities if note.shadow else {}
    return any(share > 0 and not note.propensities.get(agent) for agent, share in others.items())


def _logged(judged: Sequence[tuple[RoutingNote, PastAttempt]], amounts: Sequence[float]) -> list[Logged]:
    return [
        Logged(
            note.propensities[note.agent],
            note.shadow.propensities.get(note.agent, 0.0) if note.shadow else 0.0,
            attempt.outcome is Outcome.ACCEPTED,
            amount,
        )
        for (note, attempt), amount in zip(judged, amounts, strict=True)
    ]
