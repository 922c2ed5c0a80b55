"""Comments that silence a judge, in the languages of the presets (attacks 23)."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import PurePosixPath

from ci_factory.gates.subject import Subject

_MAX_LINE = 1024 * 1024
"""Longer ones of code are not looked into, and so are told."""
_PROSE = (".md", ".rst", ".txt", ".adoc")
"""Documents may speak of such comments."""
_PYTHON = (
    r"#\s*(?:ruff:\s*|flake8:\s*)?noqa\b",
    r"#\s*ruff:\s*(?:ignore|disable|file-ignore)\b",
    r"#\s*type:\s*ignore",
    r"#\s*(?:pyre|ty|pytype|pylint):\s*(?:ignore|disable|basic|skip-file)",
    r"#\s*(?:mypy|pyright):\s*(?!strict\b)[\w-]+",
    r"\bno_type_check\b",
    r"#\s*pyre-(?:ignore|fixme)",
    r"#\s*pragma[:\s]?\s*no\s*(?:cover|branch|mutate)",
    r"#\s*nosec\b",
    r"#\s*(?:fmt|yapf|isort):\s*(?:off|skip|disable)",
)
_ANYWHERE = (
    r"\bnosem(?:grep)?\b",
    r"\bNOSONAR\b",
    r"pragma:\s*(?:allowlist|whitelist)\s+(?:nextline\s+)?secret",
    r"\b(?:gitleaks|detect-secrets):\s*allow",
    r"\blgtm\s*\[",
    r"#\s*shellcheck\s+disable\b",
    r"#\s*hadolint\s+(?:global\s+)?ignore\b",
)
_SCRIPT = (
    r"\beslint-disable\b",
    r"\beslint-disable-(?:next-)?line\b",
    r"@ts-(?:ignore|expect-error|nocheck)\b",
    r"\b(?:istanbul|c8|v8)\s+ignore\b",
    r"\bprettier-ignore\b",
    r"\b(?:biome|deno-lint|oxlint|tslint)[-:](?:ignore|disable)",
)
_OTHERS = {
    ".go": (r"//\s*nolint\b", r"//\s*#nosec\b", r"//\s*lint:ignore\b"),
    ".rs": (
        r"#!?\[\s*(?:allow|expect)\s*\(",
        r"#\[\s*cfg_attr\([^)]{0,1000}allow\(",
        r"#\[\s*ignore\b",
        r"#\[\s*rustfmt::skip",
    ),
    ".php": (r"@phpstan-ignore", r"@psalm-suppress", r"\bphpcs:(?:ignore|disable)", r"@codeCoverageIgnore"),
    ".java": (r"@SuppressWarnings\b", r"@SuppressFBWarnings\b", r"\bCHECKSTYLE[:. ]*OFF\b", r"\bNOPMD\b"),
}
_SUFFIXES = {
    **dict.fromkeys((".py", ".pyi", ".pyw", ".ipynb", ""), _PYTHON),
    **dict.fromkeys((".js", ".jsx", ".mjs", ".cjs", ".ts", ".tsx", ".mts", ".cts", ".vue"), _SCRIPT),
    **_OTHERS,
}
_COMPILED = {
    suffix: re.compile("|".join((*own, *_ANYWHERE)), re.IGNORECASE) for suffix, own in _SUFFIXES.items()
}
_ALL_LANGUAGES = re.compile("|".join(_ANYWHERE), re.IGNORECASE)


def suppression(path: str, line: str) -> str | None:
    """The words on a line that tell a tool to look away, `None` when there are none."""
    suffix = PurePosixPath(path).suffix.lower()
    if suffix in _PROSE:
        return None
    if len(line) > _MAX_LINE and suffix in _COMPILED:
        return f"a line of more than {_MAX_LINE} characters, which nobody reads to its end"
    found = _COMPILED.get(suffix, _ALL_LANGUAGES).search(line[:_MAX_LINE])
    return " ".join(found[0].split()) if found else None


def new_suppressions(subject: Subject) -> Iterator[tuple[str, int, str]]:
    """Path, line and words of those that the change adds; a line that only moved is not new."""
    hits = [
        (path, line.number, words, line.text.strip())
        for path, lines in sorted(subject.change.added.items())
        for line in lines
        if (words := suppression(path, line.text))
    ]
    moved = _gone(subject, {text for *_, text in hits}) if hits else Counter()
    for path, number, words, text in hits:
        if moved[text] > 0:
            moved[text] -= 1
        else:
            yield path, number, words


def _gone(subject: Subject, texts: set[str]) -> Counter[str]:
    """How many of these lines the changed files lost: all that they had, less what is still where it was."""
    added = Counter(line.text.strip() for lines in subject.change.added.values() for line in lines)
    before, after = Counter[str](), Counter[str]()
    for change in subject.change.files:
        for counts, commit, path, absent in (
            (before, subject.change.base, change.old_path, "A"),
            (after, subject.change.head, change.path, "D"),
        ):
            text = "" if change.status == absent else subject.repo.show(commit, path) or ""
            counts.update(line.strip() for line in text.split("\n"))
    return Counter({text: before[text] - (after[text] - added[text]) for text in texts})
