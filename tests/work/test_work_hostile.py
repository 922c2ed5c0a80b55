"""Agents that cheat, break things or attack, through the real code path."""

import json
import os
import shlex
from pathlib import Path
from typing import Any

import pytest

from ci_factory.config import AgentConfig, Config, RetryConfig
from ci_factory.model.attempt import CheckpointName, CheckpointStatus, Ending, Trigger, Usage
from ci_factory.model.sandbox_settings import SandboxConfig

Room = Any  # tests/work/conftest.py

EDIT = "echo 'VALUE = 1' > new.py"
UNCONFINED = Config(retries=RetryConfig(limit=0), sandbox=SandboxConfig(mode="off"))
"""In a sandbox the folders themselves can't be removed."""


def test_a_canary_in_our_environment_is_out_of_the_agents_reach(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The agent sees basics, its contract and the names it was promised; nothing else that we know."""
    monkeypatch.setenv("CI_JOB_TOKEN", "canary-token")
    monkeypatch.setenv("MODEL_KEY", "promised")
    agent = AgentConfig(name="one", adapter="command", command="env > seen.txt", env=("MODEL_KEY",))
    attempt = room.work(agent=agent)
    seen = dict(
        line.split("=", 1) for line in (room.read(attempt, "seen.txt") or "").splitlines() if "=" in line
    )
    assert "canary-token" not in str(seen)
    assert seen["MODEL_KEY"] == "promised"
    assert {name for name in seen if name.startswith("CI")} == {
        f"CI_FACTORY_{name}"
        for name in ("PHASE", "PROMPT", "TICKET", "OUT", "ATTEMPT", "ITERATION", "FEEDBACK")
    }
    assert seen["HOME"] != os.environ["HOME"]
    assert not Path(seen["HOME"]).exists()


def test_an_agent_that_deletes_its_git_file_does_not_matter(room: Room) -> None:
    """The change is taken without the worktree's .git."""
    attempt = room.work(command=f"rm .git; {EDIT}")
    assert attempt.ending is Ending.COMPLETED
    assert attempt.diff.files == ("new.py",)


def test_an_agent_that_commits_by_itself_does_not_matter(room: Room) -> None:
    """Of its commits, authors and branches only the final tree is taken."""
    attempt = room.work(
        command=f"{EDIT}; git add .; git commit -qm mine --author 'Boss <b@x>'; git checkout -qb evil; rm README.md"
    )
    assert attempt.diff.files == ("README.md", "new.py")
    assert room.hub.text("rev-list", "--count", f"{room.base}..{attempt.head}") == "1"
    assert room.hub.text("log", "-1", "--format=%an", attempt.head) == "ci-factory"


def test_an_agent_cannot_hide_changes_in_the_index(room: Room) -> None:
    """Flags in the agent's own index do not make its edits invisible."""
    attempt = room.work(command=f"git update-index --assume-unchanged app.py; echo 'x = 1' > app.py; {EDIT}")
    assert attempt.diff.files == ("app.py", "new.py")


def test_a_repository_of_its_own_in_place_of_git_runs_nothing(room: Room) -> None:
    """Hooks and filters in a .git folder that the agent made are never obeyed."""
    trap = shlex.quote(str(room.root / "trapped"))
    attempt = room.work(
        command=(
            f"rm .git; git init -q .; git config filter.x.clean 'touch {trap}; cat'; git config core.fsmonitor 'touch {trap}';"
            f"echo '* filter=x' > .gitattributes; printf '#!/bin/sh\\ntouch {trap}' > .git/hooks/post-checkout;"
            f"chmod +x .git/hooks/*; {EDIT}"
        )
    )
    assert attempt.ending is Ending.COMPLETED
    assert "new.py" in attempt.diff.files
    assert not (room.root / "trapped").exists()


def test_settings_written_into_the_hub_do_not_reach_the_next_ticket(room: Room) -> None:
    """A filter that one agent configures runs neither for its own change nor at the next checkout."""
    trap = shlex.quote(str(room.root / "trapped"))
    poison = (
        f"git config filter.x.clean 'touch {trap}; cat'; git config filter.x.smudge 'touch {trap}; cat';"
        'mkdir -p "$(git rev-parse --git-common-dir)/info";'
        'echo "* filter=x" > "$(git rev-parse --git-common-dir)/info/attributes";'
    )
    room.work(command=poison + EDIT)
    assert room.work(room.planned("T-2"), command=EDIT).ending is Ending.COMPLETED
    assert not (room.root / "trapped").exists()
    assert "filter" not in (room.hub.folder / "config").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("command", "word"),
    [
        ("ln -s /etc/passwd link", "symbolic link"),
        ("git init -q sub; cd sub; echo a > a; git add .; git commit -qm a", "submodule"),
        ("git init -q sub", "git can't read"),
        ("printf '[submodule \"x\"]\\n' > .gitmodules", "declares submodules"),
        ('d=$PWD; cd /; rm -rf "$d"', "removed the folder"),
        ('d=$PWD; cd /; rm -rf "$d"; ln -s / "$d"', "removed the folder"),
    ],
)
def test_what_may_not_become_a_change_fails_the_attempt(room: Room, command: str, word: str) -> None:
    """Links, repositories within and a vanished folder end with a clear reason, and nothing is kept."""
    attempt = room.work(command=f"{EDIT}; {command}", config=UNCONFINED)
    assert attempt.ending is Ending.AGENT_FAILED
    assert word in attempt.reason
    assert attempt.head is None
    assert room.checked == []
    assert room.leftovers() == []


def test_files_that_cannot_be_removed_at_once_do_not_stop_us(room: Room) -> None:
    """Folders without permissions are cleaned up all the same."""
    attempt = room.work(command=f"{EDIT}; mkdir locked; chmod 000 locked")
    assert attempt.ending is Ending.COMPLETED
    assert room.leftovers() == []


DOCUMENTS = {
    "huge": 'head -c 400000 /dev/zero | tr "\\0" " "',
    "not json": "echo '{'",
    "deep": "python3 -c \"print('[' * 100000)\"",
    "wrong types": """echo '{"objective": 3, "affected_files": "app.py"}'""",
    "unknown key": """echo '{"objective": "x", "approve": true}'""",
    "binary": "printf '\\377\\376\\000'",
}


@pytest.mark.parametrize("write", DOCUMENTS.values(), ids=DOCUMENTS)
def test_hostile_documents_escalate_after_one_correction(room: Room, write: str) -> None:
    """A bad C0 is told to the agent once; then a person is asked. Nothing crashes, nothing is implemented."""
    attempt = room.work(command=f'{write} > "$CI_FACTORY_OUT/comprehension.json"', plans=True)
    assert attempt.ending is Ending.ESCALATED
    assert attempt.escalation.trigger is Trigger.UNCERTAINTY
    assert [run.phase for run in attempt.runs] == ["plan", "plan"]
    assert all(run.feedback for run in attempt.runs)
    assert attempt.checkpoints[0].status is CheckpointStatus.ESCALATED


@pytest.mark.parametrize(
    "command",
    [
        'ln -s /etc/hostname "$CI_FACTORY_OUT/comprehension.json"',
        'mkfifo "$CI_FACTORY_OUT/comprehension.json"',
        'mkdir "$CI_FACTORY_OUT/comprehension.json"',
        'rm -r "$CI_FACTORY_OUT"; ln -s /etc "$CI_FACTORY_OUT"',
    ],
)
def test_a_document_must_be_a_regular_file(room: Room, command: str) -> None:
    """Links, pipes and folders in place of a document are refused without following or waiting."""
    attempt = room.work(command=command, plans=True, timeout=10, config=UNCONFINED)
    assert attempt.ending is Ending.ESCALATED
    assert "can't be read" in attempt.escalation.why


@pytest.mark.parametrize(
    "usage",
    ['{"cost_usd": NaN}', '{"cost_usd": 1e999}', '{"input_tokens": -5}', '{"input_tokens": "5"}', "[]"],
)
def test_hostile_usage_is_unknown(room: Room, usage: str) -> None:
    """A usage that can't be believed counts as unknown, and the change is judged all the same."""
    attempt = room.work(command=f"echo '{usage}' > \"$CI_FACTORY_OUT/usage.json\"; {EDIT}")
    assert attempt.ending is Ending.COMPLETED
    assert attempt.usage == Usage()
    assert "usage.json" in attempt.runs[0].detail


def test_an_agent_can_ask_for_a_person(room: Room) -> None:
    """escalation.json ends the attempt; what it leaves out is completed, so that there are two ways out."""
    document = json.dumps({"trigger": "data", "summary": "Drop the column?", "questions": ["May I?"]})
    attempt = room.work(command=f'{EDIT}; echo {shlex.quote(document)} > "$CI_FACTORY_OUT/escalation.json"')
    assert attempt.ending is Ending.ESCALATED
    assert attempt.reason == "Drop the column?"
    assert attempt.escalation.trigger is Trigger.DATA
    assert attempt.escalation.questions == ("May I?",)
    assert len(attempt.escalation.options) == 2
    assert room.read(attempt, "new.py") == "VALUE = 1\n"


def test_a_call_for_a_person_that_cannot_be_read_is_still_heard(room: Room) -> None:
    """A malformed escalation is an escalation: nothing is assumed."""
    attempt = room.work(command=f'{EDIT}; echo "help" > "$CI_FACTORY_OUT/escalation.json"')
    assert attempt.ending is Ending.ESCALATED
    assert attempt.escalation.trigger is Trigger.UNCERTAINTY


def test_terminal_codes_and_long_words_do_not_reach_the_record(room: Room) -> None:
    """Last words are one short line without control characters."""
    attempt = room.work(
        command="printf '\\033[2Jsection_start:1:x\\r\\033[0K'; head -c 100000 /dev/zero | tr '\\0' 'a'"
    )
    assert attempt.ending is Ending.NO_CHANGE
    assert "\x1b" not in attempt.reason
    assert len(attempt.reason) < 400


def test_edits_made_while_planning_are_thrown_away(room: Room) -> None:
    """Planning is read-only: what it edits does not slip into the change."""
    document = json.dumps(
        {"objective": "x", "criteria": [{"criterion": "greet('fr') says Bonjour", "how": "so"}]}
    )
    command = (
        f'if [ "$CI_FACTORY_PHASE" = plan ]; then echo evil > evil.py; '
        f'echo {shlex.quote(document)} > "$CI_FACTORY_OUT/comprehension.json"; else {EDIT}; fi'
    )
    attempt = room.work(command=command, plans=True)
    assert attempt.ending is Ending.COMPLETED
    assert attempt.diff.files == ("new.py",)
    c0 = next(one for one in attempt.checkpoints if one.name is CheckpointName.C0)
    assert c0.notes == ("edits made while planning were thrown away",)
