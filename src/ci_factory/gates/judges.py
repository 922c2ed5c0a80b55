"""The files of the repository that a command line runs as a judge: the base's versions, whatever the change makes of them."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from ci_factory.gates.checkout import Entry
from ci_factory.gates.subject import Subject

_INTERPRETER = re.compile(r"python[\d.]*|node|deno|bun|ruby|perl|php|bash|sh|dash|zsh")
_TASKS = {
    "make": ("GNUmakefile", "makefile", "Makefile"),
    "just": ("justfile", "Justfile", ".justfile"),
    "task": ("Taskfile.yml", "taskfile.yml", "Taskfile.yaml", "taskfile.yaml"),
    "rake": ("Rakefile", "rakefile"),
    "nox": ("noxfile.py",),
    "tox": ("tox.ini", "tox.toml"),
    "npm": ("package.json",),
    "yarn": ("package.json",),
    "pnpm": ("package.json",),
    "composer": ("composer.json",),
}
"""Where programs look for the tasks that they are to run."""


@dataclass(frozen=True)
class Judges:
    """How a head's checkout is changed so that the base's scripts judge it."""

    put: tuple[Entry, ...] = ()
    drop: tuple[str, ...] = ()

    @property
    def paths(self) -> list[str]:
        """The files that are not the change's own."""
        return sorted({*(entry.path for entry in self.put), *self.drop})


def judges(subject: Subject, command: Sequence[str]) -> Judges:
    """The scripts and task files that the command runs and that the change touches."""
    changes = (*subject.change.files, *subject.change.odd)
    touched = {each.path for each in changes} | {each.old_path for each in changes}
    names = [name for name in _names(command) if name in touched]
    known = subject.base_entries
    return Judges(
        tuple(known[name] for name in names if name in known),
        tuple(name for name in names if name not in known),
    )


def _names(command: Sequence[str]) -> Iterator[str]:
    program = PurePosixPath(command[0])
    if "/" in command[0]:
        yield str(program)
    yield from _TASKS.get(program.name, ())
    if _INTERPRETER.fullmatch(program.name):
        yield from _script(command[1:])


def _script(words: Sequence[str]) -> Iterator[str]:
    """What an interpreter runs: its first argument that is no option, or the module after `-m`."""
    for place, word in enumerate(words):
        if word == "-m" and place + 1 < len(words):
            module = words[place + 1].replace(".", "/")
            yield from (f"{module}.py", f"{module}/__init__.py", f"{module}/__main__.py")
            return
        if not word.startswith("-"):
            yield str(PurePosixPath(word))
            return
