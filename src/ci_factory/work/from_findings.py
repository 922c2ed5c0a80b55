"""Tickets from a repository's own findings: what ruff can mend safely, in reviewable portions, for the `autofix` agent."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import yaml

from ci_factory.errors import UsageError
from ci_factory.model.attempt import DiffStat
from ci_factory.model.ticket import Priority, Ticket
from ci_factory.system import records
from ci_factory.system.git import Git
from ci_factory.work import sizes
from ci_factory.work.agents import autofix_block
from ci_factory.work.agents.autofix_block import RuffFix
from ci_factory.work.ruff_findings import Findings, RuffScan

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


def tickets_from_findings(repo: Git, out: Path, limit: int | None = None) -> list[Path]:
    """Write a Markdown ticket for each portion of safe fixes at HEAD; returns the files, in order.

    The same commit and the same ruff give the same tickets. Tickets of an earlier call in `out` are replaced.

    Raises:
        UsageError: `out` holds something else.
        RepositoryError: HEAD can't be read.
        FactoryError: ruff is missing or failed.
    """
    earlier = _ours(out)
    with TemporaryDirectory(prefix="ci-factory-") as scratch:
        scan = RuffScan.of(repo, Path(scratch))
        tickets = list(_tickets(scan, limit))
    out.mkdir(parents=True, exist_ok=True)
    written = [_write(out, ticket) for ticket in tickets]
    for path in earlier:
        if path not in written:
            path.unlink()
    return written


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


def _tickets(scan: RuffScan, limit: int | None) -> Iterator[Ticket]:
    """Tickets whose fix really changes something, tried out on a copy."""
    numbers: Counter[str] = Counter()
    made = 0
    for portion in portions(scan.findings):
        if limit is not None and made >= limit:
            return
        job = RuffFix(
            tool="ruff", rules=portion.rules, files=portion.files, target_version=scan.target_version
        )
        diff = scan.preview(job)
        if not diff.files:
            continue
        made += 1
        numbers[portion.rules[0]] += 1
        yield _ticket(
            f"ruff-{portion.rules[0].lower()}-{numbers[portion.rules[0]]}", portion, job, diff, scan
        )


def _ticket(name: str, portion: Portion, job: RuffFix, diff: DiffStat, scan: RuffScan) -> Ticket:
    rules = ", ".join(portion.rules[:3]) + (" and others" if len(portion.rules) > 3 else "")  # noqa: PLR2004 - a title has room for three
    where = portion.files[0] if len(portion.files) == 1 else f"{len(portion.files)} files"
    return Ticket(
        id=name,
        title=f"Apply the safe fixes of ruff {rules} in {where}"[:255],
        body=_body(portion, job, scan),
        priority=Priority.LOW,
        complexity=sizes.measured(diff),
        files=portion.files,
        acceptance_criteria=(
            f"ruff finds nothing in the named files that it can mend safely for {', '.join(portion.rules)}",
            "no other file is changed",
        ),
        test_cases=("the existing tests pass unchanged",),
    )


def _body(portion: Portion, job: RuffFix, scan: RuffScan) -> str:
    rows = [
        f"- `{rule}` ({scan.names[rule]}): {scan.url(rule)}" if rule in scan.names else f"- `{rule}`"
        for rule in portion.rules
    ]
    count = f"About {portion.fixes} places." if portion.fixes > 1 else "One place."
    parts = ("ruff can mend these by itself, without changing what the code does:", "\n".join(rows), count)
    return "\n\n".join((*parts, autofix_block.render(job), MARK)) + "\n"


def _write(out: Path, ticket: Ticket) -> Path:
    path = out / f"{ticket.id}.md"
    fields = ticket.model_dump(mode="json", exclude={"body"}, exclude_defaults=True)
    matter = yaml.safe_dump(fields, sort_keys=False, allow_unicode=True, width=100)
    records.write_text(path, f"---\n{matter}---\n\n{ticket.body}")
    return path


def _ours(out: Path) -> list[Path]:
    """The tickets of an earlier call.

    Raises:
        UsageError: the folder holds anything else, or is none.
    """
    if not out.exists():
        return []
    if not out.is_dir():
        raise UsageError("is not a folder", where=str(out), fix="pass --out DIR")
    entries = sorted(out.iterdir())
    if foreign := [path for path in entries if not _is_ours(path)]:
        raise UsageError(
            f"holds {foreign[0].name}, which was not made here",
            where=str(out),
            fix="pass an empty or new folder",
        )
    return entries


def _is_ours(path: Path) -> bool:
    if path.suffix != ".md" or path.is_symlink() or not path.is_file():
        return False
    with path.open("rb") as stream:
        stream.seek(max(0, path.stat().st_size - len(MARK) - 2))
        return stream.read().strip() == MARK.encode()
