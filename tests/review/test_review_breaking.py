"""The search for the changes that break together."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ci_factory.review.breaking import OutOfRuns, Unfinished, smallest

SETS = st.integers(2, 200).flatmap(
    lambda count: st.tuples(
        st.just(count),
        st.lists(st.sets(st.integers(1, count), min_size=1, max_size=4), min_size=1, max_size=3),
    )
)


@settings(max_examples=60, deadline=None)
@given(SETS)
def test_what_is_found_fails_and_nothing_of_it_can_be_left_out(case: tuple[int, list[set[int]]]) -> None:
    """Whatever sets break, the answer is one of them, whole and no larger, within the promised number of questions."""
    count, culprits = case
    asked: list[tuple[int, ...]] = []

    def fails(subset: tuple[int, ...]) -> bool:
        asked.append(subset)
        return any(culprit <= set(subset) for culprit in culprits)

    found = smallest(range(1, count + 1), fails)
    assert set(found) in culprits
    assert list(found) == sorted(found)
    assert not any(fails(tuple(each for each in found if each != one)) for one in found)
    del asked[-len(found) :]
    assert len(asked) == len(set(asked))
    assert len(asked) <= (len(found) + 1) * (math.log2(count) + 2)


def test_without_a_run_left_what_is_known_to_be_needed_is_told() -> None:
    """The search says what it has and that it ended early, and makes nothing up."""
    left = iter(range(5))

    def fails(subset: tuple[int, ...]) -> bool:
        if next(left, None) is None:
            raise OutOfRuns("within 5 test runs")
        return {3, 14} <= set(subset)

    with pytest.raises(Unfinished, match="within 5 test runs") as ended:
        smallest(range(1, 17), fails)
    assert ended.value.needed == (14,)
