"""Alerts over the last weeks: beyond the bound without doubt, or a signal of the control chart; never on noise."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ci_factory import config as configuration
from ci_factory.config import Config
from ci_factory.errors import ConfigError
from ci_factory.metrics import alert_note, alert_screen, idling, period_alerts, period_rules, spending
from ci_factory.metrics.alerts import Alert, Level, Rule
from ci_factory.metrics.sample import Change, Sample, Work
from ci_factory.model.alert_settings import PeriodAlerts, Severity
from tests.metrics.quarter import DAY, HOUR, NOW, quarter

SAMPLE = quarter()
LATE = NOW.timestamp() - 14 * DAY


def told(sample: Sample, text: str = "{}") -> dict[str, Alert]:
    config = configuration.parse(text)
    return {alert.key: alert for alert in period_alerts.tell(sample, None, NOW, config)}


def changed(**columns: Any) -> Sample:
    """The quarter with the changes of the last two weeks altered."""
    rows = (each._replace(**columns) if each.created >= LATE else each for each in SAMPLE.changes)
    return SAMPLE._replace(changes=tuple(rows))


def test_the_list_is_that_of_the_targets() -> None:
    """Every figure with its bound, unit and severity; each rule has a bound in the settings, and each bound a rule."""
    found = told(SAMPLE)
    assert {key: (alert.severity.value, alert.target) for key, alert in found.items()} == {
        "score": ("high", "alert < 70"),
        "defect_rate": ("high", "alert > 10 %"),
        "rework_ratio": ("medium", "alert > 50 %"),
        "first_pass": ("medium", "alert < 50 %"),
        "cycle_hours": ("medium", "alert > 2 d"),
        "review_queue": ("medium", "alert > 10"),
        "idle_hours": ("low", "alert > 2 h"),
        "daily_cost_usd": ("high", "alert > 50.00 USD"),
        "cost_ratio": ("medium", "alert > 2"),
    }
    assert set(found) == set(PeriodAlerts.model_fields) - {"days", "at_least"}
    rules = [value for value in vars(period_rules).values() if isinstance(value, Rule)]
    assert {rule.key for rule in rules} == set(found)
    assert all(rule.action and rule.definition for rule in rules)


def test_the_made_quarter_is_quiet() -> None:
    """Its figures are known and none is beyond a bound."""
    assert {alert.level for alert in told(SAMPLE).values()} == {Level.OK}


def _last(sample: Sample, count: int) -> list[Change]:
    return [each for each in sample.changes if each.created >= LATE][:count]


@pytest.mark.parametrize(
    ("key", "sample"),
    [
        ("score", changed(score=20.0)),
        ("rework_ratio", changed(reworked=True)),
        ("first_pass", changed(approved=None)),
        ("defect_rate", SAMPLE._replace(changes=tuple(c._replace(defect=c.merged) for c in SAMPLE.changes))),
        ("cycle_hours", SAMPLE._replace(tasks=tuple(t._replace(merged=None, closed=None) for t in SAMPLE.tasks))),
        ("review_queue", changed(state="opened", merged=None, closed=None)),
        ("daily_cost_usd", SAMPLE._replace(work=tuple(w._replace(cost=9.0) for w in SAMPLE.work))),
        ("cost_ratio", SAMPLE._replace(work=tuple(
            w._replace(cost=(w.cost or 0) * (3 if w.finished > NOW.timestamp() - 28 * DAY else 1)) for w in SAMPLE.work))),
        ("idle_hours", SAMPLE._replace(work=(*SAMPLE.work, SAMPLE.work[-1]._replace(
            ticket="late", agent="third", started=SAMPLE.work[-1].finished + 3 * HOUR, finished=SAMPLE.work[-1].finished + 4 * HOUR)))),
    ],
)  # fmt: skip
def test_what_is_beyond_its_bound_is_an_alert(key: str, sample: Sample) -> None:
    """With its value, what it is made of, and what to do."""
    alert = told(sample)[key]
    assert alert.level is Level.ALERT, alert
    assert alert.evidence
    assert alert.action
    assert alert.value is not None


def test_unknown_cost_is_no_alert_but_what_is_known_may_be() -> None:
    """One attempt of unknown cost leaves the ratio open; the dearest day is at least what is known of it."""
    rows = tuple(
        each._replace(cost=None if number % 6 == 0 else 9.0) for number, each in enumerate(SAMPLE.work)
    )
    found = told(SAMPLE._replace(work=rows), "alerts: {period: {daily_cost_usd: {alert: 30}}}")
    assert found["cost_ratio"].level is Level.UNKNOWN
    assert "a part of the cost is unknown" in found["cost_ratio"].note
    assert found["daily_cost_usd"].level is Level.ALERT
    assert found["daily_cost_usd"].note.startswith("at least: the cost of 1 attempt is unknown")


def test_a_few_bad_changes_page_nobody() -> None:
    """Seven of twelve reworked are more than half and prove nothing; a share whose whole interval is beyond does."""
    few = SAMPLE._replace(changes=tuple(c._replace(reworked=n < 7) for n, c in enumerate(_last(SAMPLE, 12))))
    assert told(few)["rework_ratio"].level is Level.UNKNOWN
    assert "the interval includes the bound" in told(few)["rework_ratio"].note
    all_of_them = changed(reworked=True)
    assert told(all_of_them)["rework_ratio"].level is Level.ALERT


def test_a_signal_of_the_control_chart_decides_where_the_interval_leaves_it_open() -> None:
    """A mean beyond the bound, whose interval includes it, is an alert once the last full week is news and bad."""
    slow = [each for each in SAMPLE.changes if each.created >= NOW.timestamp() - 7 * DAY]
    names = {each.iid for each in slow}
    rows = tuple(c._replace(score=(c.score or 0) - 20) if c.iid in names else c for c in SAMPLE.changes)
    sample = SAMPLE._replace(changes=rows)
    mean = told(sample)["score"]
    assert mean.value is not None
    bound = mean.value + 0.3
    found = told(sample, f"alerts: {{period: {{score: {{alert: {bound}}}}}}}")["score"]
    assert found.interval
    assert found.interval[1] > bound
    assert found.level is Level.ALERT
    assert "week 2026-W48 is a signal of the control chart" in found.note


@given(st.integers(0, 40), st.integers(0, 40), st.floats(0.05, 0.95))
@settings(max_examples=40, deadline=None)
def test_no_alert_on_a_share_without_certainty(hits: int, misses: int, bound: float) -> None:
    """Among few weeks, where no control chart has limits, an alert is beyond its bound as a plain share, of ten at least."""
    decided = [each for each in SAMPLE.changes if each.decided is not None][-1]
    rows = tuple(decided._replace(iid=n, reworked=n < hits) for n in range(hits + misses))
    alert = told(Sample(changes=rows), f"alerts: {{period: {{rework_ratio: {{alert: {bound}}}}}}}")[
        "rework_ratio"
    ]
    if alert.on:
        assert hits + misses >= 10
        assert hits / (hits + misses) > bound
        assert alert.interval
        assert alert.interval[0] > bound


def test_what_waits_counts_before_it_has_ended() -> None:
    """The median cycle time of tickets that never merge is not known, and known to be too long."""
    sample = SAMPLE._replace(tasks=tuple(t._replace(merged=None, closed=None) for t in SAMPLE.tasks))
    found = told(sample)["cycle_hours"]
    assert (found.on, found.interval, found.note) == (
        True,
        None,
        "at least: half of them have not merged yet",
    )
    half = tuple(
        t._replace(merged=t.merged if n % 3 == 0 else None, closed=None) for n, t in enumerate(SAMPLE.tasks)
    )
    assert told(SAMPLE._replace(tasks=half), "alerts: {period: {cycle_hours: {alert: 5}}}")["cycle_hours"].on


def test_nothing_known_is_nothing_judged() -> None:
    """Without any fact every level is unknown."""
    assert {alert.level for alert in told(Sample()).values()} == {Level.UNKNOWN}


def test_pauses_are_those_while_something_was_not_begun() -> None:
    """Of an agent with two lanes only the time when both are free, and none after the batch's last start."""
    row = SAMPLE.work[0]._replace(batch="b", worked=True)

    def work(agent: str, started: float, finished: float) -> Work:
        return row._replace(agent=agent, started=started, finished=finished)

    found = idling.pauses([work("a", 0, 10), work("a", 0, 60), work("a", 100, 110), work("c", 150, 400)])
    assert [(pause.agent, pause.seconds, pause.since) for pause in found] == [("a", 40, 60), ("a", 40, 110)]


def test_the_ratio_of_costs_has_the_interval_of_the_delta_method() -> None:
    """Of 4, 6, 8 against 1, 2, 3: 3.0, ln r within 1.96 x sqrt(4/3/36 + 1/3/4) of ln 3 (worked out by hand)."""
    value, interval = spending.compared([4, 6, 8], [1, 2, 3])
    assert value == pytest.approx(3.0)
    assert interval == pytest.approx((1.5198, 5.9217), abs=1e-3)
    assert spending.compared([0, 0], [1, 2]) == (None, None)


def test_the_note_remembers_since_when() -> None:
    """What was written is read again; a damaged block, or somebody's words in it, is none."""
    alert = told(changed(reworked=True))["rework_ratio"]
    state = alert_note.State(since=NOW)
    text = alert_note.note(alert, state)
    assert alert_note.state_of(text) == state
    over = alert_note.State(since=NOW, until=NOW + timedelta(hours=5))
    assert alert_note.state_of(alert_note.note(alert, over)) == over
    assert alert_note.state_of(text.replace("2026", "soon")) is None
    assert alert_note.state_of("words") is None


def test_the_screen_says_what_is_on_first() -> None:
    """A line for each alert; of what is on the severity, the evidence and what to do."""
    lines = list(alert_screen.lines(told(changed(reworked=True)).values()))
    assert lines[0].startswith("ALERT medium Rework ratio: 62 %")
    assert lines[1].strip().startswith("- !")
    assert sum(line.startswith("ok ") for line in lines) >= 5


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("alerts: {period: {score: {alert: -1}}}", r"alerts\.period\.score\.alert"),
        ("alerts: {period: {score: {severity: worst}}}", r"alerts\.period\.score\.severity"),
        ("alerts: {period: {scores: {}}}", r"alerts\.period\.scores: unknown key"),
        ("alerts: {period: {days: 0}}", r"alerts\.period\.days"),
    ],
)
def test_settings_that_make_no_sense_are_refused(text: str, says: str) -> None:
    """The error names the key."""
    with pytest.raises(ConfigError, match=says):
        configuration.parse(text)


def test_a_severity_is_kept_when_only_the_bound_is_set() -> None:
    """And the other way round; null switches an alert off."""
    found = configuration.parse(
        "alerts: {period: {score: {alert: 60}, rework_ratio: {severity: low}}}"
    ).alerts.period
    assert (found.score.alert, found.score.severity) == (60, Severity.HIGH)
    assert (found.rework_ratio.alert, found.rework_ratio.severity) == (0.5, Severity.LOW)
    off = told(changed(reworked=True), "alerts: {period: {rework_ratio: {alert: null}}}")["rework_ratio"]
    assert (off.level, off.target) == (Level.OK, "none")
    assert Config().alerts.period.days == 28
