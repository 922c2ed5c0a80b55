"""A whole queue, line by line, and what holds of every queue."""

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ci_factory import config as configuration
from ci_factory.model.forge import Approval
from ci_factory.model.gate import Verdict
from ci_factory.model.review_settings import bare
from ci_factory.model.ticket import Priority, Size
from ci_factory.review import working_time
from ci_factory.review.queue import build_queue
from ci_factory.review.subject import Asked, ReviewSubject

Subject = Callable[..., ReviewSubject]
NOW = datetime(2026, 3, 5, 8, 30, tzinfo=UTC)
CONFIG = configuration.parse("""
sensitive:
  - {paths: [src/auth/], reviewers: [sam, sue]}
  - {paths: [db/], category: data, reviewers: [dan]}
review:
  reviewers: [ann, ben]
  hours: "09:00-12:30, 13:30-17:30"
  timezone: Europe/Berlin
  max_open: 3
  groups: {shop/backend: [ann, eve]}
  people:
    sam: {absent: [2026-03-02..2026-03-10]}
    eve: {timezone: America/New_York}
""")


def approved(user: str) -> tuple[Approval, ...]:
    """One approval of the present head."""
    return (Approval(user=user, head="a" * 40, at=datetime(2026, 3, 4, 12, tzinfo=UTC)),)


def test_order_and_reviewers_are_as_the_table_says(subject: Subject) -> None:
    """Each line has its place, its reviewer, and the reasons for both."""
    early, tuesday = datetime(2026, 3, 5, 5, tzinfo=UTC), datetime(2026, 3, 3, 9, tzinfo=UTC)
    waiting = [
        subject("typo", priority=Priority.LOW, merge_request=9, score=99, size=Size.TRIVIAL, lines=1, opened_at=early),
        subject("big", merge_request=4, score=None, verdict=None, size=Size.LARGE, lines=900, opened_at=early),
        subject("question", merge_request=None, escalated=True, score=None, verdict=None, opened_at=early),
        subject("export", merge_request=6, reviewer="ben", approvals=approved("ben"), opened_at=tuesday),
        subject("search", merge_request=7, reviewer="ann", asked=Asked("ann", tuesday), opened_at=tuesday),
        subject("carts", priority=Priority.HIGH, merge_request=8, files=("src/auth/x.py",), reviewer="sam", opened_at=early),
        subject("prices", priority=Priority.CRITICAL, merge_request=2, opened_at=datetime(2026, 3, 4, 9, tzinfo=UTC)),
        subject(
            "session", priority=Priority.HIGH, merge_request=1, security_findings=1, verdict=Verdict.BLOCKED,
            files=("src/auth/session.py", "db/4.sql"), lines=140, opened_at=early,
        ),
        subject(
            "button", priority=Priority.LOW, merge_request=3, score=97.5, size=Size.TRIVIAL, lines=4,
            files=("web/a.js",), owners={"web/a.js": ("@shop/backend",)}, opened_at=early,
        ),
    ]  # fmt: skip
    gone = "was sam's, who is absent, back 2026-03-11, after the time limit"
    table = [
        ("session", "dan", 21, "1 security finding; due 2026-03-06 09:30 Europe/Berlin, 7.5 working h left",
         "required for data area db/; nothing else waits for them; passed over sam: absent, back 2026-03-11"),
        ("prices", "ann", 12, "priority critical; due 2026-03-04 15:00 Europe/Berlin, late by 3 working h",
         "reviews what nobody owns; 1 more, 12 minutes, wait for them"),
        ("carts", "sue", 12, "priority high; due 2026-03-06 09:30 Europe/Berlin, 7.5 working h left",
         f"{gone}; required for security area src/auth/; 1 more, 21 minutes, wait for them"),
        ("typo", "ben", 2, "passed with 99, above 90; due 2026-03-18 14:30 Europe/Berlin, 71.5 working h left",
         "reviews what nobody owns; 1 more, 12 minutes, wait for them"),
        ("button", "eve", 2, "passed with 97.5, above 90; due 2026-03-18 14:30 America/New_York, 72 working h left",
         "owns 1 of 1 files by CODEOWNERS; nothing else waits for them"),
        ("question", "ben", 5, "a question waits for an answer; due 2026-03-10 10:30 Europe/Berlin, 23.5 working h left",
         "reviews what nobody owns; 2 more, 14 minutes, wait for them"),
        ("export", "ben", 12, "none of the tiers above; due 2026-03-06 11:30 Europe/Berlin, 9.5 working h left",
         "named on the merge request"),
        ("search", "ann", 12, "none of the tiers above; due 2026-03-06 11:30 Europe/Berlin, 9.5 working h left",
         "named on the merge request"),
        ("big", "ann", 135, "none of the tiers above; due 2026-03-10 10:30 Europe/Berlin, 23.5 working h left",
         "reviews what nobody owns; 2 more, 24 minutes, wait for them"),
    ]  # fmt: skip
    queue = build_queue(waiting, config=CONFIG, now=NOW)
    said = [
        (item.ticket_id, item.reviewer, item.expected_minutes, item.reason, item.reviewer_reason)
        for item in queue.items
    ]
    assert said == table
    assert [(item.ticket_id, item.further) for item in queue.items if item.further] == [
        ("session", "also sue (required for security area src/auth/)")
    ]
    assert {desk.name: (desk.merge_requests, desk.minutes, desk.absent) for desk in queue.reviewers} == {
        "ann": (3, 159, False), "ben": (2, 19, False), "dan": (1, 21, False), "eve": (1, 2, False),
        "sam": (0, 0, True), "sue": (2, 33, False),
    }  # fmt: skip


PEOPLE = ("ann", "ben", "cat", "dan", "sam", "line")
WAITING = st.fixed_dictionaries(
    {
        "priority": st.sampled_from(Priority),
        "author": st.sampled_from(PEOPLE),
        "files": st.sets(st.sampled_from(["src/a.py", "auth/b.py", "db/c.sql"]), min_size=1).map(
            lambda files: tuple(sorted(files))
        ),
        "owners": st.dictionaries(
            st.sampled_from(["src/a.py", "auth/b.py"]),
            st.sets(st.sampled_from(PEOPLE), max_size=3).map(
                lambda names: tuple(f"@{name}" for name in sorted(names))
            ),
        ),
        "reviewer": st.sampled_from([None, None, *PEOPLE]),
        "opened_at": st.integers(0, 100).map(lambda hours: NOW - timedelta(hours=hours)),
        "lines": st.integers(0, 300),
    }
)
SETTINGS = st.fixed_dictionaries(
    {
        "max_open": st.sampled_from([None, 0, 1, 2]),
        "absent": st.sets(st.sampled_from(PEOPLE), max_size=3),
        "reviewers": st.sets(st.sampled_from(PEOPLE), max_size=4),
        "required": st.sets(st.sampled_from(PEOPLE), max_size=2),
    }
)


def config_of(values: dict[str, Any]) -> configuration.Config:
    """A configuration with these limits, absences, reviewers and required reviewers."""
    return configuration.Config.model_validate(
        {
            "identity": {"name": "line", "email": "line@example.com"},
            "sensitive": [{"paths": ["auth/"], "reviewers": sorted(values["required"])}],
            "review": {
                "reviewers": sorted(values["reviewers"]),
                "max_open": values["max_open"],
                "hours": "09:00-17:00",
                "people": {name: {"absent": ["2026-03-05..2026-03-06"]} for name in sorted(values["absent"])},
            },
        }
    )


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(st.lists(WAITING, max_size=9), SETTINGS)
def test_limits_absences_and_authors_hold_in_every_queue(
    subject: Subject, fields: list[dict[str, Any]], values: dict[str, Any]
) -> None:
    """No author reviews; nobody absent is newly named; only who is required, or named before, is over their limit."""
    config = config_of(values)
    subjects = [subject(f"t{place}", merge_request=place + 1, **each) for place, each in enumerate(fields)]
    queue = build_queue(subjects, config=config, now=NOW)
    by_ticket = {each.ticket.id: each for each in subjects}
    given_out: Counter[str] = Counter()
    stays: Counter[str] = Counter()
    for item in queue.items:
        change = by_ticket[item.ticket_id]
        people = [item.reviewer, *(needed.name for needed in item.also_needed)]
        assert not {bare(name) for name in people if name} & {bare(change.author), "line"}
        assert all(name not in values["absent"] for name in people if name and name != change.reviewer)
        assert bool(item.reviewer_reason)
        stays[item.reviewer or ""] += item.reviewer == change.reviewer
        is_new = item.reviewer is not None and item.reviewer != change.reviewer
        given_out[item.reviewer or ""] += is_new and "required for" not in item.reviewer_reason
    limit = values["max_open"]
    for desk in queue.reviewers:
        if limit is not None and given_out[desk.name]:
            assert stays[desk.name] + given_out[desk.name] <= limit


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
@given(st.lists(WAITING, max_size=7), SETTINGS, st.integers(0, 12))
def test_a_second_run_does_not_shuffle(
    subject: Subject, fields: list[dict[str, Any]], values: dict[str, Any], minutes: int
) -> None:
    """With the reviewers as the first run named them, a later one names the same."""
    config = config_of(values)
    subjects = [subject(f"t{place}", merge_request=place + 1, **each) for place, each in enumerate(fields)]
    first = {item.ticket_id: item.reviewer for item in build_queue(subjects, config=config, now=NOW).items}
    again = [
        subject(
            each.ticket.id,
            merge_request=each.merge_request,
            **{**fields[place], "reviewer": first[each.ticket.id]},
        )
        for place, each in enumerate(subjects)
    ]
    later = build_queue(again, config=config, now=NOW + timedelta(minutes=minutes))
    kept = {item.ticket_id: item.reviewer for item in later.items if first[item.ticket_id] is not None}
    assert kept == {ticket: name for ticket, name in first.items() if name is not None}


def test_the_order_of_two_does_not_depend_on_a_third(subject: Subject) -> None:
    """One more item never turns two others round."""
    pair = [
        subject("old", merge_request=1, lines=300),
        subject("new", merge_request=2, opened_at=NOW, lines=2),
    ]
    more = subject("more", merge_request=3, lines=100_000)
    orders = [
        [
            item.ticket_id
            for item in build_queue(waiting, config=CONFIG, now=NOW).items
            if item.ticket_id != "more"
        ]
        for waiting in (pair, [*pair, more])
    ]
    assert orders[0] == orders[1] == ["old", "new"]


def test_each_item_is_told_on_its_own_reviewers_clock(subject: Subject) -> None:
    """The same limit ends later for who begins later, and so stands behind it."""
    waiting = [
        subject("far", merge_request=1, owners={"src/cart.py": ("@eve",)}),
        subject("near", merge_request=2, owners={"src/cart.py": ("@ann",)}),
    ]
    far, near = sorted(build_queue(waiting, config=CONFIG, now=NOW).items, key=lambda item: item.ticket_id)
    assert near.place < far.place
    assert near.due is not None
    assert far.due is not None
    assert far.due - near.due == timedelta(hours=6)
    eve = working_time.clock(CONFIG.review, "eve")
    left = working_time.working_time(eve, NOW, far.due) / timedelta(minutes=1)
    assert far.slack_minutes == left
