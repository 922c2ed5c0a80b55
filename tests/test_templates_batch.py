"""The components of levels 2 and 3: who holds the token, who waits for whom, and what is believed of whom."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from ci_factory.planning.integration_pipeline import integration_pipeline, integration_settings
from ci_factory.planning.pipeline_names import CANDIDATE, CHILDREN_FOLDER, GENERATION_NAME, INTEGRATION_NAME
from ci_factory.planning.pipeline_settings import from_options
from tests.test_templates import ROOT, rendered

LEVELS = ("agents", "batch")
CONTROL = ("plan", "publish", "together", "report")
TRIGGERS = ("generate", "integrate")
Jobs = dict[str, dict[str, Any]]


def jobs_of(level: str, **given: Any) -> Jobs:
    """Jobs by the end of their names."""
    _, body = rendered(ROOT / "templates" / f"{level}.yml", given)
    return {name.removeprefix("factory-"): job for name, job in yaml.safe_load(body).items()}


@pytest.mark.parametrize("level", LEVELS)
def test_only_jobs_of_control_are_where_the_token_is(level: str) -> None:
    """Those that know the forge are; triggers, whose children run agents and tests, are not."""
    placed = {name: job.get("environment") for name, job in jobs_of(level).items()}
    assert placed == {
        **{key: {"name": "factory", "action": "access"} for key in CONTROL},
        **dict.fromkeys(TRIGGERS),
    }


@pytest.mark.parametrize("level", LEVELS)
def test_what_the_project_gives_all_jobs_does_not_run_beside_the_token(level: str) -> None:
    """No before_script of the project, which may install what the repository names."""
    for name in CONTROL:
        assert jobs_of(level)[name]["inherit"] == {"default": False}


@pytest.mark.parametrize("level", LEVELS)
def test_no_archive_of_an_agent_is_unpacked_in_a_job_of_control(level: str) -> None:
    """Artifacts come from jobs of control only; the rest is gathered file by file, before it is published."""
    jobs = jobs_of(level)
    assert jobs["publish"]["needs"] == [
        {"job": "factory-plan"},
        {"job": "factory-generate", "artifacts": False},
    ]
    assert jobs["together"]["needs"] == ["factory-publish"]
    assert jobs["report"]["needs"] == [
        {"job": "factory-publish"},
        {"job": "factory-together"},
        {"job": "factory-integrate", "artifacts": False},
    ]
    commands = [line.split()[1] for line in jobs["publish"]["script"] if line.startswith("ci-factory")]
    assert commands == ["gather", "publish"]


@pytest.mark.parametrize("level", LEVELS)
def test_what_agents_finished_is_published_whatever_became_of_the_rest(level: str) -> None:
    """A child that failed or was canceled does not keep the others' changes from people."""
    jobs = jobs_of(level)
    assert {jobs[name]["when"] for name in ("publish", "together", "report")} == {"always"}


@pytest.mark.parametrize("level", LEVELS)
def test_the_child_is_what_the_plan_wrote(level: str) -> None:
    """It comes from the plan's artifact, under the name the plan gives it, and is depended on."""
    jobs = jobs_of(level)
    trigger = jobs["generate"]["trigger"]
    assert trigger["include"] == [{"artifact": f"{CHILDREN_FOLDER}/{GENERATION_NAME}", "job": "factory-plan"}]
    assert trigger["strategy"] == "depend"
    assert f"{CHILDREN_FOLDER}/" in jobs["plan"]["artifacts"]["paths"]
    assert f"--pipelines {CHILDREN_FOLDER}" in " ".join(jobs["plan"]["script"])


@pytest.mark.parametrize("level", LEVELS)
def test_the_candidate_is_tested_in_a_child_that_knows_only_what_git_found_out(level: str) -> None:
    """The job without a token is given merge_truth.json and no word of any ticket; its outcome is fetched by name."""
    jobs = jobs_of(level, **{"gate-tags": ["big"], "gate-image": "node:22"})
    child = f"{CHILDREN_FOLDER}/{INTEGRATION_NAME}"
    assert jobs["integrate"]["trigger"] == {
        "include": [{"artifact": child, "job": "factory-together"}],
        "strategy": "depend",
    }
    assert jobs["together"]["artifacts"]["paths"] == [".ci-factory/merge_truth.json", child]
    pairs = [
        part.split(" ")[0] for part in " ".join(jobs["together"]["script"]).split("--pipeline-option ")[1:]
    ]
    values = {f'"${name}"': str(value) for name, value in jobs["together"]["variables"].items()}
    values['"${FACTORY_GATE_IMAGE:-$FACTORY_IMAGE}"'] = values['"$FACTORY_GATE_IMAGE"']
    given = (pair.partition("=") for pair in pairs)
    settings = integration_settings(f"{name}={values[variable]}" for name, _, variable in given)
    assert (settings.tags, settings.image) == (("big",), "node:22")
    document = yaml.safe_load(integration_pipeline(settings, wanted=True))
    job = document["factory-candidate"]
    assert job["needs"] == [{"pipeline": "$PARENT_PIPELINE_ID", "job": "factory-together", "artifacts": True}]
    assert "environment" not in job
    assert job["inherit"] == {"default": False, "variables": False}
    assert job["artifacts"]["paths"] == [CANDIDATE]
    assert jobs["report"]["script"][1] == 'ci-factory integrate --only notes --prefix "$FACTORY_PREFIX"'


@pytest.mark.parametrize("level", LEVELS)
def test_two_batches_do_not_plan_at_the_same_time(level: str) -> None:
    """Choosing from the queue and showing the choice is one job, and one at a time in the project."""
    plan = jobs_of(level)["plan"]
    assert plan["resource_group"] == "factory-plan"
    commands = [line.split()[1] for line in plan["script"] if line.startswith("ci-factory")]
    assert commands == ["intake", "plan"]


@pytest.mark.parametrize("level", LEVELS)
def test_jobs_are_retried_for_the_runners_faults_only_and_not_interrupted(level: str) -> None:
    """A verdict or a refusal is the same the second time; every job ends by itself and keeps its artifacts a while, for members."""
    for name, job in jobs_of(level).items():
        if name in TRIGGERS:
            continue
        assert set(job["retry"]["when"]) <= {
            "runner_system_failure",
            "scheduler_failure",
            "stuck_or_timeout_failure",
        }
        assert job["interruptible"] is False
        assert job["artifacts"]["public"] is False
        assert job["artifacts"]["expire_in"] == "14 days"


@pytest.mark.parametrize("level", LEVELS)
def test_every_pipeline_option_of_the_script_exists(level: str) -> None:
    """The plan's command line passes settings that child pipelines know, with values that they accept."""
    job = jobs_of(level, **{"agent-tags": ["big"], "package": "", "agent-minutes": 90})["plan"]
    line = " ".join(job["script"])
    pairs = [part.split(" ")[0] for part in line.split("--pipeline-option ")[1:]]
    values = {f'"${name}"': str(value) for name, value in job["variables"].items()}
    settings = from_options(
        f"{name}={values[variable]}" for name, _, variable in (pair.partition("=") for pair in pairs)
    )
    assert settings.agent_tags == ("big",)
    assert settings.agent_minutes == 90
    assert settings.agent_environment == "factory-agents"


def test_the_two_levels_differ_in_what_they_take_and_when() -> None:
    """The same jobs: only the queue's selection, the limits and the posted report differ."""
    agents, batch = jobs_of("agents"), jobs_of("batch")
    assert agents.keys() == batch.keys()
    for name in ("generate", "publish"):
        assert {**agents[name], "rules": 0} == {**batch[name], "rules": 0}


@pytest.mark.parametrize(("page", "components"), [("batch.md", LEVELS), ("level-1.md", ("gates", "sweep"))])
def test_every_input_is_documented(page: str, components: tuple[str, ...]) -> None:
    """Each input of a component stands in the table of its page."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    for component in components:
        inputs, _ = rendered(Path(ROOT / "templates" / f"{component}.yml"), {})
        assert [name for name in inputs if f"`{name}`" not in text] == []
