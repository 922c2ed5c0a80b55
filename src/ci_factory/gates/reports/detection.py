"""Which format a file is, by its first bytes; its name only decides where several formats begin alike."""

import contextlib
import io
import re
from pathlib import PurePosixPath
from typing import NoReturn
from xml.parsers import expat

from ci_factory.errors import ArtifactError
from ci_factory.gates.reports.jsonstream import JsonStream, decode

HEAD_BYTES = 64 * 1024
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_ROOTS = {"testsuites": "junit", "testsuite": "junit", "coverage": "cobertura", "checkstyle": "checkstyle"}
_TSC = re.compile(r"^(?:.{1,400}\(\d+,\d+\): )?(?:error|warning) TS\d+: ", re.MULTILINE)
_LIBTEST = re.compile(r"^running \d+ tests?$", re.MULTILINE)
_LCOV = re.compile(r"(?:TN|SF|VER):")
_LINES = (("reason", "clippy"), ("Action", "go-test-json"), ("severity", "mypy"))
_ROWS = (
    ("check_name", "code-quality"),
    ("filePath", "eslint"),
    ("noqa_row", "ruff"),
    ("fingerprint", "code-quality"),
)
_KEYS = (
    ("runs", "sarif"),
    ("vulnerabilities", "gitlab"),
    ("generated_at", "bandit"),
    ("check_id", "semgrep"),
    ("results", "semgrep"),
    ("file_errors", "phpstan"),
    ("executed_lines", "coverage-json"),
    ("percent_covered", "coverage-json"),
)
_NAMES = (
    ("eslint", "eslint"),
    ("ruff", "ruff"),
    ("quality", "code-quality"),
    ("codeclimate", "code-quality"),
)
"""What the name of an empty list says."""


def detect(path: str, head: bytes) -> str | None:
    """The format, `None` when it is none of ours or can't be told."""
    head = head[:HEAD_BYTES]
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<") or head.startswith(_UTF16):
        return _ROOTS.get(_root(head))
    text = head.decode("utf-8-sig", "replace")
    plain, name = text.lstrip(), PurePosixPath(path).name.lower()
    if plain.startswith("["):
        return _array(plain, name)
    if plain.startswith("{"):
        return _lines(plain) or _object(plain, name)
    return _text(text, name)


def _root(head: bytes) -> str:
    """Name of the first element, or what the document type says it is."""
    names: list[str] = []
    parser = expat.ParserCreate()

    def stop(name: str, *_: object) -> NoReturn:
        names.append(name.rpartition(":")[2])
        raise StopIteration

    parser.StartElementHandler = parser.StartDoctypeDeclHandler = stop
    # It has seen enough, or it is not XML.
    with contextlib.suppress(StopIteration, expat.ExpatError, LookupError, ValueError):
        parser.Parse(head, False)  # noqa: FBT003 - the C function takes no keywords
    return names[0] if names else ""


def _text(text: str, name: str) -> str | None:
    if not text.strip():  # a line's end is all that mypy writes when it finds nothing
        return "mypy" if "mypy" in name else None
    if _LCOV.match(text):
        return "lcov"
    if _TSC.search(text):
        return "tsc"
    return "libtest" if _LIBTEST.search(text) else None


def _array(text: str, name: str) -> str | None:
    if not text[1:].strip(" \t\r\n]"):
        return next((kind for word, kind in _NAMES if word in name), None)
    return next((kind for key, kind in _ROWS if f'"{key}"' in text), None)


def _lines(text: str) -> str | None:
    """A whole object on the first line, and more lines or a key that only such formats have."""
    first = text.split("\n", 1)[0]
    try:
        row = decode(first)
    except ArtifactError:
        return None
    return next((kind for key, kind in _LINES if key in row), None)


def _object(text: str, name: str) -> str | None:
    keys = _keys(text)
    wanted = (kind for key, kind in _KEYS if key in keys or (not keys & _TOP and f'"{key}"' in text))
    found = next(wanted, None)
    if found == "semgrep" and "generated_at" not in keys and '"test_id"' in text:
        found = "bandit"
    return _gitlab(text, name) if found == "gitlab" else found


_TOP = {"runs", "vulnerabilities", "results", "generated_at"}


def _keys(text: str) -> set[str]:
    """Top-level keys, as many as the head holds."""
    keys: set[str] = set()
    document = JsonStream(io.BytesIO(text.encode("utf-8", "replace")))
    with contextlib.suppress(ArtifactError):  # the head ends somewhere
        for key in document.members():
            keys.add(key)
            document.skip()
    return keys


def _gitlab(text: str, name: str) -> str:
    kinds = {"secret": "gitlab-secret-detection", "dependency": "gitlab-dependency-scanning"}
    for word, kind in kinds.items():
        said = re.search(rf'"(?:type|category)"\s*:\s*"{word}', text)
        if said or word in name:
            return kind
    return "gitlab-sast"
