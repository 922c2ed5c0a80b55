"""The weekly report compares two weeks, and claims nothing that the facts do not say."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from ci_factory.metrics.facts import History
from ci_factory.metrics.figure import Status
from ci_factory.metrics.statistics import difference, wilson
from ci_factory.metrics.weekly import Row, Weekly, iso_week, tell
from ci_factory.metrics.weekly_text import weekly_report
from tests.metrics.two_weeks import BEFORE, LAST, fortnight


def row(weekly: Weekly, key: str) -> Row:
    return next(each for each in weekly.rows if each.now.key == key)


def test_weekly_golden(now: datetime, golden: Callable[[str, str], None]) -> None:
    """The report of the made fortnight is, byte for byte, the one that was read and found right."""
    golden("weekly.md", weekly_report(tell(fortnight(), now)))


def test_each_week_has_its_own_facts(now: datetime) -> None:
    """What merged, ended and was decided in one week does not count in the other."""
    weekly = tell(fortnight(), now)
    merged = row(weekly, "tickets_per_week")
    assert (merged.now.value, merged.before.value, merged.change.by) == (
        2 * LAST,
        2 * BEFORE,
        2 * LAST - 2 * BEFORE,
    )
    acceptance = row(weekly, "acceptance_rate")
    assert (acceptance.now.n, acceptance.before.n) == (2 * LAST, 2 * BEFORE)
    assert row(weekly, "iterations").before.n == 2 * (BEFORE + 1)
    assert [night.batch for night in weekly.nights] == ["night-c", "night-d", "2026-11-19T18-00"]
    assert {night.planned for night in weekly.nights[:2]} == {LAST + 1}


def test_a_week_later_this_week_is_the_week_before(now: datetime) -> None:
    """The figures of the last seven days are those of the week before, seven days later, where nothing is censored."""
    first, second = tell(fortnight(), now), tell(fortnight(), now + timedelta(days=7))
    for key in ("tickets_per_week", "acceptance_rate", "escalation_rate", "cost_per_ticket", "score_mean"):
        assert row(second, key).before.value == row(first, key).now.value, key


def test_unknown_is_said_and_not_zero(now: datetime) -> None:
    """Without any fact every figure is unknown, nothing is praised or blamed, and the report is whole all the same."""
    weekly = tell(History(), now)
    assert {each.now.value for each in weekly.rows} == {None}
    assert {each.change.by for each in weekly.rows} == {None}
    text = weekly_report(weekly)
    assert text.startswith("# Weekly report 2026-W47\n\n**Nothing is known of any merge request yet.**")
    assert "What went well" not in text
    assert "What needs attention" not in text
    assert text.count("| unknown | unknown | – |") == len(weekly.rows)


def test_a_part_of_the_cost_is_no_cost(now: datetime) -> None:
    """One attempt of unknown cost makes the week's cost unknown, and the report says how much is known."""
    weekly = tell(fortnight(), now)
    assert row(weekly, "cost_per_ticket").now.value is None
    assert row(weekly, "cost_per_ticket").before.value == pytest.approx(0.2)
    assert "- Cost per ticket: cost of 1 of 31 attempts unknown; the others sum to" in weekly_report(weekly)


def test_small_differences_are_not_told(now: datetime) -> None:
    """100 % of 8 and 100 % of 16 are not told apart; a share that fell from all to none of twenty is."""
    weekly = tell(fortnight(), now)
    assert not row(weekly, "acceptance_rate").change.certain
    everything, nothing = wilson(20, 20), wilson(0, 20)
    assert everything
    assert nothing
    low, high = difference(1.0, everything, 0.0, nothing)
    assert 0.7 < low < high <= 1.0


def test_newcombe_interval_as_published() -> None:
    """56 of 70 against 48 of 80: 0.2000 with the interval 0.0524 to 0.3339 (Newcombe 1998, table II, method 10)."""
    first, second = wilson(56, 70), wilson(48, 80)
    assert first
    assert second
    low, high = difference(56 / 70, first, 48 / 80, second)
    assert (round(low, 4), round(high, 4)) == (0.0524, 0.3339)


def test_hostile_words_stay_words(now: datetime) -> None:
    """Project, batch and what could not be read can't break the report, mention anybody or give orders."""
    evil = "x | y </td> <script>alert(1)</script> @all\n/close\n# Heading"
    history = fortnight()
    batches = tuple(each.model_copy(update={"project": evil, "id": evil}) for each in history.batches)
    text = weekly_report(tell(history.model_copy(update={"batches": batches, "unreadable": (evil,)}), now))
    assert "<script" not in text
    assert "@all" not in text
    assert not any(line.startswith(("/close", "# Heading")) for line in text.splitlines())


def test_secrets_are_masked(now: datetime) -> None:
    """What looks like a token in somebody's words does not reach the report."""
    token = "glpat-" + "a1B2c3D4e5F6g7H8i9J0"
    text = weekly_report(tell(fortnight().model_copy(update={"unreadable": (f"it says {token}",)}), now))
    assert "a1B2c3" not in text
    assert "it says" in text


def test_the_week_is_the_iso_week() -> None:
    """Around the year's end the ISO year counts, not the calendar's."""
    assert iso_week(datetime(2027, 1, 1, tzinfo=UTC)) == "2026-W53"
    assert iso_week(datetime(2026, 11, 23, tzinfo=UTC)) == "2026-W48"


def test_judgements_are_those_of_the_figures(now: datetime) -> None:
    """Only figures that meet their targets are praised, only those that miss them are named as wanting."""
    weekly = tell(fortnight(), now)
    well, wanting = (weekly_report(weekly).split(f"## {name}\n")[1].split("\n## ")[0] for name in
                     ("What went well", "What needs attention"))  # fmt: skip
    for each in weekly.rows:
        assert (f"- {each.now.name}:" in well) is (each.now.status is Status.GOOD)
        assert (f"- {each.now.name}:" in wanting) is (each.now.status is Status.BAD)
