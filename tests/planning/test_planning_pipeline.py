"""Child pipelines of a batch."""

import itertools
from pathlib import Path

import pytest
import yaml

from ci_factory.cli.common import OUT_NAME
from ci_factory.errors import ArtifactError, UsageError
from ci_factory.planning import pipeline
from ci_factory.planning.pipeline import child_pipelines
from ci_factory.planning.pipeline_settings import PipelineSettings, from_options
from ci_factory.system.layout import Layout
from tests.planning.pipelines_read import SERVERS, Job, Row, batch_of, documents, expanded, merged, night

NEW, OLD = PipelineSettings(server="18.6"), PipelineSettings(server="18.5")
STACK = batch_of([Row("1"), Row("2", 1, "1", ("1",)), Row("3", 2, "2", ("1", "2")), Row("4", 1)])


def only(settings: PipelineSettings = NEW) -> Job:
    """The document of a stack of three and one ticket alone."""
    (document,) = documents(child_pipelines(STACK, settings))
    return document


def test_independent_tickets_are_two_paired_matrices() -> None:
    """From 18.6 on, each row of the gate matrix needs the same row of the agent matrix."""
    (document,) = documents(child_pipelines(batch_of([Row("7", 2), Row("8", 3)]), NEW))
    rows = [{"TICKET": "7", "LANE": "lane-2"}, {"TICKET": "8", "LANE": "lane-3"}]
    assert document["factory-agent"]["parallel"]["matrix"] == rows
    assert document["factory-gate"]["parallel"]["matrix"] == rows
    same_row = {"TICKET": "$[[ matrix.TICKET ]]", "LANE": "$[[ matrix.LANE ]]"}
    assert document["factory-gate"]["needs"][1:] == [
        {"job": "factory-agent", "parallel": {"matrix": [same_row]}}
    ]


@pytest.mark.parametrize("server", ["", "15.0", "18.5"])
def test_older_servers_get_explicit_pairs(server: str) -> None:
    """Before 18.6, or when the version is unknown, no matrix and no expression is written."""
    pipelines = child_pipelines(STACK, PipelineSettings(server=server))
    assert pipelines.index.pairing == "jobs"
    assert "matrix" not in pipelines.texts["child-1.yml"]
    assert expanded(documents(pipelines)[0])["factory-gate:4"]["needs"] == ["factory-agent:4"]


def test_a_stacked_ticket_gets_the_changes_below_it_and_their_verdicts() -> None:
    """Its agent starts after the gates of the whole stack below, which comes as artifacts; its gates need its agent."""
    jobs = expanded(only())
    assert jobs["factory-agent:1"]["needs"] == []
    assert jobs["factory-agent:3"]["needs"] == [
        f"factory-{kind}:{ticket}" for kind in ("gate", "agent") for ticket in "21"
    ]
    assert jobs["factory-gate:3"]["needs"] == ["factory-agent:3", "factory-agent:2", "factory-agent:1"]


def test_bad_work_is_a_warning_and_a_broken_factory_a_failure() -> None:
    """Exit 1 and 4 let the pipeline go on: `work` decides itself what may be built on; 2 and 3 stop what waits."""
    for job in expanded(only()).values():
        assert job["allow_failure"] == {"exit_codes": [1, 4]}


def test_needs_never_point_to_a_later_stage() -> None:
    """GitLab refuses a job that needs one of a later stage."""
    document = only()
    jobs, stages = expanded(document), document["stages"]
    for name, job in jobs.items():
        for need in job["needs"]:
            assert stages.index(jobs[need]["stage"]) <= stages.index(job["stage"]), (name, need)


@pytest.mark.parametrize("server", SERVERS)
def test_jobs_where_others_code_runs_inherit_no_credential(server: str) -> None:
    """No global variable or default, environment, id token, secret, trigger or dotenv report; variables are ours by name."""
    for job in merged(only(PipelineSettings(server=server))).values():
        assert job["inherit"] == {"default": False, "variables": False}
        assert not {"environment", "id_tokens", "secrets", "trigger", "identity", "cache"} & set(job)
        assert "reports" not in job["artifacts"]
        assert set(job["variables"]) <= {"TICKET", "LANE", "GIT_DEPTH", "FACTORY_PACKAGE"}


def test_money_is_spent_once() -> None:
    """Agent jobs are not interrupted, and not retried after a time-out or a silence, when a model was already paid."""
    for name, job in merged(only()).items():
        assert job["interruptible"] is False
        allowed = {"runner_system_failure", "scheduler_failure"}
        if "gate" in name:
            allowed |= {"stuck_or_timeout_failure", "api_failure"}
        assert set(job["retry"]["when"]) == allowed
        assert job["retry"]["max"] == (2 if "gate" in name else 1)


def test_a_lane_is_one_resource_group_of_the_project() -> None:
    """Agent jobs take the slot of their lane; gate jobs take none, so a lane is free while gates run."""
    for name, job in expanded(only()).items():
        if "agent" in name:
            assert job["resource_group"] == "factory-$LANE"
            assert job["variables"]["LANE"].startswith("lane-")
        else:
            assert "resource_group" not in job


def test_artifacts_are_the_tickets_folder_and_expire(tmp_path: Path) -> None:
    """Kept whatever the ending, where the layout has it; agent and gate can't write each other's files."""
    jobs = merged(only())
    folder = Layout(tmp_path / OUT_NAME).batch("night-1").ticket("$TICKET")
    agent, gate = jobs["factory-agent"]["artifacts"], jobs["factory-gate"]["artifacts"]
    for artifacts in (agent, gate):
        assert artifacts["paths"] == [f"{folder.path.relative_to(tmp_path)}/"]
        assert (artifacts["when"], artifacts["expire_in"]) == ("always", "14 days")
        assert artifacts["public"] is False
    assert {str(path.relative_to(tmp_path)) for path in (folder.gate, folder.score)} <= set(agent["exclude"])
    assert {str(path.relative_to(tmp_path)) for path in (folder.attempt, folder.bundle)} <= set(
        gate["exclude"]
    )
    assert str(folder.publication.relative_to(tmp_path)) in set(agent["exclude"]) & set(gate["exclude"])


def test_every_job_gets_the_batch_and_runs_one_command() -> None:
    """The plan's artifact comes by pipeline and job; of a ticket the shell sees the variable with its id."""
    settings = from_options(["server=18.6"], plan_pipeline="4711", plan_job="plan: night")
    for name, job in merged(only(settings)).items():
        assert job["needs"][0] == {"pipeline": "4711", "job": "plan: night", "artifacts": True}
        command = "work" if "agent" in name else "check"
        assert job["script"][-1] == f'ci-factory {command} "$TICKET"'


def test_children_exist_only_below_a_parent() -> None:
    """The file can't run by itself on a push or a schedule."""
    assert only()["workflow"] == {"rules": [{"if": '$CI_PIPELINE_SOURCE == "parent_pipeline"'}]}


def test_a_night_without_tickets_is_one_job_that_does_nothing() -> None:
    """A trigger fails on a pipeline without jobs, so there is one."""
    for batch in (None, batch_of([])):
        pipelines = child_pipelines(batch, NEW)
        (jobs,) = map(merged, documents(pipelines))
        assert set(jobs) == {"factory-idle"}
        assert pipelines.index.children[0].tickets == ()
        assert pipelines.index.children[0].jobs == 1


def test_a_stack_that_is_too_deep_goes_on_in_the_next_child() -> None:
    """A job has at most 50 needs; the rest of the stack comes after, and the index says what it builds on."""
    ids = [str(number) for number in range(120)]
    rows = [Row("0"), *(Row(each, 0, below, (below,)) for below, each in itertools.pairwise(ids))]
    children = child_pipelines(batch_of(rows), NEW).index.children
    assert [len(child.tickets) for child in children] == [25, 25, 25, 25, 20]
    carried = [((), ()), ((1,), ("24",)), ((2,), ("49",)), ((3,), ("74",)), ((4,), ("99",))]
    assert [(child.after, child.carries) for child in children] == carried


def test_small_groups_are_not_torn_apart() -> None:
    """Where groups fit into children, no child waits for another."""
    pipelines = child_pipelines(night(1000), NEW)
    assert all(child.after == () for child in pipelines.index.children)
    assert [len(child.tickets) for child in pipelines.index.children] == [200] * 5


def test_the_configured_cap_bounds_jobs_of_a_pipeline() -> None:
    """A child has at most that many jobs."""
    pipelines = child_pipelines(night(60), from_options(["max-jobs=41", "server=18.6"]))
    assert [child.jobs for child in pipelines.index.children] == [40, 40, 40]
    assert [len(expanded(each)) for each in documents(pipelines)] == [40, 40, 40]


@pytest.mark.parametrize(
    "ticket", ["1e3", "0x1F", "007", "1_000", "2026-1-1", "12", "null", "yes", "on", "y", "1.5"]
)
def test_ids_stay_text_for_every_yaml_reader(ticket: str) -> None:
    """Ids that some reader takes for a number, a date or a truth value are quoted."""
    text = child_pipelines(batch_of([Row(ticket)]), NEW).texts["child-1.yml"]
    assert yaml.safe_load(text)["factory-agent"]["parallel"]["matrix"][0]["TICKET"] == ticket
    assert f"TICKET: '{ticket}'" in text or ticket == "y"


def test_images_with_the_factory_install_nothing() -> None:
    """Tags, images and times are settings; an empty package leaves out the installation."""
    options = [
        "package=",
        "image=$CI_REGISTRY_IMAGE/factory:1",
        "gate-image=debian:12",
        "agent-tags=big, models",
    ]
    jobs = merged(
        only(from_options([*options, "agent-minutes=45", "expire=1 week", "prefix=night", "server=18.6"]))
    )
    agent, gate = jobs["night-agent"], jobs["night-gate"]
    assert agent["script"] == ['ci-factory work "$TICKET"']
    assert (agent["tags"], agent["timeout"]) == (["big", "models"], "45 minutes")
    assert (agent["image"], gate["image"]) == ("$CI_REGISTRY_IMAGE/factory:1", "debian:12")
    assert "tags" not in gate
    assert gate["artifacts"]["expire_in"] == "1 week"


@pytest.mark.parametrize(
    "option",
    [
        "image=a b",
        "image=x\nscript: y",
        "package=a; rm -rf /",
        "prefix=.hidden",
        "agent-tags=a,$(x)",
        "plan-pipeline=0",
        "server=18",
        "expire=soon",
        "max-needs=51",
        "max-tickets=201",
        "agent-retries=3",
        "agent-minutes=-1",
        "gate-minutes=1e3",
        "gate-stage=agents",
        "title=x",
        "image",
    ],
)
def test_settings_that_can_not_stand_in_a_pipeline_are_refused(option: str) -> None:
    """With the setting's name, and what it has to look like."""
    with pytest.raises(UsageError) as caught:
        from_options([option])
    assert (
        option.partition("=")[0].replace("gate-stage", "agent-stage").replace("-", "_") in caught.value.where
    )
    assert caught.value.fix


@pytest.mark.parametrize(
    "rows", [[Row("1"), Row("1")], [Row("1", waits_for=("2",)), Row("2")], [Row("1", 0, "9")]]
)
def test_a_batch_that_contradicts_itself_is_refused(rows: list[Row]) -> None:
    """A ticket twice, one that waits for a later one, one on an unknown base."""
    with pytest.raises(ArtifactError, match="ticket 1"):
        child_pipelines(batch_of(rows), NEW)


def test_a_file_that_gitlab_would_not_read_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the option that helps."""
    monkeypatch.setattr(pipeline, "MAX_BYTES", 2_000)
    with pytest.raises(UsageError, match="max-tickets"):
        child_pipelines(night(20), OLD)
