"""Branches and files of the project, and their commits in the local repository."""

from collections.abc import Iterable
from dataclasses import dataclass

from ci_factory.errors import ForgeError, RepositoryError
from ci_factory.forge.gitlab.errors import NotFound
from ci_factory.forge.gitlab.project import Project
from ci_factory.forge.gitlab.transfer import Move, Transfer
from ci_factory.system.git import Git


@dataclass(frozen=True)
class Repository:
    """The project's repository on the server, and ours."""

    project: Project
    transfer: Transfer
    git: Git

    def head(self, branch: str) -> str | None:
        """Where a branch is on the server, or `None`."""
        try:
            found = self.project.api.get(self.project.at("repository", "branches", branch))
        except NotFound:
            return None
        return str(found["commit"]["id"])

    def branch(self, name: str) -> str | None:
        """The same, with the commit in the local repository afterwards."""
        found = self.head(name)
        if found is None or self.has(found):
            return found
        return self.transfer.fetch([name]).get(name)

    def fetch(self, branches: Iterable[str]) -> dict[str, str]:
        """Bring the commits of these branches here; those that do not exist are passed over."""
        return self.transfer.fetch(branches)

    def push(self, branch: str, commit: str, expected: str | None, lease: Move | None = None) -> None:
        """Move a branch by compare-and-swap, together with a lease or not at all.

        Raises:
            Conflict: it is elsewhere than `expected`.
            ForgeError: it is the default branch, or the server refuses.
        """
        if branch == self.project.facts.default_branch:
            raise ForgeError(
                f"{branch} is protected", fix="push to a branch of the ticket's own, and merge it"
            )
        self.transfer.push(branch, commit, expected=expected, lease=lease)

    def file(self, path: str, ref: str) -> str | None:
        """Text of a file at a branch or commit; ForgeError when there is no such branch or commit."""
        if any(part in {"", ".", ".."} for part in path.split("/")):
            return None
        try:
            return self.project.api.get_text(self.project.at("repository", "files", path, "raw"), ref=ref)
        except NotFound:
            if not self._exists(ref):
                raise
            return None

    def has(self, commit: str) -> bool:
        """Whether a commit is here."""
        return self.git.ref(f"{commit}^{{commit}}") is not None

    def brings_something(self, source: str, target: str) -> bool:
        """Whether a branch has a commit that the target lacks. Looked at here: GitLab would send the whole difference.

        Raises:
            ForgeError: one of them does not exist.
        """
        heads = {name: self.branch(name) for name in (source, target)}
        if gone := [name for name, head in heads.items() if head is None]:
            raise ForgeError(f"there is no branch {gone[0]}", where=self.project.path, fix="push it first")
        return not self.git.is_ancestor(str(heads[source]), str(heads[target]))

    def make_present(self, branch: str, commit: str) -> None:
        """Bring a commit of a branch here.

        Raises:
            ForgeError: the branch does not have it (any more).
        """
        if not self.has(commit):
            self.transfer.fetch([branch])
        if not self.has(commit):
            raise ForgeError(
                f"{branch} does not have the commit {commit}", where=self.project.path, fix="run again"
            )

    def conflicts(self, target: str, source: str, head: str) -> tuple[str, ...]:
        """Files in which a head conflicts with its target; none when the two can't be compared here."""
        try:
            now = self.branch(target)
            self.make_present(source, head)
            return self.git.merge(now, head).conflicts if now else ()
        except (ForgeError, RepositoryError):
            return ()

    def _exists(self, ref: str) -> bool:
        """GitLab answers 404 for a file as for a ref."""
        try:
            self.project.api.get(self.project.at("repository", "commits", ref))
        except NotFound:
            return False
        return True
