"""What `ci-factory init` shows: the difference that it made, and the steps that are left."""

import difflib
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from ci_factory.adoption.steps import Step
from ci_factory.cli import common
from ci_factory.model.project_setup import Made, Outcome
from ci_factory.model.text import plain, plain_lines

if TYPE_CHECKING:
    from rich.console import Console

_WIDEST = 100
_HEADER = 2
"""Lines of a diff that name the files."""
_STYLES = {"+": "green", "-": "red", "@": "cyan"}
_WORDS = 500
_SIGNS = {
    Outcome.CREATED: "green",
    Outcome.CHANGED: "green",
    Outcome.PRESENT: "",
    Outcome.WANTED: "cyan",
    Outcome.REFUSED: "bold red",
}


@dataclass(frozen=True)
class FileChange:
    """A file before and after."""

    path: str
    before: str | None
    after: str

    @property
    def changed(self) -> bool:
        """Whether it is another one now."""
        return self.before != self.after

    @property
    def word(self) -> str:
        """What became of it."""
        return "created" if self.before is None else "changed" if self.changed else "unchanged"

    @property
    def diff(self) -> list[str]:
        """Lines of a unified diff, without line breaks."""
        old = [] if self.before is None else self.before.splitlines()
        names = ("/dev/null" if self.before is None else f"a/{self.path}", f"b/{self.path}")
        return list(difflib.unified_diff(old, self.after.splitlines(), *names, lineterm=""))


@dataclass(frozen=True)
class Result:
    """What was done, or would be."""

    level: int
    languages: tuple[str, ...]
    changes: tuple[FileChange, ...]
    left: tuple[Step, ...]
    dry_run: bool


def print_json(result: Result) -> None:
    """For machines."""
    files = [
        {"path": each.path, "change": each.word, "diff": "\n".join(each.diff)} for each in result.changes
    ]
    common.print_json(
        {
            "level": result.level,
            "dry_run": result.dry_run,
            "languages": list(result.languages),
            "files": files,
            "left": [asdict(step) for step in result.left],
        }
    )


def show(result: Result) -> None:
    """For people: coloured on a terminal, plain in a pipe."""
    console = common.console()
    for change in result.changes:
        _show_change(console, change, dry_run=result.dry_run)
    _line(console, f"\nLeft to do for level {result.level}:", "bold")
    for number, step in enumerate(result.left, 1):
        _show_step(console, number, step)


def show_made(made: Iterable[Made]) -> list[Made]:
    """Each thing as it is done; returns them."""
    console, shown = common.console(), []
    for each in made:
        shown.append(each)
        fix = f"; fix: {each.fix}" if each.fix else ""
        lines = _wrapped(plain(f"{each.name}: {each.message}{fix}", _WORDS), console, 10)
        _line(console, f"{each.outcome.value:<8}  {lines[0]}", _SIGNS[each.outcome])
        for line in lines[1:]:
            _line(console, f"{'':10}{line}")
    return shown


def _show_change(console: "Console", change: FileChange, *, dry_run: bool) -> None:
    would = "would be " if dry_run and change.changed else ""
    _line(console, f"{change.path}: {would}{change.word}", "bold")
    for place, line in enumerate(change.diff):
        style = "bold" if place < _HEADER else _STYLES.get(line[:1], "")
        _line(console, "".join(plain_lines(line)), style)


def _show_step(console: "Console", number: int, step: Step) -> None:
    title, *rest = _wrapped(step.title, console, 4)
    _line(console, f"{number:>2}. {title}", "bold")
    for line in (*rest, *_details(step, console)):
        _line(console, f"    {line}")


def _details(step: Step, console: "Console") -> Iterator[str]:
    for detail in (step.where, *step.details):
        yield from _wrapped(detail, console, 4)
    if step.url:
        yield step.url


def _wrapped(text: str, console: "Console", indent: int) -> list[str]:
    width = max(min(console.width, _WIDEST) - indent, 30)
    return textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False) or [""]


def _line(console: "Console", text: str, style: str = "") -> None:
    from rich.text import Text

    console.print(Text(text, style), soft_wrap=True)
