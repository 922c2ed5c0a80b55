"""Whatever way the store came to be, it tells the same: in steps or at once, kept or made anew, on both forges."""

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.gitlab_standin.control import StandIn
from tests.metrics.truth import hand, place, truth, world
from tests.metrics.truth.embedded import Embedded
from tests.metrics.truth.place import Place, differing, figures
from tests.metrics.truth.world import World

sqlalchemy = pytest.importorskip("sqlalchemy", reason="SQLAlchemy (extra `metrics`) is not installed")
Run = Callable[..., str]
"""A command of the factory on one repository; what it prints."""
TOLD = {
    "weekly": ("report", "--weekly"),
    "monthly": ("report", "--monthly"),
    "json": ("report", "--json"),
}


def told(run: Run, folder: Path, *source: str) -> dict[str, str]:
    """Every report and the page, byte for byte."""
    page = folder / "page.html"
    run("dashboard", "--output", str(page), *source)
    return {name: run(*argv, *source) for name, argv in TOLD.items()} | {
        "page": page.read_text(encoding="utf-8")
    }


def unlike(one: dict[str, str], other: dict[str, str]) -> list[str]:
    """Names of those that are not alike; and of those that say next to nothing, which would prove nothing."""
    return [name for name in one if one[name] != other[name] or len(one[name]) < 200]


def made_anew(run: Run, out: Path, folder: Path) -> dict[str, list[str]]:
    """What differs from the first collection after making the store anew, and after losing it."""
    run("collect", "--store")
    before = told(run, folder, "--store")
    run("collect", "--store", "--rebuild")
    rebuilt = told(run, folder, "--store")
    (out / "metrics.sqlite3").unlink()
    run("collect", "--store")
    return {"rebuilt": unlike(before, rebuilt), "lost": unlike(before, told(run, folder, "--store"))}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    with StandIn.start(tmp_path_factory.mktemp("gitlab")) as started:
        yield started


def test_a_store_made_anew_tells_the_same(server: StandIn, tmp_path: Path) -> None:
    """GitLab: a store that was rebuilt, or lost and filled again, gives the same bytes of every report and of the page."""
    made = place.made(server, tmp_path, World(now=hand.NOW), hand.lives(), "shop/anew")
    assert made_anew(made.run, made.out, tmp_path) == {"rebuilt": [], "lost": []}


def test_a_store_of_the_embedded_forge_made_anew_tells_the_same(tmp_path: Path) -> None:
    """The embedded forge: likewise."""
    made = Embedded.made(tmp_path / "repo", hand.lives())
    assert made_anew(embedded(made), made.repo / ".ci-factory", tmp_path) == {"rebuilt": [], "lost": []}


def embedded(made: Embedded) -> Run:
    """Commands on the embedded forge of a made repository."""

    def run(*argv: str) -> str:
        return place.command(*argv, "--repo", str(made.repo), environment={}, now=hand.NOW)

    return run


def in_steps(server: StandIn, folder: Path, drawn: World, steps: int) -> list[str]:
    """What differs between a store that was filled in steps while the history went on, and one that was filled at its end."""
    span = timedelta(days=drawn.days + 2) / steps
    stops = [drawn.now - span * place for place in range(steps - 1, 0, -1)]

    def collect(made: Place, at: datetime) -> None:
        made.run("collect", "--store", now=at)

    made = place.made(server, folder, drawn, path=f"shop/steps-{steps}", stops=stops, then=collect)
    made.run("collect", "--store")
    grown = told(made.run, folder, "--store")
    other = f"sqlite:///{folder}/other.sqlite3"
    made.run("collect", "--store", other)
    return unlike(grown, told(made.run, folder, "--store", other))


def test_steps_tell_what_one_run_tells(server: StandIn, tmp_path: Path) -> None:
    """A store that was filled in three steps tells what one tells that was filled at once."""
    assert (
        in_steps(server, tmp_path, World(seed=8, merge_requests=8, days=24, reverted=0.3, bug=0.3), 3) == []
    )


def test_a_question_that_is_known_late_has_its_answer(server: StandIn, tmp_path: Path) -> None:
    """Artifacts that tell of a question after its ticket was read with the answer: the answer is found all the same."""
    stops = [hand.NIGHT + timedelta(hours=4)]
    made = place.made(
        server,
        tmp_path,
        World(now=hand.NOW),
        hand.lives(),
        "shop/late",
        stops,
        lambda made, at: made.run("collect", "--store", now=at),
    )
    facts = json.loads(made.run("collect", "--store", "--json"))["escalations"]
    answered = {each["ticket"]: each["answered_at"] for each in facts}
    assert answered == {"8": "2026-03-02T21:30:00Z", "9": None}


def test_the_forge_alone_tells_the_figures(server: StandIn, tmp_path: Path) -> None:
    """With every artifact lost, the notes' hidden blocks give the true figures, but for pairs that git was asked about."""
    drawn = World(seed=6, merge_requests=8, days=20)
    made = place.made(server, tmp_path, drawn, path="shop/alone")
    shutil.rmtree(made.out)
    made.run("collect", "--store")
    found = figures(json.loads(made.run("report", "--json", "--store")))
    expected = truth.figures(made.lives, drawn.now) | {"conflict_rate": (None, 0)}
    assert differing(found, expected) == []


@pytest.mark.long
def test_many_steps_tell_what_one_run_tells(server: StandIn, tmp_path: Path) -> None:
    """Likewise with 200 merge requests in 30 steps, and again when the store that grew is rebuilt."""
    drawn = World(seed=9, merge_requests=200, days=120, reverted=0.1, bug=0.1)
    assert in_steps(server, tmp_path, drawn, 30) == []


@pytest.mark.long
def test_the_embedded_forge_tells_a_drawn_history_alike(tmp_path: Path) -> None:
    """60 drawn lives on the embedded forge: a store made anew gives the same bytes there too."""
    drawn = replace(World(seed=4, merge_requests=60, days=90, reverted=0.2, bug=0.2), now=hand.NOW)
    made = Embedded.made(tmp_path / "repo", world.lives(drawn))
    assert made_anew(embedded(made), made.repo / ".ci-factory", tmp_path) == {"rebuilt": [], "lost": []}
