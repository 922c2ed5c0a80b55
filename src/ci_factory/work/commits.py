"""Commits of ours in the hub: of what an agent did only the tree is taken."""

from ci_factory.model.attempt import DiffStat
from ci_factory.model.work_state import Committed
from ci_factory.system.git import Git, Person
from ci_factory.work.context import WorkContext
from ci_factory.work.workspace import Change

_NAME, _EMAIL = "ci-factory", "ci-factory@localhost"


def commit(ctx: WorkContext, ticket_id: str, change: Change) -> Committed:
    """A commit of the change's tree on the base."""
    identity = ctx.config.identity
    person = Person(identity.name or _NAME, identity.email or _EMAIL)
    head = ctx.hub.commit_tree(
        change.tree,
        parents=(ctx.base,),
        message=f"Work on {ticket_id}\n",
        author=person,
        committer=person,
        when=ctx.clock.now(),
    )
    return Committed(head=head, tree=change.tree, diff=change.diff, added=tuple(sorted(change.added)))


def difference(hub: Git, base: str, tree: str) -> Change | None:
    """What a tree of the hub holds beyond the base; `None` when that is nothing."""
    changes = hub.changes(base, tree, renames=False)
    if not changes:
        return None
    added, removed = hub.line_counts(base, tree)
    diff = DiffStat(files=tuple(change.path for change in changes), added=added, removed=removed)
    return Change(tree, diff, frozenset(change.path for change in changes if change.status == "A"))
