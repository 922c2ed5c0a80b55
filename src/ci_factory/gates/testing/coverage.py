"""What coverage saw, read by a process that loads nothing of the checkout, against sources that nothing ran in."""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ci_factory.gates import tools
from ci_factory.gates.subject import Subject
from ci_factory.gates.testing.environment import Interpreter
from ci_factory.gates.testing.suite import Lines
from ci_factory.model.base import Json
from ci_factory.system import process

_READER = Path(__file__).parent / "plugin" / "coverage_reader.py"
_MAX_LINE = 10_000_000


def read_data(
    subject: Subject,
    python: Interpreter,
    tracing: Mapping[str, Json],
    ran: Path,
    clean: Path,
    files: Sequence[str],
) -> dict[str, Any] | None:
    """Fields of a suite: `covered`, `percent`, `ran_by`, `own_lines`. `None` when there is no usable data.

    `ran` is the checkout in which the tests ran, `clean` one of the same tree in which nothing did.
    """
    order = {
        **tracing,
        "ran": str(ran.resolve()),
        "clean": str(clean.resolve()),
        "files": list(files),
        "out": f"{tracing['data']}.json",
    }
    done = process.run(
        [python.path, "-I", str(_READER)],
        cwd=clean,
        env=tools.environment(subject),
        stdin=json.dumps(order).encode(),
        timeout=subject.config.gates.tool_timeout_seconds,
        limit=tools.OUTPUT_LIMIT,
    )
    try:
        return _fields(json.loads(done.stdout), set(files)) if done.ok else None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _fields(document: dict[str, Any], wanted: set[str]) -> dict[str, Any]:
    percent = float(document["percent"])
    if not (math.isfinite(percent) and 0 <= percent <= 100):  # noqa: PLR2004 - percent
        raise ValueError("not a percentage")
    return {
        "percent": percent,
        "covered": {path: _lines(facts) for path, facts in document["files"].items() if path in wanted},
        "ran_by": {
            path: {_line(int(line)): tuple(map(str, tests)) for line, tests in lines.items() if tests}
            for path, lines in document["contexts"].items()
            if path in wanted
        },
        "own_lines": {str(test): tuple(sorted(map(_line, lines))) for test, lines in document["own"].items()},
    }


def _lines(facts: dict[str, list[int]]) -> Lines:
    executed, missing = ({_line(line) for line in facts[name]} for name in ("executed", "missing"))
    return Lines(executed=tuple(sorted(executed)), missing=tuple(sorted(missing - executed)))


def _line(number: int) -> int:
    if type(number) is not int or not 0 < number < _MAX_LINE:
        raise ValueError("a line number")
    return number
