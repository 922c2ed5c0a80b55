"""Open changes tried with git itself, in a repository of our own that is thrown away: no worktree, no ref, nothing pushed."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from ci_factory.model.merge_truth import MOST_FILES, Absent, Candidate, Clash, TriedChange
from ci_factory.review import merging
from ci_factory.review.merging import Footprint
from ci_factory.system.git import Git, Merge, Person
from ci_factory.work import workspace

_THREADS = 4
_NOBODY, _NEVER = Person("ci-factory", "ci-factory@localhost"), datetime(2000, 1, 1, tzinfo=UTC)
"""Of commits that nobody will ever see; so equal changes give an equal candidate on every machine."""
_PORTION = 500
"""Merges that one process of git is asked for."""
FOLDER = "merge-trials"
"""Of the repository that is made for a trial, among the worktrees."""
_NONE: Mapping[int, str] = MappingProxyType({})
_UNRELATED = "git can't merge it: it shares no history with the target branch"
ItemT = TypeVar("ItemT")
DoneT = TypeVar("DoneT")


@contextmanager
def trial_repository(origin: Git, folder: Path) -> Iterator[Git]:
    """A repository that sees the origin's objects and keeps its own; gone afterwards."""
    workspace.remove(folder)
    git = Git(folder)
    git.init_hub(origin)
    try:
        yield git
    finally:
        workspace.remove(folder)


@dataclass(frozen=True)
class Arrival:
    """A change merged into the target branch's newest commit."""

    change: TriedChange
    commit: str
    touched: Footprint


@dataclass(frozen=True)
class Pairs:
    """What came of trying every pair that may conflict."""

    tried: int
    clashes: tuple[Clash, ...]


@dataclass
class Trials:
    """Merges into one commit of the target branch."""

    git: Git
    """Where objects are made."""
    tip: str
    holds: dict[int, frozenset[int]] = field(default_factory=dict)
    """Which of the other changes are in the history of each; `arrive` finds out."""

    def arrive(self, changes: Sequence[TriedChange]) -> tuple[list[TriedChange], list[Arrival]]:
        """Try each alone: all of them with their conflicts and what they are built on, and those that merge.

        One that has a problem already is left as it is.
        """
        given, changes = changes, [each for each in changes if not each.problem]
        heads = {each.head: each.merge_request for each in changes}
        looks = _side_by_side(changes, lambda each: self._look(each, heads))
        self.holds = {each.merge_request: look.holds for each, look in zip(changes, looks, strict=True)}
        merged = self._merges([(self.tip, each.head) for each in changes])
        tried = [self._tried(each, merge) for each, merge in zip(changes, merged, strict=True)]
        clean = [
            _Clean(change, merge.tree, look.left)
            for change, merge, look in zip(tried, merged, looks, strict=True)
            if merge is not None and merge.clean
        ]
        known = {each.merge_request: each for each in tried}
        everyone = [known.get(each.merge_request, each) for each in given]
        return everyone, _side_by_side(clean, self._arrived)

    def pairs(self, arrivals: Sequence[Arrival]) -> Pairs:
        """Try every two that may conflict: the second is merged into what the target branch would be with the first."""
        by_number = {each.change.merge_request: each for each in arrivals}
        asked = merging.suspects([each.touched for each in arrivals])
        merged = self._merges([(by_number[one].commit, by_number[two].change.head) for one, two in asked])
        found = [
            Clash(first=one, second=two, files=merge.conflicts[:MOST_FILES] if merge else ())
            for (one, two), merge in zip(asked, merged, strict=True)
            if merge is None or not merge.clean
        ]
        return Pairs(len(asked), merging.explained(found, self.holds))

    def candidate(self, changes: Sequence[TriedChange], without: Mapping[int, str] = _NONE) -> Candidate:
        """The target branch with these changes merged one after the other; what does not fit is left out with the reason.

        `without` are changes that must not come in with others' histories either, each with the reason.
        """
        commit, merged, left_out = self.tip, list[int](), dict(without)
        for change in changes:
            number = change.merge_request
            missing = sorted(self.holds.get(number, frozenset()) & left_out.keys())
            found = None if missing else self.git.merges([(commit, change.head)])[0]
            if found is not None and found.clean:
                commit = self._commit(found.tree, (commit, change.head), f"Merge !{number}")
                merged.append(number)
            else:
                left_out[number] = _why_not(missing, found)
        absent = (Absent(merge_request=number, reason=why) for number, why in left_out.items())
        tree = self.git.tree_of(commit)
        return Candidate(commit=commit, tree=tree, merged=tuple(merged), left_out=tuple(absent))

    def _look(self, change: TriedChange, heads: Mapping[str, int]) -> "_Look":
        commits, boundary = self.git.brought_commits(self.tip, change.head)
        holds = frozenset(number for head, number in heads.items() if head in commits and head != change.head)
        left = next(iter(boundary)) if len(boundary) == 1 else self.git.merge_base(self.tip, change.head)
        return _Look(holds, left or self.tip)

    def _tried(self, change: TriedChange, merge: Merge | None) -> TriedChange:
        if merge is None:
            return change.model_copy(update={"problem": _UNRELATED})
        holds = self.holds[change.merge_request]
        nearest = max(holds, key=lambda number: (len(self.holds[number]), number), default=None)
        below = change.below if change.below is not None else nearest
        return change.model_copy(update={"conflicts": merge.conflicts[:MOST_FILES], "below": below})

    def _arrived(self, clean: "_Clean") -> Arrival:
        """With what it touches, seen from where it left the target branch and from where that is now."""
        change, git = clean.change, self.git
        straight = clean.left == self.tip  # a fast-forward: the branch would be at the head itself
        commit = change.head if straight else self._commit(clean.tree, (self.tip, change.head), "Merge")
        rows = git.changes(clean.left, change.head, renames=False)
        rows += [] if straight else git.changes(self.tip, commit, renames=False)
        emptied = {folder for row in rows if row.status == "D" for folder in merging.folders_of(row.path)}
        touched = Footprint(
            change.merge_request,
            paths=frozenset(row.path for row in rows),
            added=frozenset(row.path for row in rows if row.status == "A"),
            vanished=frozenset(emptied - git.folders(commit)) if emptied else frozenset(),
            holds=self.holds[change.merge_request],
        )
        return Arrival(change, commit, touched)

    def _merges(self, pairs: Sequence[tuple[str, str]]) -> list[Merge | None]:
        portions = [pairs[start : start + _PORTION] for start in range(0, len(pairs), _PORTION)]
        return [merge for done in _side_by_side(portions, self.git.merges) for merge in done]

    def _commit(self, tree: str, parents: tuple[str, ...], message: str) -> str:
        who, when = _NOBODY, _NEVER
        return self.git.commit_tree(
            tree, parents=parents, message=message, author=who, committer=who, when=when
        )


@dataclass(frozen=True)
class _Look:
    """What the history of a change says."""

    holds: frozenset[int]
    left: str
    """Where it left the target branch."""


@dataclass(frozen=True)
class _Clean:
    """A change that merges, and the tree that comes of it."""

    change: TriedChange
    tree: str
    left: str


def _why_not(missing: Sequence[int], found: Merge | None) -> str:
    if missing:
        return f"it is built on !{missing[0]}, which is left out"
    files = ", ".join(found.conflicts[:MOST_FILES]) if found else "all of it"
    return f"it conflicts with what stands before it in {files}"[:1000]


def _side_by_side(items: Sequence[ItemT], work: Callable[[ItemT], DoneT]) -> list[DoneT]:
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="merge") as pool:
        return list(pool.map(work, items))
