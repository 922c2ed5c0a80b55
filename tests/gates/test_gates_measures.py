"""Syntax, complexity, documentation and policy."""

import os
from pathlib import Path
from typing import Any

import pytest

from ci_factory.model.gate import GateResult, GateStatus

Project = Any  # tests/gates/conftest.py
BRANCHES = "def {}(x):\n    if x:\n        return 1\n    return 2\n"


def told(result: GateResult) -> list[tuple[str | None, int | None, float]]:
    return [(reason.path, reason.line, reason.points) for reason in result.reasons]


def test_a_file_that_does_not_parse_fails(project: Project) -> None:
    """The error has its place; what can't be measured any more is inconclusive, not good."""
    project.commit({"a.py": "A = 1\n"})
    project.commit({"a.py": "A = 1\n\ndef f(:\n    pass\n"})
    report = project.report("syntax", "complexity", "documentation")
    syntax, *others = report.gates
    assert (syntax.status, syntax.score) == (GateStatus.FAIL, 0)
    assert [(each.path, each.region.line) for each in syntax.findings if each.region] == [("a.py", 3)]
    assert {gate.status for gate in others} == {GateStatus.INCONCLUSIVE}


def test_a_file_that_parses_again_passes(project: Project) -> None:
    """A base that could not be read does not hold its repair up."""
    project.commit({"a.py": "def f(:\n"})
    project.commit({"a.py": BRANCHES.format("f")})
    report = project.report("syntax", "complexity", "documentation")
    assert [(gate.status, gate.score) for gate in report.gates] == [(GateStatus.PASS, 100)] * 3


def test_added_complexity_costs_two_points_each(project: Project) -> None:
    """Code that moves to another file costs nothing, new branches do, those of tests do not."""
    project.commit({"a.py": BRANCHES.format("f")})
    project.commit(
        {
            "a.py": "\n",
            "b.py": BRANCHES.format("f") + "\n\n" + BRANCHES.format("g"),
            "test_b.py": BRANCHES.format("h"),
        }
    )
    result = project.judge("complexity")
    assert result.score == 96
    assert sum(points for _, _, points in told(result)) == 4


def test_public_names_without_docstring_cost_points(project: Project) -> None:
    """50 points are lost in proportion; old, private and test names do not count."""
    project.commit({"a.py": "def old():\n    pass\n"})
    new = '''def old():
    pass


class Thing:
    """Documented."""

    def method(self):
        pass

    def _private(self):
        pass
'''
    project.commit({"a.py": new, "tests/helper.py": "def bare():\n    pass\n"})
    result = project.judge("documentation")
    assert result.score == 75
    assert told(result) == [("a.py", 8, 25)]


def test_rules_of_the_project_block_warn_and_ask_for_reviews(project: Project) -> None:
    """Each rule speaks of the files that its patterns match, deleted ones too."""
    project.commit({"migrations/1.sql": "x", "docs/a.md": "x", "auth/login.py": "A = 1\n"})
    project.commit({"migrations/1.sql": None, "docs/a.md": "y", "auth/login.py": "A = 2\n"})
    rules = """
rules:
  - {paths: [migrations/], action: block, message: ask the database team}
  - {paths: ["*.md"], action: warn, message: spelling}
sensitive:
  - {paths: ["auth/**"], reviewers: [grace]}
"""
    result = project.judge("policy", rules)
    assert result.status is GateStatus.BLOCKED
    assert [(each.path, each.message) for each in result.reasons] == [
        ("migrations/1.sql", "ask the database team"),
        ("auth/login.py", "sensitive area (security), reviewed by grace"),
        ("docs/a.md", "spelling"),
    ]


def test_new_suppressions_are_shown(project: Project) -> None:
    """Comments that silence a tool are counted where the change adds them."""
    project.commit({"a.py": "import os  # noqa: F401\n"})
    project.commit({"a.py": "import os  # noqa: F401\nimport re  # noqa\nx = 1  # type: ignore\n"})
    result = project.judge("policy")
    assert result.status is GateStatus.BLOCKED
    assert told(result) == [("a.py", 2, 0), ("a.py", 3, 0)]


@pytest.mark.parametrize(
    "name", ["-x.py", "a\nb.py", "a\x1b[31m.py", "caf\udce9.py", "a\u202eyp.py"], ids=ascii
)
def test_a_file_name_that_could_trick_a_tool_blocks(project: Project, name: str) -> None:
    """No tool is given such a name; a person decides."""
    project.commit({"a.py": "A = 1\n"})
    (project.git.folder / os.fsdecode(os.fsencode(name))).write_bytes(b"import os\n")
    project.commit({})
    report = project.report("policy", "ruff")
    assert [gate.status for gate in report.gates] == [GateStatus.BLOCKED, GateStatus.PASS]
    assert "\n" not in report.gates[0].reasons[0].message + (report.gates[0].reasons[0].path or "")


def test_a_link_is_not_followed(project: Project, tmp_path: Path) -> None:
    """A link out of the repository is neither read nor judged clean."""
    (tmp_path / "outside.py").write_text("import os\n", encoding="utf-8")
    project.commit({"a.py": "A = 1\n"})
    (project.git.folder / "b.py").symlink_to(tmp_path / "outside.py")
    project.commit({})
    report = project.report("policy", "ruff", "syntax")
    assert report.gates[0].status is GateStatus.BLOCKED
    assert [gate.findings for gate in report.gates[1:]] == [(), ()]
