"""Child pipelines are valid under GitLab's own schema."""

import subprocess
import sys
from pathlib import Path

import pytest

from ci_factory.model.batch import Batch
from ci_factory.planning.pipeline import child_pipelines
from ci_factory.planning.pipeline_settings import from_options
from tests.planning.pipelines_read import batch_of, night


def assert_valid(batch: Batch, server: str, folder: Path) -> None:
    """All children in one call."""
    options = ["agent-tags=big", f"server={server}"]
    texts = child_pipelines(batch, from_options(options, plan_pipeline="4711")).texts
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    argv = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.gitlab-ci"]
    files = [str(folder / name) for name in texts]
    done = subprocess.run(
        [*argv, "--data-transform", "gitlab-ci", *files], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("server", ["18.5", "18.6"])
@pytest.mark.parametrize("count", [1, 3, 20, 250, 1000])
def test_every_child_is_valid_for_gitlab(count: int, server: str, tmp_path: Path) -> None:
    """From one ticket to a thousand with dependencies and conflicts, for new and for older servers."""
    assert_valid(night(count), server, tmp_path)


def test_the_child_that_does_nothing_is_valid(tmp_path: Path) -> None:
    """A night without tickets is a pipeline too."""
    assert_valid(batch_of([]), "18.6", tmp_path)
