"""Whether an agent wrote a commit. Trailers claim it; only what forge and artifacts say confirms it. Pure."""

from collections.abc import Sequence
from typing import NamedTuple

from ci_factory.metrics.audit.values import Author, Origin
from ci_factory.metrics.facts import AttemptFact, MergeRequestFact
from ci_factory.model import trailers
from ci_factory.system.history import Logged


class Found(NamedTuple):
    """A commit as git has it."""

    commit: Logged
    tree: str
    landed: str | None
    """The state of the default branch that brought it; `None` when it has not come there."""
    alone: bool = False
    """Whether nothing else came with it, a merge aside."""


class _Said(NamedTuple):
    author: Author
    why: str
    batch: str | None = None
    ticket: str | None = None


def origin(found: Found, requests: Sequence[MergeRequestFact], attempts: Sequence[AttemptFact]) -> Origin:
    """Who wrote the commit. `requests` are the factory's own merge requests, `attempts` what agents did."""
    commit, told = found.commit, trailers.read(found.commit.message)
    carrier = _carrier(found, requests)
    said = _judged(found, carrier, requests, attempts)
    return Origin(
        commit=commit.sha,
        subject=commit.subject,
        by=commit.author,
        at=commit.moment,
        author=said.author,
        why=said.why,
        batch=said.batch,
        ticket=said.ticket,
        agent=told.get(trailers.AGENT),
        prompt=told.get(trailers.PROMPT),
        merge_request=carrier.iid if carrier else None,
    )


def _carrier(found: Found, requests: Sequence[MergeRequestFact]) -> MergeRequestFact | None:
    """The merge request that brought the commit."""
    names = {found.commit.sha, found.landed} - {None}
    return next((each for each in requests if {each.merge_commit or each.head} & names), None)


def _judged(
    found: Found,
    carrier: MergeRequestFact | None,
    requests: Sequence[MergeRequestFact],
    attempts: Sequence[AttemptFact],
) -> _Said:
    named = trailers.generation(found.commit.message)
    if len(found.commit.parents) > 1:
        return _Said(
            Author.PERSON, "it is a merge: what it changed itself came of bringing two sides together"
        )
    if named is not None:
        why = _confirmed(found, named, requests, attempts)
        return _Said(Author.AGENT, why, *named) if why else _claimed(carrier, *named)
    if carrier is not None and _is_made_of(found, carrier):
        return _Said(Author.AGENT, _made_of(carrier), *_of(carrier))
    if carrier is not None and found.tree in {carrier.tree, *_trees(attempts, *_of(carrier))}:
        return _Said(Author.AGENT, f"its files are those that were judged for !{carrier.iid}", *_of(carrier))
    if carrier is not None:
        why = f"it came with !{carrier.iid} of the factory, and nothing says that the agent made it"
        return _Said(Author.PERSON, why)
    return _Said(Author.PERSON, "it names no agent, and no merge request of the factory brought it")


def _confirmed(
    found: Found,
    named: tuple[str, str],
    requests: Sequence[MergeRequestFact],
    attempts: Sequence[AttemptFact],
) -> str:
    """What says that its trailers are true; empty when nothing does."""
    (batch, ticket), carrier = named, _carrier(found, requests)
    if found.tree in _trees(attempts, batch, ticket):
        return "its files are those that the agent left"
    for each in requests:
        if each.ticket != ticket or each.batch not in {batch, None}:
            continue
        if found.tree == each.tree:
            return f"its files are those that were judged for !{each.iid}"
        if each is carrier and _is_made_of(found, each):
            return _made_of(each)
    return ""


def _is_made_of(found: Found, carrier: MergeRequestFact) -> bool:
    """Whether the forge made the commit out of a merge request's branch when it merged it."""
    sha = found.commit.sha
    return sha != carrier.head and (sha == carrier.merge_commit or found.alone)


def _made_of(carrier: MergeRequestFact) -> str:
    mixed = f"; that had {carrier.versions} versions, and a squash hides who wrote which line"
    return f"the forge made it of the branch of !{carrier.iid} when it was merged{mixed if carrier.versions > 1 else ''}"


def _claimed(carrier: MergeRequestFact | None, batch: str, ticket: str) -> _Said:
    why = "its trailers say so, and nothing that is known confirms it"
    if carrier is not None and carrier.ticket == ticket:
        why = f"it came with !{carrier.iid}, but its files are not those that the agent left: rebased, changed, or typed"
    return _Said(Author.CLAIMED, why, batch, ticket)


def _trees(attempts: Sequence[AttemptFact], batch: str | None, ticket: str | None) -> set[str]:
    return {each.tree for each in attempts if each.tree and (each.batch, each.ticket) == (batch, ticket)}


def _of(request: MergeRequestFact) -> tuple[str | None, str]:
    return request.batch, request.ticket
