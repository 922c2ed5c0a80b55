"""Everything about a publication that is decided before the first write: commit, policy, target, drift."""

from dataclasses import dataclass

from ci_factory.errors import ArtifactError, Conflict
from ci_factory.forge.protocol import Forge
from ci_factory.model.attempt import Attempt
from ci_factory.model.batch import Batch, PlannedTicket
from ci_factory.model.forge import MergeRequest, MergeRequestState
from ci_factory.model.gate import GateReport, Score
from ci_factory.model.publishing_settings import PublishingConfig
from ci_factory.publishing import names, patch, policy
from ci_factory.publishing.description import Standing
from ci_factory.publishing.outcome import Drifted, Withheld
from ci_factory.publishing.policy import Objection
from ci_factory.system.git import Git, Person
from ci_factory.system.layout import TicketFolder


@dataclass(frozen=True)
class Change:
    """A judged change as it lies on disk."""

    planned: PlannedTicket
    attempt: Attempt
    report: GateReport
    score: Score
    folder: TicketFolder


@dataclass(frozen=True)
class Prepared:
    """What is to be published, and what the forge has of it already."""

    change: Change
    commit: str
    """Our own commit of the judged tree."""
    branch: str
    tip: str | None
    """Where the branch is now."""
    existing: MergeRequest | None
    """The open merge request of the branch."""
    target: str
    standing: Standing
    reviews: tuple[Objection, ...]
    """What keeps it a draft until a person has looked."""


def prepare(
    forge: Forge, repo: Git, settings: PublishingConfig, author: Person, change: Change, batch: Batch
) -> Prepared:
    """Read and decide; nothing is written to the forge.

    Raises:
        ArtifactError: bundle, attempt and verdict do not speak of the same tree, or a secret is in the change.
        Withheld: policy forbids the change.
        Drifted: it no longer merges into the target.
        Conflict: what it is stacked on is gone, or somebody else pushed to its branch.
    """
    planned, attempt = change.planned, change.attempt
    if leaks(change.report):
        raise ArtifactError("the change contains a secret and may not leave this machine", where=planned.id)
    branch = names.safe_branch(names.branch(planned.candidate.ticket), protected=(batch.target_branch,))
    head = _head(repo, change)
    reviews = _reviews(repo, settings, attempt.base, head, planned.id)
    commit = _commit(repo, author, change)
    found = forge.merge_requests(source_branch=branch, details=False)
    existing = found[-1] if found else None
    tip = forge.branch(branch)
    if tip is not None and not _is_ours(repo, tip, author, planned.id):
        raise Conflict(
            f"somebody else pushed to {branch}: it is at {tip}",
            where=planned.id,
            fix="merge or close its merge request, then put the ticket back in the queue",
        )
    behind, conflicts = _drift(forge, repo, commit, batch.target_branch)
    if conflicts and not (existing and existing.head == commit):
        raise Drifted(batch.target_branch, conflicts, behind=behind, where=planned.id)
    below = _below(forge, repo, change, batch)
    target = below.source_branch if below else batch.target_branch
    standing = Standing(behind, conflicts, below)
    return Prepared(change, commit, branch, tip, existing, target, standing, reviews)


def leaks(report: GateReport) -> bool:
    """Whether the change brings a secret; pushing it would publish it, so a person must look first."""
    secrets = [gate for gate in report.gates if gate.gate == "secrets"]
    return any(finding.is_new and not finding.suppressed for gate in secrets for finding in gate.findings)


def _head(repo: Git, change: Change) -> str:
    head = repo.unbundle(change.folder.bundle)
    if {change.attempt.tree, change.report.tree, change.score.tree} != {repo.tree_of(head)}:
        raise ArtifactError(
            "bundle, attempt and verdict do not speak of the same tree",
            where=change.planned.id,
            fix="gate the change again",
        )
    return head


def _reviews(
    repo: Git, settings: PublishingConfig, base: str, head: str, where: str
) -> tuple[Objection, ...]:
    brought = patch.read_patch(repo, base, head, most=settings.max_files, largest=settings.max_file_bytes)
    found = policy.objections(brought, settings)
    if strict := tuple(each for each in found if each.action in {"block", "to-issue"}):
        shown = [each.path for each in strict if each.action == "to-issue" and each.path]
        excerpt = patch.excerpt(repo, base, head, shown) if shown else ""
        raise Withheld(strict, where=where, excerpt=excerpt)
    return tuple(each for each in found if each.action == "review")


def _commit(repo: Git, author: Person, change: Change) -> str:
    """Our own commit of the judged tree: the agent's commits, authors and dates are not taken over."""
    assert change.score.tree is not None  # noqa: S101 - equal to the bundle's, see _head
    return repo.commit_tree(
        change.score.tree,
        parents=(change.attempt.base,),
        message=names.commit_message(change.planned.candidate.ticket, change.attempt, change.score),
        author=author,
        committer=author,
        when=change.attempt.finished_at,
    )


def _is_ours(repo: Git, tip: str, author: Person, ticket_id: str) -> bool:
    """Whether the branch ends in a commit that an earlier publication of this ticket made."""
    email, _, message = repo.text("log", "-1", "--format=%ce%n%B", tip).partition("\n")
    return email == author.email and names.is_of_ticket(message, ticket_id)


def _drift(forge: Forge, repo: Git, commit: str, target: str) -> tuple[int, tuple[str, ...]]:
    """How many commits the target has that the change lacks, and the files in which both went different ways."""
    tip = forge.branch(target)
    if tip is None or repo.is_ancestor(tip, commit):
        return 0, ()
    return repo.count(commit, tip), repo.merge(tip, commit).conflicts


def _below(forge: Forge, repo: Git, change: Change, batch: Batch) -> MergeRequest | None:
    """The open merge request that holds the change's base; `None` when the target branch itself does."""
    base = change.attempt.base
    if base == batch.base:
        return None
    for branch in _branches_below(change.planned, batch):
        for found in forge.merge_requests(
            source_branch=branch, state=MergeRequestState.OPENED, details=False
        ):
            if found.head == base or _holds(forge, repo, found, base):
                return found
    if not _arrived(forge, repo, base, batch.target_branch):
        raise Conflict(
            "the change that it is stacked on is neither open nor merged",
            where=change.planned.id,
            fix="it is redone in the next batch",
        )
    return None


def _branches_below(planned: PlannedTicket, batch: Batch) -> list[str]:
    """Branches of the tickets that it is stacked on, the nearest first."""
    by_id = {each.id: each for each in batch.tickets}
    found: list[str] = []
    below = planned.stacked_on
    while below is not None and below in by_id and len(found) < len(by_id):
        found.append(names.branch(by_id[below].candidate.ticket))
        below = by_id[below].stacked_on
    return found


def _holds(forge: Forge, repo: Git, found: MergeRequest, base: str) -> bool:
    forge.fetch([found.source_branch])
    return repo.is_ancestor(base, found.head)


def _arrived(forge: Forge, repo: Git, base: str, target: str) -> bool:
    """Whether the target has everything that the base brought: merged, or squashed into a commit of its own."""
    tip = forge.branch(target)
    if tip is None:
        return False
    if repo.is_ancestor(base, tip):
        return True
    merged = repo.merge(tip, base)
    return merged.clean and merged.tree == repo.tree_of(tip)
