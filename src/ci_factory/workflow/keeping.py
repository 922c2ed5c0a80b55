"""What metrics keep from run to run in CI: the store, and the facts of nights, as earlier jobs left them.

They are taken from artifacts of the default branch, whose jobs no merge request decides on, through the API and within
bounds. A cache is not used: any branch may write it. What is damaged is named and passed over; an empty store is filled
again from the forge.
"""

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from ci_factory.errors import ArtifactError
from ci_factory.forge.gitlab.forge import GitLabForge
from ci_factory.metrics import storing
from ci_factory.metrics.facts import History
from ci_factory.system import records

STORE_BYTES = 64 * 1024 * 1024
FACTS_BYTES = 64 * 1024 * 1024
"""The largest store, and the largest facts.json, that are read."""
_TRIES = 5
"""Older stores that are tried when the newest one is damaged or has expired."""


@dataclass
class Keeping:
    """Reads what jobs of a project left."""

    forge: GitLabForge
    folder: Path
    """The output folder here."""
    place: str
    """The same within the project, as in the archives of jobs: `.ci-factory`."""
    source: str | None = None
    """What started this pipeline; the same kind is looked at first."""
    left_out: list[str] = field(default_factory=list)
    """What was there and could not be believed."""

    def restore(self, job: str, name: str) -> int | None:
        """Bring the newest sound store of this name that a job of the name `job` left; returns the job's number.

        Whatever has that name here is removed first: nobody knows who left it.

        Raises:
            ForgeError: the forge can't be read.
        """
        target, draft = self.folder / name, self.folder / f"{name}.restored"
        _remove(target, draft)
        for left in islice(self.forge.jobs_of_default_branch(job, source=self.source), _TRIES):
            data = self._file(left.job, name, STORE_BYTES)
            if data is not None and self._is_sound(left.job, draft, data):
                draft.replace(target)
                return left.job
        _remove(draft)
        return None

    def facts(self, job: str, name: str, known: AbstractSet[str]) -> list[History]:
        """Facts that jobs left, oldest first; back to the first that tells of nights in `known` only.

        Raises:
            ForgeError: the forge can't be read.
        """
        found: list[History] = []
        for history in self._histories(job, name):
            found.append(history)
            if {batch.id for batch in history.batches} <= known:
                break
        return found[::-1]

    def _histories(self, job: str, name: str) -> Iterator[History]:
        for left in self.forge.jobs_of_default_branch(job, source=self.source):
            data = self._file(left.job, name, FACTS_BYTES)
            if data is None:
                continue
            try:
                yield records.parse_model(data, History, where=f"{name} of job {left.job}")
            except ArtifactError as error:
                self.left_out.append(f"{error.where}: {error.what}")

    def _file(self, job: int, name: str, limit: int) -> bytes | None:
        try:
            return self.forge.artifact(job, f"{self.place}/{name}", limit=limit)
        except ArtifactError as error:
            self.left_out.append(f"{name} of job {job}: {error.what}")
            return None

    def _is_sound(self, job: int, draft: Path, data: bytes) -> bool:
        draft.write_bytes(data)
        try:
            storing.sound(draft)
        except ArtifactError as error:
            self.left_out.append(f"the store of job {job} {error.what}")
            return False
        return True


def _remove(*files: Path) -> None:
    for file in files:
        for suffix in ("", "-journal", "-wal", "-shm"):
            file.with_name(f"{file.name}{suffix}").unlink(missing_ok=True)
