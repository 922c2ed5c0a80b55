"""In which order to merge, and what to do with what does not fit. Pure.

A change stands behind the one that it is built on. Of two that conflict, the one with the higher priority comes first, the
smaller one where that is equal, the one that the review queue has first where that is equal too; the other is to be made
again on top. Apart from that it is the review queue's order.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from ci_factory.model.gate import Verdict
from ci_factory.model.merge_truth import Advice, Breaking, Clash, OrderLine, TriedChange

_SHOWN = 3


def suggested(changes: Sequence[TriedChange], clashes: Iterable[Clash]) -> list[TriedChange]:
    """Changes, given in the review queue's order, in the order in which to merge them."""
    return arranged(changes, preferences(changes, clashes))


def lines(
    changes: Sequence[TriedChange], clashes: Sequence[Clash], breaking: Sequence[Breaking]
) -> tuple[OrderLine, ...]:
    """What to do with each change, and why, in the suggested order; `changes` are given in the review queue's."""
    preferred = preferences(changes, clashes)
    queue = [each.merge_request for each in changes]
    return Advisor(arranged(changes, preferred), queue, clashes, preferred, breaking).lines()


@dataclass(frozen=True)
class Preference:
    """Which of two conflicting changes comes first, and why."""

    first: int
    second: int
    reason: str


def preferences(changes: Sequence[TriedChange], clashes: Iterable[Clash]) -> list[Preference]:
    """Of every pair in conflict that people have to look at, which one comes first."""
    by_number = {each.merge_request: (place, each) for place, each in enumerate(changes)}
    direct = (clash for clash in clashes if clash.through is None)
    return [_prefer(by_number[clash.first], by_number[clash.second]) for clash in direct]


def arranged(changes: Sequence[TriedChange], preferred: Iterable[Preference]) -> list[TriedChange]:
    """The review queue's order, but for stacks and preferences. Where these contradict each other, stacks win."""
    after: defaultdict[int, set[int]] = defaultdict(set)
    for each in preferred:
        after[each.second].add(each.first)
    waiting, placed = list(changes), set[int]()
    here = {each.merge_request for each in changes}
    found: list[TriedChange] = []
    while waiting:
        free = [each for each in waiting if each.below not in here - placed]
        chosen = next((each for each in free if after[each.merge_request] <= placed), None)
        chosen = chosen or (free or waiting)[0]
        waiting.remove(chosen)
        placed.add(chosen.merge_request)
        found.append(chosen)
    return found


@dataclass
class Advisor:
    """Says of each change what to do with it, and why it stands where it stands."""

    changes: Sequence[TriedChange]
    """In the suggested order."""
    queue: Sequence[int]
    """In that of the review queue."""
    clashes: Sequence[Clash]
    preferred: Sequence[Preference]
    breaking: Sequence[Breaking]
    _lost: set[int] = field(default_factory=set)
    """Changes that have to be made again before they can be merged."""

    def lines(self) -> tuple[OrderLine, ...]:
        """One line for each change."""
        return tuple(self._line(place, each) for place, each in enumerate(self.changes, start=1))

    def _line(self, place: int, change: TriedChange) -> OrderLine:
        advice, reason = self._advice(change)
        if advice is not Advice.MERGE:
            self._lost.add(change.merge_request)
        return OrderLine(
            place=place,
            merge_request=change.merge_request,
            ticket_id=change.ticket_id,
            advice=advice,
            reason=reason[:1000],
        )

    def _advice(self, change: TriedChange) -> tuple[Advice, str]:
        if obstacle := self._obstacle(change):
            return Advice.REBASE, obstacle
        if change.verdict is not Verdict.PASS:
            said = change.verdict.value if change.verdict else "unknown"
            return Advice.WAIT, f"the verdict of its own gates is {said}"
        if before := self._beaten(change.merge_request):
            return Advice.REBASE, before
        last = (each for each in self.breaking if each.changes[-1:] == (change.merge_request,))
        if broken := next(last, None):
            return Advice.ADAPT, _breaks(broken)
        return Advice.MERGE, self._why_here(change)

    def _obstacle(self, change: TriedChange) -> str:
        """Why it can't be merged whatever comes before it; empty when it can."""
        if change.problem:
            return f"it could not be tried: {change.problem}"
        if change.conflicts:
            return f"it conflicts with the target branch in {_named(change.conflicts)}"
        if change.below in self._lost:
            return f"it is built on !{change.below}, which has to be settled first"
        return ""

    def _beaten(self, number: int) -> str:
        """Why it comes after a change that it conflicts with; empty when all of those have to wait themselves."""
        before = [each for each in self._of.get(number, ()) if self._stands(each, number)]
        if not before:
            return ""
        others = ", ".join(f"!{min(each.pair - {number})}" for each in before[:_SHOWN])
        said = f"after {others}: both change {_named(before[0].files)}"
        why = next(
            (each.reason for each in self.preferred if {each.first, each.second} == before[0].pair), ""
        )
        return f"{said}; {why}" if why else said

    def _stands(self, clash: Clash, number: int) -> bool:
        other = min(clash.pair - {number})
        return other not in self._lost and self._places[other] < self._places[number]

    @cached_property
    def _places(self) -> dict[int, int]:
        return {each.merge_request: place for place, each in enumerate(self.changes)}

    @cached_property
    def _of(self) -> dict[int, list[Clash]]:
        found = defaultdict(list)
        for clash in self.clashes:
            for number in clash.pair:
                found[number].append(clash)
        return found

    def _why_here(self, change: TriedChange) -> str:
        number = change.merge_request
        said = f"place {self.queue.index(number) + 1} of the review queue"
        built = [f"after !{change.below}, which it is built on"] if change.below in self.queue else []
        won = [f"before !{each.second}: {each.reason}" for each in self.preferred if each.first == number]
        return "; ".join([*built, *won[:_SHOWN], said])


def _prefer(one: tuple[int, TriedChange], other: tuple[int, TriedChange]) -> Preference:
    (_, first), (_, second) = sorted((one, other), key=_worth)
    return Preference(first.merge_request, second.merge_request, _why(first, second))


def _worth(row: tuple[int, TriedChange]) -> tuple[bool, int, int, int]:
    place, change = row
    return change.verdict is not Verdict.PASS, -change.priority.rank, change.lines, place


def _why(first: TriedChange, second: TriedChange) -> str:
    if (first.verdict is Verdict.PASS) != (second.verdict is Verdict.PASS):
        return "its gates passed, the other's did not"
    if first.priority is not second.priority:
        return f"priority {first.priority.value} before {second.priority.value}"
    if first.lines != second.lines:
        return f"equal priority, and {first.lines} lines before {second.lines}"
    return "equal priority and size, and the review queue's order"


def _breaks(broken: Breaking) -> str:
    others = " and ".join(f"!{each}" for each in broken.changes[:-1])
    tests = f"{_named(broken.tests)} {'fails' if len(broken.tests) == 1 else 'fail'}"
    if not others:
        return f"{tests} with what the target branch has by now"
    return f"together with {others} {tests}"


def _named(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"{', '.join(names[:_SHOWN])}{more}"
