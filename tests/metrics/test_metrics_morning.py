"""The morning report tells the night truthfully, and nothing in it is markup by strangers."""

from collections.abc import Callable
from datetime import datetime

import pytest

from ci_factory.errors import UsageError
from ci_factory.metrics.facts import History
from ci_factory.metrics.morning import morning_report
from ci_factory.metrics.night import Outcome, tell
from ci_factory.model.attempt import Ending
from ci_factory.model.forge import MergeRequestState
from ci_factory.model.review import Blocked, NeededReviewer, ReviewerDesk, ReviewQueue, Waiting


def test_report_golden(
    night: History, queue: ReviewQueue, now: datetime, golden: Callable[[str, str], None]
) -> None:
    """The report of the made night is, byte for byte, the one that was read and found right."""
    golden("morning.md", morning_report(night, None, queue, now))


def test_every_ticket_appears(night: History, queue: ReviewQueue, now: datetime) -> None:
    """Every planned and every left-out ticket has its row, with its reason."""
    rows = [line for line in morning_report(night, None, queue, now).splitlines() if line.startswith("| T-")]
    batch = night.batches[0]
    wanted = [*(plan.ticket for plan in batch.planned), *(left.ticket_id for left in batch.left_out)]
    assert [row.split(" | ")[0].removeprefix("| ") for row in rows] == wanted
    assert all(row.split(" | ")[-1].removesuffix(" |").strip() for row in rows)


def test_every_ending_is_told(night: History, queue: ReviewQueue) -> None:
    """Each ticket of the made night shows the outcome that its ending and verdict mean."""
    told = {ticket.plan.ticket: ticket.outcome for ticket in tell(night, night.batches[0], queue).tickets}
    assert told == {
        "T-01": Outcome.READY, "T-02": Outcome.READY, "T-03": Outcome.READY, "T-04": Outcome.READY,
        "T-05": Outcome.READY, "T-06": Outcome.ESCALATED, "T-07": Outcome.AGENT_FAILED, "T-08": Outcome.BLOCKED,
        "T-09": Outcome.BLOCKED, "T-10": Outcome.TIMEOUT, "T-11": Outcome.NO_CHANGE, "T-12": Outcome.SKIPPED,
        "T-13": Outcome.PARTIAL, "T-14": Outcome.INCONCLUSIVE,
    }  # fmt: skip


def test_no_record_is_not_success(night: History, now: datetime) -> None:
    """A planned ticket without any record is told as such, and counts neither as ready nor as completed."""
    bare = night.model_copy(update={"attempts": (), "merge_requests": (), "gates": (), "escalations": ()})
    report = morning_report(bare, None, None, now)
    assert report.count("**no record**") + report.count("| no record |") == len(night.batches[0].planned)
    assert "0 of 14 tickets have a merge request that passed its gates." in report
    assert "| Completed | 0 % |" in report


def test_hostile_words_stay_words(night: History, queue: ReviewQueue, now: datetime) -> None:
    """Titles and reasons can't break the table, open HTML, mention people or give quick actions."""
    evil = "x | y </td> <script>alert(1)</script> @all `rm`\n/merge\n# Heading"
    planned = tuple(p.model_copy(update={"title": evil}) for p in night.batches[0].planned)
    batch = night.batches[0].model_copy(update={"planned": planned})
    attempts = tuple(a.model_copy(update={"reason": evil}) for a in night.attempts)
    asked = tuple(e.model_copy(update={"summary": evil, "questions": (evil,)}) for e in night.escalations)
    report = morning_report(
        night.model_copy(update={"batches": (batch,), "attempts": attempts, "escalations": asked}),
        None,
        queue,
        now,
    )
    assert "<script" not in report
    assert "@all" not in report
    assert not any(line.startswith(("/merge", "# Heading")) for line in report.splitlines())
    rows = [line.replace("\\|", "") for line in report.splitlines() if line.startswith("| T-")]
    assert {row.count("|") for row in rows} == {8}


def test_damage_is_named(night: History, now: datetime) -> None:
    """What could not be read stands in the report."""
    report = morning_report(night.model_copy(update={"unreadable": ("gate.json: broken",)}), None, None, now)
    assert "## What could not be read\n\n- gate.json: broken" in report


def test_merging_later_shows(night: History, queue: ReviewQueue) -> None:
    """The same night told after a merge says merged, whatever the attempt's ending was."""
    fact = night.merge_requests[0].model_copy(update={"state": MergeRequestState.MERGED})
    later = night.model_copy(update={"merge_requests": (fact, *night.merge_requests[1:])})
    assert tell(later, later.batches[0], queue).tickets[0].outcome is Outcome.MERGED


def test_a_change_that_must_be_redone_is_no_failure(night: History, queue: ReviewQueue) -> None:
    """A completed change that no longer merged is told as redone next time."""
    attempts = tuple(
        a.model_copy(update={"published": "deferred", "merge_request": None}) if a.ticket == "T-01" else a
        for a in night.attempts
    )
    requests = tuple(mr for mr in night.merge_requests if mr.ticket != "T-01")
    later = night.model_copy(update={"attempts": attempts, "merge_requests": requests})
    assert tell(later, later.batches[0], queue).tickets[0].outcome is Outcome.DEFERRED


def test_unknown_batch_is_refused(night: History, now: datetime) -> None:
    """Asking for a batch that does not exist names it and says how to find one."""
    with pytest.raises(UsageError, match="no batch 'nope'"):
        morning_report(night, "nope", None, now)
    with pytest.raises(UsageError, match="no batch yet"):
        morning_report(History(), None, None, now)


def test_made_night_shows_every_ending(night: History) -> None:
    """The made night has every ending there is but one, which the next test is about."""
    assert {attempt.ending for attempt in night.attempts} == set(Ending) - {Ending.DEFERRED}


def test_put_off_is_neither_failed_nor_done(night: History, queue: ReviewQueue, now: datetime) -> None:
    """A ticket that was put off is told so, leaves every rate alone, and what it cost is charged."""
    before = {figure.key: figure for figure in tell(night, night.batches[0], queue).figures}
    failed = next(each for each in night.attempts if each.ending is Ending.AGENT_FAILED)
    late = failed.model_copy(update={"ending": Ending.DEFERRED, "reason": "credential K sleeps"})
    attempts = tuple(late if each is failed else each for each in night.attempts)
    later = night.model_copy(update={"attempts": attempts})
    told = tell(later, later.batches[0], queue)
    after = {figure.key: figure for figure in told.figures}
    assert [t.plan.ticket for t in told.with_outcome(Outcome.PUT_OFF)] == [failed.ticket]
    assert after["night_cost"] == before["night_cost"]
    for key in ("night_completion", "night_escalation"):
        assert after[key].n == before[key].n - 1
    report = morning_report(later, None, queue, now)
    assert f"## Put off to the next batch\n\n- {failed.ticket} (put off): credential K sleeps" in report


def test_the_queue_tells_who_is_needed_and_who_blocks(
    night: History, queue: ReviewQueue, now: datetime
) -> None:
    """Further reviewers, whom an item waits for, and who has how much to do or is away."""
    needed = NeededReviewer(name="sam", reason="required for security area src/auth/")
    waits = Waiting(kind=Blocked.MERGE, who="bo", why="approved, and not merged", since=now, due=now)
    first = queue.items[0].model_copy(update={"also_needed": (needed,), "waits_for": waits})
    desks = (
        ReviewerDesk(name="ada", items=3, merge_requests=3, minutes=31),
        ReviewerDesk(name="sam", items=0, merge_requests=0, minutes=0, absent=True, back=now),
    )
    told = queue.model_copy(update={"items": (first, *queue.items[1:]), "reviewers": desks})
    report = morning_report(night, None, told, now)
    assert r"also sam \(required for security area src/auth/\)" in report
    assert "waits for bo: approved, and not merged" in report
    assert f"Reviewers: ada 3 (31 min), sam absent, back {now:%Y-%m-%d}." in report
