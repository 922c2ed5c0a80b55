"""What looks like a credential and is none: examples, dummies, templates. The line is drawn here and only here."""

import math
import re
from collections import Counter
from pathlib import PurePosixPath

from ci_factory.gates.change import is_test

_STAND_IN = re.compile(
    r"example|sample|placeholder|change.?me|change.?it|replace|redact|dummy|fake|mock|your|insert|todo|fixme|xxx|\*\*\*|\.\.\.|"
    r"not.?a?.?(?:real|secret)|lorem|invalid|unused|undefined|none|null|anonymous|masked",
    re.IGNORECASE,
)
_WEAK = re.compile(
    r"foo|bar(?![a-z])|baz|test|demo|default|12345|abcdef|qwerty|asdf|p[a@]ssw(?:or)?d|passwd|passphrase|letmein|secret|hunter2|"
    r"correct.?horse|wrong|true|false|guest|hidden",
    re.IGNORECASE,
)
_TEMPLATE = re.compile(
    r"\$\{|\$\(|\{\{|\{[\w.!:]*\}|<[^>]*>|%\(|%[sdr]\b|\[[A-Za-z_ -]+\]|^\$?[A-Z][A-Z0-9_]*$|\$[A-Za-z_]|[()]|os\.environ|getenv|process\.env"
)
_TRIVIAL = {"pass", "pw", "pwd", "user", "username", "admin", "root", "token", "key", "me", "you", "postgres", "mysql", "redis",
            "guest", "rabbitmq", "mongo", "django", "app", "dev", "local", "scott", "tiger", "minio", "minioadmin"}  # fmt: skip
_LOCAL = re.compile(
    r"@(?:localhost|127\.|0\.0\.0\.0|\[::1\]|[\w.-]*example|[\w.-]*\.(?:test|invalid|local|localhost)\b|[\w-]+(?=[:/]|$))",
    re.IGNORECASE,
)
_DOCUMENTS = {".md", ".rst", ".adoc", ".txt"}
_FEW = 4
_LEAST, _LONG = 8, 16
_DENSE = 3.2
"""Bits a character, by Shannon; random text of 16 characters has about 3.6, words and names rarely more than 3."""


def is_stand_in(secret: str) -> bool:
    """Whether a token of a known format can't be one that was issued: the same few characters, or an example's words."""
    body = re.sub(r"^[A-Za-z]{2,10}[-_]", "", secret)
    plain = re.search(r"(?i)example|placeholder|change.?me|redacted|your|dummy|x{6}|\*{4}|\.{3}|0{10}", body)
    return plain is not None or len(set(body)) < _FEW


def is_empty_password(secret: str, context: str) -> bool:
    """Whether a password in an address or a connection string says nothing: a template, a well-known dummy, a local host."""
    if (
        _TEMPLATE.search(secret)
        or secret.lower() in _TRIVIAL
        or _STAND_IN.search(secret)
        or _WEAK.search(secret)
    ):
        return True
    return len(set(secret)) < _FEW or (_LOCAL.search(context) is not None and not looks_random(secret))


def looks_random(value: str) -> bool:
    """Whether a value reads like one that a machine made or a careful person chose, and not like a word."""
    if len(value) < _LEAST or _TEMPLATE.search(value) or _STAND_IN.search(value):
        return False
    classes = sum(
        any(kind(character) for character in value)
        for kind in (str.islower, str.isupper, str.isdigit, _other)
    )
    return (len(value) >= _LONG and entropy(value) >= _DENSE and classes > 1) or classes > 2  # noqa: PLR2004 - of four


def _other(character: str) -> bool:
    return not character.isalnum() and character not in " _-./:"


def entropy(text: str) -> float:
    """Bits a character (Shannon), 0 for no text."""
    total = len(text)
    return (
        -sum(count / total * math.log2(count / total) for count in Counter(text).values()) if total else 0.0
    )


def is_document(path: str) -> bool:
    """Whether a file is prose, in which a vendor's published example key may stand."""
    return PurePosixPath(path).suffix.lower() in _DOCUMENTS


def is_example(path: str) -> bool:
    """Whether a file is a test, or an example by its folder."""
    return is_test(path) or any(
        part in {"examples", "fixtures", "testdata"} for part in PurePosixPath(path).parts
    )
