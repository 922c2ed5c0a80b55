"""index.json: which child pipelines a batch became, and in which order they may start."""

from typing import Literal

from pydantic import Field

from ci_factory.model.base import Artifact, TicketId, Value


class ChildPipeline(Value):
    """One generated pipeline."""

    number: int = Field(ge=1)
    file: str = Field(pattern=r"^child-[0-9]+\.yml$")
    tickets: tuple[TicketId, ...]
    """In start order; empty only when nothing was planned at all."""
    jobs: int = Field(ge=1)
    """Jobs of the pipeline once GitLab has taken its matrices apart."""
    bytes: int = Field(ge=1)
    after: tuple[int, ...] = ()
    """Children that must have ended before this one is triggered; all of them have smaller numbers."""
    carries: tuple[TicketId, ...] = ()
    """Tickets of those children that tickets of this child build on or wait for."""


class PipelineIndex(Artifact):
    """The children of one batch."""

    batch_id: str | None
    """`None`: nothing was planned, and the only child says so."""
    pairing: Literal["matrix", "jobs"]
    """Whether gate jobs find their agent jobs by matrix expressions (GitLab 18.6 and later) or by name."""
    children: tuple[ChildPipeline, ...] = Field(min_length=1)
