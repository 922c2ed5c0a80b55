"""The files of one call of an agent: what it is given before it starts, and the transcript of what it said."""

import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

from ci_factory.model.redaction import redact
from ci_factory.model.text import plain_lines
from ci_factory.system import process
from ci_factory.work.agents.protocol import Task

_FEEDBACK, _HANDOFF = "feedback.md", "handoff.json"


def fresh(folder: Path) -> Path:
    """An empty folder for a call, with one for its documents in it; what a killed run left there is gone."""
    if folder.is_symlink() or folder.exists():
        folder.unlink() if folder.is_symlink() else shutil.rmtree(folder)
    (folder / "out").mkdir(parents=True)
    return folder


def give(task: Task, settings: Mapping[str, str] | None = None) -> None:
    """Write what the agent reads; `settings` are texts by their path below the folder of documents."""
    write(task.prompt, task.text)
    write(task.ticket_file, task.ticket.model_dump_json(indent=2))
    write(task.prompt.with_name(_FEEDBACK), "".join(f"{line}\n" for line in task.feedback))
    if task.handoff:
        write(task.prompt.with_name(_HANDOFF), task.handoff)
    for name, text in (settings or {}).items():
        (task.out / name).parent.mkdir(parents=True, exist_ok=True)
        write(task.out / name, text)


def contract(task: Task, home: Path) -> dict[str, str]:
    """The variables of every agent."""
    return {
        "HOME": str(home),
        "CI_FACTORY_PHASE": task.phase,
        "CI_FACTORY_PROMPT": str(task.prompt),
        "CI_FACTORY_TICKET": str(task.ticket_file),
        "CI_FACTORY_OUT": str(task.out),
        "CI_FACTORY_ATTEMPT": str(task.attempt),
        "CI_FACTORY_ITERATION": str(task.iteration),
        "CI_FACTORY_FEEDBACK": str(task.prompt.with_name(_FEEDBACK)),
        **({"CI_FACTORY_HANDOFF": str(task.prompt.with_name(_HANDOFF))} if task.handoff else {}),
    }


def keep_transcript(path: Path, around: str, done: process.Completed, keys: Iterable[str]) -> None:
    """What the agent printed, without anything a terminal or a job log would obey, and without the keys that it had."""
    text = f"--- {around}\n--- stdout\n{done.stdout}\n--- stderr\n{done.stderr}\n"
    write(path, redact("\n".join(plain_lines(text)), keys))


def write(path: Path, text: str) -> None:
    """Write a file that a killed run would write again: plainly, so that a ticket costs no waiting for the disk."""
    path.write_text(text, encoding="utf-8", errors="replace")
