"""The child pipeline of the project's own verdicts: what is in it, what can't be, and that GitLab reads it."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from ci_factory.errors import UsageError
from ci_factory.model.verdicts import MOST_VERDICTS, PlannedVerdict, VerdictPlan
from ci_factory.planning.verdict_pipeline import VerdictSettings, verdict_pipeline, verdict_settings

SHAS = st.text("0123456789abcdef", min_size=40, max_size=40) | st.text(
    "0123456789abcdef", min_size=64, max_size=64
)
PLANNED = st.builds(PlannedVerdict, iid=st.integers(1, 10**9), head=SHAS, tree=SHAS, base=SHAS)
PLANS = st.builds(
    VerdictPlan,
    verdicts=st.lists(PLANNED, max_size=8, unique_by=lambda each: each.iid).map(tuple),
)
PREFIXES = st.from_regex(r"([A-Za-z0-9][A-Za-z0-9 _.-]{0,20})?", fullmatch=True)


def read(plan: VerdictPlan, settings: VerdictSettings) -> dict[str, Any]:
    """The child's jobs, without the frame and the hidden one."""
    document = yaml.safe_load(verdict_pipeline(plan, settings))
    return {name: job for name, job in document.items() if "extends" in job}


def many(count: int) -> VerdictPlan:
    """A plan of so many merge requests; their commits look like numbers."""
    numbers = (f"{number:040d}" for number in range(1, count + 1))
    return VerdictPlan(
        verdicts=tuple(
            PlannedVerdict(iid=place, head=sha, tree="1" * 40, base="0" * 40)
            for place, sha in enumerate(numbers, 1)
        )
    )


@given(PLANS, PREFIXES)
def test_each_merge_request_has_one_job_that_knows_its_commits_and_no_more(
    plan: VerdictPlan, prefix: str
) -> None:
    """Numbers and commits come back as they went in, as text; nothing else differs between jobs."""
    jobs = read(plan, VerdictSettings(prefix=prefix))
    assert [job["variables"] for job in jobs.values()] == [
        {"MERGE_REQUEST": str(each.iid), "HEAD_SHA": each.head, "BASE_SHA": each.base}
        for each in plan.verdicts
    ]
    assert {json.dumps({**job, "variables": {}}) for job in jobs.values()} <= {
        json.dumps({"extends": f".{prefix}ci-factory-verdict", "variables": {}})
    }


def test_the_jobs_have_no_environment_and_inherit_nothing() -> None:
    """Variables of the environment where the token is do not arrive, nor what the project gives to all its jobs."""
    document = yaml.safe_load(verdict_pipeline(many(2), VerdictSettings()))
    template = document[".ci-factory-verdict"]
    assert template["inherit"] == {"default": False, "variables": False}
    assert "environment" not in template
    assert "script_failure" not in template["retry"]["when"]
    assert template["allow_failure"] == {"exit_codes": [1, 4]}


def test_nothing_to_judge_is_one_job_that_does_nothing() -> None:
    """A trigger fails on a pipeline without jobs; this one does not even clone."""
    document = yaml.safe_load(verdict_pipeline(VerdictPlan(), VerdictSettings()))
    assert document["ci-factory-verdict-idle"]["variables"] == {"GIT_STRATEGY": "none"}
    assert not [name for name in document if "verdict:" in name]


@given(st.text(max_size=60))
def test_nothing_but_a_commit_can_be_one(text: str) -> None:
    """Whatever a forge answers instead of a commit, it does not get into a plan, and so not into YAML."""
    fields = {"iid": 1, "head": text, "tree": "1" * 40, "base": "1" * 40}
    if re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", text):
        assert PlannedVerdict.model_validate(fields).head == text
    else:
        with pytest.raises(ValidationError):
            PlannedVerdict.model_validate(fields)


@pytest.mark.parametrize("head", ["a" * 40 + "\n", "A" * 40, "HEAD", "a" * 39, f"{'a' * 40}; id", ""])
def test_odd_commits_are_refused(head: str) -> None:
    """A line end, capitals, a name, too few digits, a command."""
    with pytest.raises(ValidationError):
        PlannedVerdict(iid=1, head=head, tree="1" * 40, base="1" * 40)


def test_a_merge_request_is_planned_once() -> None:
    """Twice the same number, or more than a pipeline holds, is no plan."""
    planned = many(1).verdicts
    with pytest.raises(ValidationError, match="twice"):
        VerdictPlan(verdicts=planned * 2)
    with pytest.raises(ValidationError):
        many(MOST_VERDICTS + 1)


@pytest.mark.parametrize(
    "option",
    ["image=x y", "package=x; id", "tags=a b", "minutes=0", "retries=3", "depth=-1", "expire=soon", "what=x", "image"],
)  # fmt: skip
def test_settings_that_can_not_stand_in_a_pipeline_are_refused(option: str) -> None:
    """Each with the setting's name."""
    with pytest.raises(UsageError, match=f"pipeline {option.partition('=')[0]}"):
        verdict_settings([option])


@pytest.mark.parametrize("count", [0, 1, 3, MOST_VERDICTS])
def test_the_child_is_valid_for_gitlab(count: int, tmp_path: Path) -> None:
    """From nothing to as many as one pipeline takes, under GitLab's own schema."""
    file = tmp_path / "generation.yml"
    settings = verdict_settings(['tags=["big"]', "depth=0", "package="], prefix="our ")
    file.write_text(verdict_pipeline(many(count), settings), encoding="utf-8")
    argv = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.gitlab-ci"]
    done = subprocess.run(
        [*argv, "--data-transform", "gitlab-ci", str(file)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
