"""Commands on a terminal of their own."""

import os
import pty
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

PROGRAM = [sys.executable, "-m", "ci_factory"]


def environment(**more: str) -> dict[str, str]:
    """Ours, without what somebody may have set for colours or as a job."""
    unwanted = {"NO_COLOR", "FORCE_COLOR", "CI", "GITLAB_CI", "TERM"}
    ours = {name: value for name, value in os.environ.items() if name not in unwanted}
    return {**ours, "TERM": "xterm-256color", "COLUMNS": "100", **more}


def on_terminal(argv: Sequence[str], cwd: Path, env: dict[str, str]) -> str:
    """What a terminal shows of a command."""
    leader, follower = pty.openpty()
    with subprocess.Popen(
        [*PROGRAM, *argv], cwd=cwd, env=env, stdin=follower, stdout=follower, stderr=follower
    ):
        os.close(follower)
        shown = b""
        while True:
            try:
                shown += (read := os.read(leader, 65536))
            except OSError:  # the other side is gone
                break
            if not read:
                break
    os.close(leader)
    return shown.decode()
