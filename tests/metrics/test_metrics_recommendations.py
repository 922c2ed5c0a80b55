"""What the reports recommend: each rule on the trouble that it is for, none on little or on chance."""

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest

from ci_factory.config import Config
from ci_factory.metrics.recommendation_facts import Known
from ci_factory.metrics.recommendations import RULES, Recommendation, recommend
from ci_factory.metrics.sample import COMPONENTS, Change, Sample
from tests.metrics.quarter import DAY, NIGHTS, NOW, TICKETS, quarter

SAMPLE = quarter()
LAST = NIGHTS * TICKETS


def told(sample: Sample) -> dict[str, Recommendation]:
    return {each.key: each for each in recommend(Known(sample, NOW, NOW, Config()))}


def changes(make: Callable[[int, Change], Change]) -> Sample:
    return SAMPLE._replace(changes=tuple(make(number, each) for number, each in enumerate(SAMPLE.changes)))


def endings(ending: str, every: int) -> Sample:
    rows = (
        each._replace(ending=ending) if number % every == 0 else each
        for number, each in enumerate(SAMPLE.work)
    )
    return SAMPLE._replace(work=tuple(rows))


def asked() -> Sample:
    """Every third attempt ended with a question, nearly all about data."""
    sample = endings("escalated", 3)
    one = SAMPLE.questions[0]
    rows = (
        one._replace(ticket=each.ticket, batch=each.batch, raised=each.finished, answered=each.finished + DAY, waiting=False,
                     trigger="data" if number % 10 else "uncertainty")
        for number, each in enumerate(sample.work) if each.ending == "escalated"
    )  # fmt: skip
    return sample._replace(questions=tuple(rows))


def telling_score(number: int, change: Change) -> Change:
    """Below 88 points every change was reworked, from there on none; the threshold is 80."""
    score = 80.0 + number * 7 % 20
    return change._replace(
        score=score, components=(score,) * len(COMPONENTS), reworked=score < 88, defect=None
    )


TROUBLES: dict[str, tuple[Sample, str]] = {
    "questions": (SAMPLE, "Answer 3 questions"),
    "defects": (
        changes(lambda n, c: c._replace(defect=c.merged and c.merged + DAY if n % 5 == 0 else None)),
        "!",
    ),
    "reviewers": (SAMPLE, "72 %"),
    "gate": (
        changes(lambda _, c: c._replace(merged=None, closed=c.decided, state="closed")),
        "the gate lint",
    ),
    "gate-overruled": (SAMPLE, "Loosen the gate lint"),
    "agents": (SAMPLE, "Decide between heron, who costs less, and otter"),
    "agents-cost": (
        changes(lambda _, c: c._replace(reworked=False)),
        "Give more tickets to heron, fewer to otter",
    ),
    "escalations": (asked(), "Ask less about data"),
    "large-tickets": (SAMPLE, "large changes were reworked"),
    "timeouts": (endings("timeout", 4), "ran out of time"),
    "no-change": (endings("no-change", 4), "changed nothing"),
    "conflicts": (
        SAMPLE._replace(shifts=tuple(each._replace(conflicting=3) for each in SAMPLE.shifts)),
        "do not merge",
    ),
    "lanes": (
        SAMPLE._replace(shifts=tuple(each._replace(lanes=8) for each in SAMPLE.shifts)),
        "lanes were busy",
    ),
    "threshold": (changes(telling_score), "in place of 80"),
}


@pytest.mark.parametrize("key", TROUBLES)
def test_each_rule_speaks_of_its_trouble(key: str) -> None:
    """With words that name it, the figure, how many it rests on, and what to set or to run."""
    sample, words = TROUBLES[key]
    found = told(sample)[key]
    assert words in f"{found.what} {found.evidence} {found.about}"
    assert re.search(r"\d", found.evidence)
    assert found.n > 0
    assert "`" in found.how


def test_every_rule_has_its_trouble() -> None:
    """No rule is untested but that of weights, which rests on the calibration as the threshold does."""
    assert {rule.key for rule in RULES} - set(TROUBLES) == {"weights"}


def test_the_made_quarter_in_order() -> None:
    """What people wait for comes first, and nothing is said that its facts do not show."""
    assert list(told(SAMPLE)) == ["questions", "reviewers", "gate-overruled", "agents", "large-tickets"]


def test_nothing_is_recommended_of_little() -> None:
    """The first night of the quarter has every trouble, and proves none of them but the question that waits."""
    until = min(each.created for each in SAMPLE.shifts) + DAY
    first = Sample(*(tuple(row for row in rows if _at(row) < until) for rows in SAMPLE))  # type: ignore[arg-type]  # of its kind each
    known = Known(first, NOW - timedelta(days=89), NOW - timedelta(days=89), Config())
    assert {each.key for each in recommend(known)} <= {"questions"}
    assert recommend(Known(Sample(), NOW, NOW, Config())) == ()


def _at(row: object) -> float:
    for name in ("created", "triggered", "finished", "at", "raised"):
        if (at := getattr(row, name, None)) is not None:
            return float(at)
    raise AssertionError(row)


def test_agents_of_the_same_kind_are_seldom_told_apart() -> None:
    """When a coin says who worked on a ticket, at most a quarter of the quarters tell the two apart by any of five figures.

    Each figure does so in 5 %; in none of forty quarters would be too blind, and the trouble above shows that it is not.
    """
    found = [seed for seed in range(40) if {"agents", "agents-cost"} & set(told(_tossed(seed)))]
    assert len(found) <= 10


def _tossed(seed: int) -> Sample:
    coin = Random(seed)  # noqa: S311 - no secret
    names = {each.ticket: coin.choice(("heron", "otter")) for each in SAMPLE.work}
    return SAMPLE._replace(
        work=tuple(each._replace(agent=names[each.ticket], cost=1.0) for each in SAMPLE.work),
        changes=tuple(each._replace(agent=names[each.ticket], cost=1.0) for each in SAMPLE.changes),
    )


def test_keys_and_commands_exist() -> None:
    """Every key that is named stands in docs/configuration.md, and every command in the list of commands."""
    from ci_factory.cli.main import COMMANDS

    documented = (Path(__file__).parents[2] / "docs" / "configuration.md").read_text("utf-8")
    for rule in RULES:
        for named in re.findall(r"`([^`]+)`", rule.how):
            if named.startswith("ci-factory "):
                assert named.split()[1] in COMMANDS, named
            elif "." in named:
                key = named.split(":")[0]
                assert key in documented or f".{key.rsplit('.', 1)[1]}`" in documented, named
