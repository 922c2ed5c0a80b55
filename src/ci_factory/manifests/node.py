"""JavaScript and TypeScript: package.json and the lock files of npm, yarn and pnpm."""

import re
from collections.abc import Iterator
from typing import Any

import yaml

from ci_factory.manifests.model import (
    Dependency,
    Ecosystem,
    Manifest,
    ManifestError,
    Setting,
    Source,
    rebased,
    source_of,
)
from ci_factory.manifests.places import Lines, inner, read_json, table
from ci_factory.model import plain_yaml
from ci_factory.model.base import Json

_SECTIONS = ("dependencies", "devDependencies", "peerDependencies", "optionalDependencies")
_INSTALL = ("preinstall", "install", "postinstall")
_WORK = ("prepare", "prepublish", "preprepare", "postprepare")
_SHORT_GITHUB = re.compile(r"[\w.-]+/[\w.-]+(?:#.*)?")
_ENTRY = re.compile(r'^"?(?P<name>(?:@[^@/"\s]+/)?[^@/"\s]+)@(?P<spec>[^\n]*):$')
_KEY = re.compile(r"/?(?P<name>(?:@[^@/]+/)?[^@/]+)[@/](?P<version>\d[^()]*)(?:\(.*)?")
_RESOLVED = re.compile(r'\s+resolved:? "?(?P<server>[a-z+]{2,12}://[^/\s"]{1,255}/)')
_REGISTRIES = ("https://registry.npmjs.org/", "https://registry.yarnpkg.com/")
_SPECIAL = re.compile(r"[a-z+]{2,20}:")


def dependency(name: str, spec: str, line: int, folder: str = "", *, locked: bool = False) -> Dependency:
    """One entry of a section: a range, a tag, an alias (`npm:other@1`), an address or a path."""
    if spec.startswith("npm:"):
        name, _, spec = _split(spec.removeprefix("npm:"))
    source = source_of(rebased(folder, spec))
    if source is Source.INDEX and _SHORT_GITHUB.fullmatch(spec):
        source = Source.GIT
    if source is Source.INDEX and _SPECIAL.match(spec):
        source = Source.URL
    return Dependency(Ecosystem.NPM, name, name, spec, line, source, locked)


def _split(text: str) -> tuple[str, str, str]:
    scope, rest = ("@", text[1:]) if text.startswith("@") else ("", text)
    name, at, spec = rest.partition("@")
    return f"{scope}{name}", at, spec or "*"


def package_json(text: str, folder: str) -> Manifest:
    """package.json: every section that can install something."""
    document, lines = read_json(text), Lines(text)
    found = [
        dependency(name, _text(spec), lines.of(f'"{name}"'), folder)
        for section in _SECTIONS
        for name, spec in table(document.get(section)).items()
    ]
    for forced in (
        document.get("overrides"),
        document.get("resolutions"),
        inner(document, "pnpm", "overrides"),
    ):
        found += _overrides(table(forced), lines, folder)
    scripts = table(document.get("scripts"))
    settings = [
        Setting("script", name, _text(scripts[name]), lines.of(f'"{name}"'), name in _INSTALL)
        for name in (*_INSTALL, *_WORK)
        if name in scripts
    ]
    manager = document.get("packageManager")
    if isinstance(manager, str) and "://" in manager:
        name, _, spec = _split(manager)
        found.append(dependency(name, spec, lines.of('"packageManager"'), folder))
    return Manifest(tuple(found), tuple(settings))


def _text(value: Json) -> str:
    if not isinstance(value, str):
        raise ManifestError("has something else where a text belongs")
    return value


def _overrides(entries: dict[str, Any], lines: Lines, folder: str) -> Iterator[Dependency]:
    """Forced versions, nested by who asks for them; `$name` and `.` refer to what is said elsewhere."""
    for key, value in entries.items():
        name = _split(
            re.split(r"[>/]", key)[-1] if not key.startswith("@") and ">" in key else key.removeprefix("**/")
        )[0]
        if isinstance(value, dict):
            own = value.get(".")
            if isinstance(own, str):
                yield dependency(name, own, lines.of(f'"{key}"'), folder)
            yield from _overrides({each: spec for each, spec in value.items() if each != "."}, lines, folder)
        elif not _text(value).startswith("$"):
            yield dependency(name, value, lines.of(f'"{key}"'), folder)


def package_lock(text: str, folder: str) -> Manifest:
    """package-lock.json and npm-shrinkwrap.json, versions 1 to 3."""
    del folder
    document, lines = read_json(text), Lines(text)
    found = []
    for path, value in table(document.get("packages")).items():
        entry = table(value)
        if path and not entry.get("link") and "node_modules/" in path:
            name = str(entry.get("name") or path.rpartition("node_modules/")[2])
            found.append(_locked(name, entry, lines.after(f'"{path}"')))
    if not found:
        found = [*_nested(table(document.get("dependencies")), lines)]
    return Manifest(tuple(found))


def _nested(entries: dict[str, Any], lines: Lines) -> Iterator[Dependency]:
    for name, value in entries.items():
        entry = table(value)
        yield _locked(name, entry, lines.after(f'"{name}"'))
        yield from _nested(table(entry.get("dependencies")), lines)


def _locked(name: str, entry: dict[str, Any], line: int) -> Dependency:
    resolved = str(entry.get("resolved") or "")
    source = source_of(resolved)
    usual = source is Source.URL and resolved.startswith(_REGISTRIES)
    version = str(entry.get("version", ""))
    where = Source.INDEX if usual or not resolved else source
    return Dependency(
        Ecosystem.NPM,
        name,
        name,
        resolved if where is not Source.INDEX else version,
        line,
        where,
        locked=True,
    )


def yarn_lock(text: str, folder: str) -> Manifest:
    """yarn.lock, classic and berry."""
    del folder
    found = []
    for number, row in enumerate(text.splitlines(), 1):
        entry = _ENTRY.match(row)
        if entry and entry["name"] != "__metadata":
            spec = entry["spec"].split(",")[0].strip(' "')
            bare = spec.removeprefix("npm:")
            alias = spec.startswith("npm:") and not re.match(r"[\d^~<>=*v]|latest", bare)
            plain = dependency(entry["name"], spec if alias else bare, number, locked=True)
            found.append(plain)
    if not found and text.strip() and "yarn lockfile" not in text and "__metadata" not in text:
        raise ManifestError("is no yarn.lock")
    return Manifest(tuple(found), tuple(_resolved(text)))


def _resolved(text: str) -> Iterator[Setting]:
    """Servers that locked packages come from, each once."""
    known: set[str] = set()
    for number, row in enumerate(text.splitlines(), 1):
        found = _RESOLVED.match(row)
        if found and found["server"] not in known:
            known.add(found["server"])
            yield Setting("index", "resolved", found["server"], number)


def pnpm_lock(text: str, folder: str) -> Manifest:
    """pnpm-lock.yaml: the keys of its `packages`."""
    del folder
    if "&" in text and re.search(r"[:\-]\s+&\w", text):
        raise ManifestError("has anchors, which pnpm never writes")
    try:
        document = plain_yaml.load(text)
    except yaml.YAMLError as error:
        raise ManifestError("is not valid YAML") from error
    lines, found = Lines(text), []
    for key in table(table(document).get("packages")):
        entry = _KEY.fullmatch(str(key))
        name, spec = (entry["name"], entry["version"]) if entry else (str(key), str(key))
        source = Source.INDEX if entry else source_of(str(key).rpartition("@")[2])
        source = Source.URL if entry is None and source is Source.INDEX else source
        found.append(Dependency(Ecosystem.NPM, name, name, spec, lines.after(str(key)), source, locked=True))
    return Manifest(tuple(found))
