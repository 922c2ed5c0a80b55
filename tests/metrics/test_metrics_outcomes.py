"""What past work counts as, for those who learn from it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ci_factory.metrics.facts import AttemptFact, ShareFact
from ci_factory.metrics.outcomes import past_attempts
from ci_factory.model.attempt import Ending, Trigger, Usage
from ci_factory.model.failure import FailureClass
from ci_factory.model.forge import MergeRequest, MergeRequestState
from ci_factory.model.gate import Verdict
from ci_factory.model.history import Outcome, PastAttempt
from ci_factory.model.ticket import Size

START = datetime(2026, 11, 1, 18, tzinfo=UTC)
MERGED, CLOSED, OPENED = MergeRequestState.MERGED, MergeRequestState.CLOSED, MergeRequestState.OPENED


def fact(**known: Any) -> AttemptFact:
    """Ten minutes of one agent, published as !1."""
    return AttemptFact.model_validate(
        {"batch": "b1", "ticket": "7", "agent": "otter", "lane": 0, "started_at": START,
         "finished_at": START + timedelta(minutes=10), "ending": Ending.COMPLETED, "reason": "Done.", "attempts": 1,
         "iterations": 1, "agent_seconds": 300, "size": "medium", "planned_size": "small", "area": "src",
         "usage": Usage(cost_usd=0.5, input_tokens=10, output_tokens=5), "published": "merge-request", "merge_request": 1,
         "shares": [share("otter")], **known}
    )  # fmt: skip


def share(agent: str, **known: Any) -> ShareFact:
    return ShareFact.model_validate({"agent": agent, "seconds": 300, **known})


def request(state: MergeRequestState, iid: int = 1) -> MergeRequest:
    day = START + timedelta(days=1)
    return MergeRequest(
        iid=iid, state=state, author="bot", head="a" * 40, created_at=START, updated_at=day, ticket_id="7",
        source_branch="factory/7", target_branch="main", title="t", description="d",
        merged_at=day if state is MERGED else None, closed_at=day if state is CLOSED else None,
    )  # fmt: skip


def past(*facts: AttemptFact, state: MergeRequestState = OPENED) -> list[PastAttempt]:
    return list(past_attempts(facts, {1: request(state)}))


@pytest.mark.parametrize(
    ("state", "outcome", "decided"),
    [
        (MERGED, Outcome.ACCEPTED, START + timedelta(days=1)),
        (CLOSED, Outcome.REJECTED, START + timedelta(days=1)),
        (OPENED, Outcome.PENDING, None),
    ],
)
def test_people_decide_about_merge_requests(
    state: MergeRequestState, outcome: Outcome, decided: datetime | None
) -> None:
    """Merged is accepted, closed unmerged is rejected, open is neither; all else is what the plan and the work say."""
    (only,) = past(fact(), state=state)
    assert (only.outcome, only.decided_at) == (outcome, decided)
    assert (only.size, only.area, only.minutes, only.cost_usd, only.tokens) == (
        Size.SMALL,
        "src",
        10,
        0.5,
        15,
    )


UNPUBLISHED = {"merge_request": None, "published": None}


@pytest.mark.parametrize(
    ("known", "outcome", "failed"),
    [
        ({"ending": Ending.AGENT_FAILED, "failure": FailureClass.AGENT}, Outcome.REJECTED, True),
        ({"ending": Ending.AGENT_FAILED}, Outcome.REJECTED, True),
        ({"ending": Ending.TIMEOUT, "failure": FailureClass.AGENT}, Outcome.REJECTED, True),
        ({"ending": Ending.NO_CHANGE}, Outcome.REJECTED, True),
        ({"ending": Ending.AGENT_FAILED, "failure": FailureClass.INFRASTRUCTURE}, Outcome.PENDING, True),
        ({"ending": Ending.AGENT_FAILED, "failure": FailureClass.ENVIRONMENT}, Outcome.PENDING, True),
        ({"ending": Ending.ESCALATED, "trigger": Trigger.ITERATIONS}, Outcome.REJECTED, True),
        ({"ending": Ending.ESCALATED, "trigger": Trigger.SECURITY}, Outcome.PENDING, False),
        ({"ending": Ending.COMPLETED, "verdict": Verdict.BLOCKED, "published": "escalated"}, Outcome.REJECTED, False),
        ({"ending": Ending.COMPLETED, "verdict": Verdict.PASS, "published": "deferred"}, Outcome.PENDING, False),
        ({"ending": Ending.COMPLETED, "verdict": Verdict.PASS, "published": "escalated"}, Outcome.PENDING, False),
    ],
)  # fmt: skip
def test_only_the_agents_own_failures_are_held_against_it(
    known: dict[str, Any], outcome: Outcome, failed: bool
) -> None:
    """Without a merge request it is rejected where the agent is the reason, and says nothing where it is not."""
    (only,) = past(fact(**UNPUBLISHED | known))
    assert (only.outcome, only.failed) == (outcome, failed)


@pytest.mark.parametrize(
    "known",
    [
        {"ending": Ending.DEFERRED, "attempts": 0},
        {"ending": Ending.DEFERRED, "rested": True},
        {"ending": Ending.SKIPPED},
        {"ending": Ending.ESCALATED, "attempts": 0, "shares": []},
    ],
)
def test_what_was_put_off_or_never_begun_is_no_attempt(known: dict[str, Any]) -> None:
    """A quota stop, a skipped ticket and a question asked before any agent was called leave nothing to learn from."""
    assert past(fact(**UNPUBLISHED | known)) == []


def test_a_hand_over_counts_for_each_agent_by_itself() -> None:
    """Who gave up is rejected with its own minutes and cost; who brought the change is judged by people."""
    first = share("otter", seconds=120, accidents=3, usage=Usage(cost_usd=0.2))
    second = share("heron", seconds=60, usage=Usage(cost_usd=0.1))
    gone, brought = past(fact(agent="heron", shares=[first, second]), state=MERGED)
    assert (gone.agent, gone.outcome, gone.failed, gone.minutes, gone.cost_usd) == ("otter", Outcome.REJECTED, True, 2, 0.2)  # fmt: skip
    assert (brought.agent, brought.outcome, brought.minutes, brought.cost_usd) == ("heron", Outcome.ACCEPTED, 1, 0.1)  # fmt: skip


def test_a_hand_over_for_a_sleeping_credential_blames_nobody() -> None:
    """An agent whose calls all ended well, or were refused by its vendor, is not held to have failed."""
    shares = [share("otter", accidents=0), share("heron")]
    (only,) = past(fact(agent="heron", shares=shares), state=MERGED)
    assert only.agent == "heron"


def test_a_night_of_sleep_is_no_work() -> None:
    """Where a ticket waited for its credential, only the calls count as its minutes."""
    (only,) = past(fact(rested=True, finished_at=START + timedelta(hours=5)), state=MERGED)
    assert only.minutes == 5


def test_people_decide_about_the_last_change_of_a_merge_request() -> None:
    """Two nights brought !1 up to date: the decision is about the second, and the first stays undecided."""
    again = fact(batch="b2", agent="heron", shares=[share("heron")])
    first, second = past(fact(), again, state=CLOSED)
    assert (first.agent, first.outcome) == ("otter", Outcome.PENDING)
    assert (second.agent, second.outcome) == ("heron", Outcome.REJECTED)


def test_two_merge_requests_of_a_ticket_are_two_decisions() -> None:
    """A closed merge request and its merged successor are one rejection and one acceptance."""
    facts = (fact(), fact(batch="b2", merge_request=2))
    requests = {1: request(CLOSED), 2: request(MERGED, 2)}
    assert [each.outcome for each in past_attempts(facts, requests)] == [Outcome.REJECTED, Outcome.ACCEPTED]
