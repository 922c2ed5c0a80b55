"""One life of a project: its tickets, its people, its nights, and what goes wrong in them. All of it follows from a seed."""

import os
import random
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from ci_factory import config as configuration
from ci_factory import workflow
from ci_factory.config import AgentConfig, Config
from ci_factory.errors import FactoryError
from ci_factory.forge.local import LocalForge
from ci_factory.forge.protocol import Forge
from ci_factory.metrics import dashboard
from ci_factory.model.gate import Score
from ci_factory.model.ticket import Size, Ticket
from ci_factory.system import process, records
from ci_factory.system.clock import ManualClock
from ci_factory.system.git import Git, Person
from ci_factory.system.layout import Layout
from ci_factory.workflow import night, planning
from ci_factory.workflow.factory import Factory, Silence
from tests.soak import git_files
from tests.soak.faults import Effects, Fault, FaultyForge, Killed, felt
from tests.soak.git_commits import TIPS
from tests.soak.people import People
from tests.soak.programs import AGENT, HOSTILE, Programs

START = datetime(2026, 3, 2, 18, tzinfo=UTC)
US = Person("Factory", "factory@example.com")
USER = "ci-factory"
SECRET = "CANARY-soak-5f1c9e"  # noqa: S105 - made to be looked for
CONFIG = """
batch: {parallel: 1, timeout_minutes: 1}
retries: {limit: 1}
gates: {disabled: [ruff, semgrep, mypy, secrets, tests, tampering, complexity, documentation]}
iterations: {single_file: 2, multi_file: 2, build_failures: 2}
review: {reviewers: [rita, omar]}
integration: {tests: off}
sandbox: off  # the agent is played
"""
ORDERS = ("edit", "edit", "mend", "shared", "shared", "break", "nothing", "crash", "ask", "partial")
_WHOLE = 10
"""Of so many lives one is whole."""
_STACKED = 0.25
"""Share of the tickets that need the one before."""
_AGENT = AgentConfig(name="hand", adapter="command", command=AGENT)
_PLANNER = AgentConfig(name="hand", adapter="command", command=AGENT, plans=True)


def template(folder: Path) -> Path:
    """The repository that every life begins with; its commit is always the same."""
    repo = folder / "template"
    (repo / "shop").mkdir(parents=True)
    (repo / "shop" / "__init__.py").write_text('"""A shop."""\n', encoding="utf-8")
    (repo / "shop" / "shared.py").write_text('"""What all share."""\n', encoding="utf-8")
    (repo / ".ci-factory.yml").write_text("enabled: true\n", encoding="utf-8")
    date = {"GIT_AUTHOR_DATE": "1700000000 +0000", "GIT_COMMITTER_DATE": "1700000000 +0000"}
    who = ("-c", "user.name=Tess", "-c", "user.email=tess@example.com")
    for words in (("init", "--quiet", "--template=", "--initial-branch=main"), ("add", "--all"), (*who, "commit", "--quiet", "-m", "first")):  # fmt: skip
        subprocess.run(["git", "-C", str(repo), *words], check=True, env={**os.environ, **date})
    return repo


@dataclass(frozen=True)
class Night:
    """What became of one night."""

    met: tuple[tuple[Fault, str], ...]
    """Faults that met an effect, each with that."""
    ended: str
    """`whole`, `killed`, or the error that ended it."""
    effects: int
    broken: tuple[str, ...] = ()


@dataclass
class Life:
    """A project on the embedded forge with the factory at work on it."""

    seed: int
    folder: Path
    template: Path
    quick: bool = True
    """Whether git is played in this process as well."""
    orders: Sequence[str] = ()
    """What the tickets ask for, one for each; empty: what the seed says."""
    clock: ManualClock = field(default_factory=lambda: ManualClock(START))
    nights: list[Night] = field(default_factory=list)
    calls: Counter[str] = field(default_factory=Counter)
    allowed: Counter[str] = field(default_factory=Counter)
    """How often a call of the agent may be made: once, and once more for each time that it was cut short."""
    violations: list[str] = field(default_factory=list)
    gated: dict[str, set[tuple[str, str]]] = field(default_factory=dict)
    """Trees and verdicts that the gates gave, by ticket."""
    left_to_git: Counter[str] = field(default_factory=Counter)
    seen: list[tuple[str, str]] = field(default_factory=list)
    """Kind and name of each effect of the last night."""

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)  # noqa: S311 - a simulation
        self.repo = self.folder / "repo"
        shutil.copytree(self.template, self.repo)
        self.layout = Layout(self.folder / "out")
        self.config: Config = configuration.parse(
            CONFIG if self.whole else f"{CONFIG}simulation: {{forecast: false}}\n"
        )
        self.agent = self.random.choice((_AGENT, _AGENT, _PLANNER))
        with self.played(Effects()):
            self.git = Git(self.repo)
            self.forge, self.people = self._begun([*self._tickets()])

    def _begun(self, tickets: Sequence[Ticket]) -> tuple[Any, People]:
        """The forge with its tickets, and the people on it."""
        forge = LocalForge.open(self.git, user=self.user, clock=self.clock)
        forge.import_tickets(tickets)
        return forge, People(forge, forge.as_user, self.git, self.random, self.clock)

    @property
    def whole(self) -> bool:
        """Whether its nights are forecast, and their page is drawn; with most lives this is left out to save time."""
        return self.seed % _WHOLE == 0

    @property
    def user(self) -> str:
        """Who the factory is on the forge."""
        return USER

    def branches(self) -> list[str]:
        """The factory's branches on the forge."""
        names = self.git.text("for-each-ref", TIPS, "refs/heads/factory").split("\0")[1::3]
        return [name.removeprefix("refs/heads/") for name in names]

    def close(self) -> None:
        """Forget everything."""
        if isinstance(self.forge, LocalForge):
            self.forge.disconnect()
        shutil.rmtree(self.folder, ignore_errors=True)
        git_files.forget()

    def _tickets(self) -> Iterator[Ticket]:
        wanted = self.orders or [self.random.choice(ORDERS) for _ in range(self.random.randint(2, 4))]
        for number, orders in enumerate(wanted, 1):
            below = (str(number - 1),) if number > 1 and self.random.random() < _STACKED else ()
            yield Ticket(
                id=str(number),
                title=f"Add value {number}",
                body=f"do: {orders}\n\n{HOSTILE}",
                files=("shop/shared.py",) if orders == "shared" else (f"shop/mod{number}.py",),
                acceptance_criteria=("it returns a number",),
                complexity=self.random.choice((Size.SMALL, Size.MEDIUM)),
                labels=("ready-for-agent",),
                depends_on=below,
            )

    @contextmanager
    def played(self, effects: Effects) -> Iterator[Programs]:
        """Everything the block starts is played, and meets the faults of `effects`."""
        programs = Programs(effects, (SECRET,), quick=self.quick)
        with process.played_by(programs):
            yield programs
        self.left_to_git += programs.commands
        self.violations += programs.violations

    @contextmanager
    def quietly(self) -> Iterator[None]:
        """For what people do, and whoever looks on: programs are played, and nothing goes wrong."""
        with self.played(Effects()):
            yield

    def factory(self, forge: Forge, layout: Layout) -> Factory:
        """A process that has just started."""
        return Factory(
            git=self.git,
            forge=forge,
            layout=layout,
            config=self.config,
            config_folder=self.repo,
            agents=(self.agent,),
            person=US,
            clock=self.clock,
            progress=Silence(),
            target="main",
        )

    def night(self, faults: Sequence[tuple[int, Fault]] = ()) -> Night:
        """A run from its start to its end, however that comes; each fault meets the first effect from its place that it can."""
        effects = Effects(f"{self.folder}/out", faults, person=self.people.act, jump=self.clock.sleep)
        effects.twin = lambda: self._twin(effects)
        factory = self.factory(cast("Forge", FaultyForge(self.forge, effects, SECRET)), self.layout)
        ended = "whole"
        broken: tuple[str, ...] = ()
        with self.played(effects) as programs, felt(effects), self._page():
            try:
                broken = workflow.run(factory).broken
            except Killed:
                ended = "killed"
            except (FactoryError, OSError) as error:
                ended = f"{type(error).__name__}: {error.strerror if isinstance(error, OSError) else error}"
        self._count(programs, effects)
        self._learn()
        self.seen = effects.seen
        happened = Night(tuple(effects.met), ended, len(effects.seen), tuple(broken))
        self.nights.append(happened)
        self.clock.sleep(6 * 3600)
        return happened

    @contextmanager
    def _page(self) -> Iterator[None]:
        """An empty page in place of the dashboard, whose file is written all the same."""
        drawn = dashboard.render
        if not self.whole:
            vars(dashboard)["render"] = lambda _overview: "<!doctype html>"
        try:
            yield
        finally:
            vars(dashboard)["render"] = drawn

    def _count(self, programs: Programs, effects: Effects) -> None:
        """A call is paid for once, and once more for each fault that cut it short before its end was on record."""
        for call in programs.calls:
            self.calls[call] += 1
            if self.calls[call] > 1 + self.allowed[call]:
                self.violations.append(f"paid twice: {call}")
        if programs.calls and (effects.dead or Fault.FULL_DISK in dict(effects.met)):
            self.allowed[programs.calls[-1]] += 1

    def _learn(self) -> None:
        """Remember what the gates said of which tree: the files that say it can be lost."""
        for folder in (self.layout.root / "batches").glob("*/tickets/*"):
            if score := records.read_if_valid(folder / "score.json", Score):
                self.gated.setdefault(folder.name, set()).add((str(score.tree), score.verdict.value))

    def lose_output(self) -> None:
        """The output folder is gone, as in a CI job whose cache was cleared."""
        shutil.rmtree(self.layout.root, ignore_errors=True)

    def cut_power(self) -> None:
        """The files written last were not on the disk yet; those whose writer waited for the disk were."""
        waited = {"batch.json", "intake.json"}
        files = [
            each
            for each in (self.layout.root / "batches").rglob("*.*")
            if each.is_file() and each.name not in waited
        ]
        for path in sorted(files, key=lambda each: each.stat().st_mtime_ns)[-2:]:
            path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
            ticket = path.relative_to(self.layout.root / "batches").parts
            if len(ticket) > 2:
                self.allowed.update({call: 9 for call in self.calls if call.startswith("/".join(ticket[:3]))})

    def _twin(self, effects: Effects) -> None:
        """Another job publishes the newest batch from its own copy of the artifacts, while ours stands still."""
        batches = self.layout.batches()
        if not batches:
            return
        copy = Layout(self.folder / f"twin-{len(self.nights)}-{len(effects.seen)}")
        shutil.copytree(batches[-1].path, copy.batch(batches[-1].path.name).path)
        factory = self.factory(self.forge, copy)
        with suppress(FactoryError):
            night.publish_finished(factory, planning.required(factory))
