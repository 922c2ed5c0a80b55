"""Stage 1: which tickets are in the queue, and which of them are ready."""

from collections.abc import Sequence

from ci_factory.forge.local import LocalForge
from ci_factory.forge.ticket_files import with_ready_label
from ci_factory.intake.assess import assess
from ci_factory.model.forge import Issue, IssueState
from ci_factory.model.ticket import Candidate, IntakeReport, Ticket
from ci_factory.publishing import names
from ci_factory.system import records
from ci_factory.workflow.factory import Factory

_AGAIN = ("queued", "running", "needs-info", "deferred")
"""States that a batch may take up again: stale ones of a killed run, and those that wait for a change."""


def receive(factory: Factory, tickets: Sequence[Ticket]) -> None:
    """Bring tickets from files into the embedded forge; ones it knows already are not doubled."""
    if not tickets or not isinstance(factory.forge, LocalForge):
        return
    labelled = [with_ready_label(ticket, factory.config.labels.ready) for ticket in tickets]
    changed = factory.forge.import_tickets(labelled)
    factory.event("intake", "received", tickets=len(labelled), changed=changed)


def intake(factory: Factory) -> IntakeReport:
    """Assess every ticket of the queue and write intake.json."""
    issues = {issue.ticket.id: issue for issue in factory.forge.issues(opened_only=False)}
    known = {ticket_id: issue.state == IssueState.CLOSED for ticket_id, issue in issues.items()}
    delivered = {mr.ticket_id for mr in factory.forge.merge_requests()}
    now = factory.clock.now()
    tree = frozenset(factory.git.files(factory.target_branch))
    candidates = tuple(
        assess(issue.ticket, tree=tree, known=known, config=factory.config, now=now)
        for issue in issues.values()
        if _queued(factory, issue) and issue.ticket.id not in delivered
    )
    report = IntakeReport(taken_at=now, candidates=candidates)
    records.write_model(factory.layout.intake, report)
    factory.progress.stage("intake", _summary(candidates))
    return report


def _queued(factory: Factory, issue: Issue) -> bool:
    labels = factory.config.labels
    wanted = {labels.ready, *(labels.state(state) for state in _AGAIN)}
    now = set(issue.ticket.labels)
    answered = {labels.state("escalated"), labels.approved} <= now
    return issue.state == IssueState.OPENED and (answered or bool(wanted & now))


def _summary(candidates: Sequence[Candidate]) -> str:
    ready = sum(candidate.readiness.ready for candidate in candidates)
    return f"{len(candidates)} tickets in the queue, {ready} ready"


def in_flight(factory: Factory) -> dict[str, tuple[str, ...]]:
    """Files that open merge requests of the factory touch, by ticket."""
    target = factory.target_branch
    return {
        mr.ticket_id: tuple(change.path for change in factory.git.brought(target, mr.head))
        for mr in factory.forge.merge_requests()
        if mr.source_branch.startswith(names.BRANCH_PREFIX)
    }
