"""Which file is read by which parser."""

import posixpath
import re
from collections.abc import Callable
from pathlib import PurePosixPath

from ci_factory.manifests import node, others, python
from ci_factory.manifests.model import Manifest, ManifestError
from ci_factory.manifests.places import MAX_ENTRIES

Parser = Callable[[str, str], Manifest]
"""Text and folder (from the root of the repository, empty for the root) to what it declares; raises ManifestError."""

PARSERS: dict[str, Parser] = {
    "pyproject.toml": python.pyproject,
    "setup.cfg": python.setup_cfg,
    "setup.py": python.setup_py,
    "Pipfile": python.pipfile,
    "package.json": node.package_json,
    "go.mod": others.go_mod,
    "Cargo.toml": others.cargo_toml,
    "composer.json": others.composer_json,
    "pom.xml": others.pom_xml,
}
"""What people write."""
LOCKS: dict[str, Parser] = {
    "poetry.lock": python.toml_lock,
    "uv.lock": python.toml_lock,
    "pdm.lock": python.toml_lock,
    "Pipfile.lock": python.pipfile_lock,
    "package-lock.json": node.package_lock,
    "npm-shrinkwrap.json": node.package_lock,
    "yarn.lock": node.yarn_lock,
    "pnpm-lock.yaml": node.pnpm_lock,
    "Cargo.lock": others.cargo_lock,
    "composer.lock": others.composer_lock,
}
"""What tools write."""
INDEXES = {".npmrc", ".yarnrc", ".yarnrc.yml", "bunfig.toml", "pip.conf", "pip.ini", "uv.toml"}
UNREAD = {
    "environment.yml", "environment.yaml", "conda.yaml", "Gemfile", "Gemfile.lock", "settings.gradle", "settings.gradle.kts",
    "build.gradle", "build.gradle.kts", "libs.versions.toml", "gradle.lockfile", "mix.exs", "mix.lock", "pubspec.yaml",
    "pubspec.lock", "Package.swift", "Package.resolved", "Podfile", "Podfile.lock", "packages.config", "packages.lock.json",
    "Directory.Packages.props", "conanfile.txt", "conanfile.py", "vcpkg.json", "cpanfile", "MODULE.bazel",
}  # fmt: skip
"""Manifests of ecosystems that nothing here reads."""
_UNREAD = re.compile(r".+\.(gemspec|csproj|fsproj|vbproj|cabal|sbt)")
_REQUIREMENTS = re.compile(r"(?i)(.*[-_.])?(requirements?|constraints?|deps)([-_.].*)?\.(txt|in|pip)")
_FOLDERS = {"requirements", "constraints"}


def parser_of(path: str) -> Parser | None:
    """The parser for a file, by its name and folder; `None` for a file that declares nothing."""
    place = PurePosixPath(path)
    if place.name in INDEXES or (place.name in {"config.toml", "config"} and place.parent.name == ".cargo"):
        return others.index_settings
    if is_requirements(path):
        return python.requirements
    if place.name in UNREAD or _UNREAD.fullmatch(place.name):
        return others.unread
    return PARSERS.get(place.name) or LOCKS.get(place.name)


def is_requirements(path: str) -> bool:
    """Whether pip's format is to be expected, by the usual names."""
    place = PurePosixPath(path)
    in_folder = place.parent.name in _FOLDERS and place.suffix in {".txt", ".in", ".pip"}
    return in_folder or _REQUIREMENTS.fullmatch(place.name) is not None


def is_lock(path: str) -> bool:
    """Whether a tool writes it."""
    return PurePosixPath(path).name in LOCKS


def read(path: str, text: str) -> Manifest:
    """What a manifest declares.

    Raises:
        ManifestError: it can't be read; it names the file.
    """
    parser = parser_of(path) or (python.script if path.endswith(".py") else python.requirements)
    folder = posixpath.dirname(path)
    try:
        found = parser(text, folder)
    except ManifestError as error:
        raise type(error)(error.what, where=path, fix=error.fix) from error
    except (RecursionError, ValueError, TypeError, AttributeError, KeyError) as error:
        raise ManifestError("is not what such a file looks like", where=path) from error
    if len(found.dependencies) > MAX_ENTRIES:
        raise ManifestError(f"names more than {MAX_ENTRIES} dependencies", where=path)
    return found


def included(path: str, name: str) -> str | None:
    """The path of a file that a manifest includes; `None` when it is no file of the repository."""
    if "://" in name or name.startswith(("/", "~")):
        return None
    joined = posixpath.normpath(posixpath.join(posixpath.dirname(path), name))
    return None if joined.startswith("..") else joined
