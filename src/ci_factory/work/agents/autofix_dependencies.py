"""Newer patch releases of what a manifest pins: x.y.Z alone, by the configured index. Nothing of a package is run."""

import json
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from ci_factory.errors import FactoryError, ToolMissing
from ci_factory.manifests.model import Dependency, Ecosystem, ManifestError, Source
from ci_factory.manifests.queries import PIP_REPORT
from ci_factory.manifests.registry import LOCKS, is_lock, parser_of, read
from ci_factory.model.base import Json
from ci_factory.system import process

ECOSYSTEMS = frozenset({Ecosystem.PYPI, Ecosystem.NPM})
_PIN = re.compile(r"(?P<way>==|~=|~|=)?\s*v?(?P<version>\d+\.\d+\.\d+)")
_PLAIN = re.compile(r"\d+\.\d+\.\d+")
_NAME = re.compile(r"(?:@[a-z0-9~-][a-z0-9._~-]{0,100}/)?[A-Za-z0-9][A-Za-z0-9._-]{0,100}")
_TIMEOUT, _OUTPUT = 60.0, 8 * 1024 * 1024
_PIP = (*PIP_REPORT, "--retries", "1", "--timeout", "10", "--disable-pip-version-check", "--no-input")
_NPM = ("--json", "--fetch-retries=1", "--fetch-timeout=10000", "--no-update-notifier", "--loglevel=silent")
_UNPINNED_BY_LOCK = frozenset(LOCKS)


class NoAnswer(FactoryError):
    """The index could not be asked, or has nothing that can be read without running it."""


@dataclass(frozen=True)
class Pin:
    """One exact version, or a floor within one minor version, in a manifest."""

    path: str
    line: int
    ecosystem: Ecosystem
    name: str
    version: str


@dataclass(frozen=True)
class Bump:
    """A pin and the newest patch release."""

    pin: Pin
    to: str


def pins(path: str, text: str) -> Iterator[Pin]:
    """What a manifest pins and a patch release can replace; lines with hashes are the business of a lock tool.

    Raises:
        ManifestError: the manifest can't be read.
    """
    if parser_of(path) is None or is_lock(path):
        return
    lines = text.splitlines()
    for each in read(path, text).dependencies:
        found = _PIN.fullmatch(each.spec.strip())
        line = lines[each.line - 1] if 0 < each.line <= len(lines) else ""
        if found and _is_askable(each) and "--hash" not in line and not line.rstrip().endswith("\\"):
            yield Pin(path, each.line, each.ecosystem, each.spelled, found["version"])


def _is_askable(each: Dependency) -> bool:
    asked = each.ecosystem in ECOSYSTEMS and each.source is Source.INDEX and not each.locked
    return asked and _NAME.fullmatch(each.spelled) is not None


def has_lock(path: str, present: Iterable[str]) -> bool:
    """Whether a lock file lies beside a manifest: its tool has to write both."""
    folder = PurePosixPath(path).parent
    beside = {PurePosixPath(each).name for each in present if PurePosixPath(each).parent == folder}
    return PurePosixPath(path).name in {"pyproject.toml", "package.json", "Pipfile"} and bool(
        beside & _UNPINNED_BY_LOCK
    )


def newest_patch(pin: Pin) -> str | None:
    """The newest x.y.Z that is neither yanked, deprecated nor a pre-release; `None`: there is no newer one.

    Raises:
        NoAnswer: the index did not answer for this name.
        ToolMissing: its client is not installed.
    """
    with TemporaryDirectory(prefix="ci-factory-") as folder:
        ask = _ask_pip if pin.ecosystem is Ecosystem.PYPI else _ask_npm
        versions = ask(pin, Path(folder))
    current = _numbers(pin.version)
    newer = [each for each in versions if _PLAIN.fullmatch(each) and _is_patch(current, _numbers(each))]
    return max(newer, key=_numbers, default=None)


def _is_patch(current: Sequence[int], other: Sequence[int]) -> bool:
    return current[:2] == other[:2] and other[2] > current[2]


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def _ask_pip(pin: Pin, folder: Path) -> list[str]:
    """What pip would install of `~=x.y.z`: pip itself leaves out what is yanked or a pre-release."""
    wanted = f"{pin.name}~={pin.version}"
    argv = (sys.executable, "-I", "-m", "pip", *_PIP, wanted)
    done = process.run(argv, cwd=folder, timeout=_TIMEOUT, limit=_OUTPUT)
    if "No module named pip" in done.stderr:
        raise ToolMissing("pip is not installed", fix="python -m ensurepip")
    rows = _parsed(done.stdout).get("install") if done.ok else None
    if not isinstance(rows, list):
        raise _no_answer(pin)
    return [str(row["metadata"]["version"]) for row in rows if isinstance(row, dict) and _is_named(row)]


def _is_named(row: dict[str, Json]) -> bool:
    metadata = row.get("metadata")
    return isinstance(metadata, dict) and "version" in metadata


def _ask_npm(pin: Pin, folder: Path) -> list[str]:
    npm = process.which("npm")
    if npm is None:
        raise ToolMissing("npm is not installed", fix="install Node.js")
    argv = (npm, "view", f"{pin.name}@~{pin.version}", "name", "version", "deprecated", *_NPM)
    done = process.run(argv, cwd=folder, timeout=_TIMEOUT, limit=_OUTPUT)
    if not done.ok:
        raise _no_answer(pin)
    found = _loaded(done.stdout)
    rows = found if isinstance(found, list) else [found]
    return [version for row in rows if (version := _standing(row))]


def _standing(row: Json) -> str:
    """The version of a row, unless it is deprecated; two fields that every version has make npm write whole rows."""
    return str(row.get("version", "")) if isinstance(row, dict) and not row.get("deprecated") else ""


def _loaded(text: str) -> Json:
    try:
        found: Json = json.loads(text or "[]")
    except (ValueError, RecursionError):
        return []
    return found


def _parsed(text: str) -> dict[str, Json]:
    found = _loaded(text)
    return found if isinstance(found, dict) else {}


def _no_answer(pin: Pin) -> NoAnswer:
    return NoAnswer(
        f"the index gave no answer about {pin.name}", fix="let it reach the index that is configured"
    )


def replaced(text: str, bumps: Iterable[Bump]) -> str:
    """A manifest with other versions in the very lines of the pins; a line that does not have it once stays.

    Raises:
        ManifestError: what came out declares something else than was meant.
    """
    lines = text.splitlines(keepends=True)
    done: list[Bump] = []
    for bump in bumps:
        line = lines[bump.pin.line - 1]
        version = re.compile(rf"(?<![\w.]){re.escape(bump.pin.version)}(?![\w.])")
        name = re.search(rf"(?<![\w-]){re.escape(bump.pin.name)}(?![\w-])", line)
        if name and len(version.findall(line, name.end())) >= 1:
            lines[bump.pin.line - 1] = line[: name.end()] + version.sub(bump.to, line[name.end() :], count=1)
            done.append(bump)
    result = "".join(lines)
    for bump in done:
        now = {(pin.name, pin.version) for pin in pins(bump.pin.path, result)}
        if (bump.pin.name, bump.to) not in now:
            raise ManifestError("can't be edited line by line", where=bump.pin.path)
    return result
