"""Notes, descriptions, names: what people read, and what hostile text can't do there."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_factory.model import block
from ci_factory.model.attempt import Attempt
from ci_factory.model.batch import PlannedTicket
from ci_factory.model.forge import MergeRequest, MergeRequestSpec, MergeRequestState
from ci_factory.model.gate import Advice, GateReport, ReviewFinding, Score, Severity
from ci_factory.model.ticket import Readiness, Ticket
from ci_factory.publishing import description, issue_notes, names, note
from ci_factory.publishing.description import Standing
from tests.publishing.conftest import BASE, NOW

GOLDEN = Path(__file__).parents[1] / "data" / "notes"
QUICK_ACTION = re.compile(r"^\s{0,3}/\w", re.MULTILINE)
MENTION = re.compile(r"(?<![\w`\\])@\w")


def golden(name: str, text: str) -> None:
    """Compare with a golden file."""
    assert text == (GOLDEN / name).read_text(encoding="utf-8")


def test_score_note_reads_as_agreed(
    planned: PlannedTicket, attempt: Attempt, report: GateReport, score: Score
) -> None:
    """The note on a blocked change is, byte for byte, the golden one."""
    golden("score.md", note.score_note(planned, attempt, report, score))


def test_a_reviewers_advice_is_shown_as_advice(
    planned: PlannedTicket, attempt: Attempt, report: GateReport, score: Score
) -> None:
    """Who, what it cost, and its words, none of which is obeyed."""
    found = ReviewFinding(severity=Severity.HIGH, message="/approve @root <b>|fine", path="a|b.py", line=3)
    said = Advice(agent="critic", points=5, most=10, summary="Closes #1\n/merge", findings=(found,))
    text = note.score_note(planned, attempt, report, score.model_copy(update={"advice": said}))
    section = text.split("### A reviewing agent's advice")[1].split("###")[0]
    assert "`critic` read the change. It took 5 of at most 10 points; nobody has checked" in section
    assert not QUICK_ACTION.search(section)
    assert not MENTION.search(section)
    assert "<b>" not in section
    assert "Closes #1" not in section
    assert '"advice_points":5' in text


def test_a_missing_review_is_told(
    planned: PlannedTicket, attempt: Attempt, report: GateReport, score: Score
) -> None:
    """With the reason, and that it cost nothing."""
    said = Advice(agent="critic", points=0, most=10, problem="the reviewer failed: exit code 3")
    text = note.score_note(planned, attempt, report, score.model_copy(update={"advice": said}))
    assert "None: the reviewer failed: exit code 3. That cost no points." in text


def test_description_reads_as_agreed(
    planned: PlannedTicket, attempt: Attempt, report: GateReport, score: Score
) -> None:
    """The description of a stacked change that is behind is, byte for byte, the golden one."""
    spec = MergeRequestSpec(
        ticket_id="6", source_branch="factory/6-round", target_branch="main", title="x", description="x"
    )
    below = MergeRequest(
        **spec.model_dump(),
        iid=5,
        state=MergeRequestState.OPENED,
        author="bot",
        head=BASE,
        created_at=NOW,
        updated_at=NOW,
    )
    standing = Standing(behind=2, below=below)
    golden("description.md", description.description(planned, attempt, report, score, standing))


def test_hostile_text_is_shown_and_not_obeyed(
    planned: PlannedTicket, attempt: Attempt, report: GateReport, score: Score
) -> None:
    """No quick action, mention, HTML or foreign closing keyword survives in note, description or title."""
    for text in (
        note.score_note(planned, attempt, report, score),
        description.description(planned, attempt, report, score, Standing()),
        description.title(planned),
    ):
        visible = re.sub(r"<!-- ci-factory:.* -->", "", text)
        assert not QUICK_ACTION.search(visible)
        assert not MENTION.search(visible)
        assert "<b>" not in visible
        assert "</details>" not in visible
        assert "loses #1" not in visible


def test_verdict_stands_first(
    planned: PlannedTicket, attempt: Attempt, report: GateReport, score: Score
) -> None:
    """The first line of the note is the verdict, whatever the findings say."""
    assert note.score_note(planned, attempt, report, score).startswith(
        "## ⛔ Blocked: a person must decide\n"
    )


def test_hidden_block_brings_the_score_back(
    planned: PlannedTicket, attempt: Attempt, report: GateReport, score: Score
) -> None:
    """Metrics can rebuild score, verdict and unknown cost from the note alone."""
    data = block.read(note.score_note(planned, attempt, report, score), "score")
    assert data is not None
    assert (data["score"], data["verdict"], data["usage"]["cost_usd"]) == (64, "blocked", None)
    assert data["components"]["tests"]["score"] is None


@given(st.dictionaries(st.text(max_size=20), st.text(max_size=60), max_size=5))
def test_blocks_survive_any_text(data: dict[str, str]) -> None:
    """Whatever is written into a block is read back, and never ends the comment early."""
    text = block.write("score", data)
    assert text.index("-->") == len(text) - 3
    assert block.read(f"before\n{text}\nafter", "score") == data


def test_readiness_note_says_what_is_missing() -> None:
    """A ticket is sent back with exactly what is missing."""
    text = issue_notes.readiness_note(Readiness(ready=False, missing=("Add acceptance criteria.",)))
    assert "- Add acceptance criteria" in text


@given(st.text(min_size=1, max_size=255).filter(lambda text: text.strip()))
def test_branch_names_are_always_safe(title: str) -> None:
    """A branch name is made of letters, digits and dashes, whatever the title."""
    assert re.fullmatch(r"factory/12-[a-z0-9-]{1,40}", names.branch(Ticket(id="12", title=title)))


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Fix the crash in export", "fix: Fix the crash in export (#12)"),
        ("Add a report", "feat: Add a report (#12)"),
        ("[skip ci] Update the docs", "docs: skip ci Update the docs (#12)"),
        ("Line\nbreak /merge", "feat: Line break /merge (#12)"),
    ],
)
def test_subjects_are_conventional(title: str, expected: str) -> None:
    """The commit's first line has a type, the title and the ticket, and can't skip pipelines."""
    assert names.subject(Ticket(id="12", title=title)) == expected


def test_commit_message_carries_the_trailers(attempt: Attempt, score: Score) -> None:
    """Trailers name agent, batch, generation, checkpoint and score."""
    message = names.commit_message(Ticket(id="7", title="Fix rounding"), attempt, score)
    assert message.splitlines()[2:] == [
        "Agent: amber",
        "Batch: 20260302-010000",
        "Generation-ID: 20260302-010000/7",
        "Checkpoint: C2",
        "Quality-Score: 64 (blocked)",
    ]
