"""What holds for every history, and for the arithmetic below it."""

import math
import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ci_factory.config import AgentConfig
from ci_factory.model.history import Outcome, PastAttempt
from ci_factory.model.routing import How
from ci_factory.model.routing_settings import RoutingConfig
from ci_factory.model.ticket import Size
from ci_factory.planning.routing.chances import Belief, chances_of_best, digamma, trigamma
from ci_factory.planning.routing.evaluation import Logged, evaluate
from ci_factory.planning.routing.hierarchy import Fit, Seen, shared
from ci_factory.planning.routing.linear import backward, cholesky, forward
from ci_factory.planning.routing.protocol import Asked, Assignment
from ci_factory.planning.routing.registry import Known, make_router

NOW = datetime(2026, 3, 2, 17, tzinfo=UTC)
EULER = 0.5772156649015329
AREAS = ("api", "web")
Row = tuple[str, Size, str, Outcome, int]

SIZES = {"ada": Size.LARGE, "bob": Size.LARGE, "cyd": Size.MEDIUM, "dot": Size.SMALL}
AGENTS = tuple(AgentConfig(name=name, adapter="command", max_size=size) for name, size in SIZES.items())
rows = st.lists(
    st.tuples(
        st.sampled_from(sorted(SIZES)),
        st.sampled_from(list(Size)),
        st.sampled_from(AREAS),
        st.sampled_from(list(Outcome)),
        st.integers(0, 40),
    ),
    max_size=120,
)


def history(found: list[Row]) -> list[PastAttempt]:
    return [
        PastAttempt(
            batch=f"b{days}", ticket=f"t{number}", agent=agent, size=size, area=area, outcome=outcome,
            started_at=NOW - timedelta(days=days), minutes=8, cost_usd=None if number % 7 == 3 else 0.5 + number % 3,
        )
        for number, (agent, size, area, outcome, days) in enumerate(found)
    ]  # fmt: skip


def same(agent: str, accepted: int, rejected: int) -> list[PastAttempt]:
    outcomes = [Outcome.ACCEPTED] * accepted + [Outcome.REJECTED] * rejected
    return history([(agent, Size.SMALL, "web", outcome, 2) for outcome in outcomes])


def ask(
    known: list[PastAttempt], asked: Asked, config: RoutingConfig, batch: str = "night"
) -> Assignment | None:
    return make_router(Known(AGENTS, config, batch, NOW, known)).find(asked)


@settings(max_examples=60)
@given(
    rows,
    st.sampled_from(list(Size)),
    st.sampled_from((*AREAS, "new")),
    st.floats(0.02, 1),
    st.integers(1, 20),
)
def test_every_able_agent_has_its_chance_and_nobody_else(
    found: list[Row], size: Size, area: str, control: float, least: int
) -> None:
    """Probabilities are those of the able agents alone, sum to 1, and leave each its share of the control slice."""
    able = {agent.name for agent in AGENTS if agent.max_size.rank >= size.rank}
    config = RoutingConfig(policy="measured", control_share=control, min_decided=least)
    assignment = ask(history(found), Asked("t", size, frozenset(), area, 8), config)
    assert assignment is not None
    assert assignment.note is not None
    chances = assignment.note.propensities
    assert set(chances) == able
    assert math.isclose(sum(chances.values()), 1)
    assert min(chances.values()) >= control / len(able) - 1e-12
    assert assignment.agent in able
    assert AGENTS[assignment.place].name == assignment.agent


@settings(max_examples=30)
@given(rows, st.text("abc", min_size=1, max_size=5), st.randoms(use_true_random=False))
def test_the_same_night_chooses_the_same(found: list[Row], ticket: str, chance: random.Random) -> None:
    """The choice follows from batch, ticket and history, in whatever order the history comes."""
    config = RoutingConfig(policy="measured", min_decided=1, max_width=1)
    asked = Asked(ticket, Size.SMALL, frozenset(), "web", 8)
    known = history(found)
    first = ask(known, asked, config)
    chance.shuffle(known)
    again = ask(known, asked, config)
    assert first is not None
    assert again is not None
    assert first.agent == again.agent
    assert first.note is not None
    assert again.note is not None
    assert again.note.propensities == pytest.approx(first.note.propensities)


@settings(max_examples=40)
@given(st.integers(8, 60), st.integers(8, 60))
def test_equal_histories_give_equal_chances(accepted: int, rejected: int) -> None:
    """Agents with the same record have the same probability, wherever they stand in the configuration."""
    known = [each for agent in SIZES for each in same(agent, accepted, rejected)]
    found = ask(known, Asked("t", Size.SMALL, frozenset(), "web", 8), RoutingConfig(policy="measured"))
    assert found is not None
    assert found.note is not None
    assert found.note.how is How.MEASURED
    assert list(found.note.propensities.values()) == pytest.approx([0.25] * 4)


@settings(max_examples=40)
@given(st.integers(10, 40), st.integers(10, 40), st.integers(1, 20))
def test_more_accepted_never_lowers_the_chance(accepted: int, rejected: int, more: int) -> None:
    """An agent with more accepted changes than before is not less probable than before."""
    others = [each for agent in ("bob", "cyd", "dot") for each in same(agent, 20, 20)]
    asked, config = (
        Asked("t", Size.SMALL, frozenset(), "web", 8),
        RoutingConfig(policy="measured", per="attempt"),
    )
    before = ask([*others, *same("ada", accepted, rejected)], asked, config)
    after = ask([*others, *same("ada", accepted + more, rejected)], asked, config)
    assert before is not None
    assert after is not None
    assert before.note is not None
    assert after.note is not None
    assert after.note.propensities["ada"] >= before.note.propensities["ada"] - 0.005


def test_draws_come_as_often_as_their_probability_says() -> None:
    """Over 2,000 tickets each agent's share is its logged probability, within four standard errors."""
    known = [*same("ada", 30, 10), *same("bob", 26, 14), *same("cyd", 24, 16), *same("dot", 20, 20)]
    made = make_router(Known(AGENTS, RoutingConfig(policy="measured"), "night", NOW, known))
    found = [made.find(Asked(f"t{number}", Size.SMALL, frozenset(), "web", 8)) for number in range(2000)]
    notes = [each.note for each in found if each is not None and each.note is not None]
    for agent, chance in notes[0].propensities.items():
        share = sum(note.agent == agent for note in notes) / len(notes)
        assert abs(share - chance) < 4 * math.sqrt(chance * (1 - chance) / len(notes))


def test_digamma_and_trigamma_at_known_points() -> None:
    """At 1, 1/2 and 10 they have the values that tables give."""
    harmonic = sum(1 / number for number in range(1, 10))
    assert digamma(1) == pytest.approx(-EULER, abs=1e-9)
    assert digamma(0.5) == pytest.approx(-EULER - 2 * math.log(2), abs=1e-9)
    assert digamma(10) == pytest.approx(harmonic - EULER, abs=1e-9)
    assert trigamma(1) == pytest.approx(math.pi**2 / 6, abs=1e-9)
    assert trigamma(0.5) == pytest.approx(math.pi**2 / 2, abs=1e-9)


@settings(max_examples=15)
@given(st.lists(st.tuples(st.floats(-2, 2), st.floats(0.2, 1.5)), min_size=2, max_size=4))
def test_the_chance_to_be_best_is_that_of_drawing(given_beliefs: list[tuple[float, float]]) -> None:
    """The closed form agrees with 4,000 draws, within 4 percent."""
    beliefs = [Belief(*each) for each in given_beliefs]
    chance, wins = random.Random(1), [0] * len(beliefs)  # noqa: S311 - reproducible
    for _ in range(4000):
        drawn = [chance.gauss(*each) for each in beliefs]
        wins[drawn.index(max(drawn))] += 1
    assert chances_of_best(beliefs) == pytest.approx([each / 4000 for each in wins], abs=0.04)


@settings(max_examples=40)
@given(st.integers(1, 8), st.randoms(use_true_random=False))
def test_systems_are_solved(size: int, chance: random.Random) -> None:
    """The solution of a positive definite system gives its right side back."""
    factor = [[chance.uniform(-1, 1) for _ in range(size)] for _ in range(size)]
    matrix = [
        [sum(one * two for one, two in zip(left, right, strict=True)) + (left is right) for right in factor]
        for left in factor
    ]
    right = [chance.uniform(-1, 1) for _ in range(size)]
    lower = cholesky(matrix)
    solved = backward(lower, forward(lower, right))
    assert [sum(a * b for a, b in zip(row, solved, strict=True)) for row in matrix] == pytest.approx(
        right, abs=1e-8
    )


def test_the_fit_is_the_most_probable_deviation() -> None:
    """With one cell, mode and deviation of the posterior agree with a fine grid over it."""
    cell, seen = (Size.SMALL, "web"), Seen(hits=15, of=20, offset=0.2)
    found, variance = Fit({cell: seen}).at(cell), shared(cell, cell)

    def density(at: float) -> float:
        return (
            seen.hits * (at + seen.offset)
            - seen.of * math.log1p(math.exp(at + seen.offset))
            - at * at / (2 * variance)
        )

    grid = [number / 1000 for number in range(-3000, 3001)]
    best = max(grid, key=density)
    curve = -(density(best + 1e-3) - 2 * density(best) + density(best - 1e-3)) / 1e-6
    assert found.mean == pytest.approx(best, abs=2e-3)
    assert found.deviation == pytest.approx(1 / math.sqrt(curve), rel=1e-2)


def test_what_an_agent_did_elsewhere_counts_less_than_here() -> None:
    """A good record moves its own cell most, then its area, its size, and least what shares neither; all of them up."""
    fit = Fit({(Size.SMALL, "web"): Seen(hits=20, of=20, offset=0.0)})
    here, beside, apart = (
        fit.at(cell) for cell in ((Size.SMALL, "web"), (Size.SMALL, "api"), (Size.LARGE, "api"))
    )
    assert here.mean > beside.mean > apart.mean > 0
    assert here.deviation < beside.deviation < apart.deviation


def test_the_estimate_covers_what_would_have_been() -> None:
    """Over 200 logged months the 90 % interval of the gain has the true one in it at least 80 % of the time."""
    covered, chance = 0, random.Random(7)  # noqa: S311 - reproducible
    skill, real, other = (0.8, 0.5, 0.6), (1 / 3, 1 / 3, 1 / 3), (0.7, 0.1, 0.2)
    truth = sum(s * (o - r) for s, o, r in zip(skill, other, real, strict=True))
    for _ in range(200):
        logged = []
        for _ in range(150):
            (agent,) = chance.choices(range(3), real)
            logged.append(Logged(real[agent], other[agent], chance.random() < skill[agent], 1.0))
        worth = evaluate(logged, 1.645)
        assert worth is not None
        covered += worth.low <= truth <= worth.high
    assert covered >= 160


def test_few_weighted_tickets_give_no_estimate() -> None:
    """Forty tickets of which two carry nearly all weight are worth too few."""
    logged = [Logged(0.5, 0.001, True, 1.0)] * 38 + [Logged(0.01, 0.99, True, 1.0)] * 2
    assert evaluate(logged, 1.645) is None
