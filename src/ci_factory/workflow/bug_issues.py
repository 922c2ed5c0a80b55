"""Issues with a bug label: what they name. Where there are many, only those that look different are read again.

Up to a hundred cost one request, so they are simply read. Of more, each run looks at the newest updates and at one page in order of
creation, going on where the last run ended: what a list by time misses, such as a label that was taken away, is found
after as many runs as there are pages. The memory is a cache: without it everything is read once.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from ci_factory.forge.gitlab.forge import GitLabForge
from ci_factory.forge.protocol import Forge
from ci_factory.metrics import naming
from ci_factory.metrics.aftermath import Bug
from ci_factory.metrics.naming import Named
from ci_factory.model.collecting import Glimpse, Glimpses, Order, Wanted
from ci_factory.model.forge import Issue, NoteTarget

FEW = 100
_BUG, _PLACE, _LABELS = "bug/", "at/bugs", "of/bugs"
Marks = Mapping[str, str]


def here(forge: Forge) -> tuple[str, str]:
    """Path of the project, and the server's name; empty on the embedded forge."""
    if not isinstance(forge, GitLabForge):
        return "", ""
    return forge.project.path, urlsplit(forge.project.api.url).netloc


def read(forge: Forge, labels: Iterable[str], memory: Marks) -> tuple[list[Bug], dict[str, str]]:
    """All of them, and the memory for the next run, in which an empty mark is none. Without a memory all are read.

    Raises:
        ForgeError: the forge can't be read.
    """
    names = tuple(labels)
    known = {name.removeprefix(_BUG): mark for name, mark in memory.items() if name.startswith(_BUG)}
    same = memory.get(_LABELS) == json.dumps(names)
    if not names:
        return [], dict.fromkeys(_own(memory), "")
    look = _Look(forge, names, known if same else {}, memory.get(_PLACE) if same else None)
    found = look.all() if len(look.known) <= FEW else look.changed()
    if len(found) <= FEW:
        return list(map(_bug, found.values())), dict.fromkeys(_own(memory), "")
    marks = {f"{_BUG}{each}": mark for each, mark in found.items()} | {_LABELS: json.dumps(names)}
    marks[_PLACE] = look.place or ""
    return list(map(_bug, found.values())), dict.fromkeys(_own(memory), "") | marks


def _own(memory: Marks) -> Iterator[str]:
    return (name for name in memory if name.startswith(_BUG) or name in {_PLACE, _LABELS})


@dataclass
class _Look:
    """One run's look. A mark is what a bug looked like, and what it names."""

    forge: Forge
    labels: tuple[str, ...]
    known: dict[str, str]
    place: str | None
    _stale: dict[str, str] = field(default_factory=dict)
    """Those that look different, with how they look."""

    def all(self) -> dict[str, str]:
        """Marks of every bug; what they look like is not known yet."""
        issues = self.forge.issues(any_label=self.labels, opened_only=False)
        return {issue.ticket.id: mark for issue in issues if (mark := self._mark(issue, ""))}

    def changed(self) -> dict[str, str]:
        """The same, of which only those are read that look different."""
        after = None
        while True:
            page = self._page(Order.UPDATED, after)
            if not self._differs(page.items) or (after := page.after) is None:
                break
        turn = self._page(Order.CREATED, self.place)
        self._differs(turn.items)
        self._forget(turn)
        self.place = turn.after
        issues = self.forge.issues(ids=self._stale, opened_only=False) if self._stale else []
        fresh = {issue.ticket.id: self._mark(issue, self._stale[issue.ticket.id]) for issue in issues}
        return {each: mark for each, mark in {**self.known, **fresh}.items() if mark}

    def _page(self, order: Order, after: str | None) -> Glimpses:
        wanted = Wanted(target=NoteTarget.ISSUE, order=order, labels=self.labels, after=after)
        return self.forge.glimpse(wanted)

    def _differs(self, items: Iterable[Glimpse]) -> bool:
        """Note what looks different; whether anything does."""
        before = len(self._stale)
        for each in items:
            known = self.known.get(each.id)
            if known is None or json.loads(known)["shown"] != each.shown:
                self._stale[each.id] = each.shown
        return len(self._stale) > before

    def _forget(self, page: Glimpses) -> None:
        """Those that should be on a page and are not: they lost the label, or are gone."""
        numbers = [int(each.id) for each in page.items if each.id.isdigit()]
        seen = {each.id for each in page.items}
        low = min(numbers, default=0) if self.place else 0
        high = max(numbers, default=0) if page.after else float("inf")
        for each in [each for each in self.known if each not in seen and each not in self._stale]:
            if each.isdigit() and low <= int(each) <= high:
                del self.known[each]

    def _mark(self, issue: Issue, shown: str) -> str:
        ticket = issue.ticket
        if ticket.created_at is None:
            return ""
        lists = (*ticket.acceptance_criteria, *ticket.test_cases)
        names = naming.mentions("\n".join((ticket.title, ticket.body, *lists)), *here(self.forge))
        told = {
            "id": ticket.id,
            "shown": shown,
            "opened": ticket.created_at.timestamp(),
            "commits": sorted(names.commits),
            "requests": sorted(names.requests),
            "tickets": sorted(names.tickets | frozenset(ticket.depends_on[: naming.MOST])),
        }
        return json.dumps(told, sort_keys=True)


def _bug(mark: str) -> Bug:
    told = json.loads(mark)
    names = Named(frozenset(told["commits"]), frozenset(told["requests"]), frozenset(told["tickets"]))
    return Bug(told["id"], told["opened"], names)
