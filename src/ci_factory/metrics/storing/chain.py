"""The hash chain: each record's link is made of the link before it, so nothing behind a link can be changed unseen. Pure.

    link = SHA-256(JSON([link before, seq, project, kind, key, revision, data hash, recorded at]))

with the link before the first being 64 zeros, and JSON without blanks and with every character beyond ASCII escaped. The
data stand in it by their hash alone: they can be removed when their time is over, and the chain still holds. It is the
construction of S. Haber and W. S. Stornetta, "How to time-stamp a digital document" (Journal of Cryptology 3, 1991). Whoever can
write all of the store can write a new chain: only a head that is kept elsewhere gives that away, and a cut tail likewise.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from heapq import heappop, heappush
from itertools import islice
from operator import itemgetter
from typing import NamedTuple

from pydantic_core import from_json

from ci_factory.metrics.storing.values import PROMPT, RETENTION, Head
from ci_factory.model.base import Json
from ci_factory.model.text import plain

START = Head(0, "0" * 64)
"""Head of an empty store."""
_TOLD = 20
"""Faults that are told; a store with more is no store."""
_TEXT, _NUMBER = (1, 2, 3, 6, 7, 8), (0, 4)
_NAMED = 60
_WRITTEN = json.JSONEncoder(sort_keys=True, separators=(",", ":"), allow_nan=False).encode
"""As `json.dumps` would, which makes its encoder anew each time."""


class Link(NamedTuple):
    """A record as it stands in the database, its data as text."""

    seq: int
    project: str
    kind: str
    key: str
    revision: int
    data: str | None
    data_hash: str
    chain: str
    recorded_at: str


def written(data: Json) -> str:
    """Data as they are written and hashed; equal data give equal text.

    Raises:
        ValueError: they hold what JSON has not, such as an infinite number.
    """
    return _WRITTEN(data)


def digest(text: str) -> str:
    """SHA-256 of a text as 64 hexadecimal digits."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def link(before: str, record: Link) -> str:
    """The link of a record that follows the link `before`."""
    seq, project, kind, key, revision, _, data_hash, _, recorded_at = record
    return digest(_WRITTEN([before, seq, project, kind, key, revision, data_hash, recorded_at]))


def faults(records: Iterable[Link], anchors: Sequence[Head] = ()) -> tuple[str, ...]:
    """What is wrong with a chain, in words, the first twenty faults; nothing when it is whole.

    `records` come in the order of `seq`; each of `anchors` is a head that the chain had once.
    """
    return tuple(islice(_Walk(anchors).faults(records), _TOLD))


class _Walk:
    """Goes along a chain once. After a fault it goes on from what stands there, so that one change is one fault."""

    def __init__(self, anchors: Sequence[Head]) -> None:
        self._anchors: dict[int, set[str]] = {}
        for anchor in anchors:
            self._anchors.setdefault(anchor.seq, set()).add(anchor.chain)
        self._at = START
        self._without: dict[bool, list[tuple[str, int, str]]] = {True: [], False: []}
        """Of prompts, and of others: heaps of records without data that no retention so far accounts for, oldest first."""

    def faults(self, records: Iterable[Link]) -> Iterator[str]:
        yield from self._anchored()
        for record in records:
            if not _typed(record):
                yield f"a row after record {self._at.seq} is none that this program wrote"
                return
            yield from self._placed(record)
            yield from self._told(record)
            self._at = Head(record.seq, record.chain)
            yield from self._anchored()
        for _, _, name in sorted((*self._without[True], *self._without[False]), key=itemgetter(1)):
            yield f"{name}: its data are gone, and no retention removed them"
        for seq in sorted(seq for seq in self._anchors if seq > self._at.seq):
            yield f"the tail is cut: it ends with record {self._at.seq}, and once had {seq}"

    def _placed(self, record: Link) -> Iterator[str]:
        expected, last = self._at.seq + 1, record.seq - 1
        if record.seq < expected:
            yield f"{_name(record)} was put in"
        elif record.seq > expected:
            gap = f"record {expected} is" if last == expected else f"records {expected} to {last} are"
            yield f"{gap} missing"
        elif link(self._at.chain, record) != record.chain:
            yield f"{_name(record)} does not follow from the one before it: one of them was changed, moved or put in"

    def _told(self, record: Link) -> Iterator[str]:
        if record.data is None:
            heappush(self._without[record.kind == PROMPT], (record.recorded_at, record.seq, _name(record)))
        elif digest(record.data) != record.data_hash:
            yield f"{_name(record)}: its data were changed"
        elif record.kind == RETENTION:
            self._account(record.data, record.recorded_at)

    def _account(self, data: str, at: str) -> None:
        """Forget what a retention removed, as its record says it; it removes nothing that is younger than itself."""
        try:
            told = from_json(data)
            of_prompts, before = told["kind"] == PROMPT, min(str(told["before"]), at)
        except (ValueError, KeyError, TypeError):
            return
        waiting = self._without[of_prompts]
        while waiting and waiting[0][0] < before:
            heappop(waiting)

    def _anchored(self) -> Iterator[str]:
        expected = self._anchors.pop(self._at.seq, None)
        if expected and expected != {self._at.chain}:
            yield f"record {self._at.seq} is not the one that was the last once: the chain was written anew"


def _typed(record: Link) -> bool:
    """Whether the columns hold what they should; SQLite would let them hold anything."""
    return (
        all(isinstance(record[place], str) for place in _TEXT)
        and all(type(record[place]) is int for place in _NUMBER)
        and (record.data is None or isinstance(record.data, str))
    )


def _name(record: Link) -> str:
    words = f"{record.project} {record.kind} {record.key}"
    return f"record {record.seq} ({plain(words, _NAMED)})"
