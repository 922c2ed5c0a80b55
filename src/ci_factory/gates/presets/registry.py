"""All presets by name, and which of them a project is written in. Adding one: a module, a line here, its name in model/commands.py."""

import functools
from typing import TYPE_CHECKING

from ci_factory.gates.change import is_test_module
from ci_factory.gates.presets.go import GO
from ci_factory.gates.presets.java import JAVA
from ci_factory.gates.presets.javascript import JAVASCRIPT, TYPESCRIPT
from ci_factory.gates.presets.model import Files, Preset, SideName, TestsCommand
from ci_factory.gates.presets.php import PHP
from ci_factory.gates.presets.python import PYTHON
from ci_factory.gates.presets.rust import RUST

if TYPE_CHECKING:  # a subject knows its presets
    from ci_factory.gates.subject import Subject

PRESETS: dict[str, Preset] = {
    each.name: each for each in (PYTHON, TYPESCRIPT, JAVASCRIPT, GO, RUST, PHP, JAVA)
}
_MAX_CHARS = 1024 * 1024


def files_of(subject: "Subject") -> Files:
    """The files of the subject's root on both sides."""
    base = frozenset(subject.base_entries)
    changes = (*subject.change.files, *subject.change.odd)
    gone = {each.old_path for each in changes if each.status in {"D", "R"}}
    head = (base - gone) | {each.path for each in changes if each.status != "D"}

    @functools.cache
    def read(side: SideName, path: str) -> str:
        if path not in (base if side == "base" else head):
            return ""
        commit = subject.change.base if side == "base" else subject.change.head
        text = subject.repo.show(commit, f"{subject.root}/{path}" if subject.root else path) or ""
        return text if len(text) <= _MAX_CHARS else ""

    return Files(base, head, read)


def detected(wanted: tuple[str, ...], files: Files) -> tuple[Preset, ...]:
    """The presets that hold for a root: those that are named, and for `auto` those of its languages.

    Files of both sides count, so that a change can't hide the language it is written in.
    """
    spoken = _spoken(files.every) if "auto" in wanted else frozenset()
    return tuple(preset for preset in PRESETS.values() if preset.name in spoken or preset.name in wanted)


@functools.lru_cache(maxsize=8)
def _spoken(paths: frozenset[str]) -> frozenset[str]:
    """Names of the presets whose language some file shows: one file of each ending and those called like a manifest."""
    manifests = {name for preset in PRESETS.values() for name in preset.manifests}
    samples = {path[path.rfind(".") :]: path for path in paths}
    asked = [*samples.values(), *(path for path in paths if path[path.rfind("/") + 1 :] in manifests)]
    return frozenset(name for name, preset in PRESETS.items() if any(map(preset.speaks, asked)))


def tests_command(subject: "Subject") -> TestsCommand | None:
    """What runs the tests of the subject's root; `None` is pytest where it is written in Python, else unknown.

    Python's tests come first where there are some.
    """
    files = files_of(subject)
    return choose_tests(detected(subject.config.gates.presets, files), files)


def choose_tests(presets: tuple[Preset, ...], files: Files) -> TestsCommand | None:
    """As `tests_command`, of presets that are known already.

    The base's word counts where it has tests: a change can't have other tests run in their place.
    """
    sides: tuple[SideName, ...] = ("base", "head")
    for side in sides:
        if PYTHON in presets and any(is_test_module(path) for path in files.of(side)):
            return None
        found = (preset.tests(files, side) for preset in presets)
        if command := next((each for each in found if each is not None), None):
            return command
    return None
