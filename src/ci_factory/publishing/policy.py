"""What may be published at all, decided from the applied tree and never from patch text. Pure."""

import unicodedata
from collections.abc import Iterable

from ci_factory.system.git import FileChange

MAX_FILES = 500
_LINK, _SUBMODULE = "120000", "160000"
_GIT_NAMES = {".git", "git~1", ".gitmodules"}


def problems(changes: Iterable[FileChange]) -> list[str]:
    """Why a change can't be published, each as one sentence; empty when it can."""
    rows = list(changes)
    found = [problem for change in rows if (problem := _problem(change))]
    if len(rows) > MAX_FILES:
        found.append(f"it changes {len(rows)} files; at most {MAX_FILES} can be reviewed")
    return found + _collisions(rows)


def _problem(change: FileChange) -> str | None:
    shown = ascii(change.path)
    if change.new_mode == _LINK:
        return f"{shown} is a symbolic link"
    if change.new_mode == _SUBMODULE:
        return f"{shown} is a submodule"
    if any(_folded(part) in _GIT_NAMES for part in change.path.split("/")):
        return f"{shown} would reach into git's own files"
    if _unsafe(change.path):
        return f"{shown} is not a name that every system can hold safely"
    return None


def _unsafe(path: str) -> bool:
    parts = path.split("/")
    return (
        path.startswith(("/", "-"))
        or "\\" in path
        or "\ufffd" in path
        or any(part in {"", ".", ".."} for part in parts)
        or any(unicodedata.category(character) in {"Cc", "Cf", "Cs", "Co"} for character in path)
    )


def _folded(part: str) -> str:
    """A name as a careless file system sees it: no invisible signs, no case, no trailing dots or spaces."""
    visible = "".join(c for c in unicodedata.normalize("NFKC", part) if unicodedata.category(c) != "Cf")
    return visible.casefold().rstrip(". ")


def _collisions(changes: list[FileChange]) -> list[str]:
    seen: dict[str, str] = {}
    found = []
    for change in changes:
        if change.status == "D":
            continue
        key = unicodedata.normalize("NFC", change.path).casefold()
        if key in seen and seen[key] != change.path:
            found.append(f"{change.path!a} and {seen[key]!a} differ only in case or Unicode form")
        seen[key] = change.path
    return found
