"""The stand-in's merge requests: made, changed, reviewed, merged, with real git behind them."""

import json
from typing import Any

import pytest
from gitlab.exceptions import (
    GitlabAuthenticationError,
    GitlabCreateError,
    GitlabHttpError,
    GitlabMRApprovalError,
)

from tests.gitlab_standin.example import Example
from tests.gitlab_standin.fixtures import place, server, tokens

__all__ = ["place", "server", "tokens"]
MergeRequest = Any


def again(place: Example, mr: MergeRequest) -> MergeRequest:
    return place.project().mergerequests.get(mr.iid)


def refused(place: Example, user: str, path: str, method: str = "put", **data: object) -> tuple[int, Any]:
    """Status and message of a request that must fail."""
    with pytest.raises((GitlabHttpError, GitlabAuthenticationError)) as caught:
        place.client(user).http_request(method, f"/projects/{place.id}/merge_requests/{path}", post_data=data)
    return caught.value.response_code or 0, json.loads(caught.value.response_body or b"null").get("message")


def merge(place: Example, mr: MergeRequest, **data: object) -> None:
    place.client("max").http_put(f"/projects/{place.id}/merge_requests/{mr.iid}/merge", post_data=data)


# Making and changing


def test_a_merge_request_knows_its_diff(place: Example) -> None:
    """Head, base and start are the commits of the branches; the first version is there; the head ref is kept."""
    main = place.git("rev-parse", "main")
    mr = place.merge_request(files={"a.txt": "1\n", "b.txt": "2\n"})
    assert mr.diff_refs == {"base_sha": main, "start_sha": main, "head_sha": mr.sha}
    assert (mr.changes_count, mr.detailed_merge_status, mr.draft) == ("2", "mergeable", False)
    assert [each.head_commit_sha for each in mr.diffs.list()] == [mr.sha]
    assert [each["new_path"] for each in mr.changes()["changes"]] == ["a.txt", "b.txt"]
    assert place.git("ls-remote", place.url(), f"refs/merge-requests/{mr.iid}/head").startswith(mr.sha)


def test_one_open_merge_request_for_two_branches(place: Example) -> None:
    """A second one is 409 and names the first; after closing there may be another; onto itself is 422."""
    mr = place.merge_request()
    values = {"source_branch": "change", "target_branch": "main", "title": "again"}
    with pytest.raises(GitlabCreateError) as caught:
        place.project().mergerequests.create(values)
    assert caught.value.response_code == 409
    words = ["Another open merge request already exists for this source branch: !1"]
    assert json.loads(caught.value.response_body or b"") == {"message": words}
    place.project().mergerequests.update(mr.iid, {"state_event": "close"})
    assert place.project().mergerequests.create(values).iid == 2
    with pytest.raises(GitlabCreateError) as same:
        place.project().mergerequests.create(values | {"target_branch": "change"})
    assert same.value.response_code == 422


def test_the_title_makes_the_draft(place: Example) -> None:
    """With and without the prefix, with a system note each way."""
    mr = place.merge_request(title="Draft: x")
    assert (mr.draft, mr.work_in_progress, mr.detailed_merge_status) == (True, True, "draft_status")
    place.project().mergerequests.update(mr.iid, {"title": "x"})
    assert again(place, mr).draft is False
    assert [note.body for note in mr.notes.list()] == ["marked this merge request as **ready**"]


def test_a_push_makes_a_version(place: Example) -> None:
    """A new head is a version, newest first, with a system note; the same head again is none."""
    mr = place.merge_request()
    head = place.push("change", {"more.txt": "1\n"}, base="change")
    place.git("push", "--quiet", place.url(), "HEAD:refs/heads/change")
    assert again(place, mr).sha == head
    assert [each.head_commit_sha for each in mr.diffs.list()] == [head, mr.sha]
    assert "added 1 commit" in mr.notes.list()[0].body


def test_a_merge_request_is_changed(place: Example) -> None:
    """Labels, reviewers, assignees and target can be set; the reviewer's state starts as unreviewed."""
    mr = place.merge_request(labels="a")
    max_id = place.client("dora").users.list(username="max")[0].id
    place.project().mergerequests.update(
        mr.iid, {"add_labels": "b", "reviewer_ids": [max_id], "description": "why"}
    )
    now = again(place, mr)
    assert (now.labels, now.description, now.reviewers[0]["username"]) == (["a", "b"], "why", "max")
    assert mr.reviewer_details.list()[0].state == "unreviewed"
    assert [each.iid for each in place.project().mergerequests.list(reviewer_username="max")] == [mr.iid]
    assert place.project().mergerequests.list(source_branch="change", state="opened")[0].iid == mr.iid
    assert place.project().mergerequests.list(author_username="max") == []


def test_deleting_the_source_branch_closes(place: Example) -> None:
    """GitLab closes what has no source branch any more."""
    mr = place.merge_request()
    place.git("push", "--quiet", place.url(), ":refs/heads/change")
    assert again(place, mr).state == "closed"


# Reviews


def test_approvals(place: Example) -> None:
    """Others approve, once, the head they name; the author does not; it can be taken back."""
    mr = place.merge_request()
    assert refused(place, "dora", f"{mr.iid}/approve", "post") == (401, "401 Unauthorized")
    assert refused(place, "rita", f"{mr.iid}/approve", "post")[0] == 401
    assert refused(place, "max", f"{mr.iid}/approve", "post", sha="0" * 40)[0] == 409
    theirs = place.project("max").mergerequests.get(mr.iid)
    theirs.approve(sha=mr.sha)
    assert [each["user"]["username"] for each in mr.approvals.get().approved_by] == ["max"]
    assert [each["username"] for each in mr.approval_state.get().rules[0]["approved_by"]] == ["max"]
    with pytest.raises((GitlabMRApprovalError, GitlabAuthenticationError)):
        theirs.approve()
    theirs.unapprove()
    assert mr.approvals.get().approved_by == []
    bodies = [note.body for note in mr.notes.list(sort="asc")]
    assert bodies == ["approved this merge request", "unapproved this merge request"]


def test_approvals_can_be_reset_by_a_push(place: Example) -> None:
    """Where the project says so; elsewhere they stay."""
    for reset in (False, True):
        place.server.configure(place.id, reset_approvals=reset)
        branch = f"change-{reset}".lower()
        mr = place.merge_request(branch)
        place.project("max").mergerequests.get(mr.iid).approve()
        place.push(branch, {"more.txt": "1\n"}, base=branch)
        assert len(mr.approvals.get().approved_by) == (0 if reset else 1)


def test_requested_changes(place: Example) -> None:
    """A quick action withdraws the approval, marks the reviewer and blocks the merge until approved again."""
    mr = place.merge_request()
    theirs = place.project("max").mergerequests.get(mr.iid)
    theirs.approve()
    theirs.notes.create({"body": "Not yet.\n/submit_review requested_changes"})
    assert mr.approvals.get().approved_by == []
    assert [(each.user["username"], each.state) for each in mr.reviewer_details.list()] == [
        ("max", "requested_changes")
    ]
    assert again(place, mr).detailed_merge_status == "requested_changes"
    theirs.approve()
    assert mr.reviewer_details.list()[0].state == "approved"
    assert again(place, mr).detailed_merge_status == "mergeable"


def test_discussions_hang_on_lines_and_are_resolved(place: Example) -> None:
    """A position must be in the diff; replies join; resolving shows and can block a merge."""
    mr = place.merge_request(files={"app.py": "one = 1\ntwo = 22\nthree = 3\n"})
    refs = mr.diff_refs | {"position_type": "text", "old_path": "app.py", "new_path": "app.py"}
    thread = mr.discussions.create({"body": "why 22?", "position": refs | {"new_line": 2}})
    with pytest.raises(GitlabCreateError) as outside:
        mr.discussions.create({"body": "x", "position": refs | {"new_line": 99}})
    assert outside.value.response_code == 400
    with pytest.raises(GitlabCreateError):
        mr.discussions.create({"body": "x", "position": refs | {"new_line": 1}})  # context needs both lines
    mr.discussions.create({"body": "x", "position": refs | {"new_line": 1, "old_line": 1}})
    thread.notes.create({"body": "because"})
    place.server.configure(place.id, discussions_resolved=True)
    assert again(place, mr).detailed_merge_status == "discussions_not_resolved"
    for each in mr.discussions.list(get_all=True):
        if each.attributes["notes"][0]["resolvable"]:
            each.resolved = True
            each.save()
    found = mr.discussions.get(thread.id).attributes["notes"]
    assert [(note["body"], note["resolved"], note["type"]) for note in found] == [
        ("why 22?", True, "DiffNote"),
        ("because", True, "DiffNote"),
    ]
    assert found[0]["position"]["new_line"] == 2
    assert again(place, mr).blocking_discussions_resolved is True


def test_graphql_tells_of_reviews(place: Example) -> None:
    """Head, draft, labels, reviewers with their states and approvals of all merge requests in one query."""
    max_id = place.client("dora").users.list(username="max")[0].id
    mr = place.merge_request(title="Draft: x", labels="a,b", reviewer_ids=[max_id])
    place.project("max").mergerequests.get(mr.iid).approve()
    query = (
        "query($path: ID!) { project(fullPath: $path) { mergeRequests(state: opened) { nodes { iid draft diffHeadSha"
        " sourceBranch author { username } labels { nodes { title } } approvedBy { nodes { username } }"
        " reviewers { nodes { username mergeRequestInteraction { reviewState } } } } } } }"
    )
    body = {"query": query, "variables": {"path": place.path}}
    answer = (
        place.client("dora").http_request("post", f"{place.server.url}/api/graphql", post_data=body).json()
    )
    assert answer["data"]["project"]["mergeRequests"]["nodes"] == [
        {
            "iid": "1",
            "draft": True,
            "diffHeadSha": mr.sha,
            "sourceBranch": "change",
            "author": {"username": "dora"},
            "labels": {"nodes": [{"title": "a"}, {"title": "b"}]},
            "approvedBy": {"nodes": [{"username": "max"}]},
            "reviewers": {
                "nodes": [{"username": "max", "mergeRequestInteraction": {"reviewState": "APPROVED"}}]
            },
        }
    ]


# Merging


def test_a_merge_is_real_and_closes_issues(place: Example) -> None:
    """The target has the files, the issue named in the description is closed, the event is there."""
    place.project().issues.create({"title": "bug"})
    mr = place.merge_request(description="Why.\n\nCloses #1")
    assert [each.iid for each in mr.closes_issues()] == [1]
    merge(place, mr, sha=mr.sha)
    now = again(place, mr)
    assert (now.state, now.merged_by["username"]) == ("merged", "max")
    place.git("fetch", "--quiet", place.url(), "main")
    assert place.git("show", "FETCH_HEAD:change.txt") == "new"
    assert place.git("rev-parse", "FETCH_HEAD") == now.merge_commit_sha
    assert place.git("rev-parse", "FETCH_HEAD^2") == mr.sha
    assert place.project().issues.get(1).state == "closed"
    assert [event.state for event in mr.resourcestateevents.list()] == ["merged"]


def test_merge_refusals(place: Example) -> None:
    """Another head 409, draft and closed 405, no right 401, in conflict 422 (406 on old servers); nothing moved."""
    mr = place.merge_request(files={"app.py": "one = 2\n"})
    assert refused(place, "max", f"{mr.iid}/merge", sha="0" * 40)[0] == 409
    assert refused(place, "dora", f"{mr.iid}/merge") == (401, "401 Unauthorized")
    mr.title = "Draft: x"
    mr.save()
    assert refused(place, "max", f"{mr.iid}/merge") == (405, "405 Method Not Allowed")
    mr.title = "x"
    mr.save()
    rival = place.merge_request("rival", {"app.py": "one = 3\n"})
    merge(place, rival)
    assert again(place, mr).has_conflicts is True
    assert refused(place, "max", f"{mr.iid}/merge") == (422, "Branch cannot be merged")
    place.server.edition(enterprise=True, version="14.10.0")
    assert refused(place, "max", f"{mr.iid}/merge")[0] == 406
    mr.state_event = "close"
    mr.save()
    assert refused(place, "max", f"{mr.iid}/merge")[0] == 405


def test_stacked_merge_requests_follow(place: Example) -> None:
    """When the lower one is merged and its branch removed, the upper one goes to the lower one's target."""
    lower = place.merge_request("lower")
    place.push("upper", {"upper.txt": "1\n"}, base="lower")
    upper = place.project().mergerequests.create(
        {"source_branch": "upper", "target_branch": "lower", "title": "up"}
    )
    kept = place.merge_request("kept")
    merge(place, kept)
    assert place.project().branches.get("kept").name == "kept"
    merge(place, lower, should_remove_source_branch=True)
    now = again(place, upper)
    assert (now.state, now.target_branch, now.detailed_merge_status) == ("opened", "main", "mergeable")
    assert [branch.name for branch in place.project().branches.list()] == ["kept", "main", "upper"]
    assert now.diffs.list()[0].head_commit_sha == upper.sha


def test_a_merge_by_hand_is_seen(place: Example) -> None:
    """Pushing a target that contains the head marks it merged; a commit message closes issues."""
    place.project().issues.create({"title": "bug"})
    mr = place.merge_request()
    place.git("switch", "--quiet", "main")
    place.git("merge", "--quiet", "--no-ff", "--message", "by hand\n\nFixes #1", "change")
    place.git("push", "--quiet", place.url("max"), "main")
    assert again(place, mr).state == "merged"
    assert place.project().issues.get(1).state == "closed"


def test_squash_makes_one_commit(place: Example) -> None:
    """The merge's second parent is one commit with the merge request's title."""
    mr = place.merge_request(files={"a.txt": "1\n", "b.txt": "2\n"})
    merge(place, mr, squash=True)
    now = again(place, mr)
    place.git("fetch", "--quiet", place.url(), "main")
    assert place.git("rev-parse", "FETCH_HEAD^2") == now.squash_commit_sha
    assert (
        place.git("log", "-1", "--format=%s %P", now.squash_commit_sha)
        == f"{mr.title} {mr.diff_refs['base_sha']}"
    )


def test_pipelines_must_succeed(place: Example) -> None:
    """Where the project says so, a head without a green pipeline is not merged."""
    mr = place.merge_request()
    place.server.configure(place.id, pipeline_must_succeed=True)
    assert again(place, mr).detailed_merge_status == "ci_must_pass"
    place.server.pipeline(place.id, "change")
    assert again(place, mr).head_pipeline["status"] == "success"
    merge(place, mr)


def test_merge_by_a_note(place: Example) -> None:
    """/merge in a note merges at once; /approve approves: why untrusted text must be escaped."""
    mr = place.merge_request()
    theirs = place.project("max").mergerequests.get(mr.iid)
    place.client("max").http_post(
        f"/projects/{place.id}/merge_requests/{mr.iid}/notes", post_data={"body": "/approve\n/merge"}
    )
    assert again(place, theirs).state == "merged"
    assert [each["user"]["username"] for each in mr.approvals.get().approved_by] == ["max"]
