"""Reads, once for all tickets of an intake, what history, code and CODEOWNERS tell about the files."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence

from ci_factory.intake import names, symbols
from ci_factory.intake.past import Past
from ci_factory.intake.surroundings import Owned, Surroundings
from ci_factory.intake.symbols import Uses
from ci_factory.intake.tree import Tree
from ci_factory.model.planning_settings import HotFiles
from ci_factory.model.prediction import Calibration
from ci_factory.model.ticket import Ticket
from ci_factory.review import codeowners
from ci_factory.review.codeowners import Rules
from ci_factory.system import git_reading
from ci_factory.system.git import Git

COMMITS = 2_000
"""Of the history, newest first."""
_CODEOWNERS = ("CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS")
"""GitLab's three places, in its order."""
_TRIALS = 2_000_000
"""Files x rules of CODEOWNERS up to which the owners of every file are looked up."""


def read(
    git: Git,
    tip: str,
    tree: Tree,
    tickets: Sequence[Ticket],
    *,
    calibration: Calibration,
    hot_files: HotFiles,
) -> Surroundings:
    """What is known at a commit; nothing is read when there is no ticket to tell it of."""
    if not tickets:
        return Surroundings()
    texts = [names.text_of(ticket) for ticket in tickets]
    return Surroundings(
        past=Past.of((each.message, each.files) for each in git_reading.committed(git, tip, COMMITS)),
        uses=_uses(git, tip, (names.prose(text, tree) for text in texts)),
        owned=_owned(git, tip, tree, texts),
        calibration=calibration,
        hot_files=hot_files,
    )


def _uses(git: Git, tip: str, texts: Iterable[str]) -> Uses:
    wanted = symbols.wanted(texts)
    return Uses.of(git_reading.matches(git, tip, symbols.expression(wanted))) if wanted else Uses()


def _owned(git: Git, tip: str, tree: Tree, texts: Iterable[str]) -> Owned:
    """Files of the owners and sections that some ticket names."""
    place = next((path for path in _CODEOWNERS if path in tree.files), None)
    if place is None:
        return Owned()
    rules = codeowners.parse(git.show(tip, place) or "")
    everything = "\n".join(texts)
    return Owned(
        _by_owner(rules, tree, _mentioned(rules, everything)), _by_section(rules, tree, everything.lower())
    )


def _mentioned(rules: Rules, text: str) -> set[str]:
    owners = {owner for each in rules.sections.values() for rule in each for owner in rule.owners}
    return {owner for owner in owners if owner in text}


def _by_owner(rules: Rules, tree: Tree, owners: Collection[str]) -> Mapping[str, tuple[str, ...]]:
    trials = len(tree.files) * sum(len(each) for each in rules.sections.values())
    found: dict[str, list[str]] = defaultdict(list)
    for path in tree.ordered if owners and trials <= _TRIALS else ():
        for owner in rules.owners(path):
            if owner in owners:
                found[owner].append(path)
    return {owner: tuple(paths) for owner, paths in found.items()}


def _by_section(rules: Rules, tree: Tree, text: str) -> Mapping[str, tuple[str, ...]]:
    return {
        name: tuple(
            sorted({path for rule in each for path in tree.matching(rule.pattern) if not rule.excludes})
        )
        for name, each in rules.sections.items()
        if name and name in text
    }
