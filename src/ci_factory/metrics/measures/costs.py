"""What the work cost, in money and in people's time."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import count, islice, repeat
from math import fsum
from typing import Literal

from ci_factory.metrics import definitions
from ci_factory.metrics.figure import Figure, Metric, measure
from ci_factory.metrics.measures.throughput import net_lines
from ci_factory.metrics.sample import Change, Work
from ci_factory.metrics.statistics import mean
from ci_factory.metrics.statistics.quantiles import mean_interval, quantile
from ci_factory.metrics.statistics.ratios import ratio
from ci_factory.model.metrics_settings import HandHours, MetricsConfig
from ci_factory.model.ticket import Size

_HOUR, _MINUTE = 3600.0, 60.0
Paid = tuple[int, float | None]
"""The number of a ticket, and what the work on it cost."""
Landed = tuple[int, int | None, bool]
"""The number of a merged change's ticket, the change's net lines, and whether it is known what it cost."""
Attention = Literal["undecided", "untold", "recorded", "estimated"]
"""How it is known what time people took for a change."""


@dataclass(frozen=True)
class Ledger:
    """What each ticket cost, and what came of it."""

    attempts: int
    unpaid: int
    """Attempts of unknown cost."""
    tickets: int
    """Tickets worked on; they come first among the costs."""
    costs: dict[int, float]
    """US dollars for each ticket, of the attempts whose cost is known; nothing for what was merged without work."""
    merged: Counter[int]
    """Merged merge requests of each ticket."""
    landed: list[Landed]
    """Those merge requests."""

    @property
    def note(self) -> str:
        """What is unknown of the attempts' cost, in words."""
        if not self.unpaid:
            return ""
        known = f"the others sum to {fsum(self.costs.values()):.2f} USD"
        return f"cost of {self.unpaid} of {self.attempts} attempts unknown; {known}"


def ledger(work: Iterable[Work], changes: Iterable[Change]) -> Ledger:
    """Sums by ticket, of the work in which an agent was asked and of the merged changes."""
    return settled(*entries(work, changes))


def entries(work: Iterable[Work], changes: Iterable[Change]) -> tuple[list[Paid | None], list[Landed | None]]:
    """What a ledger holds of each row: nothing of work in which no agent was asked and of what is not merged."""
    number: dict[tuple[str, str], int] = defaultdict(count().__next__)
    return (
        [(number[each.project, each.ticket], each.cost) if each.worked else None for each in work],
        [
            None
            if each.merged is None
            else (number[each.project, each.ticket], net_lines(each), each.cost is not None)
            for each in changes
        ],
    )


def settled(payments: Iterable[Paid | None], landings: Iterable[Landed | None]) -> Ledger:
    """The ledger of some entries."""
    paid, landed = list(filter(None, payments)), list(filter(None, landings))
    costs, merged = _spent(paid), Counter([ticket for ticket, _, _ in landed])
    unpaid = len([1 for _, cost in paid if cost is None])
    return Ledger(
        len(paid),
        unpaid,
        len(costs),
        costs | dict.fromkeys(merged.keys() - costs.keys(), 0.0),
        merged,
        landed,
    )


def _spent(paid: Iterable[Paid]) -> dict[int, float]:
    costs: dict[int, float] = defaultdict(float)
    for ticket, cost in paid:
        costs[ticket] += cost or 0.0
    return costs


def money(work: Iterable[Work], changes: Iterable[Change]) -> tuple[Figure, Figure, Figure]:
    """Cost of all attempts per ticket, per merged merge request and per net merged line."""
    found = ledger(work, changes)
    return per_ticket(found), per_accepted(found), per_line(found)


def per_ticket(found: Ledger) -> Figure:
    """Of tickets worked on."""
    known = list(islice(found.costs.values(), found.tickets)) if not found.unpaid else []
    return measure(
        definitions.COST_PER_TICKET,
        mean(known),
        found.tickets,
        interval=mean_interval(known),
        note=found.note,
    )


def per_accepted(found: Ledger) -> Figure:
    """Of merged merge requests."""
    return _per(definitions.COST_PER_ACCEPTED, found, found.merged, "")


def per_line(found: Ledger) -> Figure:
    """Of net merged lines."""
    lines: dict[int, int] = defaultdict(int)
    for ticket, net, _ in found.landed:
        lines[ticket] += net or 0
    unsized = len([1 for _, net, _ in found.landed if net is None])
    lost = f"size unknown for {unsized} of {len(found.landed)}" if unsized else ""
    short = "no line more than before" if sum(lines.values()) <= 0 else ""
    return _per(definitions.COST_PER_LINE, found, lines, lost or short)


def _per(metric: Metric, found: Ledger, gains: Mapping[int, int], problem: str) -> Figure:
    accepted, unknown = len(found.landed), len([1 for _, _, priced in found.landed if not priced])
    lost = f"cost of {unknown} of {accepted} merged changes unknown" if unknown else ""
    note = (found.note or lost or problem) if accepted else "nothing merged yet"
    pairs = zip(found.costs.values(), map(gains.get, found.costs, repeat(0)), strict=True)
    estimate = ratio(list(pairs)) if found.costs and not note else None
    if estimate is None:
        return measure(metric, None, accepted, note=note)
    # Costs are not negative, whatever a symmetric interval says.
    low = None if estimate.low is None else max(0.0, estimate.low)
    return measure(metric, estimate.value, accepted, interval=(low, estimate.high))


def human_time(changes: Iterable[Change]) -> Figure:
    """Of decided merge requests: on one that is open people may still spend some."""
    rows = list(changes)
    return attended(Counter(attentions(rows)), map(minutes, rows))


def attentions(changes: Iterable[Change]) -> list[Attention]:
    """How the time of each is known."""
    return [_attention(each) for each in changes]


def _attention(change: Change) -> Attention:
    if change.merged is None and change.closed is None:
        return "undecided"
    if change.human_seconds is None:
        return "untold"
    return "recorded" if change.human_recorded else "estimated"


def minutes(change: Change) -> float | None:
    """Of people, on a decided merge request."""
    seconds = change.human_seconds
    return None if seconds is None or (change.merged is None and change.closed is None) else seconds / _MINUTE


def attended(counts: Counter[Attention], spent: Iterable[float | None]) -> Figure:
    """Time of people, of how many it is known how, and the minutes where it is known."""
    timed, untold = counts["recorded"] + counts["estimated"], counts["untold"]
    parts = (
        f"{counts['recorded']} recorded, {counts['estimated']} estimated" if timed else "",
        f"{untold} without a trace of people, left out" if untold else "",
    )
    found = quantile([each for each in spent if each is not None], 0.5)
    ends = (found.low, found.high) if found else None
    note = "; ".join(filter(None, parts))
    return measure(definitions.HUMAN_TIME, found.value if found else None, timed, interval=ends, note=note)


def hours_saved(changes: Iterable[Change], settings: MetricsConfig) -> Figure:
    """A range, as it rests on an assumption: never a value."""
    decided = [each for each in changes if each.merged is not None or each.closed is not None]
    assumed = {size.value: hours for size in Size if (hours := settings.by_hand_hours.get(size))}
    counted = [
        each
        for each in decided
        if each.human_seconds is not None and (each.merged is None or each.size in assumed)
    ]
    sizes = Counter([each.size for each in counted if each.merged is not None])
    people = fsum([each.human_seconds or 0.0 for each in counted]) / _HOUR
    low = fsum(n * assumed[size].low for size, n in sizes.items() if size) - people
    high = fsum(n * assumed[size].high for size, n in sizes.items() if size) - people
    lost, merged = len(decided) - len(counted), sizes.total()
    note = _assumption(assumed) + (f"; {lost} of unknown size or time left out" if lost else "")
    return measure(definitions.HOURS_SAVED, None, merged, interval=(low, high) if merged else None, note=note)


def _assumption(assumed: Mapping[str, HandHours]) -> str:
    parts = (f"{size} {hours.low:g}-{hours.high:g} h" for size, hours in assumed.items())
    return f"assumed by hand: {', '.join(parts)}"
