"""What other jobs wrote down about work is added to what is known."""

from datetime import timedelta

from ci_factory.metrics.facts import History
from ci_factory.metrics.together import with_work_of
from tests.metrics.two_weeks import fortnight

WORK = ("batches", "attempts", "gates", "escalations", "predictions")


def forge_only(history: History) -> History:
    """What is left to see when every artifact is gone: issues and merge requests."""
    return History(tickets=history.tickets, merge_requests=history.merge_requests)


def settled(history: History) -> History:
    """The same with its work in the order of its keys."""
    return with_work_of(forge_only(history), history)


def test_the_same_again_changes_nothing() -> None:
    """Adding is idempotent, and nothing is lost."""
    once = settled(fortnight())
    assert with_work_of(once, once) == once
    for kind in WORK:
        assert sorted(map(repr, getattr(once, kind))) == sorted(map(repr, getattr(fortnight(), kind))), kind


def test_the_forge_is_not_believed_from_somebody_else() -> None:
    """Tickets and merge requests stay as this collector read them, however somebody else saw them."""
    whole = settled(fortnight())
    older = whole.model_copy(update={"merge_requests": whole.merge_requests[:1], "tickets": ()})
    later = with_work_of(whole, older)
    assert (later.merge_requests, later.tickets) == (whole.merge_requests, whole.tickets)


def test_a_gates_own_words_are_kept() -> None:
    """A status that is only told by a note does not replace what the gate itself said."""
    whole = settled(fortnight())
    noted = tuple(gate.model_copy(update={"seconds": None, "summary": ""}) for gate in whole.gates)
    assert with_work_of(whole, History(gates=noted)).gates == whole.gates


def test_an_answer_that_is_known_stays_known() -> None:
    """When a question was answered is read from the forge; somebody who did not look does not take it away."""
    whole = settled(fortnight())
    at = whole.escalations[0].raised_at + timedelta(hours=2)
    answered = tuple(each.model_copy(update={"answered_at": at}) for each in whole.escalations)
    known = whole.model_copy(update={"escalations": answered})
    assert with_work_of(known, whole).escalations == answered
