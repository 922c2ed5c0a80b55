"""Intervals of figures against the distributions that histories are drawn from: 95 % of them contain the truth, or more."""

import math
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from functools import cache
from statistics import fmean, median

import pytest

from ci_factory.metrics.figures import figures
from ci_factory.metrics.gathering import of_history
from tests.metrics.lives_facts import history
from tests.metrics.truth import truth, world
from tests.metrics.truth.truth import DEFECT, Fate
from tests.metrics.truth.world import GATES, World

YEAR = World(merge_requests=250)
HOUR = 3600.0


# The distributions' own values


@cache
def parameters() -> dict[str, float]:
    """What each figure estimates: in closed form where there is one, else from 20,000 lives that are told to their ends."""
    lives = [
        replace(life, iid=int(life.published))
        for life in world.draw(replace(YEAR, seed=10**6, merge_requests=20_000, days=80 * YEAR.days))
    ]
    fates = truth.fates(lives)
    merged = [each for each in fates if each.merged]
    decided = [each for each in fates if each.ended]
    cost = sum(life.cost or 0 for life in lives)
    hazard = YEAR.accepted / YEAR.decided_hours / HOUR
    return {
        # What became of a change does not depend on how long that took, nor on whether it was reworked.
        "acceptance_rate": YEAR.accepted,
        "rework_ratio": YEAR.reworked,
        "first_pass_approval": YEAR.accepted * (1 - YEAR.reworked),
        # Merging and closing compete with constant hazards; where only merging counts, its own hazard is left.
        "time_to_merge": 60 + math.log(2) / hazard,
        "time_to_merge_p90": 60 + math.log(10) / hazard,
        "escalation_rate": YEAR.escalated,
        "no_change_rate": YEAR.no_change,
        # Some never answer: half of all are answered when that share of the others is.
        "escalation_wait": 70 - YEAR.answer_hours * HOUR * math.log(1 - 0.5 / YEAR.answered),
        "review_time": median(
            _seconds(each.approved or each.closed, each.ready) for each in fates if each.ready
        ),
        "time_to_first_mr": median(_seconds(life.when("publish"), life.when("trigger")) for life in lives),
        "cycle_time": median(_seconds(life.when("merge"), life.when("trigger")) for life in lives),
        "human_minutes_per_mr": median(each.spent / timedelta(minutes=1) for each in decided if each.spent),
        "score_mean": fmean(each.score for each in fates),
        "score_median": median(each.score for each in fates),
        "cost_per_ticket": cost / len(lives),
        "cost_per_accepted_mr": cost / len(merged),
        "cost_per_merged_line": cost / sum(each.life.added - each.life.removed for each in merged),
        "post_merge_defects": fmean(truth.within(each.defect, each.merged, DEFECT) for each in merged),
        "churn_ratio": sum(map(truth.churned, merged)) / sum(each.life.added for each in merged),
        "reworked_lines_ratio": sum(each.reworked_lines for each in decided)
        / sum(each.life.added + each.life.removed for each in decided),
        **{f"merged_by_day/{day}": fmean(_by(each, day) for each in fates) for day in truth.DAYS},
        **{f"gate_pass_rate/{gate}": 1 - fails for gate, fails in GATES.items() if fails},
        **{f"gate_first_pass_rate/{gate}": (1 - fails) * 0.6 * 0.9 for gate, fails in GATES.items()},
    }


def _seconds(end: object, start: object) -> float:
    """Infinite where the end never comes."""
    return math.inf if end is None else (end - start).total_seconds()  # type: ignore[operator] # moments


def _by(fate: Fate, day: int) -> bool:
    return truth.within(fate.merged, fate.created, timedelta(days=day))


# Coverage


def missed(seeds: range) -> tuple[Counter[str], Counter[str]]:
    """Figure -> how often its interval leaves out the truth, and how often there was one."""
    out, tried = Counter[str](), Counter[str]()
    for seed in seeds:
        made = replace(YEAR, seed=seed)
        found = figures(of_history(history(world.lives(made), made.now), "p"), made.now)
        for each in found:
            name = "/".join([each.key, *each.labels.values()])
            if name in parameters() and each.interval:
                low, high = each.interval
                tried[name] += 1
                out[name] += not low - 1e-9 <= parameters()[name] <= high + 1e-9
    return out, tried


@pytest.mark.long
def test_intervals_contain_the_truth_as_often_as_they_say() -> None:
    """Over 150 drawn years no figure's interval misses more often than chance allows for 95 %; together they miss about 5 %."""
    stats = pytest.importorskip("scipy.stats")
    out, tried = missed(range(1, 151))
    assert tried.keys() == parameters().keys()
    limits = {name: int(stats.binom.ppf(1 - 1e-4, count, 0.05)) for name, count in tried.items()}
    assert {name: out[name] for name in tried if out[name] > limits[name]} == {}
    assert 0.02 < out.total() / tried.total() < 0.06


def test_facts_of_lives_give_the_true_figures() -> None:
    """The facts that coverage is judged with come to the truth themselves, so that only chance is left between them."""
    made = replace(YEAR, seed=5, merge_requests=60)
    lives = world.lives(made)
    expected = truth.figures(lives, made.now)
    found = {
        "/".join([each.key, *each.labels.values()]): (each.value, each.n)
        for each in figures(of_history(history(lives, made.now), "p"), made.now)
    }
    names = parameters_named(expected)
    assert {name: found[name] for name in names} == {
        name: (value and pytest.approx(value), n) for name, (value, n) in expected.items() if name in names
    }


def parameters_named(known: truth.Known) -> set[str]:
    """Figures that are judged here, without drawing what their truth is."""
    return {name for name in known if not name.startswith(("conflict_rate", "tickets_per", "lines_per"))}
