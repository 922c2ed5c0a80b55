"""What the work cost, in money and in people's time."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import fsum
from operator import attrgetter

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
_key = attrgetter("project", "ticket")


@dataclass(frozen=True)
class Ledger:
    """What each ticket cost, and what came of it."""

    attempts: int
    unpaid: int
    """Attempts of unknown cost."""
    tickets: int
    """Tickets worked on; they come first in the lists."""
    costs: list[float]
    """US dollars for each ticket, of the attempts whose cost is known."""
    merged: list[int]
    """Merged merge requests of each ticket."""
    lines: list[int]
    """Net lines of those, as far as they are known."""
    accepted: int
    unsized: int
    """Merged merge requests of unknown size."""
    unknown: int
    """Merged merge requests whose ticket cost what nobody knows."""

    @property
    def note(self) -> str:
        """What is unknown of the attempts' cost, in words."""
        if not self.unpaid:
            return ""
        known = f"the others sum to {fsum(self.costs):.2f} USD"
        return f"cost of {self.unpaid} of {self.attempts} attempts unknown; {known}"


def ledger(work: Iterable[Work], changes: Iterable[Change]) -> Ledger:
    """Sums by ticket, of the work in which an agent was asked and of the merged changes."""
    rows = [each for each in work if each.worked]
    places: dict[tuple[str, str], int] = {}
    at = [places.setdefault(key, len(places)) for key in map(_key, rows)]
    tickets, merged = len(places), [each for each in changes if each.merged is not None]
    of = [places.setdefault(key, len(places)) for key in map(_key, merged)]
    costs, accepted, lines = [0.0] * len(places), [0] * len(places), [0] * len(places)
    unpaid = unsized = 0
    for place, work_done in zip(at, rows, strict=True):
        if work_done.cost is None:
            unpaid += 1
        else:
            costs[place] += work_done.cost
    for place, change in zip(of, merged, strict=True):
        accepted[place] += 1
        net = net_lines(change)
        unsized += net is None
        lines[place] += net or 0
    unknown = len([1 for each in merged if each.cost is None])
    return Ledger(len(rows), unpaid, tickets, costs, accepted, lines, len(merged), unsized, unknown)


def money(work: Iterable[Work], changes: Iterable[Change]) -> tuple[Figure, Figure, Figure]:
    """Cost of all attempts per ticket, per merged merge request and per net merged line."""
    found = ledger(work, changes)
    return per_ticket(found), per_accepted(found), per_line(found)


def per_ticket(found: Ledger) -> Figure:
    """Of tickets worked on."""
    known = found.costs[: found.tickets] if not found.unpaid else []
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
    lost = f"size unknown for {found.unsized} of {found.accepted}" if found.unsized else ""
    short = "no line more than before" if sum(found.lines) <= 0 else ""
    return _per(definitions.COST_PER_LINE, found, found.lines, lost or short)


def _per(metric: Metric, found: Ledger, gains: Sequence[int], problem: str) -> Figure:
    lost = f"cost of {found.unknown} of {found.accepted} merged changes unknown" if found.unknown else ""
    note = (found.note or lost or problem) if found.accepted else "nothing merged yet"
    estimate = ratio(list(zip(found.costs, gains, strict=True))) if found.costs and not note else None
    if estimate is None:
        return measure(metric, None, found.accepted, note=note)
    # Costs are not negative, whatever a symmetric interval says.
    low = None if estimate.low is None else max(0.0, estimate.low)
    return measure(metric, estimate.value, found.accepted, interval=(low, estimate.high))


def human_time(changes: Iterable[Change]) -> Figure:
    """Of decided merge requests: on one that is open people may still spend some."""
    decided = [each for each in changes if each.merged is not None or each.closed is not None]
    timed = [each for each in decided if each.human_seconds is not None]
    recorded = len([1 for each in timed if each.human_recorded])
    parts = (
        f"{recorded} recorded, {len(timed) - recorded} estimated" if timed else "",
        f"{len(decided) - len(timed)} without a trace of people, left out"
        if len(decided) > len(timed)
        else "",
    )
    found = quantile([(each.human_seconds or 0.0) / _MINUTE for each in timed], 0.5)
    ends = (found.low, found.high) if found else None
    note = "; ".join(filter(None, parts))
    return measure(
        definitions.HUMAN_TIME, found.value if found else None, len(timed), interval=ends, note=note
    )


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
