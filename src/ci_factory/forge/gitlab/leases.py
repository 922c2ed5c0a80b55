"""Leases of tickets as refs of the project: a push with a lease of git's own is what GitLab does in one step.

Each is a commit without files below `refs/ci-factory/lease/`, which is no branch: it starts no pipeline, nobody sees it,
and clones do not have it. Its message says whose lease it is.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from pydantic import ValidationError

from ci_factory.errors import ForgeError
from ci_factory.forge.gitlab.transfer import Move, Transfer
from ci_factory.model.lease import Held, Lease, Swap
from ci_factory.system.git import Git, Person

PREFIX = "refs/ci-factory/lease/"
_MOST = 8192
"""Bytes of a commit that may be a lease."""


@dataclass(frozen=True)
class Change:
    """A swap, and the commit that it pushes."""

    swap: Swap
    commit: str

    @property
    def ticket_id(self) -> str:
        """Whose lease it is."""
        return self.swap.after.ticket_id

    @property
    def move(self) -> Move:
        """The ref that moves."""
        before = self.swap.before
        return Move(f"{PREFIX}{self.ticket_id}", self.commit, before.mark if before else None)

    @property
    def held(self) -> Held:
        """The lease once it has moved."""
        return Held(lease=self.swap.after, mark=self.commit)


def read(transfer: Transfer, ticket_ids: Iterable[str]) -> dict[str, Held]:
    """The leases of these tickets, by ticket."""
    found = transfer.refs(PREFIX, sorted({each for each in ticket_ids if _is_number(each)}))
    leases = _read(transfer.git, found)
    return {ticket_id: Held(lease=leases[ticket_id], mark=mark) for ticket_id, mark in found.items()}


def swap(transfer: Transfer, swaps: Sequence[Swap], author: Person, now: datetime) -> dict[str, Held]:
    """Those that were swapped, by ticket.

    Raises:
        ForgeError: a ticket is no issue of GitLab's.
    """
    made = changes(transfer.git, swaps, author, now)
    taken = transfer.move([each.move for each in made])
    return {each.ticket_id: each.held for each in made if each.move.ref in taken}


def changes(git: Git, swaps: Sequence[Swap], author: Person, now: datetime) -> list[Change]:
    """Swaps with their commits, made here.

    Raises:
        ForgeError: a ticket is no issue of GitLab's.
    """
    for each in swaps:
        if not _is_number(each.after.ticket_id):
            raise ForgeError(f"{each.after.ticket_id!r} is not the number of an issue")
    messages = [
        f"Lease of ticket {each.after.ticket_id}\n\n{each.after.model_dump_json()}\n" for each in swaps
    ]
    commits = git.empty_commits(messages, author=author, when=now)
    return [Change(each, commit) for each, commit in zip(swaps, commits, strict=True)]


def _read(git: Git, commits: Mapping[str, str]) -> dict[str, Lease | None]:
    with git.blobs() as content:
        return {ticket_id: _lease(content(commit), ticket_id) for ticket_id, commit in commits.items()}


def _lease(commit: bytes, ticket_id: str) -> Lease | None:
    """What a commit says; anybody who may push may have written it."""
    message = commit.partition(b"\n\n")[2].strip()
    try:
        found = Lease.model_validate_json(message.rpartition(b"\n")[2]) if len(commit) <= _MOST else None
    except ValidationError:
        return None
    return found if found is not None and found.ticket_id == ticket_id else None


def _is_number(ticket_id: str) -> bool:
    return ticket_id.isascii() and ticket_id.isdecimal()
