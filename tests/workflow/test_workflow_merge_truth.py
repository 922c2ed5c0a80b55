"""The demonstration's tickets that do not go together, on both forges: named, in order, told where people look."""

import importlib.util
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from ci_factory import config as configuration
from ci_factory import workflow
from ci_factory.forge import kept_notes
from ci_factory.forge.ticket_files import read_tickets
from ci_factory.model.forge import NoteTarget
from ci_factory.model.merge_truth import Advice, MergeTruth, Outcome
from ci_factory.model.review import ReviewQueue
from ci_factory.publishing import note, together
from ci_factory.system import records
from ci_factory.system.git import Git
from ci_factory.system.layout import Layout
from ci_factory.workflow import merge_truth
from ci_factory.workflow.factory import Factory, Silence
from tests.forge.conftest import SOMEBODY, World
from tests.workflow import conftest as forges

EXAMPLES = Path(__file__).parents[2] / "examples"
SLOW = ("auth", "catalogue", "cli", "desk", "fines", "isbn", "members", "reports", "storage")
"""Tests of the project that say nothing about these tickets."""
GATES = """sandbox: off
gates:
  disabled: [semgrep, mypy, ruff, dependencies, secrets, complexity, documentation, tampering]
  tests:
    reruns: 0
    coverage_minimum: 0
    proof: false
    mutants: {sample: 0}
"""
BROKEN = "tests/test_list_members.py::test_a_new_branch_lists_nobody"
QUEUE = (
    ("123", "priority", "lena", "priority high"),
    ("121", "quick-win", "mara", "passed with 100"),
    ("124", "quick-win", "lena", "passed with 100"),
    ("122", "quick-win", "lena", "passed with 100"),
)
"""Ticket, tier, reviewer, and how the reason of the line begins."""
ORDER = (
    ("123", Advice.MERGE, "before !{124}: priority high before medium; place 1 of the review queue"),
    ("121", Advice.MERGE, "place 2 of the review queue"),
    ("124", Advice.REBASE, "after !{123}: both change README.md; priority high before medium"),
    ("122", Advice.ADAPT, f"together with !{{121}} {BROKEN} fails"),
)


@dataclass
class Night:
    """The night of one forge."""

    world: World
    factory: Factory
    queue: ReviewQueue

    @property
    def truth(self) -> MergeTruth:
        """merge_truth.json."""
        return records.read_model(self.factory.layout.merge_truth, MergeTruth)

    @property
    def numbers(self) -> dict[str, int]:
        """Merge request of each ticket."""
        return {each.ticket_id: each.iid for each in self.world.forge.merge_requests()}

    def notes(self, ticket: str, key: str) -> list[str]:
        """Our notes of this key on a ticket's merge request."""
        found = self.world.forge.notes(NoteTarget.MERGE_REQUEST, str(self.numbers[ticket]))
        return [each.body for each in found if kept_notes.carries(each.body, key)]


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What was measured on a tree on the first forge is not measured again on the second."""
    return tmp_path_factory.mktemp("measured") / "cache"


@pytest.fixture(scope="module", params=["local", "gitlab"])
def night(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, measured: Path) -> Night:
    """Four tickets, worked on by the recordings, on one forge."""
    folder = tmp_path_factory.mktemp(request.param)
    repository = _prepared(folder)
    world, _, _ = {"local": forges.on_embedded, "gitlab": forges.on_gitlab}[request.param](
        repository, request
    )
    for name in ("mara", "jonas", "lena"):
        world.as_user(name)
    config = configuration.load(repository / configuration.FILE_NAME)
    layout = Layout(folder / "night")
    if measured.exists():
        shutil.copytree(measured, layout.cache)
    factory = Factory(
        git=world.git,
        forge=world.forge,
        layout=layout,
        config=config,
        config_folder=repository,
        agents=config.agents,
        person=SOMEBODY,
        clock=world.clock,
        progress=Silence(),
        target="main",
    )
    for ticket in read_tickets(EXAMPLES / "library" / "together" / "tickets"):
        world.open_issue(ticket)
    queue = workflow.run(factory).queue
    if not measured.exists():
        shutil.copytree(layout.cache, measured)
    return Night(world, factory, queue)


def _prepared(folder: Path) -> Path:
    """The example project with the recordings of these tickets, and only the gates that matter here."""
    spec = importlib.util.spec_from_file_location("ci_factory_demo_together", EXAMPLES / "demo.py")
    assert spec
    assert spec.loader
    demo = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = demo
    spec.loader.exec_module(demo)
    place = demo.Place(folder)
    demo.prepare(place)
    path = place.repository / configuration.FILE_NAME
    text = path.read_text(encoding="utf-8").replace("../agents", "../together/agents")
    assert "gates:\n  tests:\n" in text
    path.write_text(text.replace("gates:\n  tests:\n", GATES), encoding="utf-8")
    git = Git(place.repository)
    git.text("rm", "--quiet", *(f"tests/test_{name}.py" for name in SLOW))
    git.text("commit", "--quiet", "--all", "--message", "only what is needed here")
    return Path(place.repository)


def test_the_queue_is_in_order_with_one_reviewer_and_one_reason_each(night: Night) -> None:
    """As the table says, on either forge."""
    found = [(each.ticket_id, each.tier.value, each.reviewer) for each in night.queue.items]
    assert found == [row[:3] for row in QUEUE]
    for item, row in zip(night.queue.items, QUEUE, strict=True):
        assert item.reason.startswith(row[3])


def test_each_is_green_alone_and_two_are_named_that_break_together(night: Night) -> None:
    """No text conflicts between those two; the one test that fails with both is named, and nobody else is."""
    truth, numbers = night.truth, night.numbers
    assert {each.verdict.value for each in truth.changes if each.verdict} == {"pass"}
    assert truth.tests.outcome is Outcome.FAILED
    assert truth.tests.failing == (BROKEN,)
    (broken,) = truth.breaking
    assert broken.changes == (numbers["121"], numbers["122"])
    assert (broken.tests, broken.smallest) == ((BROKEN,), True)
    assert set(truth.tests.green) == {numbers["123"], numbers["121"]}


def test_the_two_that_conflict_are_named_with_the_file(night: Night) -> None:
    """Git was asked about the one pair that meets; the figure counts all six."""
    truth, numbers = night.truth, night.numbers
    assert [(each.first, each.second, each.files) for each in truth.clashes] == [
        (numbers["123"], numbers["124"], ("README.md",))
    ]
    assert (truth.pairs_tried, truth.conflicting, truth.pairs) == (1, 1, 6)
    assert truth.conflict_rate == pytest.approx(1 / 6)


def test_the_suggested_order_has_a_reason_in_every_line(night: Night) -> None:
    """What may be merged, what has to be made again, what has to be adapted."""
    numbers = {f"{{{ticket}}}": str(number) for ticket, number in night.numbers.items()}
    for line, (ticket, advice, reason) in zip(night.truth.order, ORDER, strict=True):
        for name, number in numbers.items():
            reason = reason.replace(name, number)  # noqa: PLW2901 - filled in step by step
        assert (line.ticket_id, line.advice, line.reason) == (ticket, advice, reason)


def test_people_read_it_on_the_merge_requests_and_no_verdict_changes(night: Night) -> None:
    """One note on each of the four, with the other, the file or the test, and what to do; the score note says pass."""
    numbers = night.numbers
    said = {ticket: night.notes(ticket, together.KEY) for ticket in numbers}
    assert [len(bodies) for bodies in said.values()] == [1, 1, 1, 1]
    texts = {ticket: bodies[0] for ticket, bodies in said.items()}
    assert f"!{numbers['124']}" in texts["123"]
    assert "README.md" in texts["123"]
    assert f"merge !{numbers['123']} first; then make this one again on top" in texts["124"]
    assert f"together with !{numbers['122']}" in texts["121"]
    assert f"`{BROKEN}`" in texts["122"]
    for ticket in numbers:
        assert "## ✅ Passed" in night.notes(ticket, note.NOTE_KEY)[0]
        assert not night.world.forge.merge_request(numbers[ticket]).draft


def test_people_read_it_in_the_morning_report_and_beside_the_queue(night: Night) -> None:
    """The section names both, and the night's figures have the rate."""
    for path in (night.factory.layout.report, night.factory.layout.review.with_suffix(".md")):
        text = path.read_text(encoding="utf-8")
        assert "## Would these merge together?" in text
        assert "1 pair not with each other" in text
        assert f"!{night.numbers['121']} and !{night.numbers['122']} break tests together" in text
    assert "17 % (1 of 6 pairs)" in night.factory.layout.report.read_text(encoding="utf-8")


def test_asked_again_about_the_same_heads_nothing_is_tried_or_written(night: Night) -> None:
    """The recorded answer stands, without any trial, and the notes stay as they are."""
    before, events = night.truth, night.world.forge.events()
    night.world.clock.sleep(3600)
    assert merge_truth.integrate(night.factory) == before
    assert night.world.forge.events() == events


def test_killed_before_the_answer_was_kept_the_next_run_finds_it_again_and_writes_nothing_twice(
    night: Night,
) -> None:
    """Notes stand before merge_truth.json does; without it everything is tried once more, tests from the cache."""
    before, events = night.truth, night.world.forge.events()
    night.factory.layout.merge_truth.unlink()
    again = merge_truth.integrate(night.factory)
    assert again.model_copy(update={"made_at": before.made_at}) == before
    assert night.truth == again
    assert night.world.forge.events() == events


def test_when_one_of_two_is_gone_the_other_is_told_that_nothing_is_in_its_way(night: Night) -> None:
    """The note is updated in place; the pair in conflict still is one."""
    numbers = night.numbers
    night.world.forge.close(numbers["122"])
    truth = merge_truth.integrate(night.factory)
    assert (truth.tests.outcome, truth.breaking, len(truth.clashes)) == (Outcome.PASSED, (), 1)
    (told,) = night.notes("121", together.KEY)
    assert told.startswith("Nothing is in the way of this change any more.")
    assert "README.md" in night.notes("123", together.KEY)[0]
