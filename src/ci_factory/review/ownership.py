"""Who may be asked about a change: what sensitive areas and rules require, and what people own. Pure.

Ownership in its order, strongest first: CODEOWNERS, one point for each file owned; recent git authors, 1, 1/2, 1/3 … points
a file, newest first; the configuration's reviewers.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from pathspec import GitIgnoreSpec

from ci_factory.config import Config
from ci_factory.model.review_settings import ReviewConfig
from ci_factory.review.subject import ReviewSubject


@dataclass(frozen=True)
class Requirement:
    """A touched area or rule, of whose reviewers one has to look."""

    what: str
    reviewers: tuple[str, ...]
    """People; none when what the configuration names are groups whose members nobody listed."""
    named: tuple[str, ...]
    """As the configuration writes them."""


@dataclass(frozen=True)
class Claim:
    """One kind of ownership."""

    words: str
    """With a place for the points."""
    points: Mapping[str, float]
    """By name."""


def requirements(subject: ReviewSubject, config: Config) -> tuple[Requirement, ...]:
    """One for each sensitive area and each `require_review` rule that the change touches and that names reviewers."""
    asked = [(f"{area.category} area", area.paths, area.reviewers) for area in config.sensitive]
    asked += [
        ("rule", rule.paths, rule.reviewers) for rule in config.rules if rule.action == "require_review"
    ]
    return tuple(
        Requirement(f"{kind} {paths[0]}", tuple(persons(named, config.review)), named)
        for kind, paths, named in asked
        if named and any(map(_spec(paths).match_file, subject.files))
    )


@lru_cache(maxsize=256)
def _spec(paths: tuple[str, ...]) -> GitIgnoreSpec:
    return GitIgnoreSpec.from_lines(paths)


def claims(subject: ReviewSubject, config: Config) -> Iterator[Claim]:
    """Each kind of ownership, strongest first."""
    owners = Counter(
        name for path in subject.files for name in persons(subject.owners.get(path, ()), config.review)
    )
    yield Claim(f"owns {{:g}} of {len(subject.files)} files by CODEOWNERS", dict(owners))
    authors: defaultdict[str, float] = defaultdict(float)
    for path in subject.files:
        for place, name in enumerate(dict.fromkeys(subject.recent_authors.get(path, ())), start=1):
            authors[name] += 1 / place
    yield Claim("changed these files recently", authors)
    reviewers = persons(config.review.reviewers, config.review)
    yield Claim("reviews what nobody owns", dict.fromkeys(reviewers, 1.0))


def everybody(subject: ReviewSubject, config: Config) -> Iterator[str]:
    """Whoever might be named for the change, some more than once."""
    for requirement in requirements(subject, config):
        yield from requirement.reviewers
    for claim in claims(subject, config):
        yield from claim.points


def persons(names: Iterable[str], settings: ReviewConfig) -> Iterator[str]:
    """Names without their `@`, each once; a group is its configured members, roles (`@@maintainer`) are nobody."""
    found: dict[str, None] = {}
    for name in names:
        plain = name.removeprefix("@")
        members = settings.members(plain)
        if members:
            found.update(dict.fromkeys(member.removeprefix("@") for member in members))
        elif plain and not plain.startswith("@") and "/" not in plain:
            found[plain] = None
    yield from found
