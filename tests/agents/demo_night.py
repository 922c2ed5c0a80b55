"""One ticket of the demonstration, its repository, and a night of one real agent on the embedded forge."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import yaml

from tests.agents.tools import path_with

SCRIPT = Path(__file__).parents[2] / "examples" / "demo.py"
KEY = "sk-canary-8f2d61c0b7"
"""The model's key; it may stand in no artifact."""


def demonstration() -> ModuleType:
    """examples/demo.py, imported."""
    spec = importlib.util.spec_from_file_location("demo_of_agents", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@dataclass(frozen=True)
class Night:
    """What a run left."""

    code: int
    said: str
    out: Path
    repository: Path
    ticket: str

    @property
    def folder(self) -> Path:
        """The ticket's artifacts."""
        return next(self.out.glob(f"batches/*/tickets/{self.ticket}"), self.out)

    @property
    def attempt(self) -> dict[str, Any]:
        """attempt.json."""
        found: dict[str, Any] = json.loads((self.folder / "attempt.json").read_text(encoding="utf-8"))
        return found

    @property
    def note(self) -> str:
        """Description and notes of the only merge request, as a person reads them."""
        command = [sys.executable, "-m", "ci_factory", "mr", "show", "1", "--repo", str(self.repository)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return done.stdout + done.stderr

    def files_with(self, text: str) -> list[str]:
        """Artifacts in which a text stands."""
        found = [path for path in self.out.rglob("*") if path.is_file() and not path.is_symlink()]
        return [str(path.relative_to(self.out)) for path in found if text.encode() in path.read_bytes()]


def run_night(
    root: Path,
    adapter: str,
    ticket: str,
    agent: Mapping[str, Any],
    env: Mapping[str, str] | None = None,
    **config: Any,
) -> Night:
    """Make the demonstration's repository and let one agent work on one of its tickets."""
    demo = demonstration()
    place = demo.Place(root)
    place.root.mkdir(parents=True, exist_ok=True)
    demo.prepare(place)
    tickets = root / "tickets"
    tickets.mkdir()
    shutil.copy(next(place.tickets.glob(f"{ticket}-*.md")), tickets)
    known = yaml.safe_load((place.repository / ".ci-factory.yml").read_text(encoding="utf-8"))
    known["agents"] = [{"name": "real", "adapter": adapter, **agent}]
    known["batch"] = {"parallel": 1, "timeout_minutes": 3}
    known["retries"] = {"limit": 0}
    known["gates"]["disabled"] = ["semgrep"]  # has nothing to say about one line, and takes its time
    file = root / "factory.yml"
    file.write_text(yaml.safe_dump(known | config), encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "ci_factory",
        "run",
        "--repo",
        str(place.repository),
        "--config",
        str(file),
    ]
    variables = os.environ | {"PATH": path_with(adapter)} | dict(env or {})
    done = subprocess.run(
        [*command, "--tickets", str(tickets), "--out", str(place.night)],
        env=variables,
        capture_output=True,
        text=True,
        check=False,
    )
    return Night(done.returncode, done.stdout + done.stderr, place.night, place.repository, ticket)
