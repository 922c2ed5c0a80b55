"""What holds after every night, however it ended, and what holds after a few calm ones."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from ci_factory.config import Labels
from ci_factory.forge import kept_notes
from ci_factory.forge.protocol import Forge
from ci_factory.model import block
from ci_factory.model.forge import IssueState, MergeRequest, MergeRequestState, Note, NoteTarget
from ci_factory.publishing.issue_notes import ESCALATION_KEY, READINESS_KEY, REMINDER_KEY, STATUS_KEY
from ci_factory.publishing.note import NOTE_KEY
from tests.soak.git_commits import LAST
from tests.soak.life import SECRET, US, Life

KEYS = (NOTE_KEY, STATUS_KEY, ESCALATION_KEY, READINESS_KEY, REMINDER_KEY)
_COMMAND = re.compile(r"^/[a-z]", re.MULTILINE)
_MENTION = re.compile(r"(?<![\w`\u200b\\])@all\b")
_FENCED = re.compile(r"^(?P<fence>`{3,}|~{3,}).*?^(?P=fence)[`~]*$", re.MULTILINE | re.DOTALL)
LABELS = Labels()
_AT_WORK = {"queued", "running"}


def always(life: Life) -> Iterator[str]:
    """What is broken now."""
    forge = life.forge
    with life.quietly():
        merge_requests = forge.merge_requests(state=None)
        yield from _one_of_each(life, merge_requests)
        for each in merge_requests:
            yield from _published_as_gated(life, each)
        for target, name, notes in _all_notes(forge, merge_requests):
            yield from _notes(f"{target} {name}", [note.body for note in notes if note.author == life.user])
        yield from _secrets(life)
    yield from life.violations


def _one_of_each(life: Life, merge_requests: Iterable[MergeRequest]) -> Iterator[str]:
    for ticket, count in Counter(name.split("/")[1].split("-")[0] for name in life.branches()).items():
        if count > 1:
            yield f"ticket {ticket} has {count} branches"
    alive = [each for each in merge_requests if each.iid not in life.people.closed]
    opened = Counter(each.ticket_id for each in alive if each.state is MergeRequestState.OPENED)
    yield from (
        f"ticket {ticket} has {count} open merge requests" for ticket, count in opened.items() if count > 1
    )
    unmerged = Counter(each.ticket_id for each in alive if each.state is MergeRequestState.CLOSED)
    yield from (f"a merge request of ticket {ticket} was closed by nobody" for ticket in unmerged)


def _published_as_gated(life: Life, merge_request: MergeRequest) -> Iterator[str]:
    """The tree that is offered is one that the gates judged; what is ready passed."""
    commit, iid = merge_request.head, merge_request.iid
    committer = life.git.text("log", "-1", LAST, commit).split("\n")[0]
    if committer != US.email:
        if commit not in life.people.pushed:
            yield f"!{iid} stands at a commit of nobody"
        return
    tree, known = life.git.tree_of(commit), life.gated.get(merge_request.ticket_id, set())
    if tree not in {each for each, _ in known}:
        yield f"!{iid} offers a tree that no gate judged"
    elif not merge_request.draft and (tree, "pass") not in known:
        yield f"!{iid} is ready, and its tree did not pass"


def _all_notes(
    forge: Forge, merge_requests: Iterable[MergeRequest]
) -> Iterator[tuple[NoteTarget, str, list[Note]]]:
    for each in merge_requests:
        yield NoteTarget.MERGE_REQUEST, str(each.iid), forge.notes(NoteTarget.MERGE_REQUEST, str(each.iid))
    for issue in forge.issues(opened_only=False):
        yield NoteTarget.ISSUE, issue.ticket.id, forge.notes(NoteTarget.ISSUE, issue.ticket.id)


def _notes(where: str, ours: Sequence[str]) -> Iterator[str]:
    for key in KEYS:
        if (count := sum(kept_notes.carries(body, key) for body in ours)) > 1:
            yield f"{where} has {count} notes of ours about {key}"
    for body in ours:
        plain = _FENCED.sub("", body)
        if _COMMAND.search(body) or _MENTION.search(plain):
            yield f"{where}: untrusted text acts in a note of ours"
        if any(block.read(body, key) is None for key in ("score",) if kept_notes.carries(body, NOTE_KEY)):
            yield f"{where}: the hidden block can't be read"


def _secrets(life: Life) -> Iterator[str]:
    canary = SECRET.encode()
    for path in _files(life.folder):
        if canary in path.read_bytes():
            yield f"a secret is in {path.relative_to(life.folder)}"
    if Path("/tmp/soak-was-here").exists():  # noqa: S108 - where untrusted text would write, if it ran
        yield "untrusted text ran"


def _files(folder: Path) -> Iterator[Path]:
    yield from (path for path in folder.rglob("*") if path.is_file() and "objects" not in path.parts)


def at_last(life: Life) -> Iterator[str]:
    """What is broken after calm nights in which people answered."""
    last = life.nights[-1]
    if last.ended != "whole" or last.broken:
        yield f"a calm night ended as {last.ended}, broken: {last.broken}"
    with life.quietly():
        opened = {each.ticket_id: each for each in life.forge.merge_requests()}
        for issue in life.forge.issues(opened_only=False):
            labels = set(issue.ticket.labels)
            states = labels & {*LABELS.states, LABELS.ready}
            if issue.ticket.id in life.people.labelled and len(states) > 1:
                states.discard(LABELS.ready)
            state = LABELS.state_of(labels)
            if issue.state is IssueState.OPENED and len(states) != 1:
                yield f"ticket {issue.ticket.id} is in no one state: {sorted(states)}"
            if issue.state is IssueState.OPENED and state in _AT_WORK:
                yield f"ticket {issue.ticket.id} is {state}, and nobody is at work"
            if issue.ticket.id in opened and state in {None, "ready", *_AT_WORK}:
                yield f"ticket {issue.ticket.id} is offered as !{opened[issue.ticket.id].iid}, and says {state}"
    worktrees = life.layout.worktrees
    if worktrees.is_dir() and any(worktrees.iterdir()):
        yield f"worktrees are left over: {sorted(each.name for each in worktrees.iterdir())}"
