"""From scores to probabilities, by isotonic regression."""

from bisect import bisect_right
from collections.abc import Sequence

from ci_factory.metrics.calibration.tally import Tally
from ci_factory.metrics.calibration.values import Step


def fit(counts: Tally) -> tuple[Step, ...]:
    """The non-decreasing probabilities that lie closest to what came, in squares.

    Pool adjacent violators (Ayer et al. 1955; Zadrozny and Elkan 2002 for calibration), linear in the number of
    different scores: as long as a block's share of good changes is not above the one before it, both become one.
    """
    blocks: list[tuple[float, int, int]] = []  # lowest score, good, all
    for count in counts:
        block = (count.score, count.good, count.n)
        while blocks and blocks[-1][1] * block[2] >= block[1] * blocks[-1][2]:
            score, good, n = blocks.pop()
            block = (score, good + block[1], n + block[2])
        blocks.append(block)
    return tuple(Step(score=score, probability=good / n) for score, good, n in blocks)


def probabilities(steps: Sequence[Step], scores: Sequence[float]) -> list[float]:
    """The probability at each score; below the first step it is the first one's."""
    edges = [step.score for step in steps]
    return [steps[max(0, bisect_right(edges, score) - 1)].probability for score in scores]
