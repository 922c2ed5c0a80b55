"""Parts of notes, descriptions and commit messages: what they say in each case, and how much of it at most."""

from datetime import timedelta
from typing import Any

import pytest

from ci_factory.config import EscalationConfig
from ci_factory.model.attempt import (
    Attempt,
    Checkpoint,
    CheckpointName,
    CheckpointStatus,
    Comprehension,
    CriterionAnswer,
    Escalation,
    Option,
    Plan,
    PlannedRisk,
    Trigger,
    Usage,
)
from ci_factory.model.batch import PlannedTicket
from ci_factory.model.gate import (
    Advice,
    Component,
    ComponentScore,
    Finding,
    GateReport,
    GateStatus,
    Reason,
    Region,
    ReviewFinding,
    Score,
    Severity,
    Verdict,
)
from ci_factory.model.publishing_settings import PublishingConfig
from ci_factory.model.ticket import Agreed, Priority, RiskCategory, RiskLevel, Ticket
from ci_factory.publishing import (
    comments,
    description,
    earlier_work,
    markdown,
    names,
    note,
    reminders,
    sections,
)
from ci_factory.publishing.answers import Answer, Choices, Question, agreed, by_hand, decision
from ci_factory.publishing.description import Standing
from ci_factory.publishing.replies import Part
from tests.publishing.conftest import NOW


def described(
    planned: PlannedTicket,
    attempt: Attempt,
    report: GateReport,
    score: Score,
    standing: Standing | None = None,
) -> str:
    """The description of a change."""
    return description.description(planned, attempt, report, score, standing or Standing())


def section(text: str, heading: str) -> list[str]:
    """Lines of one section, without empty ones."""
    return [line for line in text.split(f"{heading}\n")[1].split("\n#", maxsplit=1)[0].splitlines() if line]


def test_a_summary_says_whose_words_it_is(
    planned: PlannedTicket, attempt: Attempt, report: GateReport, score: Score
) -> None:
    """The agent's, or what was derived from the ticket; else it is the ticket's title."""
    criteria = (CriterionAnswer(criterion="It rounds", how=""), CriterionAnswer(criterion="A", how="B"))
    document = Comprehension(objective="Round", criteria=criteria)
    derived = Checkpoint(
        name=CheckpointName.C0, status=CheckpointStatus.PASSED, source="derived", comprehension=document
    )
    text = described(planned, attempt.model_copy(update={"checkpoints": (derived,)}), report, score)
    assert section(text, "## Summary") == ["Round _(derived from the ticket)_", "- It rounds", "- A: B"]
    bare = described(planned, attempt.model_copy(update={"checkpoints": ()}), report, score)
    assert section(bare, "## Summary")[0].startswith("Fix rounding")


@pytest.mark.parametrize(
    ("standing", "said"),
    [
        (Standing(behind=1), "Its base is 1 commit behind the target branch; it still merges."),
        (
            Standing(behind=3, conflicts=tuple(f"{letter}.py" for letter in "abcdefghijkl")),
            "Its base is 3 commits behind the target branch; it no longer merges: "
            + ", ".join(f"`{letter}.py`" for letter in "abcdefghij")
            + ".",
        ),
    ],
)
def test_a_description_says_how_far_behind_the_change_is(
    planned: PlannedTicket, attempt: Attempt, report: GateReport, score: Score, standing: Standing, said: str
) -> None:
    """And whether it still merges; ten files are named."""
    assert said in described(planned, attempt, report, score, standing).splitlines()


@pytest.mark.parametrize(
    ("count", "first", "rows"),
    [(0, "0 files, +3 -1 lines.", 0), (1, "1 file, +3 -1 lines.", 1), (40, "40 files, +3 -1 lines.", 40)],
)
def test_changed_files_are_listed(
    planned: PlannedTicket,
    attempt: Attempt,
    report: GateReport,
    score: Score,
    count: int,
    first: str,
    rows: int,
) -> None:
    """All of them, up to forty."""
    files = tuple(f"{number}.py" for number in range(count))
    text = described(planned, attempt, report.model_copy(update={"changed_files": files}), score)
    assert section(text, "## Changes") == [first, *(f"- `{number}.py`" for number in range(rows))]


def test_more_than_forty_files_are_counted(
    planned: PlannedTicket, attempt: Attempt, report: GateReport, score: Score
) -> None:
    """The rest has no names."""
    files = tuple(f"{number}.py" for number in range(43))
    text = described(planned, attempt, report.model_copy(update={"changed_files": files}), score)
    assert section(text, "## Changes")[-2:] == ["- `39.py`", "- … and 3 more"]


def test_risks_are_those_of_the_ticket_and_of_the_plan(
    planned: PlannedTicket, attempt: Attempt, report: GateReport, score: Score
) -> None:
    """With their categories, and the summary of the tests when that gate ran."""
    risk = PlannedRisk(category=RiskCategory.SECURITY, level=RiskLevel.HIGH, description="tokens are read")
    plan = Checkpoint(
        name=CheckpointName.C1, status=CheckpointStatus.PASSED, plan=Plan(steps=("x",), risks=(risk,))
    )
    known = planned.candidate.risk.model_copy(
        update={"categories": (RiskCategory.SECURITY, RiskCategory.PERFORMANCE)}
    )
    candidate = planned.candidate.model_copy(update={"risk": known})
    tests = report.gates[0].model_copy(update={"gate": "tests", "summary": "12 of 12 pass"})
    text = described(
        planned.model_copy(update={"candidate": candidate}),
        attempt.model_copy(update={"checkpoints": (plan,)}),
        report.model_copy(update={"gates": (tests,)}),
        score,
    )
    assert section(text, "## Risks") == [
        "**medium** (security, performance)",
        "- touches prices",
        "- security high: tokens are read",
    ]
    assert section(text, "## Testing") == ["12 of 12 pass"]


def test_a_title_names_its_ticket(planned: PlannedTicket) -> None:
    """At its end."""
    assert description.title(planned).endswith(" (#7)")


def test_what_a_person_has_to_look_at_is_listed_and_counted() -> None:
    """Twenty-five, and how many more."""
    assert sections.remarks(()) == []
    few = sections.remarks(("a", "b"))
    assert few == ["### Before it is merged, a person has to look at", "", "- a", "- b", ""]
    many = sections.remarks([str(number) for number in range(27)])
    assert many[-3:] == ["- 24", "- … and 2 more", ""]
    assert len(sections.remarks(["x"] * 25)) == 28


def finding(number: int, severity: Severity = Severity.LOW, **fields: Any) -> Finding:
    """A finding in a file of its own."""
    known = {"tool": "t", "rule": "r", "message": "m", "path": f"{number:02}.py", "fingerprint": str(number)}
    return Finding(severity=severity, **{**known, **fields})


def with_findings(report: GateReport, *found: Finding) -> GateReport:
    """The report with these findings only."""
    gate = report.gates[1].model_copy(update={"findings": found})
    return report.model_copy(update={"gates": (report.gates[0], gate)})


def test_findings_are_listed_worst_first_then_by_place(report: GateReport) -> None:
    """What was there before and what is suppressed is counted, and not listed."""
    found = (
        finding(2),
        finding(1, region=Region(line=9)),
        finding(1, region=Region(line=4), rule="b"),
        finding(1, region=Region(line=4), rule="a"),
        finding(1, help="Do x."),
        finding(7, Severity.CRITICAL),
        finding(8, is_new=False),
        finding(9, suppressed=True),
        finding(9, suppressed=True, is_new=False),
    )
    shown = with_findings(report, *found)
    assert sections.findings(shown)[1:] == [
        "### New findings (6)",
        "",
        "| severity | where | rule | what |",
        "| --- | --- | --- | --- |",
        "| critical | `07.py` | `t r` | m |",
        "| low | `01.py` | `t r` | m → Do x. |",
        "| low | `01.py:4` | `t a` | m |",
        "| low | `01.py:4` | `t b` | m |",
        "| low | `01.py:9` | `t r` | m |",
        "| low | `02.py` | `t r` | m |",
    ]
    assert sections.old_findings(shown) == ["", "_Findings: 2 from before not counted, 2 suppressed._"]
    assert sections.old_findings(with_findings(report)) == sections.findings(with_findings(report)) == []


def test_more_than_twenty_five_findings_are_counted(report: GateReport) -> None:
    """And exactly as many need no count."""
    exact = sections.findings(with_findings(report, *map(finding, range(25))))
    assert exact[-1] == "| low | `24.py` | `t r` | m |"
    more = sections.findings(with_findings(report, *map(finding, range(27))))
    assert more[-2:] == ["| low | `24.py` | `t r` | m |", "\n_27 new findings in all, the worst 25 shown._"]


def test_reasons_are_listed_and_counted() -> None:
    """A remark costs nothing; twenty-five are shown."""
    remark = Reason(component=Component.TESTS, points=0, message="m")
    assert sections.reasons(()) == []
    assert sections.reasons((remark,)) == [
        "",
        "### Why not 100",
        "",
        "| component | lost | where | why |",
        "| --- | --- | --- | --- |",
        "| tests | - | - | m |",
    ]
    assert "shown" not in sections.reasons([remark] * 25)[-1]
    assert sections.reasons([remark] * 26)[-1] == "\n_26 reasons in all, 25 shown._"


def test_an_advice_is_told_worst_first(score: Score) -> None:
    """With what it cost, and where; a summary and a table only where there is one."""
    found = (
        ReviewFinding(severity=Severity.LOW, message="small"),
        ReviewFinding(severity=Severity.HIGH, message="big", path="a.py", line=3),
    )
    said = Advice(agent="critic", points=6, most=10, summary="Mind the rest.", findings=found)
    cost = "It took 6 of at most 10 points; nobody has checked what it says."
    assert sections.advice(score.model_copy(update={"advice": said})) == [
        "",
        "### A reviewing agent's advice",
        "",
        f"`critic` read the change. {cost}\n\nMind the rest.",
        "",
        "| severity | where | what |",
        "| --- | --- | --- |",
        "| high | `a.py:3` | big |",
        "| low | - | small |",
    ]
    bare = Advice(agent="critic", points=0, most=10)
    assert len(sections.advice(score.model_copy(update={"advice": bare}))) == 4
    assert sections.advice(score) == []


def test_components_are_told_unless_they_weigh_and_know_nothing(score: Score) -> None:
    """Policy has neither weight nor score."""
    policy = ComponentScore(score=None, weight=0, status=GateStatus.PASS)
    free = ComponentScore(score=70, weight=0, status=GateStatus.PASS)
    parts = {Component.POLICY: policy, Component.DOCUMENTATION: free}
    rows = sections.components(score.model_copy(update={"components": parts}))
    assert rows[4:] == ["| documentation | 70 | 0 | 0.0 |"]


def test_what_was_not_judged_is_unknown(score: Score) -> None:
    """A score without points, and trees that nobody knows."""
    unknown = score.model_copy(
        update={"score": None, "tree": None, "base": None, "verdict": Verdict.INCONCLUSIVE}
    )
    assert sections.verdict(unknown) == [
        "## ❔ Inconclusive: something could not be measured",
        "",
        "**Score unknown (threshold 80).** Find out why a gate could not measure; what was not measured was not judged.",
    ]
    assert sections.judged(unknown) == [
        "Judged: tree `unknown` on base `unknown`, configuration `eeeeeeeeeeee`."
    ]


@pytest.mark.parametrize(
    ("usage", "cells"),
    [
        (Usage(), ["unknown, unknown", "unknown", "unknown"]),
        (Usage(input_tokens=0, output_tokens=1_200, calls=3_000, cost_usd=0), ["0, 1,200", "3,000", "$0.00"]),
        (Usage(cost_usd=0.009), ["unknown, unknown", "unknown", "less than $0.01"]),
        (Usage(cost_usd=0.01), ["unknown, unknown", "unknown", "$0.01"]),
    ],
)
def test_what_an_agent_used_is_told_and_unknown_is_not_zero(
    planned: PlannedTicket, attempt: Attempt, report: GateReport, score: Score, usage: Usage, cells: list[str]
) -> None:
    """Tokens, calls to the model, cost."""
    rows = section(
        note.score_note(planned, attempt.model_copy(update={"usage": usage}), report, score), "### Generation"
    )
    told = dict(row.strip("| ").split(" | ") for row in rows if row.startswith("| "))
    assert [told["tokens in, out"], told["model calls"], told["cost"]] == cells


def test_a_generation_without_runs_says_so(
    planned: PlannedTicket, attempt: Attempt, report: GateReport, score: Score
) -> None:
    """No attempt, no time, no sandbox, no prompt; a known prompt is told with its version."""
    bare = attempt.model_copy(update={"runs": (), "prompt_hash": None, "model": "m-1"})
    text = note.score_note(planned, bare, report, score)
    told = dict(row.strip("| ").split(" | ") for row in section(text, "### Generation")[2:])
    assert told["attempts, rounds"] == "0, 0"
    assert (told["model"], told["agent time"], told["sandbox"], told["prompt"]) == (
        "`m-1`",
        "0 s",
        "unknown",
        "none",
    )
    versioned = note.score_note(
        planned, attempt.model_copy(update={"prompt_hash": "v3:" + "d" * 64}), report, score
    )
    assert "| prompt | `v3 dddddddddddd` |" in versioned.splitlines()


def answered(**fields: Any) -> Answer:
    """Two people said something."""
    known: dict[str, Any] = {"users": ("ann", "ben"), "at": NOW, "text": "said", "option": None}
    return Answer(**{**known, **fields})


@pytest.mark.parametrize(
    ("given", "what"),
    [
        (answered(), "an answer in their own words"),
        (answered(option=2), "option 2"),
        (answered(option=2, parts={2: Part(None, "x"), 1: Part(2, "")}), "1b, 2 in their own words"),
    ],
)
def test_an_answer_is_thanked_for(given: Answer, what: str) -> None:
    """By those who gave it, with what they chose."""
    assert reminders.thanks(given) == f"Answered by ann, ben: {what}. The next batch goes on with it.\n"
    assert reminders.taken_over(given, hold="factory::hold", ready="ready") == (
        f"Answered by ann, ben: {what}: it is done by hand. The factory leaves the ticket alone from now on, "
        "which the label `factory::hold` shows. To give it back, take that label away and add `ready`.\n"
    )


def test_open_questions_are_named() -> None:
    """With an example of a reply; what was answered is told where something was."""
    how = "no answer yet, and nothing is assumed.\n\nReply with the number of the question and the letter of an option, such as"
    words = "or with the number, a colon and your own words."
    assert reminders.still_open(answered(open=(2,))) == f"Question 2 has {how} `2a`, {words}\n"
    some = answered(parts={1: Part(1, "")}, open=(2, 3, 4, 5))
    assert reminders.still_open(some) == (
        f"Answered by ann, ben: 1a. Questions 2, 3, 4, 5 have {how} `2a, 3a, 4a`, {words}\n"
    )


def test_a_question_that_was_asked_again_says_when() -> None:
    """What was said before does not answer it."""
    assert reminders.renewed(Question(10, NOW, Priority.HIGH, 2)) == (
        "The question on this ticket was asked on 2026-03-02 at 06:00 UTC and waits for an answer. "
        "What was said before that does not answer it.\n"
    )


def test_the_limit_itself_is_a_reason_to_remind() -> None:
    """At the very end of it, and not a second before."""
    asked, limits = Question(10, NOW, Priority.HIGH, 2), EscalationConfig()
    end = NOW + timedelta(hours=limits.standard_hours)
    assert reminders.reminder(asked, limits, end) is not None
    assert reminders.reminder(asked, limits, end - timedelta(seconds=1)) is None


def test_parts_of_a_question_decide_each_for_itself() -> None:
    """One of them is done by hand; an option that says no covers words only."""
    matters = (
        Choices(2, ("Yes", "No"), declines=frozenset({2})),
        Choices(2, ("Go",), by_hand=frozenset({2})),
    )
    scopes: Any = [{"trigger": "security"}, {"trigger": "api"}]
    asked = Question(
        10, NOW, Priority.HIGH, 2, matters=matters, asked=tuple(map(Agreed.model_validate, scopes))
    )
    no = answered(parts={1: Part(2, "not now"), 2: Part(1, "")}, text="1b not now, 2a")
    assert by_hand(asked, no) is False
    assert by_hand(asked, answered(parts={2: Part(2, "")})) is True
    assert by_hand(asked, answered(parts={1: Part(2, "")})) is False
    assert [each.words_only for each in agreed(asked, no)] == [True, False]
    assert [each.words_only for each in agreed(asked, None)] == [False, False]
    assert (
        decision(asked, no).text
        == "Question 1: No; not now\nQuestion 2: Go\n\nAll that was said:\n\n1b not now, 2a"
    )
    beyond = answered(parts={2: Part(2, "")}, text="2b")
    assert decision(asked, beyond).text == "Question 2: \n\nAll that was said:\n\n2b"


@pytest.mark.parametrize(("option", "choice"), [(1, "First"), (2, "Second"), (3, ""), (None, "")])
def test_a_decision_has_the_words_of_the_option_that_was_named(option: int | None, choice: str) -> None:
    """Where the note tells them."""
    asked = Question(10, NOW, Priority.HIGH, 3, choices=("First", "Second"), by_hand=frozenset({2}))
    given = answered(option=option)
    assert decision(asked, given).choice == choice
    assert by_hand(asked, given) is (option == 2)


def test_the_next_attempt_is_told_what_was_asked(attempt: Attempt) -> None:
    """Summary, reason, questions and numbered options, and why a change was not published."""
    asked = Escalation(
        ticket_id="7",
        agent="amber",
        trigger=Trigger.SECURITY,
        summary="It changes logins.",
        why="sensitive area",
        blocking_factor="a decision",
        options=(Option(title="Do it"), Option(title="Leave it")),
        recommendation="Leave it",
        questions=("Which hash?",),
        priority=Priority.HIGH,
        raised_at=NOW,
    )
    known = earlier_work.of(attempt.model_copy(update={"escalation": asked}), job=5)
    assert known.question == "It changes logins.\nsensitive area\nWhich hash?\n1. Do it\n2. Leave it"
    assert (known.reason, known.rounds, known.job) == ("all gates pass", 2, 5)
    refused = earlier_work.of(attempt, refused="a symbolic link")
    assert (refused.reason, refused.question) == ("its change was not published: a symbolic link", "")


def test_documents_that_are_too_long_are_left_out_of_the_line(attempt: Attempt) -> None:
    """They are asked for again."""
    long = Comprehension(objective="x" * earlier_work.MAX_CHARACTERS)
    held = Checkpoint(name=CheckpointName.C0, status=CheckpointStatus.PASSED, comprehension=long)
    line = earlier_work.line(attempt.model_copy(update={"checkpoints": (held,)}))
    assert 0 < len(line) < 1_000
    assert "checkpoints" not in line


def test_a_comment_says_severity_rule_and_what_to_do(report: GateReport) -> None:
    """One for each finding with a line, the worst first; the same finding of two gates is one."""
    low = finding(1, region=Region(line=4), help="Do x.")
    high = finding(2, Severity.HIGH, region=Region(line=9))
    found = with_findings(
        report, low, high, high, finding(3), finding(4, region=Region(line=1), is_new=False)
    )
    told = comments.inline_comments(found, PublishingConfig())
    assert [(each.path, each.line, each.body) for each in told] == [
        ("02.py", 9, "**high** `t r`: m\n"),
        ("01.py", 4, "**low** `t r`: m → Do x.\n"),
    ]


def test_a_long_document_is_cut_at_a_line() -> None:
    """And says so; one that just fits is whole."""
    fits = "x" * (markdown.NOTE_LIMIT - 1)
    assert markdown.document([fits]) == f"{fits}\n"
    cut = markdown.document(["first", "y" * markdown.NOTE_LIMIT])
    assert cut == f"first\n\n_Cut here: {markdown.NOTE_LIMIT + 7} characters in all._\n"


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("x" * 100, f"feat: {'x' * 59}… (#12)"),
        ("x" * 60, f"feat: {'x' * 60} (#12)"),
        ("Speed up the export", "perf: Speed up the export (#12)"),
        ("Rename the module", "refactor: Rename the module (#12)"),
        ("More tests for totals", "test: More tests for totals (#12)"),
        ("Typo in the manual", "docs: Typo in the manual (#12)"),
        ("Wrong totals and a typo", "fix: Wrong totals and a typo (#12)"),
    ],
)
def test_a_subject_fits_into_seventy_two_characters(title: str, expected: str) -> None:
    """Its type comes from the words of the title, a mistake before anything else."""
    assert names.subject(Ticket(id="12", title=title)) == expected
    assert len(expected) <= 72


@pytest.mark.parametrize(
    ("text", "slug"),
    [("Füge Ärger hinzu!", "fuge-arger-hinzu"), ("日本", "change"), ("a" * 39 + " b", "a" * 39)],
)
def test_a_slug_is_words_of_ascii(text: str, slug: str) -> None:
    """At most forty characters, and never empty."""
    assert names.slug(text) == slug


def test_a_commit_message_says_what_is_unknown(attempt: Attempt, score: Score) -> None:
    """No score, no checkpoint passed; the prompt's version and the beginning of its hash where they are known."""
    bare = attempt.model_copy(update={"checkpoints": (), "prompt_hash": "v3:" + "d" * 64})
    message = names.commit_message(
        Ticket(id="7", title="Fix rounding"), bare, score.model_copy(update={"score": None})
    )
    assert message.splitlines()[5:] == [
        "Prompt: v3:dddddddddddd",
        "Checkpoint: none",
        "Quality-Score: unknown (blocked)",
    ]
    assert names.is_of_ticket(message, "7")
    assert not names.is_of_ticket(message, "8")
    assert not names.is_of_ticket(f"{message}Generation-ID: other/7\n", "7")
