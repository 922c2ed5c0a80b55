"""Paths in reports: made relative to the checkout, or refused when they lead out of it."""

import re
from collections.abc import Collection, Sequence
from urllib.parse import unquote, urlsplit

from ci_factory.errors import ArtifactError
from ci_factory.gates.reports.limits import MAX_PATH_CHARS

_CACHED = 50_000
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")
_DRIVE = re.compile(r"[A-Za-z]:[\\/]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_FIX = "pass the checkout's folder as the tool saw it (--root)"


class Paths:
    """Reads the paths of one report. Equal paths are read once."""

    def __init__(self, root: str = "", known: Collection[str] = ()) -> None:
        """`root` is the checkout's folder as the tool knew it; `known` are the paths that the checkout has."""
        self._root = root.replace("\\", "/").rstrip("/")
        self._known = known
        self._seen: dict[str, str] = {}

    def uri(self, text: str) -> str:
        """The path that a URI reference names: relative, or a `file:` URI below the root.

        Raises:
            ArtifactError: it has another scheme or host, or leaves the root.
        """
        if not _SCHEME.match(text):
            plain = unquote(text, errors="strict") if "%" in text else text
            return self.path(plain)
        parts = urlsplit(text)
        if parts.scheme != "file" or parts.netloc not in {"", "localhost"}:
            raise ArtifactError(f"names {_shown(text)}, which is not a file of the repository", fix=_FIX)
        return self.path(unquote(parts.path, errors="strict"))

    def path(self, text: str) -> str:
        """The path relative to the root, with `/`, without `.` and `..`.

        Raises:
            ArtifactError: it leaves the root, is empty or too long, or holds control characters.
        """
        found = self._seen.get(text)
        if found is None:
            if (found := self._read(text)) is None:
                raise ArtifactError(f"names {_shown(text)}, which is outside of the repository", fix=_FIX)
            self._keep(text, found)
        return found

    def tool_path(self, text: str) -> str:
        """As `path`, for tools that always write absolute paths: one elsewhere gives the empty path.

        Raises:
            ArtifactError: it is empty or too long, holds control characters, or `..` leads out of the root.
        """
        found = self._seen.get(text)
        if found is None:
            found = self._read(text) or ""
            if not found and (not _absolute(text) or ".." in text.replace("\\", "/").split("/")):
                raise ArtifactError(f"names {_shown(text)}, which is outside of the repository", fix=_FIX)
            self._keep(text, found)
        return found

    def tool_file(self, text: str) -> str:
        """As `tool_path`; a path elsewhere is kept without its first slash, for people to read.

        Raises:
            ArtifactError: as `tool_path`.
        """
        return self.tool_path(text) or text.replace("\\", "/").lstrip("/")

    def first(self, texts: Sequence[str]) -> str:
        """The first of several readings of one path that the checkout is known to have, else the first that stays in it.

        Raises:
            ArtifactError: as `tool_path`, when none stays in it.
        """
        inside = [found for text in texts if (found := self._read(text)) is not None]
        known = (found for found in inside if found in self._known)
        return next(known, inside[0] if inside else "") or self.tool_path(texts[0])

    def _keep(self, text: str, found: str) -> None:
        if len(self._seen) < _CACHED:
            self._seen[text] = found

    def _read(self, text: str) -> str | None:
        if not text or len(text) > MAX_PATH_CHARS or _CONTROL.search(text):
            raise ArtifactError(f"{_shown(text)} is not a path")
        plain = text.replace("\\", "/") if _DRIVE.match(text) or "/" not in text else text
        if not _absolute(plain):
            return _normal(plain)
        if self._root and plain.startswith(f"{self._root}/"):
            return _normal(plain[len(self._root) + 1 :])
        return self._suffix(plain)

    def _suffix(self, plain: str) -> str | None:
        """The longest end of an absolute path that the checkout has: the tool ran in another folder."""
        parts = plain.split("/")[1:]
        if ".." in parts:
            return None
        ends = ("/".join(parts[start:]) for start in range(min(len(parts), 64)))
        return next((end for end in ends if end in self._known), None)


def _absolute(text: str) -> bool:
    return text.startswith(("/", "\\\\")) or _DRIVE.match(text) is not None


def _normal(text: str) -> str | None:
    parts: list[str] = []
    for part in text.split("/"):
        if part == "..":
            if not parts:
                return None
            parts.pop()
        elif part not in {"", "."}:
            parts.append(part)
    return "/".join(parts) or None


def _shown(text: str) -> str:
    return repr(text[:100])
