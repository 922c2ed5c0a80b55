"""`ci-factory plan --pipelines`."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from ci_factory.model.pipelines import PipelineIndex
from ci_factory.planning.pipeline_names import INDEX_NAME

TICKET = """---
title: Add two $(touch pwned)
---
NOT-IN-YAML

## Acceptance criteria

- `shop.add(1, 2)` is 3
"""
JOB = {
    "CI_PIPELINE_ID": "4711",
    "CI_JOB_NAME": "night plan",
    "CI_SERVER_VERSION_MAJOR": "18",
    "CI_SERVER_VERSION_MINOR": "11",
}


@pytest.fixture(name="queue")
def repository_with_a_queue(new_repo: Callable[..., Path], factory_cli: Callable[..., Any]) -> Path:
    """A repository whose queue has one ready ticket and has been through intake."""
    repo = new_repo({"shop.py": "x = 1\n"})
    tickets = repo.parent / "tickets"
    tickets.mkdir()
    (tickets / "1e3.md").write_text(TICKET, encoding="utf-8")
    ran = factory_cli("intake", "--repo", repo, "--tickets", tickets)
    assert ran.code == 0, ran.err
    return repo


def planned(cli: Callable[..., Any], repo: Path, *options: str, **variables: str) -> Any:
    """Run the command in a job with the given variables."""
    argv = ("plan", "--repo", str(repo), "--agent", "autofix", *options)
    return cli(*argv, env={**os.environ, **variables})


def test_plan_writes_children_for_the_server_and_pipeline_it_runs_in(
    queue: Path, factory_cli: Callable[..., Any], tmp_path: Path
) -> None:
    """Server version, pipeline and job come from the job's variables; an option beats them; the id stays text."""
    folder = tmp_path / "children"
    options = ("--pipelines", str(folder), "--pipeline-option", "image=debian:12")
    ran = planned(factory_cli, queue, *options, **JOB)
    assert ran.code == 0, ran.err
    index = PipelineIndex.model_validate_json((folder / INDEX_NAME).read_text(encoding="utf-8"))
    assert index.pairing == "matrix"
    assert [(child.file, child.tickets) for child in index.children] == [("child-1.yml", ("1e3",))]
    text = (folder / "child-1.yml").read_text(encoding="utf-8")
    document = yaml.safe_load(text)
    assert document["factory-agent"]["needs"] == [
        {"pipeline": "4711", "job": "night plan", "artifacts": True}
    ]
    assert document[".factory-agent"]["image"] == "debian:12"
    assert "NOT-IN-YAML" not in text
    assert "touch" not in text


def test_a_second_plan_of_the_same_batch_writes_the_same_children(
    queue: Path, factory_cli: Callable[..., Any], tmp_path: Path
) -> None:
    """A retried plan job changes nothing."""
    texts = []
    for name in ("one", "two"):
        ran = planned(factory_cli, queue, "--pipelines", str(tmp_path / name), **JOB)
        assert ran.code == 0, ran.err
        texts.append((tmp_path / name / "child-1.yml").read_bytes())
    assert texts[0] == texts[1]


def test_wrong_settings_are_refused_before_anything_is_planned(
    queue: Path, factory_cli: Callable[..., Any], tmp_path: Path
) -> None:
    """Exit 2, and no batch; a dry run writes no pipelines either."""
    folder = tmp_path / "children"
    for options in (("--pipeline-option", "image=a b"), ("--dry-run",)):
        ran = planned(factory_cli, queue, "--pipelines", str(folder), *options)
        assert ran.code == 2
        assert "fix:" in ran.err
    assert not folder.exists()
    assert json.loads(factory_cli("status", "--repo", queue, "--json").out)[0]["state"] != "queued"
