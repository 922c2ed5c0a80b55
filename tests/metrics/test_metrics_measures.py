"""Figures of reviews, aftermath, people's time, questions and batches, each computed by hand."""

import random
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ci_factory.metrics.figure import Figure, Status
from ci_factory.metrics.figures import figures
from ci_factory.metrics.measures import costs, quality, times, working
from ci_factory.metrics.sample import Change, Question, Sample, Shift
from ci_factory.model.metrics_settings import HandHours, MetricsConfig
from ci_factory.model.ticket import Size
from tests.metrics.made_rows import rows

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
AT = NOW.timestamp()
DAY, HOUR = 86400.0, 3600.0
SETTINGS = MetricsConfig()


def change(iid: int = 1, **known: Any) -> Change:
    """One that was created and ready 100 days ago."""
    start = AT - 100 * DAY
    plain: dict[str, Any] = dict.fromkeys(Change._fields)
    plain |= {
        "project": "p", "iid": iid, "ticket": f"T-{iid}", "area": ".", "state": "opened", "draft": False,
        "created": start, "ready": start, "reworked": False, "human_recorded": False, "fix_ups": 0, "components": (),
    }  # fmt: skip
    return Change(**(plain | known))


def merged(iid: int = 1, after: float = DAY, **known: Any) -> Change:
    """Merged so long after it was created."""
    at = AT - 100 * DAY + after
    return change(iid, state="merged", merged=at, approved=at, **known)


def closed(iid: int = 1, after: float = DAY, **known: Any) -> Change:
    return change(iid, state="closed", closed=AT - 100 * DAY + after, **known)


def known(figure: Figure) -> tuple[float | None, int]:
    return figure.value, figure.n


def test_acceptance_does_not_look_beyond_the_age() -> None:
    """Merged on day 13 counts, merged on day 15 was undecided, closed on day 2 counts, and one of last week is too young."""
    young = change(5, created=AT - 7 * DAY, state="merged", merged=AT)
    found = quality.acceptance(
        [merged(1, 13 * DAY), merged(2, 15 * DAY), closed(3, 2 * DAY), young], NOW, SETTINGS
    )
    assert known(found) == (0.5, 2)
    assert found.note == (
        "not enough data (n = 2); 1 undecided at 14 days, not counted; 1 younger than 14 days, not counted yet"
    )


def test_what_was_decided_at_an_unknown_moment_is_no_waiting_change() -> None:
    """A merge request that the forge calls closed without a date is in no cohort, rather than open for 100 days."""
    lost = change(2, state="closed")
    assert known(quality.acceptance([merged(1), lost], NOW, SETTINGS)) == (1.0, 1)
    assert known(next(quality.merged_by_day([merged(1), lost], NOW))) == (1.0, 1)


def test_nobody_merged_is_no_certainty() -> None:
    """Of five that all closed none merged by day 1, and the interval still goes up to 43 %, as Wilson's does."""
    found = next(quality.merged_by_day([closed(iid, 0.1 * DAY) for iid in range(5)], NOW))
    assert known(found) == (0.0, 5)
    assert found.interval == pytest.approx((0, 0.4345), abs=1e-4)


def test_lines_after_review_by_hand() -> None:
    """(0 + 30) changed after review / (40 + 60) in the end; a third is not known and said."""
    found = list(
        quality.review(
            [
                merged(1, reworked_lines=0, added=30, removed=10),
                merged(2, reworked_lines=30, added=50, removed=10, reworked=True),
                closed(3, added=5, removed=5),
                change(4, reworked_lines=9, added=1, removed=1),
            ]
        )
    )[-1]
    assert known(found) == (0.3, 2)
    assert "unknown for 1 of 3" in found.note


def test_churn_by_hand() -> None:
    """(5 + 0 + 20) of (50 + 30 + 20) lines did not last; a merged change of unknown lines is said."""
    lines = [(5, 50), (0, 30), (20, 20), (None, None)]
    found = quality.churn([merged(iid, churned=gone, churn_of=of) for iid, (gone, of) in enumerate(lines)])
    assert known(found) == (0.25, 3)
    assert "unknown for 1 of 4" in found.note


def test_defects_by_hand() -> None:
    """Of three watched for 30 days one broke in time and one later; one watched for 29 days counts in neither number."""
    at = AT - 99 * DAY
    found = quality.defects(
        [
            merged(1, observed_until=AT),
            merged(2, observed_until=AT, defect=at + 30 * DAY),
            merged(3, observed_until=AT, defect=at + 31 * DAY),
            merged(4, observed_until=at + 29 * DAY, defect=at + DAY),
            merged(5),
            closed(6, observed_until=AT),
        ],
        SETTINGS,
    )
    assert (found.value, found.n) == (1 / 3, 3)
    assert "2 merged and not observed for 30 days yet, not counted" in found.note


def test_pickup_is_the_first_trace_of_a_person() -> None:
    """A note after 1 h, a merge without a word after 3 h, a close after 2 h: a third left at 3 h, the median."""
    start = AT - 100 * DAY
    pickup = next(
        times.requests(
            [merged(1, 5 * HOUR, reviewed=start + HOUR), merged(2, 3 * HOUR), closed(3, 2 * HOUR)], NOW
        )
    )
    assert known(pickup) == (3 * HOUR, 3)


def test_human_time_by_hand() -> None:
    """Median of 10, 20 and 40 minutes; one decided without a trace of people and one still open are not counted."""
    found = costs.human_time(
        [
            merged(1, human_seconds=600.0, human_recorded=True),
            merged(2, human_seconds=1200.0),
            closed(3, human_seconds=2400.0),
            merged(4),
            change(5, human_seconds=9.0),
        ]
    )
    assert known(found) == (20, 3)
    assert (
        found.note
        == "not enough data (n = 3); 1 recorded, 2 estimated; 1 without a trace of people, left out"
    )


def test_hours_saved_is_a_range_and_never_a_number() -> None:
    """Small 1 to 4 and large 8 to 40 hours by hand, less 1 + 2 + 0.5 hours of people: 5.5 to 40.5."""
    settings = MetricsConfig(
        by_hand_hours={Size.SMALL: HandHours(low=1, high=4), Size.LARGE: HandHours(low=8, high=40)}
    )
    found = costs.hours_saved(
        [
            merged(1, size="small", human_seconds=HOUR),
            merged(2, size="large", human_seconds=2 * HOUR),
            closed(3, size="large", human_seconds=HOUR / 2),
            merged(4, size="medium", human_seconds=HOUR),
            merged(5, size="small"),
        ],
        settings,
    )
    assert known(found) == (None, 2)
    assert found.interval == (5.5, 40.5)
    assert found.status is Status.UNKNOWN
    assert "assumed by hand: small 1-4 h, large 8-40 h; 2 of unknown size or time left out" in found.note


def question(ticket: str, raised: float, answered: float | None, *, waiting: bool) -> Question:
    return Question("p", "b", ticket, "otter", ".", "security", "high", raised, answered, waiting)


def test_a_waiting_question_is_censored() -> None:
    """Answers after 1 h and 5 h, one that waits for 2 h, one settled at an unknown moment: 2/3, then 0 at 5 h."""
    found = times.answers(
        [
            question("A", AT - 9 * HOUR, AT - 8 * HOUR, waiting=False),
            question("B", AT - 9 * HOUR, AT - 4 * HOUR, waiting=False),
            question("C", AT - 2 * HOUR, None, waiting=True),
            question("D", AT - 9 * HOUR, None, waiting=False),
        ],
        NOW,
    )
    assert known(found) == (5 * HOUR, 3)
    assert "1 of 3 not there yet (censored)" in found.note
    assert "1 settled at an unknown moment, left out" in found.note


def shift(batch: int, pairs: int | None, conflicting: int | None) -> Shift:
    return Shift("p", f"b{batch}", AT, None, None, 3, 10, pairs, conflicting)


def test_conflicts_by_hand() -> None:
    """3 of 100 pairs of two batches; the third was not tried, and two batches are too few to judge."""
    found = working.conflicts([shift(1, 45, 3), shift(2, 55, 0), shift(3, None, None)])
    assert known(found) == (0.03, 100)
    assert found.note.endswith("1 of 3 batches not tried")
    assert found.status is Status.UNKNOWN


def test_cost_of_lost_work_is_unknown_and_not_zero() -> None:
    """A merged change of whose work nothing is kept makes the cost of a merge unknown, not cheaper."""
    _, accepted, line = costs.money([], [merged(1, added=5, removed=1)])
    assert (accepted.value, line.value) == (None, None)
    assert "cost of 1 of 1 merged changes unknown" in accepted.note


@pytest.fixture(scope="module")
def year() -> Sample:
    """300 merge requests."""
    return rows(300, NOW)


def test_every_interval_holds_its_value(year: Sample) -> None:
    """Of all figures of a made year, most have an interval, and each lies around its value."""
    told = figures(year, NOW)
    sure = [figure for figure in told if figure.value is not None and figure.interval is not None]
    assert len(sure) > 30
    for figure in sure:
        low, high = figure.interval or (0, 0)
        assert figure.value is not None
        assert low - 1e-12 <= figure.value <= high + 1e-12, figure.key


def test_what_has_a_value_has_an_interval_or_says_why(year: Sample) -> None:
    """Only counts of all there is, and quantiles without an upper end yet, go without an interval."""
    without = {
        f.key
        for f in figures(year, NOW)
        if f.value is not None and f.interval is None and "or more" not in f.note
    }
    assert without == {"tickets_per_week", "lines_per_week"}


@settings(deadline=None, max_examples=5)
@given(st.randoms(use_true_random=False))
def test_the_order_of_rows_never_matters(chance: random.Random) -> None:
    """The same rows in any order give the same figures."""
    made = rows(40, NOW)
    shuffled = Sample._make(tuple(chance.sample(kind, len(kind))) for kind in made)
    assert figures(shuffled, NOW) == figures(made, NOW)
