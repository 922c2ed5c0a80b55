"""Files that were foretold against files that were touched: precision, recall, Brier score, and pairs that met. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations
from math import fsum
from typing import NamedTuple

from ci_factory.metrics import definitions, words
from ci_factory.metrics.facts import PredictionFact
from ci_factory.metrics.figure import Figure, Metric, measure, whole
from ci_factory.metrics.statistics.ratios import clustered, ratio
from ci_factory.model.meetings import CROWD, Meeting, conflict_graph
from ci_factory.model.prediction import Calibration, EvidenceKind

ENOUGH = 20
"""Files with no other evidence from which on a kind's weight is recalibrated."""
PRIOR = 20.0
"""Files as foretold by the prior weight that are added to those measured, so that few change little."""
_BOUNDS = (0.25, 2.0)


class Files(NamedTuple):
    """Counts over all tickets with a change, so that each file weighs the same (micro-average)."""

    tickets: int
    claimed: int
    hits: int
    real: int
    squares: float
    """Sum over files of (probability - 1 if touched, else 0) squared."""
    files: int
    """Files that were foretold or touched."""


class Pairs(NamedTuple):
    """Pairs of tickets of the same batch, both with a change."""

    pairs: int
    claimed: int
    """Both were to touch the same file, each with at least the claim threshold."""
    hits: int
    real: int
    expected: float
    """Pairs that were to meet: the sum of their probabilities."""


def files(predictions: Iterable[PredictionFact]) -> Files:
    """Tickets without a change are left out: what they would have touched is unknown."""
    each = [_of_one(fact, fact.files) for fact in predictions if fact.files is not None]
    return Files(
        tickets=len(each),
        claimed=sum(one.claimed for one in each),
        hits=sum(one.hits for one in each),
        real=sum(one.real for one in each),
        squares=fsum(one.squares for one in each),
        files=sum(one.files for one in each),
    )


def pairs(predictions: Iterable[PredictionFact]) -> Pairs:
    """By batch. Files that do not count as an overlap are left out on both sides."""
    each = _batches(predictions)
    return Pairs(
        pairs=sum(one.pairs for one in each),
        claimed=sum(one.claimed for one in each),
        hits=sum(one.hits for one in each),
        real=sum(one.real for one in each),
        expected=fsum(one.expected for one in each),
    )


def _batches(predictions: Iterable[PredictionFact]) -> list[Pairs]:
    batches: dict[str, list[PredictionFact]] = defaultdict(list)
    for fact in predictions:
        if fact.files is not None:
            batches[fact.batch].append(fact)
    return [_of_batch(facts) for facts in batches.values()]


def unforetold(predictions: Iterable[PredictionFact]) -> tuple[Meeting, ...]:
    """Pairs of one batch that touched a common file without both having claimed it, with these files."""
    known = [fact for fact in predictions if fact.files is not None]
    claimed = _met({fact.ticket: _claimed(fact) - set(fact.ignored) for fact in known})
    real = conflict_graph({fact.ticket: dict.fromkeys(_really(fact), 1.0) for fact in known}).pairs
    return tuple(each for each in real if (each.first, each.second) not in claimed)


def night_figures(predictions: Sequence[PredictionFact]) -> tuple[Figure, ...]:
    """One batch: facts about all of its changes."""
    found, met = files(predictions), pairs(predictions)
    unknown = len(predictions) - found.tickets
    without = f", {words.count(unknown, 'ticket')} without a change" if unknown else ""
    brier = found.squares / found.files if found.files else None
    return (
        whole(
            definitions.PREDICTED_PRECISION,
            _ratio(found.hits, found.claimed),
            found.claimed,
            note=f"{found.hits} of {words.count(found.claimed, 'file')}{without}",
        ),
        whole(
            definitions.PREDICTED_RECALL,
            _ratio(found.hits, found.real),
            found.real,
            note=f"{found.hits} of {words.count(found.real, 'file')}{without}",
        ),
        whole(definitions.PREDICTED_BRIER, brier, found.files, note=words.count(found.files, "file")),
        whole(
            definitions.PAIRS_PRECISION,
            _ratio(met.hits, met.claimed),
            met.claimed,
            note=f"{met.hits} of {words.count(met.claimed, 'pair')}",
        ),
        whole(
            definitions.PAIRS_RECALL,
            _ratio(met.hits, met.real),
            met.real,
            note=f"{met.hits} of {words.count(met.real, 'pair')}",
        ),
        whole(
            definitions.PAIRS_EXPECTED,
            met.expected if met.pairs else None,
            met.pairs,
            note=f"{met.real} met, of {words.count(met.pairs, 'pair')}",
        ),
    )


def figures(predictions: Sequence[PredictionFact]) -> Iterator[Figure]:
    """All batches: a sample of how well it goes. Files of a ticket, and pairs of a batch, are alike, and intervals allow for it."""
    found = [_of_one(fact, fact.files) for fact in predictions if fact.files is not None]
    met = _batches(predictions)
    yield _clustered(definitions.PREDICTED_PRECISION, [(each.hits, each.claimed) for each in found])
    yield _clustered(definitions.PREDICTED_RECALL, [(each.hits, each.real) for each in found])
    brier, files_ = ratio([(each.squares, each.files) for each in found]), sum(each.files for each in found)
    value, ends = (brier.value, (brier.low, brier.high)) if brier else (None, None)
    yield measure(definitions.PREDICTED_BRIER, value, files_, interval=ends)
    yield _clustered(definitions.PAIRS_PRECISION, [(each.hits, each.claimed) for each in met])
    yield _clustered(definitions.PAIRS_RECALL, [(each.hits, each.real) for each in met])


def _clustered(metric: Metric, clusters: Sequence[tuple[int, int]]) -> Figure:
    hits, of = sum(hit for hit, _ in clusters), sum(n for _, n in clusters)
    return measure(metric, _ratio(hits, of), of, interval=clustered(clusters))


def calibration(predictions: Iterable[PredictionFact]) -> Calibration:
    """How the weights of evidence have to be changed for what was measured.

    Only files that a single kind of evidence spoke for tell about that kind. Its factor is (touched + 20) / (expected by
    the prior weights + 20), which a few files hardly move, between a quarter and twice.
    """
    known = [fact for fact in predictions if fact.files is not None]
    alone: dict[EvidenceKind, list[tuple[float, bool]]] = defaultdict(list)
    for fact in known:
        for file in fact.touched:
            if len(file.why) == 1:
                alone[file.why[0].kind].append((file.why[0].weight, file.path in (fact.files or ())))
    factors = {kind: _factor(seen) for kind, seen in alone.items() if len(seen) >= ENOUGH}
    return Calibration(
        tickets=len(known), factors={kind: factors[kind] for kind in EvidenceKind if kind in factors}
    )


def _factor(seen: Sequence[tuple[float, bool]]) -> float:
    touched, expected = sum(hit for _, hit in seen), fsum(weight for weight, _ in seen)
    low, high = _BOUNDS
    return round(min(high, max(low, (touched + PRIOR) / (expected + PRIOR))), 4)


def _of_one(fact: PredictionFact, real: Sequence[str]) -> Files:
    truth, said = frozenset(real), {file.path: file.probability for file in fact.touched}
    claimed = _claimed(fact)
    every = said.keys() | truth
    squares = fsum((said.get(path, 0.0) - (path in truth)) ** 2 for path in every)
    return Files(1, len(claimed), len(claimed & truth), len(truth), squares, len(every))


def _of_batch(facts: Sequence[PredictionFact]) -> Pairs:
    said = {
        fact.ticket: {f.path: f.probability for f in fact.touched if f.path not in fact.ignored}
        for fact in facts
    }
    expected = fsum(meeting.probability for meeting in conflict_graph(said).pairs)
    claimed = _met({fact.ticket: _claimed(fact) - set(fact.ignored) for fact in facts})
    real = _met({fact.ticket: _really(fact) for fact in facts})
    return Pairs(
        len(facts) * (len(facts) - 1) // 2, len(claimed), len(claimed & real), len(real), round(expected, 6)
    )


def _met(tickets: Mapping[str, Iterable[str]]) -> set[tuple[str, str]]:
    """Pairs with a common file; one that very many tickets share is passed over, as in the conflict graph."""
    by_file: dict[str, list[str]] = defaultdict(list)
    for ticket in sorted(tickets):
        for path in tickets[ticket]:
            by_file[path].append(ticket)
    few = (found for found in by_file.values() if len(found) <= CROWD)
    return {pair for found in few for pair in combinations(found, 2)}


def _claimed(fact: PredictionFact) -> frozenset[str]:
    return frozenset(file.path for file in fact.touched if file.probability >= fact.threshold)


def _really(fact: PredictionFact) -> frozenset[str]:
    """Files that the change touched, without those that do not count as an overlap."""
    return frozenset(fact.files or ()) - set(fact.ignored)


def _ratio(hits: int, of: int) -> float | None:
    return hits / of if of else None
