"""Figures as OpenMetrics text (https://openmetrics.io), for a scraper or GitLab's metrics report.

Unknown values are left out: the format has no word for them, and zero would be a lie.
"""

from collections.abc import Iterable, Sequence

from ci_factory.metrics.figure import Figure, Unit

_PREFIX = "ci_factory"
_SUFFIX = {
    Unit.SHARE: "ratio",
    Unit.SECONDS: "seconds",
    Unit.USD: "usd",
    Unit.POINTS: "points",
    Unit.MINUTES: "minutes",
    Unit.COUNT: "",
    Unit.NUMBER: "",
}


def openmetrics(figures: Sequence[Figure]) -> str:
    """All known figures as gauges, each family once, ending in `# EOF`."""
    families: dict[str, list[Figure]] = {}
    for figure in figures:
        if figure.value is not None:
            families.setdefault(_name(figure), []).append(figure)
    lines = [line for name, members in families.items() for line in _family(name, members)]
    return "\n".join([*lines, "# EOF", ""])


def _name(figure: Figure) -> str:
    suffix = _SUFFIX[figure.unit]
    return f"{_PREFIX}_{figure.key}{f'_{suffix}' if suffix else ''}"


def _family(name: str, members: Sequence[Figure]) -> Iterable[str]:
    first = members[0]
    yield f"# TYPE {name} gauge"
    if suffix := _SUFFIX[first.unit]:
        yield f"# UNIT {name} {suffix}"
    yield f"# HELP {name} {_escape(first.definition)}"
    for figure in members:
        labels = ",".join(f'{key}="{_escape(value)}"' for key, value in sorted(figure.labels.items()))
        yield f"{name}{f'{{{labels}}}' if labels else ''} {figure.value!r}"


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')
