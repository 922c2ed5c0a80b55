"""The made history that figures are checked against: it is what GitLab itself would hold, and always the same."""

from pathlib import Path

from tests.gitlab_standin.control import StandIn
from tests.metrics.truth import place, played, world
from tests.metrics.truth.world import World

WORLD = World(
    seed=2359,
    merge_requests=6,
    days=20,
    escalated=0.2,
    no_change=0.1,
    reverted=0.4,
    bug=0.4,
    churned=0.6,
    reworked=0.6,
    accepted=0.7,
)
"""A few lives in which everything happens that happens in the year."""


def test_rows_are_what_the_api_leaves(tmp_path: Path) -> None:
    """The same acts, written as rows and done through the API, are shown alike: every number, moment, word and commit."""
    with StandIn.start(tmp_path / "rows") as written, StandIn.start(tmp_path / "api") as asked:
        made = place.made(written, tmp_path, WORLD)
        asked.clock(made.lives[0].acts[0].at)
        project = asked.project(made.path, source=_first_commit(made, tmp_path / "seed"))
        tokens = place.people(asked, project)
        played.Played(asked, project, made.path, tokens, made.commits).play(made.lives)
        asked.clock(WORLD.now)
        expected = played.shown(asked, project, tokens[world.BOT], made.lives)
        assert played.shown(written, made.project, made.token, made.lives) == expected
    done = {act.what for life in made.lives for act in life.acts}
    every = {act.what for life in world.lives(World()) for act in life.acts}
    assert done == every


def _first_commit(made: place.Place, folder: Path) -> Path:
    """A repository in which main is where it began."""
    played.git(made.commits.repository, "init", "--quiet", "--bare", "--initial-branch=main", str(folder))
    played.git(folder, "fetch", "--quiet", str(made.commits.repository), "main")
    played.git(folder, "update-ref", "refs/heads/main", made.commits.first_tip)
    return folder


def test_a_seed_gives_one_history() -> None:
    """Two drawings of a world are equal, and another seed gives another one."""
    small = World(merge_requests=20)
    assert world.lives(small) == world.lives(World(merge_requests=20))
    assert world.lives(small) != world.lives(World(merge_requests=20, seed=2))
    assert sum(life.published for life in world.lives(small)) == 20
