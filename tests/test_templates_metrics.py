"""The metrics component: what GitLab would take or refuse, and a job that keeps its promises."""

import importlib
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from ci_factory.cli.main import COMMANDS

TEMPLATE = Path(__file__).parents[1] / "templates" / "metrics.yml"
METRICS, PAGES, ALERTS = "ci-factory-metrics", "pages", "ci-factory-alerts"
TYPES: dict[str, Any] = {"string": str, "array": list}
SETS: list[dict[str, Any]] = [
    {},
    {
        "pages-job": PAGES,
        "weekly": "issue",
        "monthly": "snippet",
        "alerts": "issue",
        "alerts-job": ALERTS,
        "fail-on": "medium",
        "tags": ["trusted"],
        "report-jobs": ["night-report", "day-report"],
    },
    {
        "weekly": "snippet",
        "package": "",
        "environment": "factory/metrics",
        "expire": "1 month",
        "report-jobs": [],
    },
    {"job-prefix": "our ", "rules": [{"if": '$CI_PIPELINE_SOURCE == "web"'}], "stage": "report"},
]
WRONG = [
    ("pages-job", "site"),
    ("pages-job", "true"),
    ("weekly", "mail"),
    ("monthly", "true"),
    ("alerts", "snippet"),
    ("alerts-job", "alerts"),
    ("fail-on", "none"),
    ("report-jobs", "factory-report"),
    ("package", "x; rm -rf /"),
    ("job-prefix", "$(id)"),
    ("environment", "a b"),
    ("expire", "never; id"),
    ("tags", "docker"),
]


def parts() -> tuple[str, dict[str, Any], str]:
    """The header, its inputs, and the body."""
    header, body = TEMPLATE.read_text(encoding="utf-8").split("\n---\n")
    return header, yaml.safe_load(header)["spec"]["inputs"], body


def refusal(spec: dict[str, Any], value: object) -> str:
    """Why GitLab refuses a value for an input; empty when it does not."""
    if not isinstance(value, TYPES[spec.get("type", "string")]):
        return "type"
    if "options" in spec and value not in spec["options"]:
        return "options"
    return "regex" if not re.search(spec.get("regex", ""), str(value)) else ""


def rendered(given: dict[str, Any]) -> str:
    """The body as GitLab fills it in: strings as they are, everything else as JSON."""
    _, inputs, body = parts()
    values = {name: given.get(name, spec["default"]) for name, spec in inputs.items()}
    texts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in values.items()}
    return re.sub(r"\$\[\[ inputs\.([a-z-]+) \]\]", lambda match: texts[match[1]], body)


def jobs(**given: Any) -> dict[str, Any]:
    """The jobs of the component, without hidden ones."""
    return {name: job for name, job in yaml.safe_load(rendered(given)).items() if not name.startswith(".")}


def check(text: str, file: Path) -> None:
    file.write_text(text, encoding="utf-8")
    argv = ["-m", "check_jsonschema", "--builtin-schema", "vendor.gitlab-ci", "--data-transform", "gitlab-ci"]
    done = subprocess.run([sys.executable, *argv, str(file)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("given", SETS)
def test_inputs_are_taken_and_valid(given: dict[str, Any], tmp_path: Path) -> None:
    """Each set of inputs passes the component's own checks, and header and body are valid under GitLab's schema."""
    header, inputs, _ = parts()
    assert [name for name, value in given.items() if refusal(inputs[name], value)] == []
    check(header, tmp_path / "header.yml")
    # GitLab takes an empty list of tags for none; only its schema for editors does not
    check(rendered(given).replace("  tags: []\n", ""), tmp_path / "ci.yml")


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_wrong_inputs_are_refused(name: str, value: object) -> None:
    """Options, regular expressions and types of the component refuse them before any job exists."""
    assert refusal(parts()[1][name], value)


def test_a_page_is_published_only_when_asked() -> None:
    """By default the only job is the one that has the token; `pages` is a job of that name without a token."""
    assert set(jobs()) == {METRICS}
    found = jobs(**{"pages-job": PAGES})
    assert set(found) == {METRICS, PAGES}
    assert found[METRICS] == jobs()[METRICS]
    assert "environment" not in found[PAGES]
    assert found[PAGES]["needs"] == [METRICS]
    assert found[PAGES]["artifacts"]["paths"] == ["public"]
    assert found[PAGES]["rules"] == found[METRICS]["rules"]


def test_alerts_fail_a_job_of_their_own() -> None:
    """Only when asked, and without the token: an alert ends it with 1, and 4 (nothing to judge) is a warning."""
    assert ALERTS not in jobs()
    job = jobs(**{"alerts-job": ALERTS, "fail-on": "low"})[ALERTS]
    assert "environment" not in job
    assert job["needs"] == [METRICS]
    assert job["variables"]["FACTORY_FAIL_ON"] == "low"
    assert job["allow_failure"] == {"exit_codes": [4]}
    assert job["script"][-1] == 'ci-factory report --store --alerts --fail-on "$FACTORY_FAIL_ON"'


def test_the_token_is_beside_nothing_of_the_project() -> None:
    """The job takes no artifact of other jobs and no default, has no cache, and runs for one pipeline at a time."""
    job = jobs()[METRICS]
    assert job["environment"] == {"name": "factory", "action": "access"}
    assert job["dependencies"] == []
    assert job["inherit"] == {"default": False}
    assert "cache" not in TEMPLATE.read_text("utf-8").split("\n---\n")[1]
    assert job["resource_group"]
    assert job["interruptible"] is False
    assert job["rules"] == [
        {"if": '$CI_PIPELINE_SOURCE == "schedule" && $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH'}
    ]


def test_what_is_kept_is_what_is_restored() -> None:
    """The job looks for its own name, and its artifacts have store and facts where `collect` looks for them."""
    from ci_factory.cli import collect, facts

    job = jobs(**{"job-prefix": "our "})
    assert job[f"our {METRICS}"]["variables"]["FACTORY_METRICS_JOB"] == f"our {METRICS}"
    paths = jobs()[METRICS]["artifacts"]["paths"]
    assert {f".ci-factory/{name}" for name in (collect.STORE, facts.FILE)} < set(paths)
    assert jobs()[METRICS]["artifacts"]["reports"] == {"metrics": "ci-factory-metrics/metrics.txt"}


def test_lines_are_commands_with_options_that_exist() -> None:
    """Every line calls the command line, with options that it has."""
    found = jobs(**{"alerts-job": ALERTS})
    for line in (*found[METRICS]["script"][1:], *found[ALERTS]["script"][1:]):
        words = line.split("ci-factory ", 1)[1].split()
        command = importlib.import_module(COMMANDS[words[0]][0]).command
        known = {option for parameter in command.params for option in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= known, line
