"""Measurements that need not be made twice: in memory within a run, on disk between runs."""

import hashlib
import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar, cast

from pydantic import BaseModel

from ci_factory import __version__
from ci_factory.model.base import Json
from ci_factory.system import records

ModelT = TypeVar("ModelT", bound=BaseModel)


class Measurements:
    """A store of values by what they were measured from. Only whole measurements get in.

    A damaged or foreign file on disk is measured again and replaced.
    """

    def __init__(self, folder: Path | None = None) -> None:
        """Keep values in the folder too, if one is given."""
        self._folder = folder
        self._known: dict[str, BaseModel] = {}
        self._locks: dict[str, threading.Lock] = {}
        self._guard = threading.Lock()

    @property
    def folder(self) -> Path | None:
        """Where values are kept between runs, if anywhere."""
        return self._folder

    def get(self, key: Json, kind: type[ModelT], measure: Callable[[], ModelT]) -> ModelT:
        """The value for this key (anything JSON can say), measured if need be; two who ask at once share one run."""
        text = json.dumps([__version__, kind.__name__, key], sort_keys=True)
        digest = hashlib.sha256(text.encode()).hexdigest()
        with self._guard:
            lock = self._locks.setdefault(digest, threading.Lock())
        with lock:
            if digest not in self._known:
                self._known[digest] = self._from_disk(digest, kind) or self._measured(digest, measure)
            return cast("ModelT", self._known[digest])

    def _path(self, digest: str) -> Path | None:
        return None if self._folder is None else self._folder / digest[:2] / f"{digest}.json"

    def _from_disk(self, digest: str, kind: type[ModelT]) -> ModelT | None:
        path = self._path(digest)
        return None if path is None else records.read_if_valid(path, kind)

    def _measured(self, digest: str, measure: Callable[[], ModelT]) -> ModelT:
        value = measure()
        path = self._path(digest)
        if path is not None:
            records.write_model(path, value)
        return value
