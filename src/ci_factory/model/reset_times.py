"""When a vendor will answer again, read from its words or headers. Pure; every text here is a stranger's.

Only moments after `now` and within eight days are believed, which is a day more than the longest limit that vendors are
known to set. Of several the latest counts: whoever asks too early is refused again.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from email.utils import parsedate_to_datetime
from zoneinfo import ZoneInfo

LONGEST = timedelta(days=8)
"""What is further away is no reset time."""
_MOST_CHARACTERS = 16_000
_MOST_PARTS = 6
_JUST_PASSED = timedelta(hours=1)
"""A clock time that passed so recently is that one, and not tomorrow's."""
_MILLISECONDS = 10**11
"""A number of seconds since 1970 beyond this one counts milliseconds."""
_EPOCH = 10**9
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0, "w": 604_800.0}
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")

_CUE = r"(?:reset-requests|reset-tokens|resets?|retry_?delay|retry[-_]after|retry(?:ing)?|again|until|available|wait|regain access)"
_LEAD = rf"(?i:\b{_CUE})[\"':=,\s]{{0,4}}(?i:in|after|at|on|for|about|is)?[\"':=\s]{{0,3}}"
_PART = re.compile(
    r"(?i:(\d{1,9}(?:\.\d{1,12})?)\s?(milliseconds?|ms|seconds?|secs?|s|minutes?|mins?|m|hours?|hrs?|h|days?|d|weeks?|w))"
    r"(?![A-Za-z])(?:,?\s?(?:and\s)?)"
)
_ZONE = r"(?:\s?\(([A-Za-z0-9_+/-]{1,60})\)|\s?(UTC|GMT|Z)\b)?"
_CLOCK = rf"(\d{{1,2}})(?::(\d{{2}}))?\s?([AaPp]\.?[Mm])?{_ZONE}"
_DURATION_AT = re.compile(_LEAD)
_BARE_SECONDS = re.compile(
    r"(?i:\bretry[-_ ]after(-ms|_ms)?|\bresets?_(?:in|after)_seconds)[\"':=\s]{1,5}(\d{1,9}(?:\.\d{1,9})?)(?![\d:]|\s?[A-Za-z])"
)
_EPOCH_AT = re.compile(r"(?i:reset|reached|retry)[^\d\n]{0,24}(\d{10}(?:\d{3})?)(?!\d)")
_ISO_AT = re.compile(
    rf"(?i:\b{_CUE})[^\d\n]{{0,24}}(\d{{4}}-\d\d-\d\d)(?:T|\s(?:at\s)?)(\d\d:\d\d(?::\d\d)?)(?:\.\d{{1,9}})?\s?"
    r"(Z|UTC|[+-]\d\d:?\d\d)?"
)
_CLOCK_AT = re.compile(rf"{_LEAD}{_CLOCK}")
_DATE_AT = re.compile(
    r"(?i:\b(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}\.?)\s(\d{1,2})(?:st|nd|rd|th)?"
    rf"(?:,?\s(\d{{4}}))?,?\s(?:at\s)?{_CLOCK}"
)
_HTTP_AT = re.compile(r"\b[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT")
_WHOLE_DURATION = re.compile(rf"(?:{_PART.pattern}){{1,{_MOST_PARTS}}}$")


def from_words(text: str, now: datetime, zone: tzinfo = UTC) -> datetime | None:
    """The moment that a text names, in UTC; `zone` is that of clock times without one. Never raises."""
    text = text[-_MOST_CHARACTERS:]
    return _latest(_found(text, now, zone), now)


def from_headers(headers: Mapping[str, str], now: datetime) -> datetime | None:
    """The moment that a refusal's HTTP headers name, in UTC. `Retry-After` decides where it is there. Never raises."""
    given = {name.lower(): value[:200] for name, value in headers.items()}
    if "retry-after-ms" in given:
        return _latest([_milliseconds(given["retry-after-ms"], now)], now)
    if "retry-after" in given:
        return _latest([from_value(given["retry-after"], now)], now)
    resets = [name for name in given if "ratelimit" in name and "reset" in name]
    spent = [name for name in resets if given.get(name.replace("reset", "remaining"), "0") in {"0", ""}]
    return _latest((from_value(given[name], now) for name in spent), now)


def from_value(value: str, now: datetime) -> datetime | None:
    """One header's value: seconds, seconds since 1970, `6m0s`, an ISO time or an HTTP date. Never raises."""
    return _latest([_of_value(value.strip()[:200], now)], now)


def _of_value(value: str, now: datetime) -> datetime | None:
    if re.fullmatch(r"\d{1,13}(?:\.\d{1,9})?", value):
        number = float(value)
        return _since_epoch(number) if number >= _EPOCH else _after(now, number)
    if _WHOLE_DURATION.match(value):
        return _duration(value, 0, now)
    if _HTTP_AT.match(value):
        return _http(value)
    return _latest(_found(f"reset {value}", now, UTC), now)


def bounded(moment: datetime | None, now: datetime, default: timedelta) -> datetime:
    """The moment where it can be believed, else `default` from now."""
    return moment if moment is not None and now < moment <= now + LONGEST else now + default


def _latest(found: Iterator[datetime | None] | list[datetime | None], now: datetime) -> datetime | None:
    believed = [each for each in found if each is not None and now < each <= now + LONGEST]
    return max(believed, default=None)


def _found(text: str, now: datetime, zone: tzinfo) -> Iterator[datetime | None]:
    for match in _DURATION_AT.finditer(text):
        yield _duration(text, match.end(), now)
    for match in _BARE_SECONDS.finditer(text):
        number = float(match[2])
        yield _after(now, number / 1000 if match[1] else number)
    for match in _EPOCH_AT.finditer(text):
        yield _since_epoch(float(match[1]))
    for match in _ISO_AT.finditer(text):
        yield _iso(match)
    dated = [(match.span(), match) for match in _DATE_AT.finditer(text)]
    for _, match in dated:
        yield _dated(match, now, zone)
    for match in _CLOCK_AT.finditer(text):
        if not any(start <= match.end() <= end for (start, end), _ in dated):
            yield _clock(match, now, zone)
    for match in _HTTP_AT.finditer(text):
        yield _http(match[0])


def _duration(text: str, start: int, now: datetime) -> datetime | None:
    seconds, found = 0.0, False
    for _ in range(_MOST_PARTS):
        part = _PART.match(text, start)
        if part is None:
            break
        seconds, found, start = seconds + float(part[1]) * _unit(part[2]), True, part.end()
    return _after(now, seconds) if found else None


def _unit(word: str) -> float:
    word = word.lower()
    return _UNITS["ms"] if word.startswith(("ms", "mil")) else _UNITS[word[0]]


def _after(now: datetime, seconds: float) -> datetime | None:
    return now + timedelta(seconds=seconds) if 0 < seconds <= LONGEST.total_seconds() else None


def _milliseconds(value: str, now: datetime) -> datetime | None:
    bare = value.strip()
    return _after(now, float(bare) / 1000) if re.fullmatch(r"\d{1,12}(?:\.\d{1,9})?", bare) else None


def _since_epoch(number: float) -> datetime | None:
    try:
        return datetime.fromtimestamp(number / 1000 if number > _MILLISECONDS else number, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _iso(match: re.Match[str]) -> datetime | None:
    offset = match[3] if match[3] not in {None, "Z", "UTC"} else "+00:00"
    try:
        return datetime.fromisoformat(f"{match[1]}T{match[2]}{offset}").astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _http(text: str) -> datetime | None:
    try:
        return parsedate_to_datetime(text).astimezone(UTC)
    except (ValueError, TypeError, OverflowError):
        return None


def _clock(match: re.Match[str], now: datetime, zone: tzinfo) -> datetime | None:
    """The next such time of day, unless it has just passed."""
    hour, minute, half, named, utc = match.groups()
    if half is None and minute is None:
        return None
    there = _zone(named, utc, zone)
    time = _time(hour, minute, half)
    if there is None or time is None:
        return None
    here = now.astimezone(there)
    moment = here.replace(hour=time[0], minute=time[1], second=0, microsecond=0)
    if moment <= here - _JUST_PASSED:
        moment += timedelta(days=1)
    return moment.astimezone(UTC)


def _dated(match: re.Match[str], now: datetime, zone: tzinfo) -> datetime | None:
    """A day of the year; without the year, the next such day."""
    month, day, year, hour, minute, half, named, utc = match.groups()
    there, time = _zone(named, utc, zone), _time(hour, minute, half)
    if there is None or time is None or (half is None and minute is None):
        return None
    here = now.astimezone(there)
    years = [int(year)] if year else [here.year, here.year + 1]
    for each in years:
        try:
            moment = datetime(each, _MONTHS.index(month.lower()) + 1, int(day), *time, tzinfo=there)
            in_utc = moment.astimezone(UTC)
        except (ValueError, OverflowError):  # no such day, or one at the end of the calendar
            continue
        if year or moment > here:
            return in_utc
    return None


def _time(hour: str, minute: str | None, half: str | None) -> tuple[int, int] | None:
    hours, minutes = int(hour), int(minute or 0)
    if half is not None:
        if not 1 <= hours <= 12:  # noqa: PLR2004 - of half a day
            return None
        hours = hours % 12 + (12 if half[0] in "pP" else 0)
    return (hours, minutes) if hours < 24 and minutes < 60 else None  # noqa: PLR2004 - of a day, of an hour


def _zone(named: str | None, utc: str | None, zone: tzinfo) -> tzinfo | None:
    """`None` for a zone that nobody knows here."""
    if utc is not None or named in {"UTC", "GMT"}:
        return UTC
    if named is None:
        return zone
    try:
        return ZoneInfo(named)
    except (
        KeyError,
        ValueError,
        OSError,
    ):  # not found is a KeyError; a folder or a broken file are the others
        return None
