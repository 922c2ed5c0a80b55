"""C4: looks at the default branch and at bug issues for what became of the factory's merged changes.

Two requests on GitLab, three where there are more than a hundred bugs, and more only for what changed. Git is asked once for the whole branch; blame,
which is slow, only for changes whose time has come and that were not counted before.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import NamedTuple

from ci_factory.config import Config
from ci_factory.forge.protocol import Forge
from ci_factory.metrics import aftermath, naming
from ci_factory.metrics.aftermath import Bug
from ci_factory.metrics.branch import Branch, Change, place
from ci_factory.metrics.facts import AftermathFact, AttemptFact, History, MergeRequestFact
from ci_factory.metrics.landings import Landing, Landings
from ci_factory.system import records
from ci_factory.system.git import Git
from ci_factory.system.history import Past
from ci_factory.system.layout import Layout
from ci_factory.system.process import Stopwatch
from ci_factory.workflow import bug_issues
from ci_factory.workflow.churn import churn

CHURN_SECONDS = 600.0
"""After that no further change is counted in one run; the next run goes on."""
_MARGIN = 101
"""Steps of the branch before the oldest change: the longest fast-forward that is looked at."""
_CHURN = ("churned", "churn_of", "churn_at")
_MOST_SQUASHED = 1_000
_MOST_COMMITS = 100


class Before(NamedTuple):
    """What is known from earlier."""

    facts: tuple[AftermathFact, ...] = ()
    """Lines that they have counted are not counted again."""
    marks: Mapping[str, str] = MappingProxyType({})
    """How bugs looked; without it all of them are read."""


NOTHING = Before()


class Looked(NamedTuple):
    """What was found, and what could not be looked at."""

    facts: tuple[AftermathFact, ...]
    problems: tuple[str, ...] = ()
    marks: Mapping[str, str] = MappingProxyType({})
    """How bugs looked, for the next run; an empty one is none."""


def look(
    git: Git,
    forge: Forge,
    history: History,
    now: datetime,
    config: Config,
    *,
    before: Before = NOTHING,
    seconds: float | None = CHURN_SECONDS,
) -> Looked:
    """Facts of every merged change of `history` that is on the default branch.

    `seconds`: for blame, `None` for as long as it takes.

    Raises:
        ForgeError: the forge can't be read.
        RepositoryError: the repository can't.
    """
    merged = [each for each in history.merge_requests if each.merged_at is not None]
    tip = forge.branch(forge.default_branch) if merged else None
    if tip is None:
        return Looked(())
    past, (project, _) = Past(git), bug_issues.here(forge)
    landings = _landings(past, tip, merged)
    bugs, marks = bug_issues.read(forge, config.metrics.bug_labels, before.marks)
    aliases = _aliases(past, merged, history.attempts, landings, bugs)
    changes = place(merged, history.attempts, landings, aliases)
    facts = aftermath.trace(Branch(landings, changes, project), bugs, now, config.metrics)
    counted = _Counting(git, landings, {each.iid: each for each in before.facts}, now, config, seconds)
    told = tuple(
        counted.with_churn(change, fact) for change, fact in zip(_sorted(changes), facts, strict=True)
    )
    return Looked(told, tuple(_problems(past, len(merged) - len(changes), counted.put_off)), marks)


def watched(  # a report must not wait for blame: lines are as `collect` has counted them
    git: Git, forge: Forge, layout: Layout, history: History, now: datetime, config: Config
) -> History:
    """The history with what became of its merged changes by now; of churn what OUT/facts.json knows.

    Raises:
        ForgeError: the forge can't be read.
    """
    known = records.read_if_valid(layout.facts, History)
    before = Before(known.aftermath if known else ())
    return history.model_copy(
        update={"aftermath": look(git, forge, history, now, config, before=before, seconds=0).facts}
    )


def _sorted(changes: Iterable[Change]) -> list[Change]:
    return sorted(changes, key=lambda each: each.request.iid)


def _landings(past: Past, tip: str, merged: Sequence[MergeRequestFact]) -> Landings:
    """The branch, back to a little before the oldest change."""
    chain = past.chain(tip)
    places = {sha: place for place, sha in enumerate(chain)}
    landed = [places.get(each.merge_commit or each.head) for each in merged]
    if None in landed:  # it came in with another one, or never did
        return Landings(past.log(tip), chain)
    oldest = max(each for each in landed if each is not None) + _MARGIN
    return Landings(past.log(tip, chain[oldest] if oldest < len(chain) else None), chain)


def _aliases(
    past: Past,
    merged: Iterable[MergeRequestFact],
    attempts: Iterable[AttemptFact],
    landings: Landings,
    bugs: Iterable[Bug],
) -> Mapping[int, Sequence[str]]:
    """Commits that a squash left behind; git is asked only when somebody names a commit that the branch lacks."""
    if not any(landings.named(short) is None for short in _named(landings, bugs)):
        return {}
    bases = {(each.batch, each.ticket): each.base for each in attempts}
    squashed = [each for each in merged if each.head not in landings.commits][-_MOST_SQUASHED:]
    return {
        each.iid: past.brought(base, each.head, _MOST_COMMITS)
        for each in squashed
        if (base := bases.get((each.batch or "", each.ticket)) or _parent(landings, each))
    }


def _parent(landings: Landings, request: MergeRequestFact) -> str | None:
    """What a squash was put upon: older than that, no commit is the change's own."""
    commit = landings.commits.get(request.merge_commit or "")
    return commit.parents[0] if commit and commit.parents else None


def _named(landings: Landings, bugs: Iterable[Bug]) -> Iterator[str]:
    for commit in landings.commits.values():
        yield from naming.reverts(commit.message).commits
        yield from naming.mends(commit.message).commits
    for bug in bugs:
        yield from bug.names.commits


def _problems(past: Past, missing: int, put_off: int) -> Iterator[str]:
    if missing and past.is_cut():
        yield f"what became of {missing} merged changes: the clone is shallow; GIT_DEPTH: 0 makes it whole"
    if put_off:
        yield f"churn of {put_off} merged changes: not counted yet, the next run goes on"


class _Counting:
    """Counts churn of changes that are old enough, those that were not counted before, within a time."""

    def __init__(
        self,
        git: Git,
        landings: Landings,
        before: Mapping[int, AftermathFact],
        now: datetime,
        config: Config,
        seconds: float | None,
    ) -> None:
        self._git, self._landings, self._before, self._now = git, landings, before, now
        self._age, self._seconds = timedelta(days=config.metrics.churn_days), seconds
        self._watch = Stopwatch()
        self.put_off = 0

    def with_churn(self, change: Change, fact: AftermathFact) -> AftermathFact:
        """The fact with what is left of its lines, where that can be known."""
        at = change.request.merged_at
        if at is None or self._now < at + self._age:
            return fact
        later = self._landings.last_by((at + self._age).timestamp())
        if later is None or later.place < change.landing.place:
            later = change.landing
        known = self._before.get(fact.iid)
        same = known is not None and (known.landed, known.churn_at) == (fact.landed, later.commit.sha)
        late = self._seconds is not None and self._watch.seconds() > self._seconds
        if known is not None and known.churned is not None and (same or late):
            return fact.model_copy(update={name: getattr(known, name) for name in _CHURN})
        if late:
            self.put_off += 1
            return fact
        return self._counted(change, fact, later)

    def _counted(self, change: Change, fact: AftermathFact, later: Landing) -> AftermathFact:
        found = churn(self._git, self._landings, change, later)
        if found is None:
            return fact
        return fact.model_copy(update={"churned": found.gone, "churn_of": found.added, "churn_at": found.at})
