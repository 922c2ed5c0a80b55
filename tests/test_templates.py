"""CI components: valid YAML for GitLab, with inputs that have defaults."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[1]
TEMPLATES = sorted((ROOT / "templates").glob("*.yml"))


def rendered(path: Path, given: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """The header's inputs, and the body with values in place of the inputs."""
    header, body = path.read_text(encoding="utf-8").split("\n---\n")
    inputs = yaml.safe_load(header)["spec"]["inputs"]
    values = {name: given.get(name, spec["default"]) for name, spec in inputs.items()}
    return inputs, re.sub(r"\$\[\[ inputs\.([a-z-]+) \]\]", lambda match: _text(values[match[1]]), body)


def _text(value: object) -> str:
    """As GitLab puts it in: a string as it is, anything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
@pytest.mark.parametrize("given", [{}, {"stage": "verify", "job-prefix": "our ", "image": "debian:12"}])
def test_body_is_valid_for_gitlab(path: Path, given: dict[str, str], tmp_path: Path) -> None:
    """The component's body, with default and with other inputs, is valid under GitLab's CI schema."""
    _, body = rendered(path, given)
    file = tmp_path / "ci.yml"
    # GitLab takes an empty list of tags for none; only its schema for editors does not
    file.write_text(body.replace("  tags: []\n", ""), encoding="utf-8")
    argv = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.gitlab-ci"]
    done = subprocess.run(
        [*argv, "--data-transform", "gitlab-ci", str(file)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_inputs_are_described_and_have_defaults(path: Path) -> None:
    """Merge request pipelines can't set inputs, so each has a default, and its own regex accepts it."""
    inputs, _ = rendered(path, {})
    for name, spec in inputs.items():
        assert spec["description"], name
        assert re.search(spec.get("regex", ""), str(spec["default"])), name


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_no_input_is_shell_text(path: Path) -> None:
    """Inputs never stand in a script line: they arrive as variables."""
    _, body = path.read_text(encoding="utf-8").split("\n---\n")
    jobs = yaml.safe_load(body)
    scripts = json.dumps([job.get("script") for job in jobs.values()])
    assert "$[[" not in scripts
