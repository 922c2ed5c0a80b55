"""Who is a person, and what people spent on a merge request."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from ci_factory.forge.protocol import Forge
from ci_factory.metrics.statistics import sessions
from ci_factory.model.collecting import MergeRequestRecord
from ci_factory.model.forge import ForgeEvent, Note, Role
from ci_factory.model.metrics_settings import MetricsConfig

_MINUTE = 60.0


@dataclass
class People:
    """What the forge says about users, asked for once each. The factory's own user and bots are nobody."""

    forge: Forge
    _persons: dict[str, bool] = field(default_factory=dict)
    _roles: dict[str, Role | None] = field(default_factory=dict)

    def is_person(self, user: str) -> bool:
        """Whether a name is a person's; a user that the forge does not name is nobody."""
        if user not in self._persons:
            self._persons[user] = bool(user) and user != self.forge.user and not self.forge.is_bot(user)
        return self._persons[user]

    def may_answer(self, user: str, least: Role) -> bool:
        """Whether a person's role is at least this one, so that their reply to a question counts."""
        if not self.is_person(user):
            return False
        if user not in self._roles:
            self._roles[user] = self.forge.role_of(user)
        role = self._roles[user]
        return role is not None and role.rank >= least.rank

    def notes(self, notes: Iterable[Note]) -> list[Note]:
        """Those by people."""
        return [note for note in notes if self.is_person(note.author)]

    def events(self, events: Iterable[ForgeEvent]) -> list[ForgeEvent]:
        """What people did."""
        return [event for event in events if self.is_person(event.user)]

    def seconds_spent(self, record: MergeRequestRecord, settings: MetricsConfig) -> tuple[float | None, bool]:
        """What people spent on it, and whether they recorded that themselves; `None` while nobody left a trace.

        What is not recorded is estimated from sessions: notes, reviews, pushes and decisions, person by person.
        """
        if record.seconds_spent is not None:
            return float(record.seconds_spent), True
        traces = self._traces(record)
        if not traces:
            return None, False
        minutes = sessions.minutes(traces, settings.session_gap_minutes, settings.session_minutes)
        return minutes * _MINUTE, False

    def _traces(self, record: MergeRequestRecord) -> Mapping[str, list[datetime]]:
        found: dict[str, list[datetime]] = defaultdict(list)
        for note in self.notes(record.notes):
            found[note.author].append(note.created_at)
        for event in self.events(record.events):
            found[event.user].append(event.at)
        return found
