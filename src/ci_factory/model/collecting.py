"""What metrics read of a forge: glimpses of many things, to see what changed, and records of one, to know it whole."""

from enum import StrEnum

from pydantic import Field

from ci_factory.model.base import Moment, Sha, Value
from ci_factory.model.forge import ForgeEvent, Issue, MergeRequest, Note, NoteTarget


class Order(StrEnum):
    """In which order glimpses come."""

    CREATED = "created"
    """The oldest first: places in this order do not move, so one can go on there the next day."""
    UPDATED = "updated"
    """Those that the forge says were changed last come first."""


class Wanted(Value):
    """Of what glimpses are wanted: the factory's merge requests, or issues that carry one of some labels."""

    target: NoteTarget
    order: Order = Order.CREATED
    opened_only: bool = False
    labels: tuple[str, ...] = ()
    """Of issues: one of them is enough; none restricts nothing."""
    ids: tuple[str, ...] = ()
    """Only these, of those that exist."""
    after: str | None = None
    """`Glimpses.after` of the page before."""


class Glimpse(Value):
    """What a list tells of one thing, as hashes: while they stay the same, nothing that counts has changed."""

    id: str
    shown: str
    """Of what a list shows: state, title, labels, times, head, approvals."""
    said: str | None
    """Of everything that people, bots and the forge noted on it, word for word; `None`: the list does not tell."""


class Glimpses(Value):
    """One page."""

    items: tuple[Glimpse, ...] = ()
    after: str | None = None
    """Where the next page begins; `None` after the last."""


class Head(Value):
    """One version of a merge request."""

    head: Sha
    base: Sha | None = None
    """Where the change began then."""
    at: Moment
    patch_id: str | None = None
    """The same for the same change on another base; `None`: not known."""


class MergeRequestRecord(Value):
    """Everything about one merge request."""

    request: MergeRequest
    notes: tuple[Note, ...] = ()
    events: tuple[ForgeEvent, ...] = ()
    """Its history as far as metrics need it: no labels."""
    heads: tuple[Head, ...] = ()
    seconds_spent: int | None = Field(default=None, ge=0)
    """What people recorded; `None` when nobody did."""


class IssueRecord(Value):
    """Everything about one issue."""

    issue: Issue
    notes: tuple[Note, ...] = ()
    events: tuple[ForgeEvent, ...] = ()
