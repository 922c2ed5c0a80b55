"""The components of level 1: inputs that GitLab would take or refuse, and jobs that keep their promises."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from ci_factory.cli import ci_job
from ci_factory.cli.gate import EXIT_CODES
from ci_factory.cli.main import COMMANDS
from ci_factory.model.gate import Score, Verdict

TEMPLATES = Path(__file__).parents[1] / "templates"
GATES, SWEEP = TEMPLATES / "gates.yml", TEMPLATES / "sweep.yml"
TYPES: dict[str, Any] = {"string": str, "number": (int, float), "boolean": bool, "array": list}
SETS: list[tuple[Path, dict[str, Any]]] = [
    (GATES, {"tags": ["docker", "large"], "post": "direct", "fail-on": "inconclusive"}),
    (GATES, {"threshold": 72.5, "git-depth": 0, "package": "", "reports": ["build/**/*.sarif", "it's.xml"]}),
    (GATES, {"rules": [{"if": "$CI_MERGE_REQUEST_IID", "changes": ["src/**/*"]}, {"when": "manual"}]}),
    (SWEEP, {"tags": ["trusted"], "since": "12h", "environment": "factory/notes"}),
]
WRONG = [
    (GATES, "fail-on", "sometimes"),
    (GATES, "post", "maybe"),
    (GATES, "threshold", "high"),
    (GATES, "reports", "build/*.xml"),
    (GATES, "package", "x; rm -rf /"),
    (GATES, "package", "--index-url=http://evil"),
    (GATES, "job-prefix", "$(id)"),
    (GATES, "environment", "a b"),
    (SWEEP, "since", "yesterday; id"),
    (SWEEP, "tags", "docker"),
]


def parts(path: Path) -> tuple[dict[str, Any], str]:
    """The inputs of the header, and the body."""
    header, body = path.read_text(encoding="utf-8").split("\n---\n")
    return yaml.safe_load(header)["spec"]["inputs"], body


def refusal(spec: dict[str, Any], value: object) -> str:
    """Why GitLab refuses a value for an input; empty when it does not."""
    kind = spec.get("type", "string")
    if not isinstance(value, TYPES[kind]) or (kind == "number" and isinstance(value, bool)):
        return "type"
    if "options" in spec and value not in spec["options"]:
        return "options"
    return "regex" if not re.search(spec.get("regex", ""), str(value)) else ""


def rendered(path: Path, given: dict[str, Any]) -> str:
    """The body as GitLab fills it in: strings as they are, everything else as JSON."""
    inputs, body = parts(path)
    values = {name: given.get(name, spec["default"]) for name, spec in inputs.items()}
    texts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in values.items()}
    return re.sub(r"\$\[\[ inputs\.([a-z-]+) \]\]", lambda match: texts[match[1]], body)


def jobs(path: Path, **given: Any) -> dict[str, Any]:
    """The jobs of a component."""
    found: dict[str, Any] = yaml.safe_load(rendered(path, given))
    return found


def check(file: Path) -> None:
    argv = ["-m", "check_jsonschema", "--builtin-schema", "vendor.gitlab-ci", "--data-transform", "gitlab-ci"]
    done = subprocess.run([sys.executable, *argv, str(file)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(("path", "given"), SETS)
def test_other_inputs_are_taken_and_valid(path: Path, given: dict[str, Any], tmp_path: Path) -> None:
    """Each set of inputs passes the component's own checks, and the body is valid under GitLab's schema."""
    inputs, _ = parts(path)
    assert [name for name, value in given.items() if refusal(inputs[name], value)] == []
    file = tmp_path / "ci.yml"
    # GitLab takes an empty list of tags for none; only its schema for editors does not
    file.write_text(rendered(path, given).replace("  tags: []\n", ""), encoding="utf-8")
    check(file)


@pytest.mark.parametrize("path", [GATES, SWEEP], ids=lambda path: path.stem)
def test_the_header_is_valid(path: Path, tmp_path: Path) -> None:
    """`spec: inputs` is valid under the same schema, and every default passes its own checks."""
    header, _ = path.read_text(encoding="utf-8").split("\n---\n")
    file = tmp_path / "header.yml"
    file.write_text(header, encoding="utf-8")
    check(file)
    inputs, _ = parts(path)
    assert {name: refusal(spec, spec["default"]) for name, spec in inputs.items()} == dict.fromkeys(
        inputs, ""
    )


@pytest.mark.parametrize(("path", "name", "value"), WRONG)
def test_wrong_inputs_are_refused(path: Path, name: str, value: object) -> None:
    """Options, regular expressions and types of the component refuse them before any job exists."""
    assert refusal(parts(path)[0][name], value)


def test_nothing_global_and_no_token_beside_the_gates() -> None:
    """Only jobs; the environment of the token is on the jobs that write, and never on the one that runs the change."""
    found = jobs(GATES) | jobs(SWEEP)
    assert set(found) == {"ci-factory-gates", "ci-factory-note", "ci-factory-sweep"}
    assert {name for name, job in found.items() if "environment" in job} == {
        "ci-factory-note",
        "ci-factory-sweep",
    }
    assert all(
        "script" in job and job["retry"]["when"] == ["runner_system_failure"] for job in found.values()
    )
    assert found["ci-factory-sweep"]["resource_group"]
    assert found["ci-factory-sweep"]["interruptible"] is False
    assert "TOKEN" not in GATES.read_text("utf-8").split("\n---\n")[1]


def test_the_note_is_posted_directly_only_when_asked() -> None:
    """`post: none` makes a rule that no pipeline meets."""
    condition = '{} == "direct" && $CI_PIPELINE_SOURCE == "merge_request_event"'
    for choice in ("none", "direct"):
        (rule,) = jobs(GATES, post=choice)["ci-factory-note"]["rules"]
        assert rule["if"] == condition.format(f'"{choice}"')


def test_reports_lie_where_the_gates_write_them() -> None:
    """Every native report of the job is a file that `--native all` writes."""
    from ci_factory.native.registry import DOCUMENTS

    reports = jobs(GATES)["ci-factory-gates"]["artifacts"]["reports"]
    paths = {each["path"] if isinstance(each, dict) else each for each in reports.values()}
    assert paths <= {f"ci-factory-gates/{document.file}" for document in DOCUMENTS.values()}
    assert set(reports) == {"junit", "codequality", "sast", "secret_detection", "metrics", "coverage_report"}


def test_commands_in_scripts_exist() -> None:
    """Scripts call commands of ours by their names."""
    scripts = "\n".join(line for job in (jobs(GATES) | jobs(SWEEP)).values() for line in job["script"])
    called = set(re.findall(r"ci-factory ([a-z]+)", scripts))
    assert called == {"gate", "score", "note", "sweep"}
    assert called <= set(COMMANDS)


@pytest.mark.parametrize(
    ("gate", "score", "reports", "expected"),
    [(0, 0, True, 0), (1, 0, True, 1), (0, 1, True, 1), (4, 1, True, 1), (4, 0, True, 4), (3, 4, True, 3), (1, 4, True, 1), (0, 1, False, 0)],
)  # fmt: skip
def test_the_jobs_exit_status(gate: int, score: int, reports: bool, expected: int, tmp_path: Path) -> None:
    """A definite verdict comes before an inconclusive one, and reports count only when there are any."""
    program = tmp_path / "ci-factory"
    program.write_text(f'#!/bin/sh\ntest "$1" = gate && exit {gate}\nexit {score}\n', encoding="utf-8")
    program.chmod(0o755)
    job = jobs(GATES, package="", reports=["a.sarif"] if reports else [])["ci-factory-gates"]
    script = tmp_path / "script.sh"
    script.write_text("set -e\n" + "\n".join(job["script"]), encoding="utf-8")
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(["sh", str(script)], env={**job["variables"], "PATH": path}, check=False)
    assert done.returncode == expected


@pytest.mark.parametrize(
    ("verdict", "points", "fail_on", "below", "expected"),
    [
        ("fail", 50, "fail", 0, 1),
        ("blocked", 90, "fail", 0, 1),
        ("inconclusive", 60, "fail", 0, 4),
        ("fail", 50, "blocked", 0, 0),
        ("blocked", 90, "blocked", 0, 1),
        ("inconclusive", 60, "inconclusive", 0, 1),
        ("blocked", 0, "never", 90, 0),
        ("pass", 85, "fail", 90, 1),
        ("pass", None, "fail", 90, 1),
        ("pass", 90, "fail", 90, 0),
        ("inconclusive", 60, "fail", 90, 4),
    ],
)
def test_what_fails_the_job(
    verdict: str, points: float | None, fail_on: str, below: float, expected: int
) -> None:
    """`fail-on` and `threshold` decide about the job; they never change the verdict."""
    score = Score(
        score=points, verdict=Verdict(verdict), threshold=80, tree=None, base=None, head=None, config_hash="",
        components={},
    )  # fmt: skip
    assert int(ci_job.exit_code(score, fail_on, below, EXIT_CODES)) == expected
