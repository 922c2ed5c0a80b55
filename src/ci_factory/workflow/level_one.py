"""Level 1: the one score note on merge requests of anybody, from what gates jobs left or from gates run here."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path

from ci_factory import config as configuration
from ci_factory.config import Config
from ci_factory.errors import ArtifactError, ConfigError, FactoryError, ForgeError, UsageError
from ci_factory.forge import kept_notes
from ci_factory.forge.added_lines import commentable
from ci_factory.forge.gitlab.forge import GitLabForge
from ci_factory.forge.gitlab.sweeping import Proposed, Sweeping
from ci_factory.model import block
from ci_factory.model.forge import NoteTarget
from ci_factory.model.gate import Verdict
from ci_factory.publishing import comments, level_one
from ci_factory.publishing.note import GATE_NOTE_KEY
from ci_factory.system.clock import Clock
from ci_factory.workflow import evidence as proof
from ci_factory.workflow.evidence import Bound, Evidence
from ci_factory.workflow.switch import Switch

MR = NoteTarget.MERGE_REQUEST
GATES_JOB = "ci-factory-gates"
"""Name of the component's gates job without a prefix."""


@dataclass(frozen=True)
class Told:
    """What came of one merge request."""

    iid: int
    outcome: str
    """The verdict on the note; `moved`, `waiting`, `kept`, `ours` or `refused` when none was written; or `error`."""
    written: bool = False
    """Whether the note is new, or says something new."""
    detail: str = ""


@dataclass(frozen=True)
class LevelOne:
    """Writes score notes on the merge requests of a project."""

    forge: GitLabForge
    clock: Clock
    job: str = GATES_JOB

    @cached_property
    def _desk(self) -> Sweeping:
        return Sweeping(self.forge.project, self.forge.repository)

    @cached_property
    def _switch(self) -> Switch:
        return Switch(self.forge, Config(), self.clock)

    def note(self, iid: int, folder: Path, sha: str | None = None) -> Told:
        """Post what a gates job left in a folder, if it is about the merge request's present head; else nothing.

        Raises:
            ArtifactError: gate.json or score.json is missing or damaged: nothing was judged.
            UsageError: the factory is switched off.
        """
        found = proof.from_folder(folder)
        proposed = self._desk.merge_request(iid)
        if not proposed.open or proposed.head != (sha or found.report.head):
            return Told(iid, "moved", detail=f"its head is {proposed.head[:12]} now; nothing is posted")
        try:
            bound = self._bound(proposed)
        except ConfigError as error:
            return Told(iid, "refused", detail=str(error))
        if said := proof.objection(found, bound):
            return Told(iid, "refused", detail=f"{said}; nothing is posted")
        return self._judged(proposed, bound, found)

    def sweep(self, since: datetime | None = None) -> Iterator[Told]:
        """Bring the notes of all open merge requests up to date, one after the other.

        `since` passes over merge requests whose newest finished pipeline is older. Trouble with one does not stop the rest.

        Raises:
            UsageError: the factory is switched off.
        """
        self._refuse_when_off()
        for listed in self._desk.open_merge_requests_of_anybody():
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
        run = self._desk.newest_run(listed)
        if run is None or (since is not None and run.created_at < since):
            when = "no finished pipeline on its head" if run is None else "its newest pipeline is older"
            return Told(listed.iid, "waiting", detail=when)
        proposed = self._desk.merge_request(listed.iid)
        if not proposed.open or proposed.head != listed.head:
            return Told(listed.iid, "moved", detail="its head moved meanwhile")
        try:
            data = self._desk.archive(run, self.job, limit=proof.ARCHIVE_BYTES)
            if data is None:
                return self._nothing_left(proposed, run.id)
            found = proof.from_archive(data)
        except (ArtifactError, ForgeError) as error:
            return self._unjudged(proposed, _one_line(error))
        return self._weighed(proposed, found, merged=run.sha != proposed.head)

    def _weighed(self, proposed: Proposed, found: Evidence, *, merged: bool) -> Told:
        try:
            bound = self._bound(proposed)
        except ConfigError as error:
            return self._unjudged(proposed, _one_line(error))
        if merged and not proof.is_of(found, bound):
            return Told(proposed.iid, "waiting", detail="its newest finished pipeline is of another head")
        said = proof.objection(found, bound) or proof.suspicious(self.forge.git, found, bound)
        return self._unjudged(proposed, said) if said else self._judged(proposed, bound, found)

    def _nothing_left(self, proposed: Proposed, run: int) -> Told:
        """A verdict that was read before its artifact expired stays; what never was there is no pass."""
        if self._known_head(proposed.iid) == proposed.head:
            return Told(proposed.iid, "kept", detail="the artifact is gone, the note about this head stays")
        return self._unjudged(proposed, f"pipeline {run} left nothing of a job {self.job}")

    def _bound(self, proposed: Proposed) -> Bound:
        """What a verdict has to be about.

        Raises:
            ConfigError: the base's configuration can't be read.
            ForgeError: GitLab has no diff of it yet, or does not give its commits.
        """
        if proposed.base is None:
            raise ForgeError("GitLab has no diff of it yet", where=f"!{proposed.iid}", fix="run again")
        tree = self._desk.tree(proposed)
        self._desk.bring(proposed.base)
        text = self.forge.git.show(proposed.base, configuration.FILE_NAME)
        config = Config() if text is None else configuration.parse(text, configuration.FILE_NAME)
        return Bound(proposed.head, tree, proposed.base, config)

    def _judged(self, proposed: Proposed, bound: Bound, found: Evidence) -> Told:
        settings = bound.config.publishing
        body = level_one.judged(found.report, found.score, hosts=settings.link_hosts)
        written = self._ensure(proposed.iid, body)
        if settings.inline_comments:
            possible = comments.inline_comments(found.report, settings)
            beside = commentable(self.forge.git, bound.base, bound.head, possible)
            self.forge.ensure_comments(proposed.iid, beside[: settings.max_inline_comments])
        return Told(proposed.iid, found.score.verdict.value, written)

    def _unjudged(self, proposed: Proposed, why: str) -> Told:
        written = self._ensure(proposed.iid, level_one.unjudged(proposed.head, why))
        return Told(proposed.iid, Verdict.INCONCLUSIVE.value, written, why)

    def _ensure(self, iid: int, body: str) -> bool:
        """Write the note; whether that changed anything."""
        self._refuse_when_off()
        before = {note.id: note.body for note in self.forge.notes(MR, str(iid))}
        after = self.forge.ensure_note(MR, str(iid), GATE_NOTE_KEY, body)
        return before.get(after.id) != after.body

    def _known_head(self, iid: int) -> object:
        """The commit that our note is about."""
        ours = (note.body for note in self.forge.notes(MR, str(iid)) if note.author == self.forge.user)
        kept = [body for body in ours if kept_notes.carries(body, GATE_NOTE_KEY)]
        data = block.read(kept[-1], GATE_NOTE_KEY) if kept else None
        return data.get("head") if data else None

    def _refuse_when_off(self) -> None:
        if why := self._switch.off():
            raise UsageError(
                "the factory is switched off", where=why, fix="switch it on on the default branch"
            )


def _one_line(error: FactoryError) -> str:
    return f"{error.where}: {error.what}" if error.where else error.what
