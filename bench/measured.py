"""The benchmarks by name, and how one is run and its result kept."""

import json
import os
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from figures import FILE, Figure

QUIXBUGS, SUPPORT, PSPLIB = "quixbugs.jsonl", "quixbugs-support.json", "psplib-j30.jsonl"


@dataclass(frozen=True)
class Benchmark:
    """A program and its arguments; `{data}` is the folder of public data sets."""

    argv: tuple[str, ...]
    minutes: float
    """About how long it takes on two cores."""
    usual: bool = True
    """Whether `make bench` runs it; the others have to be named."""


@dataclass(frozen=True)
class Measured:
    """What one benchmark told."""

    name: str
    commit: str
    status: int
    seconds: float
    figures: tuple[Figure, ...]

    @property
    def passed(self) -> bool:
        """Whether it measured something, and all of that is within bounds."""
        return bool(self.figures) and self.status == 0 and all(each.kept for each in self.figures)


def _script(name: str, *arguments: str, minutes: float) -> Benchmark:
    return Benchmark((f"bench/{name}.py", *arguments), minutes)


BENCHMARKS = {
    "startup": _script("startup", minutes=0.2),
    "planning": _script("planning", minutes=1.5),
    "overhead": _script("overhead", minutes=0.5),
    "agent_run": _script("agent_run", minutes=0.5),
    "lanes": _script("lanes", minutes=0.5),
    "child_pipeline": _script("child_pipeline", minutes=0.2),
    "publishing": _script("publishing", minutes=1),
    "simulation": _script("simulation", minutes=0.7),
    "merge_truth": _script("merge_truth", minutes=2),
    "gates_job": _script("gates_job", minutes=2),
    "gates_scale": _script("gates_scale", minutes=2),
    "reports": _script("reports", minutes=5),
    "metrics_scale": _script("metrics_scale", minutes=3),
    "collecting": _script("collecting", minutes=5),
    "month": _script("month", minutes=8),
    "routing": _script("routing", minutes=8),
    "rule_precision": _script("rule_precision", minutes=5),
    "kills": _script("kills", minutes=6),
    "work_kills": _script("work_kills", minutes=6),
    "psplib": _script("psplib", f"{{data}}/{PSPLIB}", "--optimize", minutes=25),
    "quixbugs": _script("quixbugs", f"{{data}}/{QUIXBUGS}", "--support", f"{{data}}/{SUPPORT}", minutes=10),
    "gate_separation": _script(
        "gate_separation", f"{{data}}/{QUIXBUGS}", "--support", f"{{data}}/{SUPPORT}", minutes=15
    ),
    "tampering": _script("tampering", f"{{data}}/{QUIXBUGS}", minutes=30),
}


def kept(folder: Path, name: str, commit: str) -> Measured | None:
    """What was measured on this commit before; nothing of a tree that has changes."""
    try:
        found = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if found["commit"] != commit or commit.endswith("+"):
        return None
    return Measured(**{**found, "figures": tuple(Figure(**each) for each in found["figures"])})


def measure(root: Path, folder: Path, name: str, commit: str, data: Path) -> Measured:
    """Run a benchmark; what it says goes to a file beside its result."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = folder / f"{name}.jsonl"
    lines.unlink(missing_ok=True)
    argv = [sys.executable, *(word.format(data=data) for word in BENCHMARKS[name].argv)]
    started = time.monotonic()
    with (folder / f"{name}.txt").open("wb") as said:
        status = subprocess.run(
            argv,
            cwd=root,
            env={**os.environ, FILE: str(lines)},
            stdout=said,
            stderr=subprocess.STDOUT,
            check=False,
        ).returncode
    told = lines.read_text(encoding="utf-8").splitlines() if lines.exists() else []
    figures = tuple(Figure(**json.loads(line)) for line in told)
    result = Measured(name, commit, status, time.monotonic() - started, figures)
    (folder / f"{name}.json").write_text(json.dumps(asdict(result)), encoding="utf-8")
    return result
