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
    """Those that were swapped, by ticket."""
    changes = [change(transfer.git, each, author, now) for each in swaps]
    taken = transfer.move([each.move for each in changes])
    return {each.ticket_id: each.held for each in changes if each.move.ref in taken}


def change(git: Git, wanted: Swap, author: Person, now: datetime) -> Change:
    """A swap with its commit, made here.

    Raises:
        ForgeError: the ticket is no issue of GitLab's.
    """
    lease = wanted.after
    if not _is_number(lease.ticket_id):
        raise ForgeError(f"{lease.ticket_id!r} is not the number of an issue")
    commit = git.commit_tree(
        git.text("mktree", stdin=b""),
        parents=(),
        message=f"Lease of ticket {lease.ticket_id}\n\n{lease.model_dump_json()}\n",
        author=author,
        committer=author,
        when=now,
    )
    return Change(wanted, commit)


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
