"""Which files a ticket's change will touch: what speaks for each, combined into a probability.

Every kind of evidence has a weight, a prior. Of each kind the strongest item counts, and the kinds are combined as a
noisy-or (Pearl, 1988): p = 1 - product(1 - weight), so that more evidence never makes a file less probable. Tests of
probable files and what changed together with them follow from the evidence in the ticket itself.
"""

import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping

from ci_factory.intake.evidence import Item, direct, following, frequent
from ci_factory.intake.surroundings import Surroundings
from ci_factory.intake.tree import Tree
from ci_factory.model.prediction import Evidence, EvidenceKind, TouchedFile
from ci_factory.model.text import plain
from ci_factory.model.ticket import Estimate, Ticket

MOST = 0.99
"""Nothing is certain before it happened."""
MAX_FILES = 20
"""Files that are told for a ticket, beside those that a person listed."""
LEAST = 0.05
"""A file less probable than this is not told."""
_MAX_LISTED = 200
"""Files listed by a person that are told."""
_MAX_SOURCES = 30
"""Files from which others follow, the most probable first."""
_SHOWN = 200


def predict(ticket: Ticket, tree: Tree, known: Surroundings) -> tuple[TouchedFile, ...]:
    """Files that the ticket's change may touch, the most probable first; those that a person listed are all there."""
    factors = known.calibration.factors
    spoken_of = tuple(direct(ticket, tree, known))
    sources = _strongest(combined(_by_file(spoken_of), factors))
    items = (*spoken_of, *following(sources, tree, known), *frequent(tree, known))
    evidence = _by_file(items)
    probable = combined(evidence, factors)
    listed = {item.path for item in spoken_of if item.kind is EvidenceKind.GIVEN}
    return tuple(
        TouchedFile(path=path, probability=round(probable[path], 4), why=_told(evidence[path]))
        for path in _chosen(probable, listed)
    )


def with_prediction(estimate: Estimate, ticket: Ticket, tree: Tree, known: Surroundings) -> Estimate:
    """The estimate with the files that may be touched, and with those of its files that are hot."""
    touched = predict(ticket, tree, known)
    files = dict.fromkeys((*estimate.files, *(each.path for each in touched)))
    return estimate.model_copy(update={"touched": touched, "hot": tuple(filter(known.is_hot, files))})


def combine(weights: Mapping[EvidenceKind, float], factors: Mapping[EvidenceKind, float]) -> float:
    """Noisy-or of the strongest weight of each kind, after recalibration; at most 0.99."""
    missed = math.prod(1 - min(MOST, weight * factors.get(kind, 1.0)) for kind, weight in weights.items())
    return min(MOST, 1 - missed)


def combined(
    evidence: Mapping[str, Mapping[EvidenceKind, Item]], factors: Mapping[EvidenceKind, float]
) -> dict[str, float]:
    """File -> probability."""
    return {
        path: combine({kind: item.weight for kind, item in items.items()}, factors)
        for path, items in evidence.items()
    }


def _by_file(items: Iterable[Item]) -> dict[str, dict[EvidenceKind, Item]]:
    """File -> the strongest item of each kind, the first of equals."""
    found: dict[str, dict[EvidenceKind, Item]] = defaultdict(dict)
    for item in items:
        before = found[item.path].get(item.kind)
        if before is None or item.weight > before.weight:
            found[item.path][item.kind] = item
    return found


def _strongest(probable: Mapping[str, float]) -> dict[str, float]:
    ranked = sorted(probable.items(), key=lambda each: (-each[1], each[0]))
    return dict(ranked[:_MAX_SOURCES])


def _chosen(probable: Mapping[str, float], listed: Collection[str]) -> list[str]:
    """The most probable first; what a person listed takes nobody's place."""
    ranked = sorted(probable, key=lambda path: (-probable[path], path))
    others = [path for path in ranked if path not in listed and probable[path] >= LEAST][:MAX_FILES]
    kept = {*others, *[path for path in ranked if path in listed][:_MAX_LISTED]}
    return [path for path in ranked if path in kept]


def _told(items: Mapping[EvidenceKind, Item]) -> tuple[Evidence, ...]:
    ranked = sorted(items.values(), key=lambda item: -item.weight)
    return tuple(
        Evidence(kind=item.kind, weight=round(item.weight, 4), why=plain(item.why, _SHOWN)) for item in ranked
    )
