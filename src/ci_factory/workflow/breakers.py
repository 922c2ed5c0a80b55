"""What keeps a night from asking again for what it was just refused: sleeping credentials, agents out of service.

Written by one thread. Every change is one atomic write before anything is done about it, so a killed night that is
resumed sleeps, counts and gives up as it would have.
"""

import zlib
from collections.abc import Iterable
from datetime import datetime, timedelta

from ci_factory.config import AgentConfig
from ci_factory.model.batch import Batch, PlannedTicket
from ci_factory.model.breakers import BreakerState, QuotaStop
from ci_factory.model.event import Event
from ci_factory.model.failure import Failure
from ci_factory.planning.ability import is_able, languages
from ci_factory.planning.lanes import lane_count, lanes_of
from ci_factory.system import records
from ci_factory.work.agents.registry import ADAPTERS
from ci_factory.work.credentials import credential_of
from ci_factory.workflow.factory import Factory

_JITTER_SECONDS = 10


class Breakers:
    """Of one batch, on one forge."""

    def __init__(self, factory: Factory, batch: Batch) -> None:
        """Go on with what an earlier run of the batch learned."""
        self._factory, self._batch = factory, batch
        self._path = factory.layout.batch(batch.id).breakers
        known = records.read_if_valid(self._path, BreakerState)
        if known is None or known.batch_id != batch.id:
            known = BreakerState(batch_id=batch.id, started_at=factory.clock.now())
        self.state = known
        self._told = False
        self._planner = factory.config.roles.planner or ""
        known_agents = (*factory.config.agents, *factory.agents)
        self._lanes = lanes_of(
            factory.agents, lane_count(factory.config.planning.pattern, batch.limits.parallel)
        )
        self._credentials = {agent.name: self._credential(agent) for agent in known_agents}
        self._write()
        self._log_all()

    @property
    def aborted(self) -> str:
        """Why the batch ends early; empty: it does not."""
        return self.state.aborted

    @property
    def credentials(self) -> dict[str, str]:
        """By agent: the name of the credential that its calls need."""
        return dict(self._credentials)

    @property
    def quiet(self) -> bool:
        """Whether nothing has happened tonight that keeps any ticket from its agent."""
        return not (self.state.stops or self.state.closed or self.state.aborted)

    def assigned(self, planned: PlannedTicket) -> PlannedTicket:
        """The ticket with the agent that has it now."""
        agent = self.state.reassigned.get(planned.id, planned.agent)
        return planned.model_copy(update={"agent": agent})

    def wakes(self, agent: str) -> datetime | None:
        """When the credentials that its tickets need are awake, its own and the planner's; `None`: they are."""
        stop = self._asleep(agent)
        return stop.until if stop else None

    def put_off(self, planned: PlannedTicket) -> str:
        """Why a ticket has to go to the next batch; empty: it may start, or wait."""
        if self.aborted:
            return self.aborted
        for agent in (planned.agent, self._planner):
            if why := self.state.closed.get(agent):
                return f"agent {agent} is called no more in this batch: {why}"
        stop = self._asleep(planned.agent)
        if stop is None or self._fits(stop.until):
            return ""
        return asleep_words(stop.credential, stop.until, self._factory.clock.now())

    def stop(self, failure: Failure, agent: str, began_at: datetime) -> QuotaStop:
        """A credential was refused: it sleeps. A call begun before it last fell asleep, or woke, tells of that same stop."""
        now = self._factory.clock.now()
        credential = failure.credential or self._credentials.get(agent, agent)
        until = (failure.wake_at or now) + timedelta(
            seconds=1 + zlib.crc32(credential.encode()) % _JITTER_SECONDS
        )
        before = [each for each in self.state.stops if each.credential == credential]
        stop = QuotaStop(credential=credential, at=now, until=until, detail=failure.detail)
        if before and (began_at <= before[-1].at or now < before[-1].until):
            stop = before[-1].model_copy(update={"until": max(until, before[-1].until)})
            others = tuple(each for each in self.state.stops if each != before[-1])
            self._change(stops=(*others, stop))
        else:
            self._change(stops=(*self.state.stops, stop), aborted=self.aborted or self._too_many(stop))
        self._tell(stop)
        return stop

    def tell_awake(self) -> None:
        """Take back what was said about sleepers, once nobody sleeps."""
        if self._told and not self.state.asleep(self._factory.clock.now()):
            self._factory.progress.stage("quota", "no credential sleeps any more")
            self._told = False

    def struck(self, agent: str, failure: Failure) -> None:
        """The agent's environment failed; after some in a row it gets no more tickets."""
        strikes = self.state.strikes.get(agent, 0) + 1
        closed = dict(self.state.closed)
        if failure.lasting or strikes >= self._factory.config.failures.agent_limit:
            closed.setdefault(agent, failure.detail)
        self._change(strikes=self.state.strikes | {agent: strikes}, closed=closed)

    def well(self, agent: str) -> None:
        """The agent's environment did not fail."""
        if self.state.strikes.get(agent):
            self._change(strikes=self.state.strikes | {agent: 0})

    def other(self, planned: PlannedTicket) -> str | None:
        """Another agent that is able to do the ticket and in service, one with an awake credential before others."""
        able = [agent.name for agent in self._able(planned)]
        awake = [name for name in able if self.wakes(name) is None]
        return next(iter((*awake, *able)), None)

    def hand_over(self, planned: PlannedTicket, agent: str) -> PlannedTicket:
        """Give the ticket to another agent."""
        self._change(reassigned=self.state.reassigned | {planned.id: agent})
        self._factory.event("work", "handed-over", self._batch.id, planned.id, agent=agent)
        return self.assigned(planned)

    def _asleep(self, agent: str) -> QuotaStop | None:
        """The stop that keeps a ticket of this agent waiting the longest."""
        asleep = self.state.asleep(self._factory.clock.now())
        needed = {self._credentials.get(agent, ""), self._credentials.get(self._planner, "")}
        found = (stop for name, stop in asleep.items() if name in needed)
        return max(found, key=lambda stop: stop.until, default=None)

    def _able(self, planned: PlannedTicket) -> Iterable[AgentConfig]:
        speaks, out = languages(planned.candidate), {planned.agent, *self.state.closed}
        for agent in self._factory.agents:
            if (
                agent.name not in out
                and planned.lane in self._lanes[agent.name]
                and is_able(agent, planned.size, speaks)
            ):
                yield agent

    def _fits(self, wakes: datetime) -> bool:
        settings, window = self._factory.config.failures, self._factory.config.batch.window_minutes
        if settings.quota == "defer":
            return False
        ends = self.state.started_at + timedelta(minutes=window) if window is not None else None
        latest = self._factory.clock.now() + timedelta(minutes=settings.longest_wait_minutes)
        return wakes <= latest and (ends is None or wakes < ends)

    def _too_many(self, stop: QuotaStop) -> str:
        allowed = self._factory.config.failures.quota_stops
        if len(self.state.stops) < allowed:
            return ""
        return f"one quota stop too many ({allowed + 1} in this batch), of credential {stop.credential}: {stop.detail}"

    def _tell(self, stop: QuotaStop) -> None:
        words = asleep_words(stop.credential, stop.until, self._factory.clock.now())
        self._factory.progress.stage("quota", words)
        self._told = True
        self._log_stop(stop)
        if self.aborted:
            self._log("batch-aborted", "", {"reason": self.aborted})

    def _log_all(self) -> None:
        """What a killed run may have decided and not logged; what is in the log already is the same event."""
        for stop in self.state.stops:
            self._log_stop(stop)
        if self.aborted:
            self._log("batch-aborted", "", {"reason": self.aborted})

    def _log_stop(self, stop: QuotaStop) -> None:
        key = f"{stop.credential}/{stop.at.isoformat()}/{stop.until.isoformat()}"
        data = {"credential": stop.credential, "until": stop.until.isoformat(), "detail": stop.detail}
        self._log("credential-paused", key, data)

    def _log(self, kind: str, key: str, data: dict[str, str]) -> None:
        now, batch = self._factory.clock.now(), self._batch.id
        self._factory.log.append(
            Event(key=f"{batch}/{kind}/{key}", at=now, stage="work", kind=kind, batch_id=batch, data=data)
        )

    def _credential(self, agent: AgentConfig) -> str:
        return credential_of(agent, ADAPTERS[agent.adapter](agent, self._factory.config_folder).capability)

    def _change(self, **changes: object) -> None:
        self.state = self.state.model_copy(update=changes)
        self._write()

    def _write(self) -> None:
        records.write_model(self._path, self.state)


def asleep_words(credential: str, until: datetime, now: datetime) -> str:
    """For people; with the day where that is not obvious."""
    day = f"{until:%Y-%m-%d} " if until - now >= timedelta(hours=24) else ""
    return f"credential {credential} sleeps until {day}{until:%H:%M} UTC (quota)"
