"""Figures of a made history, through the command line, against its truth: worked out by hand, and counted from the lives."""

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from tests.gitlab_standin.control import StandIn
from tests.metrics.truth import hand, place, truth
from tests.metrics.truth.place import CLOSE, Place, differing, figures
from tests.metrics.truth.world import World

sqlalchemy = pytest.importorskip("sqlalchemy", reason="SQLAlchemy (extra `metrics`) is not installed")
MINUTE, HOUR = 60.0, 3600.0

HAND: dict[str, tuple[float | None, int]] = {
    # The seven days before the end: a hundred days after the night nothing merges.
    "tickets_per_week": (0, 7),
    "lines_per_week": (0, 7),
    # Decided within 14 days of creation: A B D E merged, C I closed; F is open.
    "acceptance_rate": (4 / 6, 6),
    # Created at minute 30. A merges after 50, D after 360, E after 480 minutes, C closes after 300, I after 600,
    # B merges after 28 hours, F is watched for 100 days: nothing is censored before that, so plain shares of 7.
    "merged_by_day/1": (3 / 7, 7),
    "merged_by_day/3": (4 / 7, 7),
    "merged_by_day/7": (4 / 7, 7),
    "merged_by_day/14": (4 / 7, 7),
    # Of 6 decided: A, D (only rebased) and E (merged without a word); B had a version after bo asked for changes.
    "first_pass_approval": (3 / 6, 6),
    "rework_ratio": (1 / 6, 6),
    # B: 2 lines replaced, so 2 removed and 2 added. All decided: 6 x 20 added, and 4 that D removed.
    "reworked_lines_ratio": (4 / 124, 6),
    # Merged 21 days ago, 20 lines each: those of D were gone after 10 days.
    "churn_ratio": (20 / 80, 4),
    # D was taken back after 10 days; the bug of E came after 40.
    "post_merge_defects": (1 / 4, 4),
    # 90 five times, 70 twice.
    "score_mean": (590 / 7, 7),
    "score_median": (90, 7),
    # Trigger at minute -60, merge request at 30, for 7 of 9; the two questions have none yet.
    "time_to_first_mr": (90 * MINUTE, 9),
    # From ready: A 30, C 60 (the bot at 1 is nobody), B and D 120, E 480 minutes, F waits; I never was ready.
    # Waiting: 5/6, 4/6, 2/6: half are seen by 120.
    "pickup_time": (120 * MINUTE, 6),
    # A 40, B 180, C 300 (closed), D 350, E 480, F waits: 5/6, 4/6, 3/6: half by 300.
    "review_time": (300 * MINUTE, 6),
    # A 50, B 240, C closed (censored) at 300, D 360, E 480, F waits: 5/6, 4/6, then of 3 left 4/6 x 2/3 = 4/9.
    "time_to_merge": (360 * MINUTE, 6),
    # It ends at 4/9 x 1/2 = 2/9 and never comes down to a tenth.
    "time_to_merge_p90": (None, 6),
    # Four of nine merged; nothing is censored before, so 5/9 still wait.
    "cycle_time": (None, 9),
    # A: 5 before its first trace, then 10 and 10. B: bo in three sessions, ada in one: 20. C: 10, recorded.
    # D: 5, and after a long pause 5 and 10. E and I: 5 each. The middle two of 5 5 10 20 20 25.
    "human_minutes_per_mr": (15, 6),
    # 1.25 and eight times 0.50, over 9 tickets, 4 merged, 20 + 20 + 16 + 20 net lines.
    "cost_per_ticket": (5.25 / 9, 9),
    "cost_per_accepted_mr": (5.25 / 4, 4),
    "cost_per_merged_line": (5.25 / 76, 4),
    # A range and no value; see the test of it.
    "hours_saved": (None, 4),
    "escalation_rate": (2 / 9, 9),
    "no_change_rate": (0, 9),
    # G asked at 30 and was answered at 210, H waits: half of two.
    "escalation_wait": (180 * MINUTE, 2),
    # Eight of ten minutes and one of five, on three lanes within thirty minutes.
    "utilisation": (85 / 90, 1),
    # Two rounds for B and C.
    "iterations": (1, 9),
    # Of 7 x 6 / 2 pairs, 1 and 6, 2 and 5, 3 and 4 do not merge.
    "conflict_rate": (3 / 21, 21),
    # B and I fail the tests; B and C took two rounds.
    "gate_pass_rate/tests": (5 / 7, 7),
    "gate_first_pass_rate/tests": (4 / 7, 7),
    "gate_pass_rate/syntax": (1, 7),
    "gate_first_pass_rate/syntax": (5 / 7, 7),
    "gate_seconds/tests": (40, 7),
}
"""Figure -> value and number of observations."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    with StandIn.start(tmp_path_factory.mktemp("gitlab")) as started:
        yield started


@pytest.fixture(scope="module")
def by_hand(server: StandIn, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What `report --json` says of the nine lives."""
    folder = tmp_path_factory.mktemp("hand")
    return told(place.made(server, folder, World(now=hand.NOW), hand.lives(), "shop/hand"))


@pytest.fixture(scope="module")
def drawn(server: StandIn, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Two months."""
    world = World(seed=3, merge_requests=20, days=60, reverted=0.2, bug=0.2)
    return place.made(server, tmp_path_factory.mktemp("drawn"), world, path="shop/drawn")


@pytest.fixture(scope="module")
def of_drawn(drawn: Place) -> dict[str, Any]:
    """What `report --json` says of them."""
    return told(drawn)


def told(made: Place) -> dict[str, Any]:
    """Collect into a store, and report from it."""
    made.run("collect", "--store")
    found: dict[str, Any] = json.loads(made.run("report", "--json", "--store"))
    return found


@pytest.mark.parametrize("name", HAND)
def test_a_figure_is_what_a_pencil_says(by_hand: dict[str, Any], name: str) -> None:
    """The value and the number of cases behind it, worked out beside the figure's name above."""
    found, (value, n) = figures(by_hand)[name], HAND[name]
    assert (found["value"], found["n"]) == (None if value is None else pytest.approx(value, rel=CLOSE), n)


def test_hours_saved_are_a_range(by_hand: dict[str, Any]) -> None:
    """Four small changes of 0.5 to 4 hours, less the 85 minutes that people spent on all six that are decided."""
    low, high = figures(by_hand)["hours_saved"]["interval"]
    assert (low, high) == (pytest.approx(4 * 0.5 - 85 / 60), pytest.approx(4 * 4 - 85 / 60))


def test_the_pencil_agrees_with_the_count() -> None:
    """The truth that larger histories are measured against counts the nine lives as the hand does."""
    counted = truth.figures(hand.lives(), hand.NOW)
    assert {name: counted[name] for name in HAND} == {
        name: (None if value is None else pytest.approx(value, rel=CLOSE), n)
        for name, (value, n) in HAND.items()
    }


def test_every_figure_is_the_truth(drawn: Place, of_drawn: dict[str, Any]) -> None:
    """No figure of the report differs from what the lives come to, and none is missing."""
    expected = truth.figures(drawn.lives, drawn.world.now)
    assert figures(of_drawn).keys() == expected.keys()
    assert differing(figures(of_drawn), expected) == []


def test_every_merge_request_is_known_as_it_was(drawn: Place, of_drawn: dict[str, Any]) -> None:
    """Moments, people, versions, rework, time and score of each, as the facts have them."""
    assert forgotten(drawn, of_drawn["facts"]["merge_requests"]) == []


def forgotten(made: Place, facts: list[dict[str, Any]]) -> list[str]:
    """What facts of merge requests say otherwise than it was."""
    known, wrong = {each["iid"]: each for each in facts}, []
    for fate in truth.fates(made.lives):
        found = known[fate.life.iid]
        seconds = None if fate.spent is None else pytest.approx(fate.spent.total_seconds(), rel=CLOSE)
        expected: dict[str, Any] = {
            "created_at": fate.created, "ready_at": fate.ready, "reviewed_at": fate.looked, "approved_at": fate.approved,
            "merged_at": fate.merged, "closed_at": fate.closed, "approver": fate.approver, "versions": fate.versions,
            "reworked": fate.reworked, "reworked_lines": fate.reworked_lines, "human_recorded": fate.recorded,
            "score": fate.score, "added": fate.life.added, "removed": fate.life.removed, "human_seconds": seconds,
        }  # fmt: skip
        for name, value in expected.items():
            told = _moment(found[name]) if name.endswith("_at") else found[name]
            if told != value:
                wrong.append(f"!{fate.life.iid} {name}: {told}, but truly {value}")
    return wrong


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> tuple[Place, dict[str, Any], list[dict[str, Any]]]:
    """1,000 merge requests over a year: the place, what `report --json` says, and the facts of all."""
    folder = tmp_path_factory.mktemp("year")
    with StandIn.start(folder / "gitlab") as server:
        made = place.made(server, folder, World())
        report = told(made)
    facts = json.loads((made.out / "facts.json").read_text(encoding="utf-8"))
    return made, report, facts["merge_requests"]


Year = tuple[Place, dict[str, Any], list[dict[str, Any]]]


@pytest.mark.long
def test_a_year_of_a_thousand_is_the_truth(year: Year) -> None:
    """Every figure of 1,000 merge requests is what their lives come to."""
    made, report, _ = year
    assert differing(figures(report), truth.figures(made.lives, made.world.now)) == []
    assert figures(report)["hours_saved"]["interval"] == pytest.approx(
        truth.hours_saved(truth.fates(made.lives))
    )


@pytest.mark.long
def test_a_thousand_are_known_as_they_were(year: Year) -> None:
    """So are the facts of each of them."""
    made, _, facts = year
    assert len(facts) == made.world.merge_requests
    assert forgotten(made, facts) == []


@pytest.mark.long
@pytest.mark.parametrize(("name", "share"), [("time_to_merge", 0.5), ("time_to_merge_p90", 0.1)])
def test_waiting_is_what_lifelines_says(year: Year, name: str, share: float) -> None:
    """Quantiles of the Kaplan-Meier curve, and their intervals, of facts as `collect` leaves them: within 1e-9 of lifelines."""
    lifelines = pytest.importorskip("lifelines")
    made, report, facts = year
    ready = [each for each in facts if each["ready_at"]]
    spans = [
        _seconds(each["ready_at"], each["merged_at"] or each["closed_at"], made.world.now) for each in ready
    ]
    fitted = lifelines.KaplanMeierFitter().fit(spans, [each["merged_at"] is not None for each in ready])
    found = figures(report)[name]
    assert found["value"] == pytest.approx(
        lifelines.utils.qth_survival_times(share, fitted.survival_function_), rel=CLOSE
    )
    ends = lifelines.utils.qth_survival_times(share, fitted.confidence_interval_).to_numpy().ravel()
    assert (found["interval"] or []) == pytest.approx(
        [float(each) for each in ends] if found["interval"] else [], rel=CLOSE
    )


@pytest.mark.long
@pytest.mark.parametrize("day", truth.DAYS)
def test_merging_by_a_day_is_what_lifelines_says(year: Year, day: int) -> None:
    """Aalen-Johansen with closing as the competing end, and its interval: within 1e-9 of lifelines."""
    lifelines = pytest.importorskip("lifelines")
    made, report, facts = year
    spans = [
        _seconds(each["created_at"], each["merged_at"] or each["closed_at"], made.world.now) for each in facts
    ]
    causes = [1 if each["merged_at"] else 2 if each["closed_at"] else 0 for each in facts]
    fitted = lifelines.AalenJohansenFitter(seed=1, jitter_level=1e-7).fit(spans, causes, event_of_interest=1)
    until = fitted.cumulative_density_[: 86400.0 * day].index[-1]
    found = figures(report)[f"merged_by_day/{day}"]
    assert found["value"] == pytest.approx(fitted.cumulative_density_.loc[until].iloc[0], rel=CLOSE)
    assert found["interval"] == pytest.approx(sorted(fitted.confidence_interval_.loc[until]), rel=CLOSE)


def _seconds(start: str, end: str | None, now: datetime) -> float:
    return ((_moment(end) or now) - datetime.fromisoformat(start)).total_seconds()
