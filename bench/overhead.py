"""Overhead: the whole line with an agent that does nothing, against bare `git worktree add` + commit.

Both handle the same tickets in the same run. Bound: at most 2x in wall time.
"""

import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from figures import Figure, told

TICKETS = 200
BOUND = 2.0
FILES = 50


def git(folder: Path, *args: str) -> None:
    """Run git, which has to succeed."""
    subprocess.run(["git", *args], cwd=folder, check=True, capture_output=True)


def make_repository(folder: Path) -> None:
    """A repository with one small file a ticket, so that no two tickets overlap."""
    folder.mkdir()
    git(folder, "init", "--quiet", "--initial-branch", "main")
    for number in range(TICKETS):
        path = folder / f"package{number % FILES}" / f"module{number}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f'"""Module {number}."""\n', encoding="utf-8")
    (folder / ".ci-factory.yml").write_text(
        f"batch: {{max_tickets: {TICKETS}}}\nidentity: {{name: bench, email: bench@example.com}}\n",
        encoding="utf-8",
    )
    git(folder, "add", "--all")
    git(
        folder,
        "-c",
        "user.name=bench",
        "-c",
        "user.email=bench@example.com",
        "commit",
        "--quiet",
        "-m",
        "first",
    )


def ticket(number: int) -> dict[str, object]:
    """A ready ticket about one file."""
    return {
        "id": str(number + 1),
        "title": f"Add a constant to module {number}",
        "files": [f"package{number % FILES}/module{number}.py"],
        "complexity": "trivial",
        "acceptance_criteria": [f"module{number} has a constant named LIMIT"],
    }


def bare(folder: Path, scratch: Path) -> float:
    """Seconds for a worktree and a commit for each ticket, one after the other."""
    started = time.perf_counter()
    for number in range(TICKETS):
        path = scratch / str(number)
        git(folder, "worktree", "add", "--quiet", "--detach", str(path), "main")
        identity = ("-c", "user.name=bench", "-c", "user.email=bench@example.com")
        git(path, *identity, "commit", "--quiet", "--allow-empty", "-m", "nothing")
    return time.perf_counter() - started


def line(folder: Path, tickets: Path, out: Path) -> float:
    """Seconds of the whole line with an agent that does nothing."""
    program = shutil.which("ci-factory", path=str(Path(sys.executable).parent)) or "ci-factory"
    argv = [program, "run", "--repo", str(folder), "--tickets", str(tickets), "--agent-command", "true"]
    started = time.perf_counter()
    subprocess.run([*argv, "--out", str(out), "--quiet"], check=True, capture_output=True)
    seconds = time.perf_counter() - started
    attempts = [json.loads(path.read_text()) for path in out.glob("batches/*/tickets/*/attempt.json")]
    assert len(attempts) == TICKETS, f"{len(attempts)} tickets were worked on"
    assert {attempt["ending"] for attempt in attempts} == {"no-change"}
    return seconds


def main() -> int:
    """Measure both on copies of one repository."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        make_repository(root / "bare")
        shutil.copytree(root / "bare", root / "line")
        tickets = root / "tickets.jsonl"
        tickets.write_text(
            "".join(json.dumps(ticket(number)) + "\n" for number in range(TICKETS)), encoding="utf-8"
        )
        base = bare(root / "bare", root / "worktrees")
        ours = line(root / "line", tickets, root / "out")
    return told(Figure(f"the line, {TICKETS} tickets / git worktree add and commit", ours / base, BOUND))


if __name__ == "__main__":
    sys.exit(main())
