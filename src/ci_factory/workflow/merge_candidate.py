"""The candidate of all changes that are green and merge, and what the project's tests say of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ci_factory.config import Config
from ci_factory.gates.testing.tree import TreeTests
from ci_factory.model.gate import Verdict
from ci_factory.model.merge_truth import Candidate, CandidateTests, Outcome, TriedChange
from ci_factory.system.clock import Clock
from ci_factory.workflow.merge_tests import Budget, Trial, Verdicts
from ci_factory.workflow.merge_trials import Arrival, Trials


def candidate_of(trials: Trials, order: Sequence[TriedChange]) -> Candidate:
    """Of those that are green alone and merge into the target branch, in this order."""
    obstacles = {each.merge_request: why for each in order if (why := _obstacle(each))}
    return trials.candidate([each for each in order if each.merge_request not in obstacles], obstacles)


def _obstacle(change: TriedChange) -> str:
    if not change.arrives:
        return change.problem or "it does not merge into the target branch"
    if change.verdict is not Verdict.PASS:
        return f"the verdict of its own gates is {change.verdict.value if change.verdict else 'unknown'}"
    return ""


@dataclass(frozen=True)
class Place:
    """Where the project's code may run."""

    config: Config
    scratch: Path
    clock: Clock
    cache: Path | None = None


def tested(
    place: Place,
    trials: Trials,
    order: Sequence[TriedChange],
    candidate: Candidate,
    arrivals: Sequence[Arrival],
) -> Verdicts:
    """Run the project's tests on a candidate, and search for what breaks them; nothing is run that says nothing new."""
    if why := pointless(place.config, candidate):
        return Verdicts(CandidateTests(reason=why))
    if same := _judged_already(trials, candidate, arrivals):
        reason = f"the gates judged this very tree on this very base, as !{same}"
        return Verdicts(CandidateTests(outcome=Outcome.PASSED, reason=reason, green=candidate.merged))
    tests = TreeTests(trials.git, trials.tip, place.config, place.scratch, place.cache)
    budget = Budget(place.config.integration, place.clock)
    trial = Trial(trials.candidate, tests, budget, place.config.gates.tests.reruns)
    merged = set(candidate.merged)
    return trial.judge([each for each in order if each.merge_request in merged], candidate)


def pointless(config: Config, candidate: Candidate) -> str:
    """Why no test is run; empty when some are."""
    if config.integration.tests == "off":
        return "integration.tests is off"
    return "" if candidate.merged else "no change is green and merges"


def _judged_already(trials: Trials, candidate: Candidate, arrivals: Sequence[Arrival]) -> int | None:
    """The change whose own tree the candidate is, and whose base is the newest."""
    merged = set(candidate.merged)
    whole = (each.change for each in arrivals if each.commit == each.change.head)
    heads = (each for each in whole if each.merge_request in merged)
    return next(
        (each.merge_request for each in heads if trials.git.tree_of(each.head) == candidate.tree), None
    )
