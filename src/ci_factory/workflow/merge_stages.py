"""The tests of a candidate in a job of their own: from merge_truth.json to candidate.json, and back into it.

A job of control lets git merge and knows the forge; a job without any token runs the project's code. What the latter leaves
is hostile: bounded, strictly parsed, and believed only as far as it speaks of the same candidate and of changes in it.
"""

from dataclasses import dataclass

from ci_factory.config import Config
from ci_factory.errors import ArtifactError
from ci_factory.forge.gitlab.forge import GitLabForge
from ci_factory.model.gate import GateReport
from ci_factory.model.merge_truth import (
    Breaking,
    CandidateResult,
    CandidateTests,
    MergeTruth,
    Outcome,
    TestName,
)
from ci_factory.planning import pipeline_names as names
from ci_factory.review import merge_order
from ci_factory.system import records, shallow
from ci_factory.system.clock import Clock
from ci_factory.system.git import Git
from ci_factory.system.layout import Layout
from ci_factory.workflow import job_files
from ci_factory.workflow.merge_candidate import Place, candidate_of, tested
from ci_factory.workflow.merge_trials import FOLDER, Trials, trial_repository

RESULT_BYTES = 1024 * 1024
"""The largest candidate.json that is read."""

_UNKNOWN_TESTS = "tests that no gate reported"


@dataclass(frozen=True)
class Bench:
    """Where the project's code may run: a clone, and no forge."""

    git: Git
    layout: Layout
    config: Config
    clock: Clock

    def result(self, truth: MergeTruth) -> CandidateResult:
        """Build the candidate again, from commits that the clone's origin gives, and run its tests.

        Raises:
            RepositoryError: the origin does not give a commit any more: its branch moved, and there will be another candidate.
            ArtifactError: the same changes give another tree here.
        """
        shallow.bring(self.git, truth.base, *(each.head for each in truth.changes if not each.problem))
        with trial_repository(self.git, self.layout.worktrees / FOLDER) as git:
            trials = Trials(git, truth.base)
            tried, arrivals = trials.arrive(truth.changes)
            order = merge_order.suggested(tried, truth.clashes)
            candidate = candidate_of(trials, order)
            if candidate.tree is None or candidate != truth.candidate:
                raise ArtifactError(
                    "is not the candidate that these changes give here", where="merge_truth.json"
                )
            place = Place(self.config, self.layout.worktrees, self.clock)
            found = tested(place, trials, order, candidate, arrivals)
        return CandidateResult(key=truth.key, tree=candidate.tree, tests=found.tests, breaking=found.breaking)


def take_result(forge: GitLabForge, truth: MergeTruth, pipeline_id: int, prefix: str) -> CandidateResult:
    """What the job of the candidate left; without a sound file, that there is no result, and why."""
    jobs = job_files.jobs_below(forge.project, pipeline_id, names.candidate_trigger(prefix))
    job = jobs.get(names.candidate_job(prefix))
    try:
        data = job_files.taken(forge.project, job, names.CANDIDATE, limit=RESULT_BYTES)
        found = records.parse_model(data, CandidateResult, where=names.CANDIDATE)
        check(truth, found)
    except ArtifactError as error:
        why = f"{job_files.ended(job, 'candidate')}: {error.what}"
        tests = CandidateTests(outcome=Outcome.INCONCLUSIVE, reason=why[:1000])
        return CandidateResult(key=truth.key, tree=truth.candidate.tree or truth.base, tests=tests)
    return found


def check(truth: MergeTruth, found: CandidateResult) -> None:
    """Refuse what is about another candidate, or names changes that are not in it.

    Raises:
        ArtifactError: it is or does.
    """
    if (found.key, found.tree) != (truth.key, truth.candidate.tree):
        raise ArtifactError("is about another candidate", where=names.CANDIDATE)
    named = {number for each in found.breaking for number in each.changes} | set(found.tests.green)
    if not named <= set(truth.candidate.merged):
        raise ArtifactError("names changes that are not in the candidate", where=names.CANDIDATE)


def with_result(truth: MergeTruth, found: CandidateResult, layout: Layout) -> MergeTruth:
    """The whole answer. Of names of tests only those stay that the gates of a change reported as well, where they are known."""
    known = _known_tests(layout)

    def kept(tests: tuple[TestName, ...]) -> tuple[TestName, ...]:
        said = tuple(each for each in tests if each in known or not known)
        return said if said or not tests else (_UNKNOWN_TESTS,)

    tests = found.tests.model_copy(
        update={name: kept(getattr(found.tests, name)) for name in ("failing", "base_failing", "flaky")}
    )
    breaking: tuple[Breaking, ...] = tuple(
        each.model_copy(update={"tests": kept(each.tests)}) for each in found.breaking
    )
    order = merge_order.lines(truth.changes, truth.clashes, breaking)
    return truth.model_copy(update={"tests": tests, "breaking": breaking, "order": order})


def _known_tests(layout: Layout) -> frozenset[str]:
    """Tests that the gates of the last batch ran, as their names are told."""
    folders = layout.batches()[-1:]
    paths = (path for folder in folders for path in (folder.path / "tickets").glob("*/gate.json"))
    reports = (report for path in paths if (report := records.read_if_valid(path, GateReport)))
    return frozenset(
        f"{gate.root}:{case.file}::{case.name}" if gate.root else f"{case.file}::{case.name}"
        for report in reports
        for gate in report.gates
        for case in gate.cases
    )
