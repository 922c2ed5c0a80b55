"""Only what a change brings counts: a finding of the base stays old wherever it goes."""

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ci_factory.model.gate import GateStatus

Project = Any  # tests/gates/conftest.py

FAULT = "def f():\n    return missing\n"
FILLER = "".join(f"A{number} = {number}\n" for number in range(200))


def test_a_fault_that_moves_200_lines_is_not_new(project: Project) -> None:
    """It is listed as old, at its new place, and the change passes."""
    project.commit({"a.py": FAULT + "\n\n" + FILLER})
    project.commit({"a.py": FILLER + "\n\n" + FAULT})
    result = project.judge("ruff")
    assert result.status is GateStatus.PASS
    assert [(each.is_new, each.region.line) for each in result.findings] == [(False, 204)]


def test_a_fault_survives_a_rename_new_lines_above_and_indentation(project: Project) -> None:
    """All three at once change nothing about what it is."""
    project.commit({"a.py": FILLER + FAULT})
    indented = "".join(f"    {line}\n" for line in FAULT.splitlines())
    project.commit({"a.py": None, "pkg/b.py": FILLER + "B = 1\nif B:\n" + indented})
    result = project.judge("ruff")
    assert result.status is GateStatus.PASS
    assert [(each.is_new, each.path) for each in result.findings] == [(False, "pkg/b.py")]


def test_a_copy_above_is_the_new_one(project: Project) -> None:
    """Of two equal faults, the one on the added line counts, not the one that was there."""
    project.commit({"a.py": FILLER + FAULT})
    project.commit({"a.py": FAULT.replace("def f", "def g") + FILLER + FAULT})
    result = project.judge("ruff")
    assert result.status is GateStatus.FAIL
    assert [(each.is_new, each.region.line) for each in result.findings] == [(True, 2), (False, 204)]


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    above=st.integers(1, 5),
    between=st.integers(0, 5),
    copies=st.integers(1, 3),
    more=st.integers(0, 2),
)
def test_as_many_are_new_as_were_added(
    project: Project, above: int, between: int, copies: int, more: int
) -> None:
    """Whatever is put between them, the number of new findings is the number of added faults."""
    line = "print(missing)\n"
    project.commit({"a.py": line * copies})
    project.commit({"a.py": "A = 1\n" * above + ("B = 1\n" * between).join([line] * (copies + more))})
    found = project.judge("ruff").findings
    assert (len(found), sum(each.is_new for each in found)) == (copies + more, more)
    assert len({each.fingerprint for each in found}) == len(found)


def test_a_violation_behind_a_comment_is_shown_as_suppressed(project: Project) -> None:
    """The linter is asked again without its comments: what they hide is listed, marked, and does not fail the gate."""
    project.commit({"a.py": "A = 1\n"})
    project.commit({"a.py": "A = 1\nimport os  # noqa: F401\nimport sys\n"})
    result = project.judge("ruff")
    assert result.status is GateStatus.FAIL
    assert [(each.region.line, each.suppressed) for each in result.findings] == [(2, True), (3, False)]
