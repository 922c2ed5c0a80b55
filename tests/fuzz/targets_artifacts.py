"""Files that cross from stage to stage, archives of them, and what the store holds."""

import json
from collections.abc import Callable

from pydantic import BaseModel

from ci_factory.cli.schema import SCHEMAS
from ci_factory.config import Config
from ci_factory.metrics.audit import bundle
from ci_factory.metrics.live import Live
from ci_factory.metrics.live_files import LiveFiles
from ci_factory.metrics.storing import rows
from ci_factory.model.lease import Lease
from ci_factory.system import archives, records
from ci_factory.system.layout import Layout
from ci_factory.workflow import evidence
from tests.fuzz.scratch import scratch
from tests.fuzz.target import CORPUS, Target, pieces, text, texts

_JSON = (
    "[",
    "{",
    '{"schema_version":1,',
    '"',
    "1",
    "1e999",
    "-1",
    "null,",
    "\\ud800",
    "NaN",
    "\n",
    "9" * 20,
    '"2026-01-01T00:00:00Z"',
)
_ZIP = ("PK\x03\x04", "PK\x01\x02", "PK\x05\x06", "PK\x06\x06", "a.json", "\x00", "\x08\x00", "\xff")
_MORE: dict[str, type[BaseModel]] = {"lease": Lease}
_READ = _MORE | {name: kind for name, kind in SCHEMAS.items() if kind not in {Config, Live}}
"""A configuration is YAML, and nobody reads status.json back."""


def _artifact(kind: type[BaseModel]) -> Callable[[bytes], object]:
    def run(data: bytes) -> None:
        found = records.parse_model(data, kind, where="the file")
        again = kind.model_validate_json(found.model_dump_json())
        assert again == found, "what was read is not what would be written"

    return run


_BATCH = "20260302-180000"
"""Id of the batch in the corpus."""


def _events(data: bytes) -> None:
    with scratch() as folder:
        (folder / "events.jsonl").write_bytes(data)
        for event in records.read_events(folder / "events.jsonl"):
            event.model_dump_json()
        night = Layout(folder).batch(_BATCH)
        night.path.mkdir(parents=True)
        night.batch.write_bytes((CORPUS / "artifact-batch" / "whole.json").read_bytes())
        LiveFiles(Layout(folder)).look()


def _archive(data: bytes) -> None:
    archives.read_members(data, ("a.json", "b"), limit=100_000)
    evidence.from_archive(data)


def _fact(data: bytes) -> None:
    number, told = pieces(data, 2)
    kind = list(rows.KEYS)[len(number) % len(rows.KEYS)]
    try:
        whole = rows.reader(kind)(text(told))
    except (ValueError, TypeError):  # as it says
        whole = {}
    rows.check(kind, whole)
    rows.history_of({kind: [text(told)]})


def _audit(data: bytes) -> None:
    bundle.check(text(data).splitlines(keepends=True))


def _noted_work(data: bytes) -> None:
    """What the plan carries of an earlier attempt: JSON in a note of ours, before anybody looked at its shape."""
    from ci_factory.model.work_record import WorkRecord
    from ci_factory.model.work_state import Earlier

    for kind in (Earlier, WorkRecord):
        try:
            told = json.loads(texts(data, 1)[0])
        except (ValueError, RecursionError):
            return
        records.parse_model(json.dumps(told).encode("utf-8", "replace"), kind, where="the note")


TARGETS = (
    *(Target(f"artifact-{name}", _artifact(kind), ("system.records",), _JSON) for name, kind in _READ.items()),
    Target("artifact-events", _events, ("system.records", "metrics.live_files"), ('{"key":"a"}\n', *_JSON)),
    Target("artifact-archive", _archive, ("system.archives", "workflow.evidence"), _ZIP),
    Target("artifact-earlier", _noted_work, ("system.records",), _JSON),
    Target("store-fact", _fact, ("metrics.storing.rows",), _JSON),
    Target("audit-bundle", _audit, ("metrics.audit.bundle",), ('{"n":0,"kind":"header","data":{', *_JSON)),
)  # fmt: skip
