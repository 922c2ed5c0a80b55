"""Holding back the collector of garbage."""

import gc

import pytest

from ci_factory.system.memory import uncollected


def test_it_collects_again_afterwards() -> None:
    """Within, nothing is collected; afterwards it is as before, after an error too."""
    assert gc.isenabled()
    with uncollected():
        assert not gc.isenabled()
        with uncollected():
            pass
        assert not gc.isenabled()
    assert gc.isenabled()
    with pytest.raises(ValueError, match="within"), uncollected():
        raise ValueError("within")
    assert gc.isenabled()
