"""The forge of the simulated nights keeps the contract of every forge."""

from collections.abc import Iterator

import pytest

from ci_factory.system import process
from tests.forge.conftest import World, clock, local, local_world, repo
from tests.forge.contract import *  # noqa: F403 - every test of it
from tests.soak.faults import Effects
from tests.soak.programs import Programs

pytestmark = pytest.mark.long  # test_soak_git.py compares the played git in `make test`
__all__ = ["clock", "local", "local_world", "repo"]  # fixtures, by being here


@pytest.fixture
def world(local_world: World) -> Iterator[World]:
    """A project on the embedded forge, with git played in this process."""
    with process.played_by(Programs(Effects(), ())):
        yield local_world


@pytest.fixture
def forge(world: World) -> object:
    """The forge, seen by the factory's user."""
    return world.forge
