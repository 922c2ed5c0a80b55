"""Names of files that trick a file system, git, a tool or a reader. Pure.

What looks alike follows UTS #39 (Unicode security mechanisms): names are compared by a skeleton, in which every letter
stands for all that look like it. Of its table only letters are kept that are hard to tell from ASCII in a
fixed-width font. Git's own names follow `verify_path` of git's read-cache.c.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

from ci_factory.model.text import invisible

_LOOKALIKES = {
    "a": "аᎪɑ", "b": "Ьᏼʙ", "c": "сϲᏟᴄ", "d": "ԁᎠ", "e": "еҽᎬ", "g": "ɡցᏀԌ", "h": "һհᎻ", "i": "іιıɩ", "j": "јϳ",
    "k": "кκᏦ", "l": "ӏᏞӀǀ", "m": "мᎷ", "n": "ոᴎ", "o": "оοօσᴏഠ", "p": "рρᏢ", "q": "ԛզ", "r": "гᏒᴦ", "s": "ѕꜱᏚ",
    "t": "тτᎢ", "u": "υսᴜʋ", "v": "νѵᏙᴠ", "w": "ԝᏔᴡ", "x": "хχ", "y": "уүʏ", "z": "ᴢᏃ",
    "A": "АΑ", "B": "ВΒ", "C": "СϹ", "E": "ЕΕ", "F": "Ϝ", "H": "НΗ", "I": "ІΙ", "J": "ЈͿ", "K": "КΚ", "M": "МΜ",
    "N": "Ν", "O": "ОΟՕ", "P": "РΡ", "Q": "Ԛ", "S": "ЅՏ", "T": "ТΤ", "U": "Ս", "V": "Ѵ", "W": "Ԝ", "X": "ХΧ",
    "Y": "ҮΥ", "Z": "Ζ", "-": "‐‒–—−⁃", ".": "․·", "_": "ˍ", "'": "’‘ʼ",
}  # fmt: skip
_SKELETON = {ord(other): letter for letter, others in _LOOKALIKES.items() for other in others}
_LETTERS = re.compile(r"[^\W\d_]+")
_ALPHABETS = frozenset({"LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "COPTIC"})
_GIT_NAMES = re.compile(
    r"\.git|\.gitmodules|git~\d+|gitmod~\d+|gi7eba~\d+|gitatt~\d+|gi7d29~\d+|gitign~\d+|gi250a~\d+|mailma~\d+"
)
"""Git's folder and its file of submodules, and the short names under which Windows finds those and its settings."""
_SLASHES = frozenset("\u2044\u2215\u29f8\u29f9\u2216\u2571\u2572\ufe68\uff0f\uff3c")
_RESERVED = re.compile(
    r"(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(?:\..*)?", re.IGNORECASE
)
_COMPONENT_BYTES, _PATH_BYTES = 255, 4096


def git_name(path: str) -> bool:
    """Whether a careless file system, or reader, would find git's own files under this path."""
    seen = (name for part in path.split("/") for name in (folded(part), look(folded(part))))
    return any(map(_GIT_NAMES.fullmatch, seen))


def folded(part: str) -> str:
    """A name as a careless file system sees it: no invisible signs, no case, no streams, no trailing dots or spaces."""
    visible = "".join(c for c in unicodedata.normalize("NFKC", part) if unicodedata.category(c) != "Cf")
    return visible.casefold().partition(":")[0].rstrip(". ")


def endless(path: str) -> bool:
    """Whether no system can hold this name, so that nothing else about it matters."""
    return len(path) > _PATH_BYTES


def unsafe(path: str) -> str:
    """Why not every system and reader can hold this name; empty when they can."""
    if endless(path):
        return "is too long"
    parts = path.split("/")
    tests = (
        (
            "is no path within the repository",
            path.startswith("/") or any(p in {"", ".", ".."} for p in parts),
        ),
        ("begins like an option", any(part.startswith("-") for part in parts)),
        ("is not UTF-8", "\ufffd" in path or not _encodable(path)),
        ("holds characters that can't be seen", any(map(invisible, path))),
        ("holds a slash that is none", "\\" in path or any(c in _SLASHES for c in path)),
        ("holds a space that is none", any(c.isspace() and c != " " for c in path)),
        ("begins or ends in a space, or ends in a dot", any(_edges(part) for part in parts)),
        ("means something else on Windows", any(_on_windows(part) for part in parts)),
        ("is too long", len(path.encode("utf-8", "replace")) > _PATH_BYTES or any(map(_long, parts))),
        ("mixes alphabets to look like another name", any(_mixed(part) for part in parts)),
    )
    return next((why for why, wrong in tests if wrong), "")


def _encodable(path: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in path)


def _edges(part: str) -> bool:
    return part != part.strip(" ") or part.endswith(".")


def _on_windows(part: str) -> bool:
    return ":" in part or _RESERVED.fullmatch(part) is not None


def _long(part: str) -> bool:
    return len(part.encode("utf-8", "replace")) > _COMPONENT_BYTES


def _mixed(part: str) -> bool:
    """Whether a word takes letters from several alphabets and reads as if it were of one."""
    words = (word for word in _LETTERS.findall(part) if not word.isascii())
    return any(len(_alphabets(word)) > 1 and _skeleton(word).isascii() for word in words)


def _alphabets(word: str) -> frozenset[str]:
    return _ALPHABETS & {unicodedata.name(character, "").partition(" ")[0] for character in word}


def _skeleton(name: str) -> str:
    return unicodedata.normalize("NFKC", name).translate(_SKELETON)


@lru_cache(65_536)
def look(part: str) -> str:
    """What one name looks like to somebody in a hurry, or to a file system that ignores case and Unicode form."""
    if part.isascii():
        return part.lower()
    return unicodedata.normalize("NFKC", _skeleton(part).casefold()).translate(_SKELETON)


def collisions(new: Iterable[str], others: Iterable[str]) -> Iterator[tuple[str, str]]:
    """(new path, existing name) wherever a file or folder of a new path is hard to tell from another in the same folder."""
    wanted = list(new)
    looks = {key for path in wanted for key, _ in _levels(path)}
    known: dict[str, str] = {}
    for path in others if wanted else ():
        for key, name in _unseen(path, known):
            if key in looks:
                known.setdefault(key, name)
    for path in wanted:
        if found := _collision(path, known):
            yield path, found


def _unseen(path: str, known: dict[str, str]) -> Iterator[tuple[str, str]]:
    """The levels of a path; of a folder that is known under its own name, as most are, only the file's."""
    folder, slash, name = path.rpartition("/")
    key = _look_of_folder(folder)
    if slash and known.get(key) == folder:
        yield f"{key}/{look(name)}", path
    else:
        yield from _levels(path)


@lru_cache(65_536)
def _look_of_folder(folder: str) -> str:
    return "".join(f"/{look(part)}" for part in folder.split("/")) if folder else ""


def _collision(path: str, known: dict[str, str]) -> str | None:
    for key, name in _levels(path):
        if known.setdefault(key, name) != name:
            return known[key]
    return None


def _levels(path: str) -> Iterator[tuple[str, str]]:
    """The look and the name of the path and of each folder above it."""
    key = name = ""
    for part in path.split("/"):
        key, name = f"{key}/{look(part)}", f"{name}/{part}"
        yield key, name[1:]


def through_link(path: str, modes: Mapping[str, str]) -> str | None:
    """The folder above a path that is a symbolic link by `modes`, which tells the modes of files by their look."""
    *above, _ = _levels(path)
    return next((name for key, name in above if modes.get(key) == "120000"), None)


def by_look(modes: Mapping[str, str]) -> dict[str, str]:
    """Modes of links by the look of their path."""
    links = (path for path, mode in modes.items() if mode == "120000")
    return {list(_levels(path))[-1][0]: "120000" for path in links}
