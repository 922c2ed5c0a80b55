"""Two processes that publish one ticket, and what the other does between any two steps of the first."""

from collections.abc import Callable, Iterator
from functools import partial

import pytest

from tests.concurrency.conftest import EVERY_STEP, MOST, Ground, Rival
from tests.workflow.ready_changes import tickets

DAY = 24 * 3600.0
EVENING, LATER = "20260302-180000", "20260303-180000"
Meanwhile = Callable[[str], object]


def moments(ground: Ground, first: Rival, meanwhile: Meanwhile) -> Iterator[tuple[str, str]]:
    """Publish ticket after ticket, with something in between after the first step, after the second, and so on.

    Yields each ticket, and what became of it for the one who was interrupted, until nothing comes between any more.
    """
    for number, ticket in enumerate(tickets(MOST), 1):
        ticket_id = ticket.id
        ground.world.open_issue(ticket)
        slow, forge = first.paused(number, partial(meanwhile, ticket_id))
        slow.claim(ticket_id)
        outcome = slow.publish(ticket_id).outcome
        if not forge.happened:
            assert number > len(("claim", "look", "branch", "request", "note", "ready", "told", "label"))
            return
        yield ticket_id, outcome
    pytest.fail("there are more steps than tickets to try them with")


@EVERY_STEP
def test_who_wakes_up_after_the_lease_ended_publishes_nothing(empty_ground: Ground) -> None:
    """A process sleeps over a day between any two steps, and another batch takes the ticket: what that one judged stands."""
    ground = empty_ground
    worked, others = ground.batch(EVENING, "VALUE", MOST), ground.batch(LATER, "OTHER", MOST)
    second = ground.rival(others, "there")

    def sleep_and_be_overtaken(ticket_id: str) -> None:
        ground.world.clock.sleep(DAY + 1)
        assert second.claim(ticket_id) == {}
        assert second.publish(ticket_id).outcome == "merge-request"

    outcomes = []
    for ticket_id, outcome in moments(ground, ground.rival(worked, "here"), sleep_and_be_overtaken):
        ground.check_published(ticket_id, second)
        outcomes.append(outcome)
    assert outcomes[0] == "superseded"
    assert set(outcomes[:-1]) == {"superseded"}


def test_a_batch_leaves_alone_what_another_line_has_at_work(ground: Ground) -> None:
    """While the lease runs nobody else gets the ticket, is told whose it is, and gets it when it is given back."""
    first = ground.rival(ground.batch(EVENING, "VALUE"), "here")
    second = ground.rival(ground.batch(LATER, "OTHER"), "there")
    assert first.claim("1", "2") == {}
    ground.world.clock.sleep(DAY - 60)
    assert second.claim("1", "3") == {"1": f"batch {EVENING} has taken it"}
    assert second.publish("1").outcome == "superseded"
    assert first.publish("1").outcome == "merge-request"
    ground.check_published("1", first)
    first.leases.release(["1"])
    assert second.claim("1") == {}
    assert second.claim("2") == {"2": f"batch {EVENING} has taken it"}


def test_the_next_batch_of_a_line_need_not_wait(ground: Ground) -> None:
    """What a killed batch of the same line left is taken over at once; when its process lives after all, it is too late."""
    first = ground.rival(ground.batch(EVENING, "VALUE"), "here")
    next_one = ground.rival(ground.batch(LATER, "OTHER"), "here")
    first.claim("1")
    assert next_one.claim("1") == {}
    assert first.publish("1").outcome == "superseded"
    assert first.resume("1") != {}
    assert ground.world.forge.merge_requests(state=None) == []
    assert next_one.publish("1").outcome == "merge-request"
    ground.check_published("1", next_one)


@pytest.mark.long
def test_a_job_that_is_tried_again_while_the_first_lives_makes_nothing_twice(empty_ground: Ground) -> None:
    """Two processes publish one batch at the same time, the second between any two steps of the first."""
    ground = empty_ground
    worked = ground.batch(EVENING, "VALUE", MOST)
    first = ground.rival(worked, "here")

    def again(ticket_id: str) -> None:
        retried = ground.rival(worked, "here")
        assert retried.resume(ticket_id) == {}
        assert retried.publish(ticket_id).outcome == "merge-request"

    for ticket_id, outcome in moments(ground, first, again):
        ground.check_published(ticket_id, first)
        assert outcome in {"superseded", "merge-request"}


def test_what_has_no_change_is_told_by_the_one_who_has_the_ticket(ground: Ground) -> None:
    """Notes and labels know no compare-and-swap: a late process looks again before it writes any."""
    first = ground.rival(ground.batch(EVENING, "VALUE"), "here")
    second = ground.rival(ground.batch(LATER, "OTHER"), "there")
    first.claim("1")
    ground.world.clock.sleep(DAY + 1)
    second.claim("1")
    assert second.publish("1").outcome == "merge-request"
    first.publisher.mark("1", "running")
    first.publisher.return_to_queue("1")
    first.publisher.keep_told("1", "status", "Nothing came of it.")
    first.publisher.hand_over("1")
    ground.check_published("1", second)
