"""Who works in a night, and how busy the lanes are. Pure."""

from collections.abc import Sequence
from datetime import datetime

from ci_factory.metrics.live import Live, LiveAgent, LiveLane, LiveTicket, NightState, TicketState
from ci_factory.metrics.live_files import NightFiles
from ci_factory.metrics.live_tickets import Around
from ci_factory.metrics.live_usage import sum_of
from ci_factory.model.breakers import QuotaStop


def staff(timed: Live, files: NightFiles, around: Around) -> dict[str, object]:
    """Agents, lanes and utilisation, as they go into the state of the night."""
    names = [around.agent_of(planned) for planned in files.batch.tickets]
    at_work = [each.agent for each in around.at_work.values()]
    worked = [ticket.agent for ticket in timed.tickets if ticket.started_at]
    known = dict.fromkeys(sorted({*names, *at_work, *worked}))
    lanes, utilisation = _lanes(timed, files)
    return {
        "agents": tuple(_agent(name, timed, around) for name in known),
        "lanes": lanes,
        "utilisation": utilisation,
    }


def _agent(name: str, timed: Live, around: Around) -> LiveAgent:
    mine = [ticket for ticket in timed.tickets if ticket.agent == name]
    busy = [ticket for ticket in mine if ticket.state.at_work]
    stop = around.asleep.get(name)
    closed = around.breakers.closed.get(name, "") if around.breakers else ""
    waiting = sum(ticket.state in {TicketState.WAITING, TicketState.RESTING} for ticket in mine)
    signs = [ticket.last_sign for ticket in mine if ticket.last_sign]
    freed = [ticket.ended_at for ticket in mine if ticket.ended_at]
    started = [ticket.since for ticket in busy if ticket.since]
    return LiveAgent(
        name=name,
        tickets=tuple(ticket.id for ticket in busy),
        doing=_doing(busy, stop, closed, waiting, timed.state),
        since=min(started, default=None)
        if busy
        else max(freed, default=stop.at if stop else timed.started_at),
        ended=sum(ticket.state is TicketState.ENDED and ticket.started_at is not None for ticket in mine),
        waiting=waiting,
        used=sum_of(ticket.used for ticket in mine),
        last_sign=max(signs, default=None),
        asleep_until=stop.until if stop else None,
        closed=closed,
    )


def _doing(
    busy: Sequence[LiveTicket], stop: QuotaStop | None, closed: str, waiting: int, state: NightState
) -> str:
    if busy:
        return "; ".join(f"{ticket.id}: {ticket.said}" for ticket in busy)
    if closed:
        return f"gets no more tickets: {closed}"
    if stop is not None:
        return f"its credential sleeps until {stop.until:%H:%M} UTC"
    if state is not NightState.RUNNING:
        return "not at work"
    return "idle" if waiting else "done"


def _lanes(timed: Live, files: NightFiles) -> tuple[tuple[LiveLane, ...], float | None]:
    """Every lane with what is in it and how busy it was; and the share over all of them."""
    count = files.batch.limits.parallel
    starts = [ticket.started_at for ticket in timed.tickets if ticket.started_at]
    at_work = {ticket.lane: ticket for ticket in timed.tickets if ticket.state.at_work}
    end = _end_of_work(timed)
    seconds = (end - min(starts)).total_seconds() if starts and end else 0.0
    busy = {number: _busy_seconds(timed, number, end) for number in range(1, count + 1)} if end else {}
    lanes = tuple(
        LiveLane(
            number=number,
            ticket=at_work[number].id if number in at_work else None,
            agent=at_work[number].agent if number in at_work else None,
            busy=min(1.0, busy[number] / seconds) if seconds > 0 else None,
        )
        for number in range(1, count + 1)
    )
    share = sum(min(each, seconds) for each in busy.values()) / (count * seconds) if seconds > 0 else None
    return lanes, share


def _end_of_work(timed: Live) -> datetime | None:
    if timed.state is NightState.RUNNING:
        return timed.now
    ends = [ticket.ended_at or ticket.last_sign for ticket in timed.tickets if ticket.started_at]
    return max((end for end in ends if end), default=None)


def _busy_seconds(timed: Live, lane: int, end: datetime) -> float:
    return sum(_seconds_of(ticket, end) for ticket in timed.tickets if ticket.lane == lane)


def _seconds_of(ticket: LiveTicket, end: datetime) -> float:
    """Of lane time that a ticket took until `end`; one that rests is counted to its last sign of life."""
    if ticket.started_at is None:
        return 0.0
    until = end if ticket.state.at_work else ticket.ended_at or ticket.last_sign or end
    return max(0.0, (min(until, end) - ticket.started_at).total_seconds())
