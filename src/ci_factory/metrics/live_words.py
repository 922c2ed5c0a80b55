"""How the state of a night is put into words, the same on the terminal and on the page."""

from collections.abc import Sequence
from datetime import datetime

from ci_factory.metrics import words
from ci_factory.metrics.alerts import Alert, Level
from ci_factory.metrics.live import Conflicts, Live, LiveTicket, NightState, Sleeper, TicketState, Used
from ci_factory.metrics.night import READY

SIGNS = {Level.OK: "✓", Level.WATCH: "!", Level.ALERT: "✕", Level.UNKNOWN: "–"}
LEVELS = {Level.OK: "ok", Level.WATCH: "watch", Level.ALERT: "ALERT", Level.UNKNOWN: "can't tell"}
_THOUSAND = 1000
_NAMED = 3


def headline(live: Live) -> str:
    """The night in one sentence."""
    whole, ended = len(live.tickets), len(live.in_state(TicketState.ENDED))
    if not whole:
        return "The plan took no ticket in."
    done = f"{ended} of {words.count(whole, 'ticket')} ended" if whole > 1 else _only(live.tickets[0])
    match live.state:
        case NightState.PLANNED:
            return f"Planned: {words.count(whole, 'ticket')}, none started yet."
        case NightState.RUNNING:
            busy = sum(ticket.state.at_work for ticket in live.tickets)
            return f"Running: {done}, {busy} at work."
        case NightState.STOPPED:
            return f"Stopped: {done}; it goes on when it is started again."
        case NightState.ABORTED:
            return f"Ended early: {done}."
        case _:
            ready = sum(ticket.outcome in READY for ticket in live.tickets)
            return f"Over: {ready} of {words.count(whole, 'ticket')} passed the gates."


def _only(ticket: LiveTicket) -> str:
    word = ticket.outcome.value if ticket.outcome else ticket.state.value
    return f"the only ticket is {word}"


def ends(live: Live) -> str:
    """`about 21:40, between 20:50 and 23:10 UTC (by first guesses); the window closes at 06:00 UTC`."""
    found = live.expected_end
    closes = f"; the window closes at {clock(live.window_ends, live.now)} UTC" if live.window_ends else ""
    if found is None:
        return f"{words.UNKNOWN}{closes}"
    early, middle, late = (clock(at, live.now) for at in (found.early, found.middle, found.late))
    return f"about {middle}, between {early} and {late} UTC (by {found.basis}){closes}"


def queue(live: Live) -> str:
    """What waits for review, as of when."""
    found = live.queue
    if found is None:
        return "unknown; ci-factory review makes the queue"
    late = f", {found.late} late" if found.late else ""
    nobody = f", {found.unassigned} without a reviewer" if found.unassigned else ""
    items = words.count(found.items, "item")
    return f"{items}, about {found.minutes} min{late}{nobody}, as of {clock(found.made_at, live.now)} UTC"


def together(found: Conflicts) -> str:
    """`3 of 28 pairs do not merge (T-1 with T-4, …); T-2, T-3 break tests together`."""
    pairs = "; ".join(" with ".join(pair) for pair in found.conflicting[:_NAMED])
    more = "; …" if len(found.conflicting) > _NAMED else ""
    said = [
        f"{len(found.conflicting)} of {words.count(found.pairs, 'pair')} do not merge{f' ({pairs}{more})' if pairs else ''}"
    ]
    said += [f"{', '.join(group)} break tests together" for group in found.breaking[:_NAMED]]
    return "; ".join(said)


def sleeps(sleeper: Sleeper, now: datetime) -> str:
    """Which credential, until when, of whom."""
    whose = f", of {', '.join(sleeper.agents)}" if sleeper.agents else ""
    return f"credential {sleeper.credential} sleeps until {clock(sleeper.until, now)} UTC (quota){whose}"


def counted(alerts: Sequence[Alert]) -> str:
    """`1 alert, 2 to watch, 4 ok, 3 can't be told yet (utilisation, …)`."""
    names = {level: [alert.name for alert in alerts if alert.level is level] for level in Level}
    raised = [
        words.count(len(names[Level.ALERT]), "alert") if names[Level.ALERT] else "",
        f"{len(names[Level.WATCH])} to watch" if names[Level.WATCH] else "",
    ]
    unknown = names[Level.UNKNOWN]
    untold = f"{len(unknown)} can't be told ({', '.join(unknown).lower()})" if unknown else ""
    return ", ".join(
        filter(None, (*(raised if any(raised) else ["none"]), f"{len(names[Level.OK])} ok", untold))
    )


def clock(at: datetime, now: datetime) -> str:
    """The time, with the day where it is another one."""
    return f"{at:%H:%M}" if at.date() == now.date() else f"{at:%Y-%m-%d %H:%M}"


def money(used: Used) -> str:
    """`at least 4.10 USD`, `unknown`."""
    if used.cost_usd is None:
        return words.UNKNOWN
    return f"{'at least ' if used.at_least else ''}{used.cost_usd:.2f} USD"


def tokens(used: Used) -> str:
    """`at least 3.2 M tokens`, `unknown`."""
    if used.tokens is None:
        return words.UNKNOWN
    return f"{'at least ' if used.at_least else ''}{_large(used.tokens)} tokens"


def _large(number: int) -> str:
    if number < _THOUSAND:
        return str(number)
    for unit in ("k", "M"):
        scaled = number / _THOUSAND if unit == "k" else number / _THOUSAND**2
        if scaled < _THOUSAND or unit == "M":
            return f"{scaled:.1f}".removesuffix(".0") + f" {unit}"
    raise AssertionError  # pragma: no cover - the last unit always fits


def spent(live: Live) -> str:
    """What was spent, and of how much."""
    used, limit = live.budget.used, live.budget.limit_usd
    of = f" of {limit:.2f} USD" if limit is not None else ""
    if used.cost_usd is None and used.tokens is None:
        return f"unknown{of}: nobody told so far"
    return f"{money(used)}{of}, {tokens(used)}"


def lasted(live: Live) -> str:
    """When it began, and how long ago or how long it took."""
    if live.started_at is None:
        return f"planned {words.moment(live.planned_at)}"
    if live.ended_at is not None:
        took = (live.ended_at - live.started_at).total_seconds()
        return f"{live.started_at:%Y-%m-%d %H:%M} to {clock(live.ended_at, live.started_at)} UTC ({words.span(max(0.0, took))})"
    return f"since {words.moment(live.started_at)} ({ago(live.started_at, live.now)})"


def ago(at: datetime | None, now: datetime) -> str:
    """How long something has lasted: `12 min`; empty when its start is unknown."""
    return words.span(max(0.0, (now - at).total_seconds())) if at is not None else ""


def state_of(ticket: LiveTicket) -> str:
    """The word for where a ticket is."""
    return ticket.outcome.value if ticket.outcome is not None else ticket.state.value


def progress(ticket: LiveTicket) -> str:
    """How far it is: `C1 passed, round 2`."""
    rounds = f"round {ticket.round}" if ticket.round > 1 else ""
    starts = f"start {ticket.start}" if ticket.start > 1 else ""
    checkpoint = "" if ticket.checkpoint.endswith("not-applicable") else ticket.checkpoint
    return ", ".join(filter(None, (checkpoint, rounds, starts)))


def duration(ticket: LiveTicket, now: datetime) -> str:
    """How long it has been at work, or took; of one that has not begun, what is expected: `~8 min`."""
    if ticket.started_at is None:
        return f"~{ticket.expected_minutes:.0f} min" if ticket.expected_minutes else ""
    return ago(ticket.started_at, ticket.ended_at or now)


def value_of(alert: Alert) -> str:
    """The figure of an alert, with its interval."""
    if alert.value is None:
        return words.UNKNOWN
    value = words.amount(alert.value, alert.unit)
    if alert.interval is None:
        return value
    return f"{value} ({words.interval_of(alert.interval, alert.unit)})"
