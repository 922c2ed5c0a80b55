"""Whether every row is attacked, often enough."""

from collections import defaultdict

import pytest

from tests.attacks.conftest import COLLECTED
from tests.attacks.rows import LEAST_VARIANTS, ROWS
from tests.attacks.table import Case


@pytest.fixture
def found(request: pytest.FixtureRequest) -> list[Case]:
    """All cases there are; they are known when all files were looked at."""
    there = {path.name for path in request.path.parent.glob("test_attacks_*.py")} - {request.path.name}
    collected = request.config.stash[COLLECTED]
    if missing := there - {name for name, _ in collected}:
        pytest.skip(f"counts all cases, and these files are not in this run: {', '.join(sorted(missing))}")
    return [case for _, case in collected]


def test_every_row_is_attacked_often_enough(found: list[Case]) -> None:
    """Each row has a case, and at least three variants where its attack is often forgotten."""
    tried = defaultdict(set)
    for case in found:
        tried[case.row].add(case.variant)
    assert sorted(ROWS.keys() - tried.keys()) == []
    few = {name for name, row in ROWS.items() if row.often_forgotten and len(tried[name]) < LEAST_VARIANTS}
    assert few == set()


def test_no_two_cases_have_one_name(found: list[Case]) -> None:
    """Row, variant, defence and forge together name one case."""
    assert len(found) == len(set(found))
