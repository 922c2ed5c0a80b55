"""Pipelines that gitlab-ci-local works on: before each answer, the jobs are brought up to date with its state folder."""

from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from tests.gitlab_standin import ci_local_state
from tests.gitlab_standin.ci_local_state import LocalJob, LocalRun
from tests.gitlab_standin.control_pipelines import insert
from tests.gitlab_standin.settings import Settings
from tests.gitlab_standin.store import Db, Row, Store

_seen: dict[int, int] = {}
"""Bytes of the console that were read, by pipeline; what was read once is not read again."""


def catch_up(store: Store, settings: Settings) -> None:
    """Write down what happened since the last time."""
    for pipeline, folder in list(settings.attached.items()):
        console = folder / ci_local_state.CONSOLE
        size = console.stat().st_size if console.exists() else 0
        if size > _seen.get(pipeline, 0):
            with store.writing() as db:
                run = ci_local_state.read(folder)
                _Writer(db, folder).pipeline(pipeline, run)
            _seen[pipeline] = size
            if run.finished:
                settings.attached.pop(pipeline, None)


@dataclass(frozen=True)
class _Writer:
    """Writes one run."""

    db: Db
    folder: Path

    def pipeline(self, pipeline: int, run: LocalRun) -> None:
        own = self.db.get("SELECT * FROM pipeline WHERE id = ?", pipeline)
        below = sorted((job for job in run.jobs if job.path), key=lambda job: job.path)
        for path, jobs in groupby(below, key=lambda job: job.path):
            child = self._child(own, path)
            for job in jobs:
                self._job(child, job)
        for job in run.jobs:
            if not job.path:
                self._job(own, job)
        self._close(own, path_ended=run.finished)

    def _child(self, above: Row, path: tuple[str, ...]) -> Row:
        """The pipeline that a chain of triggers leads to; made when it is new."""
        for name in path:
            where = {"pipeline_id": above["id"], "name": name, "bridge": 1}
            bridge = self._find(where)
            if bridge is None:
                child = insert(
                    self.db, above["project_id"], above["ref"], above["sha"], "running", "parent_pipeline"
                )
                self._put(above, where, stage="test", status="running", downstream_id=child)
            else:
                child = bridge["downstream_id"]
            above = self.db.get("SELECT * FROM pipeline WHERE id = ?", child)
        return above

    def _job(self, pipeline: Row, job: LocalJob) -> None:
        where = {"pipeline_id": pipeline["id"], "name": job.name, "bridge": 0}
        known = self._find(where)
        done = job.exit is not None
        if known is not None and known["artifacts"] is not None:
            return
        values = {"status": job.status, "allow_failure": job.allowed, "stage": job.stage}
        left = {
            "artifacts": ci_local_state.archive(self.folder, job),
            "trace": ci_local_state.log(self.folder, job),
        }
        self._put(pipeline, where, **values, **left, finished_at=self.db.now if done else None)

    def _close(self, pipeline: Row, *, path_ended: bool) -> None:
        """Children end before what triggered them; a pipeline is as bad as its worst job."""
        for bridge in self._bridges(pipeline):
            child = self.db.get("SELECT * FROM pipeline WHERE id = ?", bridge["downstream_id"])
            self._close(child, path_ended=True)
            status = self.db.value("SELECT status FROM pipeline WHERE id = ?", child["id"])
            self.db.update("job", bridge["id"], status=status, finished_at=self.db.now)
        if path_ended:
            self._end(pipeline)

    def _end(self, pipeline: Row) -> None:
        rows = self.db.all("SELECT status, allow_failure FROM job WHERE pipeline_id = ?", pipeline["id"])
        states = {row["status"] for row in rows if row["status"] != "failed" or not row["allow_failure"]}
        status = next((each for each in ("running", "failed") if each in states), "success")
        done = None if status == "running" else self.db.now
        self.db.update("pipeline", pipeline["id"], status=status, finished_at=done, updated_at=self.db.now)

    def _bridges(self, pipeline: Row) -> list[Row]:
        return self.db.all("SELECT * FROM job WHERE pipeline_id = ? AND bridge", pipeline["id"])

    def _find(self, where: dict[str, Any]) -> Row | None:
        sql = "SELECT * FROM job WHERE pipeline_id = ? AND name = ? AND bridge = ?"
        return self.db.one(sql, *where.values())

    def _put(self, pipeline: Row, where: dict[str, Any], **values: Any) -> None:
        known = self._find(where)
        if known is not None:
            self.db.update("job", known["id"], **values)
            return
        times = {"created_at": self.db.now, "started_at": self.db.now}
        self.db.insert("job", project_id=pipeline["project_id"], **where, **times, **values)
