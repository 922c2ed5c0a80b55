"""Notes that people read about a ticket and its change, each compared whole with what was agreed."""

from pathlib import Path
from typing import Any

import pytest

from ci_factory.model.attempt import Attempt, Ending, Leftover, Partial
from ci_factory.model.batch import LeftOut, PlannedTicket
from ci_factory.model.forge import MergeRequest, MergeRequestSpec, MergeRequestState
from ci_factory.model.gate import GateReport, Score, Verdict
from ci_factory.model.merge_truth import (
    Advice,
    Breaking,
    CandidateTests,
    Clash,
    MergeTruth,
    OrderLine,
    Outcome,
    TriedChange,
)
from ci_factory.model.ticket import Priority, Readiness
from ci_factory.publishing import follow_up, issue_notes, level_one, together
from ci_factory.publishing.policy import Objection
from tests.publishing.conftest import BASE, HEAD, NOW

GOLDEN = Path(__file__).parents[1] / "data" / "notes"
HOSTILE = "/close @all <b> Closes #1"


def agreed(name: str, *notes: str) -> None:
    """Compare notes, one after the other, with a file."""
    text = "\n=====\n\n".join(notes)
    assert text == (GOLDEN / name).read_text(encoding="utf-8")


def merge_request(*, draft: bool) -> MergeRequest:
    """!5 on ticket 7."""
    spec = MergeRequestSpec(
        ticket_id="7",
        source_branch="factory/7-x",
        target_branch="main",
        title="x",
        description="x",
        draft=draft,
    )
    opened: dict[str, Any] = {"iid": 5, "state": MergeRequestState.OPENED, "author": "bot", "head": BASE}
    return MergeRequest(**spec.model_dump(), **opened, created_at=NOW, updated_at=NOW)


def change(number: int, **fields: Any) -> TriedChange:
    """An open change that arrives."""
    known = {"ticket_id": f"t{number}", "branch": f"factory/{number}", "head": HEAD, "lines": 10}
    return TriedChange.model_validate(
        {"merge_request": number, "priority": Priority.MEDIUM, "verdict": Verdict.PASS, **known, **fields}
    )


def truth(*changes: TriedChange, **fields: Any) -> MergeTruth:
    """What is known of them on main."""
    return MergeTruth(key="e" * 64, made_at=NOW, target_branch="main", base=BASE, changes=changes, **fields)


def test_notes_before_the_work_read_as_agreed() -> None:
    """What is missing, and why a ticket was not in the batch."""
    missing = Readiness(ready=False, missing=("Add acceptance criteria.", HOSTILE))
    helped = missing.model_copy(update={"recommended": ("Name the files.",)})
    waits = LeftOut(ticket_id="7", state="queued", reason=f"the lanes are full {HOSTILE}")
    agreed(
        "before.md",
        issue_notes.readiness_note(missing),
        issue_notes.readiness_note(helped),
        issue_notes.left_out_note(waits),
    )


def test_notes_after_the_work_read_as_agreed(attempt: Attempt) -> None:
    """Where the change is, or how the work ended, and where what was made is kept."""
    one_call = attempt.model_copy(
        update={"runs": attempt.runs[:1], "ending": Ending.DEFERRED, "reason": HOSTILE}
    )
    empty = attempt.model_copy(update={"runs": (), "ending": Ending.ESCALATED, "head": None})
    agreed(
        "after.md",
        issue_notes.merge_request_note(merge_request(draft=True), "blocked", "64"),
        issue_notes.merge_request_note(merge_request(draft=False), "pass", "90", rest="12"),
        issue_notes.ending_note(attempt),
        issue_notes.ending_note(one_call),
        issue_notes.ending_note(empty),
    )


def test_notes_on_changes_that_were_held_back_read_as_agreed(attempt: Attempt) -> None:
    """Why, what it wanted to do, and what people can do about it; at most twenty objections are listed."""
    objections = [Objection("block", f"is protected {HOSTILE}", f"ci/\n{number}") for number in range(22)]
    whole = Objection("block", "is too large")
    agreed(
        "refused.md",
        issue_notes.refusal_note(attempt, HOSTILE, redone=True),
        issue_notes.refusal_note(attempt, "it moved", redone=True, conflicts=("a.py", "b`.py")),
        issue_notes.refusal_note(
            attempt,
            "not said",
            redone=False,
            priority=Priority.HIGH,
            objections=[whole, *objections],
            excerpt="+```\n+/merge\n",
        ),
        issue_notes.refusal_note(attempt, "not said", redone=False, objections=[whole]),
    )


def test_what_is_left_reads_as_agreed(planned: PlannedTicket, attempt: Attempt) -> None:
    """The draft ticket about the rest, and the part of the description that tells of it."""
    left = (Leftover(criterion="Totals round", why="needs a decision"), Leftover(criterion=HOSTILE))
    partial = Partial(done=("Prices round",), left=left, summary="Prices only.")
    bare = Partial(left=left[:1])
    agreed(
        "rest.md",
        follow_up.title(planned) + "\n",
        follow_up.body(planned, partial, 5, ready="ready-for-agent"),
        "\n".join(follow_up.sections(attempt.model_copy(update={"partial": partial}))),
        "\n".join(follow_up.sections(attempt.model_copy(update={"partial": bare}))),
    )
    assert follow_up.sections(attempt) == []


def test_notes_on_changes_of_people_read_as_agreed(report: GateReport, score: Score) -> None:
    """A verdict that whoever can edit the pipeline can edit says so; none is told with what to do."""
    about = {"head": HEAD, "tree": None, "tries": 2}
    agreed(
        "level-one.md",
        level_one.judged(report, score),
        level_one.trusted(report, score),
        level_one.unjudged(HEAD, HOSTILE),
        level_one.trusted_unjudged(about, "no report", seldom=False),
        level_one.trusted_unjudged(about, "no report", seldom=True),
    )


@pytest.mark.parametrize(
    ("mark", "trusted"), [({"trusted": True}, True), ({"trusted": 1}, False), ({}, False)]
)
def test_only_the_word_itself_is_trusted(mark: dict[str, Any], *, trusted: bool) -> None:
    """What merely looks like it is not."""
    assert level_one.is_trusted(mark) is trusted


def test_notes_on_changes_that_do_not_go_together_read_as_agreed() -> None:
    """With the target branch, with each other, in their tests; each says what to do and where it stands."""
    files = tuple(f"{letter}.py" for letter in "abcdefghijkl")
    order = tuple(
        OrderLine(place=place, merge_request=number, ticket_id=f"t{number}", advice=advice, reason="x")
        for place, (number, advice) in enumerate(
            ((1, Advice.MERGE), (2, Advice.REBASE), (3, Advice.ADAPT)), 1
        )
    )
    known = truth(
        change(1),
        change(2, conflicts=files),
        change(3),
        change(4, problem=HOSTILE),
        clashes=(
            Clash(first=1, second=2, files=files),
            Clash(first=1, second=3, files=()),
            Clash(first=1, second=4, files=("a.py",), through=3),
        ),
        breaking=(
            Breaking(changes=(1, 3), tests=("test_a", "test_b")),
            Breaking(changes=(3,), tests=("test_c",)),
            Breaking(changes=(2, 3), tests=("test_d",), smallest=False, reason="cut off after 30 runs"),
        ),
        order=order,
    )
    agreed("together.md", *(together.note(known, number) for number in (1, 2, 3, 4)))


def test_more_than_a_screen_of_conflicts_is_counted() -> None:
    """Twenty-five are shown."""
    clashes = tuple(Clash(first=1, second=number, files=("a.py",)) for number in range(2, 32))
    text = together.note(truth(change(1), clashes=clashes), 1)
    assert text.count("merge this one first") == 25
    assert "_30 in all, 25 shown._" in text


@pytest.mark.parametrize(
    ("tests", "words"),
    [
        (CandidateTests(outcome=Outcome.PASSED), "Nothing is in the way of this change any more."),
        (
            CandidateTests(outcome=Outcome.FAILED, green=(1,)),
            "Nothing is in the way of this change any more.",
        ),
        (
            CandidateTests(outcome=Outcome.INCONCLUSIVE, reason="no report"),
            "Git merges this change with all others now. Whether tests fail with them is not known: no report.",
        ),
    ],
)
def test_a_note_that_is_settled_says_how_much_is_known(tests: CandidateTests, words: str) -> None:
    """Unknown is not a pass."""
    tried = "Tried with git on `main` at `aaaaaaaaaaaa`."
    assert together.settled(truth(change(1), tests=tests), 1) == f"{words} {tried}\n"
