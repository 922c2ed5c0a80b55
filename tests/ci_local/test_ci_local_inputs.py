"""Inputs of the components, as an implementation of `spec:inputs` that is not ours takes or refuses them."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.ci_local import installation
from tests.ci_local.driver import pipeline_file, templates

ALWAYS = [{"if": "$CI_PIPELINE_SOURCE"}]
Listed = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(name="listed")
def jobs_listed(new_repo: Callable[..., Path], tmp_path: Path) -> Listed:
    """`listed(component, **inputs)`: what gitlab-ci-local says to a pipeline of that component alone."""

    def run(component: str, inputs: dict[str, Any]) -> subprocess.CompletedProcess[str]:
        repo = new_repo({**templates(), ".gitlab-ci.yml": pipeline_file(component, inputs)})
        node = installation.node()
        argv = [
            str(node),
            str(installation.PROGRAM),
            "--list",
            "--no-json-schema-validation",
            "--home",
            str(tmp_path),
        ]
        env = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "GIT_CONFIG_GLOBAL": os.devnull}
        return subprocess.run(argv, cwd=repo, env=env, capture_output=True, text=True, check=False)

    return run


@pytest.mark.parametrize(
    ("component", "inputs", "job"),
    [
        ("gates", {}, "ci-factory-gates"),
        (
            "gates",
            {"job-prefix": "our ", "stage": "build", "fail-on": "never", "tags": ["big"]},
            "our ci-factory-gates",
        ),
        ("sweep", {"since": "36h"}, "ci-factory-sweep"),
        ("agents", {"tickets": [142, 143], "parallel": 3}, "factory-plan"),
        ("agents", {"label": "for agents", "job-prefix": "two"}, "two-publish"),
        ("batch", {"expire": "1 week", "agents": ["coder"]}, "factory-report"),
        ("metrics", {"weekly": "issue"}, "ci-factory-metrics"),
    ],
)
def test_sensible_inputs_make_the_pipeline(
    listed: Listed, component: str, inputs: dict[str, Any], job: str
) -> None:
    """Defaults and changed inputs: the jobs are there under their names."""
    done = listed(component, {"rules": ALWAYS, **inputs})
    assert done.returncode == 0, done.stdout + done.stderr
    assert job in done.stdout


@pytest.mark.parametrize(
    ("component", "name", "value"),
    [
        ("gates", "fail-on", "sometimes"),
        ("gates", "threshold", "high"),
        ("gates", "job-prefix", "x; curl evil"),
        ("gates", "package", "pkg; curl evil"),
        ("gates", "tags", "big"),
        ("gates", "rules", "always"),
        ("gates", "post", "yes"),
        ("sweep", "since", "yesterday"),
        ("sweep", "environment", "a b"),
        ("agents", "parallel", 4),
        ("agents", "tickets", "142"),
        ("agents", "label", "$(curl evil)"),
        ("agents", "job-prefix", "a b"),
        ("agents", "agent-environment", ""),
        ("batch", "expire", "some day"),
        ("batch", "max-tickets", "many"),
        ("batch", "package", "--index-url=http://evil"),
        ("batch", "environment", "$CI_COMMIT_REF_NAME"),
        ("metrics", "weekly", "mail"),
        ("metrics", "pages-job", "deploy"),
        ("metrics", "report-jobs", "factory-report"),
    ],
)
def test_a_wrong_input_is_refused_by_name(listed: Listed, component: str, name: str, value: object) -> None:
    """Options, expressions and types of the component itself stop it, before any job exists."""
    done = listed(component, {name: value})
    assert done.returncode != 0, done.stdout
    assert name in done.stdout + done.stderr
