"""Go, Rust, PHP and Java, and the files that say where packages come from."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ci_factory.manifests.model import (
    Dependency,
    Ecosystem,
    Manifest,
    ManifestError,
    Setting,
    Source,
    UnreadManifest,
    normalised,
    rebased,
    source_of,
)
from ci_factory.manifests.places import Lines, inner, read_json, read_toml, table
from ci_factory.model.base import Json

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_GO_BLOCK = re.compile(r"(require|replace|exclude|retract|tool|ignore)\s*\(")
_GO_REPLACE = re.compile(r"(?P<old>\S+)(?:\s+v\S+)?\s*=>\s*(?P<new>\S+)(?:\s+(?P<version>v\S+))?")
_CARGO_TABLES = (
    "dependencies",
    "dev-dependencies",
    "build-dependencies",
    "dev_dependencies",
    "build_dependencies",
)
_PLATFORM = re.compile(
    r"php(-64bit|-ipv6|-zts|-debug)?|hhvm|(ext|lib)-.+|composer(-plugin-api|-runtime-api)?"
)
_PHP_SCRIPTS = re.compile(
    r"(pre|post)-(install|update|autoload-dump|package-install|package-update|root-package-install|create-project)"
)
_ADDRESS = re.compile(
    r"""^\s*["']?(?P<key>(?:@[\w-]+:)?registry|index-url|extra-index-url|index|default-index|find-links|trusted-host|npmRegistryServer|replace-with|proxy)["']?\s*[:=\s]\s*["']?(?P<value>[^\s"']+)""",
    re.MULTILINE,
)


def go_mod(text: str, folder: str) -> Manifest:
    """go.mod: `require` and `replace`."""
    found: list[Dependency] = []
    block = ""
    for number, raw in enumerate(text.splitlines(), 1):
        row, _, comment = raw.partition("//")
        row = row.strip()
        if opened := _GO_BLOCK.fullmatch(row):
            block = opened[1]
        elif row == ")":
            block = ""
        elif row:
            verb, _, rest = (block, "", row) if block else row.partition(" ")
            found += _go_line(verb, rest.strip(), number, folder, indirect="indirect" in comment)
    return Manifest(tuple(found))


def _go_line(verb: str, rest: str, number: int, folder: str, *, indirect: bool) -> Iterator[Dependency]:
    if verb == "require":
        parts = rest.split()
        if len(parts) != 2:  # noqa: PLR2004 - module and version
            raise ManifestError(f"line {number} is no requirement")
        yield Dependency(Ecosystem.GO, parts[0].strip('"'), parts[0], parts[1], number, locked=indirect)
    elif verb == "replace":
        change = _GO_REPLACE.fullmatch(rest)
        if change is None:
            raise ManifestError(f"line {number} is no replacement")
        source = source_of(rebased(folder, change["new"]))
        local = source is not Source.INDEX
        name = change["old"] if local else change["new"]
        spec = change["new"] if local else change["version"] or ""
        where = source if local or name == change["old"] else Source.GIT  # another module in its place
        yield Dependency(Ecosystem.GO, name, name, spec, number, where)


def cargo_toml(text: str, folder: str) -> Manifest:
    """Cargo.toml: all tables of dependencies, those of targets, workspace and patches too."""
    document, lines = read_toml(text), Lines(text)
    tables = [document.get(key) for key in _CARGO_TABLES]
    for target in table(document.get("target")).values():
        tables += [table(target).get(key) for key in _CARGO_TABLES]
    tables.append(inner(document, "workspace", "dependencies"))
    tables += list(table(document.get("patch")).values())
    found = [_crate(name, value, lines, folder) for each in tables for name, value in table(each).items()]
    return Manifest(tuple(each for each in found if each is not None))


def _crate(name: str, value: Json, lines: Lines, folder: str) -> Dependency | None:
    options = {"version": value} if isinstance(value, str) else table(value)
    if options.get("workspace"):
        return None
    spelled = str(options.get("package", name))
    spec, source = str(options.get("version", "*")), Source.INDEX
    if "git" in options:
        spec, source = str(options["git"]), Source.GIT
    elif "path" in options:
        spec = str(options["path"])
        source = source_of(rebased(folder, spec if spec.startswith((".", "/", "~")) else f"./{spec}"))
    elif "registry" in options or "registry-index" in options:
        spec, source = str(options.get("registry-index", options.get("registry"))), Source.URL
    return Dependency(
        Ecosystem.CARGO, normalised(Ecosystem.CARGO, spelled), spelled, spec, lines.of(name), source
    )


def cargo_lock(text: str, folder: str) -> Manifest:
    """Cargo.lock."""
    del folder
    packages, lines = read_toml(text).get("package") or [], Lines(text)
    if not isinstance(packages, list):
        raise ManifestError("has no list of packages")
    return Manifest(tuple(_locked_crate(table(each), lines) for each in packages))


def _locked_crate(package: dict[str, Any], lines: Lines) -> Dependency:
    name, source = str(package.get("name", "")), str(package.get("source", ""))
    where = Source.GIT if source.startswith("git+") else Source.INDEX if source else Source.INSIDE
    if source.startswith(("registry+", "sparse+")) and "crates.io" not in source:
        where = Source.URL
    spec = source if where in {Source.GIT, Source.URL} else str(package.get("version", ""))
    key = normalised(Ecosystem.CARGO, name)
    return Dependency(Ecosystem.CARGO, key, name, spec, lines.after(f'"{name}"'), where, locked=True)


def composer_json(text: str, folder: str) -> Manifest:
    """composer.json."""
    document, lines = read_json(text), Lines(text)
    found = [
        _php(name, str(spec), lines.of(f'"{name}"'))
        for section in ("require", "require-dev")
        for name, spec in table(document.get(section)).items()
        if not _PLATFORM.fullmatch(name)
    ]
    scripts = table(document.get("scripts"))
    settings = [
        Setting("script", name, str(value), lines.of(f'"{name}"'))
        for name, value in scripts.items()
        if _PHP_SCRIPTS.match(name)
    ]
    return Manifest(tuple(found), (*settings, *_repositories(document.get("repositories"), lines, folder)))


def _php(name: str, spec: str, line: int, *, locked: bool = False) -> Dependency:
    return Dependency(
        Ecosystem.COMPOSER, normalised(Ecosystem.COMPOSER, name), name, spec, line, locked=locked
    )


def _repositories(value: Json, lines: Lines, folder: str) -> Iterator[Setting]:
    entries = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    for each in entries:
        address = str(each.get("url", "")) if isinstance(each, dict) else ""
        if address and source_of(rebased(folder, address)) is not Source.INSIDE:
            yield Setting("index", "repositories", address, lines.of(address, address.replace("/", "\\/")))


def composer_lock(text: str, folder: str) -> Manifest:
    """composer.lock."""
    del folder
    document, lines = read_json(text), Lines(text)
    found = []
    for section in ("packages", "packages-dev"):
        entries = document.get(section) or []
        if not isinstance(entries, list):
            raise ManifestError("has no list of packages")
        for each in entries:
            name = str(table(each).get("name", ""))
            found.append(_php(name, str(each.get("version", "")), lines.after(f'"{name}"'), locked=True))
    return Manifest(tuple(found))


def pom_xml(text: str, folder: str) -> Manifest:
    """pom.xml of Maven; no DTD, no entities."""
    del folder
    root, lines = _xml(text), Lines(text)
    found = []
    for element in root.iter():
        if _tag(element) in {"dependency", "plugin", "extension", "parent"}:
            group, artifact, version = (
                _child(element, name) for name in ("groupId", "artifactId", "version")
            )
            if artifact:
                name = f"{group or 'org.apache.maven.plugins'}:{artifact}"
                found.append(
                    Dependency(
                        Ecosystem.MAVEN, name, name, version, lines.of(f"<artifactId>{artifact}", artifact)
                    )
                )
    settings = [
        Setting("index", _tag(element), _child(element, "url"), lines.of(_child(element, "url")))
        for element in root.iter()
        if _tag(element) in {"repository", "pluginRepository"} and _child(element, "url")
    ]
    return Manifest(tuple(found), tuple(settings))


def _xml(text: str) -> "Element":
    try:
        from defusedxml import DefusedXmlException
        from defusedxml import ElementTree as Safe
    except ImportError as error:
        raise ManifestError("needs defusedxml to be read", fix="pip install 'ci-factory[gates]'") from error
    try:
        root: Element = Safe.fromstring(text.encode(), forbid_dtd=True)
    except (Safe.ParseError, DefusedXmlException, ValueError, LookupError, RecursionError) as error:
        raise ManifestError("is not plain XML") from error
    return root


def _tag(element: "Element") -> str:
    return str(element.tag).rpartition("}")[2]


def _child(element: "Element", name: str) -> str:
    return next(((child.text or "").strip() for child in element if _tag(child) == name), "")


def index_settings(text: str, folder: str) -> Manifest:
    """.npmrc, .yarnrc, pip.conf, uv.toml and the like: the lines that name an index."""
    del folder
    found = [
        Setting("index", row["key"], row["value"], text.count("\n", 0, row.start("key")) + 1)
        for row in _ADDRESS.finditer(text)
    ]
    return Manifest(settings=tuple(found))


def unread(_text: str, _folder: str) -> Manifest:
    """A manifest of an ecosystem that nothing here reads.

    Raises:
        UnreadManifest: always.
    """
    raise UnreadManifest("names dependencies in a format that is not read", fix="look at what it brings")
