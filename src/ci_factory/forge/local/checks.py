"""What the embedded forge does not take."""

import re

from ci_factory.errors import Conflict, ForgeError, UsageError
from ci_factory.forge.kept_notes import storable
from ci_factory.forge.local.history import Subject
from ci_factory.model.forge import MergeRequest, MergeRequestSpec, MergeRequestState, NoteTarget

MAX_DESCRIPTION = 1_000_000
_MAX_NAME = 255


def checked_user(name: str) -> str:
    """The name, if a commit, a note and an event can carry it; UsageError when not."""
    sound = name.strip() == name and name.isprintable() and 0 < len(name) <= _MAX_NAME
    if not sound or not re.search(r"[^\s<>,.:;\"'\\]", name):
        raise UsageError(f"{name!r} can't be a user's name", fix=f"1 to {_MAX_NAME} printable characters")
    return name


def subject(target: NoteTarget, target_id: str) -> Subject:
    """What a target id names; ForgeError when it can't be one."""
    if target is NoteTarget.MERGE_REQUEST and not (target_id.isascii() and target_id.isdigit()):
        raise ForgeError(f"{target_id!r} is not the number of a merge request")
    return Subject(target, target_id)


def checked_spec(spec: MergeRequestSpec) -> MergeRequestSpec:
    """The spec as it can be kept; ForgeError when it makes no sense or is too large."""
    if spec.source_branch == spec.target_branch:
        raise ForgeError(f"{spec.source_branch} can't be merged into itself")
    if not spec.title.strip() or len(spec.description) > MAX_DESCRIPTION:
        raise ForgeError(f"needs a title, and a description of at most {MAX_DESCRIPTION} characters")
    texts = {"title": storable(spec.title), "description": storable(spec.description)}
    return spec.model_copy(update=texts)


def check_head(found: MergeRequest, head: str | None) -> None:
    """Conflict when the head is not the one that the caller looked at."""
    if head is not None and found.head != head:
        raise Conflict(
            f"the head of !{found.iid} moved: it is {found.head}, not {head}",
            fix="look at the new commits first",
        )


def check_mergeable(found: MergeRequest, head: str, below: MergeRequest | None) -> None:
    """Conflict when it is over, moved, is a draft, or goes to the branch of another open one (`below`)."""
    if found.state is not MergeRequestState.OPENED:
        raise Conflict(
            f"!{found.iid} is {found.state.value}", fix="choose one that is open: ci-factory mr list"
        )
    check_head(found, head)
    if found.draft:
        raise Conflict(
            f"!{found.iid} is a draft",
            fix=f"mark it ready and merge: ci-factory mr merge {found.iid} --ready",
        )
    if below:
        raise Conflict(
            f"!{found.iid} is stacked on !{below.iid}, which is open", fix=f"merge !{below.iid} first"
        )
