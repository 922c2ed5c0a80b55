"""A share of the nights on GitLab."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.gitlab_standin.control import StandIn
from tests.soak import soak
from tests.soak.life import SECRET, template
from tests.soak.on_gitlab import GitLabLife


@pytest.mark.parametrize(
    "seeds", [pytest.param(range(1), id="one"), pytest.param(range(1, 40), id="many", marks=pytest.mark.long)]
)
def test_nights_on_gitlab_break_nothing(
    gitlab_server: StandIn, tmp_path: Path, seeds: range, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same lives, with the same faults, on a server: one of each, judged trees, nothing lost or paid twice."""
    monkeypatch.setenv("CI_FACTORY_TOKEN", SECRET)
    made = template(tmp_path)
    broken: dict[int, list[str]] = {}
    for seed in seeds:
        life = GitLabLife.on(gitlab_server, seed, tmp_path / f"life-{seed}", made, ("edit",))
        try:
            broken |= {seed: found} if (found := soak.live(life)) else {}
        finally:
            life.close()
    assert broken == {}


@pytest.fixture(autouse=True)
def _own_time(gitlab_server: StandIn) -> Iterator[None]:
    yield
    gitlab_server.clock(None)
