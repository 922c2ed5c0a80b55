"""Scores held against what became of the changes."""

import json
from collections.abc import Sequence
from time import process_time

import pytest

from ci_factory.config import Config, parse
from ci_factory.metrics import calibration, words
from ci_factory.metrics.calibration.values import Calibration, Fate
from ci_factory.metrics.comparison import compare
from ci_factory.metrics.sample import COMPONENTS, Sample
from ci_factory.model.gate import Component
from tests.metrics.made_changes import DAY, NOW, START, change, dice, scored, simulated
from tests.metrics.made_rows import rows


def calibrate(sample: Sample, config: Config | None = None) -> Calibration:
    return calibration.calibrate(sample, NOW, config or Config())


def worthless(_parts: Sequence[float]) -> float:
    return 0.6


def steep(parts: Sequence[float]) -> float:
    """The score tells much: half of them are good at 80."""
    score = sum(weight * part for weight, part in zip((0.2, 0.3, 0.3, 0.1, 0.1), parts, strict=True))
    return min(0.98, max(0.02, (score - 65) / 30))


def second_tells(parts: Sequence[float]) -> float:
    """Only the second component tells."""
    return min(0.97, max(0.03, (parts[1] - 60) / 40))


def test_the_worst_that_holds_is_the_fate_of_a_change() -> None:
    """Reverted before closed, closed before reworked, reworked before untouched."""
    fates = [Fate.UNTOUCHED, Fate.REWORKED, Fate.REWORKED, Fate.CLOSED, Fate.DEFECT]
    found = calibrate(Sample((*map(change, range(5), fates), change(9, Fate.DEFECT, reworked=True))))
    assert found.fates == {Fate.UNTOUCHED: 1, Fate.REWORKED: 2, Fate.CLOSED: 1, Fate.DEFECT: 2}


def test_a_defect_after_the_time_that_counts_is_none() -> None:
    """`metrics.defect_days` after the merge is the last moment."""
    merged = START + DAY
    changes = [
        change(1, created=START, defect=merged + 30 * DAY),
        change(2, created=START, reverted=merged + 30 * DAY + 1, defect=merged + 30 * DAY + 1),
    ]
    assert calibrate(Sample(tuple(changes))).fates[Fate.DEFECT] == 1
    longer = parse("metrics: {defect_days: 31}")
    assert calibrate(Sample(tuple(changes)), longer).fates[Fate.DEFECT] == 2


def test_what_does_not_count_is_counted_by_its_reason() -> None:
    """Open, unscored, too young, not watched: left out, each with a number."""
    young = NOW.timestamp() - 10 * DAY
    found = calibrate(
        Sample(
            (
                change(1, None),
                change(2, None),
                change(3, score=None),
                change(4, created=young),
                change(5, Fate.CLOSED, created=young),
                change(6, observed_until=None),
                change(7, observed_until=START + 20 * DAY),
                change(8),
            )
        )
    )
    assert found.counted == 1
    assert {left.reason: left.n for left in found.left_out} == {
        "still open": 2,
        "without a score": 1,
        "merged or closed less than 30 days ago": 2,
        "merged, and nobody looked at what came of it": 1,
        "merged, and watched for less than 30 days": 1,
    }


def test_a_young_defect_waits_as_long_as_a_young_success() -> None:
    """Else the newest changes would look worse than they are."""
    created = NOW.timestamp() - 20 * DAY
    found = calibrate(Sample((change(1, Fate.DEFECT, created=created), change(2, created=created))))
    assert found.counted == 0
    assert "Not enough data" in found.verdict


def test_bands_by_hand() -> None:
    """Each change is in one band, edges belong to the upper one, sparse neighbours are pooled and say so."""
    found = calibrate(
        scored([(49.99, 2, 6), (50, 2, 2), (79, 5, 5), (85, 20, 0), (94.5, 9, 1), (95, 3, 0), (100, 5, 0)])
    )
    told = [(band.name, band.n, band.fates[Fate.UNTOUCHED]) for band in found.bands]
    assert told == [
        ("0 to < 60", 12, 4),
        ("60 to < 80", 10, 5),
        ("80 to < 90", 20, 20),
        ("90 to 100", 18, 17),
    ]
    assert [bool(band.note) for band in found.bands] == [True, True, True, True]
    low, high = found.bands[2].interval or (0, 0)
    assert (round(low, 4), high) == (0.8389, 1.0)  # Wilson: 20 of 20


def test_bands_of_few_changes_say_so() -> None:
    """One band of everything, not enough to be read."""
    band, *others = calibrate(scored([(60, 1, 1), (90, 2, 0)])).bands
    assert not others
    assert (band.name, band.n) == ("0 to 100", 4)
    assert "not enough data (n = 4)" in band.note


def test_nothing_known_says_so() -> None:
    """An empty sample gives words and no suggestion."""
    found = calibrate(Sample())
    assert "Not enough data" in found.verdict
    assert (found.counted, found.bands, found.reliability, found.auc) == (0, (), None, None)
    assert found.threshold.suggested is None
    assert found.weights.suggested is None


def test_few_changes_get_no_suggestion_but_the_number_that_is_missing() -> None:
    """Sixty perfectly told changes: forty more."""
    found = calibrate(scored([(60, 0, 30), (95, 30, 0)]))
    assert found.threshold.suggested is None
    assert found.threshold.needed == 40
    assert "40 more" in found.threshold.words


@pytest.mark.parametrize(("now", "expected"), [(70.0, 85), (95.0, 85)])
def test_a_better_threshold_is_found_and_its_effect_is_told(now: float, expected: float) -> None:
    """By hand: of 300 newer changes those between the two thresholds are treated better, above and below it."""
    sample = scored([(75, 20, 180), (85, 180, 20), (97, 190, 10)])
    config = parse(f"gates: {{threshold: {now:g}}}")
    advice = calibrate(sample, config).threshold
    assert advice.suggested is not None
    assert 75 < advice.suggested <= expected
    effect = advice.effect
    assert effect is not None
    assert effect.changes == 300
    if now < 75:
        # 90 bad ones no more let through, 10 good ones held back: (90 x 2 - 10) / 300
        assert (effect.bad_through_now - effect.bad_through_then, effect.good_held_then) == (90, 10)
        assert effect.saved == pytest.approx(100 * (90 * 2 - 10) / 300)
    else:
        # 90 good ones let through, 10 bad ones too: (90 - 10 x 2) / 300
        assert (effect.good_held_now - effect.good_held_then, effect.bad_through_then) == (90, 15)
        assert effect.saved == pytest.approx(100 * (90 - 10 * 2) / 300)
    assert 0 < effect.interval[0] < effect.saved < effect.interval[1]


def test_the_cost_of_a_bad_change_moves_the_threshold() -> None:
    """Where two of three are good at 85, letting these through is worth it at a cost of 1, not at one of 5."""
    sample = scored([(60, 20, 180), (85, 200, 100), (97, 290, 10)])

    def advised(cost: float) -> float | None:
        config = parse(f"gates: {{threshold: 50}}\nmetrics: {{bad_change_cost: {cost:g}}}")
        return calibrate(sample, config).threshold.suggested

    cheap, dear = advised(1), advised(5)
    assert cheap is not None
    assert dear is not None
    assert 60 < cheap <= 85 < dear <= 97


def test_a_threshold_that_serves_is_left_alone() -> None:
    """Nothing lies between the best one and that of now."""
    advice = calibrate(scored([(75, 20, 180), (85, 180, 20), (97, 190, 10)])).threshold
    assert advice.suggested is None
    assert "No better threshold" in advice.words


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ([(85.0, 160, 40), (97.0, 195, 5)], "every score that was seen is worth"),
        ([(60.0, 10, 190), (97.0, 60, 140)], "no score that was seen is worth"),
        ([(85.0, 100, 100), (97.0, 100, 100)], "does not tell good changes from bad ones"),
    ],
)
def test_no_threshold_is_suggested_where_none_helps(parts: list[tuple[float, int, int]], said: str) -> None:
    """All worth letting through, all worth holding back, or a score that tells nothing: said, not dressed up."""
    advice = calibrate(scored(parts)).threshold
    assert advice.suggested is None
    assert said in advice.words


def test_a_gain_within_chance_says_how_many_more_might_settle_it() -> None:
    """A few changes between two thresholds, a little better held back: more of them are asked for."""
    advice = calibrate(scored([(60, 10, 70), (82, 24, 20), (97, 180, 20)])).threshold
    assert advice.suggested is None
    assert advice.needed is not None
    assert f"about {words.roughly(advice.needed)} more" in advice.words
    assert "within chance" in advice.words
    assert advice.effect is not None
    assert advice.effect.interval[0] < 0 < advice.effect.interval[1]


def test_what_may_be_pasted_is_a_configuration() -> None:
    """The lines of both suggestions are read by the factory as they are, and mean what was suggested."""
    found = calibrate(simulated(3000, 1, second_tells))
    assert found.weights.suggested is not None
    read = parse(found.weights.yaml)
    assert read.gates.weights == found.weights.suggested
    assert sum(found.weights.suggested.values()) == pytest.approx(1, abs=1e-9)
    assert found.weights.suggested[Component.TESTS] > 0.5
    advice = calibrate(
        scored([(75, 20, 180), (85, 180, 20), (97, 190, 10)]), parse("gates: {threshold: 50}")
    ).threshold
    assert advice.yaml
    assert parse(advice.yaml).gates.threshold == advice.suggested


def test_better_weights_are_better_on_changes_that_did_not_choose_them() -> None:
    """The gain in AUC is told with its interval, and is none where the weights of now are right."""
    found = calibrate(simulated(3000, 2, second_tells)).weights
    assert found.auc_now is not None
    assert found.auc_then is not None
    assert found.gain == pytest.approx(found.auc_then.value - found.auc_now.value)
    assert found.interval is not None
    assert found.interval[0] > 0
    right = calibrate(simulated(3000, 2, steep)).weights
    assert right.suggested is None
    assert right.yaml == ""


def test_components_that_are_mostly_unknown_keep_their_weights() -> None:
    """A project without documentation gate: 0.1 stays 0.1, and the others share the rest."""
    sample = simulated(3000, 3, second_tells)
    place = COMPONENTS.index("documentation")
    blind = tuple(
        each._replace(
            components=tuple(None if i == place else part for i, part in enumerate(each.components))
        )
        for each in sample.changes
    )
    suggested = calibrate(Sample(blind)).weights.suggested
    assert suggested is not None
    assert suggested[Component.DOCUMENTATION] == 0.1


def test_a_good_score_is_recognised() -> None:
    """A score that tells: AUC beyond 0.5, probabilities that hold on newer changes."""
    found = calibrate(simulated(2000, 4, steep))
    assert "tells good changes from bad ones" in found.verdict
    assert found.reliability is not None
    assert found.reliability.skill_interval is not None
    assert found.reliability.skill_interval[0] > 0
    assert all(abs(each.expected - each.observed) < 0.12 for each in found.reliability.bins)
    assert sum(each.n for each in found.reliability.bins) == found.reliability.judged_on == 1000


def test_a_worthless_score_is_told_as_such_and_gets_no_suggestion() -> None:
    """A handful of seeds; many more under `long`."""
    for seed in range(6):
        found = calibrate(simulated(400, seed, worthless))
        assert found.threshold.suggested is None
        assert found.weights.suggested is None


@pytest.mark.long
def test_worthless_scores_get_no_suggestion_in_95_of_100_seeds() -> None:
    """Over several sizes: what is within chance is called so."""
    seeds = [(count, seed) for count in (150, 400, 1500) for seed in range(100)]
    found = [calibrate(simulated(count, seed, worthless)) for count, seed in seeds]
    suggested = sum(
        each.threshold.suggested is not None or each.weights.suggested is not None for each in found
    )
    assert suggested <= 0.05 * len(seeds)


@pytest.mark.long
def test_the_saving_foretold_is_what_comes() -> None:
    """The interval of the saving has the truth of a far larger sample in at least nine of ten cases (95 % is meant)."""
    config = parse("gates: {threshold: 60}")
    hits = asked = 0
    for seed in range(60):
        advice = calibrate(simulated(1200, seed, steep), config).threshold
        if advice.suggested is None or advice.effect is None:
            continue
        asked += 1
        saved = _saving(simulated(20_000, 2000 + seed, steep), 60, advice.suggested)
        hits += advice.effect.interval[0] <= saved <= advice.effect.interval[1]
    assert asked > 20
    assert hits >= 0.9 * asked


def _saving(sample: Sample, now: float, then: float) -> float:
    """By its definition, change by change."""

    def cost(at: float) -> float:
        through = [each for each in sample.changes if (each.score or 0) >= at]
        bad = sum(each.merged is None or each.reworked or each.defect is not None for each in through)
        good = len(through) - bad
        every = sum(
            not (each.merged is None or each.reworked or each.defect is not None) for each in sample.changes
        )
        return 2 * bad + every - good

    return 100 * (cost(now) - cost(then)) / len(sample.changes)


def test_the_older_half_suggests_and_the_newer_judges() -> None:
    """A score that told once and tells no more gets no suggestion."""
    random = dice(3)
    older = [(90.0, Fate.UNTOUCHED) if number % 2 else (60.0, Fate.CLOSED) for number in range(200)]
    newer = [(random.choice([60.0, 90.0]), random.choice([Fate.UNTOUCHED, Fate.CLOSED])) for _ in range(200)]
    changes = (change(number, fate, score=score) for number, (score, fate) in enumerate(older + newer))
    found = calibrate(Sample(tuple(changes)), parse("gates: {threshold: 50}"))
    assert found.reliability is not None
    assert found.reliability.brier > found.reliability.reference
    assert found.threshold.suggested is None


def test_the_order_of_rows_does_not_matter() -> None:
    """The same changes give the same calibration, byte for byte."""
    sample = simulated(500, 5, steep)
    mixed = list(sample.changes)
    dice(1).shuffle(mixed)
    assert calibrate(Sample(tuple(mixed))).model_dump_json() == calibrate(sample).model_dump_json()


def test_a_calibration_survives_json() -> None:
    """What `--json` prints can be read again."""
    found = calibrate(simulated(500, 6, steep))
    assert Calibration.model_validate(json.loads(found.model_dump_json())) == found


@pytest.mark.long
def test_100000_changes_take_seconds() -> None:
    """Calibration and comparison together: 1.5 s of CPU were measured on one core, twice that is allowed."""
    sample = rows(100_000, NOW)
    before = process_time()
    found = calibrate(sample)
    compared = compare(sample, NOW)
    took = process_time() - before
    assert found.counted > 50_000
    assert all(each.pairs for each in compared)
    assert took < 3
