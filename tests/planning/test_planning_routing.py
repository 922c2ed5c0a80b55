"""Who gets a ticket, under each policy, and what is written down about it."""

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, get_args

import pytest

from ci_factory.config import AgentConfig
from ci_factory.model.history import Outcome, PastAttempt
from ci_factory.model.routing import How, RoutingNote
from ci_factory.model.routing_settings import Policy, RoutingConfig
from ci_factory.model.ticket import Size
from ci_factory.planning.routing.evidence import mature
from ci_factory.planning.routing.protocol import Asked, Assignment, Router
from ci_factory.planning.routing.registry import POLICIES, Known, learns, make_router
from ci_factory.planning.routing.report import Decided, report
from tests.planning.conftest import Plan, Queue

NOW = datetime(2026, 3, 2, 17, tzinfo=UTC)
_NUMBERS = count()


def agents(*names: str, **fields: Any) -> tuple[AgentConfig, ...]:
    return tuple(AgentConfig(name=name, adapter="command", **fields) for name in names)


def past(agent: str, accepted: int, rejected: int, **fields: Any) -> list[PastAttempt]:
    """Decided attempts of a night three days ago."""
    outcomes = [Outcome.ACCEPTED] * accepted + [Outcome.REJECTED] * rejected
    return [
        PastAttempt.model_validate(
            {"batch": "earlier", "ticket": f"t{next(_NUMBERS)}", "agent": agent, "size": "small", "area": "src",
             "started_at": NOW - timedelta(days=3), "minutes": 10, "outcome": outcome, **fields}
        )
        for outcome in outcomes
    ]  # fmt: skip


def asked(name: str, size: Size = Size.SMALL, minutes: float = 8, **fields: Any) -> Asked:
    return Asked(name, size, frozenset(), fields.pop("area", "src"), minutes, **fields)


def router(*history: list[PastAttempt], who: tuple[AgentConfig, ...], **settings: Any) -> Router:
    known = [attempt for each in history for attempt in each]
    return make_router(Known(who, RoutingConfig.model_validate(settings), "night", NOW, known))


def decide(made: Router, number: int, **fields: Any) -> list[Assignment]:
    """Assignments of some tickets, one after the other."""
    found = []
    for each in range(number):
        assignment = made.find(asked(f"n{each}", **fields))
        assert assignment is not None
        made.take(assignment)
        found.append(assignment)
    return found


def note(assignment: Assignment) -> RoutingNote:
    assert assignment.note is not None
    return assignment.note


def test_every_policy_of_the_configuration_is_registered() -> None:
    """What can be configured can be made, and nothing else is there."""
    assert set(POLICIES) == set(get_args(Policy))


def test_only_a_policy_that_learns_needs_the_past() -> None:
    """The past is read for `measured`, be it the policy or its shadow, and for no other."""
    assert [learns(RoutingConfig(policy=policy)) for policy in ("round-robin", "load", "measured")] == [False, False, True]  # fmt: skip
    assert learns(RoutingConfig(shadow="measured"))


@pytest.mark.parametrize(("last", "first"), [("", "ada"), ("ada", "bob"), ("bob", "ada"), ("gone", "ada")])
def test_turns_go_on_from_batch_to_batch(last: str, first: str) -> None:
    """The first turn is that of the agent after the one that had the last ticket, so batches of one ticket alternate too."""
    known = Known(agents("ada", "bob"), RoutingConfig(), "night", NOW, last_agent=last)
    assert [each.agent for each in decide(make_router(known), 1)] == [first]


def test_load_fills_up_by_capacity() -> None:
    """An agent that can do two tickets at a time gets two for each one of an agent that can do one."""
    known = Known(
        agents("ada", "bob"), RoutingConfig(policy="load"), "night", NOW, capacity={"ada": 2, "bob": 1}
    )
    found = decide(make_router(known), 9)
    assert sorted(each.agent for each in found) == ["ada"] * 6 + ["bob"] * 3


def test_load_counts_minutes_not_tickets() -> None:
    """After one long ticket the other agent gets the short ones until it has as much work."""
    made = router(who=agents("ada", "bob"), policy="load")
    long, *short = decide(made, 1, minutes=30), *decide(made, 3, minutes=10)
    assert [each.agent for each in (*long, *short)] == ["ada", "bob", "bob", "bob"]


def test_with_few_decisions_tickets_go_by_turns_and_say_why() -> None:
    """Four decided attempts, three days old, are too few: turns, even chances, and the interval in the reason."""
    made = router(past("ada", 40, 10), past("bob", 2, 2), who=agents("ada", "bob"), policy="measured")
    found = decide(made, 4)
    assert [each.agent for each in found] == ["bob", "ada", "bob", "ada"]
    assert found[0].why == (
        "agent by turns: only 4 decided of `bob`, its acceptance lies anywhere between 17% and 83%"
    )
    assert note(found[0]).propensities == {"ada": 0.5, "bob": 0.5}
    assert note(found[0]).how is How.TURNS


def test_an_agent_that_is_not_able_keeps_nobody_from_measuring() -> None:
    """A new agent that may not have the ticket is no reason for turns."""
    small = agents("new", max_size=Size.TRIVIAL)
    made = router(
        past("ada", 40, 10), past("bob", 10, 40), who=(*agents("ada", "bob"), *small), policy="measured"
    )
    found = decide(made, 30)
    assert {note(each).how for each in found} == {How.MEASURED}
    assert sum(each.agent == "ada" for each in found) > 24
    assert all("new" not in note(each).propensities for each in found)


def test_the_better_agent_of_a_kind_of_ticket_gets_it() -> None:
    """One agent is better with small tickets and the other with large ones: each is preferred where it is better."""
    history = [
        past("ada", 18, 2), past("ada", 2, 18, size="large"), past("bob", 2, 18), past("bob", 18, 2, size="large"),
    ]  # fmt: skip
    made = router(*history, who=agents("ada", "bob"), policy="measured")
    (small,), (large,) = decide(made, 1), decide(made, 1, size=Size.LARGE)
    assert note(small).propensities["ada"] > 0.9
    assert note(large).propensities["bob"] > 0.9


def test_cheaper_counts_where_cost_is_known() -> None:
    """Of two agents accepted alike the cheaper is preferred; where one's cost is unknown, acceptance alone counts, and is said to."""
    who = agents("ada", "bob")
    priced = [past("ada", 20, 10, cost_usd=4.0), past("bob", 20, 10, cost_usd=1.0)]
    (found,) = decide(router(*priced, who=who, policy="measured"), 1)
    assert note(found).propensities["bob"] > 0.9
    assert found.why.endswith("by accepted per USD")
    blind = [priced[0], past("bob", 20, 10)]
    (found,) = decide(router(*blind, who=who, policy="measured"), 1)
    assert note(found).propensities == pytest.approx({"ada": 0.5, "bob": 0.5})
    assert found.why.endswith("by accepted per attempt, as the cost of `bob` is unknown")


def test_a_free_agent_is_the_cheapest() -> None:
    """A cost of zero that is known counts as zero, and is not taken for unknown."""
    history = [past("ada", 20, 10, cost_usd=2.0), past("bob", 20, 10, cost_usd=0.0)]
    (found,) = decide(router(*history, who=agents("ada", "bob"), policy="measured"), 1)
    assert note(found).propensities["bob"] > 0.9


def test_minutes_can_be_counted_against() -> None:
    """With `per: minutes` the quicker of two agents accepted alike is preferred."""
    history = [past("ada", 20, 10, minutes=40), past("bob", 20, 10, minutes=10)]
    (found,) = decide(router(*history, who=agents("ada", "bob"), policy="measured", per="minutes"), 1)
    assert note(found).propensities["bob"] > 0.9


def test_a_night_counts_once_most_of_it_is_decided() -> None:
    """Failures known at once do not count before what people have to read does, or before the night is old."""
    night = [*past("ada", 0, 3), *past("ada", 1, 0)]
    waiting = [each.model_copy(update={"outcome": Outcome.PENDING}) for each in past("ada", 4, 0)]
    settings = RoutingConfig()
    assert mature([*night, *waiting], NOW, settings) == []
    assert mature([*night, *waiting[:1]], NOW, settings) == night
    assert mature([*night, *waiting], NOW + timedelta(days=20), settings) == night


def test_older_attempts_count_less() -> None:
    """What an agent did lately outweighs the opposite it did long ago."""
    long_ago = {"batch": "old", "started_at": NOW - timedelta(days=90)}
    history = [
        past("ada", 30, 0, **long_ago), past("ada", 3, 17), past("bob", 0, 30, **long_ago), past("bob", 17, 3),
    ]  # fmt: skip
    (found,) = decide(router(*history, who=agents("ada", "bob"), policy="measured"), 1)
    assert note(found).propensities["bob"] > 0.9


def test_a_shadow_decides_nothing(plan: Plan, candidate: Queue) -> None:
    """The plan is that of turns; each ticket keeps what the watching policy would have done, with its probabilities."""
    history = [past("ada", 28, 2), past("bob", 5, 25)]
    queue = [candidate(f"n{number}") for number in range(6)]
    plain, watched = (
        plan(*queue),
        plan(*queue, router=router(*history, who=agents("ada", "bob"), shadow="measured")),
    )
    assert [each.agent for each in watched.tickets] == [each.agent for each in plain.tickets]
    for each in watched.tickets:
        assert each.routing is not None
        assert each.routing.shadow is not None
        assert each.routing.propensities == {"ada": 0.5, "bob": 0.5}
        assert each.routing.shadow.propensities["ada"] > 0.8
        assert each.routing.agent == each.agent


def test_the_plan_tells_why_an_agent_was_chosen(plan: Plan, candidate: Queue) -> None:
    """The ticket's reason has the policy's words, and its note the same decision."""
    made = router(past("ada", 28, 2), past("bob", 5, 25), who=agents("ada", "bob"), policy="measured")
    (only,) = plan(candidate("n1"), router=made).tickets
    assert only.routing is not None
    assert only.routing.why in only.reason
    assert only.agent == only.routing.agent


def test_the_report_tells_records_chances_and_what_the_shadow_would_gain() -> None:
    """Turns gave both agents the same number of tickets; the shadow prefers the better one, and its gain lies above zero."""
    who, history, decisions = agents("ada", "bob"), [], []
    for agent, accepted, rejected in (("ada", 54, 6), ("bob", 15, 45)):
        own = past(agent, accepted, rejected)
        history += own
        both = {
            "propensities": {"ada": 0.9, "bob": 0.1},
            "policy": "measured",
            "how": How.MEASURED,
            "agent": "ada",
        }
        told = RoutingNote.model_validate(
            {"policy": "round-robin", "how": "turns", "agent": agent, "propensities": {"ada": 0.5, "bob": 0.5}, "shadow": both}
        )  # fmt: skip
        decisions += [Decided("earlier", each.ticket, told) for each in own]
    made = report(Known(who, RoutingConfig(shadow="measured"), "next", NOW, history), decisions)
    records = {(each.agent, each.size): each for each in made.agents}
    ada = records["ada", Size.SMALL]
    assert (ada.accepted, ada.decided, ada.open) == (54, 60, 0)
    assert ada.low < 0.9 < ada.high
    assert ada.chance is not None
    assert ada.chance > 0.9
    assert records["ada", Size.LARGE].decided == 0
    shadow = made.shadow
    assert shadow is not None
    assert (shadow.tickets, shadow.same, shadow.decided, shadow.unit) == (120, 60, 120, "attempt")
    assert shadow.real == pytest.approx(69 / 120)
    assert shadow.instead == pytest.approx(0.9 * 0.9 + 0.1 * 0.25)
    assert shadow.gain_low is not None
    assert shadow.gain_low > 0


def test_what_the_policy_never_did_is_not_estimated() -> None:
    """`load` leaves the others no chance, so what another policy would have gained stays unknown, with the reason."""
    own = past("ada", 20, 20)
    told = RoutingNote.model_validate(
        {"policy": "load", "how": "load", "agent": "ada", "propensities": {"ada": 1, "bob": 0},
         "shadow": {"policy": "measured", "how": "measured", "agent": "bob", "propensities": {"ada": 0.2, "bob": 0.8}}}
    )  # fmt: skip
    settings = RoutingConfig(policy="load", shadow="measured")
    made = report(
        Known(agents("ada", "bob"), settings, "next", NOW, own),
        [Decided("earlier", e.ticket, told) for e in own],
    )
    assert made.shadow is not None
    assert made.shadow.instead is None
    assert "no chance" in made.shadow.why
