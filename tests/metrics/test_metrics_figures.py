"""Every figure, computed by hand for a history of five tickets."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ci_factory.metrics.facts import AttemptFact, BatchFact, GateFact, History, MergeRequestFact, TicketFact
from ci_factory.metrics.figure import Ends, Figure, Metric, Status, Target, Unit, measure, share
from ci_factory.metrics.figures import figures
from ci_factory.metrics.gathering import of_history
from ci_factory.metrics.sample import Sample
from ci_factory.model.attempt import Ending, Usage
from ci_factory.model.forge import MergeRequestState
from ci_factory.model.gate import Component, GateStatus, Verdict
from ci_factory.model.ticket import Priority, Size

START = datetime(2026, 11, 1, tzinfo=UTC)
NOW = START + timedelta(hours=24)
OPENED, MERGED, CLOSED = MergeRequestState.OPENED, MergeRequestState.MERGED, MergeRequestState.CLOSED


def hours(count: float | None) -> datetime | None:
    return None if count is None else START + timedelta(hours=count)


def ticket(name: str, first_mr: float | None) -> TicketFact:
    return TicketFact(
        id=name, title=name, priority=Priority.MEDIUM, ready_at=START, first_mr_at=hours(first_mr)
    )


def request(iid: int, name: str, created: float, **known: Any) -> MergeRequestFact:
    times = {
        key: hours(known.pop(key, None)) for key in ("ready_at", "approved_at", "merged_at", "closed_at")
    }
    return MergeRequestFact.model_validate(
        {
            "iid": iid, "ticket": name, "title": name, "branch": name, "target": "main", "draft": False,
            "state": OPENED, "created_at": hours(created), "versions": 1, "head": "a" * 40,
            "verdict": Verdict.PASS, "batch": "b1", **times, **known,
        }
    )  # fmt: skip


def attempt(
    name: str, lane: int, span: tuple[int, int], iterations: int, cost: float | None, **known: Any
) -> AttemptFact:
    return AttemptFact.model_validate(
        {
            "batch": "b1", "ticket": name, "agent": "otter", "lane": lane, "ending": Ending.COMPLETED, "reason": "",
            "started_at": START + timedelta(minutes=span[0]), "finished_at": START + timedelta(minutes=span[1]),
            "attempts": 1, "iterations": iterations, "agent_seconds": 60, "size": Size.SMALL,
            "usage": Usage(cost_usd=cost), **known,
        }
    )  # fmt: skip


def gate(name: str, status: GateStatus) -> GateFact:
    return GateFact(batch="b1", ticket=name, gate="tests", component=Component.TESTS, status=status)


def history(last_cost: float | None = None) -> History:
    return History(
        tickets=(ticket("A", 1), ticket("B", 2), ticket("C", 3), ticket("D", 4), ticket("E", None)),
        merge_requests=(
            request(1, "A", 1, ready_at=1, approved_at=2, merged_at=3, state=MERGED, score=90, added=30, removed=10),
            request(2, "B", 2, ready_at=2, approved_at=9, merged_at=10, state=MERGED, score=80, added=5, removed=15,
                    reworked=True),
            request(3, "C", 3, ready_at=3, closed_at=5, state=CLOSED, score=70),
            request(4, "D", 4, draft=True, verdict=Verdict.INCONCLUSIVE),
        ),
        batches=(
            BatchFact(id="b1", project="p", target_branch="main", created_at=START, lanes=2, planned=()),
        ),
        attempts=(
            attempt("A", 0, (0, 60), 1, 0.5),
            attempt("B", 1, (0, 30), 2, 0.3),
            attempt("C", 0, (60, 90), 3, 0.2),
            attempt("D", 1, (30, 90), 1, 1.0),
            attempt("E", 0, (90, 120), 1, last_cost, ending=Ending.ESCALATED),
            attempt("F", 1, (120, 120), 0, None, ending=Ending.SKIPPED),
        ),
        gates=(
            gate("A", GateStatus.PASS), gate("B", GateStatus.PASS), gate("C", GateStatus.FAIL),
            gate("D", GateStatus.INCONCLUSIVE),
        ),
    )  # fmt: skip


def by_key(facts: History) -> dict[str, Figure]:
    return {figure.key: figure for figure in figures(of_history(facts), NOW)}


@pytest.mark.parametrize(
    ("key", "value", "n"),
    [
        ("tickets_per_week", 2, 4),
        ("lines_per_week", 10, 4),
        ("acceptance_rate", None, 0),
        ("first_pass_approval", 1 / 3, 3),
        ("rework_ratio", 1 / 3, 3),
        ("reworked_lines_ratio", None, 0),
        ("churn_ratio", None, 0),
        ("post_merge_defects", None, 0),
        ("score_mean", 80, 3),
        ("score_median", 80, 3),
        ("gate_pass_rate", 1 / 2, 4),
        ("gate_first_pass_rate", 1 / 4, 4),
        ("gate_seconds", None, 0),
        ("time_to_first_mr", 3 * 3600, 5),
        ("pickup_time", 7 * 3600, 3),
        ("review_time", 2 * 3600, 3),
        ("time_to_merge", 8 * 3600, 3),
        ("time_to_merge_p90", 8 * 3600, 3),
        ("cycle_time", None, 5),
        ("human_minutes_per_mr", None, 0),
        ("cost_per_ticket", None, 5),
        ("cost_per_accepted_mr", None, 2),
        ("cost_per_merged_line", None, 2),
        ("hours_saved", None, 0),
        ("escalation_rate", 1 / 5, 5),
        ("no_change_rate", 0, 5),
        ("escalation_wait", None, 0),
        ("conflict_rate", None, 0),
        ("utilisation", 210 / 240, 1),
        ("iterations", 1, 5),
    ],
)
def test_figure_is_what_a_person_computes(key: str, value: float | None, n: int) -> None:
    """Each figure of the small history is the number one gets with pencil and paper."""
    figure = by_key(history())[key]
    assert figure.value == pytest.approx(value)
    assert figure.n == n


def test_cost_is_known_when_every_part_is() -> None:
    """With all parts known, 2.00 USD for five tickets, two merges and ten net lines are 0.40, 1.00 and 0.20."""
    found = by_key(history(last_cost=0.0))
    per = [found[f"cost_per_{what}"].value for what in ("ticket", "accepted_mr", "merged_line")]
    assert per == pytest.approx([0.4, 1.0, 0.2])


def test_unknown_cost_says_what_is_known() -> None:
    """An unknown part makes the figure unknown, and the note sums what is known."""
    assert by_key(history())["cost_per_ticket"].note == (
        "cost of 1 of 5 attempts unknown; the others sum to 2.00 USD"
    )


def test_open_cases_are_said() -> None:
    """A figure over times tells how many have not happened yet."""
    found = by_key(history())
    assert found["cycle_time"].note == (
        "3 of 5 not there yet (censored); the curve does not reach 50 % yet; 95 % interval: 3 h or more"
    )
    assert found["first_pass_approval"].note == "not enough data (n = 3); 1 still open, not counted"
    assert found["acceptance_rate"].note == "not enough data (n = 0); 4 younger than 14 days, not counted yet"


def test_acceptance_is_that_of_those_old_enough_as_they_stood_then() -> None:
    """Twenty days later two of three decided within 14 days are merged, and the fourth was undecided."""
    later = {figure.key: figure for figure in figures(of_history(history()), NOW + timedelta(days=20))}
    assert later["acceptance_rate"].value == pytest.approx(2 / 3)
    assert later["acceptance_rate"].note == "not enough data (n = 3); 1 undecided at 14 days, not counted"


def test_merged_by_day_lets_closing_compete() -> None:
    """A of 4 merges at 2 h while C closes, B of the 2 left at 8 h: 1/4 + 1/2 x 1/2; after 20 h nobody was watched longer."""
    known = {
        figure.labels["day"]: figure
        for figure in figures(of_history(history()), NOW)
        if "day" in figure.labels
    }
    assert {day: figure.value for day, figure in known.items()} == dict.fromkeys(("1", "3", "7", "14"))
    later = figures(of_history(history()), NOW + timedelta(hours=4))
    day = next(figure for figure in later if figure.labels == {"day": "1"})
    assert (day.value, day.n) == (0.5, 4)


def test_only_this_week_counts() -> None:
    """Eight days later the same merges are no longer of the week."""
    later = {figure.key: figure for figure in figures(of_history(history()), NOW + timedelta(days=8))}
    assert (later["tickets_per_week"].value, later["lines_per_week"].value) == (0, 0)


def test_no_facts_no_numbers() -> None:
    """An empty history gives unknown everywhere, never zero, and nothing is judged."""
    assert {(figure.value, figure.status) for figure in figures(Sample(), NOW)} == {(None, Status.UNKNOWN)}


def metric(target: Target | None) -> Metric:
    return Metric(key="k", name="K", unit=Unit.SHARE, definition="d", target=target)


@pytest.mark.parametrize(
    ("hits", "of", "status"),
    [
        (98, 100, Status.GOOD),
        (50, 100, Status.BAD),
        (13, 20, Status.UNKNOWN),
        (4, 4, Status.UNKNOWN),
        (0, 0, Status.UNKNOWN),
    ],
)
def test_a_share_is_judged_only_when_it_is_clear(hits: int, of: int, status: Status) -> None:
    """A share is on or off target only when its whole interval is: 13 of 20 is no evidence against 80 %."""
    assert share(metric(Target(above=0.8)), hits, of).status is status


def test_few_observations_are_not_judged() -> None:
    """A mean of four says that it is not enough data, a mean of five is judged."""
    four, five = (measure(metric(Target(above=0.5)), 0.9, n, interval=(0.8, 1)) for n in (4, 5))
    assert (four.status, four.note) == (Status.UNKNOWN, "not enough data (n = 4)")
    assert (five.status, five.note) == (Status.GOOD, "")


@pytest.mark.parametrize(
    ("target", "interval", "status"),
    [
        (Target(above=0.8), (0.81, 0.9), Status.GOOD),
        (Target(above=0.8), (0.8, 0.9), Status.UNKNOWN),
        (Target(above=0.8), (0.7, 0.8), Status.BAD),
        (Target(below=4), (5, None), Status.BAD),
        (Target(below=4), (3, None), Status.UNKNOWN),
        (Target(below=4), (None, None), Status.UNKNOWN),
        (Target(above=10, below=20), (5, 30), Status.UNKNOWN),
        (Target(above=10, below=20), (21, 30), Status.BAD),
        (Target(above=10, below=20, inclusive=True), (10, 20), Status.GOOD),
    ],
)
def test_judged_only_with_the_whole_interval_on_one_side(
    target: Target, interval: Ends, status: Status
) -> None:
    """Good inside of the target, bad outside of it, and unknown across its bound or without an interval."""
    assert measure(metric(target), 15, 20, interval=interval).status is status


def test_figures_golden(night: History, now: datetime, golden: Callable[[str, str], None]) -> None:
    """The figures of the made night are, as JSON, those that were read and found right."""
    numbers = [figure.model_dump(mode="json") for figure in figures(of_history(night), now)]
    golden("figures.json", json.dumps(numbers, indent=2, ensure_ascii=False) + "\n")
