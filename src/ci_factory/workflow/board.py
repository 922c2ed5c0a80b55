"""Who waits, sleeps, runs and has ended in a night. Touched by the main thread only."""

from collections.abc import Iterable
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime

from ci_factory.model.attempt import Attempt, Ending
from ci_factory.model.batch import PlannedTicket
from ci_factory.model.failure import FailureClass
from ci_factory.model.forge import Publication
from ci_factory.model.gate import Verdict
from ci_factory.publishing.publisher import Judged
from ci_factory.work.failure_policy import Move, Suspended
from ci_factory.workflow.breakers import Breakers


@dataclass
class Board:
    """The tickets of one night."""

    waiting: list[PlannedTicket]
    breakers: Breakers
    put_off: dict[str, str]
    """Tickets that go to the next batch, each with the reason; those at work see it as well."""
    running: dict[Future[Judged], PlannedTicket] = field(default_factory=dict)
    ended: dict[str, Publication | None] = field(default_factory=dict)
    verdicts: dict[str, Verdict] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)
    stopped: list[str] = field(default_factory=list)
    halted: frozenset[str] = frozenset()
    """Tickets that a person stopped while they slept: they start, so as to end."""

    def startable(self) -> PlannedTicket | None:
        """The first waiting ticket that is awake, whose lane is free and whose predecessors have ended."""
        busy = {planned.lane for planned in self.running.values()}
        for planned in self.waiting:
            ready = planned.lane not in busy and all(ticket in self.ended for ticket in planned.waits_for)
            if ready and self._awake(planned):
                return planned
        return None

    def has_another(self, planned: PlannedTicket) -> bool:
        """Whether another agent could take the ticket over; asked by lanes."""
        return self.breakers.other(planned) is not None

    def decide(self) -> None:
        """Give tickets of agents out of service to others, and put off those that can't go on tonight."""
        if self.breakers.quiet:
            return
        self.waiting = [self._served(planned) for planned in self.waiting]
        at_work = self.running.values() if self.breakers.aborted else ()
        for planned in (*self.waiting, *at_work):
            if why := self.breakers.put_off(planned):
                self.put_off[planned.id] = why

    def wakes_at(self) -> datetime | None:
        """When the first sleeper wakes; `None` when nobody sleeps."""
        moments = (self.breakers.wakes(planned.agent) for planned in self.waiting)
        return min((moment for moment in moments if moment is not None), default=None)

    def suspend(self, planned: PlannedTicket, rest: Suspended) -> None:
        """Take a ticket back whose work stopped for now."""
        if rest.move is Move.SLEEP:
            self.breakers.stop(rest.failure, planned.agent, rest.began_at)
        else:
            if rest.failure.kind is FailureClass.ENVIRONMENT:
                self.breakers.struck(planned.agent, rest.failure)
            other = self.breakers.other(planned)
            planned = self.breakers.hand_over(planned, other) if other else planned
        self.waiting = in_order([*self.waiting, planned])

    def learn(self, attempt: Attempt) -> None:
        """What an ended ticket says about the environment of who worked on it."""
        failure = attempt.failure
        for agent in {run.agent for run in attempt.runs if run.ended == "ok"}:
            self.breakers.well(agent)
        ended = attempt.ending is not Ending.DEFERRED  # else it was told when the work stopped
        if ended and attempt.runs and failure is not None and failure.kind is FailureClass.ENVIRONMENT:
            self.breakers.struck(attempt.runs[-1].agent, failure)

    def _served(self, planned: PlannedTicket) -> PlannedTicket:
        if planned.agent not in self.breakers.state.closed:
            return planned
        other = self.breakers.other(planned)
        return self.breakers.hand_over(planned, other) if other else planned

    def _awake(self, planned: PlannedTicket) -> bool:
        must_start = planned.id in self.put_off or planned.id in self.halted
        return must_start or self.breakers.wakes(planned.agent) is None


def in_order(tickets: Iterable[PlannedTicket]) -> list[PlannedTicket]:
    """As the plan orders them."""
    return sorted(tickets, key=lambda planned: planned.order)
