"""What is true of a made history, counted from the lives themselves: the definitions of METRICS in plain Python.

Nothing is read from a forge or a store, and no formula is shared with the product. Waiting curves are kept as exact
fractions; times are seconds.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction

from tests.metrics.truth.papers import SECONDS, clashing
from tests.metrics.truth.world import BOT, LANES, SCANNER, Life

MATURITY, DEFECT, CHURN = timedelta(days=14), timedelta(days=30), timedelta(days=21)
GAP, LEAD = timedelta(minutes=30), timedelta(minutes=5)
BY_HAND = {"trivial": (0.2, 1), "small": (0.5, 4), "medium": (2, 16), "large": (8, 40)}
DAYS = (1, 3, 7, 14)
LOOKS = frozenset({"note", "request", "approve"})
"""What shows that a person has looked at a change."""
TRACES = frozenset({*LOOKS, "ready", "merge", "close"})
"""What a person leaves behind who worked on a merge request."""
Known = dict[str, tuple[float | None, int]]
"""Name of a figure, with its label if it has one, -> value and number of observations."""


@dataclass(frozen=True)
class Fate:
    """What is true of one merge request."""

    life: Life
    created: datetime
    ready: datetime | None
    looked: datetime | None
    """A person looked at it first."""
    approved: datetime | None
    """An approval, or else the merge."""
    approver: str | None
    merged: datetime | None
    closed: datetime | None
    versions: int
    """Different patches; a rebase alone makes no new one."""
    reworked: bool
    reworked_lines: int
    spent: timedelta | None
    """By people."""
    recorded: bool
    score: float
    reverted: datetime | None
    defect: datetime | None

    @property
    def ended(self) -> datetime | None:
        """Merged or closed."""
        return self.merged or self.closed


def fates(lives: Iterable[Life]) -> list[Fate]:
    """Every merge request's."""
    return [_fate(life) for life in lives if life.iid]


def _fate(life: Life) -> Fate:
    created, merged = life.when("publish"), life.when("merge")
    assert created is not None
    human = [act for act in life.acts if act.who not in {BOT, SCANNER}]
    looked = next((act.at for act in human if act.what in LOOKS), None)
    pushes = [act for act in life.acts if act.what == "push" and looked is not None and act.at > looked]
    spent = [act.count for act in life.acts if act.what == "spend"]
    broken = [at for at in (life.when("revert"), life.when("bug")) if at]
    approval = _standing(life)
    return Fate(
        life=life,
        created=created,
        ready=created if life.passes else life.when("ready"),
        looked=looked,
        approved=approval[0] if approval else merged,
        approver=approval[1] if approval else None,
        merged=merged,
        closed=life.when("close"),
        versions=sum(act.what in {"publish", "push"} for act in life.acts),
        reworked=bool(pushes),
        reworked_lines=sum(2 * act.count for act in pushes),
        spent=timedelta(seconds=sum(spent)) if spent else _sessions(human),
        recorded=bool(spent),
        score=life.score if life.when("rescore") is None else life.rescored or 0,
        reverted=life.when("revert"),
        defect=min(broken, default=None),
    )


def _standing(life: Life) -> tuple[datetime, str] | None:
    """The first approval that its giver has not taken back by asking for changes."""
    given: dict[str, datetime] = {}
    for act in life.acts:
        if act.what == "request":
            given.pop(act.who, None)
        if act.what == "approve":
            given[act.who] = act.at
    return min(((at, who) for who, at in given.items()), default=None)


def _sessions(human: Sequence) -> timedelta | None:  # type: ignore[type-arg] # acts
    """A trace after a long pause began LEAD before it; after a short one the pause was work."""
    last: dict[str, datetime] = {}
    total = timedelta()
    for act in human:
        if act.what in TRACES:
            pause = act.at - last[act.who] if act.who in last else None
            total += pause if pause is not None and pause <= GAP else LEAD
            last[act.who] = act.at
    return total if last else None


# Waiting


Span = tuple[timedelta, str]
"""How long, and how that ended: "" where it had not."""


def span(start: datetime, ends: Sequence[tuple[datetime | None, str]], until: datetime) -> Span:
    """Until the first of these that came; a censored end has no name."""
    came = sorted((at, place, name) for place, (at, name) in enumerate(ends) if at is not None)
    at, _, name = came[0] if came else (until, 0, "")
    return max(timedelta(), at - start), name


def still_waiting(spans: Iterable[Span], ends: set[str]) -> list[tuple[timedelta, Fraction]]:
    """The share still waiting after each moment at which one of `ends` came, others being censored."""
    left = sorted(spans, key=lambda each: each[0])
    share, found = Fraction(1), []
    while left:
        moment = left[0][0]
        now = [each for each in left if each[0] == moment]
        came = sum(name in ends for _, name in now)
        if came:
            share *= Fraction(len(left) - came, len(left))
            found.append((moment, share))
        left = left[len(now) :]
    return found


def quantile(spans: Sequence[Span], end: str, share: Fraction = Fraction(1, 2)) -> float | None:
    """The first moment by which at least `share` came to `end`, in seconds."""
    return next(
        (at.total_seconds() for at, waiting in still_waiting(spans, {end}) if 1 - waiting >= share), None
    )


def came_by(spans: Sequence[Span], end: str, age: timedelta) -> float | None:
    """The share that came to `end` by an age, other ends competing; unknown when some wait and nobody was watched that long."""
    waits = any(not name and seconds < age for seconds, name in spans)
    if not spans or (waits and not any(seconds >= age for seconds, _ in spans)):
        return None
    waiting = dict(still_waiting(spans, {name for _, name in spans if name}))
    before, total = Fraction(1), Fraction(0)
    for moment, after in waiting.items():
        at_risk = sum(seconds >= moment for seconds, _ in spans)
        if moment <= age:
            total += before * Fraction(sum(each == (moment, end) for each in spans), at_risk)
        before = after
    return float(total)


# Figures


def figures(lives: Sequence[Life], now: datetime) -> Known:
    """Every figure by its name in the product's report."""
    known = fates(lives)
    return (
        _throughput(known, now)
        | _quality(known, now)
        | _times(lives, known, now)
        | _costs(lives, known)
        | _work(lives, now)
        | _gates(known)
    )


def _throughput(known: list[Fate], now: datetime) -> Known:
    fresh = [each for each in known if each.merged and now - timedelta(days=7) < each.merged <= now]
    lines = sum(each.life.added - each.life.removed for each in fresh)
    return {"tickets_per_week": (len(fresh), len(known)), "lines_per_week": (lines, len(known))}


def _share(cases: Iterable[Fate], hit: Callable[[Fate], bool]) -> tuple[float | None, int]:
    found = [hit(each) for each in cases]
    return (sum(found) / len(found) if found else None), len(found)


def _ratio(pairs: Sequence[tuple[float, float]]) -> tuple[float | None, int]:
    below = sum(pair[1] for pair in pairs)
    return (sum(pair[0] for pair in pairs) / below if below else None), len(pairs)


def _median(values: Iterable[float]) -> tuple[float | None, int]:
    ordered = sorted(values)
    count = len(ordered)
    return ((ordered[(count - 1) // 2] + ordered[count // 2]) / 2 if count else None), count


def _quality(known: list[Fate], now: datetime) -> Known:
    decided = [each for each in known if each.ended]
    merged = [each for each in known if each.merged]
    mature = [
        each
        for each in known
        if each.created + MATURITY <= now and each.ended and each.ended <= each.created + MATURITY
    ]
    old = [each for each in merged if each.merged and now - each.merged >= DEFECT]
    scores = [each.score for each in known]
    ages = [span(each.created, ((each.merged, "merged"), (each.closed, "closed")), now) for each in known]
    return {
        "acceptance_rate": _share(mature, lambda each: each.merged is not None),
        "first_pass_approval": _share(decided, lambda each: each.approved is not None and not each.reworked),
        "rework_ratio": _share(decided, lambda each: each.reworked),
        "reworked_lines_ratio": _ratio(
            [(each.reworked_lines, each.life.added + each.life.removed) for each in decided]
        ),
        "churn_ratio": _ratio(
            [(churned(each), each.life.added) for each in merged if _old(each, now, CHURN)]
        ),
        "post_merge_defects": _share(old, lambda each: within(each.defect, each.merged, DEFECT)),
        "score_mean": (sum(scores) / len(scores) if scores else None, len(scores)),
        "score_median": _median(scores),
    } | {f"merged_by_day/{day}": (came_by(ages, "merged", timedelta(days=day)), len(known)) for day in DAYS}


def _old(fate: Fate, now: datetime, age: timedelta) -> bool:
    return fate.merged is not None and now - fate.merged >= age


def within(at: datetime | None, start: datetime | None, age: timedelta) -> bool:
    """Whether something came, and soon enough."""
    return at is not None and start is not None and at - start <= age


def churned(fate: Fate) -> int:
    """Lines that were gone or changed in the weeks after the merge."""
    if within(fate.reverted, fate.merged, CHURN):
        return fate.life.added
    return sum(
        act.count for act in fate.life.acts if act.what == "edit" and within(act.at, fate.merged, CHURN)
    )


def _times(lives: Sequence[Life], known: list[Fate], now: datetime) -> Known:
    of = {each.life.key: each for each in known}
    first, cycle = [], []
    for life in lives:
        triggered, fate = life.when("trigger"), of.get(life.key)
        if triggered is not None:
            first.append(span(triggered, ((fate.created if fate else None, "there"),), now))
            cycle.append(span(triggered, ((fate.merged if fate else None, "there"),), now))
    waits: dict[str, list[Span]] = {"pickup_time": [], "review_time": [], "time_to_merge": []}
    for each in known:
        if each.ready is not None:
            closed = (each.closed, "")
            ends = {
                "pickup_time": ((each.looked, "there"), (each.merged, "there"), closed),
                "review_time": ((each.approved, "there"), (each.closed, "there")),
                "time_to_merge": ((each.merged, "there"), closed),
            }
            for name, spans in waits.items():
                spans.append(span(each.ready, ends[name], now))
    waits |= {"time_to_first_mr": first, "cycle_time": cycle}
    found: Known = {name: (quantile(spans, "there"), len(spans)) for name, spans in waits.items()}
    slow = quantile(waits["time_to_merge"], "there", Fraction(9, 10))
    return found | {"time_to_merge_p90": (slow, len(waits["time_to_merge"]))}


def _costs(lives: Sequence[Life], known: list[Fate]) -> Known:
    merged = [each for each in known if each.merged]
    decided = [each for each in known if each.ended]
    timed = [each for each in decided if each.spent is not None]
    minutes = _median(each.spent / timedelta(minutes=1) for each in timed if each.spent is not None)
    costs = [life.cost for life in lives]
    total = None if None in costs else sum(cost for cost in costs if cost is not None)
    lines = sum(each.life.added - each.life.removed for each in merged)

    def per(count: int) -> float | None:
        return total / count if total is not None and count else None

    return {
        "human_minutes_per_mr": minutes,
        "cost_per_ticket": (per(len(lives)), len(lives)),
        "cost_per_accepted_mr": (per(len(merged)), len(merged)),
        "cost_per_merged_line": (per(lines), len(merged)),
        "hours_saved": (None, sum(each.merged is not None for each in timed)),
    }


def hours_saved(known: Iterable[Fate]) -> tuple[float, float]:
    """The range: what merged changes would have taken, less what people spent on all that is decided."""
    timed = [each for each in known if each.ended and each.spent is not None]
    spent = sum((each.spent for each in timed if each.spent), timedelta()) / timedelta(hours=1)
    low, high = (sum(BY_HAND[each.life.size][end] for each in timed if each.merged) for end in (0, 1))
    return low - spent, high - spent


def _work(lives: Sequence[Life], now: datetime) -> Known:
    count = len(lives)
    asked = [life for life in lives if life.ending == "escalated"]
    waits = [span(life.finished, ((life.when("answer"), "there"),), now) for life in asked]
    nights: dict[str, list[Life]] = {}
    for life in lives:
        nights.setdefault(life.batch, []).append(life)
    hits, pairs = (
        (sum(each) for each in zip(*(clashes(own) for own in nights.values()), strict=True))
        if nights
        else (0, 0)
    )
    return {
        "escalation_rate": (len(asked) / count if count else None, count),
        "no_change_rate": (
            sum(life.ending == "no-change" for life in lives) / count if count else None,
            count,
        ),
        "escalation_wait": (quantile(waits, "there"), len(waits)),
        "utilisation": _ratio([_busy(own) for own in nights.values()]),
        "iterations": _median(life.rounds for life in lives),
        "conflict_rate": (hits / pairs if pairs else None, pairs),
    }


def _busy(own: list[Life]) -> tuple[float, float]:
    busy = sum((life.finished - life.started for life in own), timedelta()) / timedelta(seconds=1)
    window = max(life.finished for life in own) - min(life.started for life in own)
    return busy, LANES * (window / timedelta(seconds=1))


def clashes(own: Sequence[Life]) -> tuple[int, int]:
    """(pairs that do not merge, pairs) of a night that has merge requests."""
    there = [life for life in own if life.iid]
    pairs = [(one, other) for place, one in enumerate(there) for other in there[place + 1 :]]
    return sum(clashing(*pair) for pair in pairs), len(pairs)


def _gates(known: list[Fate]) -> Known:
    found: Known = {}
    names = list(known[0].life.gates) if known else []
    for name in names:
        passed = [each.life.gates[name] for each in known]
        first = [each.life.gates[name] and each.life.rounds == 1 for each in known]
        found[f"gate_pass_rate/{name}"] = (sum(passed) / len(passed), len(passed))
        found[f"gate_first_pass_rate/{name}"] = (sum(first) / len(first), len(first))
        found[f"gate_seconds/{name}"] = (SECONDS[name], len(passed))
    return found
