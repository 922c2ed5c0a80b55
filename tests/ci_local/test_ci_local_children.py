"""What the driver promises: children's jobs on the stand-in while the pipeline runs, parents' artifacts in children, scoped secrets."""

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.ci_local.driver import Ended, Runner
from tests.workflow.gitlab_line import GitLabLine

PARENT = """
plan:
  stage: build
  script: [mkdir -p made, cp child.yml made/child.yml, echo planned > made/batch.txt]
  artifacts: {paths: [made/]}
generate:
  stage: test
  needs: [plan]
  variables: {PARENT_PIPELINE_ID: $CI_PIPELINE_ID}
  trigger: {include: [{artifact: made/child.yml, job: plan}], strategy: depend}
publish:
  stage: test
  needs: [generate]
  when: always
  environment: {name: factory, action: access}
  script: [python ask.py > said.json]
  artifacts: {paths: [said.json]}
"""
CHILD = """
workflow: {rules: [{if: '$CI_PIPELINE_SOURCE == "parent_pipeline"'}]}
stages: [agents, gates]
.both:
  variables: {GIT_DEPTH: "0"}
  artifacts: {when: always, paths: [out/$TICKET/], exclude: [out/$TICKET/secret.txt]}
agent:
  extends: .both
  stage: agents
  environment: agents
  parallel: {matrix: [{TICKET: "101", LANE: lane-1}, {TICKET: "102", LANE: lane-2}]}
  needs: [{pipeline: $PARENT_PIPELINE_ID, job: plan, artifacts: true}]
  script:
    - mkdir -p out/$TICKET
    - echo "$TICKET $(cat made/batch.txt) ${CI_FACTORY_TOKEN:-no token}" | tee out/$TICKET/work.txt > out/$TICKET/secret.txt
    - test $TICKET = 101
  allow_failure: {exit_codes: [1]}
gate:
  extends: .both
  stage: gates
  parallel: {matrix: [{TICKET: "101", LANE: lane-1}, {TICKET: "102", LANE: lane-2}]}
  needs:
    - job: agent
      parallel: {matrix: [{TICKET: "$[[ matrix.TICKET ]]", LANE: "$[[ matrix.LANE ]]"}]}
  script:
    - test ! -e made
    - test "$(ls out)" = "$TICKET"
    - test $TICKET = 101
"""
ASK = """
import json, os, urllib.request

def get(path):
    url = f"{os.environ['CI_API_V4_URL']}/projects/{os.environ['CI_PROJECT_ID']}/{path}"
    request = urllib.request.Request(url, headers={"PRIVATE-TOKEN": os.environ["CI_FACTORY_TOKEN"]})
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)

own = os.environ["CI_PIPELINE_ID"]
bridge, = get(f"pipelines/{own}/bridges")
child = bridge["downstream_pipeline"]
print(json.dumps({"own": get(f"pipelines/{own}/jobs"), "bridge": bridge, "child": get(f"pipelines/{child['id']}/jobs")}))
"""
SAMPLE = {".gitlab-ci.yml": PARENT, "child.yml": CHILD, "ask.py": ASK}


@pytest.fixture
def ran(
    new_repo: Callable[..., Path], line_of: Callable[[Path], GitLabLine], runner_of: Callable[..., Runner]
) -> tuple[GitLabLine, Ended]:
    """A pipeline with a child, over."""
    line = line_of(new_repo(SAMPLE))
    return line, runner_of(line).run("main", "schedule")


def test_a_job_reads_the_jobs_of_the_child_before_it(ran: tuple[GitLabLine, Ended]) -> None:
    """In the same pipeline: names, states and archives as GitLab has them; secrets and parents' artifacts where they belong."""
    line, ended = ran
    assert ended.jobs.keys() == {
        *("plan", "publish", "agent: [101, lane-1]", "agent: [102, lane-2]"),
        *("gate: [101, lane-1]", "gate: [102, lane-2]"),
    }, ended.console
    said = json.loads((ended.artifacts("publish") / "said.json").read_text("utf-8"))
    assert {job["name"]: job["status"] for job in said["own"]} == {"plan": "success", "publish": "running"}
    found = {job["name"]: (job["status"], job["allow_failure"]) for job in said["child"]}
    assert found == {
        "agent: [101, lane-1]": ("success", False),
        "agent: [102, lane-2]": ("failed", True),
        "gate: [101, lane-1]": ("success", False),
        "gate: [102, lane-2]": ("failed", False),
    }
    assert (said["bridge"]["name"], said["bridge"]["status"]) == ("generate", "failed")
    assert said["bridge"]["downstream_pipeline"]["source"] == "parent_pipeline"
    assert said["bridge"]["downstream_pipeline"]["project_id"] == line.id
    assert {job["name"]: job.get("artifacts_file") is not None for job in said["child"]} == dict.fromkeys(
        found, True
    )


def test_what_jobs_left_is_there_after_the_pipeline(ran: tuple[GitLabLine, Ended]) -> None:
    """Archives without what is excluded; a pipeline failed with its child, whatever gitlab-ci-local returns; children only when asked for."""
    line, ended = ran
    pipeline = line.project.pipelines.get(ended.id)
    assert (pipeline.status, ended.code) == ("failed", 0)
    assert [each.id for each in line.project.pipelines.list()] == [ended.id]
    (child,) = line.project.pipelines.list(source="parent_pipeline")
    agents = {job.name: job for job in child.jobs.list() if job.name.startswith("agent")}
    for ticket, lane in (("101", "lane-1"), ("102", "lane-2")):
        job = line.project.jobs.get(agents[f"agent: [{ticket}, {lane}]"].id)
        with zipfile.ZipFile(io.BytesIO(job.artifacts())) as archive:
            assert archive.namelist() == [f"out/{ticket}/work.txt"]
            assert archive.read(f"out/{ticket}/work.txt").decode() == f"{ticket} planned no token\n"
    assert pipeline.bridges.list()[0].downstream_pipeline["id"] == child.id


def test_a_job_that_needs_what_is_not_there_fails(
    new_repo: Callable[..., Path], line_of: Callable[[Path], GitLabLine], runner_of: Callable[..., Runner]
) -> None:
    """As on GitLab, and unlike gitlab-ci-local alone: no artifact of the parent's job, no start."""
    line = line_of(new_repo(SAMPLE | {"child.yml": CHILD.replace("job: plan,", "job: other,")}))
    ended = runner_of(line).run("main", "schedule")
    assert ended.exits["agent: [101, lane-1]"] == 1
    assert "which left nothing" in ended.console
