"""Stages 6 and 7: the review queue, the morning report, the dashboard page."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ci_factory.config import Config
from ci_factory.forge.protocol import Forge
from ci_factory.metrics import dashboard, figures, morning
from ci_factory.metrics.collect import collect
from ci_factory.metrics.facts import History
from ci_factory.model import block
from ci_factory.model.attempt import Attempt
from ci_factory.model.base import Json
from ci_factory.model.forge import MergeRequest, MergeRequestSpec, NoteTarget
from ci_factory.model.gate import GateReport, Verdict
from ci_factory.model.review import ReviewItem, ReviewQueue
from ci_factory.model.ticket import RiskLevel, Size
from ci_factory.publishing import names, note
from ci_factory.review import codeowners
from ci_factory.review.queue import build_queue
from ci_factory.review.render import queue_markdown
from ci_factory.review.subject import ReviewSubject
from ci_factory.system import records
from ci_factory.system.layout import Layout
from ci_factory.workflow import escalations
from ci_factory.workflow.escalations import Asked
from ci_factory.workflow.factory import Factory

_FILES_ASKED = 20
"""Files of a change whose history is read to find a reviewer."""


def review(factory: Factory) -> ReviewQueue:
    """Put what waits for people in order, name one reviewer each, and write review.json and review.md."""
    rules = codeowners.parse(_codeowners(factory))
    asked = escalations.escalated(factory.forge, factory.config)
    escalations.remind(factory, asked, escalations.blocking(escalations.last_intake(factory)))
    waiting = [_subject_of_escalation(factory, each, rules) for each in asked if each.waits]
    subjects = [*_open_changes(factory, rules), *waiting]
    queue = build_queue(subjects, config=factory.config, now=factory.clock.now())
    for item in queue.items:
        _assign(factory.forge, item)
    records.write_model(factory.layout.review, queue)
    records.write_text(factory.layout.review.with_suffix(".md"), queue_markdown(queue, now=queue.made_at))
    factory.event("review", "ordered", waiting=len(queue.items))
    factory.progress.stage("review", f"{len(queue.items)} wait for a person")
    return queue


@dataclass(frozen=True)
class Told:
    """What report and page tell of: every fact, the review queue when there is one, and the moment."""

    history: History
    queue: ReviewQueue | None
    now: datetime

    def text(self, batch_id: str | None = None) -> str:
        """The morning report of a batch, the last one by default, as Markdown.

        Raises:
            UsageError: there is no such batch.
        """
        return morning.morning_report(self.history, batch_id, self.queue, self.now)

    def write_text(self, layout: Layout, batch_id: str | None = None) -> str:
        """Write the report beside its batch, and in the output folder when the batch is the last one; returns it.

        Raises:
            UsageError: there is no such batch.
        """
        text = self.text(batch_id)
        batch, last = self.history.batch(batch_id), self.history.batch()
        assert batch is not None  # noqa: S101 - `text` refused it
        if layout.batch(batch.id).path.is_dir():
            records.write_text(layout.batch(batch.id).report, text)
        if batch == last:
            layout.prepare()
            records.write_text(layout.report, text)
        return text

    def write_page(self, path: Path) -> None:
        """Write the dashboard."""
        page = dashboard.render(self.history, figures.figures(self.history, self.now), self.queue, self.now)
        records.write_text(path, page)


def tell(forge: Forge, layout: Layout, config: Config, now: datetime) -> Told:
    """Everything that forge and artifacts say now, with the review queue as it was last built."""
    queue = records.read_if_valid(layout.review, ReviewQueue)
    return Told(collect(forge, layout, config), queue, now)


def report(factory: Factory) -> Path:
    """Write the morning report of the last batch and the dashboard page; returns the page."""
    told = tell(factory.forge, factory.layout, factory.config, factory.clock.now())
    batch = told.history.batch()
    if batch is not None:
        told.write_text(factory.layout)
    told.write_page(factory.layout.dashboard)
    factory.event("report", "written", batch.id if batch else "", page=factory.layout.dashboard.name)
    factory.progress.stage("report", str(factory.layout.dashboard))
    return factory.layout.dashboard


def _open_changes(factory: Factory, rules: codeowners.Rules) -> list[ReviewSubject]:
    changes = [
        mr for mr in factory.forge.merge_requests() if mr.source_branch.startswith(names.BRANCH_PREFIX)
    ]
    factory.forge.fetch(mr.source_branch for mr in changes)
    return [_subject_of_change(factory, merge_request, rules) for merge_request in changes]


def _codeowners(factory: Factory) -> str:
    """GitLab's three places, in its order."""
    places = ("CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS")
    tip = factory.tip()
    return next((text for place in places if (text := factory.git.show(tip, place))), "")


def _subject_of_change(
    factory: Factory, merge_request: MergeRequest, rules: codeowners.Rules
) -> ReviewSubject:
    ticket = factory.forge.issue(merge_request.ticket_id).ticket
    facts = _facts(factory.forge, merge_request)
    target = factory.forge.branch(merge_request.target_branch) or factory.tip()
    files = tuple(change.path for change in factory.git.brought(target, merge_request.head))
    return ReviewSubject(
        ticket=ticket,
        merge_request=merge_request.iid,
        author=merge_request.author,
        verdict=Verdict(facts["verdict"]) if "verdict" in facts else None,
        score=facts.get("score"),
        security_findings=_security_findings(factory, facts),
        risk=RiskLevel(facts.get("risk", RiskLevel.MEDIUM)),
        size=Size(facts.get("size", Size.MEDIUM)),
        lines=int(facts.get("added", 0)) + int(facts.get("removed", 0)),
        files=files,
        opened_at=merge_request.created_at,
        escalated=False,
        owners={path: rules.owners(path) for path in files},
        recent_authors=_authors(factory, target, files),
    )


def _facts(forge: Forge, merge_request: MergeRequest) -> dict[str, Json]:
    """The hidden block of our own note; notes of others are not believed."""
    bodies = [
        written.body
        for written in forge.notes(NoteTarget.MERGE_REQUEST, str(merge_request.iid))
        if written.author == forge.user
    ]
    return next((data for body in reversed(bodies) if (data := block.read(body, note.NOTE_KEY))), {})


def _security_findings(factory: Factory, facts: dict[str, Json]) -> int:
    """New findings of the security gates, from the verdict kept with the batch."""
    folder = factory.layout.batch(str(facts.get("batch"))).ticket(str(facts.get("ticket")))
    gates = records.read_if_valid(folder.gate, GateReport)
    if gates is None:
        return 0
    found = (f for gate in gates.gates if gate.component == "security" for f in gate.findings)
    return sum(finding.is_new and not finding.suppressed for finding in found)


def _subject_of_escalation(factory: Factory, asked: Asked, rules: codeowners.Rules) -> ReviewSubject:
    issue, attempt = asked.issue, _last_attempt(factory, asked.id)
    since = asked.question.asked_at if asked.question else attempt.finished_at if attempt else None
    # Asked before any work, the files are the ticket's own words.
    files = (attempt.diff.files if attempt else ()) or issue.ticket.files
    return ReviewSubject(
        ticket=issue.ticket,
        merge_request=None,
        author=factory.forge.user,
        verdict=None,
        score=None,
        security_findings=0,
        risk=RiskLevel.HIGH,
        size=attempt.size if attempt else issue.ticket.complexity or Size.MEDIUM,
        lines=attempt.diff.added + attempt.diff.removed if attempt else 0,
        files=files,
        opened_at=since or factory.clock.now(),
        escalated=True,
        owners={path: rules.owners(path) for path in files},
        recent_authors=_authors(factory, factory.tip(), files),
    )


def _authors(factory: Factory, revision: str, files: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Of each file, those among its authors who can be asked: a name in git need not be anybody on the forge."""
    return {
        path: tuple(name for name in factory.git.authors(revision, path) if factory.forge.role_of(name))
        for path in files[:_FILES_ASKED]
    }


def _last_attempt(factory: Factory, ticket_id: str) -> Attempt | None:
    found = (
        records.read_if_valid(f.ticket(ticket_id).attempt, Attempt)
        for f in reversed(factory.layout.batches())
    )
    return next((attempt for attempt in found if attempt), None)


def _assign(forge: Forge, item: ReviewItem) -> None:
    """Name the reviewer on the merge request, unless somebody is named there already."""
    if item.merge_request is None or item.reviewer is None:
        return
    merge_request = forge.merge_request(item.merge_request)
    if merge_request.reviewer is None and forge.role_of(item.reviewer) is not None:
        wanted = {name: getattr(merge_request, name) for name in MergeRequestSpec.model_fields}
        forge.ensure_merge_request(MergeRequestSpec.model_validate({**wanted, "reviewer": item.reviewer}))
