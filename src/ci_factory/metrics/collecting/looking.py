"""What has to be read again: what looks different from the last time, wherever it stands. Keeps nothing but short hashes.

A filter by time of update misses things (a clock that was set back, two changes in one second, an edited or deleted note,
a label that is no more), so nothing is filtered by time. Each run looks at

- the newest updates, until a whole page of them looks as it was known;
- what is open, a page in each run, in turns where there are more;
- one page of everything, in order of creation, going on where the last run ended;
- what was known and not seen where it should have been: it was closed, lost its labels, or is gone.

So after as many runs as there are pages everything was looked at again. A complete pass looks at all of it at once.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from itertools import islice

from ci_factory.forge.protocol import Forge
from ci_factory.model.collecting import Glimpse, Glimpses, Order, Wanted
from ci_factory.model.forge import NoteTarget

_IDS = 50
"""Asked for by name at once."""
_WORDS = {NoteTarget.ISSUE: "issue", NoteTarget.MERGE_REQUEST: "mr"}
Marks = Mapping[str, str]


@dataclass(frozen=True)
class Known:
    """What is known of one kind of things."""

    ids: AbstractSet[str] = frozenset()
    opened: AbstractSet[str] = frozenset()
    """Those that were open when they were read."""


@dataclass
class Look:
    """One run's look at one kind of things."""

    forge: Forge
    target: NoteTarget
    known: Known
    marks: Marks
    labels: tuple[str, ...] = ()
    """Issues of interest carry one of these."""
    again: bool = False
    """Whether everything is read again, however it looks."""
    seen: dict[str, Glimpse] = field(default_factory=dict)
    changed: dict[str, None] = field(default_factory=dict)
    """In the order in which they were found."""
    gone: set[str] = field(default_factory=set)
    _missed: set[str] = field(default_factory=set)
    _places: dict[str, str] = field(default_factory=dict)

    def everything(self) -> None:
        """A complete pass."""
        after = None
        while True:
            page = self._page(after=after)
            self._take(page, thorough=True)
            if (after := page.after) is None:
                break
        self._missed |= self.known.ids - self.seen.keys()
        self._look_for_missed()

    def a_part(self) -> None:
        """A run as on any day."""
        if self._newest():
            self._missed |= self.known.ids
            self._look_for_missed()
            return
        self._in_turn("opened", self.known.opened, opened_only=True)
        self._in_turn("all", self.known.ids, opened_only=False)
        self._look_for_missed()

    def these(self, ids: Iterable[str]) -> None:
        """Look at some by name; those that do not exist are passed over."""
        for page in self._named(sorted(set(ids) - self.seen.keys())):
            self._take(page, thorough=True)

    def noted(self) -> dict[str, str]:
        """Marks to be kept once what is changed was read and saved; an empty one is none."""
        word = _WORDS[self.target]
        found = {f"{word}/{each}": _mark(glimpse) for each, glimpse in self.seen.items()}
        found |= {f"{word}/{each}": "" for each in self.gone}
        return found | {f"at/{word}/{name}": place for name, place in self._places.items()}

    def _page(self, **wanted: object) -> Glimpses:
        asked = {"target": self.target, "labels": self.labels, **wanted}
        return self.forge.glimpse(Wanted.model_validate(asked))

    def _newest(self) -> bool:
        """The newest updates; whether that was everything, and nothing was left unsure."""
        after, sure = None, True
        while True:
            page = self._page(order=Order.UPDATED, after=after)
            fresh = self._take(page, thorough=False)
            sure = sure and all(each.said is not None for each in page.items)
            if (after := page.after) is None:
                return sure
            if not fresh:
                return False

    def _in_turn(self, name: str, expected: AbstractSet[str], *, opened_only: bool) -> None:
        """The next page in order of creation, and which of the known ones it should have had."""
        last, _, place = self.marks.get(f"at/{_WORDS[self.target]}/{name}", "").partition("|")
        page = self._page(opened_only=opened_only, after=place or None)
        self._take(page, thorough=True)
        ids = [each.id for each in page.items]
        self._missed |= set(_between(expected, last, ids, whole=page.after is None)) - set(ids)
        newest = max((int(each) for each in ids if each.isdecimal()), default=0)
        self._places[name] = f"{newest or last}|{page.after}" if page.after else ""

    def _take(self, page: Glimpses, *, thorough: bool) -> bool:
        """Whether anything on the page has to be read that was not found so far."""
        fresh = [each for each in page.items if self._is_news(each, thorough=thorough)]
        self.seen |= {each.id: each for each in page.items}
        self.changed |= dict.fromkeys(each.id for each in fresh)
        return bool(fresh)

    def _is_news(self, glimpse: Glimpse, *, thorough: bool) -> bool:
        if glimpse.id in self.changed:
            return False
        shown, _, said = self.marks.get(f"{_WORDS[self.target]}/{glimpse.id}", "").partition(":")
        unsure = glimpse.said is None and thorough
        other = glimpse.said is not None and glimpse.said != said
        return self.again or glimpse.id not in self.known.ids or shown != glimpse.shown or unsure or other

    def _look_for_missed(self) -> None:
        """Those that are not where they should be, by name: what is not even there is gone."""
        self._missed -= self.seen.keys()
        missed = sorted(self._missed)
        self.these(missed)
        self.gone |= set(missed) - self.seen.keys()

    def _named(self, ids: Sequence[str]) -> Iterator[Glimpses]:
        source = iter(ids)
        while some := tuple(islice(source, _IDS)):
            after = None
            while True:
                page = self.forge.glimpse(Wanted(target=self.target, ids=some, after=after))
                yield page
                if (after := page.after) is None:
                    break


def _between(expected: AbstractSet[str], last: str, ids: Sequence[str], *, whole: bool) -> Iterator[str]:
    """Of those that are expected, the ones whose place is on this page: behind the last one of the page before."""
    begin = int(last or 0)
    end = None if whole else max((int(each) for each in ids if each.isdecimal()), default=begin)
    for each in expected:
        if not each.isdecimal():
            if whole and not begin:
                yield each
        elif begin < int(each) and (end is None or int(each) <= end):
            yield each


def _mark(glimpse: Glimpse) -> str:
    return f"{glimpse.shown}:{glimpse.said or ''}"
