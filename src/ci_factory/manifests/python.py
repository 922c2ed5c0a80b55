"""Python: requirements files, pyproject.toml, setup.cfg, setup.py, Pipfile, and their lock files."""

import ast
import configparser
import re
from collections.abc import Iterator
from typing import Any

from ci_factory.manifests.model import (
    Dependency,
    Ecosystem,
    Manifest,
    ManifestError,
    Setting,
    Source,
    normalised,
    rebased,
    source_of,
)
from ci_factory.manifests.places import Lines, inner, read_json, read_toml, table, words
from ci_factory.model import plain_ini
from ci_factory.model.base import Json

_REQUIREMENT = re.compile(
    r"(?P<name>[^\s\[\]<>=!~;@,()'\"#&|`$\\]+)\s*(?:\[[^\]]*\])?\s*"
    r"(?:@\s*(?P<url>\S+)|\(?\s*(?P<spec>(?:(?:===|==|~=|!=|<=|>=|<|>)\s*[^\s,;()]+\s*,?\s*)*)\)?)\s*(?:;.*)?",
    re.DOTALL,
)
_DIRECT = re.compile(
    r"(?:[a-z+]{2,12}://|git@|file:|[./~]|[A-Za-z]:\\)|[^\s@]*\.(?:whl|zip|tar\.gz|tgz)(?:\s|;|$)"
)
_EGG = re.compile(r"[#&]egg=([A-Za-z0-9._-]+)")
_INDEX = ("-i", "--index-url", "--extra-index-url", "-f", "--find-links", "--trusted-host")
_FILES = ("-r", "--requirement", "-c", "--constraint")
_EDITABLE = ("-e", "--editable")
_OTHER_INDEX = ("index", "default-index", "index-url", "extra-index-url", "find-links")
SCRIPT_MARK = "# /// script"
_MAX_PROGRAM = 300_000
_SETUP_KEYS = {"install_requires", "setup_requires", "tests_require", "extras_require"}
_OPTION = re.compile(r"(--[A-Za-z][\w-]*|-[A-Za-z])(?:\s*=\s*|\s+)?(.*)", re.DOTALL)


def requirement(text: str, line: int, folder: str = "") -> Dependency:
    """One PEP 508 requirement, or a path or address as pip takes it.

    Raises:
        ManifestError: it is neither.
    """
    plain = re.split(r"\s--(?:hash|config-settings|global-option)\b", text.strip())[0].strip()
    found = None if _DIRECT.match(plain) else _REQUIREMENT.fullmatch(plain)
    if found is None:
        return _direct(plain, line, folder)
    if found["url"]:
        return _from_address(found["name"], found["url"], line, folder)
    spec = " ".join((found["spec"] or "").split()).strip(", ")
    return _named(found["name"], spec, line)


def _named(
    name: str, spec: str, line: int, source: Source = Source.INDEX, *, locked: bool = False
) -> Dependency:
    return Dependency(Ecosystem.PYPI, normalised(Ecosystem.PYPI, name), name, spec, line, source, locked)


def _from_address(name: str, address: str, line: int, folder: str) -> Dependency:
    source = source_of(rebased(folder, address))
    return _named(name, address, line, Source.URL if source is Source.INDEX else source)


def _direct(text: str, line: int, folder: str) -> Dependency:
    address = text.split(";", maxsplit=1)[0].split(" #", maxsplit=1)[0].strip()
    if not _DIRECT.match(text) or " " in address:
        raise ManifestError(f"line {line} is no requirement")
    egg = _EGG.search(address)
    if "://" not in address and not address.startswith(("git@", "file:", ".", "/", "~")):
        address = f"./{address}"
    return _from_address(egg[1] if egg else address, re.sub(r"\[[\w,. -]*\]$", "", address), line, folder)


def requirements(text: str, folder: str) -> Manifest:
    """A requirements or constraints file of pip."""
    found: list[Dependency] = []
    settings: list[Setting] = []
    includes: list[str] = []
    for line, row in _logical_lines(text):
        option = _OPTION.fullmatch(row) if row.startswith("-") else None
        if option is None:
            found.append(requirement(row, line, folder))
        elif option[1] in _FILES:
            includes.append(option[2].strip())
            if "://" in option[2]:
                settings.append(Setting("index", option[1], option[2].strip(), line))
        elif option[1] in _EDITABLE:
            found.append(requirement(option[2], line, folder))
        elif option[1] in _INDEX:
            settings.append(Setting("index", option[1], option[2].strip(), line))
    return Manifest(tuple(found), tuple(settings), tuple(includes))


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """(number of the first line, text) with continuations joined and comments gone, as pip reads them."""
    held, start = "", 0
    for number, row in enumerate([*text.removeprefix("\ufeff").splitlines(), ""], 1):
        start = start or number
        if row.endswith("\\") and not row.lstrip().startswith("#"):
            held += row[:-1] + " "
            continue
        whole = re.sub(r"(^|\s)#.*$", "", held + row).strip()
        if whole:
            yield start, whole
        held, start = "", 0


def pyproject(text: str, folder: str) -> Manifest:
    """pyproject.toml: PEP 518, 621 and 735, and the tables of poetry, uv, pdm, hatch and setuptools."""
    document, lines = read_toml(text), Lines(text)
    project, tool = table(document.get("project")), table(document.get("tool"))
    listed = [*words(inner(document, "build-system", "requires")), *words(project.get("dependencies"))]
    groups = [project.get("optional-dependencies"), inner(tool, "pdm", "dev-dependencies")]
    listed += [each for group in groups for value in table(group).values() for each in words(value)]
    for value in table(document.get("dependency-groups")).values():
        listed += (
            [each for each in value if isinstance(each, str)] if isinstance(value, list) else words(value)
        )
    for key in (
        "dev-dependencies",
        "constraint-dependencies",
        "override-dependencies",
        "build-constraint-dependencies",
    ):
        listed += words(inner(tool, "uv", key))
    for environment in table(inner(tool, "hatch", "envs")).values():
        for key in ("dependencies", "extra-dependencies"):
            listed += words(table(environment).get(key))
    found = [requirement(each, lines.of(each, _first_word(each)), folder) for each in listed]
    found += [*_poetry(tool, lines, folder), *_uv_sources(tool, lines, folder)]
    # A project that asks for itself asks for extras of its own.
    own = normalised(Ecosystem.PYPI, str(project.get("name", "")))
    found = [each for each in found if each.name != own or each.source is not Source.INDEX]
    settings = [*_sources(tool, lines), *_backend(document, lines)]
    return Manifest(tuple(found), tuple(settings), tuple(_dynamic(tool)))


def _backend(document: dict[str, Any], lines: Lines) -> Iterator[Setting]:
    """A build backend in the tree itself: its code runs for whoever installs the project (PEP 517)."""
    if where := words(inner(document, "build-system", "backend-path")):
        name = str(inner(document, "build-system", "build-backend"))
        yield Setting("script", "build-backend", f"{name} in {', '.join(where)}", lines.of("backend-path"))


def script(text: str, folder: str) -> Manifest:
    """A program that names what it needs in a comment of its own (PEP 723)."""
    rows, found, first = text.splitlines(), list[str](), 0
    for number, row in enumerate(rows, 1):
        if not first:
            first = number if row.rstrip() == SCRIPT_MARK else 0
        elif row.rstrip() == "# ///" or not row.startswith("#"):
            break
        else:
            found.append(row[2:])
    document = read_toml("\n".join(found))
    lines = Lines(text)
    listed = [
        *words(document.get("dependencies")),
        *words(inner(document, "tool", "uv", "override-dependencies")),
    ]
    return Manifest(
        tuple(requirement(each, lines.of(each, _first_word(each)), folder) for each in listed),
        tuple(_sources(table(document.get("tool")), lines)),
    )


def _first_word(text: str) -> str:
    return re.split(r"[\s\[<>=!~;@(]", text.strip(), maxsplit=1)[0]


def _poetry(tool: dict[str, Any], lines: Lines, folder: str) -> Iterator[Dependency]:
    poetry = table(tool.get("poetry"))
    tables = [poetry.get("dependencies"), poetry.get("dev-dependencies")]
    tables += [table(group).get("dependencies") for group in table(poetry.get("group")).values()]
    for each in tables:
        yield from _keyed(table(each), lines, folder)


def _keyed(entries: dict[str, Any], lines: Lines, folder: str) -> Iterator[Dependency]:
    """`name = "^1.0"` or `name = {version = …, git = …}`, as poetry, pipenv and uv write them."""
    for name, value in entries.items():
        if name.lower() == "python":
            continue
        line = lines.of(name)
        for option in value if isinstance(value, list) else [value]:
            spec, source = _spec(option, folder)
            yield _named(name, spec, line, source)


def _spec(value: Json, folder: str) -> tuple[str, Source]:
    if isinstance(value, str):
        return value, Source.INDEX
    options = table(value)
    for key, source in (("git", Source.GIT), ("url", Source.URL), ("hg", Source.GIT), ("svn", Source.GIT)):
        if key in options:
            return str(options[key]), source
    for key in ("path", "file"):
        if key in options:
            path = str(options[key])
            address = path if path.startswith((".", "/", "~", "http")) else f"./{path}"
            source = source_of(rebased(folder, address))
            return path, source
    return str(options.get("version", "*")), Source.INSIDE if options.get("workspace") else Source.INDEX


def _uv_sources(tool: dict[str, Any], lines: Lines, folder: str) -> Iterator[Dependency]:
    for each in _keyed(table(inner(tool, "uv", "sources")), lines, folder):
        if each.source is not Source.INDEX:
            yield each


def _sources(tool: dict[str, Any], lines: Lines) -> Iterator[Setting]:
    owners = [("poetry", "source"), ("pdm", "source")]
    owners += [(owner, key) for owner in ("uv", "uv.pip") for key in _OTHER_INDEX]
    for owner, key in owners:
        value = inner(tool, *owner.split("."), key)
        for each in value if isinstance(value, list) else [] if value is None else [value]:
            address = str(each.get("url", "")) if isinstance(each, dict) else str(each)
            yield Setting("index", f"tool.{owner}.{key}", address, lines.of(address))


def _dynamic(tool: dict[str, Any]) -> Iterator[str]:
    """Files that setuptools reads dependencies from."""
    dynamic = table(inner(tool, "setuptools", "dynamic"))
    entries = [dynamic.get("dependencies"), *table(dynamic.get("optional-dependencies")).values()]
    for entry in entries:
        files = table(entry).get("file")
        yield from [files] if isinstance(files, str) else words(files)


def setup_cfg(text: str, folder: str) -> Manifest:
    """setup.cfg of setuptools."""
    try:
        parser = plain_ini.load(text, strict=True)
    except configparser.Error as error:
        raise ManifestError("is not a valid configuration file") from error
    lines = Lines(text)
    keys = ("install_requires", "setup_requires", "tests_require")
    values = [parser.get("options", key, fallback="") for key in keys]
    if parser.has_section("options.extras_require"):
        values += [
            parser.get("options.extras_require", key) for key in parser.options("options.extras_require")
        ]
    includes = [
        name.strip()
        for value in values
        if (found := re.match(r"\s*file:(.*)", value))
        for name in found[1].split(",")
    ]
    rows = [row for value in values if not re.match(r"\s*file:", value) for row in _rows(value)]
    return Manifest(
        tuple(requirement(row, lines.of(row, _first_word(row)), folder) for row in rows), (), tuple(includes)
    )


def _rows(value: str) -> Iterator[str]:
    for row in re.split(r"\n|(?<!,);(?!\s*\w+\s*[<>=!]|\s*extra)", value):
        if row.strip() and not row.strip().startswith("#"):
            yield row.strip()


def setup_py(text: str, folder: str) -> Manifest:
    """setup.py, read and never run: literal lists of requirements; what is computed is said to be."""
    if len(text) > _MAX_PROGRAM:
        raise ManifestError(
            f"is a program of more than {_MAX_PROGRAM} characters",
            fix="list the dependencies in pyproject.toml",
        )
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ManifestError("is not valid Python") from error
    names = {
        target.id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    found: list[Dependency] = []
    computed: list[str] = []
    for keyword in _setup_keywords(tree):
        value = (
            names.get(keyword.value.id, keyword.value)
            if isinstance(keyword.value, ast.Name)
            else keyword.value
        )
        if keyword.arg is None:
            computed.append(ast.dump(keyword.value))
        elif keyword.arg in _SETUP_KEYS:
            try:
                found += [requirement(each, value.lineno, folder) for each in _flat(ast.literal_eval(value))]
            except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
                computed.append(ast.dump(value))
    return Manifest(tuple(found), computed="\n".join(computed))


def _setup_keywords(tree: ast.Module) -> Iterator[ast.keyword]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name == "setup":
                yield from node.keywords


def _flat(value: Json) -> Iterator[str]:
    if isinstance(value, str):
        yield from _rows(value)
    elif isinstance(value, dict):
        for each in value.values():
            yield from _flat(each)
    elif isinstance(value, list | tuple | set):
        for each in value:
            yield from _flat(each)
    else:
        raise TypeError(value)


def pipfile(text: str, folder: str) -> Manifest:
    """Pipfile of pipenv."""
    document, lines = read_toml(text), Lines(text)
    groups = [
        value for key, value in document.items() if key not in {"source", "requires", "scripts", "pipenv"}
    ]
    found = [each for group in groups for each in _keyed(table(group), lines, folder)]
    sources = document.get("source") or []
    urls = (
        [str(each.get("url", "")) for each in sources if isinstance(each, dict)]
        if isinstance(sources, list)
        else []
    )
    return Manifest(tuple(found), tuple(Setting("index", "source", url, lines.of(url)) for url in urls))


def toml_lock(text: str, folder: str) -> Manifest:
    """poetry.lock, uv.lock and pdm.lock: `[[package]]` tables."""
    del folder
    packages, lines = read_toml(text).get("package") or [], Lines(text)
    if not isinstance(packages, list):
        raise ManifestError("has no list of packages")
    every = [table(each) for each in packages]
    return Manifest(tuple(_locked(each, lines) for each in every), tuple(_registries(every, lines)))


def _registries(packages: list[dict[str, Any]], lines: Lines) -> Iterator[Setting]:
    """Indexes that locked packages come from, each once."""
    sources = [table(each.get("source")) for each in packages]
    known = {
        str(each.get("registry") or (each.get("url") if each.get("type") == "legacy" else "") or "")
        for each in sources
    }
    for address in sorted(known - {""}):
        yield Setting("index", "source", address, lines.of(address))


def _locked(package: dict[str, Any], lines: Lines) -> Dependency:
    name, source = str(package.get("name", "")), table(package.get("source"))
    kind = str(source.get("type", ""))
    where = Source.INDEX
    if "git" in source or kind == "git":
        where = Source.GIT
    elif kind == "url" or ("url" in source and kind not in {"legacy", ""}):
        where = Source.URL
    elif any(key in source for key in ("virtual", "editable", "directory", "path")) or kind in {
        "directory",
        "file",
    }:
        where = Source.INSIDE
    return _named(name, str(package.get("version", "")), lines.after(f'"{name}"'), where, locked=True)


def pipfile_lock(text: str, folder: str) -> Manifest:
    """Pipfile.lock."""
    document, lines = read_json(text), Lines(text)
    found = []
    for group, entries in document.items():
        for name, value in table(entries).items() if group != "_meta" else ():
            spec, source = _spec(value, folder)
            found.append(_named(name, spec, lines.after(f'"{name}"'), source, locked=True))
    sources = inner(document, "_meta", "sources") or []
    urls = (
        [str(each.get("url", "")) for each in sources if isinstance(each, dict)]
        if isinstance(sources, list)
        else []
    )
    return Manifest(tuple(found), tuple(Setting("index", "source", url, lines.of(url)) for url in urls))
