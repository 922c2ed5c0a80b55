"""The component of the project's own verdicts: who holds the token, who waits for whom, what its commands are told."""

import re
import shlex
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from ci_factory.cli.verdicts import command
from ci_factory.planning.pipeline_names import CHILDREN_FOLDER, GENERATION_NAME, VERDICTS, verdict_trigger
from ci_factory.planning.verdict_pipeline import verdict_settings
from tests.test_templates import ROOT, rendered
from tests.test_templates_level_one import check, parts, refusal

PATH = ROOT / "templates" / "verdicts.yml"
PREFIX = "our "
CONTROL = ("plan", "note")
Jobs = dict[str, dict[str, Any]]


def jobs_of(**given: Any) -> Jobs:
    """Jobs by the end of their names; the trigger is `verdicts`."""
    _, body = rendered(PATH, {"job-prefix": PREFIX, **given})
    return {name.rpartition("-")[2]: job for name, job in yaml.safe_load(body).items()}


def words(job: dict[str, Any]) -> list[str]:
    """The command line of the factory, with the job's variables in it as the shell would put them."""
    variables: dict[str, str] = job["variables"]

    def value(match: re.Match[str]) -> str:
        return variables[match["name"]] or variables[match["other"] or match["name"]]

    line = next(each for each in job["script"] if each.startswith("ci-factory"))
    shape = r"\$(?:\{(?P<name>\w+):-\$(?P<other>\w+)\}|(?P<plain>\w+))"
    return [
        re.sub(shape, lambda match: value(match) if match["name"] else variables[match["plain"]], word)
        for word in shlex.split(line)
    ]


def parsed(name: str, argv: list[str]) -> dict[str, Any]:
    """What a subcommand understands of its options."""
    found = command.get_command(click.Context(command), name)
    assert found is not None
    return found.make_context(name, list(argv)).params


def test_only_jobs_of_control_are_where_the_token_is() -> None:
    """Plan and note are; the trigger, whose child runs the changes' tests, is not."""
    placed = {name: job.get("environment") for name, job in jobs_of().items()}
    access = {"name": "factory", "action": "access"}
    assert placed == {"plan": access, "verdicts": None, "note": access}
    assert all(jobs_of()[name]["inherit"] == {"default": False} for name in CONTROL)


def test_it_runs_for_the_default_branch_only() -> None:
    """All three by the same rules; whoever sets others is told which pipelines have the token."""
    rules = {str(job["rules"]) for job in jobs_of().values()}
    assert len(rules) == 1
    assert "$CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH" in rules.pop()


def test_no_archive_of_a_gates_job_is_unpacked_beside_the_token() -> None:
    """The note's job gets the plan as an artifact, and asks for verdicts file by file; it runs whatever became of them."""
    note = jobs_of()["note"]
    plan, trigger = f"{PREFIX}ci-factory-verdicts-plan", verdict_trigger(PREFIX)
    assert note["needs"] == [{"job": plan}, {"job": trigger, "artifacts": False}]
    assert note["when"] == "always"
    assert VERDICTS in jobs_of()["plan"]["artifacts"]["paths"]


def test_the_trigger_takes_what_the_plan_writes() -> None:
    """The same file, the same job, and the name that the note's job looks for."""
    _, body = rendered(PATH, {"job-prefix": PREFIX})
    trigger = yaml.safe_load(body)[verdict_trigger(PREFIX)]
    include = {
        "artifact": f"{CHILDREN_FOLDER}/{GENERATION_NAME}",
        "job": f"{PREFIX}ci-factory-verdicts-plan",
    }
    assert trigger["trigger"] == {"include": [include], "strategy": "depend"}
    argv = words(jobs_of()["plan"])
    assert parsed("plan", argv[3:])["pipelines"].as_posix() == CHILDREN_FOLDER


@pytest.mark.parametrize(
    ("given", "image"),
    [({}, "python:3.12"), ({"image": "ours:1"}, "ours:1"), ({"image": "ours:1", "gate-image": "tests:2"}, "tests:2")],
)  # fmt: skip
def test_every_input_arrives(given: dict[str, Any], image: str) -> None:
    """The commands understand what the inputs become, prefix with its space and lists as JSON included."""
    given = {
        "gate-tags": ["docker", "weak"],
        "limit": 7,
        "drafts": False,
        "forks": True,
        "git-depth": 0,
        **given,
    }
    jobs = jobs_of(**given, **{"gate-minutes": 15, "package": ""})
    params = parsed("plan", words(jobs["plan"])[3:])
    assert (params["limit"], params["drafts"], params["forks"], params["prefix"]) == (7, False, True, PREFIX)
    settings = verdict_settings(params["options"], prefix=params["prefix"])
    assert (settings.tags, settings.minutes, settings.depth) == (("docker", "weak"), 15, "0")
    assert (settings.image, settings.package, settings.expire) == (image, "", "7 days")
    assert parsed("note", words(jobs["note"])[3:])["prefix"] == PREFIX


def test_one_bad_merge_request_does_not_stop_the_others() -> None:
    """A plan that could not look at one exits with 3; its artifact is kept, and what needs it goes on."""
    plan = jobs_of()["plan"]
    assert (plan["allow_failure"], plan["artifacts"]["when"]) == ({"exit_codes": 3}, "always")


def test_notes_are_written_by_one_at_a_time() -> None:
    """The sweep and this never write at the same time."""
    _, body = rendered(ROOT / "templates" / "sweep.yml", {})
    (sweep,) = yaml.safe_load(body).values()
    assert jobs_of()["note"]["resource_group"] == sweep["resource_group"]


def test_strangers_are_left_out_unless_asked_for() -> None:
    """By default no merge request from a fork has its tests run on the project's runners."""
    assert parsed("plan", words(jobs_of()["plan"])[3:])["forks"] is False
    assert parsed("plan", [])["forks"] is False


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("limit", "many"),
        ("drafts", "yes"),
        ("forks", "please"),
        ("gate-tags", "docker"),
        ("package", "x; id"),
        ("job-prefix", "$(id)"),
        ("environment", "a b"),
        ("expire", "soon"),
    ],
)
def test_wrong_inputs_are_refused(name: str, value: object) -> None:
    """Types and regular expressions of the component refuse them before any job exists."""
    assert refusal(parts(PATH)[0][name], value)


def test_the_header_is_valid_and_its_defaults_pass(tmp_path: Path) -> None:
    """`spec: inputs` is valid under GitLab's schema, and every default passes its own checks."""
    file = tmp_path / "header.yml"
    file.write_text(PATH.read_text(encoding="utf-8").split("\n---\n")[0], encoding="utf-8")
    check(file)
    inputs, _ = parts(PATH)
    assert [name for name, spec in inputs.items() if refusal(spec, spec["default"])] == []


def test_every_input_is_described_where_users_look() -> None:
    """Each input stands in the section of docs/level-1.md."""
    section = (
        (ROOT / "docs" / "level-1.md").read_text(encoding="utf-8").partition("## Inputs of `verdicts`")[2]
    )
    assert [name for name in parts(PATH)[0] if f"`{name}`" not in section] == []
