"""What became of each fault, kept in a file so that a run can go on where it was stopped."""

import json
import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

import yaml

from tests.mutants.faults import Fault

EXPLAINED = Path(__file__).with_name("explained.yaml")


class Fate(StrEnum):
    """What became of a fault."""

    KILLED = "killed"
    TIMEOUT = "timeout"
    """It used many times the processor time that the tests take; noticed, too."""
    SURVIVED = "survived"
    UNCOVERED = "uncovered"
    """No test runs the place."""


NOTICED = {Fate.KILLED, Fate.TIMEOUT}


@dataclass(frozen=True)
class Result:
    """One fault."""

    key: str
    path: str
    line: int
    statement: str
    said: str
    operator: str
    fate: Fate
    by: str = ""
    """The test that noticed it."""

    @classmethod
    def of(cls, fault: Fault, fate: Fate, by: str = "") -> "Result":
        """The result of a fault."""
        mutant = fault.mutant
        return cls(
            fault.key, mutant.path, mutant.line, fault.statement, mutant.said, mutant.operator, fate, by
        )

    @property
    def name(self) -> tuple[str, str, str]:
        """How the list of explained ones calls it: the same when lines above it come and go."""
        return self.path, self.statement, self.said


class Kept:
    """Results in a file, a line each; the last of a fault counts."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)

    def read(self) -> dict[str, Result]:
        """By the key of the fault."""
        lines = self._path.read_text(encoding="utf-8").splitlines() if self._path.exists() else []
        rows = [json.loads(line) for line in lines if line.endswith("}")]
        return {row["key"]: Result(**{**row, "fate": Fate(row["fate"])}) for row in rows}

    def add(self, result: Result) -> None:
        """One more."""
        with self._path.open("a", encoding="utf-8") as file:
            file.write(f"{json.dumps(asdict(result))}\n")

    def forget(self) -> None:
        """Begin anew."""
        self._path.unlink(missing_ok=True)


def explained() -> dict[tuple[str, str, str], str]:
    """Faults that no test need notice, and why: {(path, statement, said): reason}."""
    rows = yaml.safe_load(EXPLAINED.read_text(encoding="utf-8")) or []
    return {(row["path"], row["statement"], row["said"]): row["why"] for row in rows}


@dataclass(frozen=True)
class Summary:
    """The figures of a room."""

    room: str
    faults: int
    """That there are; `tried` of them were tried."""
    tried: int
    killed: int
    timeout: int
    survived: int
    uncovered: int
    explained: int
    """Of those that survived."""

    @property
    def noticed(self) -> float:
        """Part of those tried that was noticed; the explained count as not noticed."""
        return (self.killed + self.timeout) / self.tried if self.tried else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's interval of 95 % for the whole room; a point when everything was tried."""
        if self.tried in (0, self.faults):
            return self.noticed, self.noticed
        z, n, p = 1.959964, self.tried, self.noticed
        middle, width = p + z * z / (2 * n), z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
        return (middle - width) / (1 + z * z / n), (middle + width) / (1 + z * z / n)


def summary(room: str, faults: int, results: Iterable[Result]) -> Summary:
    """Counted."""
    every, why = list(results), explained()
    fates = [each.fate for each in every]
    return Summary(
        room=room,
        faults=faults,
        tried=len(every),
        killed=fates.count(Fate.KILLED),
        timeout=fates.count(Fate.TIMEOUT),
        survived=fates.count(Fate.SURVIVED),
        uncovered=fates.count(Fate.UNCOVERED),
        explained=sum(each.name in why for each in every if each.fate not in NOTICED),
    )
