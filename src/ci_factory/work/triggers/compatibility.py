"""What others rely on and a change takes away or deprecates: exports, options, routes, settings, supported versions."""

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath
from typing import Any

import yaml

from ci_factory.model import plain_toml, plain_yaml
from ci_factory.model.attempt import Trigger
from ci_factory.work.triggers.change import Change, ChangedFile, is_aside
from ci_factory.work.triggers.signal import Signal

_SCRIPT = frozenset({".js", ".jsx", ".mjs", ".cjs", ".ts", ".tsx"})
_EXPORT = re.compile(
    r"^\s*export\s+(?:default\s+)?(?:declare\s+)?(?:async\s+)?(?:abstract\s+)?(?:function\*?|class|const|let|var|interface|type|enum|namespace)\s+([A-Za-z_$][\w$]*)",
    re.MULTILINE,
)
_EXPORT_LIST = re.compile(r"^\s*export\s+(?:type\s+)?\{([^}]*)\}", re.MULTILINE)
_COMMONJS = re.compile(r"^\s*(?:module\.)?exports\.([A-Za-z_$][\w$]*)\s*=", re.MULTILINE)
_INTERNAL = re.compile(
    r"(?:^|/)(?:internal|private|_[^/]*|\.storybook)(?:/|$)|\.config\.[cm]?[jt]s$|\.stories\."
)
_OPTION = re.compile(
    r"(?:add_argument|(?:click|typer)\.[Oo]ption|@?option)\(\s*(?:[\"']-\w[\"'],\s*)?[\"'](--[\w-]+)"
)
_ROUTE = re.compile(
    r"(?:@\w+|\b(?:app|router|api|server))\.(?:route|get|post|put|patch|delete)\(\s*[\"']([^\"']+)|\bpath\(\s*[\"']([^\"']+)"
)
_DEPRECATED = re.compile(
    r"\b(?:Pending)?DeprecationWarning\b|@(?:\w+\.)*[Dd]eprecated\b|\bwarnings\.deprecated\("
)
_REQUIRES = re.compile(
    r"^\s*(?:requires-python|python_requires|\"node\"|rust-version|go)\s*[=:\s]\s*\W*(\d+)(?:\.(\d+))?"
)
_SHIPPED = re.compile(
    r"(?:.*[._-])?(?:defaults?|config|settings|schema)(?:[._-].*)?\.(?:json|ya?ml|toml)", re.IGNORECASE
)
_NOT_SHIPPED = re.compile(
    r"\.(?:eslintrc|prettierrc|pre-commit).*|tsconfig.*|jest\.config.*|pnpm-.*|.*lock.*", re.IGNORECASE
)
_PUBLIC_KEYS = ("exports", "bin", "main", "module", "types")
_MOST_KEYS, _LARGEST = 5_000, 500_000


def compatibility(change: Change) -> Iterator[Signal]:
    """At most one signal for each kind of loss in a file."""
    kept = _all_exports(change)
    for file in change.files:
        if is_aside(file.path) or file.new:
            continue
        yield from _exports(file, kept)
        yield from _said_lines(file)
        yield from _package_json(file)
        yield from _settings(file)


def _signal(file: ChangedFile, kind: str, what: str, line: int = 1) -> Signal:
    return Signal(Trigger.COMPATIBILITY, kind, what, file.path, line)


def _names(text: str | None) -> set[str]:
    listed = (part for found in _EXPORT_LIST.findall(text or "") for part in found.split(","))
    renamed = (part.split(" as ")[-1].replace("type ", "").strip() for part in listed)
    direct = (*_EXPORT.findall(text or ""), *_COMMONJS.findall(text or ""))
    return {name for name in (*direct, *renamed) if name and name != "default"}


def _all_exports(change: Change) -> set[str]:
    return {name for file in change.files if _is_script(file) for name in _names(file.after)}


def _is_script(file: ChangedFile) -> bool:
    return PurePosixPath(file.path).suffix in _SCRIPT and not _INTERNAL.search(file.path)


def _exports(file: ChangedFile, kept: set[str]) -> Iterator[Signal]:
    """Names that were exported and are by no changed file any more."""
    if _is_script(file):
        for name in sorted(_names(file.before) - _names(file.after) - kept)[:5]:
            yield _signal(file, "public-api", f"no longer exports {name}", _line_of(file, name))


def _line_of(file: ChangedFile, word: str) -> int:
    return next((line.number for line in file.removed if word in line.text), 1)


def _said_lines(file: ChangedFile) -> Iterator[Signal]:
    """Command-line options, routes, deprecations and supported versions."""
    if file.is_code:
        for pattern, what in ((_OPTION, "the option"), (_ROUTE, "the route")):
            gone = _found(pattern, (line.text for line in file.removed))
            gone -= _found(pattern, (file.after or "").splitlines())
            for name in sorted(gone)[:3]:
                yield _signal(file, "public-api", f"removes {what} {name}", _line_of(file, name))
        line = next((each for each in file.added if _DEPRECATED.search(each.code)), None)
        if line is not None:
            yield _signal(file, "deprecation", "deprecates something", line.number)
    for line in file.added:
        if (found := _REQUIRES.match(line.text)) and _raised(file, found):
            yield _signal(file, "support", "ends support for older versions", line.number)
            return


def _found(pattern: re.Pattern[str], lines: Iterable[str]) -> set[str]:
    return {next(filter(None, found.groups())) for line in lines if (found := pattern.search(line))}


def _raised(file: ChangedFile, now: re.Match[str]) -> bool:
    if file.name not in {"pyproject.toml", "setup.cfg", "setup.py", "package.json", "Cargo.toml", "go.mod"}:
        return False
    word = now[0].split()[0].rstrip("=:")
    then = (found for line in file.removed if word in line.text and (found := _REQUIRES.match(line.text)))
    return any((int(now[1]), int(now[2] or 0)) > (int(old[1]), int(old[2] or 0)) for old in then)


def _package_json(file: ChangedFile) -> Iterator[Signal]:
    if file.name != "package.json":
        return
    before, after = _loaded(file.path, file.before), _loaded(file.path, file.after)
    for key in _PUBLIC_KEYS:
        gone = set(_keys(before.get(key), key)) - set(_keys(after.get(key), key))
        if gone or (key in before and key not in after):
            lost = min(gone, default=key)
            yield _signal(file, "public-api", f"removes {lost} from what the package offers", 1)
            return
    old_version, new_version = (str(each.get("version", "")).split(".")[0] for each in (before, after))
    if old_version.isdigit() and new_version.isdigit() and int(new_version) > int(old_version):
        yield _signal(file, "major-upgrade", "makes a new major version of the package", 1)


def _settings(file: ChangedFile) -> Iterator[Signal]:
    """Keys that shipped defaults and schemas had."""
    if not _SHIPPED.fullmatch(file.name) or _NOT_SHIPPED.fullmatch(file.name) or file.name == "package.json":
        return
    gone = set(_keys(_loaded(file.path, file.before), "")) - set(_keys(_loaded(file.path, file.after), ""))
    if gone:
        name = min(gone, key=lambda key: (key.count("."), key))
        line = _line_of(file, name.rpartition(".")[2])
        yield _signal(file, "config-format", f"removes the key {name} of a configuration", line)


def _loaded(path: str, text: str | None) -> dict[str, Any]:
    """A document of settings; empty when it can't be read."""
    try:
        found = _parsed(PurePosixPath(path).suffix, text or "")
    except (ValueError, yaml.YAMLError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _parsed(suffix: str, text: str) -> object:
    if len(text) > _LARGEST or (suffix in {".yml", ".yaml"} and "&" in text):
        return {}
    if suffix == ".json":
        return json.loads(text or "{}")
    return plain_toml.load(text) if suffix == ".toml" else plain_yaml.load(text)


def _keys(value: object, prefix: str) -> list[str]:
    """Dotted keys of a document, lists left out."""
    found: list[str] = []
    pending = [(prefix, value)]
    while pending and len(found) < _MOST_KEYS:
        path, each = pending.pop()
        if isinstance(each, dict):
            for key, inner in each.items():
                name = f"{path}.{key}" if path else str(key)
                found.append(name)
                pending.append((name, inner))
    return found
