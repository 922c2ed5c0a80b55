"""Pipelines of a project on the GitLab stand-in, run by gitlab-ci-local with the real templates.

    runner = Runner(server, path, project_id, tmp_path, secrets=(Secret("CI_FACTORY_TOKEN", token, "factory"),))
    ended = runner.run("main", "schedule")
    assert ended.jobs["factory-plan"].exit == 0

Each pipeline gets a checkout of its own, as from a runner, and a row on the stand-in, which shows the jobs that ended and
their artifacts at once. Its return code is not to be trusted: it takes a failed child, and a job that failed with another
status than the allowed one, for a success. Look at the jobs.
"""

import os
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.ci_local import installation
from tests.gitlab_standin import ci_local_state
from tests.gitlab_standin.ci_local_state import LocalJob
from tests.gitlab_standin.control import StandIn

TEMPLATES = Path(__file__).parents[2] / "templates"
_SECONDS = 540
_JOB_START = Path(__file__).with_name("job_start.py")
_OPTIONS = (
    "--shell-isolation",
    "--force-shell-executor",  # image: is for Docker
    "--no-artifacts-to-source",
    *("--max-job-name-padding", "0"),
    "--no-json-schema-validation",  # its schema refuses what GitLab takes: no tags, artifacts:public
)
_STATE = ".gitlab-ci-local"
_ARRAY = re.compile(r"(: \|-\n +\$\[\[ inputs\.[a-z-]+ \]\])\n")


@dataclass(frozen=True)
class Secret:
    """A CI variable of the project."""

    key: str
    value: str
    environment: str = "*"
    protected: bool = True


@dataclass(frozen=True)
class Ended:
    """A pipeline that is over."""

    id: int
    checkout: Path
    code: int
    """Of gitlab-ci-local; 0 says little."""
    console: str
    seconds: float
    """Of gitlab-ci-local, from its start to its end."""

    @property
    def jobs(self) -> dict[str, LocalJob]:
        """Every job that was started, children's too, by name."""
        return {job.name: job for job in ci_local_state.read(self.state).jobs}

    @property
    def exits(self) -> dict[str, int | None]:
        """Exit status of each job's script."""
        return {name: job.exit for name, job in self.jobs.items()}

    @property
    def state(self) -> Path:
        """The folder of gitlab-ci-local."""
        return self.checkout / _STATE

    def artifacts(self, job: str) -> Path:
        """The folder of what a job left."""
        return self.state / "artifacts" / self.jobs[job].folder

    def log(self, job: str) -> str:
        """What a job printed."""
        return ci_local_state.log(self.state, self.jobs[job])


@dataclass(frozen=True)
class Runner:
    """Runs the pipelines of one project."""

    server: StandIn
    path: str
    project: int
    folder: Path
    job_token: str
    secrets: Sequence[Secret] = ()
    default_branch: str = "main"
    version: str = "18.11"
    beside: Mapping[str, Path] = field(default_factory=dict)
    """Folders that a job finds beside its checkout, by name."""
    at_once: int = 2
    """Jobs that run at the same time."""

    def run(
        self,
        ref: str,
        source: str,
        *,
        sha: str | None = None,
        variables: Mapping[str, str] | None = None,
        depth: int = 20,
    ) -> Ended:
        """A pipeline of a branch. `variables` come before the project's; `source` is CI_PIPELINE_SOURCE."""
        commit = sha or self._tip(ref)
        pipeline = self.server.pipeline(self.project, ref, sha=commit, status="running", source=source)
        checkout = self._checkout(pipeline, commit, depth)
        known = self._predefined(pipeline, ref, source, commit) | dict(variables or {})
        return self._started(pipeline, checkout, known)

    def run_merge_request(
        self, iid: int, head: str, base: str, *, source_branch: str, depth: int = 20
    ) -> Ended:
        """The pipeline of a merge request to the default branch."""
        words = {
            "IID": str(iid),
            "SOURCE_BRANCH_NAME": source_branch,
            "TARGET_BRANCH_NAME": self.default_branch,
            "DIFF_BASE_SHA": base,
            "PROJECT_PATH": self.path,
            "PROJECT_ID": str(self.project),
            "EVENT_TYPE": "detached",
        }
        variables = {f"CI_MERGE_REQUEST_{name}": value for name, value in words.items()}
        variables["CI_COMMIT_REF_NAME"] = source_branch
        ref = f"refs/merge-requests/{iid}/head"
        return self.run(ref, "merge_request_event", sha=head, variables=variables, depth=depth)

    def _tip(self, ref: str) -> str:
        return _git(self.server.repository(self.project), "rev-parse", f"refs/heads/{ref}^{{commit}}")

    def _checkout(self, pipeline: int, commit: str, depth: int) -> Path:
        """As a runner does it: one commit with some history, no branch."""
        checkout = self.folder / f"pipeline-{pipeline}"
        address = self.server.url.replace("://", f"://gitlab-ci-token:{self.job_token}@")
        _git(self.folder, "init", "--quiet", "--template=", str(checkout))
        _git(checkout, "remote", "add", "origin", f"{address}/{self.path}.git")
        shallow = (f"--depth={depth}",) if depth else ()
        _git(checkout, "fetch", "--quiet", *shallow, "origin", commit)
        _git(checkout, "checkout", "--quiet", "--detach", commit)
        main = f"refs/remotes/origin/{self.default_branch}"
        _git(checkout, "symbolic-ref", "refs/remotes/origin/HEAD", main)
        return checkout

    def _predefined(self, pipeline: int, ref: str, source: str, commit: str) -> dict[str, str]:
        major, minor = self.version.split(".")[:2]
        branch = {} if ref.startswith("refs/") else {"CI_COMMIT_BRANCH": ref}
        return {
            "GITLAB_CI": "true",
            "CI_PIPELINE_ID": str(pipeline),
            "CI_PIPELINE_SOURCE": source,
            "CI_PROJECT_ID": str(self.project),
            "CI_PROJECT_PATH": self.path,
            "CI_SERVER_URL": self.server.url,
            "CI_API_V4_URL": f"{self.server.url}/api/v4",
            "CI_SERVER_VERSION": f"{self.version}.0",
            "CI_SERVER_VERSION_MAJOR": major,
            "CI_SERVER_VERSION_MINOR": minor,
            "CI_COMMIT_SHA": commit,
            "CI_COMMIT_REF_NAME": ref,
            "CI_COMMIT_REF_PROTECTED": str(ref == self.default_branch).lower(),
            "CI_DEFAULT_BRANCH": self.default_branch,
            "CI_JOB_TOKEN": self.job_token,
            **branch,
        }

    def _started(self, pipeline: int, checkout: Path, known: Mapping[str, str]) -> Ended:
        state = checkout / _STATE
        (state / "builds").mkdir(parents=True)
        for name, folder in self.beside.items():
            (state / "builds" / name).symlink_to(folder)
        console = state / ci_local_state.CONSOLE
        argv = self._argv(pipeline, known)
        started = time.monotonic()
        with console.open("w", encoding="utf-8") as out:
            self.server.attach(pipeline, state)
            done = subprocess.run(
                argv,
                cwd=checkout,
                env=self._environment(),
                stdout=out,
                stderr=subprocess.STDOUT,
                check=False,
                timeout=_SECONDS,
            )
        seconds = time.monotonic() - started
        text = console.read_text(encoding="utf-8", errors="replace")
        return Ended(pipeline, checkout, done.returncode, text, seconds)

    def _argv(self, pipeline: int, known: Mapping[str, str]) -> list[str]:
        file = self.folder / f"variables-{pipeline}.yml"
        file.write_text(yaml.safe_dump(self._variables(known)), encoding="utf-8")
        unset = () if "CI_COMMIT_BRANCH" in known else ("--unset-variable", "CI_COMMIT_BRANCH")
        quiet = ("--ignore-predefined-vars", ",".join(known))
        where = (
            "--concurrency",
            str(self.at_once),
            "--variables-file",
            str(file),
            "--home",
            str(self.folder),
        )
        return [str(installation.node()), str(installation.PROGRAM), *_OPTIONS, *where, *unset, *quiet]

    def _variables(self, known: Mapping[str, str]) -> dict[str, Any]:
        """A file of variables reaches children too, which options do not; secrets reach the jobs of their environment."""
        protected = known["CI_COMMIT_REF_PROTECTED"] == "true"
        found = {name: _variable(value, "*") for name, value in known.items()}
        for each in self.secrets:
            if protected or not each.protected:
                found[each.key] = _variable(each.value, each.environment)
        return found

    def _environment(self) -> dict[str, str]:
        """All that a job finds besides its variables: gitlab-ci-local passes on whatever it was started with."""
        node = installation.node()
        assert node is not None
        hook = self.folder / "job-start.sh"
        command = shlex.join([sys.executable, str(_JOB_START)])
        hook.write_text(
            "unset BASH_ENV\n"
            f'if [ -n "$CI_JOB_NAME" ] && [ "$CI_PIPELINE_SOURCE" = parent_pipeline ]; then {command} || exit; fi\n',
            encoding="utf-8",
        )
        return {
            "PATH": os.pathsep.join([str(installation.BIN), str(node.parent), "/usr/bin", "/bin"]),
            "HOME": str(self.folder),
            "LANG": "C.UTF-8",
            "NO_COLOR": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            "BASH_ENV": str(hook),
        }


def include(component: str, inputs: Mapping[str, Any] | None = None, *, local: bool = True) -> dict[str, Any]:
    """One of our components by its path, or as a component of the project itself; `package` is empty."""
    own = f"$CI_SERVER_FQDN/$CI_PROJECT_PATH/{component}@$CI_COMMIT_SHA"
    where = {"local": f"/templates/{component}.yml"} if local else {"component": own}
    return where | {"inputs": {"package": "", **(inputs or {})}}


def pipeline_file(component: str, inputs: Mapping[str, Any] | None = None, *, local: bool = True) -> str:
    """A `.gitlab-ci.yml` with one of our components."""
    return pipeline_of(include(component, inputs, local=local))


def pipeline_of(*includes: Mapping[str, Any]) -> str:
    """A `.gitlab-ci.yml` with several."""
    return yaml.safe_dump({"include": [dict(each) for each in includes]})


def templates() -> dict[str, str]:
    """The components as files of a project.

    GitLab puts an array into a variable as JSON text. gitlab-ci-local hands over the array itself, unless anything stands
    beside it: here a variable that is empty.
    """
    return {
        f"templates/{path.name}": _ARRAY.sub(r"\1$FACTORY_NOTHING\n", path.read_text(encoding="utf-8"))
        for path in TEMPLATES.glob("*.yml")
    }


def _variable(value: str, environment: str) -> dict[str, Any]:
    return {"type": "variable", "values": {environment: value}}


def _git(folder: Path, *args: str) -> str:
    done = subprocess.run(["git", *args], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()
