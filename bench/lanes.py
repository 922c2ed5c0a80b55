"""Memory of 20 lanes whose agents sleep: ours alone, the agents' own processes are not counted.

Counted is the proportional share (PSS) of the run's own process and of everything it starts around an agent, such as the
sandbox. Bound: at most 25 MB a lane, the run's own process divided among them.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from figures import Figure, told

LANES, MEGABYTES, SETTLED = 20, 25.0, 3.0
AGENT = "sleep 600"
IDENTITY = ("-c", "user.name=bench", "-c", "user.email=bench@example.com")
SETTINGS = f"""\
batch: {{max_tickets: {LANES}, parallel: {LANES}}}
sandbox: {{mode: required}}
identity: {{name: bench, email: bench@example.com}}
"""


def git(folder: Path, *args: str) -> None:
    """Run git, which has to succeed."""
    subprocess.run(["git", *args], cwd=folder, check=True, capture_output=True)


def make_repository(folder: Path) -> None:
    """One small file a ticket, so that no two tickets overlap."""
    folder.mkdir()
    git(folder, "init", "--quiet", "--initial-branch", "main")
    for number in range(LANES):
        (folder / f"module{number}.py").write_text(f'"""Module {number}."""\n', encoding="utf-8")
    (folder / ".ci-factory.yml").write_text(SETTINGS, encoding="utf-8")
    git(folder, "add", "--all")
    git(folder, *IDENTITY, "commit", "--quiet", "-m", "first")


def ticket(number: int) -> dict[str, object]:
    """A ready ticket about one file."""
    return {
        "id": str(number + 1),
        "title": f"Add a constant to module {number}",
        "files": [f"module{number}.py"],
        "complexity": "trivial",
        "acceptance_criteria": [f"module{number} has a constant named LIMIT"],
    }


def descendants(root: int) -> list[int]:
    """The process and all below it."""
    children: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:  # it ended
            continue
        children.setdefault(int(fields[1]), []).append(int(path.parent.name))
    found = [root]
    for number in found:
        found += children.get(number, [])
    return found


def words(process: int) -> str:
    """The command line of a process."""
    try:
        return Path(f"/proc/{process}/cmdline").read_text().replace("\0", " ").strip()
    except OSError:
        return ""


def pss(process: int) -> float:
    """Megabytes of a process, memory that it shares divided by those who share it."""
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def asleep(run: "subprocess.Popen[bytes]") -> list[int]:
    """The run's processes once all agents sleep."""
    while run.poll() is None:
        found = descendants(run.pid)
        if sum(words(one) == AGENT for one in found) == LANES:
            time.sleep(SETTLED)
            return [one for one in found if words(one) != AGENT]
        time.sleep(0.2)
    raise SystemExit(f"the run ended: {run.stderr.read().decode() if run.stderr else ''}")


def main() -> int:
    """Start the lanes, look, stop."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        make_repository(root / "project")
        lines = "".join(f"{json.dumps(ticket(number))}\n" for number in range(LANES))
        (root / "tickets.jsonl").write_text(lines, encoding="utf-8")
        command = ["ci-factory", "run", "--repo", root / "project", "--tickets", root / "tickets.jsonl"]
        run = subprocess.Popen(
            [Path(sys.executable).with_name("ci-factory"), *command[1:], "--agent-command", AGENT, "--quiet"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        try:
            ours = {one: pss(one) for one in asleep(run)}
        finally:
            run.kill()
            run.wait()
    total = sum(ours.values())
    split = {"run": round(ours[run.pid], 1), "around agents": round(total - ours[run.pid], 1)}
    each = total / LANES
    print(json.dumps({"lanes": LANES, "megabytes": split, "processes": len(ours)}))
    return told(Figure(f"our memory for a lane, of {LANES}", each, MEGABYTES, "MB"))


if __name__ == "__main__":
    os.environ.pop("PYTHONPATH", None)
    sys.exit(main())
