"""What the queue says of people and changes, to the word, and where its numbers turn."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ci_factory import config as configuration
from ci_factory.config import Config
from ci_factory.model.forge import Approval
from ci_factory.model.review import ReviewQueue
from ci_factory.model.review_settings import ReviewConfig
from ci_factory.model.ticket import Size
from ci_factory.review import capacity, codeowners, pace
from ci_factory.review.desks import Desks
from ci_factory.review.pace import Decision, Pace
from ci_factory.review.queue import build_queue
from ci_factory.review.render import queue_markdown
from ci_factory.review.reviewers import Choice, choose, moved
from ci_factory.review.subject import ReviewSubject

Subject = Callable[..., ReviewSubject]
NOW = datetime(2026, 3, 3, 8, tzinfo=UTC)
FREE = "nothing else waits for them"
AREA = "sensitive: [{{paths: [src/], reviewers: [{0}]}}]\nreview: {{reviewers: [ann]{1}}}"


def desks(config: Config, strangers: tuple[str, ...] = (), **open_ones: int) -> Desks:
    """With so many merge requests of five minutes open already."""
    made = Desks(config, NOW, strangers)
    for name, count in open_ones.items():
        for _ in range(count):
            made.assign(name, 5)
    return made


def chosen(change: ReviewSubject, text: str, why: str | None = None, **known: Any) -> Choice:
    """The reviewer by a configuration."""
    config = configuration.parse(text)
    return choose(change, desks(config, **known), config, why)


def test_whom_ownership_names_is_told_with_it(subject: Subject) -> None:
    """By CODEOWNERS, by recent work, or because nobody owns it."""
    text = "review: {reviewers: [ann]}"
    files = ("src/a.py", "src/b.py", "c.md")
    owned = subject(files=files, owners={"src/a.py": ("@ben",), "src/b.py": ("@ben",)})
    assert chosen(owned, text).reason == f"owns 2 of 3 files by CODEOWNERS; {FREE}"
    worked = subject(
        files=files, recent_authors={"src/a.py": ("eve", "dan"), "src/b.py": ("fay", "gus", "dan")}
    )
    assert chosen(worked, text).reason == f"changed these files recently; {FREE}"
    assert (
        chosen(subject(), text, ann=2).reason == "reviews what nobody owns; 2 more, 10 minutes, wait for them"
    )


def test_older_work_counts_less(subject: Subject) -> None:
    """Third in two files is less than first in one."""
    authors = {"a": ("eve", "x1", "dan"), "b": ("y1", "y2", "dan")}
    assert chosen(subject(files=("a", "b"), recent_authors=authors), "review: {}").reviewer == "eve"


def test_a_required_reviewer_is_told_with_the_area(subject: Subject) -> None:
    """And when they are over their limit, as nobody else may."""
    assert chosen(subject(), AREA.format("sam", "")).reason.endswith(f"src/; {FREE}")
    full = chosen(subject(), AREA.format("sam", ", max_open: 1"), sam=1)
    assert full.reason.endswith("1 more, 5 minutes, wait for them; over their limit of 1, as nobody else may")
    question = chosen(subject(merge_request=None), AREA.format("sam", ", max_open: 1"), sam=1)
    assert question.reason.endswith("1 more, 5 minutes, wait for them")


def test_who_was_passed_over_is_told_with_the_reason(subject: Subject) -> None:
    """Strangers, absent ones, those at their limit; five of them, and how many more."""
    text = (
        "review: {reviewers: [ann, ben, cat, dan, eve, fay, gus], "
        "people: {ben: {absent: [2026-03-01..2026-03-09]}, cat: {max_open: 0}}}"
    )
    strangers = "; ".join(f"{name}: no member of the project" for name in ("dan", "eve", "fay"))
    passed = f"{FREE}; passed over ben: absent, back 2026-03-10; cat: 0 open, limit 0; {strangers}"
    five = chosen(subject(), text, strangers=("dan", "eve", "fay"))
    assert five.reason == f"reviews what nobody owns; {passed}"
    six = chosen(subject(), text, strangers=("dan", "eve", "fay", "gus"))
    assert six.reason == f"reviews what nobody owns; {passed}; and 1 more"


def test_somebody_who_is_away_for_good_is_told_so() -> None:
    """Without a day on which they are back."""
    config = configuration.parse("review: {people: {ben: {absent: [2026-01-01..2099-01-01]}}}")
    assert desks(config).hindrance("ben", merge_request=True) == "absent, not back in sight"


def test_why_a_named_reviewer_does_not_stay(subject: Subject) -> None:
    """Somebody else was asked for, it is their own change, or they are away for longer than there is time."""
    config = configuration.parse("review: {people: {ben: {absent: [2026-03-03..2026-03-04]}}}")
    there, due = desks(config), datetime(2026, 3, 5, tzinfo=UTC)
    assert moved(subject(), there, due) is None
    assert moved(subject(reviewer="ann"), there, due) == ""
    assert moved(subject(reviewer="ann", reassign=True), there, due) == "somebody else than ann was asked for"
    own = moved(subject(reviewer="ann", author="Ann"), there, due)
    assert own == "ann may not review their own change"
    absent = subject(reviewer="ben")
    assert moved(absent, there, due) == ""
    assert (
        moved(absent, there, due - timedelta(seconds=1))
        == "was ben's, who is absent, back 2026-03-05, after the time limit"
    )


def test_who_stays_is_told_with_their_absence(subject: Subject) -> None:
    """When they are back before the time limit."""
    text = "review: {people: {ben: {absent: [2026-03-03..2026-03-04]}}}"
    back = "named on the merge request; absent, back 2026-03-05, before the time limit"
    assert chosen(subject(reviewer="ben"), text, why="").reason == back
    assert chosen(subject(reviewer="ann"), text, why="").reason == "named on the merge request"


def test_a_change_that_nobody_else_can_take_stays_until_then(subject: Subject) -> None:
    """Although somebody else was asked for."""
    change = subject(reviewer="ann", reassign=True)
    choice = chosen(change, "review: {reviewers: [ann]}", why="somebody else than ann was asked for")
    assert choice.reviewer == "ann"
    assert choice.reason.startswith("somebody else than ann was asked for; ")
    assert choice.reason.endswith("; until then ann stays")


def test_a_further_review_that_nobody_can_give_says_what_to_do(subject: Subject) -> None:
    """The reviewers are away, or a group without known members."""
    approved = (Approval(user="ann", head="a" * 40, at=NOW),)
    away = AREA.format("sam", ", people: {sam: {absent: [2026-03-01..2026-03-09]}}")
    (needed,) = chosen(subject(reviewer="ann", approvals=approved), away, why="").also_needed
    assert needed.name is None
    assert needed.reason.endswith(
        "src/: sam absent, back 2026-03-10; name another reviewer for it in the configuration, or wait"
    )
    (unknown,) = chosen(
        subject(reviewer="ann"), AREA.format('"@shop/web", "@shop/db"', ""), why=""
    ).also_needed
    assert unknown.reason.endswith(
        "src/: nobody of @shop/web, @shop/db is known, add members to `review.groups`"
    )
    (own,) = chosen(subject(reviewer="ann", author="sam"), AREA.format("sam", ""), why="").also_needed
    assert "src/: sam may not review it; name another" in own.reason


@pytest.mark.parametrize(
    ("waited", "shown"),
    [(timedelta(minutes=59), "0 h"), (timedelta(hours=47.5), "47 h"), (timedelta(hours=48), "2 d"), (-timedelta(hours=3), "0 h"), (timedelta(days=3.9), "3 d")],
)  # fmt: skip
def test_an_age_is_told_in_hours_then_in_days(subject: Subject, waited: timedelta, shown: str) -> None:
    """From two days on."""
    queue = build_queue([subject(opened_at=NOW - waited)], config=Config(), now=NOW)
    row = queue_markdown(queue, NOW).splitlines()[6]
    assert row.split(" | ")[7].removesuffix(" **late**") == shown


def test_a_queue_for_nobody_says_so(subject: Subject) -> None:
    """Without a reviewer, and without anything that waits."""
    queue = build_queue([subject()], config=Config(), now=NOW)
    assert "| nobody (" in queue_markdown(queue, NOW)
    empty = "# Review queue\n\nNothing waits for a person.\n"
    assert queue_markdown(build_queue([], config=Config(), now=NOW), NOW) == empty


@pytest.mark.parametrize(
    ("file", "path", "owners"),
    [
        ("# @no\n\n*.py @ann # @ben", "a.py", ("@ann",)),
        ("*", "a.py", ()),
        ("* @ann", "deep/a.py", ("@ann",)),
        ("/**/**/x.py @ann", "a/b/x.py", ("@ann",)),
        ("/**/**/x.py @ann", "x.py", ("@ann",)),
    ],
)
def test_owners_of_a_file(file: str, path: str, owners: tuple[str, ...]) -> None:
    """Comments count nowhere, `*` is every file, and folders in between are any number."""
    assert codeowners.parse(file).owners(path) == owners


def test_what_is_open_is_gathered_by_reviewer(subject: Subject) -> None:
    """What has no reviewer is nobody's."""
    config = Config(review=ReviewConfig(reviewers=("ann",)))
    queue = build_queue([subject("t1"), subject("t2", merge_request=2)], config=config, now=NOW)
    nobody = queue.items[0].model_copy(update={"reviewer": None})
    mixed = ReviewQueue.model_validate(
        {**queue.model_dump(), "items": [*queue.model_dump()["items"], nobody.model_dump()]}
    )
    minutes = [float(item.expected_minutes) for item in queue.items]
    assert capacity.open_minutes(mixed) == {"ann": minutes}


def sitting(count: int, minutes: float) -> list[Decision]:
    """Decisions of one person, so many minutes apart."""
    return [
        Decision("ann", NOW + timedelta(minutes=minutes * place), Size.SMALL, 1) for place in range(count)
    ]


def test_ten_reviews_are_enough_and_an_hour_is_one_sitting() -> None:
    """Nine pairs teach nothing; what is further apart than an hour is no pair."""
    assert pace.pace(sitting(10, 10)) == Pace(reviews=9)
    assert pace.pace(sitting(11, 10)).reviews == 10
    assert pace.pace(sitting(11, 10)).factor != 1
    assert pace.pace(sitting(11, 60)).reviews == 10
    assert pace.pace(sitting(11, 60.1)).reviews == 0
    assert pace.pace(sitting(11, 0)).reviews == 0
