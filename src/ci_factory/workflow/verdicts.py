"""The project's own verdicts: which merge requests to judge in a pipeline of the default branch, and what goes on their notes."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property

from ci_factory.errors import ArtifactError, ConfigError, FactoryError, RepositoryError, UsageError
from ci_factory.forge.gitlab import pipelines
from ci_factory.forge.gitlab.forge import GitLabForge
from ci_factory.forge.gitlab.pipelines import Job
from ci_factory.forge.gitlab.sweeping import Proposed
from ci_factory.model.gate import GateReport, Score, Verdict
from ci_factory.model.verdicts import PlannedVerdict, VerdictPlan
from ci_factory.planning import pipeline_names as names
from ci_factory.publishing import level_one
from ci_factory.system import records
from ci_factory.system.clock import Clock
from ci_factory.workflow import job_files
from ci_factory.workflow.evidence import FILE_BYTES, GATE, SCORE, Bound, Evidence, objection
from ci_factory.workflow.score_notes import Block, ScoreNotes, Told, one_line

MOST_TRIES = 3
"""Pipelines whose gates job may leave nothing for the same change before it is tried more seldom."""
SELDOM = timedelta(days=1)
"""Once in that time: what broke the job may have been the project's own setting."""
_ENDED = frozenset({"success", "failed"})
"""Of its own accord: what was canceled or never started says nothing about the change."""


_OVER = pipelines.FINISHED | {"manual"}
"""Pipelines in which nothing happens by itself any more."""


@dataclass(frozen=True)
class Wanted:
    """Whose merge requests are judged, and how many at a time."""

    limit: int
    drafts: bool = True
    forks: bool = False
    """Their authors need no role in the project, and their tests run on its runners."""


@dataclass(frozen=True)
class Choice:
    """What one pipeline is to judge."""

    plan: VerdictPlan
    told: tuple[Told, ...]
    """Merge requests that were looked at: `planned`, or why not."""
    left: int
    """Open ones that were not looked at, as there were enough."""


@dataclass(frozen=True)
class Verdicts:
    """Plans verdicts of a project, and writes them once its gates jobs are done."""

    forge: GitLabForge
    clock: Clock

    @cached_property
    def _notes(self) -> ScoreNotes:
        return ScoreNotes(self.forge, self.clock)

    def choose(self, wanted: Wanted, busy: Collection[PlannedVerdict] = ()) -> Choice:
        """Merge requests without a verdict of the project's own, those with the newest activity first. Writes nothing.

        `busy` are at work in another pipeline. Trouble with one merge request does not stop the rest.

        Raises:
            UsageError: the factory is switched off.
        """
        self._notes.refuse_when_off()
        tip = self.forge.branch(self.forge.default_branch) or ""
        waiting = self._notes.desk.open_merge_requests_of_anybody()
        waiting.sort(key=lambda each: (each.updated_at, each.iid), reverse=True)
        at_work = {(each.iid, each.head) for each in busy}
        told: list[Told] = []
        planned: list[PlannedVerdict] = []
        for listed in waiting:
            if len(planned) == wanted.limit:
                break
            found = _passed_over(listed, wanted, at_work) or self._looked_at(listed, tip)
            planned += [found] if isinstance(found, PlannedVerdict) else []
            told.append(_told(found))
        return Choice(VerdictPlan(verdicts=tuple(planned)), tuple(told), len(waiting) - len(told))

    def note(self, plan: VerdictPlan, pipeline_id: int, prefix: str) -> Iterator[Told]:
        """Write what the gates jobs of a pipeline left, where it is about the change as it is now; one after the other.

        The pipeline has to be the project's own: what its jobs left is believed to be no author's work.

        Raises:
            UsageError: the factory is switched off.
        """
        self._notes.refuse_when_off()
        trigger = names.verdict_trigger(prefix)
        jobs = job_files.jobs_below(self.forge.project, pipeline_id, trigger) if plan.verdicts else {}
        for planned in plan.verdicts:
            job = jobs.get(names.verdict_job(prefix, planned.iid))
            try:
                yield self._written(planned, job, pipeline_id)
            except (
                ConfigError,
                RepositoryError,
            ) as error:  # this one's; the switch, which is everybody's, ends it
                yield _trouble(planned.iid, error)
            except UsageError:
                raise
            except FactoryError as error:
                yield _trouble(planned.iid, error)

    def _looked_at(self, listed: Proposed, tip: str) -> PlannedVerdict | Told:
        try:
            return self._planned(listed, tip)
        except FactoryError as error:
            return _trouble(listed.iid, error)

    def _planned(self, listed: Proposed, tip: str) -> PlannedVerdict | Told:
        """The change as it is now, unless its note has the answer."""
        proposed = self._notes.desk.merge_request(listed.iid)
        if not proposed.open or proposed.head != listed.head:
            return Told(listed.iid, "moved", detail="its head moved meanwhile")
        said = self._notes.said(listed.iid)
        known = level_one.is_trusted(said) and said.get("head") == proposed.head
        bound = self._notes.bound(proposed, tree=said.get("tree") if known else None)
        if not self.forge.git.is_ancestor(bound.base, tip):
            return Told(listed.iid, "elsewhere", detail="it does not start from the default branch")
        tries = _tries(said, bound)
        if tries is None:
            return Told(listed.iid, "known", detail="its note has the project's own verdict on this change")
        if tries >= MOST_TRIES and self.clock.now() - _tried_at(said) < SELDOM:
            detail = f"{tries} pipelines left no verdict on this change; it is tried once a day"
            return Told(listed.iid, "waiting", detail=detail)
        return PlannedVerdict(iid=proposed.iid, head=bound.head, tree=bound.tree, base=bound.base)

    def _written(self, planned: PlannedVerdict, job: Job | None, pipeline_id: int) -> Told:
        if job is None or job.status not in _ENDED:
            return Told(planned.iid, "waiting", detail=f"{job_files.ended(job, 'gates')}; it comes next time")
        proposed = self._notes.desk.merge_request(planned.iid)
        if not proposed.open or (proposed.head, proposed.base) != (planned.head, planned.base):
            return Told(planned.iid, "moved", detail="it is another change by now, and comes next time")
        bound = self._notes.bound(proposed)
        try:
            found = self._evidence(planned, job)
        except ArtifactError as error:
            why = f"{job_files.ended(job, 'gates')}: {one_line(error)}"
            return self._unjudged(planned, bound, pipeline_id, why)
        if said := objection(found, bound):
            return self._unjudged(planned, bound, pipeline_id, said)
        return self._notes.judged(planned.iid, bound, found, trusted=True)

    def _evidence(self, planned: PlannedVerdict, job: Job) -> Evidence:
        """Exactly two files, whatever else the job left."""

        def read(name: str, kind: type[records.ModelT]) -> records.ModelT:
            path = f"{names.verdict_folder(planned.iid)}/{name}"
            data = job_files.taken(self.forge.project, job, path, limit=FILE_BYTES)
            return records.parse_model(data, kind, where=name)

        return Evidence(read(GATE, GateReport), read(SCORE, Score))

    def _unjudged(self, planned: PlannedVerdict, bound: Bound, pipeline_id: int, why: str) -> Told:
        """No pass, and no verdict: it is tried again. Told once for each pipeline.

        A verdict of an earlier pipeline on the same change stays: it was as much the project's own.
        """
        said = self._notes.said(planned.iid)
        tries = _tries(said, bound)
        if tries is None:
            return Told(planned.iid, "kept", detail=f"{why}; the note has an earlier verdict on this change")
        if tries and said.get("pipeline") == pipeline_id:
            return Told(planned.iid, Verdict.INCONCLUSIVE.value, detail=why)
        mark = {"tries": tries + 1, "pipeline": pipeline_id, "at": self.clock.now().isoformat()}
        body = level_one.trusted_unjudged({**_about(bound), **mark}, why, seldom=tries + 1 >= MOST_TRIES)
        return self._notes.unjudged(planned.iid, body, why)


def running(forge: GitLabForge, own_id: int, plan_job: str) -> frozenset[PlannedVerdict]:
    """What other pipelines of the default branch are at work on: it is not computed twice.

    Raises:
        ArtifactError: one of them left a plan that is none.
    """
    path, branch = names.VERDICTS, forge.default_branch
    found = job_files.of_running(forge, branch, own_id, plan_job, path, limit=FILE_BYTES, over=_OVER)
    plans = (records.parse_model(data, VerdictPlan, where=names.VERDICTS) for data in found)
    return frozenset(each for plan in plans for each in plan.verdicts)


def _passed_over(listed: Proposed, wanted: Wanted, at_work: Collection[tuple[int, str]]) -> Told | None:
    """What is said of a merge request that nobody has to look at."""
    if listed.ours:
        return Told(listed.iid, "ours", detail="a merge request of the factory has its own note")
    if listed.draft and not wanted.drafts:
        return Told(listed.iid, "draft", detail="drafts are not judged")
    if listed.fork and not wanted.forks:
        return Told(listed.iid, "fork", detail="merge requests from forks are not judged")
    if (listed.iid, listed.head) in at_work:
        return Told(listed.iid, "waiting", detail="another pipeline judges it just now")
    return None


def _told(found: PlannedVerdict | Told) -> Told:
    if isinstance(found, Told):
        return found
    return Told(found.iid, "planned", detail=f"head {found.head[:12]}, base {found.base[:12]}")


def _about(bound: Bound) -> Block:
    return {"head": bound.head, "tree": bound.tree, "base": bound.base, "config_hash": bound.config.hash}


def _tries(said: Block, bound: Bound) -> int | None:
    """How often the project's own gates left nothing about this tree, base and configuration; `None`: there is a verdict."""
    about = _about(bound)
    same = all(said.get(name) == about[name] for name in ("tree", "base", "config_hash"))
    if not (same and level_one.is_trusted(said)):
        return 0
    tries = said.get("tries")
    return tries if isinstance(tries, int) else None


def _tried_at(said: Block) -> datetime:
    """When the last try was told; long ago when that can't be read."""
    try:
        at = datetime.fromisoformat(str(said.get("at")))
    except ValueError:
        return datetime.min.replace(tzinfo=UTC)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _trouble(iid: int, error: FactoryError) -> Told:
    outcome = "refused" if isinstance(error, ConfigError) else "error"
    return Told(iid, outcome, detail=" ".join(str(error).split()))
