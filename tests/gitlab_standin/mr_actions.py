"""What each quick action on merge requests does, and the sentence that GitLab answers."""

from tests.gitlab_standin import issuables, merging, reviewing
from tests.gitlab_standin.actions import Refused, applied, people_in
from tests.gitlab_standin.context import ApiError
from tests.gitlab_standin.drafts import is_draft, undrafted
from tests.gitlab_standin.issuables import Target


def approve(target: Target, _argument: str) -> str:
    """/approve."""
    applied(reviewing.may_approve(target), "approve")
    reviewing.approve(target)
    return "Approved the current merge request."


def unapprove(target: Target, _argument: str) -> str:
    """/unapprove."""
    applied(reviewing.unapprove(target), "unapprove")
    return "Unapproved the current merge request."


def merge(target: Target, _argument: str) -> str:
    """/merge: at once when it can be."""
    try:
        merging.merge(target, merging.Wish())
    except ApiError as error:
        raise Refused("Could not apply merge command.") from error
    return "Merged this merge request."


def draft(target: Target, _argument: str) -> str:
    """/draft."""
    if not is_draft(target.row["title"]):
        target.edit(title=f"Draft: {target.row['title']}")
        issuables.system_note(target, "marked this merge request as **draft**")
    return "Set the Draft status."


def ready(target: Target, _argument: str) -> str:
    """/ready."""
    title_now = undrafted(target.row["title"])
    applied(title_now != target.row["title"], "ready")
    target.edit(title=title_now)
    issuables.system_note(target, "marked this merge request as **ready**")
    return "Set the Ready status."


def request_changes(target: Target, _argument: str) -> str:
    """/request_changes."""
    reviewing.review(target, "requested_changes")
    return "Changes requested to the current merge request."


def submit_review(target: Target, argument: str) -> str:
    """/submit_review, with a verdict or without."""
    verdict = argument.strip().lower()
    if verdict == "approve":
        return approve(target, "")
    reviewing.review(target, "requested_changes" if verdict == "requested_changes" else "reviewed")
    return "Submitted the current review."


def assign_reviewer(target: Target, argument: str) -> str:
    """/assign_reviewer, /request_review."""
    wanted = people_in(argument)
    applied(bool(wanted), "assign_reviewer")
    now = [row["user_id"] for row in reviewing.reviewers(target)]
    reviewing.set_reviewers(target, [*now, *wanted])
    return f"Assigned {argument} as reviewer."


def unassign_reviewer(target: Target, argument: str) -> str:
    """/unassign_reviewer: these, or everybody."""
    gone = people_in(argument)
    now = [row["user_id"] for row in reviewing.reviewers(target)]
    reviewing.set_reviewers(target, [each for each in now if gone and each not in gone])
    return f"Removed reviewer {argument}."


def target_branch(target: Target, argument: str) -> str:
    """/target_branch."""
    repo = merging.repo(target.project)
    applied(repo.head(argument) is not None, "target_branch")
    merging.retarget(target, argument)
    return f"Set target branch to {argument}."
