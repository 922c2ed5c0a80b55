"""What a running call has used is on disk for those who watch, and never in the way of the call."""

from datetime import UTC, datetime
from pathlib import Path

from ci_factory.config import Price
from ci_factory.model.attempt import Usage
from ci_factory.model.budget_settings import PhaseBudget
from ci_factory.model.pulse import Meter
from ci_factory.system import records
from ci_factory.system.clock import ManualClock
from ci_factory.work.agents.protocol import ModelUse
from ci_factory.work.budget import Allowance
from ci_factory.work.meter import CallMeter
from ci_factory.work.spending import Ledger

START = datetime(2026, 11, 19, 18, 0, tzinfo=UTC)


def ledger(path: Path, clock: ManualClock) -> Ledger:
    """Of a call whose meter is written to `path`; a dollar a million tokens."""
    meter = CallMeter(path, "implement", 1, 2, clock.now)
    prices = {"small": Price(input=1, output=1)}
    return Ledger(Allowance("implement", PhaseBudget(), 600), prices, clock.now, told=meter.tell)


def use() -> ModelUse:
    return ModelUse(model="small", input_tokens=900_000, output_tokens=100_000)


def test_requests_are_counted_on_disk_while_the_call_runs(tmp_path: Path) -> None:
    """The first request is there at once, and later ones a few seconds later at most, with what they cost."""
    clock, path = ManualClock(START), tmp_path / "agent" / "meter.json"
    book = ledger(path, clock)
    for seconds, known in ((0, 1), (1, 1), (1, 1), (4, 4)):
        clock.sleep(seconds)
        assert book.admit() == ""
        book.note(use())
        found = records.read_model(path, Meter)
        assert found.usage == Usage(
            input_tokens=known * 900_000, output_tokens=known * 100_000, cost_usd=known, calls=known
        )
    assert (found.phase, found.number, found.iteration, found.at) == ("implement", 1, 2, clock.now())


def test_an_unknown_part_is_unknown_on_disk(tmp_path: Path) -> None:
    """A request whose usage nobody told makes the sum unknown, not smaller."""
    clock, path = ManualClock(START), tmp_path / "meter.json"
    book = ledger(path, clock)
    book.lost(sent=True)
    assert records.read_model(path, Meter).usage == Usage(calls=1)


def test_a_meter_that_can_not_be_written_ends_nothing(tmp_path: Path) -> None:
    """Where its folder is a file, the call goes on as if nobody watched."""
    (tmp_path / "agent").write_text("in the way")
    book = ledger(tmp_path / "agent" / "meter.json", ManualClock(START))
    assert book.admit() == ""
    book.note(use())
    assert (book.usage().cost_usd, book.exceeded()) == (1, "")
