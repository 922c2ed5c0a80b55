"""Tickets for our upgrade rules and for patch releases. Pure."""

from collections import Counter
from collections.abc import Iterator

from ci_factory.model.attempt import DiffStat
from ci_factory.model.ticket import Priority, Size, Ticket
from ci_factory.work import sizes
from ci_factory.work.agents import autofix_block, autofix_semgrep
from ci_factory.work.agents.autofix_block import DependencyBumps, SemgrepFix
from ci_factory.work.agents.autofix_dependencies import Bump
from ci_factory.work.portions import MARK, MAX_FILES, Portion, portions
from ci_factory.work.ruff_findings import Findings
from ci_factory.work.upgrade_findings import Releases

_CRITERION = "the existing tests pass unchanged"


def by_rules(findings: Findings) -> Iterator[Ticket]:
    """One for each portion; the rules replace names alone."""
    numbers: Counter[str] = Counter()
    for portion in portions(findings):
        numbers[portion.rules[0]] += 1
        yield _upgrade(f"upgrade-{portion.rules[0]}-{numbers[portion.rules[0]]}", portion)


def _upgrade(name: str, portion: Portion) -> Ticket:
    job = SemgrepFix(tool="semgrep", rules=portion.rules, files=portion.files)
    rows = "\n".join(f"- `{rule}`: {autofix_semgrep.pack()[rule]['message']}" for rule in portion.rules)
    where = portion.files[0] if len(portion.files) == 1 else f"{len(portion.files)} files"
    size = sizes.measured(DiffStat(files=portion.files, added=portion.fixes, removed=portion.fixes))
    return Ticket(
        id=name,
        title=f"Replace names that are gone in {where}"[:255],
        body=f"Only the names are replaced:\n\n{rows}\n\n{autofix_block.render(job)}\n\n{MARK}\n",
        priority=Priority.LOW,
        complexity=size,
        files=portion.files,
        acceptance_criteria=("none of the named rules finds anything in the named files",),
        test_cases=(_CRITERION,),
    )


def by_release(releases: Releases) -> Iterator[Ticket]:
    """One for each manifest and at most five names."""
    by_path: dict[str, list[Bump]] = {}
    for bump in releases.bumps:
        by_path.setdefault(bump.pin.path, []).append(bump)
    numbers = iter(range(1, len(releases.bumps) + 1))
    for path, bumps in by_path.items():
        for start in range(0, len(bumps), MAX_FILES):
            yield _release(f"patch-releases-{next(numbers)}", path, bumps[start : start + MAX_FILES])


def _release(name: str, path: str, bumps: list[Bump]) -> Ticket:
    names = tuple(dict.fromkeys(bump.pin.name for bump in bumps))
    job = DependencyBumps(tool="dependencies", files=(path,), names=names)
    rows = "\n".join(f"- `{each.pin.name}` from {each.pin.version} to {each.to} or newer" for each in bumps)
    return Ticket(
        id=name,
        title=f"Take patch releases of {', '.join(names[:3])} in {path}"[:255],
        body=f"Patch releases of what is pinned:\n\n{rows}\n\n{autofix_block.render(job)}\n\n{MARK}\n",
        priority=Priority.LOW,
        complexity=Size.TRIVIAL if len(bumps) < 5 else Size.SMALL,  # noqa: PLR2004 - two lines each, below ten
        files=(path,),
        acceptance_criteria=(
            "each of the named packages has its newest patch release",
            "no other version changes",
        ),
        test_cases=(_CRITERION,),
    )
