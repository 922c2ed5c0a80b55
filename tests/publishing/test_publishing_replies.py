"""Several questions in one note: how they read, and what a reply says to which of them."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_factory.model.attempt import Attempt, Ending, Escalation, Matter, Option, Trigger
from ci_factory.model.forge import Note, Role
from ci_factory.model.ticket import Agreed, Priority
from ci_factory.publishing import answers, issue_notes, reminders
from ci_factory.publishing.replies import Part, parts
from tests.publishing.conftest import NOW, note

GOLDEN = Path(__file__).parents[1] / "data" / "notes"
OURS = "factory-bot"
ESCALATION = Escalation(
    ticket_id="7",
    agent="amber",
    trigger=Trigger.ARCHITECTURE,
    summary="the change adds the dependency httpx (pyproject.toml:7)",
    why="adds the dependency httpx (pyproject.toml:7)",
    blocking_factor="the factory does not decide this on its own",
    options=(
        Option(title="Take it"),
        Option(title="Do without", declines=True),
        Option(title="By hand", by_hand=True),
    ),
    recommendation="take it when it is maintained",
    questions=("Which version? Closes #1",),
    files=("pyproject.toml",),
    further=(
        Matter(
            trigger=Trigger.DATA,
            summary="the change adds a field of personal data (shop/member.py:4) @all",
            why="adds a field",
            blocking_factor="the factory does not decide this on its own",
            options=(Option(title="Go on"), Option(title="Leave it")),
            recommendation="ask whoever answers for data protection",
            files=("shop/member.py",),
        ),
    ),
    agreed=(Agreed(trigger="security"),),
    tried="1 calls of the agent",
    priority=Priority.HIGH,
    raised_at=NOW,
)


@pytest.fixture
def asked(attempt: Attempt) -> Note:
    """Our note with two questions."""
    ended = attempt.model_copy(update={"ending": Ending.ESCALATED})
    return note(10, OURS, issue_notes.escalation_note(ESCALATION, ended))


def pick(asked: Note, *replies: tuple[str, str]) -> tuple[answers.Question, answers.Answer | None]:
    """The question, and what (author, reply) make of it."""
    notes = [asked, *(note(11 + at, who, text, 1 + at) for at, (who, text) in enumerate(replies))]
    found = answers.question(notes, ours=OURS)
    assert found is not None
    roles: dict[str, Role | None] = {"dev": Role.DEVELOPER, "owner": Role.OWNER, "guest": Role.GUEST}
    return found, answers.answer(notes, found, roles, least=Role.DEVELOPER, ours=OURS)


def test_several_questions_read_as_agreed(asked: Note) -> None:
    """The note with two questions is, byte for byte, the golden one."""
    assert asked.body == (GOLDEN / "escalation-several.md").read_text("utf-8")


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        ("1a, 2b", {1: (1, ""), 2: (2, "")}),
        ("1: b, 2: keep the old name", {1: (2, ""), 2: (None, "keep the old name")}),
        ("- **1a**, but pin it\n- 2c", {1: (1, "but pin it"), 2: (3, "")}),
        ("all a", {1: (1, ""), 2: (1, "")}),
        ("1: a new one is worse", {1: (None, "a new one is worse")}),
        ("> 1a\n2b", {2: (2, "")}),
        ("1a 2b", {1: (1, ""), 2: (2, "")}),
        ("1, 2 ok", {}),
        ("2 files only", {}),
        ("go on", {}),
        ("1z, 3a, 10: 30", {}),
    ],
)
def test_a_reply_says_which_question_it_answers(reply: str, said: dict[int, tuple[int | None, str]]) -> None:
    """A number with a letter or a colon names a question; numbers in prose and article letters do not."""
    assert {number: (each.option, each.text) for number, each in parts([reply], [3, 3]).items()} == said


@given(st.text(max_size=60), st.integers(1, 4), st.integers(1, 4))
def test_no_reply_names_what_was_not_asked(text: str, questions: int, options: int) -> None:
    """Whatever is written, only offered options of asked questions come out."""
    for number, part in parts([text], [options] * questions).items():
        assert 1 <= number <= questions
        assert part.option is None or 1 <= part.option <= options
        assert part.option is not None or part.text


def test_the_answer_is_whole_when_every_question_has_one(asked: Note) -> None:
    """Replies of several people add up; who may not answer adds nothing."""
    _, some = pick(asked, ("dev", "1a"), ("guest", "2a"))
    assert some is not None
    assert (some.open, some.parts) == ((2,), {1: Part(1, "")})
    assert "Question 2 has no answer yet" in reminders.still_open(some)
    question, whole = pick(asked, ("dev", "1a, but pin it"), ("guest", "2b"), ("owner", "2: only the year"))
    assert whole is not None
    assert (whole.open, whole.users) == ((), ("dev", "owner"))
    told = answers.decision(question, whole)
    assert told.text.startswith("Question 1: Take it; but pin it\nQuestion 2: only the year\n")
    assert "1a, 2 in their own words" in reminders.thanks(whole)


def test_words_that_name_no_question_answer_none(asked: Note) -> None:
    """Nothing is assumed from a reply without a number."""
    _, found = pick(asked, ("dev", "sounds good"))
    assert found is not None
    assert found.open == (1, 2)
    assert "`1a, 2a`" in reminders.still_open(found)


def test_any_part_by_hand_takes_the_ticket(asked: Note) -> None:
    """Who does one part by hand does the ticket."""
    question, found = pick(asked, ("dev", "1c, 2a"))
    assert found is not None
    assert answers.by_hand(question, found)


def test_a_yes_covers_what_was_asked_and_what_was_agreed_before(asked: Note) -> None:
    """Triggers and files of each question; a no settles the words of the ticket alone."""
    question, found = pick(asked, ("dev", "1b, 2a"))
    assert answers.agreed(question, found) == (
        Agreed(trigger="security"),
        Agreed(trigger="architecture", files=("pyproject.toml",), words_only=True),
        Agreed(trigger="data", files=("shop/member.py",)),
    )
    assert not any(each.words_only for each in answers.agreed(question, None))
