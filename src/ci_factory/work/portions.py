"""Findings in portions that a reviewer can take in. Pure and deterministic."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ci_factory.work.ruff_findings import Findings

MAX_FILES, MAX_FIXES = 5, 50
"""Of one ticket."""
MARK = "_Made by `ci-factory ticket from-findings`._"
"""Last line of a ticket made here; only files that end with it are ever replaced."""


@dataclass(frozen=True)
class Portion:
    """Files and the rules to mend in them; no file is in two portions unless one alone would be too large."""

    rules: tuple[str, ...]
    files: tuple[str, ...]
    fixes: int


def portions(findings: Findings) -> list[Portion]:
    """Files with the same rules together, at most 5 files and 50 fixes each; pure and deterministic.

    A single rule with more than 50 fixes in one file can't be divided and is left out.
    """
    by_rules: dict[tuple[str, ...], list[tuple[str, int]]] = {}
    for path in sorted(findings):
        for rules, fixes in _divided(findings[path]):
            by_rules.setdefault(rules, []).append((path, fixes))
    return [portion for rules in sorted(by_rules) for portion in _packed(rules, by_rules[rules])]


def _divided(counts: Counter[str]) -> Iterator[tuple[tuple[str, ...], int]]:
    """All rules of a file at once or, where that is too much, in groups."""
    group: list[str] = []
    fixes = 0
    for rule in sorted(rule for rule, count in counts.items() if count <= MAX_FIXES):
        if group and fixes + counts[rule] > MAX_FIXES:
            yield tuple(group), fixes
            group, fixes = [], 0
        group.append(rule)
        fixes += counts[rule]
    if group:
        yield tuple(group), fixes


def _packed(rules: tuple[str, ...], files: Sequence[tuple[str, int]]) -> Iterator[Portion]:
    packed: list[str] = []
    total = 0
    for path, fixes in files:
        if packed and (len(packed) == MAX_FILES or total + fixes > MAX_FIXES):
            yield Portion(rules, tuple(packed), total)
            packed, total = [], 0
        packed.append(path)
        total += fixes
    if packed:
        yield Portion(rules, tuple(packed), total)
