"""The table of kills: kill -9 before and after every request of a publication of three tickets, then publish again.

    python bench/kills.py [--writes]

Each line is one kill and what the next run made of it. Exit status 1 when a kill left a trace.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from figures import Figure, told

from tests.gitlab_standin.control import StandIn
from tests.workflow.kill_table import Row, Table, work


def line_of(row: Row) -> str:
    """One line of the table."""
    request = row.call.request
    path = request.path.split("?")[0].removeprefix("/api/v4")
    verdict = "as without a kill" if row.killed and row.same else row.difference or "was not killed"
    return f"{row.call.place:>4} {row.moment:<6} {request.method:<6} {path[:70]:<70} {verdict}"


def main() -> int:
    """Make the project, print the table; the process's exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--writes", action="store_true", help="only requests that change something")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, StandIn.start(Path(name) / "gitlab") as server:
        folder, tokens = Path(name), dict[str, str]()
        repo = folder / "repo"
        (repo / "shop").mkdir(parents=True)
        (repo / "shop" / "__init__.py").write_text('"""A shop."""\n', encoding="utf-8")
        subprocess.run(["git", "init", "--quiet", "--initial-branch=main", str(repo)], check=True)
        table = Table(server, work(server, repo, folder, tokens), folder, tokens)
        failed = 0
        for row in table.rows(only_writes=options.writes):
            print(line_of(row), flush=True)
            failed += not (row.killed and row.same)
    return told(Figure("kills of a publication that left a trace", failed, 0, "kills"))


if __name__ == "__main__":
    sys.exit(main())
