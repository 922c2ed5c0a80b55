"""Public names and signatures of Python modules that a change takes away, by griffe: read from text, never imported."""

import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from types import ModuleType
from typing import Any

from ci_factory.model.attempt import Trigger
from ci_factory.work.triggers.change import Change, ChangedFile
from ci_factory.work.triggers.signal import Signal

NOT_MEASURED = (
    "public names of Python are not measured: griffe is not installed (pip install 'ci-factory[gates]')"
)
_BREAKING = frozenset(
    {
        "OBJECT_REMOVED",
        "PARAMETER_REMOVED",
        "PARAMETER_MOVED",
        "PARAMETER_ADDED_REQUIRED",
        "PARAMETER_CHANGED_REQUIRED",
        "PARAMETER_CHANGED_KIND",
        "CLASS_REMOVED_BASE",
    }
)
"""What callers notice at once; other defaults, values and annotations are often the very fix."""
_MOST = 20
_SCRIPTS = frozenset({"setup.py", "noxfile.py", "manage.py", "conf.py", "tasks.py", "fabfile.py"})


def python_api(change: Change) -> Iterator[Signal]:
    """At most twenty signals; none where griffe is missing, which `not_measured` says."""
    griffe = _griffe()
    files = [file for file in change.code if _is_public_module(file)]
    signals = (signal for file in files if griffe for signal in _of_file(griffe, file))
    for signal, _ in zip(signals, range(_MOST), strict=False):
        yield signal


def not_measured(change: Change) -> tuple[str, ...]:
    """What could not be looked into, in words."""
    public = any(_is_public_module(file) for file in change.code)
    return (NOT_MEASURED,) if public and _griffe() is None else ()


def _griffe() -> ModuleType | None:
    try:
        import griffe
    except ImportError:
        return None
    return griffe


def _is_public_module(file: ChangedFile) -> bool:
    place = PurePosixPath(file.old_path or file.path)
    parts = (*place.parts[:-1], place.stem)
    hidden = any(part.startswith(("_", ".")) and part != "__init__" for part in parts)
    return place.suffix == ".py" and not file.new and not hidden and place.name not in _SCRIPTS


def _of_file(griffe: ModuleType, file: ChangedFile) -> Iterator[Signal]:
    old_place = file.old_path or file.path
    old = _module(griffe, old_place, file.before)
    if old is None:
        return
    if file.gone or file.old_path:
        if any(_is_public(member) for member in old.members.values()):
            what = "moves" if file.old_path else "removes"
            yield _signal(f"{what} the public module {_dotted(old_place)}", old_place, 1)
        return
    new = _module(griffe, file.path, file.after)
    told: set[str] = set()
    for breakage in _breakages(griffe, old, new) if new is not None else ():
        name = breakage.obj.path
        if breakage.kind.name in _BREAKING and _is_reachable(breakage.obj) and name not in told:
            told.add(name)
            yield _signal(_told(breakage, file.path), file.path, breakage.obj.lineno or 1)


def _breakages(griffe: ModuleType, old: Any, new: Any) -> list[Any]:  # noqa: ANN401 - griffe's own kinds
    try:
        return list(griffe.find_breaking_changes(old, new))
    except (
        griffe.GriffeError,
        RecursionError,
    ):  # a name that leads to another package can't be followed in one text
        return []


def _module(griffe: ModuleType, path: str, text: str | None) -> Any:  # noqa: ANN401 - griffe's own kind, there only when installed
    """What a text defines; `None` for one that is no Python."""
    if text is None:
        return None
    try:
        return griffe.visit(_dotted(path).rpartition(".")[2] or "module", filepath=Path(path), code=text)
    except (SyntaxError, ValueError, RecursionError):
        return None


def _dotted(path: str) -> str:
    trimmed = re.sub(r"^(?:src|lib)/|/__init__\.py$|\.py$", "", path)
    return trimmed.replace("/", ".")


def _is_public(member: Any) -> bool:  # noqa: ANN401 - griffe's own kind
    return not member.is_alias and not member.name.startswith("_") and bool(member.is_public)


def _is_reachable(member: Any) -> bool:  # noqa: ANN401 - griffe's own kind
    """Public itself, and so is all that it is in."""
    while member is not None and not member.is_module:
        if not _is_public(member) and member.name != "__init__":
            return False
        member = member.parent
    return True


def _told(breakage: Any, path: str) -> str:  # noqa: ANN401 - griffe's own kind
    name = f"{_dotted(path)}.{breakage.obj.path.partition('.')[2]}"
    if breakage.kind.name == "OBJECT_REMOVED":
        return f"removes the public name {name}"
    return f"changes the public signature of {name}: {breakage.kind.value.lower()}"


def _signal(what: str, path: str, line: int) -> Signal:
    return Signal(Trigger.COMPATIBILITY, "public-api", what, path, line)
