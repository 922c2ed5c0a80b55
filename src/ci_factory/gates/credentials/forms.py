"""Text in which a credential hides: encoded, escaped, reversed, or divided among string literals. Pure."""

import base64
import binascii
import re
import urllib.parse
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{20,200000}={0,2}")
_WRAPPED = re.compile(
    r"(?:^[ \t\"']*[A-Za-z0-9+/]{40,200}={0,2}[ \t\"',\\]*(?:\r?\n|$)){2,400}", re.MULTILINE
)
_HEX = re.compile(r"(?:[0-9a-fA-F]{2}){12,100000}")
_BASE32 = re.compile(r"(?<![A-Z2-7])[A-Z2-7]{24,100000}={0,6}")
_BASE85 = re.compile(r"[\"'`]([!-&(-_a-z{-~]{20,20000})[\"'`]")
_ESCAPES = re.compile(r"(?:\\x[0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\[0-7]{3}|[\w+/.=-]){8,}")
_ESCAPE = re.compile(r"\\x([0-9a-fA-F]{2})|\\u([0-9a-fA-F]{4})|\\([0-7]{3})")
_PERCENT = re.compile(r"[^\s\"'<>%]{0,200}(?:%[0-9a-fA-F]{2}[^\s\"'<>%]{0,200})+")
_NUMBERS = re.compile(
    r"(?:(?:0[xX][0-9a-fA-F]{2}|\d{2,3})\s*[,;]\s*(?:chr\(|\n\s*)?){11,2000}(?:0[xX][0-9a-fA-F]{2}|\d{2,3})"
)
_CHARACTERS = re.compile(r"(?:chr\(\s*\d{2,3}\s*\)\s*(?:[+,.]\s*)?){8,2000}")
_LITERAL = re.compile(r"\"(?:[^\"\\\n]|\\.){0,4000}\"|'(?:[^'\\\n]|\\.){0,4000}'|`(?:[^`\\\n]|\\.){0,4000}`")
_GAP = 48
"""Characters between two literals that may belong together: `+`, a comma, a line's end, the next assignment."""
_CHAIN = 40
_PRINTABLE = 0.9
_RUN = re.compile(r"[\x20-\x7e]{16,}")
"""Readable text in the middle of decoded bytes; in random ones, as long a run is rare."""
_DEPTH = 2
_MAX_INFLATED = 1024 * 1024
"""Bytes that are read of compressed data."""


@dataclass(frozen=True)
class Form:
    """Text made from a part of a file."""

    text: str
    line: int
    """Where the part begins, from 1."""
    how: str
    """`base64`, `hex` …, empty for the text itself."""
    starts: tuple[tuple[int, int], ...] = ()
    """Of divided text: the places where another literal begins, each with its line."""
    raw: str = ""
    """How it stands in the file, where that is another text."""


def forms(text: str) -> Iterator[Form]:
    """The text itself, then everything that can be read out of it."""
    yield Form(text, 1, "")
    lines = _Lines(text)
    yield from _decoded(text, lines)
    yield from joined(text, lines)
    yield Form(text[::-1], 0, "reversed")


def line_of(form: Form, start: int, whole: str) -> int:
    """The line of a match in a form, as a line of the whole file."""
    if form.how == "reversed":
        return whole.count("\n", 0, len(whole) - start - 1) + 1
    if form.how == "divided":
        return max((each for each in form.starts if each[0] <= start), default=(0, form.line))[1]
    return form.line + (form.text.count("\n", 0, start) if not form.how else 0)


class _Lines:
    """Line numbers of places, for places that only go up."""

    def __init__(self, text: str) -> None:
        self._text, self._at, self._line = text, 0, 1

    def at(self, place: int) -> int:
        if place < self._at:
            self._at, self._line = 0, 1
        self._line += self._text.count("\n", self._at, place)
        self._at = place
        return self._line


def _decoded(text: str, lines: _Lines, depth: int = _DEPTH) -> Iterator[Form]:
    for found, how, plain in decodings(text):
        line = lines.at(found.start())
        yield Form(plain, line, how, raw=found[0])
        if depth > 1:
            yield from (
                Form(each.text, line, f"{how}, {each.how}", raw=found[0])
                for each in _decoded(plain, _Lines(plain), depth - 1)
            )


def decodings(text: str) -> Iterator[tuple[re.Match[str], str, str]]:
    """(match, kind, decoded text) of everything that decodes to readable text."""
    for expression, how, decode in (
        (_BASE64, "base64", _from_base64),
        (_WRAPPED, "base64", _from_wrapped),
        (_HEX, "hexadecimal", _from_hex),
        (_BASE32, "base32", _from_base32),
        (_BASE85, "base85", _from_base85),
        (_CHARACTERS, "character codes", _from_numbers),
        (_NUMBERS, "character codes", _from_numbers),
    ):
        for found in expression.finditer(text):
            if plain := decode(found[0]):
                yield found, how, plain
    if "%" in text:
        for found in _PERCENT.finditer(text):
            yield found, "URL encoding", urllib.parse.unquote(found[0], errors="replace")
    if "\\" in text:
        for found in _ESCAPES.finditer(text):
            if "\\" in found[0]:
                yield found, "escapes", _ESCAPE.sub(_character, found[0])


def _character(found: re.Match[str]) -> str:
    return chr(int(found[1] or found[2], 16) if found[1] or found[2] else int(found[3], 8))


def _readable(data: bytes) -> str:
    data = _inflated(data)
    text = data.decode("utf-8", "replace")
    shown = sum(character.isprintable() or character in "\r\n\t" for character in text) - text.count("\ufffd")
    if shown >= _PRINTABLE * len(text):
        return text
    wide = data.decode("utf-16-le", "replace")  # what PowerShell encodes
    if wide.isascii() and wide.isprintable():
        return wide
    return "\n".join(_RUN.findall(data.decode("latin-1")))


def _inflated(data: bytes) -> bytes:
    """The beginning of what zlib or gzip data holds; other data as it is."""
    if not data.startswith((b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda", b"\x1f\x8b")):
        return data
    try:
        return zlib.decompressobj(zlib.MAX_WBITS | 32).decompress(data, _MAX_INFLATED)
    except zlib.error:
        return data


def _from_base32(text: str) -> str:
    body = text.rstrip("=")
    try:
        return _readable(base64.b32decode(body + "=" * (-len(body) % 8)))
    except (binascii.Error, ValueError):
        return ""


def _from_base85(text: str) -> str:
    try:
        return _readable(base64.b85decode(text[1:-1]))
    except ValueError:
        return ""


def _from_base64(text: str) -> str:
    body = text.rstrip("=").replace("-", "+").replace("_", "/")
    usable = body[: len(body) - (len(body) % 4 == 1)]
    try:
        return _readable(base64.b64decode(usable + "=" * (-len(usable) % 4)))
    except (binascii.Error, ValueError):
        return ""


def _from_wrapped(text: str) -> str:
    return _from_base64(re.sub(r"[^A-Za-z0-9+/=]", "", text))


def _from_hex(text: str) -> str:
    return _readable(bytes.fromhex(text))


def _from_numbers(text: str) -> str:
    codes = [
        int(word, 16 if word[:2].lower() == "0x" else 10)
        for word in re.findall(r"0[xX][0-9a-fA-F]{2}|\d{2,3}", text)
    ]
    return "".join(map(chr, codes)) if all(32 <= code < 127 for code in codes) else ""  # noqa: PLR2004 - printable ASCII


def joined(text: str, lines: _Lines) -> Iterator[Form]:
    """Neighbouring string literals as one text, by chains: `"AB" + "CD"`, `["AB", "CD"]`, `a = "AB"; b = "CD"`."""
    chain: list[re.Match[str]] = []
    for found in _LITERAL.finditer(text):
        if chain and (found.start() - chain[-1].end() > _GAP or len(chain) == _CHAIN):
            yield from _joined(chain, lines)
            chain = chain[-1:] if len(chain) == _CHAIN else []
        chain.append(found)
    yield from _joined(chain, lines)


def _joined(chain: list[re.Match[str]], lines: _Lines) -> Iterator[Form]:
    if len(chain) < 2:  # noqa: PLR2004 - one alone is not divided
        return
    parts, starts, length = [], [], 0
    for found in chain:
        starts.append((length, lines.at(found.start())))
        parts.append(found[0][1:-1])
        length += len(parts[-1])
    whole, line = "".join(parts), starts[0][1]
    yield Form(whole, line, "divided", tuple(starts))
    for found, how, plain in decodings(whole):
        yield Form(plain, line, f"divided, {how}", tuple(starts), raw=whole[found.start() : found.end()])
