"""Mutants of changed lines: which faults there are, and which of them the tests notice."""

import ast
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_factory.gates.testing.mutants.make import mutants, works
from ci_factory.gates.testing.mutants.sample import sample
from ci_factory.model.gate import GateResult, GateStatus

Project = Any  # tests/gates/conftest.py

CODE = '''"""Grades."""

import logging

log = logging.getLogger(__name__)
__all__ = ["grade"]


def grade(points: int = 0, *, best: "int" = 100) -> str:
    """From 50 on it is passed."""
    log.debug("grading %s", points + 1)
    if points < 0 or not best:
        raise ValueError(f"less than {0}: {points - 1}")
    share = points / best
    if share >= 0.5:
        return "passed"
    return "failed"  # pragma: no cover
'''


def said(code: str, line: int) -> set[str]:
    return {each.said for each in mutants("a.py", code.encode(), [line])}


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        (9, {"`0` becomes `1`", "`100` becomes `101`"}),
        (11, set()),
        (
            12,
            {
                "`points < 0` becomes `points <= 0`",
                "`points < 0` becomes `points >= 0`",
                "`points < 0 or not best` becomes `points < 0 and (not best)`",
                "`points < 0 or not best` becomes `not (points < 0 or not best)`",
                "`not best` becomes `best`",
                "`0` becomes `1`",
            },
        ),
        (14, {"`points / best` becomes `points * best`"}),
        (
            15,
            {
                "`share >= 0.5` becomes `share > 0.5`",
                "`share >= 0.5` becomes `share < 0.5`",
                "`0.5` becomes `1.5`",
            },
        ),
        (16, {'`return "passed"` becomes `return None`', "`\"passed\"` becomes `'passed~'`"}),
        (17, set()),
    ],
)
def test_faults_are_those_that_programmers_make(line: int, wanted: set[str]) -> None:
    """Comparisons, arithmetic, logic, constants, returns; no annotations, logging, docstrings or silenced lines."""
    assert said(CODE, line) == wanted


def test_what_only_people_or_tools_read_is_left_alone() -> None:
    """Docstrings, dunder names, messages of exceptions and imports are no behaviour."""
    assert [said(CODE, line) for line in (1, 3, 6, 10)] == [set()] * 4
    assert said(CODE, 13) == {'`raise ValueError(f"less than {0}: {points - 1}")` becomes `pass`'}


@pytest.mark.parametrize(
    ("code", "wanted"),
    [
        ("send(a, b)", "`send(a, b)` becomes `send(b, a)`"),
        ("send(a, b)", "`send(a, b)` becomes `pass`"),
        ("a.b = c", "`a.b = c` becomes `pass`"),
        ("a += b", "`a += b` becomes `a -= b`"),
        ("while a:\n    break", "`a` becomes `not a`"),
        ("x = a if b else c", "`a if b else c` becomes `a if not b else c`"),
        ("x = True", "`True` becomes `False`"),
        ("x = [1,\n     a is b]", "`a is b` becomes `a is not b`"),
    ],
)
def test_operators(code: str, wanted: str) -> None:
    """Every kind of fault is known, in statements of several lines too."""
    lines = range(1, code.count("\n") + 2)
    assert wanted in {each.said for each in mutants("a.py", f"{code}\n".encode(), lines)}


def test_a_mutant_changes_exactly_its_place() -> None:
    """Everything around it stays as it is written, signs outside of ASCII included."""
    code = 'name = "Zoë"; x = (a  <  b)  # größer?\n'
    found = next(each for each in mutants("a.py", code.encode(), [1]) if each.operator == "comparison")
    assert found.applied(code.encode()).decode() == code.replace("a  <  b", "(a <= b)")


@given(st.integers(0, 12), st.text(max_size=8))
def test_a_sample_is_bounded_steady_and_spread(size: int, seed: str) -> None:
    """The same seed gives the same mutants, and no line has two before every line has one."""
    source = CODE.encode()
    every = mutants("a.py", source, range(1, 20))
    taken = sample(every, size, seed, lambda each: works(each, source))
    assert taken == sample(list(reversed(every)), size, seed, lambda each: works(each, source))
    assert len(taken) == min(size, len(every))
    if size <= len({each.line for each in every}):
        assert len({each.line for each in taken}) == size
    for each in taken:
        changed = each.applied(source)
        assert ast.dump(ast.parse(changed)) != ast.dump(ast.parse(source))


@given(st.binary(max_size=60))
def test_no_file_is_too_strange(text: bytes) -> None:
    """Whatever a file holds, it gives mutants or none."""
    for each in mutants("a.py", text, range(1, 5)):
        works(each, text)


LIMIT = (
    '"""Limits."""\n\n\ndef allowed(number):\n    """Whether it is below ten."""\n    return number < {}\n'
)
STRONG = "from limits import allowed\n\n\ndef test_below():\n    assert allowed({0} - 1)\n\n\ndef test_limit():\n    assert not allowed({0})\n"
WEAK = "from limits import allowed\n\n\ndef test_below():\n    assert allowed({} - 5) or True\n"


def judged(
    project: Project, tests: str, settings: str = "gates: {tests: {reruns: 0, proof: false}}"
) -> GateResult:
    project.commit({"limits.py": LIMIT.format(9), "tests/test_limits.py": tests.format(9)})
    project.commit({"limits.py": LIMIT.format(10), "tests/test_limits.py": tests.format(10)})
    result: GateResult = project.judge("tests", settings)
    return result


def messages(result: GateResult) -> str:
    return "\n".join(f"{each.points:g} {each.path}:{each.line} {each.message}" for each in result.reasons)


def test_tests_that_notice_every_fault_lose_nothing(project: Project) -> None:
    """Strong tests of the changed line kill its mutants; the old tests fail on purpose and block, whatever the mutants."""
    project.commit(
        {"limits.py": LIMIT.format(9), "tests/test_nothing.py": "def test_nothing():\n    assert [1]\n"}
    )
    project.commit({"limits.py": LIMIT.format(10), "tests/test_limits.py": STRONG.format(10)})
    result = project.judge("tests", "gates: {tests: {reruns: 0}}")
    assert result.status is GateStatus.PASS, messages(result)
    assert result.figures["mutants_total"] == result.figures["mutants_killed"] == 4, messages(result)
    assert result.score == 100


def test_a_fault_that_nobody_notices_is_named_and_costs_points(project: Project) -> None:
    """Survivors never fail a change; each is told with its place and its share of the points."""
    result = judged(project, WEAK)
    assert result.status is GateStatus.PASS, messages(result)
    assert "limits.py:6 no test notices when `number < 10` becomes `number <= 10`" in messages(result)
    assert (result.figures["mutants_total"], result.figures["mutants_killed"]) == (4, 0)
    assert result.score == 80
    assert sum(reason.points for reason in result.reasons) == pytest.approx(20)


def test_a_mutant_that_never_ends_is_noticed(project: Project) -> None:
    """Running out of time is noticed, and the others are still tried."""
    code = '"""Down."""\n\n\ndef steps(number):\n    """How many steps of one."""\n    count = 0\n    while number > 0:\n        number -= 1\n        count += 1\n    return count\n'
    project.commit({"README.md": "x"})
    project.commit(
        {
            "steps.py": code,
            "test_steps.py": "from steps import steps\n\n\ndef test_steps():\n    assert [steps(2), steps(0)] == [2, 0]\n",
        }
    )
    settings = "gates: {tests: {reruns: 0, proof: false, test_timeout_seconds: 1, mutants: {sample: 6}}}"
    result = project.judge("tests", settings)
    assert result.status is GateStatus.PASS, messages(result)
    assert result.figures["mutants_total"] == 6, messages(result)
    assert result.figures["mutants_killed"] >= 5, messages(result)


def test_without_time_nothing_is_claimed(project: Project) -> None:
    """Mutants that could not be tried cost nothing and are counted."""
    result = judged(project, WEAK, "gates: {tests: {reruns: 0, proof: false, mutants: {seconds: 0.01}}}")
    assert (result.figures["mutants_total"], result.score) == (None, 100)
    assert "unknown" in messages(result) or "not tried in time" in messages(result)
