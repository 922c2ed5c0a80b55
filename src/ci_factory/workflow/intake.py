"""Stage 1: which tickets are in the queue, and which of them are ready. All that the plan needs of the forge is read here."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from ci_factory.errors import UsageError
from ci_factory.forge.local import LocalForge
from ci_factory.forge.ticket_files import with_ready_label
from ci_factory.intake.assess import assess
from ci_factory.intake.surroundings import Surroundings
from ci_factory.intake.tree import index
from ci_factory.model.forge import Issue, IssueState, MergeRequest
from ci_factory.model.prediction import Calibration
from ci_factory.model.ticket import Candidate, IntakeReport, Ticket
from ci_factory.publishing import names
from ci_factory.system import records
from ci_factory.workflow import earlier, escalations, predictions, surroundings
from ci_factory.workflow.factory import Factory

_AGAIN = ("queued", "running", "needs-info", "deferred")
"""States that a batch may take up again: stale ones of a killed run, and those that wait for a change."""
_AT_WORK = frozenset({"queued", "running"})


@dataclass(frozen=True)
class Selection:
    """Which tickets somebody wants, out of all that wait."""

    ids: tuple[str, ...] = ()
    """Those by name, whether they carry the trigger label or not; empty: all that carry it."""
    label: str = ""
    """In place of the trigger label; empty: the configured one."""
    busy: frozenset[str] = frozenset()
    """Tickets that another batch has at work."""


_ALL = Selection()


def receive(factory: Factory, tickets: Sequence[Ticket]) -> None:
    """Bring tickets from files into the embedded forge; ones it knows already are not doubled.

    Raises:
        UsageError: the forge is no embedded one.
    """
    if not tickets:
        return
    if not isinstance(factory.forge, LocalForge):
        raise UsageError(
            "tickets of a GitLab project are its issues",
            where="--tickets",
            fix="leave it out, and label issues",
        )
    labelled = [with_ready_label(ticket, factory.config.labels.ready) for ticket in tickets]
    changed = factory.forge.import_tickets(labelled)
    factory.event("intake", "received", tickets=len(labelled), changed=changed)


def intake(factory: Factory, selection: Selection = _ALL) -> IntakeReport:
    """Assess every ticket of the queue and write intake.json."""
    issues = _issues(factory, selection)
    changes = _delivered(factory, issues, selection.busy)
    delivered = {mr.ticket_id for mr in changes}
    asked = escalations.read(factory, (issue for issue in issues if issue.ticket.id not in delivered))
    escalations.acknowledge(factory, asked.values())
    decided = escalations.decisions(asked)
    queue = [
        issue
        for issue in issues
        if issue.ticket.id not in delivered | selection.busy
        and (issue.ticket.id in decided or _queued(factory, issue, selection))
    ]
    known = _known(factory, queue)
    now, tip = factory.clock.now(), factory.tip()
    tree = frozenset(factory.git.files(tip))
    known_of_files = _surroundings(factory, tip, tree, [issue.ticket for issue in queue])
    assessed = (
        assess(
            issue.ticket, tree=tree, known=known, config=factory.config, now=now, surroundings=known_of_files
        )
        for issue in queue
    )
    agreed, left = escalations.agreed(asked), earlier.told(factory.forge.user, asked.values())
    candidates = tuple(
        each.model_copy(
            update={
                "answer": decided.get(each.ticket.id),
                "agreed": agreed.get(each.ticket.id, ()),
                "earlier": left.get(each.ticket.id),
            }
        )
        for each in assessed
    )
    report = IntakeReport(
        taken_at=now,
        candidates=candidates,
        resolved=tuple(sorted(ticket_id for ticket_id, done in known.items() if done)),
        in_flight=_in_flight(factory, tip, changes),
        calibration=known_of_files.calibration,
    )
    records.write_model(factory.layout.intake, report)
    escalations.remind(factory, asked.values(), escalations.blocking(report))
    learned = recalibrated(report.calibration)
    factory.progress.stage("intake", "; ".join(filter(None, (_summary(candidates), learned))))
    return report


def _delivered(factory: Factory, issues: Iterable[Issue], busy: Collection[str]) -> list[MergeRequest]:
    """The open merge requests whose tickets are with people now.

    A ticket that still says that it is at work, though no batch has it, was cut short in its publication, and what was
    to be published is gone. A draft is made anew; what is ready already lacks no more than the ticket's label.
    """
    labels, changes = factory.config.labels, factory.forge.merge_requests(details=False)
    states = {issue.ticket.id: labels.state_of(issue.ticket.labels) for issue in issues}
    cut_short = {ticket_id for ticket_id, state in states.items() if state in _AT_WORK} - set(busy)
    for change in changes:
        if change.ticket_id in cut_short and not change.draft:
            factory.publisher.mark(change.ticket_id, "review")
    return [change for change in changes if not change.draft or change.ticket_id not in cut_short]


def _issues(factory: Factory, selection: Selection) -> list[Issue]:
    if selection.ids:
        return factory.forge.issues(ids=selection.ids)
    labels = factory.config.labels
    steered = (labels.approved, labels.state("escalated"))
    return factory.forge.issues(any_label=(*_wanted(factory, selection), *steered))


def _wanted(factory: Factory, selection: Selection) -> tuple[str, ...]:
    labels = factory.config.labels
    return (selection.label or labels.ready, *(labels.state(state) for state in _AGAIN))


def _queued(factory: Factory, issue: Issue, selection: Selection) -> bool:
    """Named, labelled, or left over by a batch. An escalated ticket waits for its answer, whoever names it."""
    labels, now = factory.config.labels, set(issue.ticket.labels)
    # On GitLab `approved` takes the place of `escalated`, as labels of one scope do.
    if labels.approved in now or not now.isdisjoint(_wanted(factory, selection)):
        return True
    return issue.ticket.id in selection.ids and labels.state("escalated") not in now


def _known(factory: Factory, queue: Sequence[Issue]) -> dict[str, bool]:
    """Of every ticket in the queue and of every one that these depend on, if it exists, whether it is done."""
    known = {issue.ticket.id: False for issue in queue}
    others = {ticket_id for issue in queue for ticket_id in issue.ticket.depends_on} - known.keys()
    found = factory.forge.issues(ids=sorted(others), opened_only=False) if others else []
    return known | {issue.ticket.id: issue.state == IssueState.CLOSED for issue in found}


def _summary(candidates: Sequence[Candidate]) -> str:
    ready = sum(candidate.readiness.ready for candidate in candidates)
    return f"{len(candidates)} tickets in the queue, {ready} ready"


def _surroundings(
    factory: Factory, tip: str, tree: frozenset[str], tickets: Sequence[Ticket]
) -> Surroundings:
    planning = factory.config.planning
    return surroundings.read(
        factory.git,
        tip,
        index(tree),
        tickets,
        calibration=predictions.calibration(factory.layout, planning),
        hot_files=planning.hot_files,
    )


def recalibrated(calibration: Calibration) -> str:
    """What was learned from earlier nights, in words; empty: nothing yet."""
    if not calibration.factors:
        return ""
    factors = ", ".join(f"{kind} x {factor:.2f}" for kind, factor in calibration.factors.items())
    return (
        f"weights of evidence for files recalibrated from {calibration.tickets} measured tickets: {factors}"
    )


def _in_flight(factory: Factory, tip: str, changes: Iterable[MergeRequest]) -> dict[str, tuple[str, ...]]:
    """Files that open merge requests of the factory touch, by ticket."""
    ours = [mr for mr in changes if mr.source_branch.startswith(names.BRANCH_PREFIX)]
    factory.forge.fetch(mr.source_branch for mr in ours)
    return {mr.ticket_id: tuple(each.path for each in factory.git.brought(tip, mr.head)) for mr in ours}
