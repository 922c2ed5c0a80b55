"""Names that can be taken for others. Blocks, so it only speaks where a slip of the finger or the eye explains the name."""

import re
import unicodedata
from collections.abc import Collection
from functools import cache

from ci_factory.manifests.model import Ecosystem
from ci_factory.manifests.popular import POPULAR, REAL

_LEAST = 4
"""Characters of a name that a slip is looked for in; shorter names are near too many others."""
_CONFUSABLE = (("rn", "m"), ("vv", "w"), ("cl", "d"), ("0", "o"), ("1", "l"), ("5", "s"), ("i", "l"))
_HOMOGLYPHS = str.maketrans(
    "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0455\u0458\u04bb\u0501\u0261\u0578\u03bf\u03bd\u03b1\u0131\u043a\u043c\u0442",
    "aeopcyxisjhdgnovaikmt",
)
"""Cyrillic, Greek and other letters that look like Latin ones (Unicode confusables)."""
_AFFIX = re.compile(
    r"^(?:python|py|node|js|lib|official|real|the|new)[-_.]?|[-_.]?(?:python|py|node|js|official|lib|pkg|package|new)$"
)


def resembles(ecosystem: Ecosystem, name: str, known: Collection[str]) -> str | None:
    """The much-used or already used name that this one may be mistaken for, `None` when there is none.

    `known` are names that the project depends on already.
    """
    popular = POPULAR.get(ecosystem, frozenset())
    if name in popular or name in known or name in REAL.get(ecosystem, frozenset()):
        return None
    if not name.isascii():
        return _ascii(name)
    if found := _near_popular(name, popular):
        return found
    return next((other for other in sorted(known) if _near_known(name, other)), None)


def _ascii(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name.translate(_HOMOGLYPHS)).encode("ascii", "ignore").decode()
    return plain or "a name of other letters"


def _near_popular(name: str, popular: frozenset[str]) -> str | None:
    if name.startswith("@"):
        return None  # a scope has an owner
    for other in _candidates(name, popular):
        if slip(name, other):
            return other
    bare = _AFFIX.sub("", name)
    return bare if bare != name and len(bare) >= _LEAST and bare in popular else None


def _candidates(name: str, popular: frozenset[str]) -> list[str]:
    return sorted(other for other in popular if len(other) >= _LEAST and abs(len(other) - len(name)) <= 2)  # noqa: PLR2004 - confusable pairs change the length by at most 2


def _near_known(name: str, other: str) -> bool:
    if len(other) <= _LEAST or name.rpartition("/")[0] != other.rpartition("/")[0]:
        return False
    counted = re.sub(r"\d+", "", name) == re.sub(r"\d+", "", other)  # psycopg2 beside psycopg3 is no slip
    return not counted and slip(name, other)


def slip(one: str, other: str) -> bool:
    """Whether two names differ by one edit or swap, by separators only, or by characters that look alike."""
    if one == other:
        return False
    return (
        _distance_one(one, other)
        or _bare(one) == _bare(other)
        or _skeleton(one) == _skeleton(other)
        or _swapped(one, other)
    )


def _bare(name: str) -> str:
    return re.sub(r"[-_.]", "", name)


def _swapped(one: str, other: str) -> bool:
    """`dateutil-python` for `python-dateutil`."""
    parts = re.split(r"[-_.]", one)
    return len(parts) > 1 and sorted(parts) == sorted(re.split(r"[-_.]", other))


@cache
def _skeleton(name: str) -> str:
    for seen, meant in _CONFUSABLE:
        name = name.replace(seen, meant)
    return name


def _distance_one(one: str, other: str) -> bool:
    """One insertion, deletion, replacement or swap of neighbours (optimal string alignment distance 1)."""
    if abs(len(one) - len(other)) > 1:
        return False
    start = 0
    while start < min(len(one), len(other)) and one[start] == other[start]:
        start += 1
    left, right = one[start:], other[start:]
    if len(left) == len(right):
        return left[1:] == right[1:] or (left[:2] == right[1::-1] and left[2:] == right[2:])
    return left[1:] == right if len(left) > len(right) else left == right[1:]
