"""When an agent of a batch had nothing to do although a ticket of it was not begun. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from ci_factory.metrics.sample import Work


class Pause(NamedTuple):
    """One such time."""

    seconds: float
    agent: str
    batch: str
    since: float


def pauses(work: Iterable[Work]) -> list[Pause]:
    """All of them, the longest first: from an end of the agent's work to its next start, or to the batch's last start."""
    nights: dict[tuple[str, str], list[Work]] = defaultdict(list)
    for each in work:
        if each.worked:
            nights[each.project, each.batch].append(each)
    found = [pause for rows in nights.values() for pause in _of_night(rows)]
    return sorted(found, key=lambda each: (-each.seconds, each.batch, each.agent))


def _of_night(rows: Sequence[Work]) -> Iterator[Pause]:
    """An agent with several lanes is idle only when all of them are."""
    last = max(each.started for each in rows)
    agents: dict[str, list[Work]] = defaultdict(list)
    for each in sorted(rows, key=lambda each: each.started):
        agents[each.agent].append(each)
    for agent, mine in agents.items():
        busy_until = mine[0].finished
        for each in mine[1:]:
            if each.started > busy_until:
                yield Pause(each.started - busy_until, agent, each.batch, busy_until)
            busy_until = max(busy_until, each.finished)
        if last > busy_until:
            yield Pause(last - busy_until, agent, mine[0].batch, busy_until)
