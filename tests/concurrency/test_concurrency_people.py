"""A person who acts between any two steps of a publication: what they did stands, and nothing is offered that nobody judged."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from ci_factory.model.forge import MergeRequestState
from tests.concurrency.conftest import EVERY_STEP, MOST, Ground, Paused, Rival
from tests.workflow.ready_changes import tickets

EVENING = "20260302-180000"


def each_moment(ground: Ground, act: Callable[[str], object], check: Callable[[str, str], None]) -> None:
    """Publish ticket after ticket; the person acts after the first step of the first, after the second of the next, and so on."""
    rival = ground.rival(ground.batch(EVENING, "VALUE", MOST), "here")
    for number, ticket in enumerate(tickets(MOST), 1):
        ground.world.open_issue(ticket)
        rival.claim(ticket.id)
        slow, forge = rival.paused(number, partial(act, ticket.id))
        outcome = slow.publish(ticket.id).outcome
        if not forge.happened:
            assert number > len(("branch", "request", "note", "ready", "told", "label"))
            return
        check(ticket.id, outcome)
    pytest.fail("there are more steps than tickets to try them with")


@EVERY_STEP
def test_what_a_person_pushes_meanwhile_stays_and_is_no_offer(empty_ground: Ground) -> None:
    """Their commit is never overwritten, and while the publication runs no merge request with it is called ready."""
    ground, theirs = empty_ground, dict[str, str]()

    def push(ticket_id: str) -> None:
        branch = ground.branch(ticket_id)
        person = ground.world.as_user("alice")
        if head := person.branch(branch):
            theirs[ticket_id] = ground.world.commit({"theirs.txt": ticket_id}, parent=head)
            person.push(branch, theirs[ticket_id], expected=head)

    def check(ticket_id: str, outcome: str) -> None:
        if ticket_id not in theirs:
            assert outcome == "merge-request"
            return
        assert ground.world.forge.branch(ground.branch(ticket_id)) == theirs[ticket_id]
        found = ground.world.forge.merge_requests(state=None, source_branch=ground.branch(ticket_id))
        assert len(found) <= 1
        assert outcome == "merge-request" or all(each.draft for each in found)

    each_moment(ground, push, check)
    assert len(theirs) >= len(("request", "note", "ready", "told", "label"))


@pytest.mark.long
def test_a_person_who_closes_meanwhile_is_not_overruled_by_a_second_one(empty_ground: Ground) -> None:
    """After one more run there is at most one open merge request for a ticket, of the change that was judged."""
    ground = empty_ground
    rivals: list[Rival] = []

    def close(ticket_id: str) -> None:
        for each in ground.world.forge.merge_requests(source_branch=ground.branch(ticket_id)):
            ground.world.as_user("alice").close(each.iid)

    def check(ticket_id: str, _outcome: str) -> None:
        if not rivals:
            rivals.append(ground.rival(ground.batch(EVENING, "VALUE", MOST), "here"))
        rivals[0].resume(ticket_id)
        rivals[0].publish(ticket_id)
        found = ground.world.forge.merge_requests(state=None, source_branch=ground.branch(ticket_id))
        opened = [each for each in found if each.state is MergeRequestState.OPENED]
        assert len(opened) == 1
        assert ground.world.git.tree_of(opened[0].head) == ground.tree(ticket_id) == rivals[0].tree(ticket_id)

    each_moment(ground, close, check)


def test_a_push_between_the_last_look_and_ready_is_taken_back(ground: Ground) -> None:
    """The answer that calls it ready shows another head: it is a draft again, and the ticket goes to the next batch."""
    rival = ground.rival(ground.batch(EVENING, "VALUE"), "here")
    rival.claim("1")
    branch, person = ground.branch("1"), ground.world.as_user("alice")

    def push_late(name: str, args: tuple[Any, ...]) -> None:
        if name == "ensure_merge_request" and not args[0].draft:
            head = person.branch(branch)
            person.push(branch, ground.world.commit({"theirs.txt": "1"}, parent=head), expected=head)

    late, _ = rival.on(Paused(rival.publisher.forge, 0, before=push_late))
    assert late.publish("1").outcome == "deferred"
    assert ground.only_merge_request("1").draft
