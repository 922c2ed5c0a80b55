"""What waits for whom while the queue is handed out, who is there, and who may review at all."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

from ci_factory.config import Config
from ci_factory.model.review import ReviewerDesk
from ci_factory.model.review_settings import bare
from ci_factory.review import working_time
from ci_factory.review.subject import ReviewSubject

TARGET_MINUTES = 15
"""SPEC's target for one review."""
_BOT_ENDINGS = ("[bot]", "-bot")


@dataclass(frozen=True)
class Absence:
    """Somebody is away."""

    back: datetime | None
    """Their next working moment; `None`: not in sight."""
    words: str


@dataclass
class Desks:
    """Everybody's desk at one moment. Names are compared as forges do, without case."""

    config: Config
    now: datetime
    strangers: Collection[str] = ()
    """Names that nobody with a role in the project has."""
    items: Counter[str] = field(default_factory=Counter)
    merge_requests: Counter[str] = field(default_factory=Counter)
    minutes: Counter[str] = field(default_factory=Counter)
    _away: dict[str, Absence | None] = field(default_factory=dict)
    _names: dict[str, str] = field(default_factory=dict)

    def load(self, name: str) -> float:
        """At least 1: `1 + items + minutes / 15`."""
        return 1 + self.items[bare(name)] + self.minutes[bare(name)] / TARGET_MINUTES

    def assign(self, name: str, minutes: int, *, merge_request: bool = True) -> None:
        """Put one more item on somebody's desk."""
        key = bare(name)
        self._names.setdefault(key, name)
        self.items[key] += 1
        self.minutes[key] += minutes
        self.merge_requests[key] += merge_request

    def full(self, name: str) -> bool:
        """Whether somebody has as many open merge requests as they may get."""
        limit = self.config.review.limit(name)
        return limit is not None and self.merge_requests[bare(name)] >= limit

    def away(self, name: str) -> Absence | None:
        """Whether somebody is absent at their next usual working moment."""
        key = bare(name)
        if key not in self._away:
            self._away[key] = self._absence(name)
        return self._away[key]

    def may_review(self, name: str, subject: ReviewSubject) -> bool:
        """Not the author of the change, ourselves or another program."""
        key = bare(name)
        excluded = {bare(subject.author), bare(self.config.identity.name)}
        return key not in excluded and not key.endswith(_BOT_ENDINGS)

    def hindrance(self, name: str, *, merge_request: bool, required: bool = False) -> str:
        """Why somebody who may review does not get one more, empty when they do."""
        if bare(name) in self.strangers:
            return "no member of the project"
        if absence := self.away(name):
            return absence.words
        if merge_request and not required and self.full(name):
            return f"{self.merge_requests[bare(name)]} open, limit {self.config.review.limit(name)}"
        return ""

    def words(self, name: str) -> str:
        """What waits for somebody already."""
        key = bare(name)
        if not self.items[key]:
            return "nothing else waits for them"
        return f"{self.items[key]} more, {self.minutes[key]} minutes, wait for them"

    def tell(self) -> tuple[ReviewerDesk, ...]:
        """Everybody with something to do, who is configured as a reviewer, or who is absent; by name."""
        settings = self.config.review
        named = {bare(name): name.removeprefix("@") for name in settings.reviewers if "/" not in name}
        gone = {bare(name): name.removeprefix("@") for name in settings.people if self.away(name)}
        return tuple(self._desk(key, name) for key, name in sorted({**gone, **named, **self._names}.items()))

    def _desk(self, key: str, name: str) -> ReviewerDesk:
        absence = self.away(name)
        return ReviewerDesk(
            name=name,
            items=self.items[key],
            merge_requests=self.merge_requests[key],
            minutes=self.minutes[key],
            max_open=self.config.review.limit(name),
            absent=absence is not None,
            back=absence.back if absence else None,
        )

    def _absence(self, name: str) -> Absence | None:
        who = working_time.calendar(self.config.review, name)
        usual = working_time.next_moment(who.without_absences(), self.now)
        there = working_time.next_moment(who, self.now)
        if usual == there:
            return None
        until = f"back {there.astimezone(who.zone):%Y-%m-%d}" if there else "not back in sight"
        return Absence(there, f"absent, {until}")
