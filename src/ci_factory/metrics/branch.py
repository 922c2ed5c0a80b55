"""The default branch with the factory's merged changes on it: which commits are whose. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import takewhile

from ci_factory.metrics.facts import AttemptFact, MergeRequestFact
from ci_factory.metrics.landings import Landing, Landings
from ci_factory.metrics.reverting import Revert, in_force
from ci_factory.model import trailers
from ci_factory.system.history import Logged

_MOST_COMMITS = 100
"""Of one fast-forward."""


@dataclass(frozen=True)
class Change:
    """A merged change that is on the branch."""

    request: MergeRequestFact
    landed: str
    """The commit that its merge made, or its head after a fast-forward."""
    landing: Landing
    commits: frozenset[str]
    """On the branch, and its own: neither of what it was stacked on nor of what was stacked on it."""
    aliases: frozenset[str]
    """Commits of its branch that a squash or rebase left behind."""

    @property
    def merged(self) -> float:
        """When, in seconds since the epoch."""
        return self.request.merged_at.timestamp() if self.request.merged_at else self.landing.at

    @property
    def generation(self) -> str | None:
        """What its trailers call it."""
        return f"{self.request.batch}/{self.request.ticket}" if self.request.batch else None


@dataclass(frozen=True)
class Branch:
    """The default branch, with the factory's changes on it."""

    landings: Landings
    changes: Sequence[Change]
    project: str = ""
    """Path of the project, for references that name one."""

    @cached_property
    def reverts(self) -> list[Revert]:
        """Those that nobody took back."""
        return in_force(self.landings, self.project)

    @cached_property
    def of_commit(self) -> dict[str, list[Change]]:
        """Name of a commit, whether it is on the branch or was left behind -> the changes that it is part of."""
        found: dict[str, list[Change]] = {}
        for change in self.changes:
            for sha in change.commits | change.aliases:
                found.setdefault(sha, []).append(change)
        return found

    @cached_property
    def of_request(self) -> dict[int, Change]:
        """Number of a merge request -> its change."""
        return {change.request.iid: change for change in self.changes}

    @cached_property
    def by_generation(self) -> dict[str, Change]:
        """What trailers call it -> the change."""
        return {change.generation: change for change in self.changes if change.generation}

    @cached_property
    def by_subject(self) -> dict[str, list[Change]]:
        """First line of a commit -> the changes that have such a commit."""
        found: dict[str, list[Change]] = {}
        for change in self.changes:
            for sha in change.commits:
                found.setdefault(self.landings.commits[sha].subject, []).append(change)
        return found

    @cached_property
    def of_ticket(self) -> dict[str, list[Change]]:
        """Ticket -> its changes, the oldest first."""
        found: dict[str, list[Change]] = {}
        for change in sorted(self.changes, key=lambda each: each.merged):
            found.setdefault(change.request.ticket, []).append(change)
        return found

    def named(self, short: str) -> list[Change]:
        """Changes of the one commit whose name begins like this."""
        full = self.landings.named(short)
        if full is not None:
            return self.of_commit.get(full, [])
        found = [sha for sha in self._left_behind if sha.startswith(short.lower())]
        return self.of_commit[found[0]] if len(found) == 1 else []

    @cached_property
    def _left_behind(self) -> frozenset[str]:
        return frozenset().union(*(change.aliases for change in self.changes))


def place(
    requests: Iterable[MergeRequestFact],
    attempts: Iterable[AttemptFact],
    landings: Landings,
    aliases: Mapping[int, Iterable[str]] | None = None,
) -> list[Change]:
    """Merged changes that are on the branch. `aliases`: commits of a merge request that are not on it."""
    bases = {(each.batch, each.ticket): each.base for each in attempts}
    found = []
    for request in requests:
        landed = request.merge_commit or request.head
        landing = landings.of(landed)
        if request.merged_at is None or landing is None:
            continue
        commits = _commits(
            request, landed, landing, landings, bases.get((request.batch or "", request.ticket))
        )
        left = {request.head, *(aliases or {}).get(request.iid, ())} - landings.commits.keys()
        found.append(Change(request, landed, landing, commits, frozenset(left)))
    return _apart(found)


def _apart(changes: list[Change]) -> list[Change]:
    """Each without the commits of those that came in with it."""
    by_landed = {change.landed: change for change in changes}
    return [
        Change(change.request, change.landed, change.landing, change.commits - inner, change.aliases)
        if (inner := _inner(change, by_landed))
        else change
        for change in changes
    ]


def _inner(change: Change, by_landed: Mapping[str, Change]) -> frozenset[str]:
    found = [by_landed[sha].commits for sha in change.commits if sha in by_landed and sha != change.landed]
    return frozenset().union(*(each for each in found if change.landed not in each))


def _commits(
    request: MergeRequestFact, landed: str, landing: Landing, landings: Landings, base: str | None
) -> frozenset[str]:
    commit = landings.commits[landed]
    if len(commit.parents) > 1:
        before = _reach(commit.parents[0], landing.brought, landings)
        return _reach(landed, landing.brought, landings) - before
    if landed != request.head:  # squashed
        return frozenset({landed})
    return _forwarded(request, landed, landings, base)


def _forwarded(
    request: MergeRequestFact, landed: str, landings: Landings, base: str | None
) -> frozenset[str]:
    """Commits of a fast-forward: down to where the branch began, else as far as they name the ticket."""
    walked = list(_back(landed, landings))
    names = [each.sha for each in walked]
    if base in names:
        return frozenset(names[: names.index(base)])
    own = takewhile(lambda each: _is_of(each, request), walked[1:])
    return frozenset({landed, *(each.sha for each in own)})


def _back(sha: str, landings: Landings) -> Iterator[Logged]:
    for _ in range(_MOST_COMMITS):
        commit = landings.commits.get(sha)
        if commit is None or len(commit.parents) != 1:
            return
        yield commit
        sha = commit.parents[0]


def _is_of(commit: Logged, request: MergeRequestFact) -> bool:
    named = trailers.generation(commit.message)
    return named is not None and named[1] == request.ticket


def _reach(sha: str, within: frozenset[str], landings: Landings) -> frozenset[str]:
    found: set[str] = set()
    waiting = [sha]
    while waiting:
        each = waiting.pop()
        if each in within and each not in found:
            found.add(each)
            waiting += landings.commits[each].parents
    return frozenset(found)
