"""Cases of attack as one table: what was tried, on which forge, what was to meet it, and what was seen of it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

import pytest

from tests.attacks.rows import GROUPS, ROWS

MARKER = "attack"
FORGES = {"local": "embedded", "gitlab": "GitLab"}
_PROPERTY = "attack"
_SEEN = "attack seen"
_RESULTS = {"passed": "held", "failed": "BROKEN", "skipped": "not run"}
_HEAD = ("attack", "forge", "defence", "effect seen", "")


@dataclass(frozen=True)
class Case:
    """One attack, and how it ended."""

    row: str
    variant: str
    forge: str
    """Empty where no forge takes part."""
    defence: str
    seen: str = ""
    result: str = ""


def variants(
    arguments: str | tuple[str, ...], given: Mapping[str, Any], quick: int | None = None
) -> pytest.MarkDecorator:
    """`parametrize` over variants of one attack, by what they are called in the table; a tuple of arguments takes tuples.

    The first `quick` of them are in `make test`, the others, when it is given, in `make attacks` and `make test-long` alone.
    """
    names = (arguments,) if isinstance(arguments, str) else arguments
    params = []
    for place, (name, value) in enumerate(given.items()):
        marks = [pytest.mark.attack(variant=name)]
        marks += [pytest.mark.long] if quick is not None and place >= quick else []
        params.append(
            pytest.param(*(value if names is arguments else (value,)), id=ascii(name)[1:-1], marks=marks)
        )
    return pytest.mark.parametrize(names, params)


def case_of(item: pytest.Item) -> Case | None:
    """What the markers of a test say; those nearer to it win."""
    said: dict[str, Any] = {}
    for marker in item.iter_markers(MARKER):
        said = {**marker.kwargs, **said}
    if not said:
        return None
    if missing := {"row", "variant", "defence"} - said.keys():
        raise pytest.UsageError(f"{item.nodeid}: the attack marker lacks {', '.join(sorted(missing))}")
    if str(said["row"]) not in ROWS:
        raise pytest.UsageError(f"{item.nodeid}: there is no row {said['row']!r} in tests/attacks/rows.py")
    return Case(str(said["row"]), said["variant"], _forge(item), said["defence"])


def _forge(item: pytest.Item) -> str:
    params = item.callspec.params.values() if hasattr(item, "callspec") else ()
    return next((FORGES[each] for each in params if isinstance(each, str) and each in FORGES), "")


def record_seen(item: pytest.Item, effect: str) -> None:
    """Keep what a case saw, where its report takes it along."""
    item.user_properties.append((_SEEN, effect))


def effects(item: pytest.Item) -> list[str]:
    """What a case saw so far."""
    return [str(value) for name, value in item.user_properties if name == _SEEN]


def record_case(item: pytest.Item, case: Case) -> None:
    """Keep what was tried, where the report takes it along, also from another process."""
    item.user_properties.append((_PROPERTY, (case.row, case.variant, case.forge, case.defence)))


def cases(reports: Iterable[Any]) -> list[Case]:
    """What the reports of a run say, in the order of rows, variants and forges."""
    found: dict[str, Case] = {}
    for report in reports:
        said: dict[str, Any] = dict(report.user_properties) if isinstance(report, pytest.TestReport) else {}
        if _PROPERTY in said and (report.when == "call" or report.outcome != "passed"):
            seen = "; ".join(str(value) for name, value in report.user_properties if name == _SEEN)
            result = _RESULTS[report.outcome]
            row, variant, forge, defence = said[_PROPERTY]
            found[report.nodeid] = Case(row, variant, forge, defence, seen, result)
    place = {name: number for number, name in enumerate(ROWS)}
    return sorted(found.values(), key=lambda each: (place[each.row], each.variant, each.defence, each.forge))


def on_both(found: Sequence[Case]) -> list[Case]:
    """The same with what ended alike on every forge said once."""
    alike = groupby(found, key=lambda each: replace(each, forge=""))
    merged = [(case, [each.forge for each in group]) for case, group in alike]
    return [replace(case, forge="both" if len(forges) > 1 else forges[0]) for case, forges in merged]


def markdown(found: Sequence[Case]) -> str:
    """The page for docs: one table for each row."""
    held = sum(case.result == "held" for case in found)
    lines = [
        "# Attacks",
        "",
        "Written by `make attacks`, which runs every case below against the real commands, publisher and sandbox, on both",
        "forges where a forge takes part, and looks at what became of the world. The cases are in `tests/attacks/`.",
        "",
        f"{held} of {len(found)} cases held.",
    ]
    by_row = {name: [case for case in found if case.row == name] for name in ROWS}
    for group, rows in GROUPS.items():
        lines += ["", f"## {group}"]
        for row in rows:
            number = f"{row.name}. " if row.name.isdecimal() else ""
            lines += ["", f"### {number}{row.title}", "", *_table(on_both(by_row[row.name]))]
    return "\n".join(lines) + "\n"


def _table(found: Sequence[Case]) -> list[str]:
    rows = [(case.variant, case.forge, case.defence, case.seen, case.result) for case in found]
    return [
        _line(_HEAD),
        _line(["---"] * len(_HEAD)),
        *(_line([_cell(each) for each in row]) for row in rows),
    ]


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(text: str) -> str:
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")


def plain(found: Sequence[Case]) -> list[str]:
    """The lines for a terminal."""
    merged = on_both(found)
    lines = [
        f"{case.row:>3}  {case.result:<7}  {case.variant} [{case.forge or 'no forge'}]: {case.defence} -> {case.seen}"
        for case in merged
    ]
    held = sum(case.result == "held" for case in found)
    return [
        *lines,
        f"{held} of {len(found)} cases held, {len({case.row for case in found})} of {len(ROWS)} rows",
    ]
