"""Finds credentials in the text or bytes of a file, in plain and in every form that `forms` reads out of it. Pure."""

import hashlib
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass

from ci_factory.gates.credentials import placeholders
from ci_factory.gates.credentials.forms import Form, forms, line_of
from ci_factory.gates.credentials.patterns import PATTERNS, Pattern
from ci_factory.model.gate import Severity

_RUN = re.compile(r"[\x20-\x7e\r\n\t]{12,}")
_WIDE_RUN = re.compile(rb"(?:[\x20-\x7e]\x00){12,}")
_DIVIDED_IS_LOOSE = {
    "url-password",
    "connection-password",
    "aws-secret-key",
    "discord-token",
    "azure-client-secret",
}
"""Formats too loose for text that was put together from pieces."""
_PASSWORDS = {"url-password", "connection-password"}
_OFTEN_FIXTURES = {*_PASSWORDS, "jwt"}
"""Tests and manuals show made-up ones of these; there they warn."""
_SHORTEST_PIECE = 5
"""Characters; shorter pieces of a divided credential say little, and stand everywhere."""
_BINARY_SAMPLE = 8192


@dataclass(frozen=True)
class Hit:
    """A credential: its kind and place, and a digest that tells it from others; never its text."""

    kind: str
    title: str
    severity: Severity
    line: int
    how: str
    digest: str


def scan(text: str, path: str = "") -> list[Hit]:
    """Every credential of a known format, each once per line. `path` decides about published examples in prose."""
    found: dict[tuple[int, str], Hit] = {}
    plain: set[tuple[int, str]] = set()
    for form in forms(text):
        for hit in _in_form(form, text, path):
            if not form.how:
                plain.add((hit.line, hit.kind))
            elif (hit.line, hit.kind) in plain:
                continue  # the same one, read with what stands beside it
            found.setdefault((hit.line, hit.digest), hit)
    return sorted(found.values(), key=lambda hit: (hit.line, hit.kind, hit.digest))


def fragments(text: str) -> frozenset[str]:
    """Pieces of a text that are credentials or give one away: as they stand there, encoded or divided."""
    found: set[str] = set()
    for form in forms(text):
        for pattern in _patterns(form):
            for start, end, secret in _places(pattern, form):
                if _severity(pattern, secret, form.text[start:end], "") is not None:
                    found |= _pieces(form, form.text.index(secret, start), secret)
    return frozenset(piece for piece in found if len(piece) >= _SHORTEST_PIECE)


def _pieces(form: Form, start: int, secret: str) -> set[str]:
    if form.raw:
        return {form.raw}
    if form.how == "reversed":
        return {secret[::-1]}
    bounds = [place for place, _ in form.starts if start < place < start + len(secret)]
    edges = [start, *bounds, start + len(secret)]
    return {form.text[one:other] for one, other in itertools.pairwise(edges)}


def scan_bytes(data: bytes, path: str = "") -> list[Hit]:
    """The same for a file of unknown encoding; of a binary file its readable runs are looked at, all as line 1."""
    if not is_binary(data):
        return scan(data.decode("utf-8", "replace"), path)
    wide = [run.decode("utf-16-le") for run in _WIDE_RUN.findall(data)]
    runs = [*_RUN.findall(data.decode("latin-1")), *wide]
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return scan(data.decode("utf-16", "replace"), path)
    hits = {hit.digest: hit for run in runs for hit in scan(run, path)}
    return [Hit(hit.kind, hit.title, hit.severity, 1, hit.how, hit.digest) for hit in hits.values()]


def is_binary(data: bytes) -> bool:
    """Whether a file is not text: by a zero byte near its start, as git decides it."""
    return b"\0" in data[:_BINARY_SAMPLE]


def _in_form(form: Form, whole: str, path: str) -> Iterator[Hit]:
    for pattern in _patterns(form):
        yield from _hits(pattern, form, whole, path)


def _patterns(form: Form) -> Iterator[Pattern]:
    """Those that may match a form."""
    lower = form.text.lower()
    for pattern in PATTERNS:
        loose = form.how and pattern.kind in _DIVIDED_IS_LOOSE and "base64" not in form.how
        if not loose and any(hint in lower for hint in pattern.hints):
            yield pattern


def _places(pattern: Pattern, form: Form) -> Iterator[tuple[int, int, str]]:
    starts = () if form.raw else form.starts
    return pattern.matches(form.text, frozenset(place for place, _ in starts))


def _hits(pattern: Pattern, form: Form, whole: str, path: str) -> Iterator[Hit]:
    for start, end, secret in _places(pattern, form):
        severity = _severity(pattern, secret, form.text[start:end], path)
        if severity is not None:
            digest = hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()
            yield Hit(pattern.kind, pattern.title, severity, line_of(form, start, whole), form.how, digest)


def _severity(pattern: Pattern, secret: str, match: str, path: str) -> Severity | None:
    """How bad it is, `None` when it is nothing: a dummy password, or a stand-in of the right form."""
    usual = pattern.severity
    if pattern.kind in _OFTEN_FIXTURES and (placeholders.is_example(path) or placeholders.is_document(path)):
        usual = Severity.MEDIUM
    if pattern.kind in _PASSWORDS:
        return None if placeholders.is_empty_password(secret, match) else usual
    if pattern.kind.startswith("aws-") and "EXAMPLE" in secret:
        # The vendor's own example: fine in prose; in code it stands where a real one will.
        return Severity.LOW if placeholders.is_document(path) else pattern.severity
    if pattern.kind != "private-key" and placeholders.is_stand_in(secret):
        return Severity.LOW
    return usual
