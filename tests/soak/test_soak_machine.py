"""Nights, people and faults in any order that Hypothesis can think of; what breaks is made as short as can be."""

import shutil
import tempfile
from pathlib import Path
from unittest import mock

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.soak import invariants
from tests.soak.faults import Fault
from tests.soak.life import ORDERS, SECRET, Life, template
from tests.soak.soak import calm

_FAULTS = st.lists(st.tuples(st.integers(0, 400), st.sampled_from(Fault)), max_size=3)


class Nights(RuleBasedStateMachine):
    """One life, as Hypothesis wants it."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="machine-"))
        self.made = template(self.folder)
        self.life: Life | None = None
        self.secret = mock.patch.dict("os.environ", {"CI_FACTORY_TOKEN": SECRET})
        self.secret.start()

    @precondition(lambda self: self.life is None)
    @rule(orders=st.lists(st.sampled_from(ORDERS), min_size=1, max_size=3), seed=st.integers(0, 99))
    def begin(self, orders: list[str], seed: int) -> None:
        """A project with these tickets."""
        self.life = Life(seed, self.folder / "life", self.made, orders=orders)

    @precondition(lambda self: self.life)
    @rule(faults=_FAULTS)
    def night(self, faults: list[tuple[int, Fault]]) -> None:
        """A night, with what goes wrong in it."""
        assert self.life is not None
        self.life.night(faults)

    @precondition(lambda self: self.life)
    @rule()
    def somebody_acts(self) -> None:
        """By day."""
        assert self.life is not None
        with self.life.quietly():
            self.life.people.act()

    @precondition(lambda self: self.life)
    @rule()
    def output_is_lost(self) -> None:
        """A cache was cleared."""
        assert self.life is not None
        self.life.lose_output()

    @precondition(lambda self: self.life and self.life.nights and self.life.nights[-1].ended == "killed")
    @rule()
    def power_is_cut(self) -> None:
        """It was no kill, but the whole machine."""
        assert self.life is not None
        self.life.cut_power()

    @invariant()
    def nothing_is_broken(self) -> None:
        """One of each, judged trees, no secret, nothing paid twice."""
        assert self.life is None or list(invariants.always(self.life)) == []

    def teardown(self) -> None:
        """Calm nights bring every ticket to where it can go on."""
        try:
            assert self.life is None or calm(self.life) == []
        finally:
            self.secret.stop()
            if self.life:
                self.life.close()
            shutil.rmtree(self.folder)


_QUICK = settings(
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
    stateful_step_count=6,
)


@pytest.mark.parametrize(
    "examples", [pytest.param(3, id="few"), pytest.param(300, id="many", marks=pytest.mark.long)]
)
def test_no_order_of_nights_and_people_breaks_anything(examples: int) -> None:
    """Whatever order Hypothesis tries; it shows the shortest that breaks something."""
    run_state_machine_as_test(Nights, settings=settings(_QUICK, max_examples=examples))
