"""Users, issues and merge requests of the GraphQL schema: mappings of field names to values, or to functions of arguments."""

from collections.abc import Callable

from tests.gitlab_standin import auth, drafts, issuables, linking, merging, present, reviewing
from tests.gitlab_standin.context import Json, db
from tests.gitlab_standin.issuables import Target
from tests.gitlab_standin.mr_present import diff_refs
from tests.gitlab_standin.pagination import MOST, Listing, decode, encode, page_size
from tests.gitlab_standin.store import Row

Node = Callable[[Row], Json]


def gid(kind: str, number: int) -> str:
    """A global id."""
    return f"gid://gitlab/{kind}/{number}"


# Connections


def connection(listing: Listing, node: Node, first: int | None = None, after: str | None = None) -> Json:
    """A page of rows by cursor."""
    size = page_size(min(MOST if first is None else first, MOST))
    rows = listing.after(decode(after) if after else None, size + 1)
    cursors = [encode((row["_order"], row["_id"])) for row in rows[:size]]
    nodes = [node(row) for row in rows[:size]]
    return {
        "nodes": nodes,
        "edges": [{"cursor": cursor, "node": each} for cursor, each in zip(cursors, nodes, strict=True)],
        "pageInfo": {
            "hasNextPage": len(rows) > size,
            "hasPreviousPage": after is not None,
            "startCursor": cursors[0] if cursors else None,
            "endCursor": cursors[-1] if cursors else None,
        },
        "count": lambda: int(listing.select("count(*)")[0][0]),
    }


def whole(make: Callable[[], list[Json]]) -> Callable[..., Json]:
    """A short list that is one page, made when it is asked for."""

    def ask(first: int | None = None, after: str | None = None) -> Json:
        del after
        nodes = make()
        page = {"hasNextPage": False, "hasPreviousPage": False, "startCursor": None, "endCursor": None}
        return {"nodes": nodes[:first], "pageInfo": page, "count": len(nodes)}

    return ask


# Users


def user(row: Row) -> Json:
    """A user."""
    return {
        "id": gid("User", row["id"]),
        "username": row["username"],
        "name": row["name"],
        "bot": bool(row["bot"]),
        "state": row["state"],
        "webUrl": present.user(row)["web_url"],
    }


def _user_by_id(user_id: int | None) -> Json | None:
    row = db().one("SELECT * FROM user WHERE id = ?", user_id) if user_id else None
    return None if row is None else user(row)


# Issues and merge requests


def _seconds(time: str | None) -> str | None:
    """A time as GraphQL shows it: without fractions of a second."""
    return None if time is None else f"{time.partition('.')[0]}Z"


def _labels(target: Target) -> Callable[..., Json]:
    return whole(
        lambda: [
            {
                "id": gid("ProjectLabel", row["id"]),
                "title": row["name"],
                "color": row["color"],
                "description": row["description"],
            }
            for row in issuables.labels_of(target.kind, target.id)
        ]
    )


def _notes(target: Target) -> Callable[..., Json]:
    def ask(first: int | None = None, after: str | None = None, filter: str | None = None) -> Json:  # noqa: A002 - its name
        rows = db().all(
            "SELECT * FROM note WHERE kind = ? AND target_id = ? ORDER BY id", target.kind, target.id
        )
        wanted = [row for row in rows if not (filter == "ONLY_COMMENTS" and row["system"])]
        size = page_size(MOST if first is None else first)
        page = whole(lambda: [_note(row) for row in wanted[:size]])(first, after)
        return page | {
            "pageInfo": page["pageInfo"] | {"hasNextPage": len(wanted) > size},
            "count": len(wanted),
        }

    return ask


def _note(row: Row) -> Json:
    return {
        "id": gid("Note", row["id"]),
        "body": row["body"],
        "system": bool(row["system"]),
        "createdAt": _seconds(row["created_at"]),
        "updatedAt": _seconds(row["updated_at"]),
        "author": lambda: _user_by_id(row["author_id"]),
    }


def _common(target: Target, sign: str) -> Json:
    row, project = target.row, target.project
    names = {
        "title": "title",
        "description": "description",
        "state": "state",
    }
    times = {"createdAt": "created_at", "updatedAt": "updated_at", "closedAt": "closed_at"}
    short = f"{sign}{row['iid']}"
    plural = "issues" if target.kind == "Issue" else "merge_requests"
    return {name: row[column] for name, column in names.items()} | {
        **{name: _seconds(row[column]) for name, column in times.items()},
        "id": gid(target.kind, row["id"]),
        "iid": str(row["iid"]),
        "author": lambda: _user_by_id(row["author_id"]),
        "labels": _labels(target),
        "reference": lambda full: f"{project['full_path']}{short}" if full else short,
        "webUrl": present.web_url(project, f"{plural}/{row['iid']}"),
        "webPath": f"/{project['full_path']}/-/{plural}/{row['iid']}",
        "userNotesCount": lambda: issuables.common(target)["user_notes_count"],
        "timeEstimate": row["time_estimate"],
        "totalTimeSpent": lambda: present.time_stats(target.kind, row)["total_time_spent"],
        "humanTimeEstimate": present.duration(row["time_estimate"]),
    }


def issue(target: Target) -> Json:
    """An issue."""
    row = target.row
    return _common(target, "#") | {
        "notes": _notes(target),
        "confidential": bool(row["confidential"]),
        "dueDate": row["due_date"],
        "weight": row["weight"],
        "assignees": whole(lambda: [user(each) for each in issuables.assignees_of("Issue", row["id"])]),
        "blocked": lambda: bool(_open_blockers(row)),
        "blockedByCount": lambda: len(_open_blockers(row)),
        "blockedByIssues": whole(lambda: [_issue_row(each) for each in linking.blockers(row["id"])]),
    }


def _issue_row(row: Row) -> Json:
    return issue(Target("Issue", row, db().get("SELECT * FROM project WHERE id = ?", row["project_id"])))


def _open_blockers(row: Row) -> list[Row]:
    return [each for each in linking.blockers(row["id"]) if each["state"] == "opened"]


def merge_request(target: Target) -> Json:
    """A merge request."""
    row = target.row
    refs = diff_refs(target)
    return _common(target, "!") | {
        "notes": _notes(target),
        "draft": drafts.is_draft(row["title"]),
        "mergedAt": _seconds(row["merged_at"]),
        "preparedAt": _seconds(row["prepared_at"]),
        "sourceBranch": row["source_branch"],
        "targetBranch": row["target_branch"],
        "diffHeadSha": row["head"],
        "diffRefs": refs
        and {"baseSha": refs["base_sha"], "headSha": refs["head_sha"], "startSha": refs["start_sha"]},
        "mergeCommitSha": row["merge_commit_sha"],
        "mergeUser": lambda: _user_by_id(row["merged_by"]),
        "reviewers": whole(lambda: [_reviewer(each, target) for each in reviewing.reviewers(target)]),
        "approvedBy": whole(lambda: [user(each) for each in reviewing.approvals(target)]),
        "approved": lambda: bool(reviewing.approvals(target)),
        "conflicts": lambda: merging.detailed_status(target) == "conflict",
        "detailedMergeStatus": lambda: merging.detailed_status(target).upper(),
        "mergeable": lambda: merging.detailed_status(target) == "mergeable",
        "sourceProjectId": row["project_id"],
        "targetProjectId": row["project_id"],
    }


def _reviewer(row: Row, target: Target) -> Json:
    approved = {each["id"] for each in reviewing.approvals(target)}
    interaction = {
        "approved": row["id"] in approved,
        "canMerge": auth.level(db(), row, target.project) >= auth.DEVELOPER,
        "reviewed": row["review"] != "unreviewed",
        "reviewState": row["review"].upper(),
    }
    return user(row) | {"mergeRequestInteraction": interaction}
