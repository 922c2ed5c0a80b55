"""The writes of a publication: how many, in which order, and what happens when somebody or something comes between."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, cast

import pytest

from ci_factory.errors import ArtifactError, Conflict, ForgeError
from ci_factory.forge.local import LocalForge
from ci_factory.forge.protocol import Forge
from ci_factory.model.batch import PlannedTicket
from ci_factory.model.forge import MergeRequest, MergeRequestSpec, NoteTarget
from ci_factory.model.gate import Component, Finding, GateResult, GateStatus, Region, Severity, Verdict
from ci_factory.model.ticket import Ticket
from ci_factory.publishing import names
from ci_factory.system.clock import ManualClock
from tests.publishing.conftest import AGENT, FILE, NOW, Scene, about, plant

WRITES = ("push", "ensure_merge_request", "ensure_note", "change_labels", "ensure_comments")
READS = (
    "branch",
    "merge_requests",
    "merge_request",
    "notes",
    "issue",
    "issues",
    "fetch",
    "role_of",
    "events",
)
BRANCH = "factory/7-fix-rounding-all-closes-1-x-b"
Before = Callable[[str, int], None]


@dataclass
class Watched:
    """A real forge whose calls are counted, with something that happens before some of them."""

    forge: LocalForge
    before: Before = lambda _name, _number: None
    stale: int = 0
    """How many answers still show the head from before a push."""
    calls: list[str] = field(default_factory=list)

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.forge, name)
        if name not in WRITES + READS:
            return found

        def call(*args: object, **kwargs: object) -> object:
            self.before(name, self.calls.count(name))
            self.calls.append(name)
            return self._aged(found(*args, **kwargs))

        return call

    def _aged(self, answer: object) -> object:
        if isinstance(answer, MergeRequest) and self.stale:
            self.stale -= 1
            return answer.model_copy(update={"head": "0" * 40})
        return answer


def watched(scene: Scene, **options: Any) -> tuple[Scene, Watched]:
    """The same scene on a watched forge."""
    forge = Watched(scene.forge, **options)
    return replace(scene, publisher=replace(scene.publisher, forge=cast("Forge", forge))), forge


def test_first_publication_is_five_writes_beside_the_push(scene: Scene) -> None:
    """A draft, its note, ready, the ticket's note, its label; and four reads before them."""
    scene, forge = watched(scene)
    scene.publish()
    assert [name for name in forge.calls if name in WRITES] == [
        "push", "ensure_merge_request", "ensure_note", "ensure_merge_request", "ensure_note", "change_labels",
    ]  # fmt: skip
    assert sorted(name for name in forge.calls if name in READS) == [
        "branch", "branch", "merge_requests", "notes",
    ]  # fmt: skip


def test_publishing_again_pushes_nothing_and_toggles_nothing(scene: Scene) -> None:
    """A second publication never shows a ready merge request as a draft in between."""
    scene.publish()
    scene, forge = watched(scene)
    before = scene.state()
    scene.publish()
    assert [name for name in forge.calls if name in WRITES] == [
        "ensure_merge_request", "ensure_note", "ensure_note", "change_labels",
    ]  # fmt: skip
    assert scene.state() == before


def rejudged(scene: Scene, text: bytes) -> Scene:
    """The same ticket with another change, judged anew."""
    hub = replace(scene.repo, folder=scene.folder.path.parent / "hub.git")
    base = scene.judged.attempt.base
    tree = plant(hub, hub.tree_of(base), {b"shop/price.py": (FILE, text)})
    head = hub.commit_tree(tree, parents=(base,), message="x", author=AGENT, committer=AGENT, when=NOW)
    hub.bundle(scene.folder.bundle, base, head)
    return replace(scene, judged=about(scene.judged, {"head": head, "tree": tree}))


def test_a_ready_merge_request_is_a_draft_before_its_branch_moves(scene: Scene) -> None:
    """Killed between a new push and its note, the merge request does not offer what its note does not speak of."""
    scene.publish()
    scene = rejudged(scene, b"price = 3\n")

    def kill(name: str, _number: int) -> None:
        if name == "ensure_note":
            raise SystemExit("killed")

    killed, _ = watched(scene, before=kill)
    with pytest.raises(SystemExit):
        killed.publish()
    (merge_request,) = scene.forge.merge_requests()
    assert merge_request.draft
    scene.publish()
    (merge_request,) = scene.forge.merge_requests()
    assert scene.judged.score is not None
    assert (merge_request.draft, merge_request.versions) == (False, 2)
    assert scene.repo.tree_of(merge_request.head) == scene.judged.score.tree


def foreign(scene: Scene, parent: str) -> str:
    """A commit by a person on top of another."""
    tree = plant(scene.repo, scene.repo.tree_of(parent), {b"extra.py": (FILE, b"x = 1\n")})
    return scene.repo.commit_tree(
        tree, parents=(parent,), message="mine", author=AGENT, committer=AGENT, when=NOW
    )


def test_what_a_person_pushed_is_not_overwritten(scene: Scene) -> None:
    """A commit of somebody else on the ticket's branch stays where it is, and the ticket says so."""
    scene.publish()
    head = scene.forge.merge_requests()[0].head
    theirs = foreign(scene, head)
    scene.forge.as_user("alice").push(BRANCH, theirs, expected=head)
    scene = rejudged(scene, b"price = 3\n")
    with pytest.raises(Conflict, match="somebody else pushed"):
        scene.publish()
    assert scene.forge.branch(BRANCH) == theirs


def test_a_head_that_moves_meanwhile_is_no_offer(scene: Scene) -> None:
    """When somebody pushes between our push and the last write, the merge request stays a draft."""

    def push_too(name: str, number: int) -> None:
        if (name, number) == ("ensure_note", 0):
            ours = scene.forge.merge_requests()[0].head
            scene.forge.as_user("mallory").push(BRANCH, foreign(scene, ours), expected=ours)

    moved, forge = watched(scene, before=push_too)
    forge.stale = 1  # what the forge said before the push of the other
    with pytest.raises(Conflict, match="not the judged commit"):
        moved.publish()
    assert scene.forge.merge_requests()[0].draft


@pytest.mark.parametrize("stale", [1, 4])
def test_a_forge_that_notices_pushes_late_is_waited_for(scene: Scene, stale: int) -> None:
    """A head that shows up after some seconds is no conflict; nobody waits longer than needed."""
    late, _ = watched(scene, stale=stale)
    clock = ManualClock(NOW)
    late = replace(late, publisher=replace(late.publisher, clock=clock))
    late.publish()
    assert not scene.forge.merge_requests()[0].draft
    assert clock.monotonic() == {1: 0, 4: 8}[stale]


def test_a_forge_that_never_notices_leaves_a_draft(scene: Scene) -> None:
    """Without the pushed head in the merge request nothing is offered, and the next run goes on."""
    late, _ = watched(scene, stale=100)
    with pytest.raises(ForgeError, match="does not show the pushed commit"):
        late.publish()
    assert scene.forge.merge_requests()[0].draft
    scene.publish()
    assert not scene.forge.merge_requests()[0].draft


@pytest.mark.parametrize("asked", range(9))
def test_the_kill_switch_stops_before_any_write(scene: Scene, asked: int) -> None:
    """Thrown at any moment, nothing more is written, the outcome says so, and the next run completes what is missing."""
    answers: list[str | None] = [None] * asked
    halted, forge = watched(scene)
    written: list[int] = []

    def halt(ticket_id: str) -> str | None:
        assert ticket_id == "7"
        answer = answers.pop() if answers else "enabled is false"
        if answer and not written:
            written.append(len([name for name in forge.calls if name in WRITES]))
        return answer

    publication = replace(halted, publisher=replace(halted.publisher, halt=halt)).publish()
    if written:
        assert (publication.outcome, publication.reason) == ("stopped", "enabled is false")
        assert len([name for name in forge.calls if name in WRITES]) == written[0]
    else:
        assert publication.outcome == "merge-request"
        assert asked >= 7
    scene.publish()
    assert not scene.forge.merge_requests()[0].draft
    assert len(scene.forge.merge_requests(state=None)) == 1
    assert "factory::review" in scene.forge.issue("7").ticket.labels


def test_the_kill_switch_stops_labels_and_refusals_too(scene: Scene) -> None:
    """A stopped factory moves no label and writes no note, whatever it is asked to."""
    publisher = replace(scene.publisher, halt=lambda _ticket: "held")
    before = scene.state()
    assert publisher.mark("7", "running") == scene.forge.issue("7").ticket.labels
    publisher.return_to_queue("7")
    assert publisher.refuse(scene.judged.attempt, ArtifactError("x")).outcome == "stopped"
    assert scene.state() == before


@pytest.fixture
def below(scene: Scene) -> MergeRequest:
    """The open merge request of ticket 6, which ticket 7 is stacked on."""
    scene.forge.import_ticket(Ticket(id="6", title="Round"))
    commit = scene.repo.commit_tree(
        plant(scene.repo, scene.repo.tree_of("main"), {b"round.py": (FILE, b"x = 1\n")}),
        parents=(scene.repo.resolve("main"),),
        message="feat: Round (#6)",
        author=AGENT,
        committer=AGENT,
        when=NOW,
    )
    scene.forge.push("factory/6-round", commit, expected=None)
    spec = MergeRequestSpec(
        ticket_id="6", source_branch="factory/6-round", target_branch="main", title="Round", description="x", draft=False
    )  # fmt: skip
    return scene.forge.ensure_merge_request(spec)


@pytest.fixture
def stacked(scene: Scene, below: MergeRequest, planned: PlannedTicket) -> Scene:
    """Ticket 7 on top of ticket 6."""
    hub = replace(scene.repo, folder=scene.folder.path.parent / "hub.git")
    tree = plant(hub, hub.tree_of(below.head), {b"shop/price.py": (FILE, b"price = 2\n")})
    head = hub.commit_tree(tree, parents=(below.head,), message="x", author=AGENT, committer=AGENT, when=NOW)
    hub.bundle(scene.folder.bundle, below.head, head)
    lower = Ticket(id="6", title="Round")
    first = planned.model_copy(
        update={"candidate": planned.candidate.model_copy(update={"ticket": lower}), "order": 0}
    )
    second = planned.model_copy(update={"stacked_on": "6", "order": 1})
    commits = {"base": below.head, "head": head, "tree": tree}
    judged = about(replace(scene.judged, planned=second), commits)
    return replace(scene, judged=judged, batch=scene.batch.model_copy(update={"tickets": (first, second)}))


def test_stacked_change_goes_to_its_predecessor_s_branch_and_names_it(stacked: Scene) -> None:
    """The merge request targets the branch below it, and its description says which one comes first."""
    stacked.publish()
    (_, mine) = stacked.forge.merge_requests()
    assert mine.target_branch == "factory/6-round"
    assert (
        "Stacked on the change for #6, !1 (branch `factory/6-round`): review and merge that one first."
        in mine.description
    )


def test_stacked_change_whose_predecessor_grew_still_targets_it(stacked: Scene, below: MergeRequest) -> None:
    """A person's commit on top of the predecessor does not take the stack apart."""
    stacked.forge.push("factory/6-round", foreign(stacked, below.head), expected=below.head)
    stacked.publish()
    assert stacked.forge.merge_requests()[1].target_branch == "factory/6-round"


def test_stacked_change_whose_predecessor_was_merged_goes_to_the_target(
    stacked: Scene, below: MergeRequest
) -> None:
    """What was merged meanwhile is part of the target."""
    stacked.forge.as_user("alice").merge(below.iid, head=below.head)
    stacked.publish()
    (mine,) = stacked.forge.merge_requests()
    assert mine.target_branch == "main"


def test_stacked_change_whose_predecessor_was_squashed_goes_to_the_target(
    stacked: Scene, below: MergeRequest
) -> None:
    """A predecessor whose content arrived in a commit of its own counts as merged."""
    stacked.forge.close(below.iid)
    main = stacked.repo.resolve("main")
    squashed = stacked.repo.commit_tree(
        stacked.repo.tree_of(below.head), parents=(main,), message="squashed", author=AGENT, committer=AGENT, when=NOW
    )  # fmt: skip
    stacked.repo.update_ref("refs/heads/main", squashed, main)
    stacked.publish()
    assert stacked.forge.merge_requests()[0].target_branch == "main"


def test_stacked_change_whose_predecessor_was_closed_is_redone(stacked: Scene, below: MergeRequest) -> None:
    """What people rejected is not brought in by what was built on it."""
    stacked.forge.close(below.iid)
    with pytest.raises(Conflict, match="neither open nor merged") as caught:
        stacked.publish()
    assert stacked.forge.merge_requests() == []
    assert stacked.publisher.refuse(stacked.judged.attempt, caught.value).outcome == "deferred"


def test_conflicting_files_are_told_and_kept(scene: Scene, commit: Callable[..., str]) -> None:
    """A target that moved elsewhere: note and publication name the files, for whoever does it again."""
    commit(scene.repo.folder, {"shop/price.py": "price = 3\n"})
    with pytest.raises(Conflict) as caught:
        scene.publish()
    publication = scene.publisher.refuse(scene.judged.attempt, caught.value)
    (note,) = scene.forge.notes(NoteTarget.ISSUE, "7")
    assert (publication.outcome, publication.conflicts, publication.behind) == (
        "deferred",
        ("shop/price.py",),
        1,
    )
    assert "- `shop/price.py`" in note.body
    assert "`change.bundle` of batch `20260302-010000`, ticket `7`" in note.body


def test_target_that_moves_during_publication_leaves_a_told_draft(
    scene: Scene, commit: Callable[..., str]
) -> None:
    """A change whose merge request is there already is completed as a draft that says what it conflicts with."""

    def kill(name: str, _number: int) -> None:
        if name == "ensure_note":
            raise SystemExit("killed")

    killed, _ = watched(scene, before=kill)
    with pytest.raises(SystemExit):
        killed.publish()
    commit(scene.repo.folder, {"shop/price.py": "price = 3\n"})
    assert scene.publish().conflicts == ("shop/price.py",)
    (merge_request,) = scene.forge.merge_requests()
    (note,) = scene.forge.notes(NoteTarget.MERGE_REQUEST, "1")
    assert merge_request.draft
    assert "it no longer merges: `shop/price.py`" in merge_request.description
    assert "- no longer merges into the target branch: `shop/price.py`" in note.body


def test_two_tickets_never_share_a_branch(scene: Scene) -> None:
    """Tickets whose ids and titles give the same branch name: the second is refused, the first is left alone."""
    scene.publish()
    other = scene.judged.planned.candidate.ticket.model_copy(
        update={"id": "7-fix", "title": "rounding @all, closes #1 `x` | <b>"}
    )
    assert names.branch(other) == BRANCH
    planned = scene.judged.planned.model_copy(
        update={"candidate": scene.judged.planned.candidate.model_copy(update={"ticket": other})}
    )
    scene.forge.import_ticket(other)
    before = scene.state()
    with pytest.raises(Conflict, match="somebody else pushed"):
        scene.publish(planned=planned, attempt=scene.judged.attempt.model_copy(update={"ticket_id": "7-fix"}))
    assert scene.state() == before


@pytest.mark.parametrize(
    "name", ["main", "Main", "HEAD", "release", "-x", "factory/..", "a..b", "a.lock", "a b", "a\n", "factory/", "refs@{1}"]
)  # fmt: skip
def test_protected_and_odd_branches_are_refused(name: str) -> None:
    """A name that is protected, an option, or no branch's is never pushed to."""
    with pytest.raises(ArtifactError, match="branch"):
        names.safe_branch(name, protected=("release",))


def test_secrets_in_an_error_reach_no_note(scene: Scene) -> None:
    """What git or the forge said is told without tokens, and means nothing where it stands."""
    error = Conflict("push to https://oauth2:glpat-abcdefghijklmnopqrst@git.example/x failed\n/close @all")
    scene.publisher.refuse(scene.judged.attempt, error)
    (note,) = scene.forge.notes(NoteTarget.ISSUE, "7")
    assert "glpat" not in note.body
    assert "@all" not in note.body
    assert "\n/close" not in note.body


def test_findings_are_written_beside_their_lines_when_asked_to(scene: Scene) -> None:
    """New findings on added lines become comments, the worst first, as many as configured; by default there are none."""
    found = tuple(
        Finding(
            tool="ruff",
            rule="X1",
            severity=severity,
            message="look here @all",
            path="shop/price.py",
            region=Region(line=line),
            fingerprint=f"f{line}{severity.value}",
        )
        for line, severity in ((1, Severity.LOW), (1, Severity.HIGH), (9, Severity.CRITICAL))
    )
    gate = GateResult(
        gate="ruff", component=Component.SYNTAX, status=GateStatus.PASS, summary="x", findings=found
    )
    assert scene.judged.report is not None
    report = scene.judged.report.model_copy(update={"gates": (gate,)})
    quiet, forge = watched(scene)
    quiet.publish(report=report)
    assert "ensure_comments" not in forge.calls
    loud = scene.configured(inline_comments=True, max_inline_comments=1)
    for _ in range(2):
        loud.publish(report=report)
    (comment,) = scene.forge.ensure_comments(1, [])
    assert comment.line == 1
    assert comment.body.startswith("**high** `ruff X1`: look here @&#8203;all")


@pytest.mark.parametrize("verdict", [Verdict.FAIL, Verdict.BLOCKED])
def test_a_ready_merge_request_that_no_longer_passes_is_drafted(scene: Scene, verdict: Verdict) -> None:
    """Judged again and found wanting, it is taken back."""
    scene.publish()
    assert scene.judged.score is not None
    scene.publish(score=scene.judged.score.model_copy(update={"verdict": verdict}))
    assert scene.forge.merge_requests()[0].draft
