"""Artifacts and events: whole or not at all, bounded, strictly parsed."""

import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ci_factory.errors import ArtifactError
from ci_factory.model.event import Event
from ci_factory.model.ticket import Ticket
from ci_factory.system import records

NOW = datetime(2026, 3, 2, tzinfo=UTC)


def event(key: str) -> Event:
    """An event with a key."""
    return Event(key=key, at=NOW, stage="work", kind="started")


def test_written_model_is_read_back(tmp_path: Path) -> None:
    """What is written is what is read."""
    ticket = Ticket(id="1", title="Größe", body="a\nb")
    records.write_model(tmp_path / "t.json", ticket)
    assert records.read_model(tmp_path / "t.json", Ticket) == ticket


def test_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A write that fails before its end leaves the old bytes and no litter."""
    path = tmp_path / "t.json"
    records.write_text(path, "old")

    def full_disk(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full_disk)
    with pytest.raises(OSError, match="No space"):
        records.write_text(path, "new", durable=True)
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["t.json"]


@pytest.mark.parametrize(
    "text", ["", "{", '{"id": "1"}', '{"id": "1", "title": "x", "extra": 1}', "[1]", "\x00"]
)
def test_damaged_artifact_is_a_clear_error(tmp_path: Path, text: str) -> None:
    """Bytes that are not the artifact are refused with the file's name."""
    path = tmp_path / "t.json"
    path.write_text(text)
    with pytest.raises(ArtifactError, match=r"t\.json"):
        records.read_model(path, Ticket)
    assert records.read_if_valid(path, Ticket) is None


def test_artifact_over_the_limit_is_refused(tmp_path: Path) -> None:
    """A file larger than the limit is not read whole."""
    path = tmp_path / "t.json"
    path.write_bytes(b" " * 100)
    with pytest.raises(ArtifactError, match="larger than 50 bytes"):
        records.read_model(path, Ticket, limit=50)


def test_torn_last_line_costs_only_itself(tmp_path: Path) -> None:
    """After a kill in the middle of a line, later events are whole and the torn one is passed over."""
    path = tmp_path / "events.jsonl"
    log = records.EventLog(path)
    log.append(event("a"))
    with path.open("a") as stream:
        stream.write('{"key": "torn", "at"')
    log.append(event("b"))
    assert [found.key for found in records.read_events(path)] == ["a", "b"]


def test_same_event_twice_is_one(tmp_path: Path) -> None:
    """An event repeated by a resumed run counts once."""
    log = records.EventLog(tmp_path / "events.jsonl")
    for key in ("a", "b", "a"):
        log.append(event(key))
    assert [found.key for found in records.read_events(tmp_path / "events.jsonl")] == ["a", "b"]


def test_lanes_write_events_at_the_same_time(tmp_path: Path) -> None:
    """Events of several threads do not mix."""
    log = records.EventLog(tmp_path / "events.jsonl")

    def write(lane: int) -> None:
        for number in range(50):
            log.append(event(f"{lane}-{number}"))

    lanes = [threading.Thread(target=write, args=(lane,)) for lane in range(4)]
    for lane in lanes:
        lane.start()
    for lane in lanes:
        lane.join()
    assert len(list(records.read_events(tmp_path / "events.jsonl"))) == 200
