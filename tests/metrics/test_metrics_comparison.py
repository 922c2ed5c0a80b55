"""Agents compared like with like."""

from statistics import NormalDist

import pytest

from ci_factory.metrics.calibration.values import Fate
from ci_factory.metrics.comparing import pairs, power
from ci_factory.metrics.comparing.pairs import Duel
from ci_factory.metrics.comparing.sums import Sums, Weighted, difference, student
from ci_factory.metrics.comparison import Comparison, compare
from ci_factory.metrics.sample import Change, Sample, Work
from ci_factory.model.metrics_settings import MetricsConfig
from ci_factory.model.shares import Z95, wilson
from tests.metrics.made_changes import DAY, NOW, change, dice

Part = tuple[str, str, str, int, int]
"""Agent, size, area, merged, closed."""


def made(parts: list[Part]) -> Sample:
    """Changes with these outcomes."""
    changes: list[Change] = []
    for agent, size, area, merged, closed in parts:
        for fate, n in ((Fate.UNTOUCHED, merged), (Fate.CLOSED, closed)):
            changes += (change(len(changes) + i, fate, agent=agent, size=size, area=area) for i in range(n))
    return Sample(tuple(changes))


def acceptance(sample: Sample, settings: MetricsConfig | None = None) -> Comparison:
    return compare(sample, NOW, settings or MetricsConfig())[0]


SIMPSON: list[Part] = [
    ("otter", "large", "src", 192, 128),  # 60 % of 320
    ("otter", "small", "src", 76, 4),  # 95 % of 80
    ("heron", "large", "src", 36, 44),  # 45 % of 80
    ("heron", "small", "src", 272, 48),  # 85 % of 320
]


def test_a_reversal_is_found_and_explained_by_its_strata() -> None:
    """Simpson: heron looks better raw, and is worse in large and in small tickets."""
    found = acceptance(made(SIMPSON))
    assert found.reversed
    otter, heron = found.arms
    assert (otter.agent, heron.agent) == ("otter", "heron")
    assert (otter.raw.value, heron.raw.value) == (268 / 400, 308 / 400)
    assert otter.standardised is not None
    assert heron.standardised is not None
    assert otter.standardised.value == pytest.approx((0.60 + 0.95) / 2)
    assert heron.standardised.value == pytest.approx((0.45 + 0.85) / 2)
    assert "otter got 80 % of the large tickets (320 of 400" in found.why
    assert "Raw, heron looks better than otter (77 % against 67 %)" in found.why
    assert "Given the same work the order turns" in found.why
    assert "otter is better than heron" in found.verdict


def test_the_area_is_named_where_the_area_makes_the_difference() -> None:
    """Sizes alike, areas not: the words speak of areas."""
    found = acceptance(
        made(
            [
                ("otter", "small", "src/core", 192, 128),
                ("otter", "small", "docs", 76, 4),
                ("heron", "small", "src/core", 36, 44),
                ("heron", "small", "docs", 272, 48),
            ]
        )
    )
    assert found.reversed
    assert "otter got 80 % of the tickets in src/core" in found.why
    assert "small tickets" not in found.why


def test_a_difference_of_mixture_alone_is_no_difference() -> None:
    """Both are alike in every stratum: raw they differ beyond chance, standardised nothing is left, and the text says why."""
    found = acceptance(
        made([("otter", "large", ".", 100, 100), ("otter", "small", ".", 36, 4), ("heron", "large", ".", 20, 20),
              ("heron", "small", ".", 180, 20)])
    )  # fmt: skip
    (pair,) = found.pairs
    assert not found.reversed
    assert not pair.distinguishable
    assert not pair.raw_interval[0] <= 0 <= pair.raw_interval[1]
    assert pair.difference == pytest.approx(0)
    assert "is within chance" in found.why


def test_65_against_80_percent_takes_138_an_arm() -> None:
    """The figure of the two-proportion formula, in the formula and in the words."""
    assert power.shares(0.65, 0.80) == 138
    assert power.shares(0.8, 0.65) == 138
    found = acceptance(made([("otter", "small", ".", 16, 4), ("heron", "small", ".", 13, 7)]))
    (pair,) = found.pairs
    assert pair.needed == 138
    assert "No distinguishable difference" in found.verdict
    assert "about 138 merge requests an arm would be needed to tell 80 % from 65 %" in found.verdict


@pytest.mark.long
def test_138_an_arm_tell_65_from_80_percent_in_80_of_100() -> None:
    """The power is what it is said to be."""
    random, told = dice(1), 0
    for _ in range(400):
        merged = {name: sum(random.random() < p for _ in range(138)) for name, p in (("a", 0.65), ("b", 0.8))}
        parts: list[Part] = [(name, "small", ".", hits, 138 - hits) for name, hits in merged.items()]
        told += acceptance(made(parts)).pairs[0].distinguishable
    assert 0.74 <= told / 400 <= 0.87


def test_equal_shares_need_no_number() -> None:
    """Nobody looks for a difference of nothing."""
    assert power.shares(0.7, 0.7) is None
    assert power.means(3.0, 3.0, 1.0) is None
    found = acceptance(made([("otter", "small", ".", 20, 10), ("heron", "small", ".", 20, 10)]))
    assert found.pairs[0].needed is None
    assert "needed" not in found.verdict


def test_one_stratum_gives_wilson_and_newcombe() -> None:
    """Without anything to standardise, the figures are the raw ones with the intervals that everybody knows."""
    found = acceptance(made([("otter", "small", ".", 56, 14), ("heron", "small", ".", 48, 32)]))
    (pair,) = found.pairs
    assert found.arms[0].standardised is not None
    assert found.arms[0].standardised.interval == pytest.approx(wilson(56, 70))
    # Newcombe 1998, table II: 56/70 - 48/80, method 10: 0.0524 to 0.3339
    assert pair.interval == pytest.approx((0.0524, 0.3339), abs=5e-5)
    assert pair.interval == pytest.approx(pair.raw_interval)


@pytest.mark.parametrize(("merged", "expected"), [(66, True), (67, True), (68, False), (70, False)])
def test_the_interval_has_0_exactly_where_two_are_not_told_apart(merged: int, expected: bool) -> None:
    """Words, p-value and interval say the same."""
    (pair,) = acceptance(
        made([("otter", "small", ".", 80, 20), ("heron", "small", ".", merged, 100 - merged)])
    ).pairs
    outside = not pair.interval[0] <= 0 <= pair.interval[1]
    assert pair.distinguishable == outside == (pair.p_value < 0.05) == expected


def test_sparse_areas_are_taken_together_by_size() -> None:
    """Four in an area are too few for either; together with others of that size they count."""
    found = acceptance(
        made(
            [
                ("otter", "small", "a", 16, 4),
                ("heron", "small", "a", 12, 8),
                ("otter", "small", "b", 3, 1),
                ("heron", "small", "c", 2, 2),
                ("otter", "small", "d", 3, 1),
                ("heron", "small", "d", 2, 2),
                ("otter", "large", "a", 4, 0),
            ]
        )
    )
    told = {stratum.name: (stratum.n, stratum.weight) for stratum in found.strata}
    assert told == {
        "small, a": (40, pytest.approx(40 / 56)),
        "small, other areas": (16, pytest.approx(16 / 56)),
        "large, other areas": (4, 0),
    }
    assert "93 % of their work" in found.notes[0]


def test_an_agent_that_shares_too_little_is_set_aside() -> None:
    """Two that do the same work are compared; the third's raw figure stands with the reason."""
    found = acceptance(
        made(
            [
                ("otter", "small", "a", 40, 10),
                ("heron", "small", "a", 30, 20),
                ("lynx", "trivial", "docs", 49, 1),
                ("wren", "small", "a", 3, 1),
            ]
        )
    )
    assert [arm.agent for arm in found.arms] == ["otter", "heron", "lynx", "wren"]
    assert [arm.standardised is not None for arm in found.arms] == [True, True, False, False]
    assert "too little work in common" in found.arms[2].note
    assert "fewer than 20" in found.arms[3].note
    assert len(found.pairs) == 1


def test_nothing_to_compare_is_said() -> None:
    """No agents, one agent, two with too little: words, no pairs."""
    assert "fewer than two agents" in acceptance(Sample()).verdict
    assert "fewer than two agents" in acceptance(made([("otter", "small", ".", 30, 2)])).verdict
    few = acceptance(made([("otter", "small", ".", 8, 2), ("heron", "small", ".", 8, 2)]))
    assert "Not enough data" in few.verdict
    assert few.pairs == ()
    assert [arm.raw.value for arm in few.arms] == [0.8, 0.8]


def test_unknown_outcomes_are_left_out_and_counted() -> None:
    """Young, undecided and nobody's changes are in no figure and in the note."""
    young = [change(i, None, agent="otter", created=NOW.timestamp() - DAY) for i in range(3)]
    late = change(9, agent="otter", merged=change(9).created + 15 * DAY)
    nobody = change(10, agent=None)
    sample = made([("otter", "small", ".", 8, 2)])
    found = acceptance(Sample((*sample.changes, *young, late, nobody)))
    assert found.arms[0].n == 10
    assert found.notes[-1] == "Not counted: 3 younger than 14 days, 1 undecided at 14 days, 1 agent unknown."
    assert acceptance(Sample((late,)), MetricsConfig(maturity_days=20)).arms[0].n == 1


def test_several_agents_are_corrected_after_holm() -> None:
    """By hand: p-values times 3, 2, 1, never falling; said in a note."""
    found = acceptance(
        made([("a", "small", ".", 90, 10), ("b", "small", ".", 79, 21), ("c", "small", ".", 60, 40)])
    )
    single = {
        two: pairs.p_value(_arm(*one), _arm(*other))
        for two, one, other in (
            ("ab", (90, 100), (79, 100)),
            ("ac", (90, 100), (60, 100)),
            ("bc", (79, 100), (60, 100)),
        )
    }
    assert single["ac"] < single["bc"] < single["ab"] < 0.05
    shown = {pair.better + pair.other: pair for pair in found.pairs}
    assert set(shown) == {"ab", "ac"}
    assert shown["ac"].p_value == pytest.approx(3 * single["ac"])
    assert shown["ab"].p_value == pytest.approx(max(3 * single["ac"], 2 * single["bc"], single["ab"]))
    assert found.verdict == "a is better than b and c."
    assert "Holm for all 3 pairs" in " ".join(found.notes)


def _arm(hits: int, of: int) -> Weighted:
    return Weighted(((1.0, Sums(of, hits, of)),), share=True)


def test_after_the_first_that_fails_nothing_is_told_apart() -> None:
    """Holm: 0.03 alone would do, but not after 0.02 failed against 0.05 / 3; intervals then contain 0."""
    raw = (_arm(60, 100), _arm(50, 100))
    found = pairs.holm([Duel("a", "b", raw, raw, p) for p in (0.03, 0.02, 0.5)])
    assert [each.distinguishable for each in found] == [False, False, False]
    assert [each.p_value for each in found] == pytest.approx([0.06, 0.06, 0.5])
    assert found[1].z == found[0].z == pytest.approx(NormalDist().inv_cdf(1 - 0.05 / 6))
    assert [
        each.distinguishable for each in pairs.holm([Duel("a", "b", raw, raw, p) for p in (0.03, 0.01)])
    ] == [True, True]


def _work(number: int, agent: str, cost: float | None, size: str = "small", batch: str = "b1") -> Work:
    return Work(
        project="warehouse", batch=batch, ticket=f"T-{number}", agent=agent, model=None, size=size, priority="medium",
        area="src/app", lane=0, started=0.0, finished=60.0, ending="completed", trigger=None, reason="", worked=True,
        settled=True, attempts=1, iterations=1, agent_seconds=60.0, cost=cost, tokens=None, score=None, verdict=None,
    )  # fmt: skip


def test_failed_work_costs_the_accepted_ones() -> None:
    """All attempts of an agent over its merged merge requests, ratio by hand; unknown and open ones are left out."""
    changes: list[Change] = []
    work: list[Work] = []
    for number in range(60):
        agent = "otter" if number % 2 else "heron"
        fate = Fate.UNTOUCHED if number % 3 else Fate.CLOSED
        changes.append(change(number, fate, agent=agent))
        work += [_work(number, agent, 1.0 if number % 2 else 2.0), _work(number, agent, 0.5, batch="b2")]
    work += [_work(100, "otter", 9.0), _work(101, "otter", None), _work(102, "otter", 5.0)]
    changes.append(change(102, None, agent="otter"))
    cost = compare(Sample(tuple(changes), work=tuple(work)), NOW)[3]
    raw = {arm.agent: arm.raw.value for arm in cost.arms}
    assert raw == {"otter": pytest.approx((30 * 1.5 + 9.0) / 20), "heron": pytest.approx(30 * 2.5 / 20)}
    assert not cost.higher_is_better
    assert "1 still open" in cost.notes[-1]
    assert "1 cost unknown" in cost.notes[-1]


def test_costs_are_reversed_too() -> None:
    """Otter is cheaper in both sizes and looks dearer, as it got the large ones."""
    changes: list[Change] = []
    work: list[Work] = []
    parts = [
        ("otter", "large", 40, 4.0),
        ("otter", "small", 10, 1.0),
        ("heron", "large", 10, 5.0),
        ("heron", "small", 40, 1.5),
    ]
    for agent, size, n, cost in parts:
        for i in range(n):
            number = len(changes)
            changes.append(change(number, agent=agent, size=size))
            work.append(_work(number, agent, cost + 0.2 * (i % 3), size))
    found = compare(Sample(tuple(changes), work=tuple(work)), NOW)[3]
    assert found.reversed
    assert found.arms[0].agent == "otter"
    assert found.pairs[0].raw_difference > 0 > found.pairs[0].difference
    assert "otter got 80 % of the large tickets" in found.why


@pytest.mark.parametrize(("freedom", "quantile"), [(4, 2.776), (9, 2.262), (30, 2.042), (1000, 1.962)])
def test_students_quantile_is_close(freedom: int, quantile: float) -> None:
    """Within one in a hundred of the tables."""
    assert student(Z95, freedom) == pytest.approx(quantile, rel=0.01)


def test_standardised_shares_cover_the_truth() -> None:
    """A moderate number of simulated strata: the interval has the truth about 95 % of the time."""
    hits, runs = _covered(runs=150)
    assert hits / runs >= 0.9


@pytest.mark.long
def test_standardised_shares_and_differences_cover_the_truth() -> None:
    """The same with many: between 93 and 98 %."""
    hits, runs = _covered(runs=3000)
    assert 0.93 <= hits / runs <= 0.98


def _covered(runs: int) -> tuple[int, int]:
    random, hits = dice(4), 0
    weights, one, other = (0.5, 0.3, 0.2), (0.9, 0.7, 0.4), (0.85, 0.6, 0.5)
    truth = sum(w * (a - b) for w, a, b in zip(weights, one, other, strict=True))
    for _ in range(runs):
        arms = []
        for chances, sizes in ((one, (60, 20, 8)), (other, (12, 30, 50))):
            parts = []
            for weight, p, n in zip(weights, chances, sizes, strict=True):
                parts.append((weight, Sums(n, float(sum(random.random() < p for _ in range(n))), n)))
            arms.append(Weighted(tuple(parts), share=True))
        low, high = difference(arms[0], arms[1], Z95)
        hits += low <= truth <= high
    return hits, runs


def test_agents_that_are_alike_are_seldom_told_apart() -> None:
    """Four of them, six pairs: after Holm at most a few of sixty runs name anyone."""
    random, told = dice(7), 0
    for _ in range(40):
        parts: list[Part] = []
        for agent in "abcd":
            for size, p in (("small", 0.85), ("large", 0.6)):
                hits = sum(random.random() < p for _ in range(40))
                parts.append((agent, size, ".", hits, 40 - hits))
        told += any(pair.distinguishable for pair in acceptance(made(parts)).pairs)
    assert told <= 6


def test_the_order_of_rows_does_not_matter() -> None:
    """The same changes give the same comparison, byte for byte."""
    sample = made(SIMPSON)
    mixed = list(sample.changes)
    dice(1).shuffle(mixed)
    assert acceptance(Sample(tuple(mixed))).model_dump_json() == acceptance(sample).model_dump_json()


def test_every_measure_has_a_comparison() -> None:
    """Also of nothing."""
    found = compare(Sample(), NOW)
    assert [each.key for each in found] == [
        "acceptance_rate", "first_pass_approval", "rework_ratio", "cost_per_accepted_mr", "human_minutes_per_accepted_mr",
    ]  # fmt: skip
    assert all(each.arms == () and each.verdict for each in found)
