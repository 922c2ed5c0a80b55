"""Reports that are posted where people are: on one issue of ours, or as a snippet. Read before written, never twice."""

import re
from dataclasses import dataclass
from functools import cached_property

from ci_factory.config import Config
from ci_factory.errors import UsageError
from ci_factory.forge import kept_notes
from ci_factory.forge.gitlab.forge import GitLabForge
from ci_factory.forge.protocol import Forge
from ci_factory.model.forge import NoteTarget, ReportIssue
from ci_factory.model.redaction import redact
from ci_factory.publishing import markdown
from ci_factory.system import ci_env
from ci_factory.system.clock import Clock
from ci_factory.workflow.switch import Switch

REPORT_KEY = "morning"
TITLE = "ci-factory: morning report"
_NOTHING_YET = "No night has been reported yet. This issue is kept up to date by ci-factory; it is no ticket."


@dataclass(frozen=True)
class Posted:
    """Where a report is."""

    where: str
    """`#12`, or the snippet's address."""
    written: bool
    """False: it was there already, and stayed as it is."""


@dataclass(frozen=True)
class Posting:
    """Posts reports of one project. Asks the kill switch before every write.

    Errors of every method: UsageError when the factory is switched off, ForgeError as the forge has them.
    """

    forge: Forge
    config: Config
    clock: Clock

    @cached_property
    def _switch(self) -> Switch:
        return Switch(self.forge, self.config, self.clock)

    def morning(self, text: str) -> Posted:
        """Make the issue say this morning's report; it is made when there is none."""
        return Posted(f"#{self._issue(text, update=True).id}", written=True)

    def note(self, key: str, text: str, hidden: str = "") -> Posted:
        """Add the report of a period to the same issue, unless it has one with this key; `hidden` is a block below it."""
        issue = self.issue()
        notes = self.forge.notes(NoteTarget.ISSUE, issue.id)
        if any(note.author == self.forge.user and kept_notes.carries(note.body, key) for note in notes):
            return Posted(f"#{issue.id}", written=False)
        self.refuse_when_off()
        body = document(text) + (f"\n{hidden}\n" if hidden else "")
        self.forge.ensure_note(NoteTarget.ISSUE, issue.id, key, body)
        return Posted(f"#{issue.id}", written=True)

    def snippet(self, title: str, text: str) -> Posted:
        """Make a project snippet of this title, unless there is one; its file is called like the title.

        Raises:
            UsageError: the forge is no GitLab.
        """
        if not isinstance(self.forge, GitLabForge):
            raise UsageError("only GitLab has snippets", where="--post snippet", fix="use --post issue")
        self.refuse_when_off()
        name = f"{re.sub('[^A-Za-z0-9-]+', '-', title)}.md"
        snippet, made = self.forge.ensure_snippet(title, name, document(text))
        return Posted(snippet.url, made)

    def issue(self) -> ReportIssue:
        """The issue that carries the reports; made, without one yet, when it is missing."""
        return self._issue(_NOTHING_YET, update=False)

    def _issue(self, text: str, *, update: bool) -> ReportIssue:
        self.refuse_when_off()
        return self.forge.ensure_report(REPORT_KEY, TITLE, document(text), update=update)

    def refuse_when_off(self) -> None:
        """Raise UsageError while the factory is switched off."""
        if why := self._switch.off() if self.config.enabled else "enabled: false":
            raise UsageError(
                f"the factory is switched off: {why}",
                where="enabled",
                fix="set enabled: true in the configuration on the default branch",
            )


def document(text: str) -> str:
    """As it leaves the process: bounded, and without any secret of ours."""
    return markdown.document([redact(text, ci_env.secrets())])
