"""The one score note on a merge request of anybody: what a verdict has to be about, what the note says now, writing it."""

from dataclasses import dataclass
from functools import cached_property

from ci_factory import config as configuration
from ci_factory.config import Config
from ci_factory.errors import FactoryError, ForgeError, UsageError
from ci_factory.forge import kept_notes
from ci_factory.forge.added_lines import commentable
from ci_factory.forge.gitlab.forge import GitLabForge
from ci_factory.forge.gitlab.sweeping import Proposed, Sweeping
from ci_factory.model import block
from ci_factory.model.base import Json
from ci_factory.model.forge import NoteTarget
from ci_factory.model.gate import Verdict
from ci_factory.publishing import comments, level_one
from ci_factory.publishing.note import GATE_NOTE_KEY
from ci_factory.system.clock import Clock
from ci_factory.workflow.evidence import Bound, Evidence
from ci_factory.workflow.switch import Switch

MR = NoteTarget.MERGE_REQUEST
Block = dict[str, Json]


@dataclass(frozen=True)
class Told:
    """What came of one merge request."""

    iid: int
    outcome: str
    """The verdict on the note; `moved`, `waiting`, `kept`, `ours` or `refused` when none was written; or `error`.

    Of a plan also `planned`, `known` (the note has the verdict), `elsewhere`, `draft` or `fork`.
    """
    written: bool = False
    """Whether the note is new, or says something new."""
    detail: str = ""


@dataclass(frozen=True)
class ScoreNotes:
    """Score notes on the merge requests of a project."""

    forge: GitLabForge
    clock: Clock

    @cached_property
    def desk(self) -> Sweeping:
        """Where merge requests are read."""
        return Sweeping(self.forge.project, self.forge.repository)

    @cached_property
    def _switch(self) -> Switch:
        return Switch(self.forge, Config(), self.clock)

    def bound(self, proposed: Proposed, *, tree: str | None = None) -> Bound:
        """What a verdict has to be about. A `tree` of the head that is known is not looked at again.

        Raises:
            ConfigError: the base's configuration can't be read.
            ForgeError: GitLab has no diff of it yet, or does not give its commits.
        """
        if proposed.base is None:
            raise ForgeError("GitLab has no diff of it yet", where=f"!{proposed.iid}", fix="run again")
        tree = tree or self.desk.tree(proposed)
        self.desk.bring(proposed.base)
        text = self.forge.git.show(proposed.base, configuration.FILE_NAME)
        config = Config() if text is None else configuration.parse(text, configuration.FILE_NAME)
        return Bound(proposed.head, tree, proposed.base, config)

    def said(self, iid: int) -> Block:
        """What our note says to machines; nothing when there is none."""
        ours = (note.body for note in self.forge.notes(MR, str(iid)) if note.author == self.forge.user)
        kept = [body for body in ours if kept_notes.carries(body, GATE_NOTE_KEY)]
        return (block.read(kept[-1], GATE_NOTE_KEY) if kept else None) or {}

    def is_trusted(self, proposed: Proposed) -> bool:
        """Whether the note says what the project itself found out about this very change: no other word is better."""
        said = self.said(proposed.iid)
        if not level_one.is_trusted(said) or said.get("base") != proposed.base:
            return False
        return said.get("head") == proposed.head or said.get("tree") == self.desk.tree(proposed)

    def judged(self, iid: int, bound: Bound, found: Evidence, *, trusted: bool = False) -> Told:
        """Write a verdict, and comments on lines when the base's configuration wants them."""
        settings = bound.config.publishing
        write = level_one.trusted if trusted else level_one.judged
        written = self._ensure(iid, write(found.report, found.score, hosts=settings.link_hosts))
        if settings.inline_comments:
            possible = comments.inline_comments(found.report, settings)
            beside = commentable(self.forge.git, bound.base, bound.head, possible)
            self.forge.ensure_comments(iid, beside[: settings.max_inline_comments])
        return Told(iid, found.score.verdict.value, written)

    def unjudged(self, iid: int, body: str, why: str) -> Told:
        """Write why there is no verdict."""
        return Told(iid, Verdict.INCONCLUSIVE.value, self._ensure(iid, body), why)

    def refuse_when_off(self) -> None:
        """Write nothing for a factory that people switched off.

        Raises:
            UsageError: it is.
        """
        if why := self._switch.off():
            raise UsageError(
                "the factory is switched off", where=why, fix="switch it on on the default branch"
            )

    def _ensure(self, iid: int, body: str) -> bool:
        """Write the note; whether that changed anything."""
        self.refuse_when_off()
        before = {note.id: note.body for note in self.forge.notes(MR, str(iid))}
        after = self.forge.ensure_note(MR, str(iid), GATE_NOTE_KEY, body)
        return before.get(after.id) != after.body


def one_line(error: FactoryError) -> str:
    """An error as part of a sentence."""
    return f"{error.where}: {error.what}" if error.where else error.what
