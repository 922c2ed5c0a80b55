"""C4: what became of merged changes, from what later commits and issues say about them. Pure.

Words make the link, so nobody can do more than to make a wrong one: each is kept with the commit or issue that it comes
from, and counts only when it is on the default branch, or carries a bug label, after the change was merged.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from ci_factory.metrics import naming
from ci_factory.metrics.branch import Branch, Change
from ci_factory.metrics.facts import AftermathFact
from ci_factory.metrics.landings import Landing
from ci_factory.metrics.naming import Named
from ci_factory.metrics.reverting import Revert
from ci_factory.model.metrics_settings import MetricsConfig
from ci_factory.system.history import Logged

MOST = 50
"""Fix-ups and bugs that are kept of one change; the first ones."""
_STEPS = (1, 2, 3, 4, 5, 6, 7, 14, 21, 28, 45, 60, 90, 120, 180, 270, 365)
"""Days after the merge."""
_DAY = 86_400.0


class Bug(NamedTuple):
    """An issue with a bug label."""

    id: str
    opened: float
    """Seconds since the epoch."""
    names: Named


def trace(branch: Branch, bugs: Sequence[Bug], now: datetime, config: MetricsConfig) -> list[AftermathFact]:
    """What became of every change on the branch, without churn; in the order of their numbers.

    `observed_until` moves on in steps that grow with a change's age, so that a fact that says nothing new stays as it
    is; the days at which defects and churn are counted are among them.
    """
    reverted, defects = _reverted(branch), _bugs(branch, bugs)
    mended = _mended(branch, defects)
    return [
        _fact(
            change, reverted.get(change.request.iid), mended.get(change.request.iid, []), defects, now, config
        )
        for change in sorted(branch.changes, key=lambda each: each.request.iid)
    ]


def _fact(
    change: Change,
    revert: Revert | None,
    fix_ups: Sequence[str],
    bugs: Mapping[int, Sequence[Bug]],
    now: datetime,
    config: MetricsConfig,
) -> AftermathFact:
    own = sorted(bugs.get(change.request.iid, ()), key=lambda bug: (bug.opened, bug.id))[:MOST]
    moments = [bug.opened for bug in own[:1]]
    moments += [max(revert.landing.at, change.merged)] if revert else []
    return AftermathFact(
        iid=change.request.iid,
        observed_until=_moment(max([_observed(change.merged, now, config), *moments])),
        reverted_at=_moment(max(revert.landing.at, change.merged)) if revert else None,
        reverted_by=revert.commit.sha if revert else None,
        fix_ups=tuple(fix_ups[:MOST]),
        bugs=tuple(bug.id for bug in own),
        first_defect_at=_moment(min(moments)) if moments else None,
        landed=change.landed,
    )


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _observed(merged: float, now: datetime, config: MetricsConfig) -> float:
    age = (now.timestamp() - merged) / _DAY
    passed = [step for step in (*_STEPS, config.defect_days, config.churn_days) if step <= age]
    return merged + max(passed, default=0) * _DAY


def _reverted(branch: Branch) -> dict[int, Revert]:
    """Merge request -> the first commit that takes it back and was not taken back."""
    found: dict[int, Revert] = {}
    for revert in branch.reverts:
        for change in _taken_back(branch, revert):
            if _is_later(revert.commit.sha, revert.landing, change):
                found.setdefault(change.request.iid, revert)
    return found


def _taken_back(branch: Branch, revert: Revert) -> Iterator[Change]:
    for sha in revert.commits:
        yield from branch.named(sha)
    for change in branch.changes:
        step = change.landing.commit
        brought_with = len(step.parents) > 1 and step.sha in revert.commits
        if brought_with or change.request.iid in revert.requests:
            yield change


def _is_later(sha: str, landing: Landing, change: Change) -> bool:
    return landing.place > change.landing.place and sha not in change.commits


def _bugs(branch: Branch, bugs: Iterable[Bug]) -> dict[int, list[Bug]]:
    """Merge request -> issues that name it, opened after the merge; each once."""
    found: dict[int, list[Bug]] = {}
    for bug in bugs:
        named = {change.request.iid: change for change in _named_by(branch, bug)}
        for iid, change in named.items():
            if bug.opened >= change.merged and bug.id != change.request.ticket:
                found.setdefault(iid, []).append(bug)
    return found


def _named_by(branch: Branch, bug: Bug) -> Iterator[Change]:
    for short in bug.names.commits:
        yield from branch.named(short)
    yield from (branch.of_request[iid] for iid in bug.names.requests if iid in branch.of_request)
    for ticket in bug.names.tickets:
        yield from _newest(branch, ticket, bug.opened)


def _newest(branch: Branch, ticket: str, moment: float) -> list[Change]:
    """A ticket's change that was merged last before a moment: later ones can't be meant, earlier ones were mended."""
    return [each for each in branch.of_ticket.get(ticket, ()) if each.merged <= moment][-1:]


def _mended(branch: Branch, bugs: Mapping[int, Sequence[Bug]]) -> dict[int, list[str]]:
    """Merge request -> later commits that mend it, one of each step of the branch, oldest first."""
    of_bug: dict[str, list[int]] = {}
    for iid, own in bugs.items():
        for bug in own:
            of_bug.setdefault(bug.id, []).append(iid)
    found: dict[int, dict[int, str]] = {}
    for sha, commit in branch.landings.commits.items():
        landing = branch.landings.of(sha)
        if landing is None or any(naming.reverts(commit.message, branch.project)):
            continue
        for change in _mended_by(branch, commit, landing, of_bug):
            if _is_later(sha, landing, change):
                found.setdefault(change.request.iid, {}).setdefault(landing.place, sha)
    return {iid: [steps[step] for step in sorted(steps)] for iid, steps in found.items()}


def _mended_by(
    branch: Branch, commit: Logged, landing: Landing, of_bug: Mapping[str, Sequence[int]]
) -> Iterator[Change]:
    named = naming.mends(commit.message, branch.project)
    for short in named.commits:
        yield from branch.named(short)
    for subject in named.subjects:
        yield from _called(branch, subject, landing)
    yield from (branch.of_request[iid] for iid in named.requests if iid in branch.of_request)
    for ticket in named.tickets:
        yield from _newest(branch, ticket, commit.at)
    yield from (branch.by_generation[each] for each in named.generations if each in branch.by_generation)
    solved = {*naming.closes(commit.message), *_ticket_of(branch, commit.sha)} & of_bug.keys()
    yield from (branch.of_request[iid] for bug in solved for iid in of_bug[bug])


def _ticket_of(branch: Branch, sha: str) -> Iterator[str]:
    return (change.request.ticket for change in branch.of_commit.get(sha, ()) if change.landed == sha)


def _called(branch: Branch, subject: str, landing: Landing) -> list[Change]:
    """The last change before with a commit whose first line is this."""
    before = [each for each in branch.by_subject.get(subject, ()) if each.landing.place < landing.place]
    return sorted(before, key=lambda each: each.landing.place)[-1:]
