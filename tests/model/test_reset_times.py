"""When a vendor answers again, out of its words and headers: real wordings, odd ones and hostile ones."""

import time
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_factory.model import reset_times

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
WORDS = [
    ("Rate limit reached on tokens per min (TPM): Limit 30000. Please try again in 12.5s. Visit x", "12:00:12.5"),
    ("You've hit your usage limit. Try again in 2 days 17 hours 14 minutes.", "26T05:14:00"),
    ("You have exhausted your capacity on this model. Your quota will reset after 8h36m13s.", "20:36:13"),
    ("Attempt 1 failed: … Your quota will reset after 2s.. Retrying after 2798.227948ms...", "12:00:02.798228"),
    ("Quota exceeded for metric: free_tier_requests, limit: 20\nPlease retry in 38.5s.", "12:00:38.5"),
    ("Try again in 35 seconds.", "12:00:35"),
    ("limit hit, try again in 3h 20m", "15:20:00"),
    ('{"retryDelay": "41s"}', "12:00:41"),
    ('{"type":"usage_limit_reached","resets_in_seconds":5400}', "13:30:00"),
    ('{"type":"usage_limit_reached","resets_at":1795446000}', "15:00:00"),
    ("Claude AI usage limit reached|1795446000", "15:00:00"),
    ("5-hour limit reached ∙ resets 3pm (Europe/Berlin)", "14:00:00"),
    ("You've hit your session limit · resets 9:50pm (Asia/Tokyo)", "12:50:00"),
    ("Weekly limit reached · resets Nov 25 at 10am (America/Los_Angeles)", "25T18:00:00"),
    ("Usage is limited; resets at 15:30 UTC", "15:30:00"),
    ("to purchase more credits or try again at 7:05 AM.", "24T07:05:00"),
    ("or try again at Nov 24th, 2026 3:05 PM.", "24T15:05:00"),
    ("You will regain access on 2026-11-24 at 00:00 UTC.", "24T00:00:00"),
    ("quota resets 2026-11-23T14:00:00+01:00", "13:00:00"),
    ("Retry-After: 90", "12:01:30"),
    ("retry after Mon, 23 Nov 2026 12:30:00 GMT", "12:30:00"),
    ("x-ratelimit-reset-requests: 6m0s", "12:06:00"),
    ("first: try again in 5s; then: quota will reset after 2h", "14:00:00"),
]  # fmt: skip


def moment(text: str) -> datetime:
    """`[day T] hh:mm:ss` of November 2026."""
    day, _, clock = text.rpartition("T")
    return datetime.fromisoformat(
        f"2026-11-{day or '23'}T{clock.ljust(15, '0') if '.' in clock else clock}+00:00"
    )


@pytest.mark.parametrize(("words", "wanted"), WORDS, ids=[words[:40] for words, _ in WORDS])
def test_words_of_vendors_are_understood(words: str, wanted: str) -> None:
    """A reset time is read from each vendor's own way to say it; of several the latest counts."""
    assert reset_times.from_words(words, NOW) == moment(wanted)


@pytest.mark.parametrize(
    "words",
    [
        "",
        "429 Too Many Requests",
        "the tests need 3 minutes and reset 5 tables",
        "resets 11:40am",  # just passed: not tomorrow's
        "resets 3pm (Mars/Olympus)",
        "resets 3pm (/etc/passwd)",
        "resets 99:99",
        "try again at Feb 31st, 2026 3:05 PM",
        "Claude AI usage limit reached|1595446000",
        "usage limit reached|9999999999",
        "try again in 999999999 days",
        "try again in 0s",
        "Retry-After: -5",
        "retry after Mon, 99 Nov 2026 12:30:00 GMT",
    ],
)
def test_what_is_absurd_or_no_time_is_not_believed(words: str) -> None:
    """Past, far, impossible and unrelated times are none."""
    assert reset_times.from_words(words, NOW) is None


def test_a_clock_time_without_a_zone_is_the_machine_s() -> None:
    """Programs that print local times run here, so their zone is ours."""
    two_east = timezone(timedelta(hours=2))
    assert reset_times.from_words("try again at 7:00 PM", NOW, two_east) == moment("17:00:00")


@pytest.mark.parametrize(
    ("headers", "wanted"),
    [
        ({"Retry-After": "30"}, "12:00:30"),
        ({"retry-after": "Mon, 23 Nov 2026 12:30:00 GMT"}, "12:30:00"),
        ({"Retry-After-Ms": "2500", "retry-after": "3"}, "12:00:02.5"),
        ({"x-ratelimit-reset-requests": "6m0s"}, "12:06:00"),
        ({"anthropic-ratelimit-unified-reset": "1795446000"}, "15:00:00"),
        ({"retry-after": "7", "x-ratelimit-reset-tokens": "6m0s"}, "12:00:07"),
    ],
)
def test_headers_are_understood(headers: dict[str, str], wanted: str) -> None:
    """Each vendor's headers name a moment; `Retry-After` decides where there is one."""
    assert reset_times.from_headers(headers, NOW) == moment(wanted)


def test_only_limits_that_are_used_up_count() -> None:
    """A limit with something left says when it is full again, not when to come back."""
    told = {
        "anthropic-ratelimit-requests-reset": "2026-11-23T12:01:00Z",
        "anthropic-ratelimit-requests-remaining": "0",
        "anthropic-ratelimit-tokens-reset": "2026-11-23T13:00:00Z",
        "anthropic-ratelimit-tokens-remaining": "40000",
    }
    assert reset_times.from_headers(told, NOW) == moment("12:01:00")
    assert reset_times.from_headers({"retry-after": "soon", "date": "now"}, NOW) is None


_PIECES = st.sampled_from(
    ["try again ", "resets ", "in ", "at ", "|", "1795446000", "3pm", "(Europe/Berlin)", "12:99", "5h", "Feb 30", " ", "2026-11-24T", "\n", "Z", "9" * 30, "٣", "reset_at"]
)  # fmt: skip


@given(
    st.one_of(st.text(max_size=300), st.lists(_PIECES, max_size=20).map("".join)),
    st.integers(0, 60_000).map(lambda days: NOW + timedelta(days=days)),
)
def test_any_text_gives_a_moment_to_come_or_none(text: str, now: datetime) -> None:
    """Nothing raises, and what is believed is always within the next eight days."""
    for found in (
        reset_times.from_words(text, now),
        reset_times.from_value(text, now),
        reset_times.from_headers({"retry-after": text, "x-ratelimit-reset": text}, now),
    ):
        assert found is None or now < found <= now + reset_times.LONGEST
    assert now < reset_times.bounded(reset_times.from_words(text, now), now, timedelta(minutes=15))


@pytest.mark.parametrize("piece", ["reset", "retry in ", "1", "resets 1:", " ", "1d ", "reset at 2026-", "Nov 1 ", "retry-after=", "9" * 20])  # fmt: skip
def test_hostile_text_takes_no_time(piece: str) -> None:
    """A megabyte made to make patterns go back and forth is read in a moment."""
    text = "try again in " + piece * (1_000_000 // len(piece))
    started = time.perf_counter()
    reset_times.from_words(text, NOW)
    reset_times.from_value(text, NOW)
    assert time.perf_counter() - started < 0.5
