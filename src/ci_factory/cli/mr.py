"""`ci-factory mr`: a person reads, approves, merges or closes what the factory made."""

from pathlib import Path
from typing import Any

import click

from ci_factory.cli import common, embedded
from ci_factory.errors import RepositoryError
from ci_factory.forge.local import LocalForge
from ci_factory.model import block
from ci_factory.model.forge import MergeRequest, MergeRequestSpec, MergeRequestState, NoteTarget

_SHORTEST_SHA = 7


@click.group(name="mr", epilog="Example: ci-factory mr merge 3 --as alice")
def command() -> None:
    """List, show, approve and merge merge requests of the embedded forge."""


@command.command(name="list", epilog="Example: ci-factory mr list --all --json")
@common.repo_option
@click.option("--all", "everything", is_flag=True, help="Merged and closed ones too.")
@common.json_option
def list_merge_requests(repo: Path, *, everything: bool, as_json: bool) -> None:
    """List merge requests, in order of creation."""
    with embedded.as_reader(repo) as forge:
        state = None if everything else MergeRequestState.OPENED
        found = [(each, _score(forge, each)) for each in forge.merge_requests(state=state)]
    if as_json:
        common.print_json([each.model_dump(mode="json") | {"score": score} for each, score in found])
    elif found:
        headings = ("mr", "state", "title", "branch", "target", "reviewer", "approvals", "score")
        embedded.print_table(
            headings, [_row(each, score) for each, score in found], spare=("branch", "target")
        )
    else:
        click.echo("no merge requests")


@command.command(epilog="Example: ci-factory mr show 3 --diff")
@click.argument("iid", type=click.IntRange(min=1))
@common.repo_option
@click.option("--diff", "with_diff", is_flag=True, help="Show the change too.")
@common.json_option
def show(iid: int, repo: Path, *, with_diff: bool, as_json: bool) -> None:
    """Show a merge request with its description and notes."""
    with embedded.as_reader(repo) as forge:
        found = forge.merge_request(iid)
        if as_json:
            common.print_json(_as_data(forge, found, with_diff=with_diff))
            return
        _print_head(found, _score(forge, found))
        click.echo()
        embedded.print_text(found.description)
        embedded.print_notes(forge.notes(NoteTarget.MERGE_REQUEST, str(iid)))
        if with_diff:
            click.echo()
            embedded.print_text(_diff(forge, found))


@command.command(epilog="Example: ci-factory mr approve 3 --as alice")
@click.argument("iid", type=click.IntRange(min=1))
@common.repo_option
@embedded.person_option
@click.option("--sha", help="Only if the head still is this commit.")
@common.json_option
def approve(iid: int, repo: Path, person: str | None, sha: str | None, *, as_json: bool) -> None:
    """Approve the present head of a merge request."""
    with embedded.as_person(repo, person) as forge:
        head = _head(forge.merge_request(iid), sha)
        _done(forge.approve(iid, head=head), f"!{iid} approved at {head[:12]}", as_json=as_json)


@command.command(epilog="Example: ci-factory mr merge 3 --sha 1f3c2a9")
@click.argument("iid", type=click.IntRange(min=1))
@common.repo_option
@embedded.person_option
@click.option("--sha", help="Only if the head still is this commit.  [default: the head as it is now]")
@click.option("--ready", is_flag=True, help="A draft is marked ready first.")
@common.json_option
def merge(iid: int, repo: Path, person: str | None, sha: str | None, *, ready: bool, as_json: bool) -> None:
    """Merge into the target branch, and close the ticket."""
    with embedded.as_person(repo, person) as forge:
        found = forge.merge_request(iid)
        head = _head(found, sha)
        if ready and found.draft and found.state is MergeRequestState.OPENED and found.head == head:
            _mark_ready(forge, found)
        merged = forge.merge(iid, head=head)
        text = (
            f"!{iid} merged into {merged.target_branch} at {head[:12]}; ticket {merged.ticket_id} is closed"
        )
        _done(merged, text, as_json=as_json)


@command.command(epilog="Example: ci-factory mr close 3")
@click.argument("iid", type=click.IntRange(min=1))
@common.repo_option
@embedded.person_option
@common.json_option
def close(iid: int, repo: Path, person: str | None, *, as_json: bool) -> None:
    """Close without merging; the ticket stays open."""
    with embedded.as_person(repo, person) as forge:
        closed = forge.close(iid)
        _done(closed, f"!{iid} closed; ticket {closed.ticket_id} stays open", as_json=as_json)


@command.command(
    name="request-changes", epilog='Example: ci-factory mr request-changes 3 "Please cover the empty list"'
)
@click.argument("iid", type=click.IntRange(min=1))
@click.argument("message")
@common.repo_option
@embedded.person_option
@common.json_option
def request_changes(iid: int, message: str, repo: Path, person: str | None, *, as_json: bool) -> None:
    """Ask for changes, with the reason as a note."""
    with embedded.as_person(repo, person) as forge:
        _done(forge.request_changes(iid, message), f"changes requested on !{iid}", as_json=as_json)


def _done(found: MergeRequest, text: str, *, as_json: bool) -> None:
    if as_json:
        common.print_json(found.model_dump(mode="json"))
    else:
        embedded.print_text(text)


def _head(found: MergeRequest, sha: str | None) -> str:
    """The head when `sha` is none or its beginning, else `sha`, for the forge to refuse."""
    if sha is None:
        return found.head
    wanted = sha.strip().lower()
    return found.head if len(wanted) >= _SHORTEST_SHA and found.head.startswith(wanted) else wanted


def _mark_ready(forge: LocalForge, found: MergeRequest) -> None:
    spec = {name: getattr(found, name) for name in MergeRequestSpec.model_fields}
    forge.ensure_merge_request(MergeRequestSpec.model_validate(spec | {"draft": False}))


def _score(forge: LocalForge, found: MergeRequest) -> float | None:
    """From the newest score block in a note of the merge request's own author; others' blocks are not believed."""
    for note in reversed(forge.notes(NoteTarget.MERGE_REQUEST, str(found.iid))):
        data = block.read(note.body, "score") if note.author == found.author else None
        score = data.get("score") if data else None
        if isinstance(score, int | float) and not isinstance(score, bool):
            return float(score)
    return None


def _current_approvals(found: MergeRequest) -> list[str]:
    return [approval.user for approval in found.approvals if approval.head == found.head]


def _state(found: MergeRequest) -> str:
    if found.state is not MergeRequestState.OPENED:
        return found.state.value
    return "draft" if found.draft else "changes requested" if found.changes_requested_by else "open"


def _row(found: MergeRequest, score: float | None) -> tuple[str, ...]:
    return (
        f"!{found.iid}",
        _state(found),
        found.title,
        found.source_branch,
        found.target_branch,
        found.reviewer or "-",
        str(len(_current_approvals(found))),
        "-" if score is None else f"{score:g}",
    )


def _print_head(found: MergeRequest, score: float | None) -> None:
    embedded.print_fields(
        {
            "merge request": f"!{found.iid} ({_state(found)})",
            "title": found.title,
            "ticket": found.ticket_id,
            "branch": f"{found.source_branch} -> {found.target_branch}",
            "head": f"{found.head} (version {found.versions})",
            "author": found.author,
            "reviewer": found.reviewer or "",
            "labels": ", ".join(found.labels),
            "approved by": ", ".join(_current_approvals(found)),
            "changes requested by": ", ".join(found.changes_requested_by),
            "score": "" if score is None else f"{score:g}",
            "merge commit": found.merge_commit or "",
        }
    )


def _as_data(forge: LocalForge, found: MergeRequest, *, with_diff: bool) -> dict[str, Any]:
    notes = forge.notes(NoteTarget.MERGE_REQUEST, str(found.iid))
    data = found.model_dump(mode="json") | {
        "score": _score(forge, found),
        "notes": [note.model_dump(mode="json") for note in notes],
    }
    return data | ({"diff": _diff(forge, found)} if with_diff else {})


def _diff(forge: LocalForge, found: MergeRequest) -> str:
    """The change as its reviewers see it: from where it left the target branch."""
    into = f"{found.merge_commit}^1" if found.merge_commit else f"refs/heads/{found.target_branch}"
    base = forge.git.merge_base(into, found.head)
    if base is None:
        raise RepositoryError(
            f"{found.target_branch} and {found.head} have no common history", where=str(forge.git.folder)
        )
    return forge.git.diff(base, found.head)
