"""What was judged is what is published and merged: heads that move, artifacts of another day, two at the same time."""

import shutil
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from ci_factory.errors import Conflict, FactoryError
from ci_factory.model.attempt import Attempt
from ci_factory.model.forge import MergeRequestState, NoteTarget
from ci_factory.model.gate import Verdict
from ci_factory.system import records
from ci_factory.system.layout import Layout, TicketFolder
from tests.attacks.stage import CHANGE, Offer, Stage
from tests.attacks.table import variants
from tests.publishing.conftest import FILE, Entry

Seen = Callable[[str], None]
Swap = Callable[[Stage, Offer, Offer], None]
EVIL: dict[bytes, Entry | None] = {b"app.py": (FILE, b"x = 'evil'\n")}
AT_ONCE = 4


def folder(stage: Stage, offer: Offer) -> TicketFolder:
    """Where the artifacts of an offer lie."""
    return Layout(stage.root / "out").batch(offer.batch.id).ticket(offer.planned.id)


def tree(stage: Stage, offer: Offer) -> str | None:
    """The tree on the branch of an offer, as the forge has it; `None` without a branch."""
    head = stage.branches(offer)
    if head is None:
        return None
    stage.forge.fetch([offer.branch])
    return stage.world.git.tree_of(head)


def pushed(stage: Stage, offer: Offer, person: str = "dana") -> str:
    """Somebody else's commit on top of the published branch."""
    head = stage.branches(offer)
    assert head is not None
    stage.forge.fetch([offer.branch])
    commit = stage.world.commit({"app.py": "x = 'pushed'\n"}, parent=head)
    stage.world.as_user(person).push(offer.branch, commit, expected=head)
    return commit


def is_kept_back(stage: Stage, offer: Offer) -> None:
    """Publish what does not fit together: no branch, no merge request, and its people are told."""
    try:
        outcome = stage.publish(offer).outcome
    except FactoryError:
        outcome = "refused"
    assert outcome in {"escalated", "deferred", "skipped", "refused"}
    assert stage.branches(offer) is None
    assert stage.merge_requests(offer) == []


def bundle_of_another(stage: Stage, offer: Offer, other: Offer) -> None:
    """The bytes of the change exchanged after the gates looked."""
    shutil.copyfile(folder(stage, other).bundle, folder(stage, offer).bundle)


def bundle_with_more(stage: Stage, offer: Offer, _other: Offer) -> None:
    """One more commit put on top after the gates looked."""
    head = stage.commit(EVIL, offer.attempt.head or "")
    folder(stage, offer).bundle.unlink()
    stage.hub.bundle(folder(stage, offer).bundle, offer.attempt.base, head)


def verdict_of_another(stage: Stage, offer: Offer, other: Offer) -> None:
    """The pass of another change under the name of this one."""
    for name in ("gate", "score"):
        shutil.copyfile(getattr(folder(stage, other), name), getattr(folder(stage, offer), name))


def report_of_another(stage: Stage, offer: Offer, other: Offer) -> None:
    """Only one of the two files of a verdict exchanged."""
    shutil.copyfile(folder(stage, other).gate, folder(stage, offer).gate)


def attempt_renamed(stage: Stage, offer: Offer, _other: Offer) -> None:
    """An attempt that says that its tree is another one."""
    path = folder(stage, offer).attempt
    moved = records.read_model(path, Attempt).model_copy(update={"tree": "b" * 40})
    records.write_model(path, moved)


@pytest.mark.attack(row=37, defence="the verdict is bound to the tree")
@variants(
    "swap",
    {
        "another change in the bundle": bundle_of_another,
        "one commit more in the bundle": bundle_with_more,
        "the verdict on another change": verdict_of_another,
        "half of the verdict on another change": report_of_another,
        "an attempt that names another tree": attempt_renamed,
    },
)
def test_only_the_judged_tree_is_published(stage: Stage, swap: Swap, seen: Seen) -> None:
    """Whatever is exchanged between gate and publication, nothing that the gates did not see gets to the forge."""
    offer, other = stage.offer(), stage.offer(EVIL)
    swap(stage, offer, other)
    is_kept_back(stage, offer)
    seen("no branch and no merge request")


@pytest.mark.attack(row=37, variant="a push between two publications", defence="read before written")
def test_somebodys_push_is_not_overwritten(stage: Stage, seen: Seen) -> None:
    """A branch that a person moved stays as they left it, whatever the factory has to say meanwhile."""
    offer = stage.offer()
    assert stage.publish(offer).outcome == "merge-request"
    commit = pushed(stage, offer)
    folder(stage, offer).publication.unlink(missing_ok=True)
    stage.publish(offer)
    assert stage.branches(offer) == commit
    assert len(stage.merge_requests(offer)) == 1
    seen("the branch is at the person's commit; one merge request")


@pytest.mark.attack(
    row=37, variant="a push between review and merge", defence="merged with the commit that was reviewed"
)
def test_a_merge_takes_what_was_reviewed_only(stage: Stage, seen: Seen) -> None:
    """Who merges what they read does not merge what came after."""
    offer = stage.offer()
    stage.publish(offer)
    (request,) = stage.merge_requests(offer)
    before = stage.forge.branch(stage.world.target)
    commit = pushed(stage, offer)
    with pytest.raises(Conflict):
        stage.world.as_user("tess").merge(request.iid, head=request.head)
    assert stage.forge.merge_request(request.iid).state is MergeRequestState.OPENED
    assert stage.forge.branch(stage.world.target) == before
    stage.world.as_user("tess").merge(request.iid, head=commit)
    seen("refused; the target branch did not move; with the new commit's own name it merges")


@pytest.mark.attack(
    row=37, variant="an approval of an earlier head", defence="approved with the commit that was read"
)
def test_an_approval_is_of_one_head(stage: Stage, seen: Seen) -> None:
    """Who approves what they read does not approve what came after."""
    offer = stage.offer()
    stage.publish(offer)
    (request,) = stage.merge_requests(offer)
    pushed(stage, offer)
    with pytest.raises(Conflict):
        stage.world.as_user("rita").approve(request.iid, head=request.head)
    assert stage.forge.merge_request(request.iid).approvals == ()
    seen("refused; nobody approved")


def whole_of_another(stage: Stage, offer: Offer, other: Offer) -> None:
    """All artifacts of another ticket."""
    shutil.rmtree(folder(stage, offer).path)
    shutil.copytree(folder(stage, other).path, folder(stage, offer).path)


def named_anew(stage: Stage, offer: Offer, other: Offer) -> None:
    """All artifacts of another ticket, whose attempt says this one's name."""
    whole_of_another(stage, offer, other)
    path = folder(stage, offer).attempt
    records.write_model(
        path, records.read_model(path, Attempt).model_copy(update={"ticket_id": offer.planned.id})
    )


def of_another_night(stage: Stage, offer: Offer, _other: Offer) -> None:
    """The attempt of another batch."""
    path = folder(stage, offer).attempt
    records.write_model(
        path, records.read_model(path, Attempt).model_copy(update={"batch_id": "20200101-000000"})
    )


@pytest.mark.attack(row=38, defence="bound to ticket and batch")
@variants(
    "swap",
    {
        "all of another ticket's artifacts": whole_of_another,
        "another ticket's artifacts under this one's name": named_anew,
        "the attempt of another night": of_another_night,
    },
)
def test_a_replayed_artifact_is_refused(stage: Stage, swap: Swap, seen: Seen) -> None:
    """A pass that was given to another ticket or in another night brings nothing onto this one's branch."""
    offer, other = stage.offer(), stage.offer(EVIL)
    swap(stage, offer, other)
    is_kept_back(stage, offer)
    seen("no branch and no merge request")


@pytest.mark.attack(row=38, variant="yesterday's pass for today's change", defence="bound to the tree")
def test_an_old_pass_is_no_new_one(stage: Stage, seen: Seen) -> None:
    """The verdict that the ticket got for an earlier change does not bring in a later one that failed."""
    first = stage.offer()
    assert stage.publish(first).outcome == "merge-request"
    published = tree(stage, first)
    again = stage.offer(
        EVIL, verdict=Verdict.FAIL, ticket={"id": "99", "title": first.planned.candidate.ticket.title}
    )
    verdict_of_another(stage, again, first)
    is_kept_back(stage, again)
    assert tree(stage, first) == published
    seen("the branch of the first stays as it was; the second has none")


@pytest.mark.attack(row=38, variant="a batch of another project", defence="bound to the project")
def test_a_batch_of_another_project_is_refused(stage: Stage, seen: Seen) -> None:
    """The stage that publishes in a pipeline takes no plan that was made elsewhere."""
    from ci_factory.workflow import relay

    offer = stage.offer()
    with pytest.raises(FactoryError, match="belongs to project"):
        relay.check_batch(offer.batch.model_copy(update={"project": "mallory/shop"}), "shop")
    assert stage.branches(offer) is None
    seen("refused before anything is read; no branch")


@pytest.mark.attack(row=39, variant="several tickets at the same moment", defence="each gets its own tree")
def test_tickets_at_the_same_time_keep_their_trees(stage: Stage, seen: Seen) -> None:
    """Publishers that work at once on one clone and one forge mix up nothing."""
    offers = [stage.offer({b"app.py": (FILE, f"x = {n}\n".encode())}) for n in range(AT_ONCE)]
    barrier = threading.Barrier(AT_ONCE, timeout=60)

    def publish(offer: Offer) -> str:
        barrier.wait()
        return stage.publish(offer).outcome

    with ThreadPoolExecutor(AT_ONCE) as pool:
        outcomes = list(pool.map(publish, offers))
    assert outcomes == ["merge-request"] * AT_ONCE
    assert [tree(stage, each) for each in offers] == [each.attempt.tree for each in offers]
    assert [len(stage.merge_requests(each)) for each in offers] == [1] * AT_ONCE
    for each in offers:
        (request,) = stage.merge_requests(each)
        notes = stage.forge.notes(NoteTarget.MERGE_REQUEST, str(request.iid))
        assert request.head == stage.branches(each)
        assert len(notes) == 1
    seen("each branch has the tree that was judged; one merge request and one note for each")


@pytest.mark.attack(
    row=39, variant="two tickets whose titles make one name", defence="branches are named by ticket"
)
def test_tickets_with_one_title_keep_their_trees(stage: Stage, seen: Seen) -> None:
    """Two tickets that are called the same do not share a branch."""
    named = {"title": "Same words"}
    offers = [
        stage.offer(change, ticket={**named, "id": number})
        for change, number in ((CHANGE, "11"), (EVIL, "12"))
    ]
    assert [stage.publish(each).outcome for each in offers] == ["merge-request"] * 2
    assert len({each.branch for each in offers}) == len(offers)
    assert [tree(stage, each) for each in offers] == [each.attempt.tree for each in offers]
    seen("two branches, each with the tree that was judged")


@pytest.mark.attack(
    row=39, variant="the same ticket by two publishers", defence="one of them wins, nothing is mixed"
)
def test_one_ticket_by_two_publishers_is_one(stage: Stage, seen: Seen) -> None:
    """Two publishers of the same work leave one branch, one merge request and one note."""
    offer = stage.offer()
    barrier = threading.Barrier(2, timeout=60)

    def publish(_: int) -> str:
        barrier.wait()
        try:
            return stage.publish(offer).outcome
        except FactoryError as error:
            return type(error).__name__

    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(publish, range(2)))
    if "merge-request" not in outcomes:
        folder(stage, offer).publication.unlink(missing_ok=True)
        stage.publish(offer)
    (request,) = stage.merge_requests(offer)
    assert tree(stage, offer) == offer.attempt.tree
    assert len(stage.forge.notes(NoteTarget.MERGE_REQUEST, str(request.iid))) == 1
    seen("one branch with the judged tree, one merge request, one note")
