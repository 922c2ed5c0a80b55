"""Families of samples as OpenMetrics text (https://openmetrics.io), for a scraper or GitLab's metrics report. Pure.

Unknown values are left out: the format has no word for them, and zero would be a lie.
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from typing import NamedTuple

_EMPTY: Mapping[str, str] = {}


class Type(StrEnum):
    """Kinds of families that are used here."""

    GAUGE = "gauge"
    HISTOGRAM = "histogram"


class Sample(NamedTuple):
    """One number."""

    value: float
    labels: Mapping[str, str] = _EMPTY
    suffix: str = ""
    """Behind the family's name: `_bucket`, `_sum`, `_count` of a histogram."""


class Family(NamedTuple):
    """Numbers of one name. A name ends in its unit when it has one."""

    name: str
    help: str
    samples: tuple[Sample, ...]
    unit: str = ""
    type: Type = Type.GAUGE


def openmetrics(families: Iterable[Family]) -> str:
    """The text, each family once and none without a sample, ending in `# EOF`."""
    lines = [line for family in families if family.samples for line in _lines(family)]
    return "\n".join([*lines, "# EOF", ""])


def histogram(
    values: Iterable[float], bounds: Iterable[float], labels: Mapping[str, str]
) -> tuple[Sample, ...]:
    """Samples of a histogram: cumulative buckets with the last at infinity, sum and count; nothing of no value."""
    known = sorted(values)
    if not known:
        return ()
    edges = (*bounds, math.inf)
    counts = (sum(value <= edge for value in known) for edge in edges)
    buckets = (
        Sample(float(count), {**labels, "le": _number(edge)}, "_bucket")
        for edge, count in zip(edges, counts, strict=True)
    )
    return (*buckets, Sample(float(len(known)), labels, "_count"), Sample(math.fsum(known), labels, "_sum"))


def _lines(family: Family) -> Iterator[str]:
    yield f"# TYPE {family.name} {family.type.value}"
    if family.unit:
        yield f"# UNIT {family.name} {family.unit}"
    yield f"# HELP {family.name} {_escape(family.help)}"
    for sample in family.samples:
        labels = ",".join(f'{key}="{_escape(value)}"' for key, value in sample.labels.items())
        yield f"{family.name}{sample.suffix}{f'{{{labels}}}' if labels else ''} {_number(sample.value)}"


def _number(value: float) -> str:
    return "+Inf" if value == math.inf else repr(float(value))


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')
