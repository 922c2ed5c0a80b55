"""Collecting on every forge: a run that reads only what changed knows what a run that reads everything knows."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ci_factory.config import Config
from ci_factory.forge.protocol import Forge
from ci_factory.metrics import collecting
from ci_factory.metrics.collecting import Collected, Known
from ci_factory.metrics.facts import History, MergeRequestFact
from ci_factory.model import block
from ci_factory.model.attempt import Ending, Trigger
from ci_factory.model.forge import NoteTarget
from ci_factory.model.ticket import Priority, Size
from ci_factory.model.work_record import AskedRecord, Night, WorkRecord
from ci_factory.publishing import work_notes
from ci_factory.system.layout import Layout

World = Any  # tests/forge/conftest.py
GitLab = Any  # tests/forge/conftest.py
CONFIG = Config()
ISSUE, MR = NoteTarget.ISSUE, NoteTarget.MERGE_REQUEST


@dataclass
class Collector:
    """Runs that remember what the one before knew."""

    forge: Forge
    layout: Layout
    known: Known = field(default_factory=Known)

    def run(self, *, complete: bool = False) -> Collected:
        found = collecting.collect(self.forge, self.layout, CONFIG, self.known, complete=complete)
        self.known = Known(found.history, found.marks)
        return found

    def from_nothing(self) -> History:
        return collecting.collect(self.forge, self.layout, CONFIG).history


@pytest.fixture
def collector(forge: Forge, tmp_path: Path) -> Collector:
    return Collector(forge, Layout(tmp_path / "out"))


def score(ticket: str, points: float) -> str:
    data = {"ticket": ticket, "batch": "b1", "score": points, "verdict": "pass", "gates": {"tests": "pass"}}
    return f"## {points}\n\n{block.write('score', data)}"


def only(history: History) -> MergeRequestFact:
    (found,) = history.merge_requests
    return found


def test_every_change_is_found_at_once(world: World, forge: Forge, collector: Collector) -> None:
    """Whatever happens, in one instant and with the clock set back, the next run knows what a whole one would know."""
    ada = world.as_user("ada")
    first, second = world.merge_request("1"), world.merge_request("2")
    world.ticket("3", labels=("ready-for-agent",))
    forge.ensure_note(MR, str(first.iid), "score", score("1", 70))
    collector.run()
    changes: dict[str, Callable[[], object]] = {
        "nothing": lambda: None,
        "score": lambda: forge.ensure_note(MR, str(first.iid), "score", score("1", 90)),
        "note": lambda: ada.add_note(MR, str(first.iid), "Why?"),
        "push": lambda: forge.push(
            first.source_branch, world.commit({"1.txt": "2\n"}, parent=first.head), expected=first.head
        ),
        "approval": lambda: ada.approve(first.iid),
        "changes": lambda: ada.request_changes(first.iid, "No."),
        "label": lambda: forge.change_labels("3", add=["factory::queued"], remove=["ready-for-agent"]),
        "no label": lambda: forge.change_labels("3", remove=["factory::queued"]),
        "new ticket": lambda: world.ticket("4", labels=("ready-for-agent",)),
        "new request": lambda: world.merge_request("5"),
        "merge": lambda: ada.merge(second.iid, head=second.head),
        "close": lambda: ada.close(first.iid),
    }
    for name, change in changes.items():
        change()
        found = collector.run().history
        assert found == collector.from_nothing(), name
        assert found == collector.run(complete=True).history, name


def test_what_did_not_change_is_not_read(world: World, forge: Forge, collector: Collector) -> None:
    """Of three, the one that changed is read again; a run with nothing new reads nothing, and knows the same."""
    requests = [world.merge_request(each) for each in ("1", "2", "3")]
    whole = collector.run()
    assert (whole.merge_requests_read, whole.tickets_read) == (3, 3)
    again = collector.run()
    assert (again.merge_requests_read, again.tickets_read) == (0, 0)
    assert (again.history, again.marks, again.forge_events) == (whole.history, whole.marks, ())
    forge.ensure_note(MR, str(requests[1].iid), "score", score("2", 80))
    one = collector.run()
    assert (one.merge_requests_read, one.tickets_read) == (1, 0)
    assert one.history.merge_requests[1].score == 80


def test_a_damaged_note_stays_named(world: World, forge: Forge, collector: Collector) -> None:
    """A note that can't be believed is named by every run until it is mended, though it is read once."""
    iid = world.merge_request("1").iid
    forge.ensure_note(MR, str(iid), "score", score("1", 1000))
    said = collector.run().history.unreadable
    assert [str(iid) in line for line in said] == [True]
    assert collector.run().history.unreadable == said
    forge.ensure_note(MR, str(iid), "score", score("1", 70))
    assert collector.run().history.unreadable == ()


def test_people_are_told_from_programs(world: World, forge: Forge, collector: Collector) -> None:
    """Who approved and merged, when people looked first, and what they spent: the factory and bots are nobody."""
    found, ada = world.merge_request("1"), world.as_user("ada")
    world.clock.sleep(60)
    forge.add_note(MR, str(found.iid), "A word of the factory's.")
    world.clock.sleep(60)
    ada.add_note(MR, str(found.iid), "Looking.")
    looked = world.clock.now()
    world.clock.sleep(600)
    ada.approve(found.iid)
    approved = world.clock.now()
    world.clock.sleep(4 * 3600)
    merged = world.as_user("bo").merge(found.iid, head=found.head)
    fact = only(collector.run().history)
    assert (fact.reviewed_at, fact.approved_at, fact.approver) == (looked, approved, "ada")
    assert (fact.merged_by, fact.merge_commit) == ("bo", merged.merge_commit)
    # ada: 5 minutes before her first trace and 10 to the second; bo: 5 before his only one.
    assert (fact.human_seconds, fact.human_recorded) == (20 * 60, False)


def test_rework_is_what_changed_after_people_looked(world: World, forge: Forge, collector: Collector) -> None:
    """A pure rebase is no rework and no version; a mended line is two, the old one and the new one."""
    found = world.merge_request("1", {"1.txt": "a\nb\n"})
    other = world.merge_request("2", {"2.txt": "x\n"})
    ada = world.as_user("ada")
    ada.merge(other.iid, head=other.head)
    ada.add_note(MR, str(found.iid), "Looking.")
    world.clock.sleep(60)
    rebased = world.commit({"1.txt": "a\nb\n"}, parent=forge.branch("main"))
    forge.push(found.source_branch, rebased, expected=found.head)
    fact = collector.run().history.merge_requests[0]
    assert (fact.versions, fact.reworked, fact.reworked_lines) == (1, False, 0)
    world.clock.sleep(60)
    mended = world.commit({"1.txt": "a\nB\n"}, parent=rebased)
    forge.push(found.source_branch, mended, expected=rebased)
    fact = collector.run().history.merge_requests[0]
    assert (fact.versions, fact.reworked, fact.reworked_lines) == (2, True, 2)


def test_bots_never_review(gitlab: GitLab, gitlab_world: World, tmp_path: Path) -> None:
    """A bot's note and approval leave a merge request unreviewed; a recorded time counts before an estimate."""
    found, bot = gitlab_world.merge_request("1"), gitlab.as_user("scan-bot")
    bot.add_note(MR, str(found.iid), "0 findings")
    bot.approve(found.iid)
    collector = Collector(gitlab_world.forge, Layout(tmp_path / "out"))
    fact = only(collector.run().history)
    assert (fact.reviewed_at, fact.approved_at, fact.approver, fact.human_seconds) == (None,) * 4
    gitlab.as_user("ada")  # makes her a member
    path = f"/projects/{gitlab.id}/merge_requests/{found.iid}/notes"
    gitlab.api("ada").post(path, {"body": "/spend 25m"})
    fact = only(collector.run().history)
    assert (fact.human_seconds, fact.human_recorded) == (25 * 60, True)


def test_what_is_gone_is_let_go(gitlab: GitLab, gitlab_world: World, tmp_path: Path) -> None:
    """A merge request and an issue that were deleted are no facts any more, as a whole run would not find them."""
    first = gitlab_world.merge_request("1")
    gitlab_world.merge_request("2")
    collector = Collector(gitlab_world.forge, Layout(tmp_path / "out"))
    collector.run()
    owner = gitlab.api("tess")
    owner.delete(f"/projects/{gitlab.id}/merge_requests/{first.iid}")
    owner.delete(f"/projects/{gitlab.id}/issues/1")
    found = collector.run().history
    assert [each.ticket for each in found.merge_requests] == ["2"]
    assert found == collector.from_nothing()


@pytest.fixture
def short_pages(gitlab: GitLab) -> Iterator[GitLab]:
    """A server that puts two things on a page."""
    gitlab.server.page_size(2)
    yield gitlab
    gitlab.server.page_size(None)


def test_many_cost_little_and_nothing_is_missed(
    short_pages: GitLab, gitlab_world: World, tmp_path: Path
) -> None:
    """With nothing new at most eight requests, wherever the turn has come to; six for each that changed; and what no order
    shows (its time stamp is old, as the clock was set back) is found after as many runs as there are pages."""
    forge, server, count = gitlab_world.forge, short_pages.server, 5
    for number in range(1, count + 1):
        found = gitlab_world.merge_request(str(number))
        if number < count:
            forge.close(found.iid)
            forge.close_issue(str(number))
        gitlab_world.clock.sleep(60)
    collector = Collector(forge, Layout(tmp_path / "out"))
    server.forget_requests()
    assert collector.run().requests == len(short_pages.asked())
    for _ in range(3):
        found = collector.run()
        assert (found.merge_requests_read, found.tickets_read) == (0, 0)
        assert found.requests <= 8
    for each in ("3", "5"):
        short_pages.as_user("ada").add_note(MR, each, "A word.")
    found = collector.run()
    assert found.merge_requests_read == 2
    assert found.requests <= 8 + 2 * 6
    server.clock(short_pages.clock.now() - timedelta(days=30))
    short_pages.as_user("ada").add_note(MR, "2", "A word.")
    server.clock(short_pages.clock.now())
    assert sum(collector.run().merge_requests_read for _ in range(3)) == 1
    assert collector.known.history == collector.from_nothing()


def test_a_server_without_graphql_is_read_in_turn(
    gitlab: GitLab, gitlab_world: World, tmp_path: Path
) -> None:
    """REST's lists show updates at once; a note edited in the same instant is found when its turn comes."""
    forge, server = gitlab_world.forge, gitlab.server
    server.edition(enterprise=True, graphql=False)
    try:
        iid = gitlab_world.merge_request("1").iid
        kept = forge.ensure_note(MR, str(iid), "score", score("1", 70))
        collector = Collector(forge, Layout(tmp_path / "out"))
        collector.run()
        gitlab_world.clock.sleep(60)
        gitlab_world.as_user("ada").approve(iid)
        assert only(collector.run().history).approver == "ada"
        forge.ensure_note(MR, str(iid), "score", kept.body.replace("70", "90").rpartition("\n\n")[0])
        found = collector.run()
        assert found.history == collector.from_nothing()
        assert only(found.history).score == 90
    finally:
        server.edition(enterprise=True)


def asked(ticket: str, at: datetime) -> WorkRecord:
    question = AskedRecord(
        agent="amber", trigger=Trigger.DATA, summary="Which?", priority=Priority.HIGH, raised_at=at
    )
    return WorkRecord(
        batch="b1", ticket=ticket, agent="amber", lane=0, started_at=at, finished_at=at, reason="It asks.",
        ending=Ending.ESCALATED, attempts=1, iterations=1, agent_seconds=5, size=Size.SMALL, asked=question,
        night=Night(project="p", target_branch="main", created_at=at, lanes=1),
    )  # fmt: skip


def test_a_question_is_answered_by_who_may_answer(
    gitlab: GitLab, gitlab_world: World, tmp_path: Path
) -> None:
    """A reply of a bot, of the factory and of a guest is no answer; the first of a developer is, whenever it is read."""
    forge, clock = gitlab_world.forge, gitlab_world.clock
    gitlab_world.ticket("1", labels=("factory::escalated",))
    work_notes.ensure(forge, "1", "escalation", "Which?", asked("1", clock.now()))
    collector = Collector(forge, Layout(tmp_path / "out"))
    clock.sleep(60)
    for user, role in (("scan-bot", "developer"), ("factory-bot", "developer"), ("gus", "guest")):
        gitlab.as_user(user, role).add_note(ISSUE, "1", "1")
    (open_question,) = collector.run().history.escalations
    assert (open_question.waiting, open_question.answered_at) == (True, None)
    for user in ("dora", "emil"):
        clock.sleep(60)
        gitlab.as_user(user, "developer").add_note(ISSUE, "1", "2")
    forge.change_labels("1", add=["ready-for-agent"], remove=["factory::escalated"])
    (question,) = collector.run().history.escalations
    assert (question.waiting, question.answered_at) == (False, clock.now() - timedelta(seconds=60))
    assert collector.run().history == collector.from_nothing()
