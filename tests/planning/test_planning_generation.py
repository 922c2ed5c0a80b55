"""The pipeline that a user's pipeline triggers: the only child, or one that triggers several."""

import pytest
import yaml

from ci_factory.errors import UsageError
from ci_factory.planning.pipeline import ChildPipelines, child_pipelines
from ci_factory.planning.pipeline_settings import PipelineSettings, from_options
from tests.planning.pipelines_read import Job, Row, batch_of, documents, merged, night

SETTINGS = PipelineSettings(server="18.6", plan_pipeline="4711", max_tickets=2)
STACK = batch_of([Row("1"), Row("2", 1, "1", ("1",)), Row("3", 2, "2", ("2",)), Row("4")])


def entry(pipelines: ChildPipelines) -> Job:
    """generation.yml."""
    return dict(yaml.safe_load(pipelines.texts["generation.yml"]))


@pytest.mark.parametrize("batch", [batch_of([]), batch_of([Row("1")]), night(20)])
def test_one_child_is_triggered_itself(batch: object) -> None:
    """No pipeline stands between when there is nothing to divide."""
    pipelines = child_pipelines(batch, PipelineSettings(plan_pipeline="4711"))  # type: ignore[arg-type]
    assert pipelines.texts["generation.yml"] == pipelines.texts["child-1.yml"]


def test_several_children_are_triggered_from_the_plans_own_artifact() -> None:
    """The pipeline between has the plan under the name of the job that planned, and one trigger a child, each depended on."""
    pipelines = child_pipelines(STACK, SETTINGS)
    jobs = entry(pipelines)
    assert jobs["factory-plan"]["needs"] == [{"pipeline": "4711", "job": "factory-plan", "artifacts": True}]
    for child in pipelines.index.children:
        trigger = jobs[f"factory-child-{child.number}"]
        assert trigger["trigger"] == {
            "include": [{"artifact": f".ci-factory/children/{child.file}", "job": "factory-plan"}],
            "strategy": "depend",
        }
        assert trigger["variables"] == {"PARENT_PIPELINE_ID": "$CI_PIPELINE_ID"}


def test_a_child_that_goes_on_waits_for_what_others_left() -> None:
    """Before it, whatever became of them, a job gathers the artifacts of the children it goes on from."""
    pipelines = child_pipelines(STACK, SETTINGS)
    (later,) = (child for child in pipelines.index.children if child.after)
    jobs, name = entry(pipelines), f"factory-carry-{later.number}"
    needs = [each["job"] for each in jobs[name]["needs"]]
    assert needs == ["factory-plan", *(f"factory-child-{number}" for number in later.after)]
    assert jobs[name]["when"] == "always"
    assert jobs[name]["script"][-1] == 'ci-factory gather --prefix "$FACTORY_PREFIX"'
    assert {"job": name, "artifacts": False} in jobs[f"factory-child-{later.number}"]["needs"]
    for job in merged(documents(pipelines)[later.number - 1]).values():
        assert job["needs"][0] == {"pipeline": "$PARENT_PIPELINE_ID", "job": name, "artifacts": True}


def test_children_that_begin_afresh_take_the_plan_from_their_parent() -> None:
    """Their pipeline is the one that triggered them, not the one that planned."""
    pipelines = child_pipelines(STACK, SETTINGS)
    for child, document in zip(pipelines.index.children, documents(pipelines), strict=True):
        for job in merged(document).values() if not child.after else ():
            assert job["needs"][0]["pipeline"] == "$PARENT_PIPELINE_ID"
            assert job["needs"][0]["job"] == "factory-plan"


def test_only_jobs_of_control_are_where_the_token_is() -> None:
    """In no child is there a job of that environment; between them it is the job that gathers."""
    pipelines = child_pipelines(STACK, SETTINGS)
    placed = [name for name, job in entry(pipelines).items() if "environment" in job]
    assert placed == [name for name in entry(pipelines) if name.startswith("factory-carry-")]
    assert all(
        "environment" not in job for document in documents(pipelines) for job in merged(document).values()
    )


def test_agents_keys_are_where_agents_are() -> None:
    """With an environment for agents, their jobs have it, as no deployment; gates' jobs have none."""
    pipelines = child_pipelines(STACK, from_options(["agent-environment=factory-agents"]))
    for name, job in merged(documents(pipelines)[0]).items():
        wanted = {"name": "factory-agents", "action": "access"} if name.startswith("factory-agent") else None
        assert job.get("environment") == wanted, name


def test_agents_are_never_where_the_token_is() -> None:
    """One environment for both is refused before anything is written."""
    with pytest.raises(UsageError, match="agents must not be where the token is"):
        from_options(["environment=x", "agent-environment=x"])


def test_tags_may_come_as_an_array_input_does() -> None:
    """JSON or words between commas."""
    for text in ('["big", "eu"]', "big, eu"):
        assert from_options([f"agent-tags={text}"]).agent_tags == ("big", "eu")
    assert from_options(["gate-tags=[]"]).gate_tags == ()


def test_a_thousand_tickets_are_a_handful_of_triggers() -> None:
    """Far below GitLab's limits of jobs and of pipelines below one; nothing of a ticket is in it."""
    jobs = entry(child_pipelines(night(1000), PipelineSettings(server="18.6")))
    assert 5 <= sum("trigger" in job for job in jobs.values() if isinstance(job, dict)) <= 10
    assert "NOT-IN-YAML" not in str(jobs)
