"""What the store takes and gives: plain values. Pure."""

import re
from typing import NamedTuple, Self

from ci_factory.errors import UsageError
from ci_factory.model.base import Json

PROMPT = "prompt"
"""Kind of the records that hold prompts; their key is the SHA-256 of the text as the agent got it."""
RETENTION = "retention"
"""Kind of the records that say until when data were removed; they belong to no project."""
_HEAD = re.compile(r"(0|[1-9][0-9]{0,17}):([0-9a-f]{64})")


class Head(NamedTuple):
    """The end of the chain at some moment. Written down elsewhere, it is the anchor that a cut tail is found by."""

    seq: int
    """Number of the last record; 0 of an empty store."""
    chain: str
    """Its link, 64 hexadecimal digits."""

    def __str__(self) -> str:
        return f"{self.seq}:{self.chain}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """The head that `str` wrote.

        Raises:
            UsageError: it is none.
        """
        found = _HEAD.fullmatch(text.strip())
        if found is None:
            raise UsageError(
                "is no head of a chain", where=text[:80], fix="write it as ci-factory collect --store says it"
            )
        return cls(int(found[1]), found[2])


class Entry(NamedTuple):
    """One record, a link of the chain."""

    seq: int
    """1, 2, 3, … without a gap."""
    project: str
    kind: str
    key: str
    revision: int
    """1, 2, 3, … of one project, kind and key."""
    data: Json | None
    """`None` when retention removed it, and for a fact that is no more."""
    data_hash: str
    """SHA-256 of the data as it was written."""
    chain: str
    recorded_at: str
    """ISO 8601 in UTC with microseconds, as it is hashed."""


class Saved(NamedTuple):
    """What a save did."""

    seen: int
    added: int
    """Records added: facts that are new, or differ from what was known, or are no more."""


class Pruned(NamedTuple):
    """What retention removed the data of."""

    prompts: int
    records: int

    def __str__(self) -> str:
        return f"removed the text of {self.prompts} prompts and the data of {self.records} records, kept their hashes"


class Prompt(NamedTuple):
    """What is known of one prompt."""

    hash: str
    text: str | None
    """Without secrets, and cut to length; `None` once retention removed it."""
    first_seen: str
    """ISO 8601 in UTC."""
