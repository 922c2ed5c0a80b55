"""Segments, weekly trends, gates and top issues, by hand and over a made year."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ci_factory.metrics import gate_figures, issues
from ci_factory.metrics.figures import figures, top_issues
from ci_factory.metrics.sample import Change, Check, Sample, Work
from ci_factory.metrics.segments import DIMENSIONS, NAMES, OTHER, UNKNOWN, Segment, segments
from ci_factory.metrics.trends import Trend, trends
from tests.metrics.made_rows import GATES, rows
from tests.metrics.test_metrics_measures import change, merged

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
"""A Wednesday."""
AT, DAY, WEEK = NOW.timestamp(), 86400.0, 7 * 86400.0


@pytest.fixture(scope="module")
def year() -> Sample:
    """400 merge requests."""
    return rows(400, NOW)


def of(found: tuple[Segment, ...], dimension: str) -> list[Segment]:
    return [segment for segment in found if segment.dimension == dimension]


def test_every_change_is_in_one_segment_of_each_dimension(year: Sample) -> None:
    """The segments of a dimension hold all merge requests together, and all have the same figures in the same order."""
    found = segments(year, NOW)
    assert {dimension: sum(each.changes for each in of(found, dimension)) for dimension in DIMENSIONS} == (
        dict.fromkeys(DIMENSIONS, 400)
    )
    assert len({tuple(figure.key for figure in segment.figures) for segment in found}) == 1
    assert [each.name for each in of(found, "size")] == ["trivial", "small", "medium", "large"]


def test_a_segment_says_what_its_rows_say_alone(year: Sample) -> None:
    """The figures of an agent's segment are those of a sample with nothing but that agent's rows."""
    otter = next(each for each in of(segments(year, NOW), "agent") if each.name == "otter")
    alone = Sample(
        changes=tuple(row for row in year.changes if row.agent == "otter"),
        work=tuple(row for row in year.work if row.agent == "otter"),
    )
    by_key = {figure.key: figure for figure in figures(alone, NOW)}
    assert [figure.value for figure in otter.figures] == [
        by_key[figure.key].value for figure in otter.figures
    ]


def test_names_beyond_the_largest_are_other_and_none_is_unknown() -> None:
    """Of 14 areas the twelve with the most changes are named; the rest are together, and those without an agent too."""
    changes = [merged(100 * area + n, area=f"src/a{area:02}") for area in range(14) for n in range(20 - area)]
    found = segments(Sample(changes=tuple(changes)), NOW)
    areas = of(found, "area")
    assert [each.name for each in areas] == [*(f"src/a{area:02}" for area in range(NAMES)), OTHER]
    assert areas[-1].changes == 8 + 7
    assert [each.name for each in of(found, "agent")] == [UNKNOWN]


def trend(found: tuple[Trend, ...], key: str) -> Trend:
    return next(each for each in found if each.key == key)


def merges(per_week: list[int], **known: Any) -> Sample:
    """So many merged in each week, the last of them the one before the current one."""
    monday = datetime(2026, 11, 23, tzinfo=UTC).timestamp()
    changes: list[Change] = []
    for place, count in enumerate(reversed(per_week), 1):
        at = monday - place * WEEK + DAY
        changes += [
            change(
                1000 * place + n,
                created=at,
                ready=at,
                state="merged",
                merged=at + n,
                approved=at + n,
                **known,
            )
            for n in range(count)
        ]
    return Sample(changes=tuple(changes))


def test_a_week_with_far_more_is_a_signal() -> None:
    """Ten quiet weeks and one of 40: mean and moving ranges by hand, and only that week is outside."""
    counts = [5, 6, 5, 4, 5, 40, 6, 5, 4, 5, 6]
    tickets = trend(trends(merges(counts), NOW), "tickets_per_week")
    assert [point.value for point in tickets.points] == [*counts, 0]
    assert tickets.centre == pytest.approx(sum(counts) / 11)
    ranges = [1, 1, 1, 1, 35, 34, 1, 1, 1, 1]
    assert tickets.points[0].high == pytest.approx(sum(counts) / 11 + 2.66 * sum(ranges) / 10)
    assert [point.week for point in tickets.points if point.signal] == ["2026-W42"]
    assert tickets.points[0].low == 0


def test_the_current_week_is_shown_and_not_judged() -> None:
    """The week that is not over has its count so far, and neither limits nor a signal."""
    last = trend(trends(merges([5] * 10), NOW), "tickets_per_week").points[-1]
    assert (last.week, last.value, last.high, last.signal) == ("2026-W48", 0, None, False)
    assert last.since == datetime(2026, 11, 23, tzinfo=UTC)


def test_few_weeks_have_no_limits_and_say_so() -> None:
    """Three weeks are shown without limits."""
    tickets = trend(trends(merges([5, 1, 30]), NOW), "tickets_per_week")
    assert {(point.low, point.high, point.signal) for point in tickets.points} == {(None, None, False)}
    assert tickets.note == "no control limits before 8 weeks are known"


def test_acceptance_by_week_waits_for_the_age() -> None:
    """What was created on Tuesday of two weeks ago is old enough on Wednesday, what came a week later is not."""
    shares = trend(trends(merges([5] * 10), NOW), "acceptance_rate")
    assert [point.value for point in shares.points] == [1.0] * 9 + [None] * 2


def test_trends_cover_the_weeks_that_are_wanted(year: Sample) -> None:
    """26 weeks by default, as many as wanted, and none of nothing."""
    assert {len(each.points) for each in trends(year, NOW)} == {26}
    assert {len(each.points) for each in trends(year, NOW, weeks=9)} == {9}
    assert trends(Sample(), NOW) == ()


def check(ticket: str, status: str, summary: str = "", at: float = AT, **known: int | None) -> Check:
    plain = Check("p", "b", ticket, "tests", status, 2.0, summary, at, "otter", ".", iterations=1)
    return plain._replace(**known)  # type: ignore[arg-type] # counts of one kind


def test_a_gate_by_hand() -> None:
    """Of four that it ran on, two pass, one of them in the first round; of two that failed and were decided one merged unharmed."""
    checks = (
        check("A", "pass"),
        check("B", "pass", iterations=3),
        check("C", "fail", "2 of 90 fail: test_a, test_b"),
        check("D", "blocked", "1 of 90 fails: test_c"),
        check("E", "skipped", "there is no test"),
    )
    changes = (
        merged(1, ticket="C", batch="b"),
        merged(2, ticket="D", batch="b", defect=AT),
        merged(3, ticket="A"),
    )
    (found,) = gate_figures.gates(Sample(checks=checks, changes=changes))
    assert (found.pass_rate.value, found.first_pass_rate.value, found.seconds.value) == (0.5, 0.25, 2.0)
    assert (found.false_positives.value, found.false_positives.n) == (0.5, 2)
    assert found.counts == {"pass": 2, "fail": 1, "blocked": 1, "inconclusive": 0, "skipped": 1}
    assert [(point.value, point.n) for point in found.trend.points] == [(0.5, 4)]


def test_findings_by_week_and_an_unknown_number_is_none() -> None:
    """Last week 3 and 0 findings, this week 4 and an unknown number: means of 1.5 and 4."""
    checks = (
        check("A", "fail", at=AT - WEEK, findings=3),
        check("B", "pass", at=AT - WEEK, findings=0),
        check("C", "fail", findings=4),
        check("D", "pass"),
    )
    (found,) = gate_figures.gates(Sample(checks=checks))
    assert [(point.value, point.n) for point in found.findings.points] == [(1.5, 2), (4, 1)]


def test_nobody_decided_is_unknown_and_said() -> None:
    """What people made of a refused change that was never published is unknown, not agreed with."""
    (found,) = gate_figures.gates(Sample(checks=(check("A", "fail"),)))
    assert found.false_positives.value is None
    assert (
        found.false_positives.note
        == "not enough data (n = 0); unknown for 1 of 1: not published, or not decided"
    )


def test_numbers_paths_and_names_do_not_split_a_reason() -> None:
    """The same failure of other tests, files and counts is one reason, in the words of the most frequent."""
    said = [
        "1 of 90 fails: test_a",
        "1 of 90 fails: test_a",
        "1 of 212 fails: tests/x/test_y.py::test_b",
        "mypy ended with code 2",
        "mypy ended with code 1",
        "coverage 71.5 % is below 80 %",
    ]
    checks = tuple(check(f"T{place}", "fail", words) for place, words in enumerate(said))
    (found,) = gate_figures.gates(Sample(checks=checks))
    assert [(reason.summary, reason.count) for reason in found.reasons] == [
        ("1 of 90 fails: test_a", 3),
        ("mypy ended with code 1", 2),
        ("coverage 71.5 % is below 80 %", 1),
    ]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("2 of 90 fail: test_a, test_b and test_c", "1 of 7 fail: test_z"),
        ("1 new secret in src/mail/gateway.py", "1 new secret in app.py:12"),
        ("`foo` is not defined", "'bar.baz' is not defined"),
        ("Tree deadbeef01 is not that of 0123456", "tree 1234567 is not that of abcdef0"),
    ],
)
def test_shapes_that_are_alike(one: str, other: str) -> None:
    """Lists of names, paths with lines, quoted words and object names are no words of their own."""
    assert issues.shape(one) == issues.shape(other)


def test_other_words_stay_apart() -> None:
    """What differs in words is another failure."""
    assert issues.shape("tests fail") != issues.shape("types fail")


def test_a_hostile_summary_takes_no_time() -> None:
    """Long runs of slashes, quotes and digits are cut and cost nothing."""
    assert len(issues.shape("/'\"`_.1" * 100_000)) <= 300 * 3


def test_top_issues_by_hand() -> None:
    """Two failures alike, one ending and its ticket: the most frequent first, with the newest ticket and its words."""
    work = Work(
        "p", "b", "C", "otter", None, "small", "medium", ".", 0, AT - 9, AT, "timeout", None, "Timed out after 30 min.",
        True, True, 1, 1, 9.0, None, None, None, None,
    )  # fmt: skip
    checks = (
        check("A", "fail", "1 fails: test_a", AT - DAY),
        check("B", "fail", "2 fails: test_b", AT),
        check("C", "pass"),
    )
    first, second = top_issues(Sample(checks=checks, work=(work,)))
    assert (first.kind, first.name, first.summary, first.count) == ("gate", "tests", "2 fails: test_b", 2)
    assert (first.tickets, first.newest) == (("B", "A"), NOW)
    assert (second.kind, second.name, second.summary) == ("ending", "timeout", "Timed out after 30 min.")


def test_a_made_year_has_all_gates_and_a_bounded_list_of_issues(year: Sample) -> None:
    """Each gate of the year is told by its name, and of the issues the ten most frequent."""
    assert [gate.gate for gate in gate_figures.gates(year)] == sorted(GATES)
    assert 0 < len(top_issues(year)) <= 10
    assert top_issues(year._replace(checks=year.checks[::-1])) == top_issues(year)


def test_one_and_no_merge_request_are_told_too() -> None:
    """Nothing breaks with one merge request of today, or none."""
    one = rows(1, NOW + timedelta(days=364))
    assert all(segment.changes <= 1 for segment in segments(one, NOW))
    assert trends(one, NOW)
    assert segments(Sample(), NOW) == ()
    assert (gate_figures.gates(Sample()), top_issues(Sample())) == ((), ())


@pytest.mark.long
def test_a_hundred_thousand_merge_requests_take_seconds() -> None:
    """All figures, segments, trends, gates and issues of 100,000 merge requests take at most 20 s of a processor."""
    many = rows(100_000, NOW)
    before = time.process_time()
    told = (
        figures(many, NOW),
        segments(many, NOW),
        trends(many, NOW),
        gate_figures.gates(many),
        top_issues(many),
    )
    assert all(told)
    assert time.process_time() - before < 20
