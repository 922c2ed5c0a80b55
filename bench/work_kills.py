"""The table of kills: kill -9 before every effect of `ci-factory work` on one ticket, then one more run.

    python bench/work_kills.py

Each line is one kill and what the next run made of it. Exit status 1 when something was lost, done or paid for twice.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from figures import Figure, told

from tests.work.work_kills import Row, Table


def line_of(row: Row) -> str:
    """One line of the table."""
    verdict = "; ".join(row.objections) or ("as without a kill" if row.killed else "was not killed")
    return f"{row.place[:110]:<110} {verdict}"


def main() -> int:
    """Plan a batch, print the table; the process's exit status."""
    with tempfile.TemporaryDirectory() as name:
        settings = Path(name) / "gitconfig"
        for key, value in (("user.name", "Bench"), ("user.email", "bench@localhost")):
            subprocess.run(["git", "config", "--file", str(settings), key, value], check=True)
        os.environ["GIT_CONFIG_GLOBAL"] = str(settings)
        failed = 0
        for row in Table(Path(name)).rows():
            print(line_of(row), flush=True)
            failed += bool(row.objections) or not row.killed
    return told(Figure("kills of the work on a ticket that left a trace", failed, 0, "kills"))


if __name__ == "__main__":
    sys.exit(main())
