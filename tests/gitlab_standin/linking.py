"""Links between issues; a blocked one is the target of a `blocks` link."""

from tests.gitlab_standin.context import db
from tests.gitlab_standin.store import Row

TYPES = ("relates_to", "blocks", "is_blocked_by")


def link(source: Row, target: Row, link_type: str) -> Row | None:
    """Link two issues; nothing when they are linked already."""
    if between(source, target) is not None:
        return None
    first, second = (target, source) if link_type == "is_blocked_by" else (source, target)
    row_id = db().insert(
        "issue_link",
        source_id=first["id"],
        target_id=second["id"],
        link_type="blocks" if link_type == "is_blocked_by" else link_type,
        created_at=db().now,
    )
    return db().one("SELECT * FROM issue_link WHERE id = ?", row_id)


def between(one: Row, other: Row) -> Row | None:
    """The link of two issues, whichever way."""
    return db().one(
        "SELECT * FROM issue_link WHERE (source_id, target_id) IN (VALUES (?1, ?2), (?2, ?1))",
        one["id"],
        other["id"],
    )


def unlink(one: Row, other: Row) -> None:
    """Take the link of two issues away."""
    if (found := between(one, other)) is not None:
        db().run("DELETE FROM issue_link WHERE id = ?", found["id"])


def type_seen_from(row: Row, issue_id: int) -> str:
    """A link's type as one of its issues sees it."""
    if row["link_type"] == "blocks" and row["target_id"] == issue_id:
        return "is_blocked_by"
    return str(row["link_type"])


def blockers(issue_id: int) -> list[Row]:
    """Issues that block one."""
    return db().all(
        "SELECT issue.* FROM issue_link JOIN issue ON issue.id = source_id"
        " WHERE target_id = ? AND link_type = 'blocks' ORDER BY issue.id",
        issue_id,
    )
