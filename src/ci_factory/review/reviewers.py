"""One named reviewer for a change: who owns it, divided by what already waits for them.

Ownership is asked for in this order, and the first answer with a person in it counts: reviewers that the configuration
requires for sensitive areas and by rules; CODEOWNERS, one point for each file owned; recent git authors, 1, 1/2, 1/3 … points a
file, newest first; the configuration's reviewers. Load is `1 + items + minutes / 15`, with what is assigned already and
SPEC's target of 15 minutes for a review.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from pathspec import GitIgnoreSpec

from ci_factory.config import Config
from ci_factory.review.subject import ReviewSubject

_TARGET_MINUTES = 15
_BOT_ENDINGS = ("[bot]", "-bot")


@dataclass(frozen=True)
class Choice:
    """A reviewer, `None` when nobody can be named, and why."""

    reviewer: str | None
    reason: str


@dataclass
class Desk:
    """What waits for whom, while the queue is handed out."""

    items: Counter[str] = field(default_factory=Counter)
    minutes: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))

    def load(self, reviewer: str) -> float:
        """At least 1."""
        return 1 + self.items[reviewer] + self.minutes[reviewer] / _TARGET_MINUTES

    def assign(self, reviewer: str, minutes: int) -> None:
        """Put one more item on a reviewer's desk."""
        self.items[reviewer] += 1
        self.minutes[reviewer] += minutes


def choose(subject: ReviewSubject, desk: Desk, config: Config) -> Choice:
    """The reviewer with the most ownership for their load; equals go by name."""
    for source, points in _claims(subject, config):
        people = {name: share for name, share in points.items() if _may_review(name, subject, config)}
        if people:
            best = min(people, key=lambda name: (-people[name] / desk.load(name), name))
            return Choice(best, f"{source.format(people[best])}; {_desk(desk, best)}")
    return Choice(
        None, "nobody can be named: add `review.reviewers` to .ci-factory.yml or owners to CODEOWNERS"
    )


def _claims(subject: ReviewSubject, config: Config) -> Iterator[tuple[str, Mapping[str, float]]]:
    """(why, with a place for the points; points by name) of each kind of ownership, strongest first."""
    yield "required for what it touches", _required(subject, config)
    owners = Counter(name for path in subject.files for name in _people(subject.owners.get(path, ())))
    yield f"owns {{:g}} of {len(subject.files)} files by CODEOWNERS", dict(owners)
    authors: defaultdict[str, float] = defaultdict(float)
    for path in subject.files:
        for place, name in enumerate(dict.fromkeys(subject.recent_authors.get(path, ())), start=1):
            authors[name] += 1 / place
    yield "changed these files recently", authors
    yield "reviews what nobody owns", dict.fromkeys(_people(config.review.reviewers), 1.0)


def _required(subject: ReviewSubject, config: Config) -> Mapping[str, float]:
    """Reviewers of sensitive areas and of rules that ask for one, a point for each area or rule."""
    asked = [(area.paths, area.reviewers) for area in config.sensitive]
    asked += [(rule.paths, rule.reviewers) for rule in config.rules if rule.action == "require_review"]
    points: Counter[str] = Counter()
    for paths, reviewers in asked:
        if reviewers and any(map(GitIgnoreSpec.from_lines(paths).match_file, subject.files)):
            points.update(_people(reviewers))
    return dict(points)


def _people(names: Iterable[str]) -> Iterator[str]:
    """Names without their `@`; groups (`@team/backend`) and roles (`@@maintainer`) are not one person."""
    for name in names:
        plain = name.removeprefix("@")
        if plain and not plain.startswith("@") and "/" not in plain:
            yield plain


def _may_review(name: str, subject: ReviewSubject, config: Config) -> bool:
    folded = name.casefold()
    excluded = {subject.author.casefold(), config.identity.name.casefold()}
    return folded not in excluded and not folded.endswith(_BOT_ENDINGS)


def _desk(desk: Desk, name: str) -> str:
    if not desk.items[name]:
        return "nothing else waits for them"
    return f"{desk.items[name]} more, {desk.minutes[name]} minutes, wait for them"
