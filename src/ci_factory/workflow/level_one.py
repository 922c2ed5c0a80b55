"""Level 1: the one score note on merge requests of anybody, from what gates jobs left or from gates run here."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path

from ci_factory.errors import ArtifactError, ConfigError, FactoryError, ForgeError, UsageError
from ci_factory.forge.gitlab.forge import GitLabForge
from ci_factory.forge.gitlab.sweeping import Proposed
from ci_factory.publishing import level_one
from ci_factory.system.clock import Clock
from ci_factory.workflow import evidence as proof
from ci_factory.workflow.evidence import Evidence
from ci_factory.workflow.score_notes import ScoreNotes, Told, one_line

GATES_JOB = "ci-factory-gates"
"""Name of the component's gates job without a prefix."""
_TRUSTED = "the note has the project's own verdict on this change"

__all__ = ["GATES_JOB", "LevelOne", "Told"]


@dataclass(frozen=True)
class LevelOne:
    """Writes score notes on the merge requests of a project."""

    forge: GitLabForge
    clock: Clock
    job: str = GATES_JOB

    @cached_property
    def _notes(self) -> ScoreNotes:
        return ScoreNotes(self.forge, self.clock)

    def note(self, iid: int, folder: Path, sha: str | None = None) -> Told:
        """Post what a gates job left in a folder, if it is about the merge request's present head; else nothing.

        Raises:
            ArtifactError: gate.json or score.json is missing or damaged: nothing was judged.
            UsageError: the factory is switched off.
        """
        found = proof.from_folder(folder)
        proposed = self._notes.desk.merge_request(iid)
        if not proposed.open or proposed.head != (sha or found.report.head):
            return Told(iid, "moved", detail=f"its head is {proposed.head[:12]} now; nothing is posted")
        try:
            bound = self._notes.bound(proposed)
        except ConfigError as error:
            return Told(iid, "refused", detail=str(error))
        if said := proof.objection(found, bound):
            return Told(iid, "refused", detail=f"{said}; nothing is posted")
        if self._notes.is_trusted(proposed):
            return Told(iid, "kept", detail=_TRUSTED)
        return self._notes.judged(iid, bound, found)

    def sweep(self, since: datetime | None = None) -> Iterator[Told]:
        """Bring the notes of all open merge requests up to date, one after the other.

        `since` passes over merge requests whose newest finished pipeline is older. Trouble with one does not stop the rest.

        Raises:
            UsageError: the factory is switched off.
        """
        self._notes.refuse_when_off()
        for listed in self._notes.desk.open_merge_requests_of_anybody():
            if listed.ours:
                yield Told(listed.iid, "ours", detail="a merge request of the factory has its own note")
                continue
            try:
                yield self._read(listed, since)
            except UsageError:
                raise
            except FactoryError as error:
                yield Told(listed.iid, "error", detail=" ".join(str(error).split()))

    def _read(self, listed: Proposed, since: datetime | None) -> Told:
        """The note from the artifacts of the newest finished pipeline."""
        desk = self._notes.desk
        run = desk.newest_run(listed)
        if run is None or (since is not None and run.created_at < since):
            when = "no finished pipeline on its head" if run is None else "its newest pipeline is older"
            return Told(listed.iid, "waiting", detail=when)
        proposed = desk.merge_request(listed.iid)
        if not proposed.open or proposed.head != listed.head:
            return Told(listed.iid, "moved", detail="its head moved meanwhile")
        if self._notes.is_trusted(proposed):
            return Told(listed.iid, "kept", detail=_TRUSTED)
        try:
            data = desk.archive(run, self.job, limit=proof.ARCHIVE_BYTES)
            if data is None:
                return self._nothing_left(proposed, run.id)
            found = proof.from_archive(data)
        except (ArtifactError, ForgeError) as error:
            return self._unjudged(proposed, one_line(error))
        return self._weighed(proposed, found, merged=run.sha != proposed.head)

    def _weighed(self, proposed: Proposed, found: Evidence, *, merged: bool) -> Told:
        try:
            bound = self._notes.bound(proposed)
        except ConfigError as error:
            return self._unjudged(proposed, one_line(error))
        if merged and not proof.is_of(found, bound):
            return Told(proposed.iid, "waiting", detail="its newest finished pipeline is of another head")
        said = proof.objection(found, bound) or proof.suspicious(self.forge.git, found, bound)
        return self._unjudged(proposed, said) if said else self._notes.judged(proposed.iid, bound, found)

    def _nothing_left(self, proposed: Proposed, run: int) -> Told:
        """A verdict that was read before its artifact expired stays; what never was there is no pass."""
        if self._notes.said(proposed.iid).get("head") == proposed.head:
            return Told(proposed.iid, "kept", detail="the artifact is gone, the note about this head stays")
        return self._unjudged(proposed, f"pipeline {run} left nothing of a job {self.job}")

    def _unjudged(self, proposed: Proposed, why: str) -> Told:
        return self._notes.unjudged(proposed.iid, level_one.unjudged(proposed.head, why), why)
