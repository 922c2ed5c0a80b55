"""Lives for tests, with a secret planted in the environment."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.gitlab_standin.control import StandIn
from tests.soak import life as lives
from tests.soak.life import SECRET, Life


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repository that lives begin with."""
    return lives.template(tmp_path_factory.mktemp("lives"))


@pytest.fixture
def new_life(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Life]]:
    """`new_life(seed, *orders, quick=True)`."""
    monkeypatch.setenv("CI_FACTORY_TOKEN", SECRET)
    begun: list[Life] = []

    def begin(seed: int, *orders: str, quick: bool = True) -> Life:
        begun.append(Life(seed, tmp_path / f"life-{len(begun)}", made, quick, orders))
        return begun[-1]

    yield begin
    for life in begun:
        life.close()


@pytest.fixture(scope="session")
def gitlab_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    """One GitLab for all tests of the session; each life has a project of its own there."""
    with StandIn.start(tmp_path_factory.mktemp("gitlab")) as server:
        yield server
