"""Text of code that a person or a tool reads otherwise than the program that runs it (attacks 17, 24)."""

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from ci_factory.gates.subject import Subject

_PROSE = frozenset({".md", ".rst", ".txt", ".adoc", ".po", ".csv", ".json", ".svg", ".html"})
"""Documents and data may hold any letter of any language."""
_TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")
"""Bidirectional controls: what stands left is shown right."""
_BREAKING = re.compile("\r(?!$)|[\x85\u2028\u2029]")
"""Ends of lines for some readers only: for others what follows still belongs to a comment."""
_DECLARED = re.compile(r"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")
_PLAIN = re.compile(
    r"utf-?8(-?sig)?|us-?ascii|ascii|latin-?1|iso-?8859-?\d+|(cp|windows-?)125\d|koi8-?[ru]|cp\d{3}",
    re.IGNORECASE,
)
"""Encodings in which a letter of ASCII is that letter."""
_HEADER_LINES = 2


def disguises(subject: Subject) -> Iterator[tuple[str, int, str]]:
    """Path, line and what is wrong with it, of the lines that the change adds."""
    for path, lines in sorted(subject.change.added.items()):
        suffix = PurePosixPath(path).suffix.lower()
        if suffix in _PROSE:
            continue
        for line in lines:
            header = line.number <= _HEADER_LINES and suffix in {".py", ".pyi", ".pyw"}
            if said := _disguise(line.text) or (_encoding(line.text) if header else ""):
                yield path, line.number, said


def _disguise(text: str) -> str:
    if _TURNING.search(text):
        return "has characters that change the direction of what is shown"
    return "has a line break that only some readers see" if _BREAKING.search(text) else ""


def _encoding(text: str) -> str:
    found = _DECLARED.match(text)
    if found is None or _PLAIN.fullmatch(found[1].replace("_", "-")):
        return ""
    return f"declares the encoding {found[1]}, in which the text may say something else"
