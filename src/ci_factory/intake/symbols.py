"""Names of functions, classes and constants in a ticket's text, and where the tree defines and uses them."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

MOST = 1_500
"""Names that are looked for in the tree at one intake; those that most tickets name come first."""
_PER_TICKET = 40
_SHORTEST = 4
"""Letters of a name that means something by itself."""
_WIDE = 20
"""A name used in more files than that tells nothing."""
_DEFINED_IN = 5
"""A name defined in more files than that tells nothing."""
NAME = re.compile(
    r"`(?P<quoted>[A-Za-z_][\w.]*)(?:\(\))?`"
    r"|\b(?P<called>[A-Za-z_][\w.]*)\(\)"
    r"|\b(?P<dotted>[a-z_]\w*(?:\.[a-z_]\w*)+)\b"
    r"|\b(?P<snake>[a-z]+(?:_[a-z0-9]+)+)\b"
    r"|\b(?P<camel>(?:[A-Z][a-z0-9]+){2,})\b"
    r"|\b(?P<module>[a-z]\w+) (?:module|package|class|command|gate|parser)\b"
)
"""What looks like code's own name in prose."""
_IN_CODE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_KEYWORDS = (
    "class|const|data|def|defmodule|defp|enum|fn|fun|func|function|interface|let|macro|module|object|protocol|record|"
    "struct|sub|trait|type|val|var"
)
_DEFINES = re.compile(rf"(?:{_KEYWORDS})\s", re.ASCII)


def symbols(text: str) -> tuple[str, ...]:
    """The names in a text that may be looked for in code, each once: `Cart`, `total` for `Cart.total()`."""
    words = (next(filter(None, match.groups())) for match in NAME.finditer(text))
    parts = (part for word in words for part in word.split("."))
    fit = (part for part in parts if len(part) >= _SHORTEST and _IN_CODE.fullmatch(part))
    return tuple(dict.fromkeys(fit))[:_PER_TICKET]


def wanted(texts: Iterable[str]) -> tuple[str, ...]:
    """What is to be looked for on behalf of all tickets, bounded."""
    counted = Counter(name for text in texts for name in symbols(text))
    return tuple(name for name, _ in sorted(counted.items(), key=lambda each: (-each[1], each[0])))[:MOST]


def expression(names: Iterable[str]) -> str:
    """A POSIX extended expression that finds the names as whole words, with the keyword of a definition before them."""
    return f"(({_KEYWORDS})[[:space:]]+)?({'|'.join(names)})"


@dataclass(frozen=True)
class Uses:
    """Where names are defined and used: name -> paths, sorted."""

    defined: dict[str, tuple[str, ...]] = field(default_factory=dict)
    used: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, found: Iterable[tuple[str, str]]) -> "Uses":
        """From (path, what the expression matched there)."""
        defined: dict[str, set[str]] = defaultdict(set)
        used: dict[str, set[str]] = defaultdict(set)
        for path, match in found:
            name = match.split()[-1]
            (defined if _DEFINES.match(match) else used)[name].add(path)
        return cls(_telling(defined, _DEFINED_IN), _telling(used, _WIDE))


def _telling(places: dict[str, set[str]], most: int) -> dict[str, tuple[str, ...]]:
    return {name: tuple(sorted(paths)) for name, paths in places.items() if len(paths) <= most}
