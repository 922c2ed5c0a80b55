"""When a night is expected to end: what is left is drawn many times and run through its lanes. Pure, the same each time.

A ticket's minutes are lognormal with the expected ones as median. How far reality is from that is measured on the tickets
that have ended tonight, once there are enough of them; before, the spread is the one that nights are simulated with
(median 10 minutes, sigma 0.9). What has run for a while is drawn on the condition that it took at least so long.
"""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from ci_factory.metrics.live import Ending, LiveTicket, TicketState
from ci_factory.metrics.words import count

_DRAWS = 200
_ENOUGH = 5
"""Ended tickets from which bias and spread are measured."""
_SIGMA = 0.9
_NARROWEST = 0.2
"""A spread measured on a handful of tickets is never believed to be smaller."""
_MOST = 2_000
"""Tickets left, beyond which nobody is helped by an estimate of the minute and the draws would take long."""
_LOW, _MIDDLE, _HIGH = 0.1, 0.5, 0.9


@dataclass(frozen=True)
class Pace:
    """How real minutes relate to expected ones: `log(real / expected)` is normal."""

    mean: float
    sigma: float
    basis: str


@dataclass(frozen=True)
class Left:
    """What is left of a night."""

    tickets: Sequence[LiveTicket]
    waits: Mapping[str, Sequence[str]]
    """By ticket: those that must have ended before it starts."""
    ready_at: Mapping[str, datetime]
    """By ticket: when what it waits for otherwise is there, such as a credential that sleeps."""


def pace(ended: Sequence[LiveTicket]) -> Pace:
    """Measured on tickets that ended tonight, or assumed."""
    logs = [
        math.log(max(each.worked_minutes, 0.05) / each.expected_minutes)
        for each in ended
        if each.worked_minutes is not None and each.expected_minutes
    ]
    if len(logs) < _ENOUGH:
        return Pace(0.0, _SIGMA, "first guesses")
    spread = max(statistics.stdev(logs), _NARROWEST)
    return Pace(statistics.fmean(logs), spread, f"{count(len(logs), 'ticket')} that ended tonight")


def expected_end(left: Left, measured: Pace, now: datetime, seed: str) -> Ending | None:
    """The 10th, 50th and 90th percentile of the end; `None` when nothing is left, or too much to draw."""
    open_tickets = [each for each in left.tickets if each.state is not TicketState.ENDED]
    if not open_tickets or len(open_tickets) > _MOST:
        return None
    random = Random(seed)  # noqa: S311 - a simulation, not a secret
    draws = sorted(_end(left, open_tickets, measured, now, random) for _ in range(_draws(len(open_tickets))))
    low, middle, high = (
        now + timedelta(minutes=draws[round(share * (len(draws) - 1))]) for share in (_LOW, _MIDDLE, _HIGH)
    )
    return Ending(early=low, middle=middle, late=high, basis=measured.basis)


def _draws(size: int) -> int:
    """Fewer for many tickets, whose sum varies less."""
    return max(40, min(_DRAWS, 20_000 // size))


def _end(left: Left, tickets: Sequence[LiveTicket], measured: Pace, now: datetime, random: Random) -> float:
    """Minutes from now to the end of the last ticket, in one draw."""
    free: dict[int, float] = {}
    ends: dict[str, float] = {}
    for each in sorted(tickets, key=lambda ticket: not ticket.state.at_work):
        minutes = _minutes(each, measured, now, random)
        ready = left.ready_at.get(each.id)
        start = max(
            0.0 if ready is None else (ready - now).total_seconds() / 60,
            0.0 if each.state.at_work else free.get(each.lane, 0.0),
            *(ends.get(before, 0.0) for before in left.waits.get(each.id, ())),
        )
        ends[each.id] = free[each.lane] = start + minutes
    return max(ends.values())


def _minutes(ticket: LiveTicket, measured: Pace, now: datetime, random: Random) -> float:
    """What is left of a ticket's work, drawn."""
    if ticket.ended_at is not None:
        return 0.0  # only its publication is left
    median = math.log(ticket.expected_minutes or 1.0) + measured.mean
    done = 0.0
    if ticket.state.at_work and ticket.started_at is not None:
        done = max(0.0, (now - ticket.started_at).total_seconds() / 60)
    floor = _cumulative((math.log(done) - median) / measured.sigma) if done > 0 else 0.0
    share = min(floor + random.random() * (1 - floor), 0.999)
    whole = math.exp(median + measured.sigma * statistics.NormalDist().inv_cdf(max(share, 1e-6)))
    return max(0.0, whole - done)


def _cumulative(at: float) -> float:
    return min(statistics.NormalDist().cdf(at), 0.998)
