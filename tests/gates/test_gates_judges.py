"""Changes of the files that judge, and of comments that silence a judge."""

from typing import Any

import pytest

from ci_factory.model.gate import GateStatus

Project = Any  # tests/gates/conftest.py

PYPROJECT = '[project]\nname = "x"\nversion = "{}"\n\n[tool.ruff]\nline-length = {}\n'
PIPELINE = "include:\n  - local: ci/build.yml\n  - component: $CI_SERVER_FQDN/a/b@1\nbuild:\n  script: [!reference [x, y], make]\n"
BASE = {
    "pyproject.toml": PYPROJECT.format("1", 100),
    "setup.cfg": "[metadata]\nname = x\n\n[tool:pytest]\naddopts = -q\n",
    "package.json": '{"name": "x", "scripts": {"test": "node --test", "start": "node ."}}',
    ".gitlab-ci.yml": PIPELINE,
    "ci/build.yml": "a: 1\n",
    "a.py": "A = 1\n",
}

JUDGES: dict[str, dict[str, str | None]] = {
    "pipeline": {".gitlab-ci.yml": PIPELINE + "other: 1\n"},
    "included file": {"ci/build.yml": "a: 2\n"},
    "file included from now on": {".gitlab-ci.yml": PIPELINE.replace("ci/build", "ci/new"), "ci/new.yml": "b: 1\n"},
    "own settings": {".ci-factory.yml": "gates: {threshold: 0}\n"},
    "owners": {"docs/CODEOWNERS": "* @me\n"},
    "tool table": {"pyproject.toml": PYPROJECT.format("1", 300)},
    "tool table broken": {"pyproject.toml": "[tool.ruff\n"},
    "tool section": {"setup.cfg": "[metadata]\nname = x\n\n[tool:pytest]\naddopts = --deselect=x\n"},
    "settings file gone": {"setup.cfg": None},
    "new settings file": {"pytest.ini": "[pytest]\naddopts = -k nothing\n"},
    "coverage": {".coveragerc": "[run]\nomit = *\n"},
    "ignored by scanners": {".semgrepignore": "*\n"},
    "accepted secrets": {".secrets.baseline": "{}\n"},
    "linter of another language": {"eslint.config.js": "export default [];\n"},
    "script that tests": {"package.json": '{"name": "x", "scripts": {"test": "true", "start": "node ."}}'},
}  # fmt: skip

OTHERS: dict[str, dict[str, str | None]] = {
    "version": {"pyproject.toml": PYPROJECT.format("2", 100)},
    "metadata": {"setup.cfg": "[metadata]\nname = y\n\n[tool:pytest]\naddopts = -q\n"},
    "script that starts": {"package.json": '{"name": "x", "scripts": {"test": "node --test", "start": "node x"}}'},
    "new package": {"web/package.json": '{"scripts": {"test": "node --test"}}'},
    "other YAML": {"ci/other.yml": "a: 1\n"},
}  # fmt: skip


@pytest.mark.parametrize("name", JUDGES)
def test_a_change_of_what_judges_is_for_a_person(project: Project, name: str) -> None:
    """Pipelines, owners and the settings of tools block, with the file's name."""
    project.commit(BASE)
    project.commit(JUDGES[name])
    result = project.judge("policy")
    assert result.status is GateStatus.BLOCKED
    assert {reason.path for reason in result.reasons} >= set(JUDGES[name])


@pytest.mark.parametrize("name", OTHERS)
def test_other_parts_of_such_files_may_change(project: Project, name: str) -> None:
    """A new version or dependency beside the settings of tools does not block."""
    project.commit(BASE)
    project.commit(OTHERS[name])
    assert project.judge("policy").status is GateStatus.PASS


def test_judges_can_be_left_to_review(project: Project) -> None:
    """`protected: review` shows the change and does not block."""
    project.commit(BASE)
    project.commit(JUDGES["pipeline"])
    result = project.judge("policy", settings="gates: {protected: review}")
    assert (result.status, result.figures["judges"], result.figures["review"]) == (GateStatus.PASS, 1, 1)


SILENCED = {
    "a.py": ["# noqa", "# ruff: noqa: F401", "# type: ignore[misc]", "# pragma: no cover", "# nosec", "# nosemgrep: x", "# pylint: disable=all"],
    "a.ts": ["// eslint-disable-next-line", "// @ts-ignore", "/* istanbul ignore next */", "// prettier-ignore"],
    "a.go": ["//nolint:errcheck", "// #nosec G101"],
    "a.rs": ["#[allow(clippy::all)]", "#![allow(warnings)]", "#[ignore]"],
    "a.php": ["// @phpstan-ignore-next-line", "// phpcs:ignore"],
    "A.java": ['@SuppressWarnings("all")', "// NOPMD", "// NOSONAR"],
    "a.yml": ["# pragma: allowlist secret", "# gitleaks:allow"],
}  # fmt: skip


@pytest.mark.parametrize(
    ("path", "line"), [(path, line) for path, lines in SILENCED.items() for line in lines]
)
def test_a_new_suppression_is_for_a_person(project: Project, path: str, line: str) -> None:
    """In every language of the presets, a comment that silences a tool blocks, with its place."""
    project.commit({path: "x = 1\n"})
    project.commit({path: f"x = 1\ny = 2  {line}\n"})
    result = project.judge("policy")
    assert result.status is GateStatus.BLOCKED
    assert [(reason.path, reason.line) for reason in result.reasons] == [(path, 2)]


def test_a_suppression_that_moves_is_not_new(project: Project) -> None:
    """Code may move within a file and between files, with the comments it has; a copy is new."""
    silenced = "import os  # noqa: F401\n"
    project.commit({"a.py": silenced + "X = 1\n" * 30, "b.py": "Y = 1\n"})
    project.commit({"a.py": "X = 1\n" * 30 + silenced})
    assert project.judge("policy").status is GateStatus.PASS
    project.commit({"a.py": "X = 1\n" * 30, "b.py": silenced + "Y = 1\n"})
    assert project.judge("policy").status is GateStatus.PASS
    project.commit({"b.py": silenced + silenced + "Y = 1\n"})
    assert project.judge("policy").figures["suppressions"] == 1


def test_documents_may_speak_of_suppressions(project: Project) -> None:
    """Words in prose silence nothing."""
    project.commit({"a.md": "x\n"})
    project.commit({"a.md": "Use `# noqa` or NOSONAR.\n"})
    assert project.judge("policy").status is GateStatus.PASS


@pytest.mark.parametrize(("setting", "review"), [("review", 1), ("allow", 0)])
def test_suppressions_can_be_left_to_review(project: Project, setting: str, review: int) -> None:
    """They are shown all the same."""
    project.commit({"a.py": "x = 1\n"})
    project.commit({"a.py": "x = 1  # noqa\n"})
    result = project.judge("policy", settings=f"gates: {{suppressions: {setting}}}")
    assert (result.status, result.figures["review"], len(result.reasons)) == (GateStatus.PASS, review, 1)
