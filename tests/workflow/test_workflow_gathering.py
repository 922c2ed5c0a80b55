"""`ci-factory gather`: from each job its own files, and no other's."""

import json
import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from ci_factory.model.ticket import Ticket
from ci_factory.system.git import Git
from tests.gitlab_standin.control import Bridge, Job, StandIn
from tests.workflow.conftest import AGENT
from tests.workflow.gitlab_line import GitLabLine

CONFIG = """
sandbox: off
batch: {parallel: 2, timeout_minutes: 1}
retries: {limit: 0}
gates: {disabled: [semgrep, mypy, secrets, tests]}
"""
_NUMBERS, _TOKENS = count(1), dict[str, str]()
Cli = Callable[..., Any]


@dataclass(frozen=True)
class Night:
    """A planned batch of tickets 1 and 2 and what their jobs left: archives by name of the job."""

    line: GitLabLine
    batch: str
    lanes: dict[str, str]
    archives: dict[str, dict[str, bytes]]

    def jobs(self, *left_out: str) -> tuple[Job, ...]:
        """Finished jobs of all tickets but those named."""
        return tuple(
            Job(name, files=dict(files)) for name, files in self.archives.items() if name not in left_out
        )

    def file(self, ticket: str, name: str) -> Path:
        """A file of the batch's folder."""
        return self.line.out / "batches" / self.batch / "tickets" / ticket / name

    def path(self, ticket: str, name: str) -> str:
        """Where a job has it in its archive."""
        return f".ci-factory/batches/{self.batch}/tickets/{ticket}/{name}"

    def gather(self, *jobs: Job, bridges: tuple[Bridge, ...] = ()) -> int:
        """Run the command on a pipeline with these jobs."""
        number = self.line.server.pipeline(self.line.id, "main", jobs=jobs, bridges=bridges)
        return self.line.command("gather", "--pipeline", str(number))

    @property
    def told(self) -> dict[str, dict[str, Any]]:
        """gathered.json by ticket."""
        text = (self.line.out / "batches" / self.batch / "gathered.json").read_text()
        return {each["ticket_id"]: each for each in json.loads(text)["tickets"]}


@pytest.fixture(scope="module")
def worked(gitlab_server: StandIn, tmp_path_factory: pytest.TempPathFactory, factory_cli: Cli) -> Night:
    """The plan of a job of control; agents and gates without a token, in clones of their own."""
    root = tmp_path_factory.mktemp("gathering")
    repo = _repository(root)
    line = GitLabLine.make(gitlab_server, f"gather/source-{next(_NUMBERS)}", repo, root / "out", _TOKENS)
    line.open_issues(
        Ticket(
            id=each,
            title=f"Add value {each}",
            files=(f"shop/mod{each}.py",),
            labels=("ready-for-agent",),
            acceptance_criteria=("value() returns a number of at least zero",),
            complexity="small",
        )
        for each in "12"
    )
    assert line.command("intake") == 0
    agent = ("--agent-command", f"{sys.executable} {root / 'agent.py'} {root / 'agent.log'}")
    assert line.command("plan", *agent) == 0
    (folder,) = (line.out / "batches").iterdir()
    shutil.copytree(line.out / "batches", root / "jobs" / "batches")
    env = {name: value for name, value in os.environ.items() if name != "CI_FACTORY_TOKEN"} | {
        "CI_PROJECT_PATH": line.path
    }
    common = ("--repo", repo, "--out", root / "jobs")
    planned = json.loads((folder / "batch.json").read_text())["tickets"]
    lanes = {each["candidate"]["ticket"]["id"]: f"lane-{each['lane']}" for each in planned}
    for ticket in lanes:
        assert factory_cli("work", ticket, "--no-forge", *agent, *common, env=env).code == 0
        assert factory_cli("check", ticket, *common, env=env).code == 0
    night = Night(line, folder.name, lanes, {})
    for ticket, lane in lanes.items():
        for kind, names in (
            ("agent", ("attempt.json", "change.bundle")),
            ("gate", ("gate.json", "score.json")),
        ):
            files = {
                night.path(ticket, name): (
                    root / "jobs" / "batches" / folder.name / "tickets" / ticket / name
                ).read_bytes()
                for name in names
            }
            night.archives[f"factory-{kind}: [{ticket}, {lane}]"] = files
    return night


def _repository(root: Path) -> Path:
    (root / "agent.py").write_text(AGENT, encoding="utf-8")
    repo = root / "repo"
    files = {
        "shop/__init__.py": '"""A shop."""\n',
        "tests/test_shop.py": "import shop\n\n\ndef test_shop() -> None:\n    assert shop.__doc__\n",
        ".ci-factory.yml": CONFIG,
    }
    for name, text in files.items():
        (repo / name).parent.mkdir(parents=True, exist_ok=True)
        (repo / name).write_text(text, encoding="utf-8")
    git = Git(repo)
    for argv in (
        ["init", "--quiet", "--initial-branch", "main"],
        ["add", "."],
        ["-c", "user.name=o", "-c", "user.email=o@example.com", "commit", "--quiet", "-m", "first"],
    ):
        git.text(*argv)
    return repo


@pytest.fixture
def night(worked: Night, tmp_path: Path) -> Night:
    """The same plan in a folder of its own."""
    out = tmp_path / "out"
    shutil.copytree(worked.line.out / "batches", out / "batches")
    shutil.copy(worked.line.out / "intake.json", out)
    return replace(worked, line=replace(worked.line, out=out))


def agent_of(night: Night, ticket: str) -> str:
    return f"factory-agent: [{ticket}, {night.lanes[ticket]}]"


def gate_of(night: Night, ticket: str) -> str:
    return f"factory-gate: [{ticket}, {night.lanes[ticket]}]"


@pytest.mark.slow
def test_jobs_of_a_child_pipeline_are_found_through_our_triggers(night: Night) -> None:
    """Change and verdict of every ticket come from grandchildren; a foreign trigger is not followed."""
    line = night.line
    inner = line.server.pipeline(line.id, "main", source="parent_pipeline", jobs=night.jobs())
    middle = line.server.pipeline(
        line.id, "main", source="parent_pipeline", bridges=(Bridge("factory-child-1", inner),)
    )
    evil = line.server.pipeline(
        line.id, "main", source="parent_pipeline", jobs=(Job(agent_of(night, "1"), status="failed"),)
    )
    assert night.gather(bridges=(Bridge("factory-generate", middle), Bridge("other", evil))) == 0
    assert all(each["verdict"] for each in night.told.values())
    for files in night.archives.values():
        for path, data in files.items():
            assert (
                json.loads(data) == json.loads((line.out / path.removeprefix(".ci-factory/")).read_bytes())
                if path.endswith(".json")
                else data == (line.out / path.removeprefix(".ci-factory/")).read_bytes()
            )


@pytest.mark.slow
def test_a_job_speaks_for_its_own_ticket_only(night: Night) -> None:
    """Whatever else an archive holds, other tickets' files, a plan, hooks, is not looked at."""
    own = night.archives[agent_of(night, "1")]
    foreign: dict[str, bytes | str] = {
        **own,
        night.path("2", "score.json"): "{}",
        night.path("2", "attempt.json"): "{}",
        night.path("1", "score.json"): "{}",
        f".ci-factory/batches/{night.batch}/batch.json": "{}",
        ".git/hooks/post-checkout": "touch /tmp/pwned",
    }
    before = (night.line.out / "batches" / night.batch / "batch.json").read_bytes()
    assert night.gather(Job(agent_of(night, "1"), files=foreign), *night.jobs(agent_of(night, "1"))) == 0
    assert all(each["verdict"] for each in night.told.values())
    assert (night.line.out / "batches" / night.batch / "batch.json").read_bytes() == before
    assert not list(night.line.out.rglob("hooks/post-checkout"))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "status", "reason", "ending"),
    [
        ("runner", "failed", "runner_system_failure", "skipped"),
        ("time-out", "failed", "job_execution_timeout", "timeout"),
        ("canceled", "canceled", None, "skipped"),
        ("never", "skipped", None, "skipped"),
    ],
)
def test_a_job_that_left_nothing_is_told(
    night: Night, name: str, status: str, reason: str | None, ending: str
) -> None:
    """The ticket gets an attempt that names the job and how it ended; its neighbour is not touched by that."""
    lost = Job(agent_of(night, "1"), status=status, failure_reason=reason)
    assert night.gather(lost, *night.jobs(agent_of(night, "1"), gate_of(night, "1"))) == 0, name
    attempt = json.loads(night.file("1", "attempt.json").read_text())
    assert attempt["ending"] == ending
    assert f"{lost.name} ended as {status}" in attempt["reason"]
    assert attempt["usage"]["cost_usd"] is None
    assert night.told["2"]["verdict"]


@pytest.mark.slow
def test_a_job_that_has_not_ended_is_left_to_the_next_look(night: Night) -> None:
    """No attempt is made up; when the job has ended, gathering again takes it."""
    running = Job(agent_of(night, "1"), status="running")
    assert night.gather(running, *night.jobs(agent_of(night, "1"))) == 0
    assert not night.file("1", "attempt.json").exists()
    assert "has not ended" in night.told["1"]["said"]
    assert night.gather(*night.jobs()) == 0
    assert night.told["1"]["verdict"]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["agent", "gate"])
def test_artifacts_that_are_no_longer_kept_send_no_ticket_back(night: Night, kind: str) -> None:
    """A publication that is tried again after they expired or were erased makes up no attempt, and so changes no label."""
    name = {"agent": agent_of, "gate": gate_of}[kind](night, "1")
    assert night.gather(Job(name, erased_at="2026-11-01T00:00:00.000Z"), *night.jobs(name)) == 0
    assert not night.file("1", "attempt.json").exists()
    assert "no longer kept" in night.told["1"]["said"]
    assert night.told["2"]["verdict"]


def _edited(data: bytes, **values: object) -> bytes:
    return json.dumps({**json.loads(data), **values}).encode()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("attempt.json", {"ticket_id": "2"}),
        ("attempt.json", {"batch_id": "other"}),
        ("attempt.json", {"base": "1" * 40}),
        ("attempt.json", {"agent": "somebody"}),
        ("attempt.json", {"surprise": 1}),
    ],
)
def test_an_attempt_that_does_not_fit_is_not_taken(
    night: Night, name: str, values: dict[str, object]
) -> None:
    """Another ticket's, batch's, base's or agent's, or one with more in it: the reason is told, no change is kept."""
    job, path = agent_of(night, "1"), night.path("1", name)
    files = {**night.archives[job], path: _edited(night.archives[job][path], **values)}
    assert night.gather(Job(job, files=dict(files)), *night.jobs(job)) == 0
    assert json.loads(night.file("1", "attempt.json").read_text())["ending"] == "skipped"
    assert not night.told["1"]["verdict"]
    assert not night.file("1", "gate.json").exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "values", "said"),
    [
        (
            "score.json",
            {"score": 100.0, "verdict": "pass", "reasons": []},
            "score.json is not what gate.json comes to",
        ),
        ("score.json", {"tree": "1" * 40}, "another change"),
        ("gate.json", {"gates": []}, "gates are missing"),
        ("gate.json", {"config_hash": "other"}, "another configuration"),
    ],
)
def test_a_verdict_that_does_not_fit_is_none(
    night: Night, name: str, values: dict[str, object], said: str
) -> None:
    """A dressed-up score, another tree's, one without its gates, one by another configuration."""
    job = gate_of(night, "1")
    path = night.path("1", name)
    bad = json.loads(night.archives[job][night.path("1", "score.json")])
    values = (
        {**values, "score": 12.0}
        if name == "score.json" and "score" in values and bad["score"] == 100.0
        else values
    )
    files = {**night.archives[job], path: _edited(night.archives[job][path], **values)}
    assert night.gather(Job(job, files=dict(files)), *night.jobs(job)) == 0
    assert night.told["1"]["attempt"]
    assert not night.told["1"]["verdict"]
    assert said in night.told["1"]["said"]


@pytest.mark.slow
def test_a_change_that_nobody_judged_goes_to_people_and_is_published_once_it_is(
    night: Night, tmp_path: Path
) -> None:
    """Paid work is not thrown away: the ticket names the gates' job; tried again, the same command publishes it."""
    line = night.line.copy(f"gather/unjudged-{next(_NUMBERS)}", tmp_path / "copy", _TOKENS)
    line.open_issues(Ticket(id=each, title=f"Add value {each}", labels=("ready-for-agent",)) for each in "12")
    # the same artifacts for another project
    batch = line.out / "batches" / night.batch / "batch.json"
    batch.write_text(batch.read_text().replace(night.line.path, line.path))
    mine = replace(night, line=line)
    failed = Job(gate_of(night, "1"), status="failed", failure_reason="runner_system_failure")
    assert mine.gather(failed, *night.jobs(failed.name)) == 0
    assert line.command("publish") == 0
    state = line.state()
    assert len(state["merge requests"]) == 1
    assert "factory::escalated" in state["issues"][1]["labels"]
    assert any("runner_system_failure" in note.replace("\\", "") for note in state["issues"][1]["notes"])
    shutil.rmtree(line.out / "batches" / night.batch / "tickets")
    assert mine.gather(*night.jobs()) == 0
    assert line.command("publish") == 0
    state = line.state()
    assert len(state["merge requests"]) == 2
    assert "factory::review" in state["issues"][1]["labels"]


@pytest.mark.slow
def test_tickets_of_a_pipeline_that_has_not_ended_are_not_taken_again(
    night: Night, factory_cli: Cli, tmp_path: Path
) -> None:
    """A more frequent schedule leaves them alone; once that pipeline has ended, what it left over is taken up."""
    line, folder = night.line, tmp_path / "children"
    env = os.environ | line.environment() | {"CI_PIPELINE_ID": "999999", "CI_JOB_NAME": "factory-plan"}
    common = ("--repo", line.repo, "--out", line.out)
    planned = factory_cli("plan", "--pipelines", folder, "--agent", "autofix", *common, env=env)
    assert planned.code == 0, planned.err
    plan = Job(
        "factory-plan", files={".ci-factory/children/index.json": (folder / "index.json").read_bytes()}
    )
    for status, candidates in (("failed", 2), ("running", 0)):
        line.server.pipeline(line.id, "main", status=status, source="schedule", jobs=(plan,))
        ran = factory_cli("intake", "--json", *common, env=env)
        assert ran.code == 0, ran.err
        assert len(json.loads(ran.out)["candidates"]) == candidates
