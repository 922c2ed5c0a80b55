"""Proof for audits: bundles that can be checked offline, and a store's chain against the anchors on the forge."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ci_factory.errors import ArtifactError, ExitCode, ToolMissing
from ci_factory.forge.protocol import Forge
from ci_factory.metrics.audit import anchors, bundle
from ci_factory.metrics.audit.anchors import Anchor
from ci_factory.metrics.audit.bundle import Row
from ci_factory.metrics.audit.values import Generation, Story
from ci_factory.metrics.storing import chain
from ci_factory.metrics.storing.chain import Link
from ci_factory.metrics.storing.values import Entry, Head
from ci_factory.model.forge import NoteTarget
from ci_factory.system import records
from ci_factory.system.layout import Layout
from ci_factory.workflow.auditing import Sources
from ci_factory.workflow.posting import REPORT_KEY

if TYPE_CHECKING:
    from ci_factory.metrics.storing.store import Store

STORE = "metrics.sqlite3"
"""The store in the output folder."""
_MOST_BYTES = 1024 * 1024 * 1024


class Verdict(NamedTuple):
    """What came of a check."""

    exit_code: ExitCode
    faults: tuple[str, ...]
    """What was tampered with; nothing when nothing was found."""
    notes: tuple[str, ...]
    """What was checked, and what could not be."""


def exported(story: Story, sources: Sources, now: datetime, known: Sequence[Anchor] = ()) -> Iterator[str]:
    """The lines of a bundle: the story, what it was told from, and the store's chain up to its head.

    Raises:
        ForgeError: the forge can't be read.
    """
    return bundle.lines(_rows(story, sources, known), asked=story.asked, made_at=now.isoformat())


def write(path: Path, lines: Iterable[str]) -> str:
    """Write a bundle; returns the hash of its last line."""
    text = list(lines)
    records.write_text(path, "".join(text))
    return bundle.head_of(text[-1])


def _rows(story: Story, sources: Sources, known: Sequence[Anchor]) -> Iterator[Row]:
    yield Row("story", story.model_dump(mode="json"))
    for ticket in sorted({each.ticket for each in story.generations}):
        own = [each for each in story.generations if each.ticket == ticket]
        yield from _told(ticket, own, sources)
    if sources.store is not None:
        yield from _links(sources.store, story.generations)
        yield from (Row("anchor", [each.head.seq, each.head.chain]) for each in known)


def _told(ticket: str, own: Sequence[Generation], sources: Sources) -> Iterator[Row]:
    """Facts and events of one ticket."""
    iids = [each.merge_request for each in own if each.merge_request is not None]
    history = sources.of_ticket(ticket, sources.requests(tickets=[ticket], iids=iids))
    for kind in type(history).model_fields:
        for fact in getattr(history, kind):
            if kind != "unreadable":
                yield Row("fact", {"kind": kind, "data": fact.model_dump(mode="json")})
    evidence = sources.evidence(ticket, history)
    for event in (*evidence.events, *(each for found in evidence.request_events.values() for each in found)):
        yield Row("event", event.model_dump(mode="json"))


def _links(store: "Store", generations: Sequence[Generation]) -> Iterator[Row]:
    names = {name for each in generations for name in _keys(each)}
    hashes = {each.prompt_hash.rpartition(":")[2] for each in generations if each.prompt_hash}
    for entry in store.entries():
        whole = (entry.kind, entry.key) in names or entry.key in hashes or _is_of(entry, generations)
        yield bundle.link_row(_link(entry), whole=whole)


def _keys(told: Generation) -> Iterator[tuple[str, str]]:
    yield "tickets", told.ticket
    yield "attempts", told.id
    yield "escalations", told.id
    if told.merge_request is not None:
        yield "merge_requests", str(told.merge_request)
        yield "aftermath", str(told.merge_request)
    yield from (("gates", f"{told.id}/{each.gate}") for each in told.gates)


def _is_of(entry: Entry, generations: Sequence[Generation]) -> bool:
    """Whether an event of the forge is about one of them."""
    if entry.kind.endswith("_event") and isinstance(entry.data, dict):
        subject = entry.data.get("target"), entry.data.get("target_id")
        wanted = {(NoteTarget.ISSUE.value, each.ticket) for each in generations}
        wanted |= {(NoteTarget.MERGE_REQUEST.value, str(each.merge_request)) for each in generations}
        return subject in wanted
    return False


def _link(entry: Entry) -> Link:
    data = None if entry.data is None else chain.written(entry.data)
    return Link(*entry[:5], data, *entry[6:])


def anchor_line(url: str | None, layout: Layout) -> str:
    """The hidden line that anchors a store's chain in a note: of the store at a URL, else of the output folder's.

    Empty where there is none, or SQLAlchemy is not installed: a report needs no store.
    """
    from ci_factory.metrics import storing

    file = layout.root / STORE
    if not url and not file.is_file():
        return ""
    try:
        with storing.opened(url or f"sqlite:///{file}", create=False) as store:
            head = store.head()
    except ToolMissing:
        return ""
    return anchors.hidden_block(head) if head.seq else ""


def kept_anchors(forge: Forge) -> tuple[Anchor, ...]:
    """Anchors in our own notes on the report issue.

    Raises:
        ForgeError: the forge can't be read.
    """
    issue = forge.report(REPORT_KEY)
    if issue is None:
        return ()
    return anchors.read(forge.notes(NoteTarget.ISSUE, issue.id), ours=forge.user)


def check_store(store: "Store", known: Sequence[Head]) -> Verdict:
    """Whether the store is the one that was anchored, and nothing in it was changed since it was recorded.

    Without an anchor nobody can say that it was not written anew as a whole.
    """
    faults, head = store.verify(known), store.head()
    notes = [f"{head.seq} records, the chain ends with {head}"]
    if known:
        notes.append(f"compared with {len(known)} anchors, the last of record {max(known).seq}")
    else:
        notes.append("compared with no anchor: that it was not written anew as a whole can't be checked")
    return Verdict(_code(faults, sure=bool(known)), faults, tuple(notes))


def check_file(path: Path, known: Sequence[Head], wanted: str | None = None) -> Verdict:
    """Whether a bundle is whole. `wanted`: the hash that its export printed.

    Raises:
        ArtifactError: it can't be read, or is no bundle.
    """
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise ArtifactError("is too large for an audit bundle", where=str(path))
        with path.open(encoding="utf-8", errors="replace") as stream:
            found = bundle.check(stream, known)
    except OSError as error:
        raise ArtifactError(f"can't be read: {error.strerror}", where=str(path)) from error
    faults = list(found.faults)
    if wanted is not None and wanted != found.head:
        faults.append(
            "its last hash is not the one that was expected: it was written anew, or is another bundle"
        )
    notes = [f"{found.lines} lines, the last hash is {found.head}"]
    notes += (
        [f"{found.links} records of the store, {found.anchored} anchors from elsewhere agree"]
        if found.links
        else []
    )
    if wanted is None and not found.anchored:
        notes.append("compare that hash with the one that its export printed, or give it with --head")
    return Verdict(_code(faults, sure=True), tuple(faults), tuple(notes))


def _code(faults: Sequence[str], *, sure: bool) -> ExitCode:
    if faults:
        return ExitCode.JUDGED_FAILED
    return ExitCode.OK if sure else ExitCode.INCONCLUSIVE
