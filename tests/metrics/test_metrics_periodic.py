"""The reports of weeks and months compare two periods, claim nothing that the facts do not say, and are short."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ci_factory.config import Config
from ci_factory.metrics.figure import Metric, Target, Unit, measure, share
from ci_factory.metrics.gathering import of_history
from ci_factory.metrics.periodic import sparkline
from ci_factory.metrics.periodic.goals import goal
from ci_factory.metrics.periodic.period import Kind, Period, containing, newest
from ci_factory.metrics.periodic.report import Report, Row, tell
from ci_factory.metrics.periodic.text import markdown
from ci_factory.metrics.sample import Sample
from tests.metrics.quarter import NOW, quarter
from tests.metrics.two_weeks import BEFORE, LAST, fortnight

CONFIG = Config()
LAST_WEEK = containing(Kind.WEEK, date(2026, 11, 20))


def told(sample: Sample, kind: Kind = Kind.WEEK, now: datetime = NOW) -> Report:
    return tell(sample, newest(kind, now), now, CONFIG)


def row(report: Report, key: str) -> Row:
    return next(each for each in report.rows if each.now.key == key)


@pytest.mark.parametrize("kind", Kind)
def test_periodic_golden(kind: Kind, golden: Callable[[str, str], None]) -> None:
    """The reports of the made quarter are, byte for byte, the ones that were read and found right."""
    golden(f"{kind.adverb}.md", markdown(told(quarter(), kind)))


@pytest.mark.parametrize("kind", Kind)
def test_it_is_sound_markdown(kind: Kind) -> None:
    """A renderer finds its headings, its tables with as many cells in each row, and a number for each recommendation."""
    from markdown_it import MarkdownIt

    report = told(quarter(), kind)
    html = MarkdownIt("commonmark").enable("table").render(markdown(report))
    assert html.count("<table>") == 4
    rows = [row.count("<t") for row in re.findall(r"<tr>(.*?)</tr>", html, re.DOTALL)]
    assert set(rows) == {4, 5, 6}
    assert html.count("<li>\n<p><strong>") + html.count("<li><strong>") >= len(report.recommendations)
    assert "|" not in re.sub(r"<[^>]*>", "", html)


@given(st.dates(date(1990, 1, 1), date(2100, 1, 1)), st.sampled_from(Kind))
@settings(max_examples=100, deadline=None)
def test_every_day_is_in_one_period(day: date, kind: Kind) -> None:
    """Periods follow each other without a gap, and the day's own holds it."""
    period = containing(kind, day)
    assert period.since.date() <= day <= period.last_day
    assert period.before.until == period.since
    assert containing(kind, period.until.date()).before == period
    assert containing(kind, period.since.date()) == containing(kind, period.last_day) == period


def test_names_are_those_of_iso_and_of_the_calendar() -> None:
    """Around the year's end the ISO year counts; the newest period is the one that is over."""
    assert containing(Kind.WEEK, date(2027, 1, 1)).name == "2026-W53"
    assert containing(Kind.MONTH, date(2027, 1, 1)).before.name == "2026-12"
    monday = datetime(2026, 11, 30, tzinfo=UTC)
    assert newest(Kind.WEEK, monday).name == "2026-W48"
    assert newest(Kind.WEEK, monday - timedelta(seconds=1)).name == "2026-W47"
    assert newest(Kind.MONTH, monday).key == "month-2026-10"


def test_each_week_has_its_own_facts(now: datetime) -> None:
    """What merged, ended and was decided in one week does not count in the other."""
    report = tell(of_history(fortnight()), LAST_WEEK, now, CONFIG)
    merged = row(report, "tickets_merged")
    assert (merged.now.value, merged.before.value) == (2 * LAST, BEFORE)
    assert row(report, "iterations").before.n == LAST + BEFORE + 2
    assert [night.batch for night in report.nights] == ["night-d", "2026-11-19T18-00"]
    assert report.nights[0].cost_usd == pytest.approx(0.2 * (LAST + 1))
    assert report.nights[1].cost_usd is None


def test_a_report_of_a_past_period_stays_as_it_was() -> None:
    """Made weeks later of the same facts, the figures that wait for nothing are those of the report made on time."""
    sample, period = quarter(), containing(Kind.WEEK, date(2026, 10, 7))
    on_time, later = (tell(sample, period, at, CONFIG) for at in (period.until + timedelta(hours=6), NOW))
    for key in ("tickets_merged", "first_pass_approval", "score_mean", "cost_per_ticket", "escalation_rate"):
        assert row(on_time, key).now == row(later, key).now, key
    assert on_time.trends == later.trends


def test_unknown_is_said_and_not_zero(now: datetime) -> None:
    """Without any fact every figure is unknown, nothing is praised, blamed or recommended, and the report is whole."""
    report = told(Sample(), now=now)
    assert {each.now.value for each in report.rows} == {None}
    text = markdown(report)
    assert text.startswith("# Weekly report 2026-W46\n\n**Nothing is known of any merge request yet.**")
    assert [line for line in text.splitlines() if line.startswith("## ")] == ["## Recommendations"]
    assert "None: nothing in the last 84 days" in text
    assert text.count("| unknown | unknown | – |") == len(report.rows)


def test_a_part_of_the_cost_is_no_cost(now: datetime) -> None:
    """One attempt of unknown cost makes the week's cost unknown, and the report says how much is known."""
    report = tell(of_history(fortnight()), LAST_WEEK, now, CONFIG)
    assert row(report, "cost_per_ticket").now.value is None
    assert "- Cost per ticket: cost of 1 of 22 attempts unknown; the others sum to" in markdown(report)


def test_small_differences_are_not_told(now: datetime) -> None:
    """100 % of 4 and 100 % of 16 are not told apart; the reviewers' slowness of the made quarter is told."""
    assert not row(
        tell(of_history(fortnight()), LAST_WEEK, now, CONFIG), "first_pass_approval"
    ).difference.certain
    slow = containing(Kind.WEEK, date(2026, 11, 9))
    found = row(tell(quarter(), slow, NOW, CONFIG), "review_time").difference
    assert (found.certain, found.better) == (True, False)


def test_hostile_words_stay_words() -> None:
    """Project, batch, gate, agent and what could not be read can't break the report, mention anybody or give orders."""
    evil = "x | y </td> <script>alert(1)</script> @all\n/close\n# Heading [a](//b) %{x}"
    sample = quarter()
    renamed = sample._replace(
        work=tuple(each._replace(agent=f"{evil}{each.agent}") for each in sample.work),
        changes=tuple(each._replace(agent=f"{evil}{each.agent}") for each in sample.changes),
        checks=tuple(each._replace(gate=f"{evil}{each.gate}", summary=evil) for each in sample.checks),
        shifts=tuple(each._replace(project=evil, batch=f"{evil}{each.batch}") for each in sample.shifts),
    )
    period = newest(Kind.WEEK, NOW)
    text = markdown(tell(renamed, period, NOW, CONFIG, unreadable=(evil,)))
    assert "heron" in text
    for word in ("<script", "@all", "%{x}"):
        assert word not in text
    assert not re.search(r"(?<!\\)\]\(", text)
    assert not any(line.startswith(("/close", "# Heading")) for line in text.splitlines())


def test_secrets_are_masked(now: datetime) -> None:
    """What looks like a token in somebody's words does not reach the report."""
    token = "glpat-" + "a1B2c3D4e5F6g7H8i9J0"
    text = markdown(tell(Sample(), LAST_WEEK, now, CONFIG, unreadable=(f"it says {token}",)))
    assert "a1B2c3" not in text
    assert "it says" in text


def test_goals_name_what_a_target_takes() -> None:
    """Of a share in cases, of a time as a distance; what is met or can't be told is no goal."""
    few = Metric(key="f", name="F", unit=Unit.SHARE, definition="", target=Target(below=0.3))
    many = few.model_copy(update={"target": Target(above=0.8)})
    slow = Metric(key="s", name="S", unit=Unit.SECONDS, definition="", target=Target(below=7200))
    assert (found := goal(share(few, 30, 40)))
    assert found.needed == "at most 11 of 40 instead of 30"
    assert (found := goal(share(many, 10, 40)))
    assert found.needed == "at least 33 of 40 instead of 10"
    assert (found := goal(measure(slow, 10800, 40, interval=(9000, 12000))))
    assert found.needed == "1 h less"
    assert goal(share(few, 12, 40)) is None


def test_a_sparkline_puts_noise_in_the_middle() -> None:
    """Between the limits the bars are of middling height, beyond them they reach the ends; unknown is a dot."""
    assert sparkline.of([1, None, 2], [0, 3]) == "▃·▆"
    assert sparkline.of([5, 5]) == "▅▅"
    assert sparkline.of([None]) == "·"
    assert sparkline.of([0, 7]) == "▁█"


def test_alerts_of_today_stand_in_the_newest_report_only() -> None:
    """Among the concerns of the week that was just over; in a report of an older one they would mislead."""
    bad = quarter()._replace(changes=tuple(each._replace(score=20.0) for each in quarter().changes))
    period = newest(Kind.WEEK, NOW)
    assert "**Alert (high)**: Mean score is 20" in markdown(tell(bad, period, NOW, CONFIG))
    assert tell(bad, period.before, NOW, CONFIG).alerts == ()


def test_a_period_that_runs_says_so(now: datetime) -> None:
    """Its report is made as far as it is, and marked."""
    running: Period = containing(Kind.MONTH, now.date())
    report = tell(of_history(fortnight()), running, now, CONFIG)
    assert not report.over
    assert "**which is not over**" in markdown(report)
