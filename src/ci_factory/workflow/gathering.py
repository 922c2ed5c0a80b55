"""What agents' and gates' jobs left, fetched by a job of control: from each job its own files, and no other's."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from ci_factory.config import Config
from ci_factory.errors import ArtifactError
from ci_factory.forge.gitlab.forge import GitLabForge
from ci_factory.forge.gitlab.pipelines import Job
from ci_factory.model.attempt import Attempt, Ending
from ci_factory.model.batch import Batch, PlannedTicket
from ci_factory.model.gate import GateReport, Score
from ci_factory.model.gathered import Gathered, GatheredTicket
from ci_factory.model.pipelines import PipelineIndex
from ci_factory.planning import pipeline_names as names
from ci_factory.publishing.outcome import PUBLISHABLE, Judged
from ci_factory.system import records
from ci_factory.system.layout import TicketFolder
from ci_factory.workflow import relay
from ci_factory.workflow.evidence import FILE_BYTES, Evidence, flaw
from ci_factory.workflow.factory import Factory
from ci_factory.workflow.job_files import ended, jobs_below, of_running, taken

_TIMEOUTS = frozenset({"stuck_or_timeout_failure", "job_execution_timeout"})


@dataclass(frozen=True)
class Gathering:
    """Collects the artifacts of one batch from the pipelines that a pipeline started."""

    factory: Factory
    forge: GitLabForge
    batch: Batch
    config: Config
    """The one on the batch's base."""
    prefix: str

    def gather(self, pipeline_id: int) -> Gathered:
        """Write attempts, changes and verdicts into the batch's folder; whatever lay there is replaced.

        A ticket whose job ended and left nothing sound gets an attempt that says so; one whose job has not ended, or whose
        artifacts have expired, gets none.
        """
        jobs = jobs_below(self.forge.project, pipeline_id, f"{self.prefix}-")
        with ThreadPoolExecutor(self.factory.config.publishing.parallel, thread_name_prefix="gather") as pool:
            tickets = tuple(pool.map(lambda planned: self._ticket(planned, jobs), self.batch.tickets))
        found = Gathered(pipeline_id=pipeline_id, tickets=tickets)
        records.write_model(self.factory.layout.batch(self.batch.id).gathered, found)
        return found

    def _ticket(self, planned: PlannedTicket, jobs: dict[str, Job]) -> GatheredTicket:
        folder = self.factory.layout.batch(self.batch.id).ticket(planned.id)
        for stale in (folder.attempt, folder.bundle, folder.gate, folder.score):
            stale.unlink(missing_ok=True)
        agent, gate = (_job(jobs, self.prefix, kind, planned) for kind in (names.AGENT, names.GATE))
        if agent is not None and not agent.finished:
            return _told(planned, f"its job {agent.name} has not ended: it is {agent.status}")
        if gone := next((job for job in (agent, gate) if job and job.no_longer_kept), None):
            # Published long ago, most likely: nothing is made up that would send the ticket back to the queue.
            return _told(planned, f"what its job {gone.name} left is no longer kept")
        try:
            attempt = self._take_attempt(planned, agent, folder)
        except ArtifactError as error:
            attempt = _lost(planned, self.batch, agent, f"{error.where}: {error.what}", self.factory)
            records.write_model(folder.attempt, attempt)
            return _told(planned, attempt.reason, attempt=True)
        if attempt.head is None or attempt.ending not in PUBLISHABLE:
            return _told(planned, "", attempt=True)
        try:
            self._take_verdict(attempt, gate, folder)
        except ArtifactError as error:
            return _told(planned, f"{ended(gate, 'gate')}: {error.where}: {error.what}", attempt=True)
        return GatheredTicket(ticket_id=planned.id, attempt=True, verdict=True)

    def _take_attempt(self, planned: PlannedTicket, job: Job | None, folder: TicketFolder) -> Attempt:
        attempt = self._read(planned, job, folder.attempt.name, Attempt)
        relay.check_attempt(attempt, self.batch, planned)
        if attempt.agent != planned.agent:
            raise ArtifactError(f"is one by {attempt.agent!r}, who was not asked", where=folder.attempt.name)
        if attempt.head is not None:
            records.write_bytes(
                folder.bundle, self._bytes(planned, job, folder.bundle.name, relay.MAX_BUNDLE_BYTES)
            )
        records.write_model(folder.attempt, attempt)
        return attempt

    def _take_verdict(self, attempt: Attempt, job: Job | None, folder: TicketFolder) -> None:
        """Only one on this very change that is whole; who controls the job can still write one that fits."""
        planned = next(each for each in self.batch.tickets if each.id == attempt.ticket_id)
        report = self._read(planned, job, folder.gate.name, GateReport)
        score = self._read(planned, job, folder.score.name, Score)
        relay.check_verdict(Judged(planned, attempt, report, score))
        if said := flaw(Evidence(report, score), self.config):
            raise ArtifactError(said, where=folder.score.name)
        records.write_model(folder.gate, report)
        records.write_model(folder.score, score)

    def _read(
        self, planned: PlannedTicket, job: Job | None, name: str, kind: type[records.ModelT]
    ) -> records.ModelT:
        return records.parse_model(self._bytes(planned, job, name, FILE_BYTES), kind, where=name)

    def _bytes(self, planned: PlannedTicket, job: Job | None, name: str, limit: int) -> bytes:
        path = f"{names.ticket_folder(self.batch.id, planned.id)}/{name}"
        return taken(self.forge.project, job, path, limit=limit)


def at_work(forge: GitLabForge, branch: str, own_id: int, plan_job: str) -> frozenset[str]:
    """Tickets of batches whose pipelines have not ended: theirs they are, whatever their labels look like.

    Costs one request, and two more for each such pipeline.
    """
    path = f"{names.CHILDREN_FOLDER}/{names.INDEX_NAME}"
    found = of_running(forge, branch, own_id, plan_job, path, limit=FILE_BYTES)
    indexes = (records.parse_model(data, PipelineIndex, where=f"{plan_job}: {path}") for data in found)
    return frozenset(ticket for each in indexes for child in each.children for ticket in child.tickets)


def _job(jobs: dict[str, Job], prefix: str, kind: str, planned: PlannedTicket) -> Job | None:
    possible = names.names_of(prefix, kind, names.Place(planned.id, planned.lane))
    return next((jobs[name] for name in possible if name in jobs), None)


def _told(planned: PlannedTicket, said: str, *, attempt: bool = False) -> GatheredTicket:
    return GatheredTicket(ticket_id=planned.id, attempt=attempt, verdict=False, said=said)


def _lost(planned: PlannedTicket, batch: Batch, job: Job | None, said: str, factory: Factory) -> Attempt:
    """Says of a job that left nothing sound how it ended. What it cost nobody knows."""
    now = factory.clock.now()
    timed_out = job is not None and job.failure_reason in _TIMEOUTS
    return Attempt(
        ticket_id=planned.id,
        batch_id=batch.id,
        agent=planned.agent,
        started_at=(job.started_at if job else None) or now,
        finished_at=(job.finished_at if job else None) or now,
        ending=Ending.TIMEOUT if timed_out else Ending.SKIPPED,
        reason=f"{ended(job, 'agent')}: {said}",
        planned_size=planned.size,
        base=batch.base,
    )
