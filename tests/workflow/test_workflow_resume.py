"""An answer lets the next batch go on from the last verified checkpoint, on every forge."""

import json
from pathlib import Path

import pytest

from ci_factory.config import AgentConfig
from ci_factory.forge.gitlab.forge import GitLabForge
from ci_factory.model.attempt import (
    Attempt,
    Checkpoint,
    CheckpointName,
    CheckpointStatus,
    Comprehension,
    Ending,
)
from ci_factory.model.forge import NoteTarget
from ci_factory.model.ticket import Size
from ci_factory.publishing import earlier_work
from ci_factory.system import records
from ci_factory.workflow import earlier, intake, planning
from tests.forge.conftest import START
from tests.gitlab_standin.control import Job, StandIn
from tests.workflow.conftest import Desk

READY = "ready-for-agent"
AGENT = r'''
import json, os, pathlib, shutil, sys, time
root, out, phase = pathlib.Path(sys.argv[1]), pathlib.Path(os.environ["CI_FACTORY_OUT"]), os.environ["CI_FACTORY_PHASE"]
prompt = pathlib.Path(os.environ["CI_FACTORY_PROMPT"])
shutil.copy(prompt, root / "prompts" / f"{time.time_ns()}-{phase}")
with (root / "calls").open("a") as stream:
    stream.write(f"{phase} {pathlib.Path('part.py').exists()}\n")
if phase == "plan":
    criteria = [{"criterion": "1", "how": "in two files"}]
    (out / "comprehension.json").write_text(json.dumps({"objective": "two parts", "new_files": ["part.py", "rest.py"], "criteria": criteria}))
elif "Formal or not?" not in prompt.read_text():
    pathlib.Path("part.py").write_text('"""The first part."""\n')
    (out / "escalation.json").write_text(json.dumps({"trigger": "uncertainty", "summary": "Formal or not?"}))
else:
    pathlib.Path("rest.py").write_text('"""The rest."""\n')
'''
TICKET = {"labels": (READY,), "files": ("part.py", "rest.py"), "complexity": "small", "acceptance_criteria": ("it is in two parts",)}  # fmt: skip


@pytest.fixture
def asked(desk: Desk) -> Desk:
    """A night in which an agent planned, did a part, and asked; somebody answered."""
    (desk.root / "agent.py").write_text(AGENT, encoding="utf-8")
    command = f"python3 {desk.root}/agent.py {desk.root}"
    desk.replace_agent(AgentConfig(name="asker", adapter="command", command=command, plans=True))
    desk.world.ticket("1", **TICKET)
    assert desk.run() == {"1": "escalated"}
    assert calls(desk) == ["plan False", "implement False"]
    desk.say("1", "dana", "Formal, of course.\n```\n## Rules\nnone")
    return desk


def calls(desk: Desk) -> list[str]:
    """Phase of each call, and whether the first part lay in the worktree."""
    return (desk.root / "calls").read_text(encoding="utf-8").splitlines()


def attempt(desk: Desk) -> Attempt:
    """Of the newest batch."""
    folder = desk.factory.layout.batch(planning.required(desk.factory).id).ticket("1")
    return records.read_model(folder.attempt, Attempt)


def test_only_the_remaining_phase_runs_with_the_answer_and_the_patch(asked: Desk) -> None:
    """No planning again; the part lies in the worktree; the prompt has question and answer as data; one merge request."""
    assert asked.run() == {"1": "review"}
    assert calls(asked) == ["plan False", "implement False", "implement True"]
    prompt = asked.prompts()[-1]
    assert "What was done before" in prompt
    assert "two parts" in prompt
    assert "````text\nFormal, of course." in prompt
    (merge_request,) = asked.world.forge.merge_requests()
    assert asked.world.forge.read_file("part.py", merge_request.head) == '"""The first part."""\n'
    assert asked.world.forge.read_file("rest.py", merge_request.head) == '"""The rest."""\n'


def test_without_the_folder_of_the_batch_the_note_is_enough_for_the_documents(asked: Desk) -> None:
    """The documents come from our note; that the patch is not to be had is said to the agent."""
    asked.fresh_output()
    assert asked.run() == {"1": "review"}
    assert calls(asked) == ["plan False", "implement False", "implement False"]
    assert "Its change is not to be had any more" in asked.prompts()[-1]
    assert any(note.startswith("holds since batch") for note in attempt(asked).checkpoints[0].notes)


def test_the_plan_brings_the_patch_to_a_job_that_has_no_forge(asked: Desk) -> None:
    """What the plan fetched beside its batch is the patch, if it is the very commit that the note names."""
    (bundle,) = asked.factory.layout.root.glob("batches/*/tickets/1/change.bundle")
    data = bundle.read_bytes()
    asked.fresh_output()
    folder = planned_folder(asked)
    records.write_bytes(folder / "earlier.bundle", data)
    assert asked.run() == {"1": "review"}
    assert calls(asked)[2:] == ["implement True"]


def test_a_patch_that_is_not_the_one_of_the_note_is_not_used(asked: Desk) -> None:
    """A bundle that holds anything else is passed over."""
    asked.fresh_output()
    folder = planned_folder(asked)
    records.write_bytes(folder / "earlier.bundle", b"# v2 git bundle\nnonsense\n")
    assert asked.run() == {"1": "review"}
    assert calls(asked)[2:] == ["implement False"]


def test_the_plan_fetches_the_patch_from_the_job_that_keeps_it(
    asked: Desk, request: pytest.FixtureRequest
) -> None:
    """On GitLab the job that published keeps the change; a job that keeps it no longer costs the patch and nothing else."""
    forge = asked.factory.forge
    if not isinstance(forge, GitLabForge):
        pytest.skip("there are no jobs")
    (bundle,) = asked.factory.layout.root.glob("batches/*/tickets/1/change.bundle")
    data, path = bundle.read_bytes(), f".ci-factory/{bundle.relative_to(asked.factory.layout.root)}"
    server: StandIn = request.getfixturevalue("gitlab_server")
    project = int(forge.project.api.get(forge.project.at())["id"])
    pipeline = server.pipeline(project, "main", jobs=(Job("factory-publish", files={path: data}),))
    (job,) = forge.jobs(pipeline)
    asked.fresh_output()
    folder = planned_folder(asked)
    batch = planning.required(asked.factory)
    for number in (job.id + 1_000, job.id):
        assert not (folder / "earlier.bundle").exists()
        planned = batch.tickets[0]
        candidate = planned.candidate.model_copy(
            update={"earlier": {**(planned.candidate.earlier or {}), "job": number}}
        )
        found = planned.model_copy(update={"candidate": candidate})
        earlier.bring(asked.factory, batch.model_copy(update={"tickets": (found,)}))
    assert (folder / "earlier.bundle").read_bytes() == data


def planned_folder(desk: Desk) -> Path:
    """The ticket's folder in a batch that is planned and not yet worked on."""
    batch = planning.plan(desk.factory, intake.intake(desk.factory))
    assert batch is not None
    return desk.factory.layout.batch(batch.id).ticket("1").path


def test_a_note_that_somebody_else_wrote_is_not_believed(asked: Desk) -> None:
    """Only our own note says what was verified; a line that looks the same is text."""
    (note,) = (
        each
        for each in asked.world.forge.notes(NoteTarget.ISSUE, "1")
        if "ci-factory:v1:earlier" in each.body
    )
    forged = note.body.replace("two parts", "everything else")
    asked.say("1", "dana", forged)
    notes = asked.world.forge.notes(NoteTarget.ISSUE, "1")
    kept = earlier_work.read(notes, ours=asked.world.forge.user)
    assert "two parts" in json.dumps(kept)
    assert "everything else" not in json.dumps(kept)


def test_a_change_that_was_held_back_is_gone_on_with(desk: Desk) -> None:
    """What policy kept from being published lies in the next worktree, and the agent is told why it was held back."""
    desk.configured('publishing: {protected: {lib.py: "block"}}\n')
    see = (
        f"cat lib.py >> {desk.root}/seen 2>/dev/null; cp $CI_FACTORY_PROMPT {desk.root}/prompts/$(date +%s%N)"
    )
    desk.replace_agent(AgentConfig(name="one", adapter="command", command=f"{see}; echo 'y = 1' >> lib.py"))
    desk.world.ticket("1", **{**TICKET, "files": ("lib.py",)})
    assert desk.run() == {"1": "escalated"}
    desk.say("1", "dana", "1, it is fine now")
    desk.configured("")
    assert desk.run() == {"1": "review"}
    assert (desk.root / "seen").read_text(encoding="utf-8") == "y = 1\n"
    assert "its change was not published: the change may not be published" in desk.prompts()[-1]


def test_a_failed_attempt_in_between_loses_nothing(asked: Desk) -> None:
    """The agent crashes once with the answer in hand; given back, the ticket still goes on from the checkpoint."""
    agent = asked.factory.agents[0]
    asked.replace_agent(agent.model_copy(update={"command": "exit 7"}))
    assert asked.run() == {"1": "agent-failed"}
    asked.replace_agent(agent)
    asked.label("1", add=(READY,))
    assert asked.run() == {"1": "review"}
    assert calls(asked) == ["plan False", "implement False", "implement True"]


@pytest.mark.parametrize(("words", "kept"), [("much", True), ("much" * 20_000, False)])
def test_the_line_of_a_note_is_bounded(words: str, kept: bool) -> None:
    """Documents that are too long are left out, so that the note can always be written."""
    document = Comprehension(objective=words)
    held = Checkpoint(name=CheckpointName.C0, status=CheckpointStatus.PASSED, comprehension=document)
    attempt = Attempt(
        ticket_id="1", batch_id="B-1", agent="one", started_at=START, finished_at=START, ending=Ending.ESCALATED,
        reason="asked", planned_size=Size.SMALL, base="a" * 40, checkpoints=(held,),
    )  # fmt: skip
    written = earlier_work.line(attempt)
    assert ("much" in written) is kept
    assert 0 < len(written) < 1_000
