"""New services, schema changes and new packages in a change."""

import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

import yaml

from ci_factory.manifests.registry import PARSERS
from ci_factory.model import plain_yaml
from ci_factory.model.attempt import Trigger
from ci_factory.work.triggers.change import Change, ChangedFile, is_aside
from ci_factory.work.triggers.signal import Signal

_IMAGE = re.compile(r"(?:.*\.)?(?:Dockerfile|Containerfile)(?:\..+)?")
_COMPOSE = re.compile(r"(?:docker-)?compose(?:[.-].+)?\.ya?ml")
_DEPLOYED = re.compile(
    r"^kind:\s*(Deployment|StatefulSet|DaemonSet|CronJob|Job|Service|Ingress|Gateway|ReplicaSet)\s*$"
)
_RESOURCE = re.compile(r'^\s*(?:resource|module)\s+"([^"]+)"')
_PROCESS = re.compile(r"^([A-Za-z][\w-]*):\s*\S")
_UNIT = re.compile(r".+\.(?:service|timer|socket)")
_OTHERS = frozenset(
    {"Chart.yaml", "serverless.yml", "serverless.yaml", "fly.toml", "app.yaml", "skaffold.yaml"}
)
_SCHEMA_FILE = re.compile(r"(?:schema\.(?:prisma|rb|sql)|structure\.sql|.+\.(?:graphql|graphqls|proto|avsc))")
_SCHEMA_LINE = re.compile(
    r"\bmodels\.(?:\w+Field|ForeignKey)\(|\b(?:db\.)?Column\(|\bmapped_column\(|__tablename__\s*=|\b(?:db\.)?relationship\("
)
_SQL_SCHEMA = re.compile(r"\bCREATE\s+(?:UNIQUE\s+)?(?:TABLE|INDEX|VIEW)\b", re.IGNORECASE)
_MIGRATIONS = frozenset({"migrations", "migrate", "migration", "alembic", "versions", "changelog"})
_LARGEST = 200_000


def architecture(change: Change) -> Iterator[Signal]:
    """What makes the system another one than it was; dependencies are told by `dependencies`."""
    for file in change.files:
        if not is_aside(file.path) and not file.gone:
            yield from _deployed(file)
            yield from _schema(file)
    yield from _new_packages(change)


def created(path: str) -> Signal | None:
    """What a file that is only announced gives away by its name."""
    name = PurePosixPath(path).name
    if is_aside(path) or not (_IMAGE.fullmatch(name) or _COMPOSE.fullmatch(name) or name in _OTHERS):
        return None
    return Signal(Trigger.ARCHITECTURE, "new-service", "adds something that is deployed", path)


def _deployed(file: ChangedFile) -> Iterator[Signal]:
    if file.new and (_IMAGE.fullmatch(file.name) or file.name in _OTHERS or _UNIT.fullmatch(file.name)):
        yield _service(file, "adds something that is deployed", 1)
    elif _COMPOSE.fullmatch(file.name):
        for name in sorted(_services(file.after) - _services(file.before)):
            starts = (each.number for each in file.added if each.text.strip().startswith(f"{name}:"))
            yield _service(file, f"adds the service {name}", next(starts, 1))
    elif pattern := _pattern(file):
        known = {found[1] for line in file.removed if (found := pattern.match(line.text))}
        for line in file.added:
            if (found := pattern.match(line.text)) and found[1] not in known:
                yield _service(file, f"adds {found[1]} to what is deployed", line.number)


def _pattern(file: ChangedFile) -> re.Pattern[str] | None:
    if file.name == "Procfile":
        return _PROCESS
    suffix = PurePosixPath(file.path).suffix
    return {".tf": _RESOURCE, ".yaml": _DEPLOYED, ".yml": _DEPLOYED}.get(suffix)


def _service(file: ChangedFile, what: str, line: int) -> Signal:
    return Signal(Trigger.ARCHITECTURE, "new-service", what, file.path, line)


def _services(text: str | None) -> set[str]:
    try:
        loaded: Any = plain_yaml.load(text) if text and len(text) < _LARGEST and "&" not in text else None
    except yaml.YAMLError:
        return set()
    found = loaded.get("services") if isinstance(loaded, dict) else None
    return set(map(str, found)) if isinstance(found, dict) else set()


def _schema(file: ChangedFile) -> Iterator[Signal]:
    """The shape of stored or exchanged data; migrations are told by `data`."""
    if not _MIGRATIONS.isdisjoint(file.path.lower().split("/")[:-1]):
        return
    changed = (*file.added, *file.removed)
    if _SCHEMA_FILE.fullmatch(file.name):
        line = file.first_code
    elif file.is_code:
        line = next((each for each in changed if _SCHEMA_LINE.search(each.code)), None)
        line = line or next((each for each in changed if _SQL_SCHEMA.search(each.uncommented)), None)
    else:
        return
    if line is not None:
        yield Signal(Trigger.ARCHITECTURE, "schema", "changes a data schema", file.path, line.number)


def _new_packages(change: Change) -> Iterator[Signal]:
    """A package with a manifest of its own, or a new top-level package beside others."""
    had_manifest = any(PurePosixPath(path).name in PARSERS for path in change.base_files)
    tops = {top for path in change.base_files if (top := _top_package(path))}
    seen: set[str] = set()
    for file in change.files:
        if not file.new or is_aside(file.path):
            continue
        if had_manifest and "/" in file.path and file.name in PARSERS:
            yield Signal(
                Trigger.ARCHITECTURE, "boundary", "adds a package with a manifest of its own", file.path, 1
            )
        top = _top_package(file.path)
        if top and tops and top not in tops | seen:
            seen.add(top)
            yield Signal(Trigger.ARCHITECTURE, "boundary", f"adds the top-level package {top}", file.path, 1)


def _top_package(path: str) -> str | None:
    """`name` of `name/__init__.py` and `src/name/__init__.py`."""
    found = re.fullmatch(r"(?:src/)?([^/]+)/__init__\.py", path)
    return found[1] if found and not is_aside(path) else None
