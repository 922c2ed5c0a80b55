"""The dashboard: one HTML file that needs nothing else, no network, no script.

Everything that facts say is escaped by the template and stripped of control characters before; the page's own policy
(`Content-Security-Policy` in a meta element) allows its one style sheet by hash and nothing else.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from ci_factory.metrics import morning, pages, pictures
from ci_factory.metrics import night as nights
from ci_factory.metrics.facts import EscalationFact, History
from ci_factory.metrics.figure import Figure
from ci_factory.metrics.figures import newest_scores
from ci_factory.metrics.night import Night, Tone
from ci_factory.model.gate import GateStatus
from ci_factory.model.review import ReviewQueue

_NIGHTS_SHOWN = 30
_QUEUE_SHOWN = 8
_STACK_WIDTH, _SPAN_WIDTH = 120.0, 120.0
_HISTOGRAM = (480.0, 150.0)


@dataclass(frozen=True)
class GateRow:
    """One gate's verdicts over all changes."""

    name: str
    counts: dict[str, int]
    slices: tuple[pictures.Slice, ...]
    seconds: float | None


@dataclass(frozen=True)
class NightRow:
    """One batch in the list of batches."""

    night: Night
    slices: tuple[pictures.Slice, ...]

    @property
    def words(self) -> str:
        """What the bar shows, for those who do not see it."""
        return ", ".join(f"{number} {outcome.value}" for outcome, number in self.night.counts().items())

    def figure(self, key: str) -> Figure:
        """One of the night's figures."""
        return next(figure for figure in self.night.figures if figure.key == key)


def render(history: History, figures: Sequence[Figure], queue: ReviewQueue | None, now: datetime) -> str:
    """The page as HTML text. The same facts and moment give the same text."""
    template, style = pages.environment().get_template("dashboard.html.j2"), pages.style("dashboard.css")
    rows = [_night_row(history, batch_id, queue) for batch_id in _last_nights(history)]
    night = rows[0].night if rows else None
    scores, without_score = newest_scores(history)
    return template.render(
        style=style.css,
        policy=style.policy,
        history=history,
        figures=figures,
        facts_of={ticket.id: ticket for ticket in history.tickets},
        spans=[pictures.span(figure, _SPAN_WIDTH) for figure in figures],
        span_width=_SPAN_WIDTH,
        queue=queue,
        queue_shown=_QUEUE_SHOWN,
        now=now,
        night=night,
        verdict=morning.verdict(night) if night else "",
        gantt=pictures.gantt(night.tickets) if night else None,
        questions=_questions(history),
        gates=_gate_rows(history),
        stack_width=_STACK_WIDTH,
        histogram=pictures.histogram(scores, *_HISTOGRAM),
        histogram_size=_HISTOGRAM,
        scores=scores,
        without_score=without_score,
        threshold=_threshold(history),
        rows=rows,
        tones=Tone,
        signs=pictures.SIGNS,
        statuses=[status.value for status in GateStatus],
    )


def _last_nights(history: History) -> list[str]:
    return [batch.id for batch in reversed(history.batches[-_NIGHTS_SHOWN:])]


def _night_row(history: History, batch_id: str, queue: ReviewQueue | None) -> NightRow:
    batch = next(batch for batch in history.batches if batch.id == batch_id)
    night = nights.tell(history, batch, queue)
    tones = Counter(ticket.outcome.tone for ticket in night.tickets)
    return NightRow(night, pictures.stacked({tone.value: tones[tone] for tone in Tone}, _STACK_WIDTH))


def _questions(history: History) -> list[EscalationFact]:
    """What waits for an answer, the most important and the oldest first."""
    waiting = [escalation for escalation in history.escalations if escalation.waiting]
    return sorted(waiting, key=lambda asked: (-asked.priority.rank, asked.raised_at, asked.ticket))


def _gate_rows(history: History) -> list[GateRow]:
    rows = []
    for gate in sorted({fact.gate for fact in history.gates}):
        facts = [fact for fact in history.gates if fact.gate == gate]
        said = Counter(fact.status for fact in facts)
        counts = {status.value: said[status] for status in GateStatus}
        seconds = sorted(fact.seconds for fact in facts if fact.seconds is not None)
        slices = pictures.stacked(counts, _STACK_WIDTH)
        rows.append(GateRow(gate, counts, slices, seconds[len(seconds) // 2] if seconds else None))
    return rows


def _threshold(history: History) -> float | None:
    """The threshold of the newest judged merge request."""
    return next((mr.threshold for mr in reversed(history.merge_requests) if mr.threshold is not None), None)
