"""Fixtures of the stand-in's own tests; imported by name where they are used."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.gitlab_standin.control import StandIn
from tests.gitlab_standin.example import Example, example, people


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    with StandIn.start(tmp_path_factory.mktemp("gitlab")) as started:
        yield started


@pytest.fixture(scope="module")
def tokens(server: StandIn) -> dict[str, str]:
    return people(server)


@pytest.fixture
def place(server: StandIn, tokens: dict[str, str], tmp_path: Path) -> Iterator[Example]:
    made = example(server, tokens, tmp_path / "clone")
    yield made
    server.clear_faults()
    server.clock(None)
    server.limits()
    server.page_size(None)
    server.edition(enterprise=True)
    made.close()
