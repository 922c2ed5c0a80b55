"""How fast people here review, from the facts that were collected last."""

from collections.abc import Iterator

from ci_factory.errors import ArtifactError
from ci_factory.metrics.facts import History
from ci_factory.review.pace import Decision, Pace, pace
from ci_factory.system import records
from ci_factory.system.layout import Layout

_LIMIT = 256 * 1024 * 1024
"""Bytes of facts that are read, as for reports."""


def known(layout: Layout) -> Pace:
    """The pace by OUT/facts.json, which `ci-factory collect` writes; nothing is known without it."""
    try:
        return pace(decisions(records.read_model(layout.facts, History, limit=_LIMIT)))
    except ArtifactError:
        return Pace()


def decisions(history: History) -> Iterator[Decision]:
    """When named reviewers approved, or closed, changes of a known size."""
    for request in history.merge_requests:
        at = request.approved_at or request.closed_at
        if at is not None and request.reviewer is not None and request.size is not None:
            lines = (request.added or 0) + (request.removed or 0)
            yield Decision(request.reviewer, at, request.size, lines)
