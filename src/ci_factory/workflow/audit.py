"""Audits: finds what a question is about, in git and in what is known, and tells its story. Reads only."""

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path

from ci_factory.errors import RepositoryError, UsageError
from ci_factory.metrics.audit.authorship import Found, origin
from ci_factory.metrics.audit.telling import generations
from ci_factory.metrics.audit.values import Author, Generation, Line, Origin, Story
from ci_factory.metrics.facts import History, MergeRequestFact
from ci_factory.metrics.landings import Landings
from ci_factory.model import trailers
from ci_factory.system.git import Git
from ci_factory.system.history import Logged, Past
from ci_factory.workflow.aftermath import Before, look
from ci_factory.workflow.auditing import Sources

MOST_EARLIER = 20
"""Earlier changes of a line that are told."""
_MOST_PROMPT = 4 * 1024 * 1024
_LINE = re.compile(r"(?P<path>.+):(?P<line>[1-9]\d{0,6})")
_REQUEST = re.compile(r"!(?P<iid>[1-9]\d{0,9})")
_COMMIT = re.compile(r"[0-9a-fA-F]{7,64}")
_GENERATION = re.compile(r"(?P<batch>[A-Za-z0-9][\w.:+-]{0,99})/(?P<ticket>[A-Za-z0-9][A-Za-z0-9._-]{0,63})")
_TICKET = re.compile(r"#?(?P<id>[A-Za-z0-9][A-Za-z0-9._-]{0,63})")
_WAYS = "write FILE:LINE, !NUMBER of a merge request, #TICKET, BATCH/TICKET or a commit"


@dataclass(frozen=True)
class Audit:
    """Answers questions about one repository."""

    git: Git
    sources: Sources
    now: datetime
    revision: str = "HEAD"
    """Whose files and history are looked at."""
    here: Path = field(default_factory=Path)
    """Where paths that are not in the repository's root begin."""

    def tell(self, asked: str) -> Story:
        """The story of a line, a merge request, a ticket, a generation or a commit.

        Raises:
            UsageError: nothing is known of it, or it is none of these.
            ForgeError: the forge can't be read.
        """
        story = self._tell(asked.strip())
        return story.model_copy(update={"sources": self.sources.names})

    def _tell(self, asked: str) -> Story:
        if match := _REQUEST.fullmatch(asked):
            return self._of_request(asked, int(match["iid"]))
        if match := _LINE.fullmatch(asked):
            return self._of_line(asked, match["path"], int(match["line"]))
        if _COMMIT.fullmatch(asked) and (commit := self._past.commit(asked)):
            return self._of_commit(asked, commit)
        if match := _GENERATION.fullmatch(asked):
            return self._of_ticket(asked, match["ticket"], match["batch"])
        if match := _TICKET.fullmatch(asked):
            return self._of_ticket(asked, match["id"])
        raise UsageError("nobody can tell what is meant", where=asked, fix=_WAYS)

    @cached_property
    def _past(self) -> Past:
        return Past(self.git)

    @cached_property
    def _tip(self) -> str:
        return self.git.resolve(self.revision)

    @cached_property
    def _landings(self) -> Landings:
        return Landings(self._past.log(self._tip), self._past.chain(self._tip))

    # A line

    def _of_line(self, asked: str, path: str, number: int) -> Story:
        place = self._path(path)
        try:
            (line,) = self._past.blame(self._tip, place, only=number)
        except (RepositoryError, ValueError) as error:
            why = error.what if isinstance(error, RepositoryError) else "git names no line"
            raise UsageError(
                f"there is no such line: {why}", where=asked, fix="name a line of a file"
            ) from error
        changed = self._past.line_commits(self._tip, place, number, MOST_EARLIER + 2)
        earlier = [sha for sha in changed if sha != line.sha]
        origins, requests = self._origins([line.sha, *earlier[:MOST_EARLIER]])
        told = Line(
            path=place,
            number=number,
            revision=self._tip,
            text=line.text[:1000],
            origin=origins[0],
            earlier=tuple(origins[1:]),
            cut=len(earlier) > MOST_EARLIER,
        )
        return self._of_origin(asked, origins[0], requests).model_copy(update={"line": told, "commit": None})

    def _path(self, path: str) -> str:
        """The path in the repository; one that is not there may begin where we are."""
        if self.git.ref(f"{self._tip}:{path}") is not None:
            return path
        full, root = (self.here / path).resolve(), self.git.folder.resolve()
        found = full.relative_to(root).as_posix() if full.is_relative_to(root) else ""
        if not found or self.git.ref(f"{self._tip}:{found}") is None:
            raise UsageError(
                f"{self.revision} has no such file", where=path, fix="name a file of the repository"
            )
        return found

    # A commit

    def _of_commit(self, asked: str, commit: Logged) -> Story:
        origins, requests = self._origins([commit.sha])
        return self._of_origin(asked, origins[0], requests)

    def _of_origin(self, asked: str, found: Origin, requests: Sequence[MergeRequestFact]) -> Story:
        if found.author is Author.PERSON or found.ticket is None:
            more = (
                f"; ci-factory audit !{found.merge_request} tells of what it came with"
                if found.merge_request
                else ""
            )
            return Story(asked=asked, commit=found, notes=(f"No generation is behind it{more}.",))
        told = self._generations(found.ticket, requests)
        own = [each for each in told if found.batch in {None, each.batch}]
        notes = () if own else (f"Nothing is known of the generation {found.batch}/{found.ticket}.",)
        return Story(asked=asked, commit=found, generations=tuple(own), notes=notes)

    def _origins(self, commits: Sequence[str]) -> tuple[list[Origin], list[MergeRequestFact]]:
        """Who wrote each commit, and the merge requests that were looked at for it."""
        found = [each for sha in commits if (each := self._found(sha))]
        named = {trailers.generation(each.commit.message) for each in found} - {None}
        tickets = {each[1] for each in named if each}
        landed = {sha for each in found for sha in (each.commit.sha, each.landed) if sha}
        requests = self.sources.requests(tickets=tickets, commits=landed)
        every = tickets | {each.ticket for each in requests}
        attempts = [each for ticket in sorted(every) for each in self.sources.attempts(ticket, requests)]
        return [origin(each, requests, attempts) for each in found], requests

    def _found(self, sha: str) -> Found | None:
        commit = self._past.commit(sha)
        if commit is None:
            return None
        landing = self._landings.of(commit.sha)
        tree = self.git.tree_of(commit.sha)
        if landing is None:
            return Found(commit, tree, None)
        alone = len(landing.commit.parents) > 1 and landing.brought == {landing.commit.sha, commit.sha}
        return Found(commit, tree, landing.commit.sha, alone)

    # A merge request, a ticket, a generation

    def _of_request(self, asked: str, iid: int) -> Story:
        found = self.sources.requests(iids=[iid])
        if not found:
            raise UsageError("is no merge request of the factory that is known", where=asked, fix=_WAYS)
        own = [each for each in self._generations(found[0].ticket, found) if each.merge_request == iid]
        return Story(asked=asked, generations=tuple(own))

    def _of_ticket(self, asked: str, ticket: str, batch: str | None = None) -> Story:
        told = self._generations(ticket, self.sources.requests(tickets=[ticket]))
        own = [each for each in told if batch in {None, each.batch}]
        if not own:
            raise UsageError("nothing is known of it", where=asked, fix=_WAYS)
        return Story(asked=asked, generations=tuple(own))

    def _generations(self, ticket: str, requests: Iterable[MergeRequestFact]) -> list[Generation]:
        history = self._watched(self.sources.of_ticket(ticket, requests))
        told = generations(
            ticket, history, self.sources.evidence(ticket, history), self.sources.config.labels
        )
        return [
            each.model_copy(update={"files": self._files(each), "prompt": self._prompt(each)})
            for each in told
        ]

    def _watched(self, history: History) -> History:
        """With what became of its merged changes by now, where the forge can be asked for bugs."""
        forge = self.sources.forge
        if forge is None or not any(each.merged_at for each in history.merge_requests):
            return history
        found = look(
            self.git, forge, history, self.now, self.sources.config, before=Before(history.aftermath)
        )
        return history.model_copy(update={"aftermath": found.facts or history.aftermath})

    def _files(self, told: Generation) -> tuple[str, ...]:
        """Files of the change, while git has it."""
        head = told.head or told.published_head
        base = told.base or self._base(told)
        if not head or not base:
            return ()
        try:
            return tuple(sorted(each.path for each in self.git.changes(base, head)))
        except RepositoryError:
            return ()

    def _base(self, told: Generation) -> str | None:
        """Where its branch began, for all that git knows: against what it was merged, else against the branch now."""
        commit = self._past.commit(told.merge_commit) if told.merge_commit else None
        onto = commit.parents[0] if commit and commit.parents else self._tip
        return self.git.merge_base(onto, told.published_head) if told.published_head else None

    def _prompt(self, told: Generation) -> str | None:
        """The text of the prompt, while the store or the artifacts have it."""
        if told.prompt_hash is None:
            return None
        kept = self.sources.store.prompts.get(told.prompt_hash) if self.sources.store else None
        return (
            kept.text if kept and kept.text else self._prompt_file(told, told.prompt_hash.rpartition(":")[2])
        )

    def _prompt_file(self, told: Generation, digits: str) -> str | None:
        if told.batch is None or not _GENERATION.fullmatch(told.id):
            return None
        folder = self.sources.layout.batch(told.batch).ticket(told.ticket).agent
        for file in sorted(folder.glob("*/prompt.md")):
            if file.is_symlink() or file.stat().st_size > _MOST_PROMPT:
                continue
            data = file.read_bytes()
            if hashlib.sha256(data).hexdigest() == digits:
                return data.decode("utf-8", "replace")
        return None
