"""Figures of small worlds, compared whole with what was agreed: routing, schedules, simulated nights.

Other tests say what must hold of them and check cases by hand; these notice whatever else moves.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, is_dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from ci_factory.config import AgentConfig, BatchConfig, Config
from ci_factory.model.history import Outcome, PastAttempt
from ci_factory.model.routing import RoutingNote
from ci_factory.model.routing_settings import RoutingConfig
from ci_factory.model.ticket import IntakeReport, Priority, Size
from ci_factory.planning.routing.protocol import Asked
from ci_factory.planning.routing.registry import Known, make_router
from ci_factory.planning.routing.report import Decided, report
from ci_factory.planning.scheduling.bounds import bound
from ci_factory.planning.scheduling.generation import parallel, serial
from ci_factory.planning.scheduling.priorities import RULES
from ci_factory.planning.scheduling.project import Activity, Mode, Project, cost
from ci_factory.planning.scheduling.search import search
from ci_factory.planning.simulation.assumptions import Assumptions
from ci_factory.planning.simulation.fitting import fit
from ci_factory.planning.simulation.hours import Day
from ci_factory.planning.simulation.replay import Equipment
from ci_factory.planning.simulation.study import Study, compared, next_evening, planned, round_robin
from tests.planning.conftest import Queue

GOLDEN = Path(__file__).parents[1] / "data" / "plans"
NOW = datetime(2026, 3, 2, 17, tzinfo=UTC)
AREAS = ("src", "docs", ".")


def plain(value: object) -> object:
    """As JSON has it; numbers to six digits, so that no processor's last bits are compared."""
    if isinstance(value, BaseModel):
        return plain(value.model_dump(mode="json"))
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value))
    if isinstance(value, float):
        return float(f"{value:.6g}")
    if isinstance(value, Mapping):
        return {str(name): plain(each) for name, each in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [plain(each) for each in value]
    return value if isinstance(value, str | int | None) else str(value)


def agreed(name: str, told: object) -> None:
    """Compare with a file."""
    text = json.dumps(plain(told), indent=1, ensure_ascii=False) + "\n"
    assert text == (GOLDEN / name).read_text(encoding="utf-8")


def attempt(number: int, agent: str, *, accepted: bool) -> PastAttempt:
    """A decided attempt some days ago; sizes, areas, minutes and costs vary with its number."""
    return PastAttempt.model_validate(
        {
            "batch": "earlier",
            "ticket": f"t{number}",
            "agent": agent,
            "size": list(Size)[number % len(Size)].value,
            "area": AREAS[number % 3],
            "started_at": NOW - timedelta(days=2 + number % 40),
            "minutes": 4 + number % 9,
            "cost_usd": None if number % 17 == 0 else 0.5 + number % 5 / 4,
            "outcome": Outcome.ACCEPTED if accepted else Outcome.REJECTED,
        }
    )


def history() -> list[PastAttempt]:
    """Ada is good, Bob is good at small ones, Cid is new."""
    ada = [attempt(number, "ada", accepted=number % 5 != 0) for number in range(60)]
    bob = [attempt(number, "bob", accepted=number % len(Size) == 1) for number in range(60, 120)]
    return [*ada, *bob, attempt(120, "cid", accepted=True), attempt(121, "gone", accepted=False)]


def agents() -> tuple[AgentConfig, ...]:
    """Three of them; Cid does small tickets only."""
    return (
        AgentConfig(name="ada", adapter="command"),
        AgentConfig(name="bob", adapter="command"),
        AgentConfig(name="cid", adapter="command", max_size=Size.SMALL),
    )


def known(past: Sequence[PastAttempt], **settings: Any) -> Known:
    """What a policy may build on; Ada had the last ticket, Bob can have two at a time."""
    return Known(agents(), RoutingConfig.model_validate(settings), "night", NOW, past, {"bob": 2}, "ada")


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("turns", {"policy": "round-robin", "shadow": "measured"}),
        ("load", {"policy": "load"}),
        ("measured", {"policy": "measured"}),
        ("by-minutes", {"policy": "measured", "per": "minutes"}),
    ],
)
def test_assignments_and_their_notes_are_as_agreed(name: str, settings: dict[str, Any]) -> None:
    """Ten tickets of all sizes and areas, one after the other, with chances and reasons."""
    router, told = make_router(known(history(), **settings)), []
    for number in range(10):
        size = list(Size)[number % len(Size)]
        found = router.find(Asked(f"n{number}", size, frozenset(), AREAS[number % 3], 6.0 + number))
        told.append(found and [found.agent, found.why, found.note])
        if found is not None:
            router.take(found)
    agreed(f"routing-{name}.json", told)


def decisions(past: Sequence[PastAttempt], share: float) -> list[Decided]:
    """Notes of turns, with what another policy would have done."""
    other = {
        "policy": "measured",
        "how": "measured",
        "agent": "ada",
        "propensities": {"ada": share, "bob": 1 - share},
    }
    told = {
        "policy": "round-robin",
        "how": "turns",
        "propensities": {"ada": 0.5, "bob": 0.5},
        "shadow": other,
    }
    return [
        Decided("earlier", each.ticket, RoutingNote.model_validate({**told, "agent": each.agent}))
        for each in past
        if each.agent in {"ada", "bob"}
    ]


@pytest.mark.parametrize(("name", "most"), [("enough", 120), ("few", 6)])
def test_a_report_on_routing_is_as_agreed(name: str, most: int) -> None:
    """Records by agent and size, chances, and what the watching policy would have been worth."""
    past = history()
    agreed(
        f"report-{name}.json",
        report(known(past, policy="round-robin", shadow="measured"), decisions(past[:most], 0.8)),
    )


def project() -> Project:
    """Twenty-four activities on three lanes and a scarce licence: chains, dates, weights, choices, groups."""
    made: list[Activity] = []
    for number in range(24):
        minutes = float(3 + number * 7 % 11)
        lanes = tuple(Mode(minutes + lane, ((lane, 1),), lane) for lane in range(number % 3 + 1))
        scarce = (Mode(minutes, ((number % 3, 1), (3, 1)), number % 3),)
        made.append(
            Activity(
                f"a{number:02}",
                scarce if number % 5 == 4 else lanes,
                predecessors=(f"a{number - 3:02}",) if number % 4 == 3 else (),
                release=float(number % 6),
                due=float(10 + number * 3) if number % 2 else None,
                weight=float(1 + number % 4),
                group="g" if number in {0, 6, 12} else None,
            )
        )
    return Project((1, 1, 1, 1), tuple(made))


def test_schedules_are_as_agreed() -> None:
    """By each rule, one ticket after the other and one moment after the other; by search; and the bounds below them."""
    work = project()
    told: dict[str, object] = {"bound": bound(work), "search": search(work, work=2_000, seed=1)}
    for name, rule in RULES.items():
        for how in (serial, parallel):
            found = how(work, rule(work))
            assert found is not None
            told[f"{how.__name__} {name}"] = cost(work, found)
    agreed("schedules.json", told)


def study(**fields: Any) -> Study:
    """Two nights of thirty tickets, three times."""
    facts: dict[str, Any] = {
        "config": Config(),
        "equipment": Equipment(),
        "assumptions": Assumptions(),
        "day": Day(),
        "now": NOW,
        "nights": 2,
        "runs": 3,
        "seed": 3,
        "tickets": 30,
    }
    return Study(**{**facts, **fields})


def test_simulated_nights_are_as_agreed() -> None:
    """By the plan, by plain turns, with few agents and a slow vendor, and with what a history teaches."""
    narrow = Equipment(agents=2, lanes=2, reviewers=1)
    learned = fit(Assumptions(), history())
    cases = {
        "plan": (study(), planned),
        "turns": (study(), round_robin),
        "narrow": (study(equipment=narrow, queue_length=40), planned),
        "learned": (study(assumptions=learned), planned),
        "turns, narrow": (study(equipment=narrow, most_tickets=10), round_robin),
    }
    agreed("nights.json", {name: each.run(way(each)) for name, (each, way) in cases.items()})
    agreed("learned.json", learned)


def test_ways_to_work_are_compared_as_agreed() -> None:
    """The plan beside plain turns, other settings, and more of everything; all of them with the same tickets."""
    asked = study(nights=1, runs=1, tickets=15)
    agreed("compared.json", {each.name: asked.run(each).figures for each in compared(asked)})


def test_nights_of_a_real_queue_are_as_agreed(candidate: Queue) -> None:
    """Of tickets with files, dependencies, dates and priorities, in a configured window, with at most so many a batch."""
    queue = [
        candidate(
            f"t{number}",
            files=[f"src/{number % 4}.py", f"src/{number}.py"],
            depends_on=[f"t{number - 5}"] if number % 6 == 5 else [],
            size=list(Size)[number % len(Size)],
            priority=list(Priority)[number % len(Priority)],
            created_at=NOW - timedelta(hours=number),
        )
        for number in range(18)
    ]
    intake = IntakeReport(taken_at=NOW, candidates=tuple(queue), resolved=("t0",))
    config = Config(batch=BatchConfig(window_minutes=90, max_tickets=8))
    known = study(intake=intake, config=config, runs=2)
    agreed("queue.json", {way.__name__: known.run(way(known)) for way in (planned, round_robin)})


@pytest.mark.parametrize(
    ("now", "evening"),
    [
        ("2026-03-02T17:59:59+00:00", "2026-03-02T18:00:00+00:00"),
        ("2026-03-02T18:00:00+00:00", "2026-03-02T18:00:00+00:00"),
        ("2026-03-02T18:00:01+00:00", "2026-03-03T18:00:00+00:00"),
    ],
)
def test_the_next_evening_is_today_s_until_it_has_begun(now: str, evening: str) -> None:
    """Then tomorrow's."""
    assert next_evening(Day(), datetime.fromisoformat(now)).isoformat() == evening
