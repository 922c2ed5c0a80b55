"""Looking in turn: whatever changes, however its time stamp lies, it is found after as many runs as there are pages."""

from dataclasses import dataclass, field, replace
from typing import cast

from hypothesis import given, settings
from hypothesis import strategies as st

from ci_factory.forge.protocol import Forge
from ci_factory.metrics.collecting.looking import Known, Look
from ci_factory.model.collecting import Glimpse, Glimpses, Order, Wanted
from ci_factory.model.forge import NoteTarget

PAGE = 3
CHANGES = ("touch", "silent", "back", "ahead", "close", "delete", "add")


@dataclass(frozen=True)
class Thing:
    updated: int
    version: int = 0
    opened: bool = True
    quiet: bool = False
    """Whether a list does not tell what was said."""


@dataclass
class Lists:
    """Lists as a server keeps them, three things to a page; the clock is whatever somebody sets it to."""

    things: dict[int, Thing] = field(default_factory=dict)
    asked: int = 0

    def glimpse(self, wanted: Wanted) -> Glimpses:
        self.asked += 1
        chosen = [
            (number, thing)
            for number, thing in sorted(self.things.items())
            if (thing.opened or not wanted.opened_only) and (not wanted.ids or str(number) in wanted.ids)
        ]
        if wanted.order is Order.UPDATED:
            chosen.sort(key=lambda each: -each[1].updated)
            begin = int(wanted.after or 0)
            page, after = chosen[begin : begin + PAGE], begin + PAGE
            more = str(after) if len(chosen) > after else None
        else:
            rest = [each for each in chosen if each[0] > int(wanted.after or 0)]
            page = rest[:PAGE]
            more = str(page[-1][0]) if len(rest) > PAGE else None
        return Glimpses(items=tuple(_glimpse(*each) for each in page), after=more)

    def change(self, what: str, which: int, clock: int) -> None:
        """Something happens at some moment of the server's clock."""
        if what == "add" or not self.things:
            self.things[max(self.things, default=0) + 1] = Thing(clock)
            return
        number = sorted(self.things)[which % len(self.things)]
        thing = self.things[number]
        if what == "delete":
            del self.things[number]
            return
        moved = {"silent": thing.updated, "back": 0, "ahead": 10_000}.get(what, clock)
        opened = thing.opened and what != "close"
        self.things[number] = replace(thing, updated=moved, version=thing.version + 1, opened=opened)


def _glimpse(number: int, thing: Thing) -> Glimpse:
    said = None if thing.quiet else str(thing.version)
    return Glimpse(id=str(number), shown=f"{thing.opened}", said=said)


@dataclass
class Collector:
    """What a collector keeps: the version that it read of each thing, and its marks."""

    lists: Lists
    read: dict[int, Thing] = field(default_factory=dict)
    marks: dict[str, str] = field(default_factory=dict)

    def run(self) -> Look:
        known = Known(
            {str(number) for number in self.read},
            {str(number) for number, thing in self.read.items() if thing.opened},
        )
        look = Look(cast("Forge", self.lists), NoteTarget.MERGE_REQUEST, known, self.marks)
        if self.read:
            look.a_part()
        else:
            look.everything()
        for each in look.changed:
            self.read[int(each)] = self.lists.things[int(each)]
        for each in look.gone:
            del self.read[int(each)]
        self.marks = {name: mark for name, mark in {**self.marks, **look.noted()}.items() if mark}
        return look


def versions(things: dict[int, Thing]) -> dict[int, tuple[int, bool]]:
    return {number: (thing.version, thing.opened) for number, thing in things.items()}


@settings(max_examples=150, deadline=None)
@given(
    opened=st.lists(st.booleans(), max_size=14),
    changes=st.lists(st.tuples(st.sampled_from(CHANGES), st.integers(0, 99)), max_size=8),
    between=st.booleans(),
)
def test_everything_is_found_in_turn(
    opened: list[bool], changes: list[tuple[str, int]], between: bool
) -> None:
    """Edits that move no time stamp, clocks set back and ahead, closings, deletions, new ones: nothing stays unseen."""
    lists = Lists({number: Thing(number, opened=each) for number, each in enumerate(opened, 1)})
    collector = Collector(lists)
    collector.run()
    for clock, (what, which) in enumerate(changes, 100):
        lists.change(what, which, clock)
        if between:
            collector.run()
    for _ in range((len(lists.things) + len(changes)) // PAGE + 2):
        collector.run()
    assert versions(collector.read) == versions(lists.things)


@settings(max_examples=50, deadline=None)
@given(count=st.integers(1, 40), runs=st.integers(1, 20))
def test_a_run_with_nothing_new_looks_at_three_pages(count: int, runs: int) -> None:
    """Wherever the turn has come to, nothing is read, and no more than three pages are asked for."""
    lists = Lists({number: Thing(number, opened=number % 2 == 0) for number in range(1, count + 1)})
    collector = Collector(lists)
    collector.run()
    for _ in range(runs):
        lists.asked = 0
        assert not collector.run().changed
        assert lists.asked <= 3


def test_what_a_list_does_not_tell_is_read_in_turn() -> None:
    """A thing whose words no list shows is not read for each update of others, and is read when its turn comes."""
    lists = Lists({number: Thing(number, quiet=True) for number in range(1, 8)})
    collector = Collector(lists)
    collector.run()
    read = [sorted(map(int, collector.run().changed)) for _ in range(3)]
    assert set().union(*read) == set(lists.things)
    assert max(map(len, read)) < len(lists.things)
