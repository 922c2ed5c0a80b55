"""Makes sure that a branch has its merge request, and that it says what it should: one request at most."""

from collections.abc import Iterable

from ci_factory.errors import Conflict, ForgeError
from ci_factory.forge import managed_labels
from ci_factory.forge.gitlab import merge_requests, people, quick_actions
from ci_factory.forge.gitlab.notes import normal
from ci_factory.forge.gitlab.project import Project
from ci_factory.forge.gitlab.repository import Repository
from ci_factory.model.base import Json
from ci_factory.model.forge import MergeRequest, MergeRequestSpec

MAX_DESCRIPTION = 1_000_000
_MAX_TITLE = 255


def ensure(project: Project, repository: Repository, spec: MergeRequestSpec) -> MergeRequest:
    """The open merge request of the source branch, made or brought up to date.

    Raises:
        Conflict: the branch has nothing that the target lacks.
        ForgeError: a branch does not exist, or the text can't be one of a merge request.
    """
    _check(project, spec)
    found = merge_requests.of_branch(project, spec.source_branch, spec.target_branch)
    if found is None:
        _refuse_empty(repository, spec)
        try:
            found = _create(project, spec)
        except Conflict:  # somebody was quicker
            found = merge_requests.of_branch(project, spec.source_branch, spec.target_branch)
            if found is None:
                raise
    return merge_requests.read(project, _update(project, found, spec), details=False)


def _check(project: Project, spec: MergeRequestSpec) -> None:
    if merge_requests.ticket_of(spec.source_branch) != spec.ticket_id:
        raise ForgeError(
            f"{spec.source_branch!r} is not a branch of ticket {spec.ticket_id}", where=project.path
        )
    if spec.source_branch == spec.target_branch:
        raise ForgeError(f"{spec.source_branch} can't be merged into itself", where=project.path)
    title = merge_requests.titled(spec.title, draft=True)
    if (
        not merge_requests.bare(spec.title)
        or len(title) > _MAX_TITLE
        or len(spec.description) > MAX_DESCRIPTION
    ):
        raise ForgeError(
            f"needs a title of at most {_MAX_TITLE} characters, and a description of at most {MAX_DESCRIPTION}",
            where=spec.source_branch,
        )
    managed_labels.changed((), spec.labels, ())
    quick_actions.refused(spec.description, spec.source_branch)


def _refuse_empty(repository: Repository, spec: MergeRequestSpec) -> None:
    if not repository.brings_something(spec.source_branch, spec.target_branch):
        raise Conflict(
            f"{spec.source_branch} has nothing that {spec.target_branch} lacks",
            where=repository.project.path,
            fix="see whether it was merged; else commit a change to it first",
        )


def _create(project: Project, spec: MergeRequestSpec) -> Json:
    data: dict[str, Json] = {
        "source_branch": spec.source_branch,
        "target_branch": spec.target_branch,
        "title": merge_requests.titled(spec.title, draft=spec.draft),
        "description": spec.description,
        "labels": ",".join(spec.labels),
        "remove_source_branch": True,
    }
    if spec.reviewer:
        data["reviewer_ids"] = [people.user_id(project, spec.reviewer)]

    def done() -> Json | None:
        return merge_requests.of_branch(project, spec.source_branch, spec.target_branch)

    return project.api.post(project.at("merge_requests"), data, done=done)


def _update(project: Project, raw: Json, spec: MergeRequestSpec) -> Json:
    edits = {**_texts(raw, spec), **_labels(project, raw, spec.labels), **_reviewer(project, raw, spec)}
    return project.api.put(project.of(merge_requests.MR, raw["iid"]), edits) if edits else raw


def _texts(raw: Json, spec: MergeRequestSpec) -> dict[str, Json]:
    title = merge_requests.titled(spec.title, draft=spec.draft)
    wanted = {"title": title, "description": spec.description, "target_branch": spec.target_branch}
    edits = {name: text for name, text in wanted.items() if normal(raw.get(name)) != normal(text)}
    if merge_requests.is_draft(raw) != spec.draft:
        edits["title"] = title
    return edits


def _labels(project: Project, raw: Json, wanted: Iterable[str]) -> dict[str, Json]:
    before = raw["labels"]
    after = managed_labels.changed(before, wanted, managed_labels.managed(before, project.names))
    added, removed = (
        [name for name in one if name not in other] for one, other in ((after, before), (before, after))
    )
    edits = {"add_labels": ",".join(added), "remove_labels": ",".join(removed)}
    return {name: text for name, text in edits.items() if text}


def _reviewer(project: Project, raw: Json, spec: MergeRequestSpec) -> dict[str, Json]:
    """Nothing when the one wanted is among them already: others may have been asked as well."""
    now = [each["username"].casefold() for each in raw.get("reviewers") or ()]
    if spec.reviewer is None:
        return {"reviewer_ids": []} if now else {}
    if spec.reviewer.casefold() in now:
        return {}
    return {"reviewer_ids": [people.user_id(project, spec.reviewer)]}
