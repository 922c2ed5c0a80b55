"""What each gate found, how long it took, and whether people agreed. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence

from ci_factory.metrics import definitions, trends
from ci_factory.metrics.figure import Figure, measure, share
from ci_factory.metrics.issues import shape
from ci_factory.metrics.sample import Change, Check, Sample
from ci_factory.metrics.statistics.quantiles import quantile
from ci_factory.metrics.trends import Trend
from ci_factory.model.base import Value
from ci_factory.model.gate import GateStatus

REASONS = 5
"""Reasons that are told of each gate."""
_PASS = GateStatus.PASS.value
_SKIPPED = GateStatus.SKIPPED.value
_REFUSED = frozenset({GateStatus.FAIL.value, GateStatus.BLOCKED.value})


class FailureReason(Value):
    """What a gate said of several changes, in the words of one of them."""

    summary: str
    count: int


class GateFigures(Value):
    """One gate."""

    gate: str
    counts: dict[str, int]
    """Status -> changes, for every status."""
    pass_rate: Figure
    first_pass_rate: Figure
    seconds: Figure
    """Median."""
    false_positives: Figure
    """`value` is `None` where it is not known what people made of it."""
    reasons: tuple[FailureReason, ...]
    """The most frequent first."""
    trend: Trend
    """Share of changes that it did not pass, by week."""
    findings: Trend
    """New findings of a change, by week."""


Decisions = Mapping[tuple[str, str, str], Change]
"""Decided merge requests by project, batch and ticket: what people made of the change that the gate judged."""


def figures(sample: Sample) -> Iterator[Figure]:
    """Pass rate, first-pass rate and seconds of every gate, by its name."""
    for gate, checks in _by_gate(sample):
        yield from _of_gate(gate, checks)


def gates(sample: Sample) -> tuple[GateFigures, ...]:
    """Everything about every gate, by its name."""
    decided = {
        (each.project, each.batch, each.ticket): each
        for each in sample.changes
        if each.batch is not None and each.decided is not None
    }
    return tuple(_gate(gate, checks, decided) for gate, checks in _by_gate(sample))


def _by_gate(sample: Sample) -> list[tuple[str, list[Check]]]:
    by_gate: dict[str, list[Check]] = defaultdict(list)
    for check in sample.checks:
        by_gate[check.gate].append(check)
    return sorted(by_gate.items())


def _of_gate(gate: str, checks: Sequence[Check]) -> tuple[Figure, Figure, Figure]:
    labels, ran = {"gate": gate}, [check for check in checks if check.status != _SKIPPED]
    passed = len([1 for check in ran if check.status == _PASS])
    known = [check for check in ran if check.iterations is not None]
    first = len([1 for check in known if check.status == _PASS and check.iterations == 1])
    lost = len(ran) - len(known)
    note = f"rounds unknown for {lost} of {len(ran)}" if lost else ""
    found = quantile([check.seconds for check in ran if check.seconds is not None], 0.5)
    ends = (found.low, found.high) if found else None
    value, n = (found.value, found.n) if found else (None, 0)
    return (
        share(definitions.GATE_PASS, passed, len(ran), labels=labels),
        share(definitions.GATE_FIRST_PASS, first, len(known), note=note, labels=labels),
        measure(definitions.GATE_SECONDS, value, n, interval=ends, labels=labels),
    )


def _gate(gate: str, checks: Sequence[Check], decided: Decisions) -> GateFigures:
    said = Counter([check.status for check in checks])
    passed, first, seconds = _of_gate(gate, checks)
    failed, findings = trends.of_gate(gate, checks)
    return GateFigures(
        gate=gate,
        counts={status.value: said[status.value] for status in GateStatus},
        pass_rate=passed,
        first_pass_rate=first,
        seconds=seconds,
        false_positives=_false_positives(gate, checks, decided),
        reasons=_reasons(checks),
        trend=failed,
        findings=findings,
    )


def _false_positives(gate: str, checks: Sequence[Check], decided: Decisions) -> Figure:
    """Merged in spite of the gate, and nothing came of it."""
    refused = [check for check in checks if check.status in _REFUSED]
    known = [found for each in refused if (found := decided.get((each.project, each.batch, each.ticket)))]
    overridden = sum(each.merged is not None and each.defect is None for each in known)
    unknown = len(refused) - len(known)
    note = f"unknown for {unknown} of {len(refused)}: not published, or not decided" if unknown else ""
    return share(definitions.GATE_FALSE_POSITIVES, overridden, len(known), note=note, labels={"gate": gate})


def _reasons(checks: Sequence[Check]) -> tuple[FailureReason, ...]:
    """Summaries of what did not pass; those that differ in numbers, paths and names only are one."""
    said = Counter([check.summary for check in checks if check.status not in {_PASS, _SKIPPED}])
    alike: dict[str, list[str]] = defaultdict(list)
    for summary in sorted(said, key=lambda text: (-said[text], text)):
        alike[shape(summary)].append(summary)
    found = [
        FailureReason(summary=same[0], count=sum(said[each] for each in same)) for same in alike.values()
    ]
    return tuple(sorted(found, key=lambda reason: (-reason.count, reason.summary))[:REASONS])
