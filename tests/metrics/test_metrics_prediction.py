"""Foretold files and pairs against what was touched."""

from datetime import UTC, datetime
from typing import Any

import pytest

from ci_factory.metrics import prediction, prediction_report
from ci_factory.metrics.facts import PredictionFact
from ci_factory.metrics.figures import figures
from ci_factory.metrics.sample import Sample
from ci_factory.model.prediction import Evidence, EvidenceKind, TouchedFile

NOW = datetime(2026, 3, 2, tzinfo=UTC)


def fact(ticket: str, said: dict[str, float], files: tuple[str, ...] | None, **more: Any) -> PredictionFact:
    """What was foretold of a ticket, and what came."""
    touched = tuple(
        TouchedFile(path=path, probability=p, why=(Evidence(kind=EvidenceKind.NAMED, weight=p, why=""),))
        for path, p in said.items()
    )
    return PredictionFact(
        **{"batch": "b", "ticket": ticket, "threshold": 0.5, "touched": touched, "files": files, **more}
    )


NIGHT = (
    fact("1", {"a": 0.9, "b": 0.5, "c": 0.4}, ("a", "c", "d")),
    fact("2", {"a": 0.6}, ("b",)),
    fact("3", {"a": 0.9}, None),
    fact("4", {"z": 0.1, "CHANGELOG.md": 0.8}, ("d", "CHANGELOG.md"), ignored=("CHANGELOG.md",)),
)


def test_counts_are_summed_over_the_tickets_with_a_change() -> None:
    """Hits of claimed, hits of real, and the squares of all that was said or came."""
    found = prediction.files(NIGHT)
    assert found[:4] == (3, 4, 2, 6)
    assert found.squares == pytest.approx(0.01 + 0.25 + 0.36 + 1 + 0.36 + 1 + 0.01 + 0.04 + 1)
    assert found.files == 9


def test_pairs_are_compared_without_hot_files() -> None:
    """1 and 2 claimed a; 1 and 4 met in d; nobody knows about 3."""
    found = prediction.pairs(NIGHT)
    assert found[:4] == (3, 1, 0, 1)
    assert found.expected == pytest.approx(0.9 * 0.6)
    (met,) = prediction.unforetold(NIGHT)
    assert (met.first, met.second, met.files) == ("1", "4", ("d",))


def test_pairs_of_different_nights_are_no_pairs() -> None:
    """Only tickets of one batch can meet."""
    assert prediction.pairs([NIGHT[0], NIGHT[1].model_copy(update={"batch": "c"})]).pairs == 0


def test_the_section_says_values_counts_and_definitions() -> None:
    """And names the pairs that nobody foretold."""
    text = "\n".join(prediction_report.lines(NIGHT))
    assert (
        "| Claimed files that were touched | 50 % | 2 of 4 files, 1 ticket without a change | Precision:"
        in text
    )
    assert (
        "| Touched files that were claimed | 33 % | 2 of 6 files, 1 ticket without a change | Recall:" in text
    )
    assert "| Pairs that met and were claimed | 0 % | 0 of 1 pair |" in text
    assert "- 1 and 4: d" in text


def test_unknown_is_said_where_there_is_no_change() -> None:
    """No figure is made of nothing."""
    assert "Unknown: no ticket brought a change" in "\n".join(prediction_report.lines([NIGHT[2]]))
    assert list(prediction_report.lines([])) == []
    (value,) = {each.value for each in figures(Sample(), NOW) if each.key.startswith("predicted_")}
    assert value is None


def test_hostile_file_names_have_no_effect_in_the_report() -> None:
    """Paths are other people's words."""
    path = "[x](http://evil.example) |\n# head"
    met = [fact(ticket, {"a": 0.9}, (path,)) for ticket in "12"]
    text = "\n".join(prediction_report.lines(met))
    assert "\n# head" not in text
    assert "](http" not in text


def test_weights_follow_what_was_measured_slowly() -> None:
    """Twenty files by one kind alone, none of them touched, halve its weight and no more than that."""
    few = [fact(f"t{n}", {"a": 0.9}, ("z",)) for n in range(prediction.ENOUGH - 1)]
    assert prediction.calibration(few).factors == {}
    enough = [*few, fact("last", {"a": 0.9}, ("z",))]
    found = prediction.calibration(enough)
    assert found.tickets == prediction.ENOUGH
    assert found.factors == {EvidenceKind.NAMED: pytest.approx(20 / 38, abs=1e-4)}


def test_what_came_as_foretold_changes_no_weight() -> None:
    """Half of the files of weight 0.5 were touched."""
    facts = [fact(f"t{n}", {"a": 0.5}, ("a",) if n % 2 else ("z",)) for n in range(40)]
    assert prediction.calibration(facts).factors == {EvidenceKind.NAMED: 1.0}


def test_files_with_several_reasons_tell_about_none() -> None:
    """Nobody knows which of them was right."""
    why = tuple(Evidence(kind=kind, weight=0.5, why="") for kind in (EvidenceKind.NAMED, EvidenceKind.WORDS))
    both = (TouchedFile(path="a", probability=0.75, why=why),)
    facts = [fact(f"t{n}", {}, ("a",)).model_copy(update={"touched": both}) for n in range(40)]
    assert prediction.calibration(facts).factors == {}
