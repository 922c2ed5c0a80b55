"""What we add around one call of an agent: clone, sandbox, capture, checkpoints, commit, bundle; gates are not counted.

The tree has 150,000 lines. Bound, from one run: 0.5 s and a tenth of what `git clone` of the same repository takes.
It is measured in memory (/dev/shm) unless another folder is named: ext4 without a journal passes over every inode that was
freed in the last minutes, one by one for each new file, so that there it measures how many files were deleted before.
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from figures import Figure, told

from ci_factory.config import AgentConfig, Config
from ci_factory.model.batch import Batch, Limits, PlannedTicket
from ci_factory.model.gate import (
    Component,
    ComponentScore,
    GateReport,
    GateResult,
    GateStatus,
    Score,
    Verdict,
)
from ci_factory.model.ticket import Candidate, Estimate, Readiness, Risk, RiskLevel, Size, Ticket
from ci_factory.system.clock import SystemClock
from ci_factory.system.git import Git
from ci_factory.system.layout import TicketFolder
from ci_factory.system.records import EventLog
from ci_factory.work.agents.registry import ADAPTERS
from ci_factory.work.attempt import work_ticket
from ci_factory.work.context import WorkContext

FILES, LINES, TIMES = 1500, 100, 9
SECONDS, SHARE = 0.5, 0.1
MEMORY = "/dev/shm"  # noqa: S108 - where there is one; otherwise the usual place
NOW = datetime(2026, 1, 5, 18, tzinfo=UTC)


def make_repository(folder: Path) -> None:
    """150,000 lines in 1,500 files."""
    for number in range(FILES):
        path = folder / f"package{number % 50}" / f"module{number}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(
            "".join(f"VALUE_{line} = {number * line}\n" for line in range(LINES)), encoding="utf-8"
        )
    identity = ("-c", "user.name=bench", "-c", "user.email=bench@example.com")
    for args in (("init", "--quiet"), ("add", "--all"), (*identity, "commit", "--quiet", "-m", "first")):
        subprocess.run(["git", *args], cwd=folder, check=True)


def cloned(repository: Path, into: Path) -> float:
    """Seconds of a plain clone with its files, objects copied."""
    started = time.perf_counter()
    subprocess.run(["git", "clone", "--quiet", "--no-local", str(repository), str(into)], check=True)
    seconds = time.perf_counter() - started
    shutil.rmtree(into)
    return seconds


def passing(hub: Git, base: str, head: str) -> tuple[GateReport, Score]:
    """A verdict that costs nothing."""
    bound = {"tree": hub.tree_of(head), "base": base, "head": head, "config_hash": "0"}
    gate = GateResult(gate="none", component=Component.TESTS, status=GateStatus.PASS, summary="passes")
    component = {gate.component: ComponentScore(score=100, weight=1, status=gate.status)}
    report = GateReport(**bound, changed_files=(), added_lines=1, removed_lines=0, gates=(gate,))
    return report, Score(**bound, score=100, verdict=Verdict.PASS, threshold=80, components=component)


def worked(root: Path, hub: Git, base: str, number: int, mode: str) -> float:
    """Seconds of a whole attempt whose agent writes one file."""
    ticket = Ticket(id=f"{mode}-{number}", title="Add a value", acceptance_criteria=("there is one",))
    candidate = Candidate(
        ticket=ticket,
        readiness=Readiness(ready=True),
        estimate=Estimate(complexity=Size.SMALL, files=()),
        risk=Risk(level=RiskLevel.LOW),
    )
    planned = PlannedTicket(candidate=candidate, size=Size.SMALL, agent="one", lane=0, order=0, reason="next")
    batch = Batch(
        id="B-1", created_at=NOW, project="bench", target_branch="main", base=base, limits=Limits(),
        config_hash="0", tickets=(planned,),
    )  # fmt: skip
    agent = AgentConfig(name="one", adapter="command", command="echo 'VALUE = 1' > new.py")
    context = WorkContext(
        hub=hub, worktrees=root / "worktrees", folder=TicketFolder(root / "out" / planned.id), base=base,
        agent=agent, adapter=ADAPTERS["command"](agent, root), config=Config.model_validate({"sandbox": mode}),
        check=lambda head: passing(hub, base, head), clock=SystemClock(), log=EventLog(root / "events.jsonl"),
        instructions="", stop=lambda: False,
    )  # fmt: skip
    started = time.perf_counter()
    attempt = work_ticket(planned, batch, context)
    seconds = time.perf_counter() - started
    assert attempt.ending.value == "completed", attempt.reason
    assert attempt.runs[0].sandbox.startswith("no sandbox" if mode == "off" else "sandbox of bubblewrap")
    return seconds


def place() -> str | None:
    """The folder to measure in: the one that is named, else memory, else where temporary files go."""
    if len(sys.argv) > 1:
        return sys.argv[1]
    return MEMORY if os.access(MEMORY, os.W_OK) else None


def main() -> int:
    """Measure all in turns, so that what else the machine does hits all alike."""
    found: dict[str, list[float]] = {"clone": [], "off": [], "required": []}
    with tempfile.TemporaryDirectory(dir=place()) as name:
        root = Path(name)
        make_repository(root / "repository")
        origin = Git.open(root / "repository")
        hub, base = Git(root / "hub.git"), origin.resolve("HEAD")
        hub.init_hub(origin)
        for number in range(TIMES + 1):
            found["clone"].append(cloned(root / "repository", root / "copy"))
            for mode in ("off", "required"):
                found[mode].append(worked(root, hub, base, number, mode))
    middle = {
        name: statistics.median(seconds[1:]) for name, seconds in found.items()
    }  # the first one warms up
    bound = SECONDS + SHARE * middle["clone"]
    print(json.dumps({name: round(seconds, 3) for name, seconds in middle.items()}))
    return told(
        Figure("around an agent, in a sandbox / (0.5 s + a tenth of a clone)", middle["required"] / bound, 1)
    )


if __name__ == "__main__":
    sys.exit(main())
