"""Agents compared like with like: raw figures beside directly standardised ones, and why they differ.

Direct standardisation: each agent's figure within strata of equal work, weighted by how common that work is over all
agents compared. Pure: the same sample and moment give the same comparisons.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from ci_factory.metrics import words
from ci_factory.metrics.comparing import pairs as duels
from ci_factory.metrics.comparing import strata
from ci_factory.metrics.comparing.measures import MEASURES, Measure, Observed, Place, observe
from ci_factory.metrics.comparing.strata import Layer, Standard
from ci_factory.metrics.comparing.sums import Sums, Weighted
from ci_factory.metrics.comparing.values import Arm, Cell, Comparison, Pair, Stratum
from ci_factory.metrics.figure import Figure
from ci_factory.metrics.figure import measure as figure
from ci_factory.metrics.sample import Sample
from ci_factory.model.metrics_settings import MetricsConfig
from ci_factory.model.shares import Z95

__all__ = ["Arm", "Cell", "Comparison", "Pair", "Stratum", "compare"]
_TWO = 2


def compare(
    sample: Sample,
    now: datetime,
    settings: MetricsConfig = MetricsConfig(),  # noqa: B008 - frozen
) -> tuple[Comparison, ...]:
    """Acceptance, first-pass approval, rework, cost and human time per accepted merge request, each by agent.

    Every figure is there even when there is nothing to compare; its verdict says so then.
    """
    return tuple(
        _compare(measure, observe(measure, sample, now.timestamp(), settings)) for measure in MEASURES
    )


def _compare(measure: Measure, observed: Observed) -> Comparison:
    cells = observed.cells
    found = strata.standard(cells)
    every = duels.pairs(measure, cells, found) if found else ()
    ranked = duels.ranking(measure, found) if found else []
    shown = tuple(pair for pair in every if pair.better == ranked[0] or pair.reversed)
    return Comparison(
        key=measure.metric.key,
        name=measure.metric.name,
        unit=measure.metric.unit,
        definition=measure.metric.definition,
        higher_is_better=measure.higher_is_better,
        arms=tuple(_arms(measure, cells, found, ranked)),
        strata=tuple(_stratum(*each, ranked) for each in zip(found.layers, found.weights, strict=True))
        if found
        else (),
        pairs=shown,
        reversed=any(pair.reversed for pair in every),
        verdict=_verdict(measure, cells, shown, ranked),
        why=" ".join(pair.why for pair in shown if pair.why),
        notes=tuple(_notes(observed, found, len(every))),
    )


def _arms(
    measure: Measure, cells: Mapping[Place, Sums], found: Standard | None, ranked: Sequence[str]
) -> list[Arm]:
    counts = {agent: sums.bottom for agent, sums in strata.by_agent(cells).items()}
    others = sorted(set(counts) - set(ranked))
    arms = []
    for agent in (*ranked, *others):
        plain = duels.raw(cells, agent, share=measure.share)
        fair = found.of(agent, share=measure.share) if found and agent in ranked else None
        few = f"fewer than {strata.AGENT} {measure.things}"
        note = (
            "" if fair else few if counts[agent] < strata.AGENT else "too little work in common with others"
        )
        arms.append(
            Arm(
                agent=agent,
                n=plain.n,
                raw=_figure(measure, plain, {"agent": agent}),
                standardised=_figure(measure, fair, {"agent": agent, "standardised": "size, area"})
                if fair
                else None,
                note="" if fair else f"not compared: {note}",
            )
        )
    return arms


def _figure(measure: Measure, weighted: Weighted, labels: dict[str, str]) -> Figure:
    known = any(sums.bottom for _, sums in weighted.parts)
    spread = measure.share or weighted.n > 1
    return figure(
        measure.metric.model_copy(update={"target": None}),
        weighted.value if known else None,
        weighted.n,
        interval=weighted.interval(Z95) if known and spread else None,
        labels=labels,
    )


def _stratum(layer: Layer, weight: float, ranked: Sequence[str]) -> Stratum:
    by_agent = {agent: layer.by_agent.get(agent, Sums()) for agent in ranked}
    return Stratum(
        name=", ".join(layer.kind),
        n=sum(sums.n for sums in by_agent.values()),
        weight=weight,
        cells=tuple(Cell(agent=agent, n=sums.n, value=sums.value) for agent, sums in by_agent.items()),
    )


def _verdict(
    measure: Measure, cells: Mapping[Place, Sums], shown: Sequence[Pair], ranked: Sequence[str]
) -> str:
    if not ranked:
        known = strata.by_agent(cells)
        if len(known) < _TWO:
            return "Nothing to compare: fewer than two agents have any."
        least = f"{strata.AGENT} {measure.things} each, and {strata.SPARSE} in what they have in common"
        return f"Not enough data: comparing takes two agents with {least}."
    against = [pair for pair in shown if pair.better == ranked[0]]
    if len(against) == 1:
        return against[0].verdict
    told = [pair.other for pair in against if pair.distinguishable]
    alike = [pair.other for pair in against if not pair.distinguishable]
    any_of = "any of " if len(alike) > 1 else ""
    parts = (
        f"{ranked[0]} is better than {_listed(told)}" if told else "",
        f"no distinguishable difference between {ranked[0]} and {any_of}{_listed(alike)}{_most(measure, against)}"
        if alike
        else "",
    )
    text = "; ".join(filter(None, parts))
    return f"{text[0].upper() if not told else text[0]}{text[1:]}."


def _most(measure: Measure, against: Sequence[Pair]) -> str:
    """For the difference that is nearest to being told."""
    needed = [pair.needed for pair in against if pair.needed is not None]
    return (
        f" (about {words.roughly(min(needed))} {measure.things} an arm would be needed, at the least)"
        if needed
        else ""
    )


def _listed(names: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def _notes(observed: Observed, found: Standard | None, compared: int) -> list[str]:
    notes = []
    if found:
        common = sum(layer.common for layer in found.layers)
        notes.append(
            f"Standardised over {words.count(common, 'stratum', 'strata')} of size and area that all compared agents have "
            f"in common, each with the weight it has over all of them; {100 * found.coverage:.0f} % of their work is in "
            f"these. Areas in which an agent has fewer than {strata.SPARSE} are taken together by size."
        )
    if compared > 1:
        notes.append(
            f"Differences and intervals are corrected after Holm for all {compared} pairs, as the same data say who is best."
        )
    left = [f"{n:,} {reason}" for reason, n in sorted(observed.left_out.items(), key=lambda item: -item[1])]
    if left:
        notes.append(f"Not counted: {', '.join(left)}.")
    return notes
