"""The line to the process that runs tests: an order goes in, records come out. What comes is hostile and read strictly."""

import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ci_factory.errors import FactoryError
from ci_factory.gates.findings import clean
from ci_factory.gates.protocol import Unmeasurable
from ci_factory.gates.testing import limited
from ci_factory.gates.tools import OUTPUT_LIMIT
from ci_factory.model.base import Json
from ci_factory.system import process

MEMORY_BYTES = 4 * 1024**3
"""Address space of the tests' process: a program that eats memory fails by itself, and not the machine."""
_PLUGIN = Path(__file__).parent / "plugin"
_STATUS = re.compile(r"-?[0-9]{1,9}")
_FOREIGN = ("PYTHON", "PYTEST", "COVERAGE", "COV_CORE")
_KNOWN = ("PYTHONDONTWRITEBYTECODE", "PYTHONHASHSEED")


class Tampered(FactoryError):
    """What came back was not written by our own process: the run was manipulated."""


@dataclass(frozen=True)
class Answer:
    """What the worker said, and how it ended."""

    records: tuple[Mapping[str, Any], ...]
    status: int
    """Exit status, or minus the signal."""
    said: str
    """Last line of its output, cleaned."""


def ask(
    python: str, order: Mapping[str, Json], *, cwd: Path, env: Mapping[str, str], timeout: float
) -> Answer:
    """Start the bootstrap script under a memory limit, give it the order, read the records.

    `timeout` is in seconds.

    Raises:
        Unmeasurable: it did not end in time, or there is no answer at all.
        Tampered: something else wrote into the answer.
    """
    nonce = secrets.token_hex(16)
    text = json.dumps(order).encode()
    guard = [python, "-I", str(Path(limited.__file__)), str(MEMORY_BYTES)]
    done = process.run(
        [*guard, python, "-s", str(_PLUGIN / "bootstrap.py")],
        cwd=cwd,
        env={**_isolated(env), "PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "0"},
        stdin=b"%d\n" % len(text) + text + nonce.encode() + b"\n",
        timeout=timeout,
        limit=OUTPUT_LIMIT,
        tethered=True,
    )
    if done.timed_out:
        fix = "raise gates.tests.timeout_seconds, or lower gates.tests.test_timeout_seconds"
        raise Unmeasurable(f"the tests did not finish in {timeout:g} s", fix=fix)
    if not done.stdout:
        raise Unmeasurable(f"pytest left no report: {_last(done.stderr)}")
    return _read(done, nonce)


def _isolated(env: Mapping[str, str]) -> dict[str, str]:
    """Without the variables by which Python, pytest and coverage load code."""
    return {name: value for name, value in env.items() if not name.startswith(_FOREIGN) or name in _KNOWN}


def _read(done: process.Completed, nonce: str) -> Answer:
    first, _, rest = done.stdout.partition("\n")
    said, _, status = first.partition(" ")
    # Only the warden knows the nonce. A first line without it, or none, was written by what it watched.
    if not secrets.compare_digest(said.encode(), nonce.encode()) or not _STATUS.fullmatch(status):
        raise Tampered("the answer of the tests' process was written by somebody else")
    whole = rest[: rest.rfind("\n") + 1]  # a worker that dies may leave half a line
    records = tuple(_record(line) for line in whole.split("\n") if line)
    return Answer(records, int(status), _last(done.stderr))


def _last(text: str) -> str:
    lines = text.strip().splitlines()
    return clean(lines[-1]) if lines else "it said nothing"


def _record(line: str) -> Mapping[str, Any]:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise Tampered("the report of the tests holds a line that is none") from error
    if not isinstance(record, dict):
        raise Tampered("the report of the tests holds a line that is none")
    return record
