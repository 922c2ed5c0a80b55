"""How commits came into a branch: each state of the branch brought some. Pure."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ci_factory.system.history import Logged

_SEE = re.compile(r"^See merge request (?P<path>[\w./-]*)!(?P<iid>\d{1,10})\s*$", re.MULTILINE)
_LEAST_DIGITS = 7


@dataclass(frozen=True)
class Landing:
    """One step of the branch: the commit that it moved to, and every commit that came with it."""

    place: int
    """In the order of the steps."""
    commit: Logged
    brought: frozenset[str]
    """Names of the commits, the step's own included."""
    at: float
    """When, in seconds since the epoch: no step is later than those that follow it, whatever a clock said."""

    @property
    def merge_request(self) -> int | None:
        """Which merge request a merge says it is of; only its own words."""
        found = _SEE.findall(self.commit.message) if len(self.commit.parents) > 1 else []
        return int(found[-1][1]) if found else None


class Landings:
    """The steps of a branch, oldest first, and which of them brought a commit."""

    def __init__(self, log: Sequence[Logged], chain: Iterable[str]) -> None:
        """`log`: its commits, parents first, as far back as they matter; `chain`: its first parents, newest first."""
        self.commits = {each.sha: each for each in log}
        self.order = {each.sha: place for place, each in enumerate(log)}
        self._names = sorted(self.commits)
        states = [sha for sha in chain if sha in self.commits][::-1]
        self.steps = _steps(states, self.commits)
        self._moments = [step.at for step in self.steps]
        self._step_of = {sha: step for step in self.steps for sha in step.brought}

    def of(self, sha: str) -> Landing | None:
        """The step that brought a commit; `None` when the branch does not have it, or had it before."""
        return self._step_of.get(sha)

    def named(self, short: str) -> str | None:
        """The one commit whose name begins like this; `None` when there is none, or several."""
        if len(short) < _LEAST_DIGITS:
            return None
        low = short.lower()
        place = bisect_left(self._names, low)
        found = [name for name in self._names[place : place + 2] if name.startswith(low)]
        return found[0] if len(found) == 1 else None

    def last_by(self, moment: float) -> Landing | None:
        """The newest step that was there at a moment."""
        place = bisect_right(self._moments, moment)
        return self.steps[place - 1] if place else None


def _steps(states: Sequence[str], commits: dict[str, Logged]) -> list[Landing]:
    moments: list[float] = []
    latest = float("inf")
    for sha in reversed(states):
        latest = min(latest, commits[sha].at)
        moments.append(latest)
    moments.reverse()
    seen: set[str] = set()
    return [
        Landing(place, commits[sha], _brought(sha, commits, seen), moments[place])
        for place, sha in enumerate(states)
    ]


def _brought(state: str, commits: dict[str, Logged], seen: set[str]) -> frozenset[str]:
    """What this state has and no earlier one had; `seen` grows by it."""
    found, waiting = set(), [state]
    while waiting:
        sha = waiting.pop()
        if sha in seen or sha not in commits:
            continue
        seen.add(sha)
        found.add(sha)
        waiting += commits[sha].parents
    return frozenset(found)
