"""What several resources show: users, references, times."""

from typing import Any

from tests.gitlab_standin.context import Json, call, db
from tests.gitlab_standin.store import Row


def user(row: Row) -> Json:
    """The short form."""
    return {
        "id": row["id"],
        "username": row["username"],
        "public_email": "",
        "name": row["name"],
        "state": row["state"],
        "locked": False,
        "avatar_url": None,
        "web_url": f"{call().settings.url}/{row['username']}",
    }


def user_by_id(user_id: int | None) -> Json | None:
    """The short form of a user, if there is one."""
    row = db().one("SELECT * FROM user WHERE id = ?", user_id) if user_id else None
    return None if row is None else user(row)


def web_url(project: Row, tail: str = "") -> str:
    """A page of a project."""
    return f"{call().settings.url}/{project['full_path']}{'/-/' + tail if tail else ''}"


def references(project: Row, sign: str, iid: int) -> Json:
    """`#1`, `!1` and the full form."""
    return {"short": f"{sign}{iid}", "relative": f"{sign}{iid}", "full": f"{project['full_path']}{sign}{iid}"}


def time_stats(kind: str, row: Row) -> Json:
    """Estimate and time spent, in seconds and in words."""
    spent = db().value(
        "SELECT coalesce(sum(seconds), 0) FROM timelog WHERE kind = ? AND target_id = ?", kind, row["id"]
    )
    return {
        "time_estimate": row["time_estimate"],
        "total_time_spent": spent,
        "human_time_estimate": duration(row["time_estimate"]),
        "human_total_time_spent": duration(spent),
    }


def duration(seconds: int) -> str | None:
    """`1w 2d 3h 4m 5s`, with days of 8 and weeks of 40 hours; nothing for zero."""
    parts, left = [], abs(seconds)
    for size, unit in ((144_000, "w"), (28_800, "d"), (3600, "h"), (60, "m"), (1, "s")):
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count}{unit}")
    return ("-" if seconds < 0 else "") + " ".join(parts) if parts else None


def tasks(description: str | None) -> Json:
    """Checked and unchecked boxes of a description."""
    lines = [line.lstrip() for line in (description or "").splitlines()]
    boxes = [line for line in lines if line[:6].lower() in {"- [ ] ", "- [x] ", "* [ ] ", "* [x] "}]
    return {"count": len(boxes), "completed_count": sum(line[3].lower() == "x" for line in boxes)}


def or_none(row: Row | None, name: str) -> Any:
    """A column of a row that may not be there."""
    return None if row is None else row[name]
