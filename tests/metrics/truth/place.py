"""A made history on a GitLab stand-in, with a clone and an output folder, and the command line at a fixed moment."""

import contextlib
import io
import math
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from unittest import mock

from ci_factory.model.base import Json
from ci_factory.system.clock import SystemClock
from ci_factory.system.layout import Layout
from tests.gitlab_standin.control import StandIn
from tests.metrics.truth import papers, truth
from tests.metrics.truth.commits import Commits
from tests.metrics.truth.rows import Rows
from tests.metrics.truth.world import BATCH, BOT, PEOPLE, SCANNER, Life, World, lives

PATH = "shop/warehouse"
CLOSE = 1e-9
NIGHT = timedelta(hours=14)
"""A night is over by then."""
CONFIG = """\
forge:
  rates:
    requests_per_minute: null
    notes_per_minute: null
    issues_per_minute: null
"""


@dataclass
class Place:
    """The project, its clone `repo` and the output folder."""

    server: StandIn
    project: int
    path: str
    token: str
    folder: Path
    world: World
    lives: tuple[Life, ...]
    commits: Commits

    @property
    def repo(self) -> Path:
        """The clone."""
        return self.folder / "repo"

    @property
    def out(self) -> Path:
        """The output folder, in the clone as in a pipeline."""
        return self.repo / ".ci-factory"

    def run(self, *argv: str, now: datetime | None = None) -> str:
        """A command of the factory at the world's end, or another moment; what it prints."""
        return command(
            *argv, "--repo", str(self.repo), environment=self.environment(), now=now or self.world.now
        )

    def clone(self) -> None:
        """A new clone, with its configuration, as a job has it."""
        shutil.rmtree(self.repo, ignore_errors=True)
        source = self.server.repository(self.project)
        git(self.folder, "clone", "--quiet", "--single-branch", str(source), str(self.repo))
        (self.repo / ".ci-factory.yml").write_text(CONFIG, encoding="utf-8")

    def keep_papers(self, at: datetime) -> None:
        """The output folder as nights that are over by then left it."""
        over = [life for life in self.lives if life.batch <= (at - NIGHT).strftime(BATCH)]
        papers.write(Layout(self.out), over, self.commits.first, self.commits.first_tip)

    def environment(self) -> dict[str, str]:
        """What a job of the project knows."""
        return {
            "CI_SERVER_URL": self.server.url,
            "CI_PROJECT_PATH": self.path,
            "CI_COMMIT_REF_PROTECTED": "true",
            "CI_FACTORY_TOKEN": self.token,
        }


def command(*argv: str, environment: dict[str, str], now: datetime) -> str:
    """A command of the factory in this process, as the only thing that can be given a moment; what it prints.

    Raises:
        AssertionError: it failed; with what it said.
    """
    from ci_factory.cli import main

    out, err = io.StringIO(), io.StringIO()
    with (
        at(now),
        mock.patch.dict(os.environ, environment),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        code = main.run(list(argv))
    assert code == 0, f"{' '.join(argv)}: {code}\n{out.getvalue()}{err.getvalue()}"
    return out.getvalue()


@contextlib.contextmanager
def at(now: datetime) -> Iterator[None]:
    """The machine's clock stands, for whoever asks it what time it is."""
    with mock.patch.object(SystemClock, "now", return_value=now):
        yield


def git(folder: Path, *args: str) -> None:
    """Git in a folder."""
    subprocess.run(["git", *args], cwd=folder, check=True, capture_output=True)


def people(server: StandIn, project: int) -> dict[str, str]:
    """Everybody who does something, with a role; their tokens."""
    tokens = {name: server.user(name, bot=name in {BOT, SCANNER}) for name in (BOT, SCANNER, *PEOPLE)}
    for name in tokens:
        server.member(project, name, "developer" if name in {BOT, SCANNER} else "owner")
    return tokens


def made(
    server: StandIn,
    folder: Path,
    world: World,
    own: tuple[Life, ...] | None = None,
    path: str = PATH,
    stops: Sequence[datetime] = (),
    then: Callable[[Place, datetime], object] | None = None,
) -> Place:
    """A project on a server with a whole history, drawn from the world or `own`, as it is at the world's end.

    At each of `stops` the server's clock stands there, and `then` is called: for whoever looks in between.
    """
    all_lives = lives(world) if own is None else own
    first = min(life.acts[0].at for life in all_lives)
    server.clock(first)
    project = server.project(path)
    tokens = people(server, project)
    repository = server.repository(project)
    commits = Commits(repository)
    commits.start(all_lives, first)
    place = Place(server, project, path, tokens[BOT], folder, world, all_lives, commits)

    def stop(at: datetime) -> None:
        server.clock(at)
        if not place.repo.exists():
            place.clone()
        place.keep_papers(at)
        if then is not None and at in stops:
            then(place, at)

    Rows(server.folder / "gitlab.sqlite", repository, project, path, commits).play(all_lives, stops, stop)
    stop(world.now)
    return place


# What a report says


def figures(report: Json) -> dict[str, Json]:
    """Figures of `report --json` by name and label; without those about predictions, which no made history has."""
    named = {"/".join([each["key"], *each["labels"].values()]): each for each in report["figures"]}
    return {name: each for name, each in named.items() if not name.startswith("predicted_")}


def differing(found: dict[str, Json], expected: truth.Known) -> list[str]:
    """Figures that are missing, too many, or not what they should be."""
    strange = [f"{name}: only on one side" for name in sorted(found.keys() ^ expected.keys())]
    return strange + [
        f"{name}: {found[name]['value']} of {found[name]['n']}, but truly {value} of {n}"
        for name, (value, n) in expected.items()
        if name in found and not (found[name]["n"] == n and _equal(found[name]["value"], value))
    ]


def _equal(one: float | None, other: float | None) -> bool:
    return (
        one == other
        if one is None or other is None
        else math.isclose(one, other, rel_tol=CLOSE, abs_tol=CLOSE)
    )
