"""Figures of a night against their bounds: what raises an alert, and what is too few to tell."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ci_factory import config as configuration
from ci_factory.errors import ConfigError
from ci_factory.metrics import alert_report
from ci_factory.metrics import alerts as rules
from ci_factory.metrics.alerts import Judge, Level, Rule
from ci_factory.metrics.live_alerts import raised
from ci_factory.metrics.live_night import live
from ci_factory.model.alert_settings import AlertsConfig, Bounds
from ci_factory.model.attempt import Ending
from tests.metrics.live_made import Made, at, busy_night

JUDGE = Judge(AlertsConfig())
OK, WATCH, ALERT, UNKNOWN = Level.OK, Level.WATCH, Level.ALERT, Level.UNKNOWN


@pytest.mark.parametrize(
    ("rule", "value", "level"),
    [
        (rules.IN_PROGRESS, 0, OK),
        (rules.IN_PROGRESS, 1.99, OK),
        (rules.IN_PROGRESS, 2, WATCH),
        (rules.IN_PROGRESS, 3, WATCH),
        (rules.IN_PROGRESS, 3.01, ALERT),
        (rules.IN_PROGRESS, None, UNKNOWN),
        (rules.COST, 50, OK),
        (rules.COST, 50.01, ALERT),
        (rules.COST, None, UNKNOWN),
        (rules.QUEUE, 10, OK),
        (rules.QUEUE, 11, ALERT),
    ],
)
def test_a_fact_is_judged_as_it_stands(rule: Rule, value: float | None, level: Level) -> None:
    """Below the target it is well, on it or beyond it to be watched, beyond the other bound an alert."""
    assert JUDGE.fact(rule, value).level is level


@pytest.mark.parametrize(
    ("rule", "minutes", "level"), [(rules.IDLE, 119, OK), (rules.IDLE, 120, WATCH), (rules.IDLE, 9000, WATCH),
                                   (rules.SILENT, 9, OK), (rules.SILENT, 10, WATCH), (rules.SILENT, 46, ALERT)],
)  # fmt: skip
def test_bounds_have_a_unit_of_their_own(rule: Rule, minutes: float, level: Level) -> None:
    """Hours and minutes of the configuration are compared with seconds, and shown with their unit."""
    scale = 3600 if rule is rules.IDLE else 60
    alert = JUDGE.fact(rule, minutes * 60, scale=scale)
    assert alert.level is level
    assert alert.target == ("< 2 h" if rule is rules.IDLE else "< 10 min, alert > 45 min")


@pytest.mark.parametrize(
    ("rule", "value", "level"),
    [(rules.COMPLETION, 29.9, OK), (rules.COMPLETION, 30, WATCH), (rules.COMPLETION, 60, WATCH), (rules.COMPLETION, 61, ALERT),
     (rules.SCORE, 86, OK), (rules.SCORE, 85, WATCH), (rules.SCORE, 70, WATCH), (rules.SCORE, 69.9, ALERT)],
)  # fmt: skip
def test_a_mean_needs_enough_values(rule: Rule, value: float, level: Level) -> None:
    """Five values are judged; four say that they are too few, however bad."""
    assert JUDGE.mean_of(rule, [value] * 5).level is level
    few = JUDGE.mean_of(rule, [value] * 4)
    assert (few.level, few.note) == (UNKNOWN, "too few to tell: 4 of at least 5")


@pytest.mark.parametrize(
    ("hits", "of", "level"),
    [
        (0, 0, UNKNOWN),
        (4, 4, UNKNOWN),
        (0, 5, OK),
        (1, 5, UNKNOWN),  # 20 %, on the target; 4-62 %
        (2, 10, UNKNOWN),
        (3, 10, UNKNOWN),  # 30 %; 11-60 %
        (5, 10, WATCH),  # 50 %, beyond the alert; 24-76 % is surely beyond the target only
        (8, 10, ALERT),  # 49-94 %
        (30, 100, WATCH),  # 22-40 %
        (51, 100, ALERT),  # 41-61 %
        (10, 100, OK),
    ],
)
def test_a_share_is_judged_by_its_interval(hits: int, of: int, level: Level) -> None:
    """An escalation rate raises an alert only when the whole Wilson interval lies beyond 40 %."""
    assert JUDGE.share(rules.ESCALATION, hits, of).level is level


@pytest.mark.parametrize(("share", "n", "level"), [(0.71, 5, OK), (0.7, 5, WATCH), (0.4, 5, WATCH), (0.39, 5, ALERT), (0.1, 4, UNKNOWN), (None, 9, UNKNOWN)])  # fmt: skip
def test_higher_is_better_for_utilisation(share: float | None, n: int, level: Level) -> None:
    """Above 70 % is well, below 40 % an alert, and of a few tickets nothing is said."""
    assert JUDGE.ratio(rules.UTILISATION, share, n).level is level


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 60), st.integers(0, 60), st.floats(0.01, 0.99), st.floats(0.01, 0.99))
def test_no_alert_without_certainty(hits: int, misses: int, one: float, other: float) -> None:
    """A share that is called beyond a bound is beyond it as a plain share too, and of at least five."""
    target, alert = sorted((one, other))
    judge = Judge(AlertsConfig(escalation_rate=Bounds(target=target, alert=alert)))
    found = judge.share(rules.ESCALATION, hits, hits + misses)
    if found.level in {WATCH, ALERT}:
        assert hits + misses >= 5
        assert hits / (hits + misses) >= (alert if found.level is ALERT else target)
        assert found.interval is not None
        assert not math.isclose(*found.interval)


def test_one_bound_can_be_set_alone() -> None:
    """A project that moves the alert keeps the target, and null switches a level off."""
    settings_ = configuration.parse(
        "alerts: {at_least: 3, escalation_rate: {alert: 0.5}, cost_usd: {alert: null}}"
    ).alerts
    assert settings_.escalation_rate == Bounds(target=0.2, alert=0.5)
    assert Judge(settings_).fact(rules.COST, 1e6).level is OK
    assert Judge(settings_).fact(rules.COST, 1e6).target == "none"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("alerts: {score: {target: 50, alert: 60}}", r"alerts\.score: .*must not be above the target"),
        ("alerts: {cost_usd: {target: 60}}", r"alerts\.cost_usd: .*must not be below the target"),
        ("alerts: {scores: {}}", r"alerts\.scores: unknown key"),
        ("alerts: {score: {alarm: 1}}", r"alerts\.score\.alarm: unknown key"),
        ("alerts: {score: {alert: -1}}", r"alerts\.score\.alert"),
    ],
)
def test_bounds_that_make_no_sense_are_refused(text: str, says: str) -> None:
    """The error names the key: a wrong order of the two, an unknown name, a negative number."""
    with pytest.raises(ConfigError, match=says):
        configuration.parse(text)


def test_every_figure_of_a_night_is_there_with_its_definition() -> None:
    """A running night has all ten, each configurable, with bounds and definition; one that is over has what can be known."""
    settings_ = AlertsConfig()
    running = live(busy_night(), configuration.Config(), at(150)).alerts
    assert {alert.key for alert in running} == set(AlertsConfig.model_fields) - {"at_least", "period"}
    assert all(alert.definition.endswith(".") and alert.target != "none" for alert in running)
    done = Made().ended("1", 0, 5).files(over=True)
    over = live(done, configuration.Config(alerts=settings_), at(500)).alerts
    assert "idle_hours" not in {alert.key for alert in over}


def test_a_night_that_goes_wrong_raises_its_alerts() -> None:
    """The report names them, alerts before what is to be watched. Nine of ten tickets escalated after 90 minutes each: the time and the rate are alerts, the cost is not."""
    made = Made(now=at(480))
    for number in range(10):
        ending = Ending.COMPLETED if number == 0 else Ending.ESCALATED
        made.ended(str(number), number // 2 * 90, 90, ending, lane=number % 2)
    found = live(made.files(), configuration.Config(), at(480)).alerts
    assert {alert.key for alert in raised(found)} == {"completion_minutes", "escalation_rate"}
    told = "\n".join(alert_report.lines(found))
    assert told.count("- **Alert**: ") == 2
    assert "- **Alert**: Escalation rate is 90 % (60–98 %), bounds < 20 %, alert > 40 %. " in told
    assert list(alert_report.lines(raised(found, OK))) == []
