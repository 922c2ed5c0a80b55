"""The example project is clean, and each recording has the fate that its README tells."""

import json
import shutil
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from ci_factory import config
from ci_factory.forge.ticket_files import read_tickets
from ci_factory.intake.assess import assess
from ci_factory.model.attempt import Comprehension, Plan
from ci_factory.system import ci_env, process
from ci_factory.system.process import Completed
from ci_factory.work.agents.protocol import Phase, Task
from ci_factory.work.agents.registry import ADAPTERS

LIBRARY = Path(__file__).parents[2] / "examples" / "library"
PROJECT = LIBRARY / "project"
CONFIG = config.load(PROJECT / config.FILE_NAME)
TICKETS = {ticket.id: ticket for ticket in read_tickets(LIBRARY / "tickets")}
RECORDINGS = {
    path.parent.name: yaml.safe_load(path.read_text("utf-8")) for path in LIBRARY.glob("agents/*/script.yml")
}
LITTER = shutil.ignore_patterns("__pycache__", ".*_cache", ".coverage*", "*.sqlite3")

Play = Callable[..., Completed]


def tool(folder: Path, *words: str) -> Completed:
    """Run a tool of the environment as a module, without the settings of the test run around it."""
    env = ci_env.allowed(("HOME",), {"PYTHONDONTWRITEBYTECODE": "1"})
    return process.run([sys.executable, "-m", *words], cwd=folder, env=env, timeout=240)


def suite_passes(folder: Path) -> bool:
    """Whether the project's tests pass; they must have run to their end."""
    done = tool(folder, "pytest", "-q", "-p", "no:cacheprovider")
    assert done.returncode in {0, 1}, done.stdout + done.stderr
    return done.ok


def assert_tidy(folder: Path) -> None:
    """The linter and the formatter have nothing to say."""
    for words in (("check", "--no-cache", "."), ("format", "--no-cache", "--check", ".")):
        done = tool(folder, "ruff", *words)
        assert done.ok, done.stdout


def edited_files(ticket_id: str) -> set[str]:
    """Files that a recording's steps touch."""
    rounds = [each for start in RECORDINGS[ticket_id]["attempts"] for each in start]
    return {step.get("write") or step["replace"] for each in rounds for step in each["steps"]}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the example project."""
    return Path(shutil.copytree(PROJECT, tmp_path / "project", ignore=LITTER))


@pytest.fixture
def play(project: Path, tmp_path: Path) -> Play:
    """`play(ticket_id, attempt=1, iteration=1)`: one real call of a configured agent in the copy."""
    agent = CONFIG.agents[0]
    adapter = ADAPTERS[agent.adapter](agent, PROJECT)
    ticket_file, out = tmp_path / "ticket.json", tmp_path / "out"
    out.mkdir()

    def call(
        ticket_id: str, attempt: int = 1, iteration: int = 1, phase: Phase = "implement", timeout: float = 60
    ) -> Completed:
        ticket_file.write_text(TICKETS[ticket_id].model_dump_json(), encoding="utf-8")
        task = Task(TICKETS[ticket_id], phase, attempt, iteration, project, ticket_file, ticket_file, out)
        return process.run(
            adapter.invocation(task).argv, cwd=project, env=ci_env.allowed(()), timeout=timeout
        )

    return call


def test_the_project_is_tidy_typed_and_tested(project: Path, tmp_path: Path) -> None:
    """The base of the night is clean under its own configuration, so that every finding is an agent's."""
    assert_tidy(project)
    typed = tool(project, "mypy", "--cache-dir", str(tmp_path / "mypy"))
    assert typed.ok, typed.stdout
    assert suite_passes(project)


def test_every_line_of_the_project_is_tested(project: Path) -> None:
    """Coverage of the base is whole, so that a change can only lose it."""
    assert tool(project, "coverage", "run", "-m", "pytest", "-q", "-p", "no:cacheprovider").ok
    report = tool(project, "coverage", "report", "--fail-under=100")
    assert report.ok, report.stdout


@pytest.mark.parametrize("ticket_id", sorted(RECORDINGS))
def test_the_documents_answer_the_ticket_and_tell_the_truth(ticket_id: str) -> None:
    """C0 answers the criteria word for word, and C0, C1, ticket and edits speak of the same files."""
    recording, ticket = RECORDINGS[ticket_id], TICKETS[ticket_id]
    understood = Comprehension.model_validate_json(json.dumps(recording["comprehension"]))
    assert tuple(answer.criterion for answer in understood.criteria) == ticket.acceptance_criteria
    assert {*understood.affected_files, *understood.new_files} == {*ticket.files} == edited_files(ticket_id)
    if "plan" in recording:
        plan = Plan.model_validate_json(json.dumps(recording["plan"]))
        assert {file.path for file in plan.files} == {*ticket.files}


def test_only_the_unclear_ticket_is_not_ready() -> None:
    """Intake takes every ticket but 105, which lacks criteria and has two open questions; it has no recording either."""
    tree = frozenset(str(path.relative_to(PROJECT)) for path in PROJECT.rglob("*") if path.is_file())
    known = dict.fromkeys(TICKETS, False)
    judged = [
        assess(ticket, tree=tree, known=known, config=CONFIG, now=datetime.now(UTC))
        for ticket in TICKETS.values()
    ]
    refused = {each.ticket.id: each.readiness.missing for each in judged if not each.readiness.ready}
    assert {ticket_id: len(missing) for ticket_id, missing in refused.items()} == {"105": 3}
    assert {*TICKETS} - {*RECORDINGS} == {"105"}


@pytest.mark.long
@pytest.mark.parametrize(
    "order",
    [("101",), ("103", "106"), ("104",), ("107", "108"), ("108", "107"), ("109",), ("112",)],
    ids="-then-".join,
)
def test_a_change_applies_passes_and_is_tidy_alone_or_stacked(
    order: tuple[str, ...], project: Path, play: Play
) -> None:
    """What the README says passes does; overlapping changes apply in either order."""
    for ticket_id in order:
        done = play(ticket_id)
        assert done.ok, done.stderr
        assert_tidy(project)
        assert suite_passes(project)


def test_the_hanging_start_hangs_and_the_fresh_one_passes(project: Path, play: Play) -> None:
    """102 runs into its time limit at first, and is done from a fresh copy the second time."""
    assert play("102", attempt=1, timeout=3).timed_out
    shutil.rmtree(project)
    shutil.copytree(PROJECT, project, ignore=LITTER)
    assert play("102", attempt=2).ok
    assert_tidy(project)
    assert suite_passes(project)


@pytest.mark.long
def test_the_renewal_fails_its_tests_first_and_passes_them_then(project: Path, play: Play) -> None:
    """110 needs the gates' words once."""
    play("110", iteration=1)
    assert_tidy(project)
    assert not suite_passes(project)
    assert play("110", iteration=2).ok
    assert_tidy(project)
    assert suite_passes(project)


@pytest.mark.long
def test_the_accents_never_pass(project: Path, play: Play) -> None:
    """111 fails differently in each of its rounds, also when the last one repeats, and is tidy in all of them."""
    for iteration in range(1, 5):
        assert play("111", iteration=iteration).ok
        assert_tidy(project)
        assert not suite_passes(project)


def test_the_access_key_is_found(project: Path, play: Play) -> None:
    """112 leaves something that detect-secrets knows."""
    assert play("112").ok
    done = tool(project, "detect_secrets", "scan", "--all-files", "src/lendery/lookup.py")
    assert [row["type"] for row in json.loads(done.stdout)["results"]["src/lendery/lookup.py"]] == [
        "AWS Access Key"
    ]


def test_the_faster_search_passes_only_because_a_test_is_skipped(project: Path, play: Play) -> None:
    """113 hides what it broke: with the base's own tests it fails."""
    assert play("113").ok
    assert_tidy(project)
    assert suite_passes(project)
    shutil.copy(PROJECT / "tests" / "test_catalogue.py", project / "tests" / "test_catalogue.py")
    assert not suite_passes(project)


def test_one_recording_does_not_say_what_it_used() -> None:
    """The night's cost is partly unknown, by 107 alone."""
    assert [ticket_id for ticket_id, recording in RECORDINGS.items() if "usage" not in recording] == ["107"]
