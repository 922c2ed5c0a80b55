"""Commits that take others back, and which of these were taken back themselves. Pure."""

from typing import NamedTuple

from ci_factory.metrics import naming
from ci_factory.metrics.landings import Landing, Landings
from ci_factory.system.history import Logged


class Revert(NamedTuple):
    """A commit that says it takes something back."""

    commit: Logged
    landing: Landing
    commits: frozenset[str]
    """Whole names where the branch has them, else as they were written."""
    requests: frozenset[int]


def in_force(landings: Landings, project: str = "") -> list[Revert]:
    """Those that no later one takes back, which is itself in force; oldest first."""
    subjects = _Subjects(landings)
    taken: set[str] = set()
    taken_requests: set[int] = set()
    found = []
    for sha in sorted(landings.order, key=lambda each: -landings.order[each]):
        revert = _revert(landings, subjects, sha, project)
        if revert is None or _is_taken(revert, taken, taken_requests):
            continue
        found.append(revert)
        taken |= revert.commits
        taken_requests |= revert.requests
    return found[::-1]


def _is_taken(revert: Revert, commits: set[str], requests: set[int]) -> bool:
    step = revert.landing
    return bool({revert.commit.sha, step.commit.sha} & commits) or step.merge_request in requests


class _Subjects:
    """Where a revert has lost its body, its title names what it takes back: the last commit before it that is called so."""

    def __init__(self, landings: Landings) -> None:
        self._landings = landings
        self._named: dict[str, list[str]] = {}
        for sha in sorted(landings.order, key=lambda each: landings.order[each]):
            self._named.setdefault(landings.commits[sha].subject, []).append(sha)

    def before(self, subject: str, sha: str) -> str | None:
        order = self._landings.order
        earlier = [each for each in self._named.get(subject, ()) if order[each] < order[sha]]
        return earlier[-1] if earlier else None


def _revert(landings: Landings, subjects: _Subjects, sha: str, project: str) -> Revert | None:
    commit, landing = landings.commits[sha], landings.of(sha)
    named = naming.reverts(commit.message, project)
    if landing is None or not any(named):
        return None
    by_title = (subjects.before(subject, sha) for subject in named.subjects)
    told = (landings.named(short) or short.lower() for short in named.commits)
    every = frozenset(each for each in (*told, *by_title) if each)
    earlier = frozenset(each for each in every if landings.order.get(each, -1) < landings.order[sha])
    return Revert(commit, landing, earlier, named.requests)
