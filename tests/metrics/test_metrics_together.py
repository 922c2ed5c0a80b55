"""Facts of earlier runs stay when their artifacts are gone."""

from ci_factory.metrics.facts import History
from ci_factory.metrics.together import together
from tests.metrics.two_weeks import fortnight


def forge_only(history: History) -> History:
    """What is left to see when every artifact is gone: issues and merge requests."""
    bare = {"batch": None, "ending": None, "reason": "", "agent": None, "attempts": None, "iterations": None}
    tickets = tuple(ticket.model_copy(update=bare | {"agent_seconds": None}) for ticket in history.tickets)
    return History(tickets=tickets, merge_requests=history.merge_requests)


def settled(history: History) -> History:
    """The same once it was put together, so that orders and derived facts are comparable."""
    return together(History(), history)


def test_the_same_again_changes_nothing() -> None:
    """Putting together is idempotent."""
    once = settled(fortnight())
    assert together(once, once) == once
    assert together(once, settled(once)) == once


def test_nights_are_kept_when_artifacts_are_gone() -> None:
    """Batches, attempts, gates, and what tickets owe to them, stay as they were."""
    whole = settled(fortnight())
    later = together(whole, forge_only(fortnight()))
    for kind in ("batches", "attempts", "gates", "merge_requests"):
        assert getattr(later, kind) == getattr(whole, kind), kind
    assert [each.model_dump(exclude={"size"}) for each in later.tickets] == [
        each.model_dump(exclude={"size"}) for each in whole.tickets
    ]


def test_the_forge_has_the_last_word() -> None:
    """A merge since then, and a question that was answered since then, count."""
    whole = settled(fortnight())
    asked = {each.ticket for each in whole.escalations if each.waiting}
    assert asked
    tickets = tuple(
        each.model_copy(update={"state": "merged", "opened": False}) if each.id in asked else each
        for each in forge_only(whole).tickets
    )
    requests = whole.merge_requests[1:]
    later = together(whole, History(tickets=tickets, merge_requests=requests))
    assert [each.ticket for each in later.escalations if each.waiting] == []
    assert later.merge_requests == requests
    assert {each.state for each in later.tickets if each.id in asked} == {"merged"}


def test_a_new_attempt_adds_up() -> None:
    """A second night's work on a ticket is added to what the first one took."""
    whole = settled(fortnight())
    first = next(each for each in whole.attempts if each.ticket == "a0")
    again = first.model_copy(update={"batch": "night-b", "reason": "Once more."})
    later = together(whole, History(tickets=whole.tickets, attempts=(again,)))
    ticket = next(each for each in later.tickets if each.id == "a0")
    assert (ticket.attempts, ticket.reason) == (2, "Once more.")
    assert ticket.agent_seconds == 2 * first.agent_seconds
