"""The state of a night from its files at one moment: tickets, agents, lanes, spending, the expected end."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ci_factory import config as configuration
from ci_factory.config import Config
from ci_factory.metrics.live import Live, LiveTicket, NightState, TicketState
from ci_factory.metrics.live_ending import Left, expected_end, pace
from ci_factory.metrics.live_night import live
from ci_factory.metrics.live_words import headline
from ci_factory.metrics.night import Outcome
from ci_factory.model.attempt import Ending, Usage
from ci_factory.model.batch import BatchStatus
from ci_factory.model.merge_truth import Clash, MergeTruth, TriedChange
from ci_factory.model.ticket import Priority, Size
from ci_factory.model.work_state import Step
from tests.metrics.conftest import NIGHT, build, review_queue
from tests.metrics.live_made import HEAD, Made, at, busy_night, ids, replaced


def seen(made: Made, minutes: float = 60, text: str = "", **files: Any) -> Live:
    """The night so many minutes after it began."""
    made.now = at(minutes)
    return live(made.files(**files), configuration.parse(text), at(minutes))


def ticket(night: Live, ticket_id: str) -> LiveTicket:
    """One of its tickets."""
    return next(each for each in night.tickets if each.id == ticket_id)


@pytest.mark.parametrize(
    ("ticket_id", "state", "said"),
    [
        ("T-10", "running", "implements, round 2, fresh start 2"),
        ("T-11", "gates", "the gates judge round 2"),
        ("T-09", "publishing", "is brought to the forge"),
        ("T-12", "resting", "credential KEY_C at api.example.com sleeps until 21:50 UTC"),
        ("T-13", "waiting", "for T-10"),
        ("T-15", "waiting", "for lane 2, where T-09 is at work"),
        ("T-03", "escalated", "The change touches authentication."),
        ("T-06", "timed out", "the agent was killed after 1800 s"),
        ("T-08", "no change", "the agent changed nothing"),
    ],
)
def test_every_ticket_says_where_it_is(ticket_id: str, state: str, said: str) -> None:
    """A word for the state, and what it does, what it waits for, or why it ended so."""
    found = ticket(live(busy_night(), Config(), at(150)), ticket_id)
    assert (found.outcome.value if found.outcome else found.state.value, found.said) == (state, said)


@pytest.mark.parametrize(
    ("step", "state", "said"),
    [
        (Step.UNDERSTAND, TicketState.RUNNING, "understands the ticket and plans"),
        (Step.IMPLEMENT, TicketState.RUNNING, "implements, round 1"),
        (Step.JUDGE, TicketState.GATES, "the gates judge round 0"),
        (Step.REVIEW, TicketState.RUNNING, "another agent reads the change"),
        (Step.WAIT, TicketState.RESTING, "starts afresh soon, after start 1 failed"),
    ],
)
def test_every_step_of_the_work_is_told(step: Step, state: TicketState, said: str) -> None:
    """The record of the work on disk says what is done right now."""
    found = ticket(seen(Made().running("1", 55, step=step)), "1")
    assert (found.state, found.said) == (state, said)


def test_a_ticket_in_a_lane_without_a_record_is_starting() -> None:
    """Between taking a lane and the first record, it is running and not waiting."""
    made = Made().running("1", 59)
    made.found["1"] = replaced_ticket = type(made.found["1"])()
    assert replaced_ticket.state is None
    found = ticket(seen(made), "1")
    assert (found.state, found.said, found.since) == (TicketState.RUNNING, "starts", at(59))


@pytest.mark.parametrize(
    ("status", "pulse", "over", "state"),
    [
        (BatchStatus.RUNNING, 60, False, NightState.RUNNING),
        (BatchStatus.RUNNING, 58.5, False, NightState.RUNNING),
        (BatchStatus.RUNNING, 57, False, NightState.STOPPED),
        (BatchStatus.RUNNING, 60, True, NightState.STOPPED),
        (BatchStatus.COMPLETED, 60, True, NightState.COMPLETED),
        (BatchStatus.REVIEWED, 60, True, NightState.COMPLETED),
        (BatchStatus.ABORTED, 60, True, NightState.ABORTED),
    ],
)
def test_the_night_is_where_its_signs_say(
    status: BatchStatus, pulse: float, over: bool, state: NightState
) -> None:
    """It runs while it says so every two minutes, and stopped when it does not or said that it ended before its time."""
    night = seen(Made(status=status).running("1", 30).plan("2"), pulse=at(pulse), over=over)
    assert night.state is state
    assert bool(night.reason) is (state is NightState.STOPPED)


def test_a_killed_night_names_what_was_cut_off() -> None:
    """What was at work is cut off, what had ended has ended, what waited waits, and nobody is busy."""
    made = Made().ended("1", 0, 20, request=4).running("2", 30, lane=1).plan("3", waits_for=("2",))
    night = seen(made, 90, pulse=at(40))
    assert [each.state.value for each in night.tickets] == ["ended", "cut off", "waiting"]
    assert ticket(night, "2").said == "cut off: implements, round 1"
    assert "no sign of life since 2026-11-19 18:40 UTC" in night.reason
    assert [agent.busy for agent in night.agents] == [False]
    assert night.expected_end is None


def test_without_a_pulse_the_record_alone_counts() -> None:
    """Stages in separate jobs leave no pulse: a fresh record is work in progress, an old one was cut off."""
    made = Made(status=BatchStatus.PENDING).running("1", 30)
    assert seen(made, 40, pulse=None).state is NightState.RUNNING
    files = replaced(made.files(), pulse=None, breakers=None)
    assert live(files, Config(), at(40)).state is NightState.RUNNING
    later = live(files, Config(), at(200))
    assert (later.state, later.tickets[0].state) == (NightState.STOPPED, TicketState.STUCK)


def test_a_plan_that_nobody_began_is_planned() -> None:
    """No pulse, no record: all tickets wait, nothing was spent, no end is expected."""
    files = replaced(Made(status=BatchStatus.PENDING).plan("1").plan("2").files(), pulse=None, breakers=None)
    night = live(files, Config(), at(0))
    assert (night.state, headline(night)) == (NightState.PLANNED, "Planned: 2 tickets, none started yet.")
    assert (night.budget.used.cost_usd, night.expected_end, night.utilisation) == (0, None, None)


def test_what_a_ticket_of_a_gathered_night_misses_is_said() -> None:
    """A finished night with tickets of which nothing, or no end, is on record, and one that nobody published."""
    made = (
        Made(status=BatchStatus.COMPLETED)
        .ended("1", 0, 9, published=False)
        .plan("2")
        .ended("3", 0, 9, request=1)
        .running("4", 2)
    )
    files = replaced(made.files(), pulse=None, breakers=None)
    found = {each.id: each.outcome for each in live(files, Config(), at(99)).tickets}
    unknown = Outcome.UNKNOWN
    assert found == {"1": Outcome.UNPUBLISHED, "2": unknown, "3": Outcome.READY, "4": unknown}


def test_spending_counts_what_is_known_and_says_what_is_not() -> None:
    """Ended calls and the meter of the running one add up; an unknown part makes it `at least`, never zero."""
    made = Made().ended("1", 0, 9).ended("2", 9, 9, cost=None)
    made.running("3", 30, meter=Usage(input_tokens=1000, output_tokens=50, cost_usd=0.5))
    night = seen(made, text="batch: {cost_budget_usd: 5}")
    used = night.budget.used
    assert (used.tokens, used.cost_usd, used.at_least) == (421_050, 0.75, True)
    assert night.budget.limit_usd == 5
    unknown = seen(Made().ended("1", 0, 9, cost=None)).budget.used
    assert (unknown.tokens, unknown.cost_usd) == (None, None)


def test_a_meter_of_another_call_does_not_count() -> None:
    """What an earlier round used is in its run already; its meter must not be counted twice."""
    made = Made().running("1", 30, iteration=1, meter=Usage(input_tokens=9, output_tokens=9, cost_usd=1))
    files = made.found["1"]
    assert files.meter is not None
    stale = files.meter.model_copy(update={"iteration": 1})
    made.found["1"] = type(files)(state=files.state, state_at=files.state_at, meter=stale)
    assert seen(made).budget.used.cost_usd is None


def test_agents_and_lanes_tell_who_is_busy() -> None:
    """Each agent with what it does and since when; each lane with its share of the night so far."""
    made = Made(parallel=2).ended("1", 0, 30).running("2", 30, agent="otter").plan("3", agent="heron", lane=1)
    night = seen(made)
    otter, heron = sorted(night.agents, key=lambda agent: agent.name, reverse=True)
    assert (otter.tickets, otter.since, otter.ended, otter.waiting) == (("2",), at(30), 1, 0)
    assert (heron.doing, heron.since, heron.waiting) == ("idle", at(0), 1)
    assert [(lane.ticket, lane.busy) for lane in night.lanes] == [("2", 1.0), (None, 0.0)]
    assert night.utilisation == 0.5


def test_an_agent_out_of_service_is_not_idle() -> None:
    """Whoever gets no more tickets, or whose credential sleeps, says why, and raises no alert for idling."""
    made = Made(now=at(400)).plan("1", agent="otter").plan("2", agent="heron", lane=1)
    made.closed["otter"] = "no such program"
    night = seen(made, 400)
    assert [agent.doing for agent in night.agents] == ["idle", "gets no more tickets: no such program"]
    idle = next(alert for alert in night.alerts if alert.key == "idle_hours")
    assert (idle.note, idle.value) == ("heron", 400 * 60)


def test_questions_wait_until_they_are_answered() -> None:
    """An escalation of the night waits, named with its reviewer from the queue, until a later queue has it no more."""
    made = Made().ended("T-06", 32, 12, Ending.ESCALATED)
    queue = review_queue(build(NIGHT))
    asked = queue.model_copy(update={"made_at": at(50)})
    (question,) = seen(made, queue=asked).questions
    assert (question.ticket, question.who, question.asked_at) == ("T-06", "bo", at(44))
    assert seen(made, queue=queue.model_copy(update={"items": (), "made_at": at(50)})).questions == ()
    assert len(seen(made, queue=queue.model_copy(update={"items": (), "made_at": at(30)})).questions) == 1


def test_pairs_that_do_not_merge_are_named() -> None:
    """Conflicts come from the trial merges, by tickets."""
    changes = tuple(
        TriedChange(merge_request=n, ticket_id=f"T-{n}", branch=f"b{n}", head=HEAD, priority=Priority.LOW, lines=1, in_batch=True)
        for n in range(1, 5)
    )  # fmt: skip
    truth = MergeTruth(key="0" * 64, made_at=at(1), target_branch="main", base=HEAD, changes=changes,
                       clashes=(Clash(first=1, second=3), Clash(first=2, second=4)))  # fmt: skip
    night = seen(Made().ended("1", 0, 1), truth=truth)
    assert night.conflicts is not None
    assert (night.conflicts.pairs, night.conflicts.conflicting) == (6, (("T-1", "T-3"), ("T-2", "T-4")))
    rate = next(alert for alert in night.alerts if alert.key == "conflict_rate")
    assert (rate.value, rate.n) == (2 / 6, 6)


def test_the_most_telling_tickets_come_first_when_there_is_no_room() -> None:
    """All in progress, then some of those to come and the newest that ended; never more than there is room for."""
    night = live(busy_night(), Config(), at(150))
    assert ids(night.chosen(6)) == ["T-10", "T-11", "T-09", "T-12", "T-13", "T-08"]
    assert len(night.chosen(2)) == 2
    assert sorted(ids(night.chosen())) == sorted(ids(night.tickets))


def waiting(count: int, lane: int = 1, minutes: float = 10) -> list[LiveTicket]:
    return [
        LiveTicket(
            id=f"w{n}", title="", size=Size.SMALL, priority=Priority.LOW, agent="a", lane=lane,
            state=TicketState.WAITING, said="", expected_minutes=minutes,
        )
        for n in range(count)
    ]  # fmt: skip


def ending(tickets: list[LiveTicket], now: datetime, **left: object) -> tuple[float, float, float]:
    """Minutes from now of the three moments."""
    known: dict[str, object] = {"waits": {}, "ready_at": {}, **left}
    found = expected_end(Left(tickets, **known), pace([]), now, "seed")  # type: ignore[arg-type]
    assert found is not None
    early, middle, late = (
        (each - now).total_seconds() / 60 for each in (found.early, found.middle, found.late)
    )
    return early, middle, late


def test_the_expected_end_follows_lanes_dependencies_and_sleep() -> None:
    """Two lanes halve the time, a chain does not, and what sleeps until ten comes after ten."""
    now = at(0)
    one, two = (
        waiting(8),
        [*waiting(4), *(each.model_copy(update={"id": f"x{each.id}", "lane": 2}) for each in waiting(4))],
    )
    assert ending(two, now)[1] < 0.75 * ending(one, now)[1]
    chain = [each.model_copy(update={"lane": place}) for place, each in enumerate(waiting(4), 1)]
    waits = {f"w{n}": (f"w{n - 1}",) for n in range(1, 4)}
    assert ending(chain, now, waits=waits)[1] > 1.5 * ending(chain, now)[1]
    assert ending(waiting(1), now, ready_at={"w0": now + timedelta(hours=4)})[0] > 240


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 30), st.floats(1, 60))
def test_the_expected_end_is_ordered_and_repeatable(count: int, minutes: float) -> None:
    """Early, middle, late stand in order, after now, and the same state gives the same moments."""
    first = ending(waiting(count, minutes=minutes), at(0))
    assert 0 < first[0] <= first[1] <= first[2]
    assert first == ending(waiting(count, minutes=minutes), at(0))


def test_the_pace_of_the_night_is_measured() -> None:
    """Tickets that took three times as long as expected move the end of the others; four of them are too few."""
    slow = Made(now=at(200))
    for number in range(6):
        slow.ended(f"e{number}", number * 24, 24)
    measured, assumed = (pace(seen(slow, 200).tickets[:count]) for count in (6, 4))
    assert round(2.718281828**measured.mean, 2) == 3.0
    assert (measured.basis, assumed.basis) == ("6 tickets that ended tonight", "first guesses")
    late = expected_end(Left(waiting(3), {}, {}), measured, at(0), "s")
    soon = expected_end(Left(waiting(3), {}, {}), assumed, at(0), "s")
    assert late is not None
    assert soon is not None
    assert late.middle > soon.middle


def test_nothing_left_has_no_expected_end() -> None:
    """An end in the past is no forecast."""
    assert expected_end(Left([], {}, {}), pace([]), at(0), "s") is None
