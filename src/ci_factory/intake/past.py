"""Which files changed together, and how often each changed, by the project's last commits."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from ci_factory.intake.words import Likeness

HUGE = 30
"""A commit with more files tells of a sweep and not of what belongs together (Zimmermann et al., 2005, pass them over too)."""
SHRINK = 3.0
"""Commits without the other file that are added to those seen: once together in one commit is no certainty."""
ENOUGH = 30
"""Commits from which on the share of one file means something."""
_OFTEN = 0.05
"""Share of all commits from which on a file is expected in any change."""
_PARTNERS = 20
"""Files that are told for one file, the most frequent first."""


class Partner(NamedTuple):
    """A file that changed in the same commits as another."""

    path: str
    together: int
    """Commits with both."""
    of: int
    """Commits with the other."""

    @property
    def confidence(self) -> float:
        """Share of the other's commits that had this file too, shrunken towards none."""
        return self.together / (self.of + SHRINK)


@dataclass(frozen=True)
class Past:
    """The files of past commits, an inverted index over them, and answers that are kept."""

    commits: tuple[tuple[str, ...], ...] = ()
    """Files of each commit, newest first; merges and huge commits are not among them."""
    messages: tuple[str, ...] = ()
    """Of the same commits."""
    _known: dict[str, tuple[Partner, ...]] = field(default_factory=dict, compare=False, repr=False)
    _shares: dict[tuple[str, ...], tuple[float, ...]] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def of(cls, commits: Iterable[tuple[str, Sequence[str]]]) -> "Past":
        """From (message, files) of each commit, without those that are huge or empty."""
        kept = [(message, tuple(files)) for message, files in commits if 0 < len(files) <= HUGE]
        return cls(tuple(files for _, files in kept), tuple(message for message, _ in kept))

    @cached_property
    def likeness(self) -> Likeness:
        """Of the messages to other texts."""
        return Likeness(self.messages)

    @cached_property
    def by_file(self) -> Mapping[str, list[int]]:
        """File -> places of its commits."""
        found: dict[str, list[int]] = defaultdict(list)
        for place, files in enumerate(self.commits):
            for path in files:
                found[path].append(place)
        return dict(found)

    def share(self, path: str) -> float | None:
        """Share of the commits that touched a file, `None` when too few are known."""
        return len(self.by_file.get(path, ())) / len(self.commits) if len(self.commits) >= ENOUGH else None

    @cached_property
    def frequent(self) -> tuple[tuple[str, float], ...]:
        """(file, share of the commits) of those that at least one of twenty commits touched, the most frequent first."""
        if len(self.commits) < ENOUGH:
            return ()
        shares = ((path, len(places) / len(self.commits)) for path, places in self.by_file.items())
        return tuple(
            sorted((each for each in shares if each[1] >= _OFTEN), key=lambda each: (-each[1], each[0]))
        )

    def shares(self, files: tuple[str, ...]) -> tuple[float, ...]:
        """Share of each file in all past changes of some files, one change each added, so that none has none."""
        if files not in self._shares:
            changes = [1 + len(self.by_file.get(path, ())) for path in files]
            self._shares[files] = _parts(changes)
        return self._shares[files]

    def partners(self, path: str) -> tuple[Partner, ...]:
        """Files that changed with this one, the most frequent first."""
        if path not in self._known and path in self.by_file:
            self._known[path] = self._partners(path)
        return self._known.get(path, ())

    def _partners(self, path: str) -> tuple[Partner, ...]:
        places = self.by_file[path]
        counted = Counter(other for place in places for other in self.commits[place] if other != path)
        most = sorted(counted.items(), key=lambda each: (-each[1], each[0]))[:_PARTNERS]
        return tuple(Partner(other, number, len(places)) for other, number in most)


def _parts(numbers: Sequence[int]) -> tuple[float, ...]:
    total = sum(numbers)
    return tuple(number / total for number in numbers)
