"""`ci-factory collect`: what was known, what the forge and the artifacts tell now, and where it is kept.

Facts are saved before the collector's own memory of how things looked: killed in between, the next run reads once more what
it knows already, and adds nothing.
"""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from ci_factory.config import Config
from ci_factory.forge.protocol import Forge
from ci_factory.metrics import collecting
from ci_factory.metrics.collecting import Collected, Known
from ci_factory.metrics.facts import History
from ci_factory.metrics.together import aftermath, with_work_of
from ci_factory.system.clock import Clock, SystemClock
from ci_factory.system.git import Git
from ci_factory.system.layout import Layout
from ci_factory.workflow.aftermath import CHURN_SECONDS, Before, Looked, look

if TYPE_CHECKING:
    from ci_factory.metrics.storing.store import Store

FORGE_EVENT, AUDIT_EVENT = "forge_event", "audit_event"
_SQLITE = "sqlite:///"


@dataclass(frozen=True)
class Collecting:
    """One project on one forge, with its artifacts."""

    git: Git
    forge: Forge
    layout: Layout
    config: Config
    project: str
    clock: Clock = field(default_factory=SystemClock)

    def run(
        self,
        before: Known,
        others: tuple[History, ...] = (),
        *,
        complete: bool = False,
        patient: bool = False,
    ) -> tuple[Collected, History]:
        """What a run read, and everything that is known after it; `others` is what other jobs wrote down.

        `patient`: what takes long is not put off to the next run.

        Raises:
            ForgeError: the forge can't be read.
        """
        sent, known = self.forge.requests, before.history
        for other in others:
            known = with_work_of(known, other)
        found = collecting.collect(
            self.forge, self.layout, self.config, Known(known, before.marks), complete=complete
        )
        seconds = None if patient else CHURN_SECONDS
        looked = self._look(found.history, {} if complete else before.marks, seconds)
        marks = {name: mark for name, mark in {**found.marks, **looked.marks}.items() if mark}
        found = replace(found, marks=marks)
        return found.after(self.forge.requests - sent), _with_aftermath(found.history, looked)

    def _look(self, history: History, marks: Mapping[str, str], seconds: float | None) -> Looked:
        """What became of merged changes (C4), as far as the default branch and the issues say now."""
        known, now = Before(history.aftermath, marks), self.clock.now()
        return look(self.git, self.forge, history, now, self.config, before=known, seconds=seconds)

    def known(self, store: "Store", *, own: bool) -> Known:
        """What a store knows of the project; `own`: the store is this project's own."""
        name = self._named(store, own=own)
        return Known(store.load(name), store.marks(name))

    def keep(
        self,
        store: "Store",
        before: Known,
        found: Collected,
        history: History,
        *,
        own: bool,
        anew: bool = False,
    ) -> tuple[str, ...]:
        """Save facts, raw events and prompts, then the memory, and let go of what is old; in words.

        `anew`: what the store knows besides is no more.
        """
        from ci_factory.metrics.storing import prompt_files

        now, name = self.clock.now(), self._named(store, own=own)
        saved = store.save(history, name, complete=anew or _lost(before.history, history))
        store.record(name, FORGE_EVENT, found.forge_events)
        store.record(name, AUDIT_EVENT, found.audit_events)
        since = now - timedelta(days=self.config.metrics.prompt_days)
        store.prompts.put(name, prompt_files.read(self.layout, since))
        if found.marks != before.marks:
            store.keep_marks(name, found.marks)
        pruned = store.prune(now, self.config.metrics)
        store.keep_rows()
        said = (
            f"{saved.added} of {saved.seen} facts were new to the store",
            f"its chain ends with {store.head()}",
        )
        return (*said, str(pruned)) if any(pruned) else said

    def _named(self, store: "Store", *, own: bool) -> str:
        """The project that a store knows this one by: its only one where the store is this project's own.

        Without a forge that names it, a project is called like its folder, which people rename.
        """
        known = store.projects()
        return known[0] if own and len(known) == 1 else self.project


def _with_aftermath(history: History, looked: Looked) -> History:
    known = aftermath(history.aftermath, looked.facts)
    return history.model_copy(
        update={"aftermath": known, "unreadable": (*history.unreadable, *looked.problems)}
    )


def _lost(before: History, now: History) -> bool:
    """Whether something that was known is no more, so that the store has to let go of it."""
    requests = {each.iid for each in before.merge_requests} - {each.iid for each in now.merge_requests}
    tickets = {each.id for each in before.tickets} - {each.id for each in now.tickets}
    return bool(requests or tickets)


@contextmanager
def replacement(url: str) -> Iterator[str]:
    """The URL of a new, empty store, which takes the place of the one at `url` in one step when all went well.

    The old file stays beside it as `NAME.before-rebuild`, as its chain has what no forge knows. A database on a server is not
    replaced: it gets what differs in one transaction, under its own URL.
    """
    if not url.startswith(_SQLITE):
        yield url
        return
    place = Path(url.removeprefix(_SQLITE))
    draft = place.with_name(f"{place.name}.rebuilt")
    _remove(draft)
    try:
        yield f"{_SQLITE}{draft}"
        if place.exists():
            kept = place.with_name(f"{place.name}.before-rebuild")
            shutil.copyfile(place, kept)
        draft.replace(place)
    finally:
        _remove(draft)


def _remove(file: Path) -> None:
    for suffix in ("", "-journal"):
        file.with_name(f"{file.name}{suffix}").unlink(missing_ok=True)
