"""An audit as a file that can be checked without the factory: JSON lines, each chained to the one before. Pure.

The first line says what it is, the last how many there are. What came from a store stands in it with the links of the
store's own chain, back to the first record, so that an anchor that was written down elsewhere shows whether they are genuine.
"""

import json
import math
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, NoReturn

from ci_factory.errors import ArtifactError
from ci_factory.metrics.storing import chain
from ci_factory.metrics.storing.chain import Link
from ci_factory.metrics.storing.values import Head
from ci_factory.model.base import Json

FORMAT = "ci-factory-audit-1"
MOST_LINES = 2_000_000
MOST_LINE = 16 * 1024 * 1024
"""Characters of one line."""
_START = "0" * 64
_TOLD = 20
_FIELDS = len(Link._fields)


class Row(NamedTuple):
    """One line's content: `header`, `story`, `fact`, `event`, `link`, `anchor`, `end`."""

    kind: str
    data: Json


class Checked(NamedTuple):
    """What came of checking a bundle."""

    faults: tuple[str, ...]
    lines: int
    head: str
    """Hash of its last line; written down elsewhere it shows whether the bundle is the one that was exported."""
    links: int
    """Records of the store that stand in it."""
    anchored: int
    """Anchors from elsewhere that these agree with."""


def lines(rows: Iterable[Row], *, asked: str, made_at: str) -> Iterator[str]:
    """The bundle's lines, each with its newline."""
    before, count = _START, 0
    header = Row("header", {"format": FORMAT, "asked": asked, "made_at": made_at})
    for row in (header, *rows):
        line, before = _line(before, count, row)
        yield line
        count += 1
    yield _line(before, count, Row("end", {"lines": count + 1}))[0]


def head_of(line: str) -> str:
    """The hash that a line ends with."""
    return str(json.loads(line)["hash"])


def link_row(link: Link, *, whole: bool) -> Row:
    """A record of the store; its data only when it belongs to what was asked."""
    return Row("link", list(link if whole else link._replace(data=None)))


def check(text: Iterable[str], anchors: Sequence[Head] = ()) -> Checked:
    """What is wrong with a bundle: a line that was changed, removed, moved or put in, and a chain that does not hold.

    `anchors` come from elsewhere, and count beside those in the bundle.

    Raises:
        ArtifactError: it is no bundle at all.
    """
    walk = _Walk(anchors)
    for number, line in enumerate(text):
        if number >= MOST_LINES or len(line) > MOST_LINE:
            raise ArtifactError("is too large for an audit bundle", where="--verify")
        walk.step(number, line)
    return walk.done()


def _line(before: str, number: int, row: Row) -> tuple[str, str]:
    digest = chain.digest(chain.written([before, number, row.kind, row.data]))
    whole = {"n": number, "kind": row.kind, "data": row.data, "hash": digest}
    return chain.written(whole) + "\n", digest


class _Walk:
    """Goes along the lines once."""

    def __init__(self, anchors: Sequence[Head]) -> None:
        self._faults: list[str] = []
        self._before, self._count, self._ended = _START, 0, False
        self._link: Link | None = None
        self._links: dict[int, str] = {}
        self._given = set(anchors)
        self._anchors = set(anchors)

    def step(self, number: int, line: str) -> None:
        row, claimed = _parsed(number, line)
        if row is None:
            if number == 0:
                raise ArtifactError(
                    "is no audit bundle", where="--verify", fix="make one with audit --export FILE"
                )
            self._fault(f"line {number + 1} is none of a bundle")
            return
        if number == 0 and (
            row.kind != "header" or not isinstance(row.data, dict) or row.data.get("format") != FORMAT
        ):
            raise ArtifactError("is no audit bundle of this version", where="--verify")
        if self._ended:
            self._fault(f"line {number + 1} stands behind the end")
        expected = _line(self._before, number, row)[1]
        if claimed != expected:
            self._fault(
                f"line {number + 1} ({row.kind}) was changed, moved, put in, or follows one that was removed"
            )
        self._before, self._count = claimed, self._count + 1
        self._content(number, row)

    def done(self) -> Checked:
        if not self._count:
            raise ArtifactError("is empty, so no audit bundle", where="--verify")
        if not self._ended:
            self._fault("the end is missing: lines were cut off")
        matched = 0
        for anchor in sorted(self._anchors):
            found = self._links.get(anchor.seq)
            if found == anchor.chain:
                matched += anchor in self._given
            elif found is not None:
                self._fault(
                    f"record {anchor.seq} of the store is not the one that was anchored: it was written anew"
                )
        return Checked(tuple(self._faults[:_TOLD]), self._count, self._before, len(self._links), matched)

    def _content(self, number: int, row: Row) -> None:
        if row.kind == "end":
            self._ended = True
            if row.data != {"lines": number + 1}:
                self._fault("the end counts another number of lines")
        elif row.kind == "anchor" and (anchor := _anchor(row.data)) is not None:
            self._anchors.add(anchor)
        elif row.kind == "link":
            self._linked(number, row.data)

    def _linked(self, number: int, data: Json) -> None:
        link = Link(*data) if isinstance(data, list) and len(data) == _FIELDS else None
        if link is None or not isinstance(link.seq, int):
            self._fault(f"line {number + 1} holds no record of a store")
            return
        before = self._link.chain if self._link else chain.START.chain
        if link.seq != (self._link.seq if self._link else 0) + 1 or chain.link(before, link) != link.chain:
            self._fault(f"record {link.seq} of the store does not follow from the one before it")
        if link.data is not None and chain.digest(str(link.data)) != link.data_hash:
            self._fault(f"record {link.seq} of the store: its data were changed")
        self._link = link
        self._links[link.seq] = link.chain

    def _fault(self, words: str) -> None:
        if len(self._faults) < _TOLD:
            self._faults.append(words)


def _anchor(data: Json) -> Head | None:
    kinds = [type(each) for each in data] if isinstance(data, list) else []
    return Head(*data) if kinds == [int, str] else None


def _refused(number: str) -> NoReturn:
    raise ValueError(number)


def _finite(number: str) -> float:
    value = float(number)
    return value if math.isfinite(value) else _refused(number)


def _parsed(number: int, line: str) -> tuple[Row | None, str]:
    try:
        found = json.loads(line, parse_constant=_refused, parse_float=_finite)
    except (ValueError, RecursionError):
        return None, ""
    if not isinstance(found, dict) or found.keys() != {"n", "kind", "data", "hash"}:
        return None, ""
    sound = found["n"] == number and isinstance(found["kind"], str) and isinstance(found["hash"], str)
    return (
        (Row(found["kind"], found["data"]), found["hash"])
        if sound
        else (Row(str(found["kind"]), found["data"]), "")
    )
