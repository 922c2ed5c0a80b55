"""Reads and writes the files that cross borders: whole or not at all, bounded, strictly parsed."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from ci_factory.errors import ArtifactError
from ci_factory.model.base import Json
from ci_factory.model.event import Event
from ci_factory.model.redaction import redact
from ci_factory.system import ci_env

MAX_BYTES = 64 * 1024 * 1024
"""Largest artifact that is read."""

ModelT = TypeVar("ModelT", bound=BaseModel)


def write_bytes(path: Path, data: bytes, *, durable: bool = False) -> None:
    """Write a file so that a reader, or a kill, sees the old one or the new one and nothing between.

    `durable` also survives a power cut, at the price of waiting for the disk and everything written before it.
    Without it a power cut may leave a damaged file, which every reader here takes for a missing one.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            if durable:
                os.fsync(stream.fileno())
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            Path(name).unlink()
        raise


def write_text(path: Path, text: str, *, durable: bool = False) -> None:
    """Write text as UTF-8, atomically."""
    write_bytes(path, text.encode("utf-8"), durable=durable)


def write_model(path: Path, model: BaseModel, *, durable: bool = False) -> None:
    """Write an artifact as indented JSON, atomically; equal values give equal bytes."""
    write_text(path, model.model_dump_json(indent=2) + "\n", durable=durable)


def write_yaml(path: Path, model: BaseModel) -> None:
    """Write an artifact as YAML for people, atomically."""
    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    text = yaml.dump(model.model_dump(mode="json"), Dumper=dumper, sort_keys=False, allow_unicode=True)
    write_text(path, text)


def read_model(path: Path, kind: type[ModelT], *, limit: int = MAX_BYTES) -> ModelT:
    """Read an artifact.

    Raises:
        ArtifactError: it is missing, larger than `limit` bytes, or not what `kind` says.
    """
    try:
        with path.open("rb") as stream:
            data = stream.read(limit + 1)
    except OSError as error:
        raise ArtifactError(f"can't be read: {error.strerror}", where=str(path)) from error
    if len(data) > limit:
        raise ArtifactError(f"is larger than {limit} bytes", where=str(path))
    return parse_model(data, kind, where=str(path))


def parse_model(data: bytes, kind: type[ModelT], *, where: str) -> ModelT:
    """An artifact from its bytes; `where` names them in the error.

    Raises:
        ArtifactError: they are not what `kind` says.
    """
    try:
        return kind.model_validate_json(data)
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        key = ".".join(str(part) for part in first["loc"]) or "the whole file"
        fix = "run the stage that writes it again"
        raise ArtifactError(f"{key}: {first['msg']}", where=where, fix=fix) from error


def read_if_valid(path: Path, kind: type[ModelT]) -> ModelT | None:
    """The artifact when it is there and whole, else `None`; for resuming after a kill."""
    try:
        return read_model(path, kind)
    except ArtifactError:
        return None


class EventLog:
    """An append-only events.jsonl. One line is one write, so a kill leaves at most one torn last line."""

    def __init__(self, path: Path) -> None:
        """Log into the given file; its folder is made when needed."""
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)

    def append(self, event: Event) -> None:
        """Add one event at the end."""
        line = _masked(event).model_dump_json() + "\n"
        handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            os.write(handle, (self._torn_end(handle) + line).encode("utf-8"))
        finally:
            os.close(handle)

    @staticmethod
    def _torn_end(handle: int) -> str:
        """A newline when a kill left the last line unfinished."""
        size = os.fstat(handle).st_size
        return "\n" if size and os.pread(handle, 1, size - 1) != b"\n" else ""


def _masked(event: Event) -> Event:
    """The event as it may be kept: whatever an error quoted, no secret is in it."""
    secrets = ci_env.secrets()
    return event.model_copy(
        update={"data": {name: _without(value, secrets) for name, value in event.data.items()}}
    )


def _without(value: Json, secrets: tuple[str, ...]) -> Json:
    if isinstance(value, str):
        return redact(value, secrets)
    if isinstance(value, dict):
        return {name: _without(each, secrets) for name, each in value.items()}
    return [_without(each, secrets) for each in value] if isinstance(value, (list, tuple)) else value


def read_events(path: Path) -> Iterator[Event]:
    """Every whole event of the log, each key once; torn lines are passed over."""
    seen: set[str] = set()
    if not path.exists():
        return
    with path.open(encoding="utf-8", errors="replace") as stream:
        for line in stream:
            try:
                event = Event.model_validate_json(line)
            except ValidationError:
                continue
            if event.key not in seen:
                seen.add(event.key)
                yield event
