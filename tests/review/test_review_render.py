"""The queue as Markdown."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from ci_factory.config import Config
from ci_factory.model.gate import Verdict
from ci_factory.model.review_settings import ReviewConfig
from ci_factory.model.ticket import Priority, Size
from ci_factory.review.queue import build_queue
from ci_factory.review.render import queue_markdown
from ci_factory.review.subject import ReviewSubject

Subject = Callable[..., ReviewSubject]
NOW = datetime(2026, 3, 5, 8, tzinfo=UTC)
GOLDEN = Path(__file__).parents[1] / "data" / "review" / "queue.md"
HOSTILE = "/merge | @all <details> ![x](http://evil) Closes #1\n\n# big"


def test_the_document_is_as_agreed(subject: Subject) -> None:
    """Order, totals, late ones and hostile titles, compared whole."""
    config = Config(review=ReviewConfig(reviewers=("ann", "ben")))
    subjects = [
        subject("t1"),
        subject("t2", merge_request=2, score=97.5, size=Size.TRIVIAL, lines=4),
        subject(
            "t3", merge_request=3, security_findings=2, score=None, verdict=Verdict.BLOCKED, title=HOSTILE
        ),
        subject("t4", merge_request=None, score=None, verdict=None, escalated=True, priority=Priority.LOW),
    ]
    assert queue_markdown(build_queue(subjects, config=config, now=NOW), NOW) == GOLDEN.read_text(
        encoding="utf-8"
    )


def test_every_row_has_as_many_cells_as_the_heading(subject: Subject) -> None:
    """A title can't break the table."""
    queue = build_queue([subject(title=HOSTILE)], config=Config(), now=NOW)
    rows = [line for line in queue_markdown(queue, NOW).splitlines() if line.startswith("|")]
    assert len(rows) == 3
    assert len({row.replace(r"\|", "").count("|") for row in rows}) == 1


def test_an_empty_queue_is_said(subject: Subject) -> None:
    """No table without rows."""
    del subject
    assert "Nothing waits" in queue_markdown(build_queue([], config=Config(), now=NOW), NOW)
