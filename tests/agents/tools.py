"""Where the coding agents of the tests are installed: below .venv/agents, by `make agents` and `make mini-swe-agent`."""

import os
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / ".venv" / "agents"
PROGRAMS = {
    "aider": FOLDER / "aider" / "bin" / "aider",
    "claude-code": FOLDER / "npm" / "node_modules" / ".bin" / "claude",
    "codex": FOLDER / "npm" / "node_modules" / ".bin" / "codex",
    "gemini": FOLDER / "npm" / "node_modules" / ".bin" / "gemini",
    "mini-swe-agent": FOLDER / "mini-swe-agent" / "bin" / "mini",
    "opencode": FOLDER / "npm" / "node_modules" / ".bin" / "opencode",
    "openhands": FOLDER / "openhands" / "bin" / "openhands",
}


def needs(adapter: str) -> None:
    """Skip the test, by name, when the program is not installed."""
    if not PROGRAMS[adapter].exists():
        pytest.skip(
            f"not installed: {adapter} ({PROGRAMS[adapter].relative_to(FOLDER.parents[1])}), see `make agents`"
        )


def path_with(adapter: str) -> str:
    """PATH on which the program is found first."""
    return f"{PROGRAMS[adapter].parent}{os.pathsep}{os.environ['PATH']}"
