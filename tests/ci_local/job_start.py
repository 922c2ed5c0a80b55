"""What gitlab-ci-local leaves out when a job of a child pipeline starts: artifacts that it needs of its parent's jobs.

`needs: [{pipeline: $PARENT_PIPELINE_ID, job: …}]` is ignored there. The driver has this run before the job's script
(`BASH_ENV`), in the checkout. A job that declares no such need gets nothing, and one whose need is not there fails.
"""

import os
import shutil
import sys
from pathlib import Path
from typing import Any

import yaml

sys.path.insert(0, str(Path(__file__).parents[2]))
from tests.gitlab_standin.ci_local_state import folder_name

_STATE = Path(".gitlab-ci-local")


def main() -> int:
    """Copy what the job needs into its folder; 1 when that is not there."""
    name = os.environ["CI_JOB_NAME"]
    for need in _needs(name):
        if os.path.expandvars(need["pipeline"]) != os.environ["CI_PIPELINE_ID"]:
            print(f"{name} needs a job of pipeline {need['pipeline']!r}, which is none above it")  # noqa: T201 - the job's log
            return 1
        source = _STATE / "artifacts" / folder_name(need["job"])
        if not source.is_dir():
            print(f"{name} needs {need['job']}, which left nothing")  # noqa: T201 - the job's log
            return 1
        shutil.copytree(source, _STATE / "builds" / folder_name(name), dirs_exist_ok=True)
    return 0


def _needs(name: str) -> list[dict[str, Any]]:
    trigger = os.environ["GCL_TRIGGERER"].split(" -> ")[-1]
    jobs = yaml.safe_load((_STATE / "includes" / "triggers" / f"{trigger}.yml").read_text(encoding="utf-8"))
    job = jobs.get(name) or jobs[name.partition(": [")[0]]
    return [need for need in job.get("needs", []) if "pipeline" in need and need.get("artifacts", True)]


if __name__ == "__main__":
    sys.exit(main())
