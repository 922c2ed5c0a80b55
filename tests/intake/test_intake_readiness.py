"""What is ready, and what exactly is missing."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from ci_factory.model.ticket import Candidate, Size

CRITERIA = "## Acceptance criteria\n- `total()` of an empty cart is 0\n"
Assess = Callable[..., Candidate]


def test_a_ticket_with_checkable_criteria_is_ready(judge: Assess) -> None:
    """One result that can be checked is enough."""
    assert judge().readiness.missing == ()
    assert judge().readiness.ready


def test_criteria_under_their_heading_become_the_tickets(judge: Assess) -> None:
    """Criteria and test cases of the body are kept where later stages read them."""
    body = "Intro\n\n## Acceptance Criteria:\n- [ ] first thing\n- second\n  goes on\n\n## Test cases\n1. empty cart\n"
    ticket = judge(body).ticket
    assert ticket.acceptance_criteria == ("first thing", "second goes on")
    assert ticket.test_cases == ("empty cart",)


def test_given_criteria_are_not_overwritten(judge: Assess) -> None:
    """The field wins over the body."""
    given = ("total() returns 0",)
    assert judge(acceptance_criteria=given).ticket.acceptance_criteria == given


@pytest.mark.parametrize(
    "criterion", ["works", "It works as expected.", "TBD", "done", "...", "everything should be fine", "N/A"]
)
def test_vague_criteria_do_not_count(judge: Assess, criterion: str) -> None:
    """What promises nothing is sent back, quoted."""
    readiness = judge("", acceptance_criteria=(criterion,)).readiness
    assert not readiness.ready
    assert any("acceptance criteria" in sentence and criterion in sentence for sentence in readiness.missing)


@pytest.mark.parametrize(
    "criterion", ["No warnings left", "`ruff check` passes", "空のカートの合計はゼロになる", "exit code 2"]
)
def test_short_but_clear_criteria_count(judge: Assess, criterion: str) -> None:
    """Few words, also without spaces between them, can be clear."""
    assert judge("", acceptance_criteria=(criterion,)).readiness.ready


def test_without_criteria_the_section_to_add_is_named(judge: Assess) -> None:
    """The author is told what to write and where."""
    (sentence,) = judge("Please.").readiness.missing
    assert "`## Acceptance criteria`" in sentence


@pytest.mark.parametrize(
    "question",
    ["- Which currency?", "- [ ] Which currency?", "* Which currency?\n  Euro or dollar?", "Which currency?"],
)
def test_an_open_question_stops_the_ticket(judge: Assess, question: str) -> None:
    """Bullets, boxes and plain sentences count."""
    readiness = judge(f"{CRITERIA}\n## Open questions\n{question}\n").readiness
    assert not readiness.ready
    assert "question" in readiness.missing[0].lower()


@pytest.mark.parametrize(
    "question",
    [
        "",
        "None.",
        "- none",
        "- [x] Which currency?",
        "- ~~Which currency?~~",
        "- Which currency? Answer: euro",
        "- Which currency? -> euro",
    ],
)
def test_settled_questions_do_not_stop_it(judge: Assess, question: str) -> None:
    """Struck, ticked, answered or no questions at all."""
    assert judge(f"{CRITERIA}\n## Open questions\n{question}\n").readiness.ready


@pytest.mark.parametrize("text", ["The limit is TBD.", "Rounds to ??? digits", "tbd"])
def test_marks_of_the_undecided_stop_it(judge: Assess, text: str) -> None:
    """TBD and ??? in the prose are open questions."""
    assert not judge(f"{text}\n\n{CRITERIA}").readiness.ready


@pytest.mark.parametrize("text", ["```\nprint('???')\n```", "The word `TBD` is printed", "<!-- TBD -->"])
def test_marks_in_code_and_comments_are_not_questions(judge: Assess, text: str) -> None:
    """Code and comments speak of other things."""
    assert judge(f"{text}\n\n{CRITERIA}").readiness.ready


def test_unticked_boxes_of_the_checklist_are_asked_for(judge: Assess) -> None:
    """Required ones stop the ticket, optional ones are only recommended."""
    body = f"{CRITERIA}\n## Agent Readiness\n- [x] scope is clear\n- [ ] design agreed\n- [ ] mock-up (optional)\n"
    readiness = judge(body).readiness
    assert [sentence for sentence in readiness.missing if "design agreed" in sentence]
    assert not any("scope" in sentence or "mock-up" in sentence for sentence in readiness.missing)
    assert any("mock-up" in sentence for sentence in readiness.recommended)


def test_a_dependency_that_exists_nowhere_is_a_mistake(judge: Assess) -> None:
    """Its id is named; open and done ones are fine here."""
    readiness = judge(depends_on=("done", "open", "t0"), known={"done": True, "open": False}).readiness
    (sentence,) = readiness.missing
    assert "`t0`" in sentence


def test_recommended_things_do_not_stop_it(judge: Assess) -> None:
    """Files, complexity and test cases help; without them the ticket is ready."""
    readiness = judge().readiness
    assert readiness.ready
    assert len(readiness.recommended) == 3
    full = judge(files=("src/shop/cart.py",), complexity=Size.SMALL, test_cases=("empty",)).readiness
    assert full.recommended == ()


def test_a_due_date_that_passed_is_mentioned(judge: Assess) -> None:
    """It may be a leftover."""
    assert any("due date" in s for s in judge(due=datetime(2026, 1, 1, tzinfo=UTC)).readiness.recommended)


def test_many_open_points_are_counted_not_listed(judge: Assess) -> None:
    """A hostile list does not become a hostile note."""
    body = f"{CRITERIA}\n## Open questions\n" + "- why?\n" * 5000
    missing = judge(body).readiness.missing
    assert len(missing) == 11
    assert "4990 more" in missing[-1]


def test_a_huge_hostile_body_is_read_quickly(judge: Assess) -> None:
    """A megabyte of nearly-lists, nearly-headings and nearly-fences takes no quadratic time."""
    for piece in (
        "# a" + " " * 50,
        "- x\n  y\n",
        "  y\n",
        "`",
        "<!--",
        "```\n",
        "a_" * 30,
        "- [ ] \n",
        "aaaa/",
    ):
        body = "- x\n" + piece * (900_000 // len(piece))
        judge(body)
