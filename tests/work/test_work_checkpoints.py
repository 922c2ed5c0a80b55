"""C0 and C1: derived, verified, escalated before anything is paid for."""

from typing import Any

import pytest

from ci_factory.config import Config, RetryConfig, SensitiveArea
from ci_factory.model.attempt import CheckpointName, CheckpointStatus, Ending, Trigger
from ci_factory.model.ticket import Risk, RiskCategory, RiskLevel, Size

Room = Any  # tests/work/conftest.py

CRITERION = "greet('fr') says Bonjour"
C0 = {"objective": "French", "affected_files": ["app.py"]}
C1 = {"steps": ["edit"], "files": [{"path": "app.py", "action": "modify"}]}
EDIT = {"steps": [{"replace": "app.py", "old": "Hello", "new": "Bonjour"}]}
SENSITIVE = Config(sensitive=(SensitiveArea(paths=("auth/**",)),), retries=RetryConfig(limit=0))
RISKY = Risk(level=RiskLevel.HIGH, categories=(RiskCategory.SECURITY,), reasons=("it says so",))


def checkpoint(attempt: Any, name: str) -> Any:
    return next(one for one in attempt.checkpoints if one.name is CheckpointName(name))


def test_c0_and_c1_are_derived_for_an_agent_that_writes_none(room: Room) -> None:
    """The ticket's own words become the documents, and say that they are derived."""
    planned = room.planned(size=Size.MEDIUM, files=("app.py", "tests/*.py", "fresh.py"))
    attempt = room.work(planned, command="echo '#' >> app.py")
    c0, c1 = checkpoint(attempt, "C0"), checkpoint(attempt, "C1")
    assert (c0.status, c0.source) == (CheckpointStatus.PASSED, "derived")
    assert c0.comprehension.affected_files == ("app.py", "tests/test_app.py")
    assert c0.comprehension.new_files == ("fresh.py",)
    assert [answer.criterion for answer in c0.comprehension.criteria] == [CRITERION]
    assert (c1.status, c1.source) == (CheckpointStatus.PASSED, "derived")
    assert [(file.path, file.action.value) for file in c1.plan.files] == [
        ("app.py", "modify"),
        ("tests/test_app.py", "modify"),
        ("fresh.py", "create"),
    ]


def test_an_agents_documents_are_verified_and_kept(room: Room) -> None:
    """A valid C0 and C1 by the agent pass as they are."""
    agent = room.scripted({"comprehension": C0, "plan": C1, "attempts": [[EDIT]]})
    attempt = room.work(room.planned(size=Size.MEDIUM), agent=agent)
    assert attempt.ending is Ending.COMPLETED
    assert checkpoint(attempt, "C0").source == checkpoint(attempt, "C1").source == "agent"
    assert checkpoint(attempt, "C1").plan.steps == ("edit",)
    assert [run.phase for run in attempt.runs] == ["plan", "implement"]


def test_the_fast_path_asks_for_no_documents(room: Room) -> None:
    """A trivial ticket without a trigger costs one call."""
    agent = room.scripted({"comprehension": C0, "attempts": [[EDIT]]})
    attempt = room.work(room.planned(size=Size.TRIVIAL), agent=agent)
    assert [run.phase for run in attempt.runs] == ["implement"]
    assert checkpoint(attempt, "C0").source == "derived"
    assert checkpoint(attempt, "C1").status is CheckpointStatus.NOT_APPLICABLE


@pytest.mark.parametrize(
    ("comprehension", "problem"),
    [
        ({**C0, "affected_files": ["gone.py"]}, "'gone.py' does not exist"),
        ({**C0, "affected_files": ["../x"]}, "is not a path inside of the repository"),
        ({**C0, "affected_files": [".GIT/config"]}, "is not a name the factory accepts"),
        ({**C0, "new_files": ["README.md"]}, "'README.md' exists already"),
        ({**C0, "criteria": []}, f"acceptance criterion is not addressed: {CRITERION}"),
        ({**C0, "criteria": [{"criterion": CRITERION, "how": " "}]}, "is not addressed"),
    ],
)
def test_a_comprehension_that_does_not_hold_is_refused(
    room: Room, comprehension: object, problem: str
) -> None:
    """Files must be real and every criterion addressed; the agent is told, then a person."""
    agent = room.scripted({"comprehension": comprehension, "attempts": [[EDIT]]})
    attempt = room.work(agent=agent)
    assert attempt.ending is Ending.ESCALATED
    assert problem in attempt.escalation.why
    assert problem in str(attempt.runs[0].feedback)
    assert "implement" not in {run.phase for run in attempt.runs}


@pytest.mark.parametrize(
    ("plan", "problem"),
    [
        ({"steps": []}, "plan.json: steps"),
        ({**C1, "files": [{"path": "gone.py", "action": "delete"}]}, "to be deleted but does not exist"),
        ({**C1, "files": [{"path": "gone.py", "action": "modify"}]}, "to be modified but does not exist"),
        ({**C1, "files": [{"path": "app.py", "action": "create"}]}, "to be created but exists"),
        (C1, "the plan names no risk"),
    ],
)
def test_a_plan_that_does_not_hold_is_refused(room: Room, plan: object, problem: str) -> None:
    """Paths of a plan must be real, and a ticket of medium risk needs named risks."""
    agent = room.scripted({"comprehension": C0, "plan": plan, "attempts": [[EDIT]]})
    risk = Risk(level=RiskLevel.MEDIUM, categories=(RiskCategory.PERFORMANCE,))
    attempt = room.work(room.planned(size=Size.MEDIUM, risk=risk), agent=agent)
    assert attempt.ending is Ending.ESCALATED
    assert problem in attempt.escalation.why


def test_a_blocking_question_asks_a_person_and_an_answer_settles_it(room: Room) -> None:
    """Without an answer the question is the escalation; with one the work goes on."""
    script = {
        "comprehension": {**C0, "questions": [{"text": "Formal or not?", "blocking": True}]},
        "attempts": [[EDIT]],
    }
    asked = room.work(agent=room.scripted(script))
    assert asked.escalation.questions == ("Formal or not?",)
    again = room.planned("T-2")
    answered = room.work(again, agent=room.scripted(script, "T-2"), answer="Not formal.")
    assert answered.ending is Ending.COMPLETED
    prompt = (room.root / "out/T-2/agent/1-1-implement/prompt.md").read_text(encoding="utf-8")
    assert "Not formal." in prompt


@pytest.mark.parametrize(
    ("plan", "trigger"),
    [
        ({**C1, "escalations": ["a new service"]}, Trigger.UNCERTAINTY),
        (
            {**C1, "risks": [{"category": "data", "level": "critical", "description": "rows get lost"}]},
            Trigger.DATA,
        ),
        ({**C1, "files": [{"path": "auth/login.py", "action": "modify"}]}, Trigger.SECURITY),
    ],
)
def test_a_plan_that_needs_consent_stops_before_code_is_written(
    room: Room, plan: object, trigger: Trigger
) -> None:
    """What the plan itself gives away goes to a person, unless one already approved."""
    agent = room.scripted({"comprehension": C0, "plan": plan, "attempts": [[EDIT]]})
    attempt = room.work(room.planned(size=Size.MEDIUM), agent=agent, config=SENSITIVE)
    assert (attempt.ending, attempt.escalation.trigger) == (Ending.ESCALATED, trigger)
    assert [run.phase for run in attempt.runs] == ["plan"]
    agreed = room.planned("T-2", size=Size.MEDIUM, labels=("factory::approved",))
    agent = room.scripted({"comprehension": C0, "plan": plan, "attempts": [[EDIT]]}, "T-2")
    assert room.work(agreed, agent=agent, config=SENSITIVE).ending is Ending.COMPLETED


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"files": ("auth/login.py",)}, "sensitive (security)"),
        ({"files": ("auth/*.py",)}, "sensitive (security)"),
        ({"risk": RISKY, "body": "Change how we authenticate users."}, "authenticate"),
        ({"risk": Risk(level=RiskLevel.CRITICAL, categories=(RiskCategory.DATA,), reasons=("all",))}, "all"),
    ],
)
def test_a_ticket_that_gives_itself_away_is_escalated_before_the_agent_runs(
    room: Room, fields: dict[str, Any], why: str
) -> None:
    """Nothing is paid for before a person agreed; the label for that lets it through."""
    attempt = room.work(room.planned(**fields), command="echo '#' >> app.py", config=SENSITIVE)
    assert attempt.ending is Ending.ESCALATED
    assert why in attempt.escalation.why
    assert attempt.runs == ()
    assert checkpoint(attempt, "C0").status is CheckpointStatus.ESCALATED
    agreed = room.planned("T-2", labels=("factory::approved",), **fields)
    assert room.work(agreed, command="echo '#' >> app.py", config=SENSITIVE).ending is Ending.COMPLETED


def test_words_in_shown_code_are_not_what_a_ticket_is_about(room: Room) -> None:
    """A lint ticket that quotes code with the word secret is not a security ticket."""
    planned = room.planned(risk=RISKY, body="Sort imports:\n```python\nimport secrets\n```\n")
    assert room.work(planned, command="echo '#' >> app.py").ending is Ending.COMPLETED


def test_touching_a_sensitive_file_unannounced_escalates_with_the_diff(room: Room) -> None:
    """The real diff counts, whatever was announced; it is kept for the person who decides."""
    attempt = room.work(command="echo '#' >> auth/login.py", config=SENSITIVE)
    assert attempt.ending is Ending.ESCALATED
    assert attempt.escalation.trigger is Trigger.SECURITY
    assert attempt.diff.files == ("auth/login.py",)
    assert room.checked == []


def drifting(count: int) -> list[dict[str, str]]:
    return [{"write": f"extra{number}.py", "content": "x = 1\n"} for number in range(count)]


def test_large_drift_from_the_agents_own_plan_escalates(room: Room) -> None:
    """More than half of the files, and more than two, outside of the plan: a person looks."""
    steps = {"steps": [*EDIT["steps"], *drifting(3)]}
    agent = room.scripted({"comprehension": C0, "plan": C1, "attempts": [[steps]]})
    attempt = room.work(room.planned(size=Size.MEDIUM), agent=agent)
    assert attempt.ending is Ending.ESCALATED
    assert "3 of 4 changed files" in attempt.reason
    assert attempt.head is not None


def test_small_drift_is_a_note(room: Room) -> None:
    """A file or two more than planned is told, and does not fail."""
    steps = {"steps": [*EDIT["steps"], *drifting(2)]}
    agent = room.scripted({"comprehension": C0, "plan": C1, "attempts": [[steps]]})
    attempt = room.work(room.planned(size=Size.MEDIUM), agent=agent)
    assert attempt.ending is Ending.COMPLETED
    assert checkpoint(attempt, "C2").notes[0] == "outside of the plan: extra0.py, extra1.py"


def test_documents_that_were_asked_for_and_not_written_are_derived(room: Room) -> None:
    """The checkpoint is never skipped, and says who wrote it."""
    attempt = room.work(room.planned(size=Size.MEDIUM), agent=room.scripted({"attempts": [[EDIT]]}))
    assert attempt.ending is Ending.COMPLETED
    c1 = checkpoint(attempt, "C1")
    assert (c1.source, c1.notes) == ("derived", ("the agent was asked for it and wrote none",))
