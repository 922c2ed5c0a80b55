"""One factory for many projects: the queue of a whole group."""

from collections.abc import Iterable
from dataclasses import dataclass

from ci_factory.config import Labels
from ci_factory.forge.gitlab import queue
from ci_factory.forge.gitlab.api import Api
from ci_factory.forge.gitlab.forge import GitLabForge
from ci_factory.forge.gitlab.shapes import understood
from ci_factory.forge.gitlab.transfer import Transfer
from ci_factory.model.forge import Issue
from ci_factory.system.clock import Clock
from ci_factory.system.git import Git


@dataclass(frozen=True)
class QueuedIssue:
    """An issue, and the path of the project that it belongs to."""

    project: str
    issue: Issue


@understood
@dataclass(frozen=True)
class GitLabGroup:
    """A group with its subgroups, seen by the owner of one token. Ticket ids are unique within a project only."""

    api: Api
    path: str
    labels: Labels
    clock: Clock

    def queue(
        self, *, labels: Iterable[str] = (), any_label: Iterable[str] = (), opened_only: bool = True
    ) -> list[QueuedIssue]:
        """Issues of all projects in order of creation: one request for a hundred of them.

        Raises:
            NotFound: there is no such group, or we may not see it.
        """
        wanted = queue.Wanted.of(labels, any_label, opened_only=opened_only)
        return [QueuedIssue(*found) for found in queue.of_group(self.api, self.path.strip("/"), wanted)]

    def forge(self, project: str, transfer: Transfer, git: Git) -> GitLabForge:
        """The forge of one of its projects; `git` is the local repository of that project."""
        return GitLabForge.open(self.api, transfer, project, labels=self.labels, clock=self.clock, git=git)
