"""The process behind `scripted`: python -m ci_factory.work.agents.scripted_player FOLDER PHASE ATTEMPT ITERATION OUT TICKET."""

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

import yaml

from ci_factory.model import plain_yaml
from ci_factory.system import process
from ci_factory.system.clock import SystemClock
from ci_factory.work.paths import path_problem

UNPLAYABLE = 126
"""Exit code for a script that is missing or malformed: another start will not help."""
CRASH, MISFIT = 3, 2
_MAX_BYTES = 1024 * 1024

Mapping = dict[str, Any]


class Unplayable(Exception):
    """The script is wrong."""


class Misfit(Exception):
    """A step does not fit the files it finds."""


def main(argv: Sequence[str]) -> int:
    """Play one call; the exit code is the agent's."""
    folder, phase, attempt, iteration, out, ticket = argv
    try:
        script = _load(Path(folder))
        if phase == "plan":
            _write_documents(script, Path(out), Path(ticket))
            _write_usage(script, Path(out))
            return 0
        if phase == "review":
            return _review(script, Path(out))
        return _play(script, int(attempt), int(iteration), Path(folder), Path(out))
    except Unplayable as error:
        print(f"script {folder}: {error}", file=sys.stderr)  # noqa: T201 - an agent speaks on its own stderr
        return UNPLAYABLE
    except Misfit as error:
        print(f"script {folder}: {error}", file=sys.stderr)  # noqa: T201 - an agent speaks on its own stderr
        return MISFIT


def _load(folder: Path) -> Mapping:
    path = folder / "script.yml"
    try:
        with path.open("rb") as stream:
            data = stream.read(_MAX_BYTES + 1)
        script = plain_yaml.load(data[:_MAX_BYTES])
    except OSError as error:
        raise Unplayable(f"script.yml can't be read: {error.strerror}") from error
    except yaml.YAMLError as error:
        raise Unplayable(f"script.yml is not valid YAML: {' '.join(str(error).split())}") from error
    known = {"comprehension", "plan", "usage", "model", "attempts", "review"}
    if not isinstance(script, dict) or not set(script) <= known:
        raise Unplayable(f"script.yml must be a mapping with some of the keys {', '.join(sorted(known))}")
    return script


def _write_documents(script: Mapping, out: Path, ticket: Path) -> None:
    """C0 and C1 as recorded; a C0 without the key `criteria` answers each of the ticket's."""
    if comprehension := script.get("comprehension"):
        if isinstance(comprehension, dict) and "criteria" not in comprehension:
            wanted = json.loads(ticket.read_text(encoding="utf-8"))["acceptance_criteria"]
            answers = [{"criterion": text, "how": "as recorded in the script"} for text in wanted]
            comprehension = {**comprehension, "criteria": answers}
        _write_json(out / "comprehension.json", comprehension)
    if plan := script.get("plan"):
        _write_json(out / "plan.json", plan)


def _review(script: Mapping, out: Path) -> int:
    if (review := script.get("review")) is not None:
        _write_json(out / "review.json", review)
    _write_usage(script, out)
    return 0


def _write_usage(script: Mapping, out: Path) -> None:
    usage, model = script.get("usage"), script.get("model")
    if usage is not None and not isinstance(usage, dict):
        raise Unplayable("usage must be a mapping")
    if usage is not None or model is not None:
        _write_json(out / "usage.json", {**(usage or {}), **({"model": model} if model is not None else {})})


def _write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, default=str, indent=2), encoding="utf-8")


def _play(script: Mapping, attempt: int, iteration: int, folder: Path, out: Path) -> int:
    recorded = _recorded(script, attempt, iteration)
    for step in recorded.get("steps") or []:
        _step(step, folder)
    ending = recorded.get("ending", "ok")
    if ending == "timeout":
        _sleep_for_ever()
    _write_usage(script, out)
    if ending == "escalate":
        _write_json(out / "escalation.json", recorded.get("escalation"))
    if ending == "crash":
        print("the recorded crash", file=sys.stderr)  # noqa: T201 - an agent speaks on its own stderr
        return CRASH
    if ending not in {"ok", "escalate"}:
        raise Unplayable(f"ending {ending!r} is none of ok, timeout, crash, escalate")
    return 0


def _recorded(script: Mapping, attempt: int, iteration: int) -> Mapping:
    """The round to play: the last fresh start and the last iteration repeat."""
    attempts = script.get("attempts", [[{}]])
    try:
        rounds = attempts[min(attempt, len(attempts)) - 1]
        recorded = rounds[min(iteration, len(rounds)) - 1]
    except (IndexError, KeyError, TypeError) as error:
        raise Unplayable(
            "attempts must be a list (fresh starts) of lists (iterations), none empty"
        ) from error
    if not isinstance(recorded, dict) or not set(recorded) <= {"steps", "ending", "escalation"}:
        raise Unplayable("an iteration must be a mapping with some of the keys steps, ending, escalation")
    return recorded


def _step(step: object, folder: Path) -> None:
    if not isinstance(step, dict):
        raise Unplayable(f"step {step!r} is not a mapping")
    kinds = [kind for kind in _STEPS if kind in step]
    if len(kinds) != 1:
        raise Unplayable(
            f"step {sorted(map(str, step))} must have exactly one of the keys {', '.join(_STEPS)}"
        )
    _STEPS[kinds[0]](step, folder)


def _target(step: Mapping, kind: str) -> Path:
    """The file a step is about, inside of the current folder."""
    name = step[kind]
    if not isinstance(name, str) or path_problem(name):
        raise Unplayable(f"{kind}: {name!r} is not a path inside of the repository")
    return Path(name)


def _text(step: Mapping, key: str) -> str:
    value = step.get(key)
    if not isinstance(value, str):
        raise Unplayable(f"{key!r} must be text in step {sorted(map(str, step))}")
    return value


def _write(step: Mapping, folder: Path) -> None:
    path = _target(step, "write")
    path.parent.mkdir(parents=True, exist_ok=True)
    if "from" not in step:
        path.write_text(_text(step, "content"), encoding="utf-8")
        return
    try:
        path.write_bytes((folder / _text(step, "from")).read_bytes())
    except FileNotFoundError as error:
        raise Unplayable(f"there is no file {step['from']!r} beside the script") from error


def _replace(step: Mapping, folder: Path) -> None:
    del folder
    path, old = _target(step, "replace"), _text(step, "old")
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    times = text.count(old) if old else 0
    if times != 1:
        raise Misfit(f"replace in {path}: the old text must occur exactly once, it occurs {times} times")
    path.write_text(text.replace(old, _text(step, "new")), encoding="utf-8")


def _delete(step: Mapping, folder: Path) -> None:
    del folder
    path = _target(step, "delete")
    if not path.is_file():
        raise Misfit(f"delete {path}: there is no such file")
    path.unlink()


def _patch(step: Mapping, folder: Path) -> None:
    patch = folder / _text(step, "patch")
    if not patch.is_file():
        raise Unplayable(f"there is no file {step['patch']!r} beside the script")
    done = process.run(("git", "apply", "--whitespace=nowarn", str(patch)))
    if not done.ok:
        raise Misfit(f"patch {patch.name} does not apply: {' '.join(done.stderr.split())}")


_STEPS: dict[str, Callable[[Mapping, Path], None]] = {
    "write": _write,
    "replace": _replace,
    "delete": _delete,
    "patch": _patch,
}


def _sleep_for_ever() -> NoReturn:
    clock = SystemClock()
    while True:
        clock.sleep(60)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
