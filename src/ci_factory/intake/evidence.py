"""What speaks for files: each item names one file, one kind of evidence, and the weight of it."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from ci_factory.intake import names, symbols
from ci_factory.intake.surroundings import Surroundings
from ci_factory.intake.tree import Tree
from ci_factory.intake.words import in_paths, words
from ci_factory.model import globs
from ci_factory.model.prediction import EvidenceKind
from ci_factory.model.text import plain
from ci_factory.model.ticket import Ticket

WEIGHTS = {
    EvidenceKind.GIVEN: 0.9,
    EvidenceKind.NAMED: 0.7,
    EvidenceKind.WITHIN: 0.6,
    EvidenceKind.STEM: 0.4,
    EvidenceKind.DEFINES: 0.4,
    EvidenceKind.MENTIONS: 0.2,
    EvidenceKind.WORDS: 0.2,
    EvidenceKind.ALIKE: 0.4,
    EvidenceKind.OWNED: 0.3,
    EvidenceKind.TEST: 0.5,
    EvidenceKind.TOGETHER: 1.0,
    EvidenceKind.FREQUENT: 0.5,
}
"""Priors. Of a group of files (a pattern, the users of a name) two are expected, so one gets `weight x min(1, 2 x share)`,
its share being that of the group's past changes. A test and a file that changed together get the other file's probability
times the weight, the latter also times the share of common commits."""
_GROUP = 2
"""Files of a group that are expected to be touched."""
_MAX_GROUP = 200
"""Files of a pattern that are looked at; one that matches more tells nothing about each."""
_MAX_PATTERNS = 50
"""Entries of the ticket's list that are looked up, as each may be a pattern."""
_MAX_PATH = 1_000
_MAX_FREQUENT = 20
_COMMITS_ALIKE = 20
"""Past commits whose message is compared with success."""
_SHOWN_WORDS = 5
_SHOWN_TITLE = 80


class Item(NamedTuple):
    """One thing that speaks for one file."""

    path: str
    kind: EvidenceKind
    weight: float
    why: str


def direct(ticket: Ticket, tree: Tree, known: Surroundings) -> Iterator[Item]:
    """What the ticket itself says of files."""
    text = names.text_of(ticket)
    for pattern in _listed(ticket):
        yield from _meant(pattern, EvidenceKind.GIVEN, "is in the ticket's list of files", tree, known)
    for pattern, why in names.paths(text, tree):
        kind = EvidenceKind.WITHIN if globs.is_glob(pattern) else EvidenceKind.NAMED
        yield from _meant(pattern, kind, why, tree, known)
    for path, why in names.stems(text, tree):
        yield Item(path, EvidenceKind.STEM, WEIGHTS[EvidenceKind.STEM], why)
    prose = names.prose(text, tree)
    yield from _used(symbols.symbols(prose), tree, known)
    yield from _worded(prose, tree, known)
    yield from _alike(text, tree, known)
    for owner, files in known.owned.named_in(text):
        yield from _group(files, EvidenceKind.OWNED, f"belongs to {owner}, which the ticket names", known)


def _worded(text: str, tree: Tree, known: Surroundings) -> Iterator[Item]:
    """Files with words of the text in their path; several words are combined as kinds are."""
    shares: dict[str, float] = defaultdict(float)
    said: dict[str, list[str]] = defaultdict(list)
    found = in_paths(tree.files)
    for word in words(text):
        for path, one in _weighed(found.get(word, ()), EvidenceKind.WORDS, known):
            shares[path] = 1 - (1 - shares[path]) * (1 - one)
            said[path].append(word)
    for path, weight in shares.items():
        yield Item(
            path, EvidenceKind.WORDS, weight, f"has `{', '.join(said[path][:_SHOWN_WORDS])}` in its path"
        )


def _alike(text: str, tree: Tree, known: Surroundings) -> Iterator[Item]:
    for place, likeness in known.past.likeness.to(text, _COMMITS_ALIKE):
        why = f"changed with “{plain(known.past.messages[place].partition(chr(10))[0], _SHOWN_TITLE)}”, which reads alike"
        for path in known.past.commits[place]:
            if path in tree.files:
                yield Item(path, EvidenceKind.ALIKE, WEIGHTS[EvidenceKind.ALIKE] * likeness, why)


def _listed(ticket: Ticket) -> tuple[str, ...]:
    """The entries of the ticket's list: all paths that can be one, and the first patterns."""
    cleaned = [text for text in dict.fromkeys(map(globs.clean, ticket.files)) if 0 < len(text) <= _MAX_PATH]
    wild = [text for text in cleaned if globs.is_glob(text)]
    return (*(text for text in cleaned if not globs.is_glob(text)), *wild[:_MAX_PATTERNS])


def _meant(pattern: str, kind: EvidenceKind, why: str, tree: Tree, known: Surroundings) -> Iterator[Item]:
    """The files that a path or pattern stands for; a path need not exist yet."""
    if pattern in tree.files or not globs.is_glob(pattern):
        yield Item(pattern, kind, WEIGHTS[kind], why)
    else:
        why = f"matches `{pattern}`: {why}" if kind is EvidenceKind.GIVEN else f"`{pattern}` {why}"
        yield from _group(tree.matching(pattern), kind, why, known)


def _used(wanted: Sequence[str], tree: Tree, known: Surroundings) -> Iterator[Item]:
    for name in wanted:
        defined = known.uses.defined.get(name, ())
        users = tuple(path for path in known.uses.used.get(name, ()) if path not in defined)
        yield from _group(_there(defined, tree), EvidenceKind.DEFINES, f"defines `{name}`", known)
        yield from _group(_there(users, tree), EvidenceKind.MENTIONS, f"uses `{name}`", known)


def _group(files: Sequence[str], kind: EvidenceKind, why: str, known: Surroundings) -> Iterator[Item]:
    """Some of many files that are meant together."""
    yield from (Item(path, kind, weight, why) for path, weight in _weighed(files, kind, known))


def _weighed(files: Sequence[str], kind: EvidenceKind, known: Surroundings) -> Iterator[tuple[str, float]]:
    """(file, weight) of a group: the more files the less for each, and more for those that changed more often."""
    if 0 < len(files) <= _MAX_GROUP:
        for path, share in zip(files, known.past.shares(tuple(files)), strict=True):
            yield path, WEIGHTS[kind] * min(1.0, _GROUP * share)


def following(sources: Mapping[str, float], tree: Tree, known: Surroundings) -> Iterator[Item]:
    """What comes along with the files that the ticket speaks of; with a hot one anything does, so nothing follows from it."""
    for path, probability in sources.items():
        if known.is_hot(path):
            continue
        for test in tree.tests_of(path):
            weight = probability * WEIGHTS[EvidenceKind.TEST]
            yield Item(test, EvidenceKind.TEST, weight, f"is the test of {path}")
        for partner in known.past.partners(path):
            if partner.path in tree.files:
                weight = probability * WEIGHTS[EvidenceKind.TOGETHER] * partner.confidence
                why = f"changed in {partner.together} of the {partner.of} commits that touched {path}"
                yield Item(partner.path, EvidenceKind.TOGETHER, weight, why)


def frequent(tree: Tree, known: Surroundings) -> Iterator[Item]:
    """What changes with many commits, and so perhaps with this ticket."""
    for path, share in known.past.frequent[:_MAX_FREQUENT]:
        if path in tree.files:
            weight = share * WEIGHTS[EvidenceKind.FREQUENT]
            yield Item(path, EvidenceKind.FREQUENT, weight, f"changes in {share:.0%} of all commits")


def _there(files: Iterable[str], tree: Tree) -> tuple[str, ...]:
    return tuple(path for path in files if path in tree.files)
