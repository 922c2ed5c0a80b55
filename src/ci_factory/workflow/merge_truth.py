"""Would the open changes merge and work together? Tried before people look, told where they look, changed nowhere."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from ci_factory.errors import ArtifactError, ConfigError, RepositoryError
from ci_factory.forge import kept_notes
from ci_factory.model.batch import Batch
from ci_factory.model.forge import MergeRequest, NoteTarget
from ci_factory.model.merge_truth import (
    MOST_CHANGES,
    CandidateTests,
    Clash,
    MergeTruth,
    Outcome,
    TriedChange,
)
from ci_factory.model.review import ReviewQueue
from ci_factory.publishing import names, together
from ci_factory.review import merge_order
from ci_factory.system import records
from ci_factory.system.layout import Layout
from ci_factory.workflow import morning, planning
from ci_factory.workflow.factory import Factory
from ci_factory.workflow.merge_candidate import Place, candidate_of, pointless, tested
from ci_factory.workflow.merge_tests import Verdicts
from ci_factory.workflow.merge_trials import FOLDER, Trials, trial_repository

Where = Literal["here", "later", "nowhere"]
"""Where the candidate's tests run: in this process, in a job that has no token, not at all."""
_NOT_ASKED = "nobody asked for them"
_MOVED = "its branch is elsewhere by now"


def before_review(factory: Factory) -> MergeTruth | None:
    """`integrate` as a part of the night: what git or the project can't do is told, and keeps nobody from the review queue."""
    try:
        return integrate(factory)
    except (ArtifactError, ConfigError, RepositoryError) as error:
        what = " ".join(str(error).split())[:1000]
        factory.progress.stage("integration", f"the open changes could not be tried together: {what}")
        factory.event("integrate", "failed", error=what)
        return None


def integrate(factory: Factory, *, tests: Where = "here") -> MergeTruth:
    """Try all open changes of the factory with git, then with the project's tests; tell it, and write merge_truth.json.

    What was found out about the same heads, target branch and configuration is not found out again. When the tests run
    `later`, nothing is told yet.

    Raises:
        ForgeError: the forge can't be read.
    """
    opened = [
        each
        for each in factory.forge.merge_requests(details=False)
        if each.source_branch.startswith(names.BRANCH_PREFIX)
    ]
    tip, batch = factory.tip(), planning.latest(factory)
    key = _key(factory, tip, batch, opened)
    known = records.read_if_valid(factory.layout.merge_truth, MergeTruth)
    if known is not None and known.key == key and not _unfinished(known, tests):
        keep(factory.layout, known)
        return known
    truth = _found_out(factory, _Question(key, tip, batch, opened), tests)
    if not truth.pending:
        tell(factory, truth)
    keep(factory.layout, truth)
    return truth


def keep(layout: Layout, truth: MergeTruth) -> None:
    """Write merge_truth.json, also beside the batch that it is about."""
    records.write_model(layout.merge_truth, truth)
    if truth.batch_id is not None and layout.batch(truth.batch_id).path.is_dir():
        records.write_model(layout.batch(truth.batch_id).merge_truth, truth)


def tell(factory: Factory, truth: MergeTruth) -> None:
    """One note on each merge request that is in another's way; an earlier one says when nothing is any more."""
    for change in truth.changes:
        number = change.merge_request
        if number in truth.affected:
            body = together.note(truth, number)
        elif _has_note(factory, number):
            body = together.settled(truth, number)
        else:
            continue
        factory.publisher.keep_told_beside(change.ticket_id, number, together.KEY, body)
    factory.event(
        "integrate",
        f"tried-{truth.key[:12]}-{truth.tests.outcome.value}",
        truth.batch_id or "",
        changes=len(truth.changes),
        merged=len(truth.candidate.merged),
        clashes=[sorted(clash.pair) for clash in truth.clashes[:100]],
        breaking=[list(each.changes) for each in truth.breaking],
        tests=truth.tests.outcome.value,
        runs=truth.tests.runs,
    )


def _has_note(factory: Factory, number: int) -> bool:
    notes = factory.forge.notes(NoteTarget.MERGE_REQUEST, str(number))
    ours = (each.body for each in notes if each.author == factory.forge.user)
    return any(kept_notes.carries(body, together.KEY) for body in ours)


@dataclass(frozen=True)
class _Question:
    """What an answer is about."""

    key: str
    tip: str
    batch: Batch | None
    opened: Sequence[MergeRequest]


def _key(factory: Factory, tip: str, batch: Batch | None, opened: Iterable[MergeRequest]) -> str:
    """Names heads, targets, whether they are drafts (as the gates' verdicts decide), target branch, batch and configuration."""
    rows = sorted([each.iid, each.head, each.target_branch, each.draft] for each in opened)
    text = json.dumps([tip, factory.target_branch, batch.id if batch else None, factory.config.hash, rows])
    return hashlib.sha256(text.encode()).hexdigest()


def _unfinished(known: MergeTruth, tests: Where) -> bool:
    """Whether asking again may bring more: tests without a result, or that were left for another time."""
    if tests == "nowhere":
        return False
    left = known.pending or known.tests.reason == _NOT_ASKED
    return left or known.tests.outcome is Outcome.INCONCLUSIVE


def _found_out(factory: Factory, asked: _Question, tests: Where) -> MergeTruth:
    factory.progress.stage("integration", f"{len(asked.opened)} open changes are tried together")
    here = factory.forge.fetch(each.source_branch for each in asked.opened)
    changes = _changes(asked, morning.in_order(factory), here)
    with trial_repository(factory.git, factory.layout.worktrees / FOLDER) as git:
        trials = Trials(git, asked.tip)
        tried, arrivals = trials.arrive(changes[:MOST_CHANGES])
        pairs = trials.pairs(arrivals)
        order = merge_order.suggested(tried, pairs.clashes)
        clashes = _in_order(pairs.clashes, order)
        candidate = candidate_of(trials, order)
        if tests == "here":
            layout = factory.layout
            place = Place(factory.config, layout.worktrees, factory.clock, layout.cache)
            found = tested(place, trials, order, candidate, arrivals)
        else:
            why = pointless(factory.config, candidate) or (_NOT_ASKED if tests == "nowhere" else "")
            found = Verdicts(CandidateTests(reason=why))
    return MergeTruth(
        key=asked.key,
        made_at=factory.clock.now(),
        batch_id=asked.batch.id if asked.batch else None,
        target_branch=factory.target_branch,
        base=asked.tip,
        changes=tuple(tried),
        passed_over=len(changes) - len(tried),
        pairs_tried=pairs.tried,
        clashes=clashes,
        candidate=candidate,
        tests=found.tests,
        breaking=found.breaking,
        order=merge_order.lines(tried, clashes, found.breaking),
    )


def _changes(asked: _Question, queue: ReviewQueue, here: Mapping[str, str]) -> list[TriedChange]:
    """The open changes in the order of the review queue; `here` are the heads that their branches have now."""
    requests = {each.iid: each for each in asked.opened}
    branches = {each.source_branch: each.iid for each in asked.opened}
    ours = {each.id for each in asked.batch.tickets} if asked.batch else set()
    found = []
    for item in queue.items:
        request = requests.get(item.merge_request or 0)
        if request is None:
            continue
        found.append(
            TriedChange(
                merge_request=request.iid,
                ticket_id=request.ticket_id,
                branch=request.source_branch,
                head=request.head,
                priority=item.priority,
                lines=item.lines,
                verdict=item.verdict,
                below=branches.get(request.target_branch),
                in_batch=asked.batch is None or request.ticket_id in ours,
                problem="" if here.get(request.source_branch) == request.head else _MOVED,
            )
        )
    return found


def _in_order(clashes: Iterable[Clash], order: Sequence[TriedChange]) -> tuple[Clash, ...]:
    places = {each.merge_request: place for place, each in enumerate(order)}
    turned = (
        clash.model_copy(update=dict(zip(("first", "second"), sorted(clash.pair, key=places.__getitem__), strict=True)))
        for clash in clashes
    )  # fmt: skip
    return tuple(sorted(turned, key=lambda clash: (places[clash.first], places[clash.second])))
