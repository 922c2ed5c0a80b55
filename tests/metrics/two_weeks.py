"""A made fortnight: some nights of the week before, better ones of the last seven days."""

from datetime import datetime, timedelta
from typing import Any

from ci_factory.metrics.facts import History
from ci_factory.model.attempt import Ending
from ci_factory.model.batch import LeftOut
from ci_factory.model.gate import GateStatus, Verdict
from tests.metrics.conftest import NIGHT, Row, build

LAST, BEFORE = 8, 4
"""Merged tickets of a night in the last week, and in the one before."""
_FAILS = ("tests", GateStatus.FAIL, "1 of 90 fails")
_KINDS = ("tickets", "merge_requests", "batches", "attempts", "gates", "escalations")


def fortnight() -> History:
    """Two nights in the week before, two in the last week, and after them the night that shows every ending."""
    nights = [
        _moved(_plain_night(name, merged), days, name)
        for name, merged, days in (("a", BEFORE, -12), ("b", BEFORE, -9), ("c", LAST, -4), ("d", LAST, -2))
    ]
    return _joined([*nights, build(NIGHT)])


def _plain_night(name: str, merged: int) -> History:
    rows = [
        Row(f"{name}{number}", f"Change {number}", Ending.COMPLETED, "Done: all gates pass.", number % 3, number * 7.0,
            6 + number, 84 + number, Verdict.PASS, state="merged")
        for number in range(merged)
    ]  # fmt: skip
    failed = Row(f"{name}90", "Too hard", Ending.AGENT_FAILED, "Tests fail.", 1, 70, 30, 50, Verdict.FAIL, _FAILS,
                 iterations=5, state="agent-failed")  # fmt: skip
    left: tuple[LeftOut, ...] = ()
    return build((*rows, failed), batch=f"night-{name}", left_out=left)


def _moved(history: History, days: int, name: str) -> History:
    """The same on another day, with merge requests of other numbers."""
    offset = 100 * (1 + ord(name) - ord("a"))
    data = _shifted(history.model_dump(), timedelta(days=days))
    for fact in data["merge_requests"]:
        fact["iid"] += offset
    for fact in data["attempts"]:
        fact["merge_request"] = fact["merge_request"] and fact["merge_request"] + offset
    return History.model_validate(data)


def _shifted(value: Any, by: timedelta) -> Any:
    if isinstance(value, datetime):
        return value + by
    if isinstance(value, dict):
        return {key: _shifted(each, by) for key, each in value.items()}
    return [_shifted(each, by) for each in value] if isinstance(value, list | tuple) else value


def _joined(nights: list[History]) -> History:
    return History.model_validate(
        {kind: [fact.model_dump() for night in nights for fact in getattr(night, kind)] for kind in _KINDS}
    )
