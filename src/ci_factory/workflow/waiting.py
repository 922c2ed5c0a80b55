"""What waits for people, read from the forge: open merge requests of the factory, and questions without an answer."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from ci_factory.config import Config
from ci_factory.forge.protocol import Forge
from ci_factory.model import block
from ci_factory.model.attempt import Attempt
from ci_factory.model.base import Json
from ci_factory.model.forge import ForgeEvent, ForgeEventKind, MergeRequest, NoteTarget
from ci_factory.model.gate import GateReport, Verdict
from ci_factory.model.review_settings import bare
from ci_factory.model.ticket import RiskLevel, Size
from ci_factory.publishing import names, note
from ci_factory.review import codeowners, ownership
from ci_factory.review.subject import Asked as AskedForChanges
from ci_factory.review.subject import ReviewSubject
from ci_factory.system import records
from ci_factory.workflow.escalations import Asked
from ci_factory.workflow.factory import Factory

_FILES_ASKED = 20
"""Files of a change whose history is read to find a reviewer."""


def subjects(factory: Factory, asked: Iterable[Asked], reassign: Collection[int] = ()) -> list[ReviewSubject]:
    """Everything that waits. `reassign`: merge requests for which somebody asked for another reviewer."""
    rules = codeowners.parse(_codeowners(factory))
    questions = [_of_question(factory, each, rules) for each in asked if each.waits]
    return [*_open_changes(factory, rules, reassign), *questions]


def strangers(forge: Forge, config: Config, waiting: Iterable[ReviewSubject]) -> frozenset[str]:
    """Of all who might be named, those with no role in the project; as `bare` writes names."""
    people = {bare(name): name for subject in waiting for name in ownership.everybody(subject, config)}
    return frozenset(key for key, name in people.items() if forge.role_of(name) is None)


def _open_changes(
    factory: Factory, rules: codeowners.Rules, reassign: Collection[int]
) -> list[ReviewSubject]:
    changes = [
        mr for mr in factory.forge.merge_requests() if mr.source_branch.startswith(names.BRANCH_PREFIX)
    ]
    factory.forge.fetch(mr.source_branch for mr in changes)
    below = {mr.source_branch: mr.iid for mr in changes}
    return [
        _of_change(factory, mr, rules, below.get(mr.target_branch), reassign=mr.iid in reassign)
        for mr in changes
    ]


def _codeowners(factory: Factory) -> str:
    """GitLab's three places, in its order."""
    places = ("CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS")
    tip = factory.tip()
    return next((text for place in places if (text := factory.git.show(tip, place))), "")


def _of_change(
    factory: Factory,
    merge_request: MergeRequest,
    rules: codeowners.Rules,
    below: int | None,
    *,
    reassign: bool,
) -> ReviewSubject:
    facts = _facts(factory.forge, merge_request)
    target = factory.forge.branch(merge_request.target_branch) or factory.tip()
    files = tuple(change.path for change in factory.git.brought(target, merge_request.head))
    asked, moved = _reviews(factory.forge, merge_request)
    return ReviewSubject(
        ticket=factory.forge.issue(merge_request.ticket_id).ticket,
        merge_request=merge_request.iid,
        author=merge_request.author,
        verdict=Verdict(facts["verdict"]) if "verdict" in facts else None,
        score=facts.get("score"),
        security_findings=_security_findings(factory, facts),
        risk=RiskLevel(facts.get("risk", RiskLevel.MEDIUM)),
        size=Size(facts.get("size", Size.MEDIUM)),
        lines=int(facts.get("added", 0)) + int(facts.get("removed", 0)),
        files=files,
        opened_at=merge_request.created_at,
        escalated=False,
        owners={path: rules.owners(path) for path in files},
        recent_authors=_authors(factory, target, files),
        reviewer=merge_request.reviewer,
        reassign=reassign,
        approvals=tuple(each for each in merge_request.approvals if each.head == merge_request.head),
        asked=asked,
        moved_at=moved,
        stacked_on=below,
    )


def _reviews(forge: Forge, merge_request: MergeRequest) -> tuple[AskedForChanges | None, datetime | None]:
    """The request for changes that nobody has answered, and when a new version came after the last review.

    The forge's history is read for merge requests that somebody has reviewed only.
    """
    if not merge_request.changes_requested_by and not merge_request.approvals:
        return None, None
    events = forge.events(NoteTarget.MERGE_REQUEST, str(merge_request.iid))
    pushed = _last(events, ForgeEventKind.PUSHED)
    reviewed = _last(events, ForgeEventKind.APPROVED, ForgeEventKind.CHANGES_REQUESTED)
    if pushed and (reviewed is None or pushed.at > reviewed.at):
        return None, pushed.at
    if not merge_request.changes_requested_by:
        return None, None
    asked = _last(events, ForgeEventKind.CHANGES_REQUESTED)
    user = asked.user if asked else merge_request.changes_requested_by[0]
    return AskedForChanges(user, asked.at if asked else merge_request.updated_at), None


def _last(events: Sequence[ForgeEvent], *kinds: ForgeEventKind) -> ForgeEvent | None:
    found = (event for event in events if event.kind in kinds)
    return max(found, key=lambda event: event.at, default=None)


def _facts(forge: Forge, merge_request: MergeRequest) -> dict[str, Json]:
    """The hidden block of our own note; notes of others are not believed."""
    bodies = [
        written.body
        for written in forge.notes(NoteTarget.MERGE_REQUEST, str(merge_request.iid))
        if written.author == forge.user
    ]
    return next((data for body in reversed(bodies) if (data := block.read(body, note.NOTE_KEY))), {})


def _security_findings(factory: Factory, facts: dict[str, Json]) -> int:
    """New findings of the security gates, from the verdict kept with the batch."""
    folder = factory.layout.batch(str(facts.get("batch"))).ticket(str(facts.get("ticket")))
    gates = records.read_if_valid(folder.gate, GateReport)
    if gates is None:
        return 0
    found = (f for gate in gates.gates if gate.component == "security" for f in gate.findings)
    return sum(finding.is_new and not finding.suppressed for finding in found)


def _of_question(factory: Factory, asked: Asked, rules: codeowners.Rules) -> ReviewSubject:
    issue, attempt = asked.issue, _last_attempt(factory, asked.id)
    since = asked.question.asked_at if asked.question else attempt.finished_at if attempt else None
    # Asked before any work, the files are the ticket's own words.
    files = (attempt.diff.files if attempt else ()) or issue.ticket.files
    return ReviewSubject(
        ticket=issue.ticket,
        merge_request=None,
        author=factory.forge.user,
        verdict=None,
        score=None,
        security_findings=0,
        risk=RiskLevel.HIGH,
        size=attempt.size if attempt else issue.ticket.complexity or Size.MEDIUM,
        lines=attempt.diff.added + attempt.diff.removed if attempt else 0,
        files=files,
        opened_at=since or factory.clock.now(),
        escalated=True,
        owners={path: rules.owners(path) for path in files},
        recent_authors=_authors(factory, factory.tip(), files),
    )


def _authors(factory: Factory, revision: str, files: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Of each file, those among its authors who can be asked: a name in git need not be anybody on the forge."""
    return {
        path: tuple(name for name in factory.git.authors(revision, path) if factory.forge.role_of(name))
        for path in files[:_FILES_ASKED]
    }


def _last_attempt(factory: Factory, ticket_id: str) -> Attempt | None:
    found = (
        records.read_if_valid(f.ticket(ticket_id).attempt, Attempt)
        for f in reversed(factory.layout.batches())
    )
    return next((attempt for attempt in found if attempt), None)
