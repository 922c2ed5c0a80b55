"""Tickets from a repository's own findings: what ruff can mend safely, in reviewable portions, for the `autofix` agent."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from tempfile import TemporaryDirectory

import yaml

from ci_factory.errors import UsageError
from ci_factory.model.attempt import DiffStat
from ci_factory.model.ticket import Priority, Ticket
from ci_factory.system import records
from ci_factory.system.git import Git
from ci_factory.work import sizes, upgrade_tickets
from ci_factory.work.agents import autofix_block
from ci_factory.work.agents.autofix_block import RuffFix
from ci_factory.work.portions import MARK, Portion, portions
from ci_factory.work.ruff_findings import RuffScan
from ci_factory.work.upgrade_findings import Releases, patch_releases, upgrades


@dataclass(frozen=True)
class Written:
    """The tickets that were written, in order, and what could not be asked."""

    paths: list[Path]
    silent: tuple[str, ...] = ()


def tickets_from_findings(
    repo: Git, out: Path, limit: int | None = None, *, offline: bool = False
) -> Written:
    """Write a Markdown ticket for each portion of safe fixes at HEAD: by ruff, by our upgrade rules, by patch releases.

    The same commit, tools and index give the same tickets. Tickets of an earlier call in `out` are replaced. With
    `offline` no package index is asked.

    Raises:
        UsageError: `out` holds something else.
        RepositoryError: HEAD can't be read.
        FactoryError: ruff is missing or failed.
    """
    earlier = _ours(out)
    with TemporaryDirectory(prefix="ci-factory-") as scratch:
        scan = RuffScan.of(repo, Path(scratch))
        fixes = chain(_tickets(scan), upgrade_tickets.by_rules(upgrades(scan.folder, Path(scratch))))
        tickets = list(islice(fixes, limit))
    releases = Releases(()) if offline or len(tickets) == limit else patch_releases(repo)
    tickets += islice(upgrade_tickets.by_release(releases), None if limit is None else limit - len(tickets))
    out.mkdir(parents=True, exist_ok=True)
    written = [_write(out, ticket) for ticket in tickets]
    for path in earlier:
        if path not in written:
            path.unlink()
    return Written(written, releases.silent)


def _tickets(scan: RuffScan) -> Iterator[Ticket]:
    """Tickets whose fix really changes something, tried out on a copy."""
    numbers: Counter[str] = Counter()
    for portion in portions(scan.findings):
        job = RuffFix(
            tool="ruff", rules=portion.rules, files=portion.files, target_version=scan.target_version
        )
        diff = scan.preview(job)
        if not diff.files:
            continue
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
