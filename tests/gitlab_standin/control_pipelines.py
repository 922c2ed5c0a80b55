"""What tests make of pipelines: whole ones, and ones that a runner works on."""

import base64
import io
import zipfile
from pathlib import Path
from typing import Any

from flask import g

from tests.gitlab_standin.repo import Repo
from tests.gitlab_standin.store import Db

_UNFINISHED = {"created", "pending", "running"}
Rows = list[dict[str, Any]]


def add(
    db: Db, project: int, ref: str, sha: str | None, status: str, source: str, jobs: Rows, bridges: Rows
) -> int:
    """A pipeline as it is at one moment."""
    found = sha or Repo(g.store.repository(project)).resolve(ref)
    if found is None:
        raise LookupError(f"there is no ref {ref!r}")
    row_id = insert(db, project, ref, found, status, source)
    for job in jobs:
        files = job.pop("files")
        _insert_job(db, project, row_id, **job, artifacts=zipped(files) if files else None)
    for bridge in bridges:
        _insert_job(db, project, row_id, bridge=True, downstream_id=bridge.pop("downstream"), **bridge)
    return row_id


def attach(db: Db, pipeline: int, folder: str) -> None:
    """Let a runner's folder say which jobs a pipeline has."""
    db.get("SELECT id FROM pipeline WHERE id = ?", pipeline)
    g.settings.attached[pipeline] = Path(folder)


def insert(db: Db, project: int, ref: str, sha: str, status: str, source: str) -> int:
    """A pipeline without jobs; its id."""
    iid = db.value("SELECT coalesce(max(iid), 0) + 1 FROM pipeline WHERE project_id = ?", project)
    return db.insert(
        "pipeline",
        project_id=project,
        iid=iid,
        ref=ref,
        sha=sha,
        status=status,
        source=source,
        created_at=db.now,
        updated_at=db.now,
        started_at=db.now,
        finished_at=None if status in _UNFINISHED else db.now,
    )


def _insert_job(db: Db, project: int, pipeline: int, **values: Any) -> None:
    now = {"created_at": db.now, "started_at": db.now, "finished_at": db.now}
    db.insert("job", pipeline_id=pipeline, project_id=project, **values, **now)


def zipped(files: dict[str, Any]) -> bytes:
    """Files as an archive of artifacts."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, base64.b64decode(text["base64"]) if isinstance(text, dict) else text)
    return buffer.getvalue()
