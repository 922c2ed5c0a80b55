"""The hash chain: whatever is done to the rows behind the program's back is told, and retention is no tampering."""

import hashlib
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ci_factory.errors import UsageError
from ci_factory.metrics import storing
from ci_factory.metrics.storing import Head, chain
from ci_factory.metrics.storing.chain import Link
from ci_factory.model.metrics_settings import MetricsConfig
from ci_factory.system.clock import ManualClock

pytest.importorskip("sqlalchemy", reason="SQLAlchemy (extra `metrics`) is not installed")
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
COUNT = 8
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


def made(data: list[str]) -> list[Link]:
    """A whole chain."""
    links, before = [], chain.START.chain
    for seq, text in enumerate(data, 1):
        one = Link(
            seq,
            "p",
            "event",
            f"k{seq}",
            1,
            text,
            chain.digest(text),
            "",
            f"2026-11-20T12:00:{seq:02}.000000+00:00",
        )
        before = chain.link(before, one)
        links.append(one._replace(chain=before))
    return links


def heads(links: list[Link]) -> list[Head]:
    return [Head(each.seq, each.chain) for each in links]


@given(st.lists(TEXT, max_size=8))
@settings(max_examples=25)
def test_a_whole_chain_has_no_faults(data: list[str]) -> None:
    """A chain as it was written holds, against each of its heads."""
    links = made(data)
    assert chain.faults(links, [chain.START, *heads(links)]) == ()


@given(st.lists(TEXT, min_size=2, max_size=8), st.data())
@settings(max_examples=60)
def test_one_change_of_one_row_is_told(data: list[str], draw: st.DataObject) -> None:
    """Any column of any row that reads otherwise, a row that is gone, is there twice or changed places: all are told."""
    links = made(data)
    last, place = heads(links)[-1], draw.draw(st.integers(0, len(links) - 1))
    how = draw.draw(st.sampled_from(["remove", "again", "swap", *Link._fields]))
    if how == "remove":
        del links[place]
    elif how == "again":
        links.insert(place, links[place])
    elif how == "swap":
        other = (place + 1) % len(links)
        links[place], links[other] = (
            links[other]._replace(seq=place + 1),
            links[place]._replace(seq=other + 1),
        )
    else:
        old = links[place]._asdict()[how]
        new = draw.draw(st.integers() if isinstance(old, int) else TEXT)
        if new == old:
            return
        links[place] = Link(**{**links[place]._asdict(), how: new})
    assert chain.faults(links, [last])


@given(st.lists(TEXT, min_size=1, max_size=6), st.data())
@settings(max_examples=25)
def test_a_cut_tail_is_told_by_an_anchor(data: list[str], draw: st.DataObject) -> None:
    """Without an anchor a shorter chain is a whole one; a head that was written down tells."""
    links = made(data)
    kept = draw.draw(st.integers(0, len(links) - 1))
    assert chain.faults(links[:kept]) == ()
    assert chain.faults(links[:kept], heads(links)[kept:]) != ()


def test_a_chain_that_was_written_anew_is_told_by_an_anchor() -> None:
    """Whoever changes a row and every link after it has another head."""
    old, new = made(["a", "b", "c"]), made(["a", "x", "c"])
    assert chain.faults(new) == ()
    (fault,) = chain.faults(new, [heads(old)[2]])
    assert "written anew" in fault
    assert chain.faults(new, [heads(old)[0]]) == ()


def test_a_link_is_what_the_documentation_says() -> None:
    """The formula, computed here by hand: others can check an export without this program."""
    one = Link(1, "group/ü", "tickets", "7", 2, '{"a":1}', "", "", "2026-11-20T12:00:00.000000+00:00")
    one = one._replace(data_hash=hashlib.sha256(b'{"a":1}').hexdigest())
    text = json.dumps(
        ["0" * 64, 1, "group/ü", "tickets", "7", 2, one.data_hash, one.recorded_at], separators=(",", ":")
    )
    assert "\\u00fc" in text
    assert chain.link("0" * 64, one) == hashlib.sha256(text.encode()).hexdigest()


def test_many_retentions_are_followed_at_once() -> None:
    """Years of daily retention: each data that are gone are accounted for by the record that says so, and by no other."""
    links, before = [], chain.START.chain
    start = datetime(2026, 1, 1, tzinfo=UTC)
    for seq in range(1, 2001):
        at, old = (start + timedelta(days=seq + shift) for shift in (0, -89))
        kind, data = (
            ("event", "1")
            if seq % 2
            else ("retention", chain.written({"kind": "", "before": old.isoformat()}))
        )
        one = Link(
            seq, "", kind, str(seq), 1, data, chain.digest(data), "", at.isoformat(timespec="microseconds")
        )
        before = chain.link(before, one)
        gone = kind == "event" and seq < 1900
        links.append(one._replace(chain=before, data=None if gone else data))
    assert chain.faults(links) == ()
    links[1950] = links[1950]._replace(data=None)
    assert chain.faults(links) == (
        "record 1951 (event 1951): its data are gone, and no retention removed them",
    )


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A store of eight events and an old prompt that retention removed."""
    path = tmp_path / "store.sqlite3"
    with storing.opened(f"sqlite:///{path}", clock=ManualClock(NOON)) as store:
        store.prompts.put("p", [("a" * 64, "Do it")])
        store.record("p", "event", ((f"k{number}", {"n": number}) for number in range(COUNT)))
        store.prune(NOON + timedelta(days=91), MetricsConfig())
    return path


Break = Callable[[sqlite3.Connection], object]
TAMPERED: dict[str, tuple[str, str]] = {
    "data": ("UPDATE ci_factory_record SET data = '{\"n\":9}' WHERE seq = 4", "record 4 (p event k2): its data were changed"),
    "data and hash": ("UPDATE ci_factory_record SET data = '1', data_hash = '6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b' WHERE seq = 4",
        "record 4 (p event k2) does not follow"),
    "time": ("UPDATE ci_factory_record SET recorded_at = '2025' WHERE seq = 4", "record 4 (p event k2) does not follow"),
    "removed": ("DELETE FROM ci_factory_record WHERE seq = 4", "record 4 is missing"),
    "several removed": ("DELETE FROM ci_factory_record WHERE seq BETWEEN 3 AND 5", "records 3 to 5 are missing"),
    "the first removed": ("DELETE FROM ci_factory_record WHERE seq = 1", "record 1 is missing"),
    "closed up": ("DELETE FROM ci_factory_record WHERE seq = 4; UPDATE ci_factory_record SET seq = seq - 1 WHERE seq > 4", "record 4 (p event k3) does not follow"),
    "put in": ("INSERT INTO ci_factory_record SELECT 0, project, kind, 'x', 1, data, data_hash, chain, recorded_at FROM ci_factory_record WHERE seq = 4",
        "record 0 (p event x) was put in"),
    "swapped": ("UPDATE ci_factory_record SET seq = 99 WHERE seq = 4; UPDATE ci_factory_record SET seq = 4 WHERE seq = 5; UPDATE ci_factory_record SET seq = 5 WHERE seq = 99",
        "record 4 (p event k3) does not follow"),
    "emptied": ("UPDATE ci_factory_record SET data = NULL WHERE seq = 4", "record 4 (p event k2): its data are gone, and no retention removed them"),
    "cut": ("DELETE FROM ci_factory_record WHERE seq > 7", "the tail is cut: it ends with record 7, and once had 10"),
    "all cut": ("DELETE FROM ci_factory_record", "the tail is cut: it ends with record 0, and once had 10"),
    "no text": ("UPDATE ci_factory_record SET data = x'00ff' WHERE seq = 4", "a row after record 3 is none that this program wrote"),
}  # fmt: skip


@pytest.mark.parametrize("how", TAMPERED)
def test_tampering_with_the_database_is_told(file: Path, how: str) -> None:
    """Of a real database: what was changed, removed, put in, moved or cut is named with its number."""
    statements, expected = TAMPERED[how]
    with storing.opened(f"sqlite:///{file}", create=False) as store:
        anchor = Head.parse(str(store.head()))
        assert store.verify([anchor]) == ()
        with closing(sqlite3.connect(file)) as connection:
            connection.executescript(statements)
        assert expected in "\n".join(store.verify([anchor]))


def test_a_head_is_written_and_read(file: Path) -> None:
    """What a run prints is what verifying takes; anything else is refused."""
    with storing.opened(f"sqlite:///{file}", create=False) as store:
        assert Head.parse(f" {store.head()}\n") == store.head()
    for bad in ("", "7", "7:abc", f"-1:{'a' * 64}", f"7:{'A' * 64}", f"7:{'a' * 64}x"):
        with pytest.raises(UsageError, match="no head"):
            Head.parse(bad)
