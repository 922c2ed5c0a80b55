"""Every alert of a night: which figure, measured how. The bounds are configured (`alerts`)."""

from datetime import datetime

from ci_factory.metrics import alerts as rules
from ci_factory.metrics.alerts import Alert, Judge, Level
from ci_factory.metrics.live import Live, LiveAgent, NightState, TicketState
from ci_factory.metrics.night import Outcome
from ci_factory.metrics.words import count
from ci_factory.model.alert_settings import AlertsConfig

_HOUR, _MINUTE = 3600.0, 60.0
_BEGUN = frozenset({NightState.RUNNING, NightState.STOPPED})
_NOT_DONE = frozenset({Outcome.SKIPPED, Outcome.PUT_OFF, Outcome.UNKNOWN})


def alerts(live: Live, settings: AlertsConfig) -> tuple[Alert, ...]:
    """In the order of the targets that nights have, then the others; what is about a running night only while it runs."""
    judge = Judge(settings)
    ended = [ticket for ticket in live.in_state(TicketState.ENDED) if ticket.outcome not in _NOT_DONE]
    escalated = sum(ticket.outcome is Outcome.ESCALATED for ticket in ended)
    pairs, conflicting = (live.conflicts.pairs, len(live.conflicts.conflicting)) if live.conflicts else (0, 0)
    return (
        _in_progress(live, judge),
        _completion(live, judge),
        judge.share(rules.ESCALATION, escalated, len(ended)),
        judge.share(rules.CONFLICT, conflicting, pairs),
        judge.ratio(rules.UTILISATION, live.utilisation, len(ended)),
        judge.mean_of(rules.SCORE, [each.score for each in live.tickets if each.score is not None]),
        _cost(live, judge),
        _queue(live, judge),
        *([_idle(live, judge)] if live.state is NightState.RUNNING else []),
        *([_silent(live, judge)] if live.state in _BEGUN else []),
    )


def raised(found: tuple[Alert, ...], *levels: Level) -> tuple[Alert, ...]:
    """Those of some levels, `alert` unless said otherwise."""
    return tuple(alert for alert in found if alert.level in (levels or (Level.ALERT,)))


def _in_progress(live: Live, judge: Judge) -> Alert:
    open_tickets = sum(ticket.state.in_progress for ticket in live.tickets)
    slots = len(live.lanes)
    note = f"{count(open_tickets, 'ticket')} for {count(slots, 'slot')}"
    return judge.fact(rules.IN_PROGRESS, open_tickets / slots if slots else None, note=note)


def _completion(live: Live, judge: Judge) -> Alert:
    minutes = [ticket.worked_minutes for ticket in live.tickets if ticket.outcome is not None]
    running = sum(ticket.state.in_progress for ticket in live.tickets)
    note = f"{running} not at their end yet are not counted" if running else ""
    return judge.mean_of(rules.COMPLETION, [each for each in minutes if each is not None], note=note)


def _cost(live: Live, judge: Judge) -> Alert:
    used = live.budget.used
    note = "at least: a part is unknown" if used.at_least and used.cost_usd is not None else ""
    return judge.fact(
        rules.COST, used.cost_usd, note=note or ("nobody told" if used.cost_usd is None else "")
    )


def _queue(live: Live, judge: Judge) -> Alert:
    if live.queue is None:
        return judge.fact(rules.QUEUE, None, note="not made yet: ci-factory review makes it")
    note = f"as of {live.queue.made_at:%Y-%m-%d %H:%M} UTC"
    return judge.fact(rules.QUEUE, float(live.queue.items), note=note)


def _idle(live: Live, judge: Judge) -> Alert:
    waiting = live.in_state(TicketState.WAITING)
    idle = [agent for agent in live.agents if waiting and _is_idle(agent)]
    longest = max(idle, key=lambda agent: _seconds(live.now, agent.since), default=None)
    seconds = _seconds(live.now, longest.since) if longest else 0.0
    return judge.fact(rules.IDLE, seconds, note=longest.name if longest else "nobody", scale=_HOUR)


def _is_idle(agent: LiveAgent) -> bool:
    return not (agent.busy or agent.closed or agent.asleep_until)


def _silent(live: Live, judge: Judge) -> Alert:
    return judge.fact(rules.SILENT, _seconds(live.now, live.last_sign), note=live.reason, scale=_MINUTE)


def _seconds(now: datetime, since: datetime | None) -> float:
    return max(0.0, (now - since).total_seconds()) if since else 0.0
