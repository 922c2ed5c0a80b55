"""Kill -9 before every effect of `ci-factory work`; one more run must finish it and pay for nothing twice.

The agent plans, breaks the file in its first round and mends it in the second. It writes every call into a log of its own,
as does the runner of the gates. Each case works on a copy of the same planned batch.
"""

import json
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ci_factory.model.attempt import Attempt
from ci_factory.model.work_state import WorkState

EFFECTS = frozenset({"os.rename", "os.remove", "subprocess.Popen"})
"""Audit events; each is told before it takes place, so that a kill there comes after the effect before it."""
KILLED = -signal.SIGKILL
_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["ci_factory.cli.main", "ci_factory.cli.work", "ci_factory.gates.runner"])
_AGENT = """
import json, os, pathlib, signal, sys
folder = pathlib.Path(os.environ["CASE"])
out, phase, turn = pathlib.Path(os.environ["CI_FACTORY_OUT"]), os.environ["CI_FACTORY_PHASE"], os.environ["CI_FACTORY_ITERATION"]
with (folder / "agent.log").open("a") as stream:
    stream.write(f"{phase} {turn}\\n")
assert turn != "2" or pathlib.Path("shop.py").read_text() == "def value(:\\n", "the first round's change is not here"
assert turn != "2" or "shop.py" in pathlib.Path(os.environ["CI_FACTORY_FEEDBACK"]).read_text(), "no feedback"
if (folder / "kill-in-call").exists() and (folder / "kill-in-call").read_text() == f"{phase} {turn}":
    (folder / "kill-in-call").unlink()
    os.kill(int((folder / "pid").read_text()), signal.SIGKILL)
(out / "usage.json").write_text(json.dumps({"input_tokens": 10, "output_tokens": 1, "cost_usd": 0.5}))
if phase == "plan":
    criteria = [{"criterion": "1", "how": "by returning one"}]
    (out / "comprehension.json").write_text(json.dumps({"objective": "a value", "affected_files": ["shop.py"], "criteria": criteria}))
    (out / "plan.json").write_text(json.dumps({"steps": ["edit"], "files": [{"path": "shop.py", "action": "modify"}]}))
else:
    text = "def value(:\\n" if turn == "1" else 'def value() -> int:\\n    \"\"\"Return one.\"\"\"\\n    return 1\\n'
    pathlib.Path("shop.py").write_text(text)
"""
_CONFIG = """
identity: {name: Factory, email: factory@example.com}
retries: {limit: 0}
sandbox: off  # the agent keeps a log beside the repository
gates: {disabled: [ruff, semgrep, mypy, secrets, tests, tampering, complexity, documentation]}
agents: [{name: hand, adapter: command, plans: true, env: [CASE], command: 'python3 "$CASE/agent.py"'}]
"""
_TICKET = {
    "id": "1",
    "title": "Return a value",
    "files": ["shop.py"],
    "complexity": "medium",
    "labels": ["ready-for-agent"],
    "acceptance_criteria": ["value() returns one"],
}


@dataclass(frozen=True)
class Row:
    """What a kill led to."""

    place: str
    killed: bool
    objections: tuple[str, ...]


@dataclass
class Case:
    """One copy of the planned batch."""

    folder: Path
    objections: list[str] = field(default_factory=list)

    @property
    def ticket(self) -> Path:
        """The ticket's folder; there is one batch."""
        (batch,) = (self.folder / "out" / "batches").iterdir()
        return batch / "tickets" / "1"

    def work(self, kill_at: int = 0) -> int:
        """Run the real command, killed before the given effect; its exit status, negative when it was killed."""
        return run(self.folder, ["work", "1"], kill_at)

    def log(self, name: str) -> list[str]:
        """Lines of a log."""
        path = self.folder / name
        return path.read_text().splitlines() if path.exists() else []

    def state(self) -> WorkState | None:
        """The record as it lies there."""
        path = self.ticket / "agent" / "state.json"
        return WorkState.model_validate_json(path.read_bytes()) if path.exists() else None

    def seen_gates(self) -> str:
        """The commit whose verdict is on disk."""
        files = [self.ticket / "agent" / name for name in ("gate.json", "score.json")]
        if not all(each.exists() for each in files):
            return ""
        heads = {json.loads(each.read_bytes())["head"] for each in files}
        return heads.pop() if len(heads) == 1 else ""

    def attempt(self) -> Attempt:
        """attempt.json."""
        return Attempt.model_validate_json((self.ticket / "attempt.json").read_bytes())


class Table:
    """All cases of one planned batch."""

    def __init__(self, folder: Path) -> None:
        """Make the project and plan the batch; `folder` is empty."""
        self._folder, self._made = folder, 0
        self._planned = folder / "planned"
        repo = self._planned / "repo"
        repo.mkdir(parents=True)
        (repo / "shop.py").write_text('"""A shop."""\n', encoding="utf-8")
        (repo / ".ci-factory.yml").write_text(_CONFIG, encoding="utf-8")
        for command in ("init --quiet --initial-branch=main", "add --all", "commit --quiet -m first"):
            subprocess.run(["git", "-C", str(repo), *command.split()], check=True)
        (self._planned / "tickets.jsonl").write_text(json.dumps(_TICKET) + "\n", encoding="utf-8")
        (self._planned / "agent.py").write_text(_AGENT, encoding="utf-8")
        for argv in (["intake", "--tickets", str(self._planned / "tickets.jsonl")], ["plan"]):
            assert run(self._planned, argv) == 0, argv
        self.whole = self.case()
        assert self.whole.work() == 0
        self.effects = self.whole.log("effects")

    def case(self) -> Case:
        """A copy in which nothing was worked on."""
        self._made += 1
        folder = self._folder / f"case-{self._made}"
        shutil.copytree(self._planned, folder, symlinks=True)
        return Case(folder)

    def kill(self, place: int) -> Row:
        """Work, killed before one effect, then once more; what is wrong with the result."""
        case = self.case()
        killed = case.work(kill_at=place) == KILLED
        return Row(f"{place} {self.effects[place - 1]}", killed, tuple(self.finished(case)))

    def finished(self, case: Case) -> Iterator[str]:
        """Work on what a kill left, and tell what was lost, or done or paid for twice."""
        state, seen, before = case.state(), case.seen_gates(), len(case.log("gates.log"))
        if case.work() != 0:
            yield "the next run failed"
            return
        calling = state.calling if state else None
        begun = f"{calling.phase} {calling.iteration}" if calling else ""
        extra = Counter(case.log("agent.log")) - Counter(self.whole.log("agent.log"))
        if extra and extra != Counter([begun]):
            yield f"called again: {dict(extra)}"
        if seen and seen in case.log("gates.log")[before:]:
            yield "the gates ran again on a change whose verdict was kept"
        yield from _compared(self.whole.attempt(), case.attempt(), died=bool(calling))

    def rows(self) -> Iterator[Row]:
        """Every case."""
        yield from (self.kill(place) for place in range(1, len(self.effects) + 1))


def _compared(whole: Attempt, found: Attempt, *, died: bool) -> Iterator[str]:
    for name in ("ending", "reason", "tree", "diff"):
        if getattr(whole, name) != getattr(found, name):
            yield f"{name}: {getattr(found, name)}"
    if [(one.name, one.status) for one in whole.checkpoints] != [
        (one.name, one.status) for one in found.checkpoints
    ]:
        yield "other checkpoints"
    runs = [(one.phase, one.iteration, one.ended) for one in found.runs]
    ended = [one for one in runs if one[2] != "killed"]
    if ended != [(one.phase, one.iteration, one.ended) for one in whole.runs]:
        yield f"runs: {runs}"
    if died != (len(ended) < len(runs)) or (found.usage.cost_usd is None) != died:
        yield f"a killed call is not charged as unknown: {runs}, {found.usage}"
    if not died and found.usage != whole.usage:
        yield f"usage: {found.usage}"


def run(folder: Path, argv: list[str], kill_at: int = 0) -> int:
    """The command line in a process of its own, forked from one that has imported it, as that is quick."""
    words = [*argv, "--repo", str(folder / "repo"), "--out", str(folder / "out")]
    names = ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_NOSYSTEM", "HOME", "PATH")
    environment = {name: os.environ[name] for name in names if name in os.environ}
    process = _FORKS.Process(target=_command, args=(folder, words, environment, kill_at))
    process.start()
    process.join()
    return int(process.exitcode or 0)


def _command(folder: Path, argv: list[str], environment: dict[str, str], kill_at: int) -> None:
    from ci_factory.cli import main
    from ci_factory.workflow import stations

    os.environ.update(environment | {"CASE": str(folder)})
    os.dup2(os.open(folder / "output", os.O_WRONLY | os.O_CREAT | os.O_APPEND), 1)
    (folder / "pid").write_text(str(os.getpid()))
    real: Any = vars(stations)["run_gates"]

    def gates(hub: Any, base: str, head: str, **settings: Any) -> Any:
        with (folder / "gates.log").open("a") as stream:
            stream.write(f"{head}\n")
        return real(hub, base, head, **settings)

    vars(stations)["run_gates"] = gates
    sys.addaudithook(_Killer(folder / "effects", kill_at))
    raise SystemExit(main.run(argv))


class _Killer:
    """Writes effects down, and kills its own process before one of them."""

    def __init__(self, log: Path, kill_at: int) -> None:
        self.log, self.kill_at, self.count = log, kill_at, 0
        self.stream = log.open("w")

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event not in EFFECTS:
            return
        what = arguments[1] if event != "os.remove" else arguments[0]
        words = " ".join(map(str, what)) if isinstance(what, (list, tuple)) else str(what)
        if "__pycache__" in words:  # our own code, compiled on its first import
            return
        self.count += 1
        self.stream.write(f"{event} {words[-80:]!r}\n")
        self.stream.flush()
        if self.count == self.kill_at:
            os.kill(os.getpid(), signal.SIGKILL)
