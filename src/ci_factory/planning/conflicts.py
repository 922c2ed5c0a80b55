"""Which files a ticket claims, so that others keep off them, and how probable it is that two tickets meet in a file."""

from collections.abc import Iterable

from ci_factory.model import globs
from ci_factory.model.globs import Pattern
from ci_factory.model.hot import passed_over
from ci_factory.model.meetings import ConflictGraph, conflict_graph
from ci_factory.model.planning_settings import PlanningConfig
from ci_factory.model.ticket import Candidate

DEFAULTS = PlanningConfig()


def claims(candidate: Candidate, settings: PlanningConfig = DEFAULTS) -> tuple[Pattern, ...]:
    """Paths and patterns of the files that a ticket is thought to touch, without hot ones where the policy ignores them."""
    files = _thought_of(candidate, settings)
    passed = passed_over(files, candidate.estimate, settings)
    return patterns(path for path in files if path not in passed) if passed else patterns(files)


def ignored(candidate: Candidate, settings: PlanningConfig = DEFAULTS) -> tuple[str, ...]:
    """Hot files of a ticket that `claims` leaves out."""
    return passed_over(_thought_of(candidate, settings), candidate.estimate, settings)


def patterns(files: Iterable[str]) -> tuple[Pattern, ...]:
    """Parsed, each once, without what names nothing."""
    return tuple(globs.parse(text) for text in dict.fromkeys(map(globs.clean, files)) if text)


def graph(candidates: Iterable[Candidate], settings: PlanningConfig = DEFAULTS) -> ConflictGraph:
    """The pairs of tickets that may touch a common file, by their predictions; a file with very many is told as a crowd."""
    return conflict_graph({each.ticket.id: probabilities(each, settings) for each in candidates})


def probabilities(candidate: Candidate, settings: PlanningConfig = DEFAULTS) -> dict[str, float]:
    """File -> probability that the ticket touches it, without hot files where the policy ignores them."""
    found = {each.path: each.probability for each in candidate.estimate.touched}
    for path in passed_over(tuple(found), candidate.estimate, settings):
        del found[path]
    return found


def _thought_of(candidate: Candidate, settings: PlanningConfig) -> tuple[str, ...]:
    estimate, least = candidate.estimate, settings.claim_probability
    predicted = (each.path for each in estimate.touched if each.probability >= least)
    return tuple(dict.fromkeys((*estimate.files, *predicted)))
