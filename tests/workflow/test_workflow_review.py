"""The review queue on every forge: who is named, who stays, who is reminded."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from ci_factory.errors import UsageError
from ci_factory.forge import kept_notes
from ci_factory.forge.protocol import Forge
from ci_factory.metrics.facts import History, MergeRequestFact
from ci_factory.model import block
from ci_factory.model.event import Event
from ci_factory.model.forge import MergeRequest, MergeRequestState, Note, NoteTarget
from ci_factory.model.review import ReviewItem, ReviewQueue
from ci_factory.model.ticket import Size
from ci_factory.review.pace import Pace
from ci_factory.system import records
from ci_factory.system.layout import Layout
from ci_factory.workflow import morning, review_pace
from tests.forge.conftest import START
from tests.workflow.conftest import Desk

HOUR = 3600
ONE_FORGE = pytest.mark.parametrize("desk", ["local"], indirect=True)
"""For what no forge has a part in but to keep what it was told."""
REVIEW = "sla_hours: {medium: 8}, hours: '09:00-17:00'"


def configured(desk: Desk, more: str = "", before: str = "") -> None:
    """Ann and Ben review from nine to five, London time; a medium change within eight working hours."""
    desk.configured(f"{before}\nreview: {{reviewers: [ann, ben], {REVIEW}{more}}}\n")


@pytest.fixture
def team(desk: Desk) -> Desk:
    """The line with two reviewers, on a Monday evening."""
    for name in ("ann", "ben", "dana"):
        desk.world.as_user(name)
    configured(desk)
    return desk


def change(team: Desk, ticket_id: str = "1", **fields: Any) -> MergeRequest:
    """An open merge request of the factory."""
    return team.world.merge_request(ticket_id, **fields)


def review(team: Desk, hours: float = 0, reassign: tuple[int, ...] = ()) -> ReviewQueue:
    """The queue, so many hours later."""
    team.world.clock.sleep(hours * HOUR)
    return morning.review(team.factory, reassign)


def item_of(queue: ReviewQueue, ticket_id: str = "1") -> ReviewItem:
    """One line of the queue."""
    return next(item for item in queue.items if item.ticket_id == ticket_id)


def reminders(team: Desk, found: MergeRequest) -> list[Note]:
    """Our notes that remind of a merge request, oldest first."""
    forge = team.world.forge
    notes = forge.notes(NoteTarget.MERGE_REQUEST, str(found.iid))
    return [note for note in notes if note.author == forge.user and "This merge request waits" in note.body]


def events(team: Desk, kind: str) -> list[Event]:
    """What the audit log says of this kind."""
    return [event for event in records.read_events(team.factory.layout.events) if event.kind == kind]


def named(team: Desk, found: MergeRequest) -> str | None:
    """Who the forge says reviews it."""
    return team.world.forge.merge_request(found.iid).reviewer


def test_reviewers_are_named_on_the_forge_and_stay(team: Desk) -> None:
    """One each by load; running it again, with other loads, changes and writes nothing."""
    first, second = change(team, "1"), change(team, "2")
    review(team)
    assert [named(team, first), named(team, second)] == ["ann", "ben"]
    third = change(team, "3")
    before = [team.world.forge.merge_request(each.iid) for each in (first, second)]
    queue = review(team, 1)
    assert [team.world.forge.merge_request(each.iid) for each in (first, second)] == before
    assert named(team, third) in {"ann", "ben"}
    assert item_of(queue).reviewer_reason == "named on the merge request"
    assert [event.ticket_id for event in events(team, "assigned")] == ["1", "2", "3"]


@ONE_FORGE
def test_a_limit_holds_over_runs(team: Desk) -> None:
    """What is named on the forge counts before anything is handed out; who is left over has nobody, and why."""
    configured(team, ", max_open: 1")
    found = [change(team, number) for number in ("1", "2")]
    review(team)
    third = change(team, "3")
    queue = review(team)
    assert sorted(str(named(team, each)) for each in found) == ["ann", "ben"]
    assert named(team, third) is None
    assert "ann: 1 open, limit 1; ben: 1 open, limit 1" in item_of(queue, "3").reviewer_reason


@ONE_FORGE
def test_only_an_absence_beyond_the_limit_moves_a_review(team: Desk) -> None:
    """Two hours away are waited for; a week is not, and the reason says whose it was."""
    found = change(team, reviewer="ben")
    configured(team, ", people: {ben: {absent: [2026-03-02]}}")
    review(team)
    assert named(team, found) == "ben"
    configured(team, ", people: {ben: {absent: [2026-03-02..2026-03-09]}}")
    queue = review(team)
    assert named(team, found) == "ann"
    assert "was ben's, who is absent, back 2026-03-10, after the time limit" in item_of(queue).reviewer_reason


def test_somebody_else_reviews_at_request(team: Desk) -> None:
    """And stays then."""
    found = change(team, reviewer="ann")
    review(team, reassign=(found.iid,))
    assert named(team, found) == "ben"
    review(team)
    assert named(team, found) == "ben"
    with pytest.raises(UsageError, match=r"!77 is no open merge request"):
        review(team, reassign=(77,))


def test_the_queue_of_a_night_is_as_the_table_says(team: Desk) -> None:
    """Order, reviewers, minutes and both reasons, from what the forge knows."""
    areas = (
        "sensitive: [{paths: [auth/], reviewers: [sam]}, {paths: [db/], category: data, reviewers: [dana]}]"
    )
    configured(team, ", people: {ben: {absent: [2026-03-02..2026-03-31]}}", before=areas)
    team.world.as_user("sam")
    made = {
        "1": ({"web/a.js": "1\n"}, {"score": 85, "verdict": "pass", "size": "medium", "added": 60}),
        "2": (
            {"auth/key.py": "2\n", "db/2.sql": "2\n"},
            {"score": 70, "verdict": "fail", "size": "small", "added": 20},
        ),
        "3": ({"web/c.js": "3\n"}, {"score": 97, "verdict": "pass", "size": "trivial", "added": 4}),
    }
    for ticket_id, (files, told) in made.items():
        found = change(team, ticket_id, files=files)
        note = block.write("score", {"ticket": ticket_id, **told})
        team.world.forge.ensure_note(NoteTarget.MERGE_REQUEST, str(found.iid), "score", note)
    due = "due 2026-03-03 17:00 UTC, 8 working h left"
    away = "passed over ben: absent, back 2026-04-01"
    table = [
        ("3", "ann", 2, f"passed with 97, above 90; {due}", f"reviews what nobody owns; nothing else waits for them; {away}", ""),
        ("2", "dana", 5, f"none of the tiers above; {due}", "required for data area db/; nothing else waits for them",
         "also sam (required for security area auth/)"),
        ("1", "ann", 12, f"none of the tiers above; {due}", f"reviews what nobody owns; 1 more, 2 minutes, wait for them; {away}", ""),
    ]  # fmt: skip
    said = [
        (
            item.ticket_id,
            item.reviewer,
            item.expected_minutes,
            item.reason,
            item.reviewer_reason,
            item.further,
        )
        for item in review(team).items
    ]
    assert said == table


def test_who_is_no_member_is_passed_over(team: Desk) -> None:
    """A name in CODEOWNERS need not be anybody; where nobody is told apart, everybody counts."""
    found = change(team)
    team.commit_to_main("CODEOWNERS", "* @zoe\n")
    queue = review(team)
    assert named(team, found) == ("ann" if team.bot else "zoe")
    assert ("zoe: no member of the project" in item_of(queue).reviewer_reason) is bool(team.bot)


def test_whoever_blocks_is_reminded_once_for_each_moment(team: Desk) -> None:
    """At the end of the limit, then on each working day, in working hours, each a note to that person alone."""
    found = change(team)
    said = []
    for hours in (22, 2, 15, 1):
        review(team, hours)
        said.append(len(reminders(team, found)))
    assert said == [0, 0, 1, 1]  # Tuesday 16:00 and 18:00, Wednesday 9:00 and 10:00
    (note,) = reminders(team, found)
    assert "@ann: nobody has reviewed it yet" in note.body
    assert note.body.count("@") == 1
    review(team, 24)
    assert len(reminders(team, found)) == 2
    assert [event.data["waited_hours"] for event in events(team, "reminded")] == [8.0, 17.0]


@ONE_FORGE
def test_a_kill_between_note_and_event_loses_neither(team: Desk) -> None:
    """The next run finds the note, writes no other, and records it."""
    found = change(team)
    review(team, 39)
    team.factory.layout.events.unlink()
    review(team, 0.5)
    assert len(reminders(team, found)) == 1
    (event,) = events(team, "reminded")
    assert (event.ticket_id, event.data["who"], event.data["waits_for"]) == ("1", "ann", "review")


class Dying:
    """A forge whose user is killed at a write, before or after it takes effect."""

    def __init__(self, forge: Any, place: int, moment: str) -> None:
        self._forge, self._left, self._moment = forge, place, moment

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._forge, name)
        return self._killed(found) if name.startswith("ensure_") else found

    def _killed(self, write: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **named: Any) -> Any:
            self._left -= 1
            if self._left == 0 and self._moment == "after":
                write(*args, **named)
            if self._left == 0:
                raise SystemExit(137)
            return write(*args, **named)

        return call


@ONE_FORGE
@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("place", [1, 2, 3, 4])
def test_a_kill_at_any_write_leaves_what_the_next_run_completes(team: Desk, place: int, moment: str) -> None:
    """Two reviewers named and two reminders written, each once."""
    found = [change(team, number) for number in ("1", "2")]
    team.world.clock.sleep(39 * HOUR)
    whole = team.factory
    team.factory = replace(whole, forge=cast("Forge", Dying(whole.forge, place, moment)))
    with pytest.raises(SystemExit):
        review(team)
    team.factory = whole
    review(team)
    review(team)
    assert [named(team, each) for each in found] == ["ann", "ben"]
    assert [len(reminders(team, each)) for each in found] == [1, 1]
    assert [event.data["who"] for event in events(team, "reminded")] == ["ann", "ben"]


@pytest.mark.parametrize("stop", ["hold", "switch"])
def test_people_can_stop_reminders(team: Desk, stop: str) -> None:
    """By the label, or for everything."""
    found = change(team, reviewer="ann")
    if stop == "hold":
        team.label("1", add=("factory::hold",))
    else:
        team.commit_to_main(".ci-factory.yml", "enabled: false\n")
    review(team, 40)
    assert reminders(team, found) == []


def test_the_blame_goes_where_the_facts_say(team: Desk) -> None:
    """From the reviewer to who asked for the work, back with a new version, and to the merge after an approval."""
    found = change(team, reviewer="ann")
    kinds = [_waits(review(team))]
    team.world.clock.sleep(60)
    team.world.as_user("ann").request_changes(found.iid, "Not yet.")
    kinds.append(_waits(review(team)))
    team.world.clock.sleep(60)
    head = team.world.commit({"1.txt": "newer\n"}, parent=found.head)
    team.world.forge.push(found.source_branch, head, expected=found.head)
    kinds.append(_waits(review(team)))
    team.world.clock.sleep(60)
    team.world.as_user("ann").approve(found.iid)
    kinds.append(_waits(review(team)))
    author = team.world.forge.issue("1").ticket.author or None
    assert kinds == [("review", "ann"), ("changes", author), ("review", "ann"), ("merge", "ann")]


def _waits(queue: ReviewQueue) -> tuple[str, str | None]:
    waits = item_of(queue).waits_for
    assert waits is not None
    return waits.kind.value, waits.who


def test_a_reminder_is_no_mention_of_everybody(team: Desk) -> None:
    """A reviewer called `all` is a name, and not the whole project."""
    found = change(team)
    team.configured(f"review: {{reviewers: [all], {REVIEW}}}\n")
    queue = review(team, 39)
    if item_of(queue).reviewer is None:  # no member is called so
        assert reminders(team, found) == []
        return
    (note,) = reminders(team, found)
    assert "@all" not in note.body
    assert kept_notes.carries(note.body, "review-review-20260302180000-2")


def test_measured_reviews_change_what_is_expected(tmp_path: Path) -> None:
    """From the facts that were collected last; without them, or damaged, the table holds."""
    layout = Layout(tmp_path)
    assert review_pace.known(layout) == Pace()
    layout.facts.write_text("{")
    assert review_pace.known(layout) == Pace()
    decided = [_decided(number, START + timedelta(minutes=24 * number)) for number in range(11)]
    records.write_model(layout.facts, History(merge_requests=tuple(decided)))
    assert review_pace.known(layout) == Pace(2.0, 10)


def _decided(number: int, at: datetime) -> MergeRequestFact:
    """A medium change that Ann approved at this moment."""
    return MergeRequestFact(
        iid=number + 1, ticket=str(number), title="x", branch="factory/1-x", target="main", draft=False,
        state=MergeRequestState.MERGED, created_at=START, approved_at=at, merged_at=at, versions=1, reviewer="ann",
        head="a" * 40, size=Size.MEDIUM, added=50, removed=10,
    )  # fmt: skip
