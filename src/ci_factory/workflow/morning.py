"""Stages 6 and 7: the review queue, the morning report, the dashboard page."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path

from ci_factory.config import Config
from ci_factory.errors import UsageError
from ci_factory.forge.protocol import Forge
from ci_factory.metrics import dashboard, merge_report, morning, overview
from ci_factory.metrics.alerts import Alert
from ci_factory.metrics.collect import collect
from ci_factory.metrics.facts import History
from ci_factory.metrics.gathering import of_history
from ci_factory.metrics.live_night import last_alerts
from ci_factory.metrics.overview import Overview
from ci_factory.metrics.sample import Sample, Wanted
from ci_factory.model.forecast import Outlook
from ci_factory.model.forge import MergeRequestSpec
from ci_factory.model.merge_truth import MergeTruth
from ci_factory.model.review import ReviewItem, ReviewQueue
from ci_factory.model.suggestion import meant
from ci_factory.review.queue import build_queue
from ci_factory.review.render import queue_markdown
from ci_factory.review.subject import ReviewSubject
from ci_factory.system import records
from ci_factory.system.git import Git
from ci_factory.system.layout import Layout
from ci_factory.workflow import (
    aftermath,
    escalations,
    predictions,
    review_pace,
    review_reminders,
    simulation,
    waiting,
)
from ci_factory.workflow.factory import Factory

EVERYTHING = Wanted()


def review(factory: Factory, reassign: Collection[int] = ()) -> ReviewQueue:
    """Put what waits for people in order, name one reviewer each, remind who blocks, write review.json and review.md.

    `reassign`: merge requests that somebody else is to review than whom the forge names.

    Raises:
        UsageError: one of these is no open merge request of the factory.
    """
    asked = escalations.escalated(factory.forge, factory.config)
    escalations.remind(factory, asked, escalations.blocking(escalations.last_intake(factory)))
    subjects = waiting.subjects(factory, asked, reassign)
    _refuse_unknown(reassign, subjects)
    queue = _queue(factory, subjects)
    _assign_all(factory, queue, subjects)
    review_reminders.remind(factory, queue)
    records.write_model(factory.layout.review, queue)
    text = queue_markdown(queue, now=queue.made_at) + _together(factory.layout)
    records.write_text(factory.layout.review.with_suffix(".md"), text)
    factory.event("review", "ordered", waiting=len(queue.items))
    factory.progress.stage("review", f"{len(queue.items)} wait for a person")
    return queue


def in_order(factory: Factory) -> ReviewQueue:
    """The open changes in the queue's order, for whoever needs that before it is made; nothing is written."""
    return _queue(factory, waiting.subjects(factory, ()))


def _together(layout: Layout) -> str:
    """Whether the open changes merge and work together, as it was last tried; empty when it never was."""
    truth = records.read_if_valid(layout.merge_truth, MergeTruth)
    return "\n".join(["", *merge_report.lines(truth)]) if truth else ""


@dataclass(frozen=True)
class Told:
    """What report and page tell of: facts of the newest nights, rows of all of them, the review queue, the moment."""

    history: History
    queue: ReviewQueue | None
    now: datetime
    sample: Sample
    """Of everything that is known, or of the part that is wanted."""
    config: Config
    outlook: Outlook | None = None
    """Forecasts of the batches, and what they came to."""
    alerts: tuple[Alert, ...] = ()
    """Of the last batch."""
    wanted: Wanted = EVERYTHING
    """What the sample is restricted to."""

    def of(self, wanted: Wanted) -> "Told":
        """The same with figures of a part only; the story of the last night stays whole.

        Raises:
            UsageError: the facts know no such project, agent or area.
        """
        for name in ("project", "agent", "area"):
            _refuse_unheard(name, getattr(wanted, name), self.sample)
        return replace(self, sample=self.sample.where(wanted), wanted=wanted)

    @cached_property
    def overview(self) -> Overview:
        """Everything that the page shows, as data."""
        return overview.tell(self.sample, self.history, self.queue, self.now, self.config, self.wanted)

    def text(self, batch_id: str | None = None) -> str:
        """The morning report of a batch, the last one by default, as Markdown.

        Raises:
            UsageError: there is no such batch.
        """
        last = self.history.batch()
        alerts = self.alerts if last and batch_id in {None, last.id} else ()
        return morning.morning_report(self.history, batch_id, self.queue, self.now, self.outlook, alerts)

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
        records.write_text(path, dashboard.render(self.overview))


def tell(git: Git, forge: Forge, layout: Layout, config: Config, now: datetime) -> Told:
    """Everything that forge and artifacts say now, with the review queue as it was last built."""
    queue = records.read_if_valid(layout.review, ReviewQueue)
    history = aftermath.watched(git, forge, layout, collect(forge, layout, config), now, config)
    outlook = simulation.outlook(layout, history, now)
    return Told(history, queue, now, of_history(history), config, outlook, last_alerts(layout, config, now))


def report(factory: Factory) -> Path:
    """Write the morning report of the last batch and the dashboard page; returns the page."""
    told = tell(factory.git, factory.forge, factory.layout, factory.config, factory.clock.now())
    batch = told.history.batch()
    if batch is not None:
        told.write_text(factory.layout)
        predictions.tell(factory, batch.id, told.history.predictions)
    told.write_page(factory.layout.dashboard)
    factory.event("report", "written", batch.id if batch else "", page=factory.layout.dashboard.name)
    factory.progress.stage("report", str(factory.layout.dashboard))
    return factory.layout.dashboard


def _refuse_unheard(name: str, value: str | None, sample: Sample) -> None:
    if value is None:
        return
    known = sorted({getattr(row, name) for row in (*sample.changes, *sample.tasks, *sample.work)} - {None})
    if value not in known:
        fix = meant(value, known, kind=f"{name}s") if known else "collect facts first: ci-factory collect"
        raise UsageError(f"there is no {name} {value!r}", where=f"--{name}", fix=fix)


def _refuse_unknown(reassign: Collection[int], subjects: Sequence[ReviewSubject]) -> None:
    if unknown := set(reassign) - {subject.merge_request for subject in subjects}:
        wanted = ", ".join(f"!{iid}" for iid in sorted(unknown))
        raise UsageError(
            f"{wanted} is no open merge request of the factory",
            where="--reassign",
            fix="ci-factory review shows them",
        )


def _queue(factory: Factory, subjects: Sequence[ReviewSubject]) -> ReviewQueue:
    strangers = waiting.strangers(factory.forge, factory.config, subjects)
    known, now = review_pace.known(factory.layout), factory.clock.now()
    return build_queue(subjects, config=factory.config, now=now, strangers=strangers, known=known)


def _assign_all(factory: Factory, queue: ReviewQueue, subjects: Sequence[ReviewSubject]) -> None:
    before = {subject.merge_request: subject.reviewer for subject in subjects}
    for item in queue.items:
        if _assign(factory, item, before.get(item.merge_request)):
            who, why = item.reviewer, item.reviewer_reason
            factory.event("review", "assigned", ticket_id=item.ticket_id, reviewer=who, why=why)


def _assign(factory: Factory, item: ReviewItem, before: str | None) -> bool:
    """Name the reviewer on the merge request, unless somebody named another one meanwhile; whether it was written."""
    if item.merge_request is None or item.reviewer is None or item.reviewer == before:
        return False
    merge_request = factory.forge.merge_request(item.merge_request)
    if merge_request.reviewer != before or factory.halt(item.ticket_id):
        return False
    wanted = {name: getattr(merge_request, name) for name in MergeRequestSpec.model_fields}
    spec = MergeRequestSpec.model_validate({**wanted, "reviewer": item.reviewer})
    factory.forge.ensure_merge_request(spec)
    return True
