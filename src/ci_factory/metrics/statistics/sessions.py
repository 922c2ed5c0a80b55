"""How long people were at it, guessed from the moments at which they left a trace.

As version-control time estimates do: what one person does with short pauses is one session, and each session began some
time before its first trace. An estimate: thinking that leaves no trace is not seen.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from itertools import pairwise


def minutes(moments_by_person: Mapping[str, Iterable[datetime]], gap: float, lead: float) -> float:
    """Minutes of all people together.

    Args:
        moments_by_person: when each person did something, in any order.
        gap: minutes; a longer pause begins a new session.
        lead: minutes that a session took before its first trace.
    """
    return sum(_one(sorted(moments), gap, lead) for moments in moments_by_person.values())


def _one(moments: list[datetime], gap: float, lead: float) -> float:
    if not moments:
        return 0.0
    pauses = [(after - before) / timedelta(minutes=1) for before, after in pairwise(moments)]
    return lead + sum(pause if pause <= gap else lead for pause in pauses)
