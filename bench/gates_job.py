"""What the gates job of level 1 costs in gitlab-ci-local beyond the gates themselves.

The same change is judged twice: by the job, and by `ci-factory gate` alone, outside of any pipeline. The job's own overhead is
the wall time of the whole pipeline, from the start of gitlab-ci-local to its end, without what the command alone took. Both
are the best of some rounds, taken in turns.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from figures import Figure, told

from tests.ci_local import installation
from tests.ci_local.driver import Runner, pipeline_file, templates
from tests.gitlab_standin.control import StandIn

BOUND = 3.0
"""Seconds."""
_APP = '"""An app."""\n\n\ndef limit() -> int:\n    """Return the limit."""\n    return 3\n'
_TEST = "from app import limit\n\n\ndef test_limit() -> None:\n    assert limit() == 3\n"
_MORE = '\n\ndef double() -> int:\n    """Return twice the limit."""\n    return 2 * limit()\n'
_JOB = "ci-factory-gates"


def main() -> int:
    """Measure, print, and fail above the bound."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    if missing := installation.missing():
        print(f"not installed: {missing}", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as scratch:
        job, alone = _measured(Path(scratch), rounds)
    print(f"gates alone     {alone:6.2f} s")
    print(f"whole pipeline  {job:6.2f} s")
    return told(Figure("the gates job beyond the gates", job - alone, BOUND, "s"))


def _measured(folder: Path, rounds: int) -> tuple[float, float]:
    repo = folder / "repo"
    base, head = _history(repo)
    with StandIn.start(folder / "gitlab") as server:
        server.user("tess")
        project = server.project("bench/gates", source=repo)
        server.member(project, "tess", "owner")
        (folder / "runner").mkdir()
        token = server.job_token("tess", project)
        runner = Runner(server, "bench/gates", project, folder / "runner", token)
        times = [(_job(runner, base, head), _alone(repo, base, head, folder / "out")) for _ in range(rounds)]
    return min(job for job, _ in times), min(alone for _, alone in times)


def _job(runner: Runner, base: str, head: str) -> float:
    ended = runner.run_merge_request(1, head, base, source_branch="better")
    assert ended.exits == {_JOB: 0}, ended.console
    return ended.seconds


def _alone(repo: Path, base: str, head: str, out: Path) -> float:
    change = ["--base", base, "--head", head, "--native", "all"]
    started = time.monotonic()
    argv = [sys.executable, "-m", "ci_factory", "gate", "--repo", str(repo), *change, "--out", str(out)]
    subprocess.run(argv, check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - started


def _history(repo: Path) -> tuple[str, str]:
    repo.mkdir()
    _git(repo, "init", "--quiet", "--template=", "--initial-branch=main")
    files = {"app.py": _APP, "tests/test_app.py": _TEST, ".gitlab-ci.yml": pipeline_file("gates")}
    base = _commit(repo, files | templates())
    _git(repo, "switch", "--quiet", "--create", "better")
    test = "from app import double\n\n\ndef test_double() -> None:\n    assert double() == 6\n"
    return base, _commit(repo, {"app.py": _APP + _MORE, "tests/test_double.py": test})


def _commit(repo: Path, files: dict[str, str]) -> str:
    for name, text in files.items():
        (repo / name).parent.mkdir(exist_ok=True)
        (repo / name).write_text(text, encoding="utf-8")
    _git(repo, "add", "--all")
    _git(repo, "commit", "--quiet", "--message", "a commit")
    return _git(repo, "rev-parse", "HEAD")


def _git(folder: Path, *args: str) -> str:
    plain = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    who = ("-c", "user.name=Bench", "-c", "user.email=bench@example.com")
    environment = {**os.environ, **plain}
    done = subprocess.run(
        ["git", *who, *args], cwd=folder, env=environment, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
