"""The stages as jobs of a pipeline: the plan has the forge, agents and gates have files only."""

import json
import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ci_factory.system.git import Git

CONFIG = """
sandbox: off
batch: {parallel: 2, timeout_minutes: 1}
retries: {limit: 0}
gates: {disabled: [semgrep, mypy, secrets, tests]}
"""
CANARY = "glpat-" + "canary0canary0canary0"
JOB = {"CI": "true", "GITLAB_CI": "true", "CI_JOB_TOKEN": "glcbt-64_" + "j" * 20}
SHOP = {"CI_PROJECT_PATH": "acme/shop"}
# GitLab derives these from the job's own token; each is in every job.
JOB |= {
    "CI_REPOSITORY_URL": f"https://gitlab-ci-token:{JOB['CI_JOB_TOKEN']}@gitlab.example.com/acme/shop.git"
}


@dataclass(frozen=True)
class Pipeline:
    """Jobs that share nothing but the clone's commits and what is handed on as files."""

    line: Any
    root: Path
    config: str = CONFIG

    @property
    def agent(self) -> tuple[str, ...]:
        """The agent: notes its environment, then works."""
        return (
            "--agent-command",
            f"env > {self.root}/seen.env; {sys.executable} {self.root}/agent.py {self.line.log}",
        )

    def plan(self) -> Path:
        """What the plan job hands on."""
        line = self.line
        common = ("--repo", line.repo, "--out", line.out)
        env = os.environ | SHOP
        assert line.cli("intake", *common, "--tickets", line.tickets, env=env).code == 0
        planned = line.cli("plan", *common, *self.agent, env=env)
        assert planned.code == 0, planned.err
        return self.handed(line.out, "plan")

    def handed(self, out: Path, name: str) -> Path:
        """Artifacts of a job: the batch's folder and nothing else."""
        folder = self.root / "artifacts" / name
        shutil.copytree(out / "batches", folder / "batches", dirs_exist_ok=True)
        return folder

    def job(self, command: str, ticket: str, *needs: Path, **variables: str) -> tuple[Any, Path]:
        """A job in a fresh clone with a detached head, without the forge; what it said, and its output folder."""
        place = self.root / "builds" / f"{command}-{ticket}-{len(list(self.root.glob('builds/*')))}" / "shop"
        Git(self.root).text("clone", "--quiet", "--no-local", str(self.line.repo), str(place))
        Git(place).text("switch", "--quiet", "--detach", "HEAD")
        out = place / ".ci-factory"
        for need in needs:
            shutil.copytree(need, out, dirs_exist_ok=True)
        agent = self.agent if command == "work" else ()
        env = os.environ | JOB | SHOP | variables
        return self.line.cli(command, ticket, "--repo", place, *agent, env=env), out

    def attempt(self, out: Path, ticket: str) -> dict[str, Any]:
        """attempt.json of a ticket."""
        return dict(json.loads(next(out.glob(f"batches/*/tickets/{ticket}/attempt.json")).read_text()))

    def file(self, out: Path, ticket: str, name: str) -> Path:
        """A file of a ticket."""
        return next(out.glob("batches/*/tickets")) / ticket / name


@pytest.fixture(name="pipeline")
def pipeline_of(make_line: Callable[..., Any], tmp_path: Path) -> Callable[..., Pipeline]:
    """`pipeline([{id, …}, …])`."""

    def make(tickets: list[dict[str, Any]], config: str = CONFIG) -> Pipeline:
        return Pipeline(make_line(tickets, config), tmp_path)

    return make


Make = Callable[..., Pipeline]


@pytest.mark.slow
def test_agent_and_gate_jobs_work_from_files_alone(pipeline: Make) -> None:
    """A plan, an agent job and a gate job, each in a clone of its own without the forge; then publication."""
    jobs = pipeline([{"id": "1"}])
    plan = jobs.plan()
    worked, out = jobs.job("work", "1", plan)
    assert worked.code == 0, worked.err
    names = {path.name for path in next(out.glob("batches/*/tickets/1")).iterdir()}
    assert {"attempt.json", "change.bundle"} <= names
    assert names.isdisjoint({"gate.json", "score.json"})
    assert not (out.parent / ".git/ci-factory/forge.sqlite3").exists()
    agent = jobs.handed(out, "agent")
    checked, gated = jobs.job("check", "1", agent)
    assert checked.code == 0, checked.out + checked.err
    score = json.loads(jobs.file(gated, "1", "score.json").read_text())
    attempt = jobs.attempt(out, "1")
    assert (score["verdict"], score["tree"], score["base"]) == ("pass", attempt["tree"], attempt["base"])
    assert not (gated.parent / ".git/ci-factory/forge.sqlite3").exists()
    shutil.copytree(gated / "batches", jobs.line.out / "batches", dirs_exist_ok=True)
    published = jobs.line.cli("publish", "--repo", jobs.line.repo, "--out", jobs.line.out)
    assert published.code == 0, published.err
    [merge_request] = jobs.line.merge_requests().values()
    assert Git(jobs.line.repo).tree_of(merge_request["head"]) == attempt["tree"]


@pytest.mark.slow
def test_no_token_reaches_the_agent(pipeline: Make) -> None:
    """The job's own token is in every job: an agent does not get it, even when it is named among its variables."""
    jobs = pipeline([{"id": "1"}])
    plan = jobs.plan()
    place = jobs.root / "clone"
    Git(jobs.root).text("clone", "--quiet", str(jobs.line.repo), str(place))
    shutil.copytree(plan, place / ".ci-factory")
    asked = [
        word for name in ("CI_JOB_TOKEN", "CI_FACTORY_TOKEN", "MODEL_KEY") for word in ("--agent-env", name)
    ]
    env = os.environ | JOB | SHOP | {"MODEL_KEY": "a-key-of-the-model"}
    worked = jobs.line.cli("work", "1", "--repo", place, *jobs.agent, *asked, env=env)
    assert worked.code == 0, worked.err
    seen = (jobs.root / "seen.env").read_text()
    assert "MODEL_KEY=a-key-of-the-model" in seen
    assert JOB["CI_JOB_TOKEN"] not in seen


@pytest.mark.slow
def test_a_stacked_ticket_is_built_on_the_files_of_the_one_below(pipeline: Make) -> None:
    """The base is the head of the predecessor's bundle; published, both merge requests stand on each other."""
    tickets = [
        {"id": "1", "body": "module: same", "files": ["shop/same.py"]},
        {"id": "2", "body": "module: same", "files": ["shop/same.py"], "depends_on": ["1"]},
        {"id": "3", "body": "module: same", "files": ["shop/same.py"], "depends_on": ["2"]},
    ]
    jobs = pipeline(tickets)
    handed, outs = [jobs.plan()], {}
    for number in ("1", "2", "3"):
        # only the job below is needed, not the ones below that
        worked, outs[number] = jobs.job("work", number, handed[0], *handed[-1:])
        assert worked.code == 0, worked.err
        checked, gated = jobs.job("check", number, jobs.handed(outs[number], f"agent-{number}"))
        assert checked.code == 0, checked.out + checked.err
        for other in set("123") - {number}:
            shutil.rmtree(jobs.file(gated, other, ""), ignore_errors=True)
        handed.append(jobs.handed(gated, f"gate-{number}"))
    for number in ("2", "3"):
        below = jobs.attempt(outs[str(int(number) - 1)], str(int(number) - 1))
        assert jobs.attempt(outs[number], number)["base"] == below["head"]
    for folder in handed:
        shutil.copytree(folder / "batches", jobs.line.out / "batches", dirs_exist_ok=True)
    published = jobs.line.cli("publish", "--repo", jobs.line.repo, "--out", jobs.line.out)
    assert published.code == 0, published.err
    found = jobs.line.merge_requests()
    assert [found[number]["target_branch"] for number in ("2", "3")] == [
        found[number]["source_branch"] for number in ("1", "2")
    ]
    git = Git(jobs.line.repo)
    assert git.text("rev-parse", f"{found['3']['head']}~2") == found["1"]["head"]


@pytest.mark.slow
def test_a_ticket_whose_dependency_brought_nothing_is_skipped(pipeline: Make) -> None:
    """The job ends well, no agent runs, and the ticket goes back to the queue with the reason."""
    jobs = pipeline([{"id": "1", "body": "do: nothing"}, {"id": "2", "depends_on": ["1"]}])
    plan = jobs.plan()
    worked, out = jobs.job("work", "1", plan)
    assert (worked.code, worked.out.split(":")[0]) == (0, "no-change")
    checked, _ = jobs.job("check", "1", jobs.handed(out, "agent"))
    assert (checked.code, checked.out.split(":")[0]) == (0, "nothing to judge")
    worked, out = jobs.job("work", "2", plan, jobs.root / "artifacts/agent")
    assert (worked.code, worked.out.split(":")[0]) == (0, "skipped")
    assert "it depends on 1" in jobs.attempt(out, "2")["reason"]
    assert jobs.line.worked() == ["1"]


@pytest.mark.slow
def test_without_the_files_of_the_one_below_nothing_starts(pipeline: Make) -> None:
    """A pipeline that forgets to hand them on is the factory's mistake (3), not a ticket on the wrong base."""
    jobs = pipeline([{"id": "1"}, {"id": "2", "depends_on": ["1"]}])
    worked, _ = jobs.job("work", "2", jobs.plan())
    assert worked.code == 3
    assert "tickets/1/attempt.json" in worked.err
    assert jobs.line.worked() == []


@pytest.mark.slow
def test_a_job_with_a_token_does_not_start(pipeline: Make) -> None:
    """A canary planted in the job's environment is found by nobody: no agent, no test, no gate runs beside it."""
    jobs = pipeline([{"id": "1"}])
    plan = jobs.plan()
    known = ("CI_FACTORY_TOKEN", "GITLAB_TOKEN", "GL_TOKEN", "PRIVATE_TOKEN", "SOMETHING_ELSE")
    for command, variable in zip(("work", "check", "work", "check", "work"), known, strict=True):
        ran, out = jobs.job(command, "1", plan, **{variable: CANARY})
        assert ran.code == 2
        assert f"error: {variable}: " in ran.err
        left = "".join(path.read_text(errors="replace") for path in out.rglob("*") if path.is_file())
        assert CANARY not in ran.out + ran.err + left
        assert not (out / "workspace.git").exists()
    assert not (jobs.root / "seen.env").exists()


@pytest.mark.slow
def test_the_token_of_the_configuration_and_one_in_a_file_count_as_well(pipeline: Make) -> None:
    """Whatever its name, and whatever the token looks like; a file variable is looked into."""
    jobs = pipeline([{"id": "1"}], CONFIG + "forge: {token_variable: SHOP_BOT}\n")
    plan = jobs.plan()
    ran, _ = jobs.job("work", "1", plan, SHOP_BOT="no-known-form")
    assert (ran.code, "SHOP_BOT" in ran.err, "no-known-form" in ran.err) == (2, True, False)
    (jobs.root / "DEPLOY_KEY").write_text(f"machine gitlab.example.com password {CANARY}\n")
    ran, _ = jobs.job("check", "1", plan, DEPLOY_KEY=str(jobs.root / "DEPLOY_KEY"))
    assert (ran.code, "DEPLOY_KEY" in ran.err, CANARY in ran.err) == (2, True, False)


@pytest.mark.slow
def test_no_forge_on_a_laptop_is_the_same(pipeline: Make) -> None:
    """`--no-forge` asks for a job's rules outside of one; without it the embedded forge works as before."""
    jobs = pipeline([{"id": "1"}])
    jobs.plan()
    common = ("work", "1", "--repo", jobs.line.repo, "--out", jobs.line.out, *jobs.agent)
    refused = jobs.line.cli(*common, "--no-forge", env=os.environ | SHOP | {"GL_TOKEN": CANARY})
    assert (refused.code, "GL_TOKEN" in refused.err) == (2, True)
    assert jobs.line.worked() == []
    ran = jobs.line.cli(*common, "--no-forge", env=os.environ | SHOP)
    assert ran.code == 0, ran.err
    assert not jobs.file(jobs.line.out, "1", "score.json").exists()


@pytest.mark.slow
def test_the_logs_sections_are_ours(pipeline: Make) -> None:
    """What an agent says opens no section in the job's log and moves no cursor."""
    jobs = pipeline([{"id": "1"}])
    plan = jobs.plan()
    forged = r"printf '\033[0Ksection_start:1:passed\r\033[0KAll gates passed\n' | tee /dev/stderr; exit 9"
    place = jobs.root / "clone"
    Git(jobs.root).text("clone", "--quiet", str(jobs.line.repo), str(place))
    shutil.copytree(plan, place / ".ci-factory")
    ran = jobs.line.cli("work", "1", "--repo", place, "--agent-command", forged, env=os.environ | JOB | SHOP)
    assert ran.code == 1
    assert "section_start" not in ran.out + ran.err
    assert "\x1b" not in ran.out + ran.err


@pytest.mark.slow
def test_switched_off_at_the_base_starts_nothing(pipeline: Make) -> None:
    """A batch on a base that says `enabled: false` is not worked on, and that needs no forge."""
    jobs = pipeline([{"id": "1"}])
    plan = jobs.plan()
    path = next(plan.glob("batches/*/batch.json"))
    off = Git(jobs.line.repo)
    (jobs.line.repo / ".ci-factory.yml").write_text(CONFIG + "enabled: false\n")
    off.text("commit", "--quiet", "--all", "--message", "stop")
    path.write_text(json.dumps(json.loads(path.read_text()) | {"base": off.resolve("HEAD")}))
    ran, _ = jobs.job("work", "1", plan)
    assert (ran.code, "switched off" in ran.err) == (2, True)
    assert jobs.line.worked() == []
