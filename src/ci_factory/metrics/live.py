"""The state of a night at one moment, as people see it: plain values, the same for terminal, page and `--json`.

`None` means unknown, never zero.
"""

from enum import StrEnum

from ci_factory.metrics.alerts import Alert
from ci_factory.metrics.night import Outcome, Tone
from ci_factory.model.attempt import Trigger
from ci_factory.model.base import Moment, Value
from ci_factory.model.batch import LeftOut
from ci_factory.model.gate import Verdict
from ci_factory.model.ticket import Priority, Size


class NightState(StrEnum):
    """Where a night is."""

    PLANNED = "planned"
    RUNNING = "running"
    STOPPED = "stopped"
    """Interrupted or killed: the same command goes on from there."""
    COMPLETED = "completed"
    ABORTED = "ended early"

    @property
    def over(self) -> bool:
        """Whether nothing more is done in it."""
        return self in {NightState.COMPLETED, NightState.ABORTED}


class TicketState(StrEnum):
    """Where a ticket of the night is, in the order in which they are shown."""

    RUNNING = "running"
    GATES = "gates"
    PUBLISHING = "publishing"
    STUCK = "cut off"
    """It was at work when the night stopped, or the factory itself failed on it."""
    RESTING = "resting"
    """Begun, and waits: for a credential to wake, a retry, another agent."""
    WAITING = "waiting"
    ENDED = "ended"

    @property
    def in_progress(self) -> bool:
        """Whether it was started and has not ended."""
        return self not in {TicketState.WAITING, TicketState.ENDED}

    @property
    def at_work(self) -> bool:
        """Whether it holds a lane."""
        return self in {TicketState.RUNNING, TicketState.GATES, TicketState.PUBLISHING}


class Used(Value):
    """Tokens and money so far."""

    tokens: int | None = 0
    """Read and written; `None`: nobody told."""
    cost_usd: float | None = 0
    at_least: bool = False
    """Whether a part is unknown, so that it was more than that."""


class LiveTicket(Value):
    """One planned ticket."""

    id: str
    title: str
    size: Size
    priority: Priority
    agent: str
    lane: int
    """From 1."""
    state: TicketState
    said: str
    """What it does, what it waits for, or why it ended as it did. Untrusted words."""
    outcome: Outcome | None = None
    """Of one that has ended."""
    checkpoint: str = ""
    """The last that was judged, such as `C1 passed`."""
    round: int = 0
    """Of act, observe, fix; 0 before the first."""
    start: int = 1
    """Counts fresh starts."""
    since: Moment | None = None
    """In this state."""
    started_at: Moment | None = None
    ended_at: Moment | None = None
    last_sign: Moment | None = None
    """Of life: the last thing that was written about it."""
    used: Used = Used()
    expected_minutes: float | None = None
    """Of work, by the plan or first guesses."""
    score: float | None = None
    verdict: Verdict | None = None
    merge_request: int | None = None

    @property
    def tone(self) -> Tone:
        """What it asks of people."""
        if self.outcome is not None:
            return self.outcome.tone
        return Tone.BAD if self.state is TicketState.STUCK else Tone.QUIET

    @property
    def worked_minutes(self) -> float | None:
        """From its start to its end; `None` unless an agent worked on it and it came to an end of its own."""
        if self.started_at is None or self.ended_at is None or self.outcome in _NOT_WORKED:
            return None
        return max(0.0, (self.ended_at - self.started_at).total_seconds() / 60)


_NOT_WORKED = frozenset({Outcome.SKIPPED, Outcome.PUT_OFF, Outcome.UNKNOWN})


class LiveAgent(Value):
    """One agent."""

    name: str
    tickets: tuple[str, ...] = ()
    """At work on them now."""
    doing: str
    """In words."""
    since: Moment | None = None
    """Busy with it, or idle."""
    ended: int = 0
    """Tickets that it brought to an end tonight."""
    waiting: int = 0
    """Tickets of the plan that it still has to start."""
    used: Used = Used()
    last_sign: Moment | None = None
    asleep_until: Moment | None = None
    """Its credential was refused until then."""
    closed: str = ""
    """Why it gets no more tickets tonight; empty: it does."""

    @property
    def busy(self) -> bool:
        """Whether it works on something."""
        return bool(self.tickets)


class LiveLane(Value):
    """One agent slot."""

    number: int
    """From 1."""
    ticket: str | None = None
    agent: str | None = None
    busy: float | None = None
    """Share of the night so far that it was busy; `None` before the first start."""


class Sleeper(Value):
    """A credential that its vendor refuses for now."""

    credential: str
    until: Moment
    agents: tuple[str, ...] = ()
    """Who uses it, where that is known."""


class OpenQuestion(Value):
    """An escalation that waits for a person."""

    ticket: str
    summary: str
    priority: Priority
    trigger: Trigger | None = None
    asked_at: Moment
    who: str | None = None
    """Who is to answer, where the review queue names somebody."""


class QueueState(Value):
    """The review queue as it was last made."""

    made_at: Moment
    items: int
    minutes: int
    late: int
    """Whose due moment has passed."""
    unassigned: int


class Conflicts(Value):
    """Whether the night's changes merge and work together, as it was last tried."""

    pairs: int
    """Pairs of the night's changes that merge into the target branch one by one."""
    conflicting: tuple[tuple[str, str], ...] = ()
    """Tickets of those that do not merge with each other."""
    breaking: tuple[tuple[str, ...], ...] = ()
    """Tickets whose changes are green alone, and make tests fail together."""


class Ending(Value):
    """When the night is expected to end: 80 % of what may happen lies between the first and the last moment."""

    early: Moment
    middle: Moment
    late: Moment
    basis: str
    """What it rests on."""


class Budget(Value):
    """What was spent, against what may be."""

    used: Used
    limit_usd: float | None = None


class Live(Value):
    """A night at one moment."""

    batch: str
    project: str
    target_branch: str
    state: NightState
    reason: str = ""
    """Why it stopped or ended early; empty otherwise."""
    now: Moment
    planned_at: Moment
    started_at: Moment | None = None
    ended_at: Moment | None = None
    window_ends: Moment | None = None
    last_sign: Moment | None = None
    expected_end: Ending | None = None
    agents: tuple[LiveAgent, ...] = ()
    lanes: tuple[LiveLane, ...] = ()
    utilisation: float | None = None
    tickets: tuple[LiveTicket, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    sleepers: tuple[Sleeper, ...] = ()
    questions: tuple[OpenQuestion, ...] = ()
    queue: QueueState | None = None
    conflicts: Conflicts | None = None
    budget: Budget = Budget(used=Used())
    alerts: tuple[Alert, ...] = ()
    damaged: tuple[str, ...] = ()
    """Files that are there and could not be read, each with the reason."""

    def in_state(self, *states: TicketState) -> tuple[LiveTicket, ...]:
        """Tickets that are in one of these states, in planned order."""
        return tuple(ticket for ticket in self.tickets if ticket.state in states)

    def chosen(self, room: int | None = None) -> tuple[LiveTicket, ...]:
        """At most so many tickets, or all: those in progress, then of those to come and those that ended what fits."""
        order = [*TicketState]
        open_tickets = (each for each in self.tickets if each.state.in_progress)
        busy = sorted(open_tickets, key=lambda each: order.index(each.state))
        waiting, ended = self.in_state(TicketState.WAITING), self.in_state(TicketState.ENDED)
        newest = sorted(ended, key=lambda each: each.ended_at or self.now, reverse=True)
        left = max(0, (len(self.tickets) if room is None else room) - len(busy))
        few = waiting[: max(left // 2, left - len(newest))]
        return (*busy[:room], *few, *newest[: left - len(few)])

    def counts(self) -> dict[str, int]:
        """How many tickets are where, by the words that are shown; only what occurs."""
        by_state = {
            state.value: len(self.in_state(state)) for state in TicketState if state is not TicketState.ENDED
        }
        ended = {
            outcome.value: sum(ticket.outcome is outcome for ticket in self.tickets) for outcome in Outcome
        }
        left = {"left out": len(self.left_out)}
        return {word: number for word, number in (by_state | ended | left).items() if number}
