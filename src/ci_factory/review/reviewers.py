"""One named reviewer for a change: who has to look or owns it, divided by what already waits for them.

Reviewers that the configuration requires for the sensitive areas and rules a change touches come first, as each of these
needs one of its own; then ownership, and the first kind with a person in it counts. Somebody who is absent, or has as
many open merge requests as they may get, is passed over. Whom the forge names already stays, unless they are away for
longer than the time limit, or a person asks for somebody else.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from ci_factory.config import Config
from ci_factory.model.review import NeededReviewer
from ci_factory.model.review_settings import bare
from ci_factory.review.desks import Desks
from ci_factory.review.ownership import Requirement, claims, requirements
from ci_factory.review.subject import ReviewSubject

_NOBODY = "nobody can be named: add `review.reviewers` to .ci-factory.yml or owners to CODEOWNERS"
_NOBODY_LEFT = (
    "nobody is left ({}): name a reviewer by hand, add to `review.reviewers`, or raise `review.max_open`"
)
_TOLD = 5
"""People passed over who are told by name."""


@dataclass(frozen=True)
class Choice:
    """A reviewer, `None` when nobody can be named, and why."""

    reviewer: str | None
    reason: str
    also_needed: tuple[NeededReviewer, ...] = ()


def moved(subject: ReviewSubject, desks: Desks, due: datetime) -> str | None:
    """Why whom the forge names does not stay the reviewer; empty when they stay, `None` when it names nobody.

    `due` is the end of the time limit on that person's clock.
    """
    name = subject.reviewer
    if name is None:
        return None
    if subject.reassign:
        return f"somebody else than {name} was asked for"
    if not desks.may_review(name, subject):
        return f"{name} may not review their own change"
    absence = desks.away(name)
    if absence and (absence.back is None or absence.back > due):
        return f"was {name}'s, who is {absence.words}, after the time limit"
    return ""


def choose(subject: ReviewSubject, desks: Desks, config: Config, why_moved: str | None = None) -> Choice:
    """The reviewer of a change, and further ones that it needs. `why_moved` is what `moved` says; equals go by name."""
    asked, people = requirements(subject, config), _People(subject, desks)
    if subject.reviewer is not None and why_moved == "":
        stays = subject.reviewer
        return Choice(stays, _stays(stays, desks), tuple(_further(people, asked, stays)))
    named, reason = _newly(people, asked, config)
    if (
        named is None
        and subject.reassign
        and subject.reviewer
        and desks.may_review(subject.reviewer, subject)
    ):
        named, reason = subject.reviewer, f"{reason}; until then {subject.reviewer} stays"
    reason = f"{why_moved}; {reason}" if why_moved else reason
    return Choice(named, reason, tuple(_further(people, asked, named)))


@dataclass
class _People:
    """Who gets a change, of several; remembers who was passed over."""

    subject: ReviewSubject
    desks: Desks
    passed_over: dict[str, str] = field(default_factory=dict)

    def best(self, points: Mapping[str, float], *, required: bool = False) -> str | None:
        """Most points for their load; who is required gets it over their limit too, when nobody else is there."""
        able = [name for name in points if self._may(name, required=required)]
        full = {name: required and self.is_full(name) for name in able}
        return min(
            able, key=lambda name: (full[name], -points[name] / self.desks.load(name), name), default=None
        )

    def is_full(self, name: str) -> bool:
        """Whether they have as many merge requests as they may get, and this is one more."""
        return self.subject.merge_request is not None and self.desks.full(name)

    def told(self) -> str:
        """Who was passed over, and why."""
        words = [f"{name}: {why}" for name, why in sorted(self.passed_over.items()) if not self._was(name)]
        more = len(words) - _TOLD
        return "; ".join([*words[:_TOLD], f"and {more} more"] if more > 0 else words)

    def _was(self, name: str) -> bool:
        """Whether the change was theirs, which is told apart from who was passed over."""
        return self.subject.reviewer is not None and bare(name) == bare(self.subject.reviewer)

    def _may(self, name: str, *, required: bool) -> bool:
        if not self.desks.may_review(name, self.subject):
            return False
        is_change = self.subject.merge_request is not None
        why = self.desks.hindrance(name, merge_request=is_change, required=required)
        if self.subject.reassign and self._was(name):
            why = "handed over"
        if why:
            self.passed_over[name] = why
        return not why


def _stays(name: str, desks: Desks) -> str:
    absence = desks.away(name)
    return f"named on the merge request{f'; {absence.words}, before the time limit' if absence else ''}"


def _newly(people: _People, asked: Sequence[Requirement], config: Config) -> tuple[str | None, str]:
    open_ones = [each for each in asked if not _approved(people.subject, each)]
    name = people.best(_points(open_ones), required=True)
    if name is not None:
        words = f"required for {_areas(each for each in open_ones if _covers(each, name))}"
        full = f"; over their limit of {config.review.limit(name)}, as nobody else may"
        return name, _words(people, name, words) + (full if people.is_full(name) else "")
    for claim in claims(people.subject, config):
        owner = people.best(claim.points)
        if owner is not None:
            return owner, _words(people, owner, claim.words.format(claim.points[owner]))
    return None, _NOBODY_LEFT.format(people.told() or "nobody else") if people.passed_over else _NOBODY


def _words(people: _People, name: str, why: str) -> str:
    passed = people.told()
    return f"{why}; {people.desks.words(name)}{f'; passed over {passed}' if passed else ''}"


def _further(people: _People, asked: Sequence[Requirement], named: str | None) -> Iterator[NeededReviewer]:
    """One person for each requirement that neither the named reviewer nor an approval meets; as few as will do."""
    left = [each for each in asked if not _approved(people.subject, each) and not _covers(each, named)]
    while left:
        name = people.best(_points(left), required=True)
        if name is None:
            break
        yield NeededReviewer(
            name=name, reason=f"required for {_areas(each for each in left if _covers(each, name))}"
        )
        left = [each for each in left if not _covers(each, name)]
    for each in left:
        yield NeededReviewer(name=None, reason=f"required for {each.what}: {_nobody_there(people, each)}")


def _nobody_there(people: _People, requirement: Requirement) -> str:
    if not requirement.reviewers:
        return f"nobody of {', '.join(requirement.named[:_TOLD])} is known, add members to `review.groups`"
    hindered = people.passed_over
    why = [f"{name} {hindered.get(name, 'may not review it')}" for name in requirement.reviewers[:_TOLD]]
    return f"{', '.join(why)}; name another reviewer for it in the configuration, or wait"


def _points(asked: Iterable[Requirement]) -> dict[str, float]:
    points: dict[str, float] = {}
    for requirement in asked:
        for name in requirement.reviewers:
            points[name] = points.get(name, 0) + 1
    return points


def _covers(requirement: Requirement, name: str | None) -> bool:
    return name is not None and bare(name) in map(bare, requirement.reviewers)


def _approved(subject: ReviewSubject, requirement: Requirement) -> bool:
    return any(_covers(requirement, approval.user) for approval in subject.approvals)


def _areas(asked: Iterable[Requirement]) -> str:
    return " and ".join(each.what for each in asked)
