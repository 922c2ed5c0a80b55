"""The pure rules: sizes, limits, judgement, feedback, escalation words."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_factory.config import Config, IterationLimits
from ci_factory.model.attempt import DiffStat, Trigger
from ci_factory.model.gate import (
    Component,
    Finding,
    GateReport,
    GateResult,
    GateStatus,
    Region,
    Score,
    Severity,
    Verdict,
)
from ci_factory.model.ticket import Size
from ci_factory.work import escalation, feedback, judgement, sizes
from ci_factory.work.documents import EscalationDocument
from ci_factory.work.judgement import Kind
from ci_factory.work.paths import matching_untrusted, path_problem

SHA = "a" * 40
Room = Any  # tests/work/conftest.py


def result(name: str, status: GateStatus, component: Component, *rules: str) -> GateResult:
    found = tuple(
        Finding(
            tool="t",
            rule=rule,
            severity=Severity.HIGH,
            message="m",
            path="a.py",
            region=Region(line=2),
            fingerprint=rule,
        )
        for rule in rules
    )
    return GateResult(gate=name, component=component, status=status, summary="it says so", findings=found)


def judged(
    *gates: GateResult, verdict: Verdict = Verdict.FAIL, points: float | None = 90
) -> tuple[GateReport, Score]:
    bound: dict[str, Any] = {"tree": SHA, "base": SHA, "head": SHA, "config_hash": "0"}
    report = GateReport(**bound, changed_files=("a.py", "b.py"), added_lines=1, removed_lines=0, gates=gates)
    return report, Score(**bound, score=points, verdict=verdict, threshold=80, components={})


@pytest.mark.parametrize(
    ("lines", "files", "size"),
    [
        (9, 1, Size.TRIVIAL),
        (10, 1, Size.SMALL),
        (9, 2, Size.SMALL),
        (49, 2, Size.SMALL),
        (50, 1, Size.MEDIUM),
        (1, 3, Size.MEDIUM),
        (200, 4, Size.MEDIUM),
        (201, 1, Size.LARGE),
        (1, 5, Size.LARGE),
    ],
)
def test_the_stricter_of_lines_and_files_is_the_size(lines: int, files: int, size: Size) -> None:
    """SPEC's table; where two rows name the same number, the fuller workflow."""
    diff = DiffStat(
        files=tuple(f"{n}.py" for n in range(files)), added=lines // 2, removed=lines - lines // 2
    )
    assert sizes.measured(diff) is size


@given(st.integers(0, 400), st.integers(0, 400), st.integers(1, 8), st.integers(1, 8))
def test_a_larger_change_is_never_a_smaller_size(a: int, b: int, few: int, many: int) -> None:
    """Size grows with lines and with files."""

    def size(lines: int, files: int) -> int:
        return sizes.measured(DiffStat(files=tuple(map(str, range(files))), added=lines)).rank

    assert size(min(a, b), min(few, many)) <= size(max(a, b), max(few, many))


FAIL, BLOCKED, UNKNOWN = GateStatus.FAIL, GateStatus.BLOCKED, GateStatus.INCONCLUSIVE


@pytest.mark.parametrize(
    ("gates", "kind"),
    [
        ([result("tests", FAIL, Component.TESTS)], Kind.MENDABLE),
        ([result("tests", FAIL, Component.TESTS), result("policy", BLOCKED, Component.POLICY)], Kind.BLOCKED),
        (
            [result("tests", FAIL, Component.TESTS), result("secrets", BLOCKED, Component.SECURITY)],
            Kind.SECRET,
        ),
        ([result("semgrep", FAIL, Component.SECURITY)], Kind.BLOCKED),
        ([result("mypy", UNKNOWN, Component.SYNTAX), result("ruff", FAIL, Component.SYNTAX)], Kind.MENDABLE),
        ([result("mypy", UNKNOWN, Component.SYNTAX)], Kind.UNMEASURED),
        ([result("complexity", FAIL, Component.COMPLEXITY)], Kind.WEAK),
        ([], Kind.WEAK),
    ],
)
def test_what_asks_for_a_person_comes_before_what_can_be_mended(gates: list[GateResult], kind: Kind) -> None:
    """One verdict, one meaning."""
    assert judgement.judge(*judged(*gates)).kind is kind


def test_no_score_is_no_pass() -> None:
    """A verdict without a score is not measured."""
    assert judgement.judge(*judged(points=None)).kind is Kind.UNMEASURED


@pytest.mark.parametrize(
    ("gate", "limit"),
    [
        (result("syntax", FAIL, Component.SYNTAX, "syntax-error"), 13),
        (result("ruff", FAIL, Component.SYNTAX, "invalid-syntax"), 13),
        (result("ruff", FAIL, Component.SYNTAX, "F401"), 11),
        (result("tests", FAIL, Component.TESTS), 12),
    ],
)
def test_rounds_depend_on_what_fails(gate: GateResult, limit: int) -> None:
    """Build failures, test failures and the rest have limits of their own."""
    limits = IterationLimits(single_file=10, multi_file=11, test_failures=12, build_failures=13)
    assert judgement.limit(judged(gate)[0], limits) == limit


def test_feedback_is_short_and_says_where() -> None:
    """Gate, then path:line: message; the rest is counted."""
    noisy = result("ruff", FAIL, Component.SYNTAX, *(f"E{n}" for n in range(100)))
    words = feedback.words(*judged(noisy))
    assert words[:2] == ("ruff: it says so", "a.py:2: E0 m")
    assert words[-1] == "… and 85 more of ruff"
    assert len(words) <= feedback.MAX_LINES + 1


@given(st.text(max_size=40))
def test_a_sound_path_stays_inside(path: str) -> None:
    """No accepted path is absolute, climbs, or reaches into .git."""
    if path_problem(path) is None:
        parts = path.split("/")
        assert not {"", ".", "..", ".git"} & {part.lower() for part in parts}
        assert path.isprintable()


@pytest.mark.parametrize(
    ("pattern", "hits"),
    [("src/*.py", 1), ("src/", 2), ("*.py", 3), ("../*.py", 0), ("src/" + "*a" * 50 + "b", 2)],
)
def test_a_strangers_pattern_is_bounded(pattern: str, hits: int) -> None:
    """Patterns of tickets never take long; one too wild to tell counts as everything below its fixed part."""
    tree = ["src/" + "a" * 200 + ".py", "src/deep/b.py", "c.py"]
    assert len(matching_untrusted(tree, pattern)) == hits


@pytest.mark.parametrize("options", [0, 1, 2, 5])
def test_an_escalation_always_has_two_ways_out(room: Room, options: int) -> None:
    """Whatever the agent offers is kept; what lacks is added."""
    offered = [{"title": f"way {number}"} for number in range(options)]
    document = EscalationDocument.model_validate(
        {"trigger": Trigger.DATA, "summary": "s", "options": offered}
    )
    record = escalation.record(
        escalation.from_agent(document),
        room.planned().candidate,
        agent="one",
        tried="",
        config=Config(),
        answer=None,
        now=datetime(2026, 1, 1, tzinfo=UTC),
    )
    assert len(record.options) >= 2
    assert [one.title for one in record.options][:options] == [one["title"] for one in offered]
