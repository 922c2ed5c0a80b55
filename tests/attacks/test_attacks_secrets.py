"""Secrets in a change, through whole nights on both forges: found in every form, published nowhere, repeated nowhere."""

import base64
import shlex
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from ci_factory import config as configuration
from ci_factory.config import AgentConfig
from ci_factory.model.forge import NoteTarget
from tests.attacks.table import variants
from tests.workflow.conftest import Desk

Seen = Callable[[str], None]
SECRET = (
    "AKIA" + "Q3EGRX7ZP2LMN4TB"
)  # nobody issued it; in two parts, so that scanners of this repository pass over it
OTHER = "glpat-" + "Q3eGRx7Zp2LmN4TbKw9c"
SETTINGS = """
batch: {parallel: 2, timeout_minutes: 1}
retries: {limit: 0}
gates: {disabled: [ruff, semgrep, mypy, tests, tampering, complexity]}
review: {reviewers: [rita]}
integration: {tests: off}
sandbox: off
"""


def b64(text: str) -> str:
    """As a program would hide it."""
    return base64.b64encode(text.encode()).decode()


@pytest.mark.attack(row=6, defence="found, blocked, never repeated")
@variants(
    ("path", "text"),
    {
        "as it is": ("settings.py", f'KEY = "{SECRET}"\n'),
        "in base64": ("settings.py", f'KEY = b64decode("{b64(SECRET)}")\n'),
        "in base64 of base64": ("settings.py", f'KEY = "{b64(b64(OTHER))}"\n'),
        "split over two words": ("settings.py", f'KEY = "{SECRET[:9]}" + "{SECRET[9:]}"\n'),
        "split over two lines": ("settings.py", f'KEY = (\n    "{OTHER[:13]}"\n    "{OTHER[13:]}"\n)\n'),
        "in a name of a file": (f"{SECRET}.txt", "x\n"),
        "in a name of a folder": (f"{OTHER}/x.txt", "x\n"),
        "in hexadecimal": ("settings.py", f'KEY = bytes.fromhex("{OTHER.encode().hex()}")\n'),
        "backwards": ("settings.py", f'KEY = "{SECRET[::-1]}"[::-1]\n'),
        "in a lock file": ("poetry.lock", f'hash = "{SECRET}"\n'),
        "in a document of another encoding": ("notes.txt", f"key: {SECRET}\n"),
    },
    quick=0,
)
def test_a_secret_leaves_the_machine_nowhere(desk: Desk, path: str, text: str, seen: Seen) -> None:
    """No branch holds it; the note says that there is one, and neither it, nor a report, nor a log repeats it."""
    data = text.encode("utf-16" if path == "notes.txt" else "utf-8")
    where = base64.b64encode(path.encode()).decode()
    program = (
        "import base64, pathlib; "
        f"path = pathlib.Path(base64.b64decode('{where}').decode()); path.parent.mkdir(exist_ok=True); "
        f"path.write_bytes(base64.b64decode('{base64.b64encode(data).decode()}'))"
    )
    agent = AgentConfig(name="leaky", adapter="command", command=shlex.join([sys.executable, "-c", program]))
    desk.factory = replace(desk.factory, config=configuration.parse(SETTINGS), agents=(agent,))
    wanted = {"labels": ("ready-for-agent",), "complexity": "small", "acceptance_criteria": ("x is 2",)}
    desk.world.ticket("1", **wanted)
    assert desk.run()["1"] in {"escalated", "agent-failed"}
    forge = desk.world.forge
    assert forge.merge_requests(state=None) == []
    assert forge.branch("factory/1-ticket-1") is None
    notes = [note.body for note in forge.notes(NoteTarget.ISSUE, "1")]
    assert notes
    whole = (SECRET, OTHER, b64(SECRET), b64(OTHER), b64(b64(OTHER)), OTHER.encode().hex())
    told = {"notes": "\n".join(notes)} | {
        each.name: each.read_bytes().decode("latin-1") for each in _told(desk)
    }
    assert {"events.jsonl", "report.md", "dashboard.html", "1-1-implement.log"} <= told.keys()
    assert [(each, where) for each in whole for where, text in told.items() if each in text] == []
    seen("no branch and no merge request; neither notes nor reports, transcripts or logs repeat it")


def _told(desk: Desk) -> list[Path]:
    """Files that somebody reads or that go on; not the work itself, which is kept for people with the batch."""
    root = desk.factory.layout.root
    kept = {"change.bundle", "attempt.json", "state.json"}
    found = (each for each in root.rglob("*") if each.is_file() and each.name not in kept)
    return [each for each in found if not {"hub.git", "cache", "objects"} & set(each.parts)]
