"""The rooms whose tests are measured: their modules and tests, as paths from the root, which is the current folder."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
_TEXTS = (
    "answers",
    "comments",
    "decisions",
    "description",
    "earlier_work",
    "follow_up",
    "issue_notes",
    "level_one",
    "markdown",
    "names",
    "note",
    "outcome",
    "reminders",
    "replies",
    "review_reminders",
    "sanitise",
    "sections",
    "together",
    "work_notes",
)


@cache
def source(path: str) -> bytes:
    """A module as it was when it was first asked for: places of faults stay true when somebody edits meanwhile."""
    return Path(path).read_bytes()


def file_of(path: str) -> str:
    """The module's whole path, as running code knows it."""
    return str(Path(path).absolute())


@dataclass(frozen=True)
class Room:
    """Modules and their tests."""

    name: str
    sources: tuple[str, ...]
    tests: tuple[str, ...]

    def modules(self) -> Iterator[str]:
        """Every module, in order."""
        for each in self.sources:
            found = Path(each)
            yield from map(str, [found] if found.is_file() else sorted(found.rglob("*.py")))


def _whole(name: str) -> Room:
    return Room(name, (f"src/ci_factory/{name}",), (f"tests/{name}",))


ROOMS = {
    "scoring": _whole("scoring"),
    "planning": _whole("planning"),
    "review": _whole("review"),
    "publishing": Room(
        "publishing", tuple(f"src/ci_factory/publishing/{name}.py" for name in _TEXTS), ("tests/publishing",)
    ),
}
"""Of publishing what writes and reads texts; the publisher itself is looked at by kill tables and attacks."""


def module_name(path: str) -> str:
    """`ci_factory.scoring.score` of `src/ci_factory/scoring/score.py`."""
    return path.removeprefix("src/").removesuffix(".py").removesuffix("/__init__").replace("/", ".")
