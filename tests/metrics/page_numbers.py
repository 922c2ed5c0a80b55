"""Every number on a dashboard page, read as a person reads it, against the data that `report --json` gives.

A number that carries `data-figure` names its place below `overview`. What it shows is read back into a number by what its unit
says, without the page's own code. All other text with digits in it has to stand in the data word for word, but for axes.
"""

import math
import re
from collections.abc import Iterator
from html.parser import HTMLParser

from ci_factory.model.base import Json

_VOID = frozenset({"br", "meta", "link", "input", "hr", "img"})
_UNITS = {
    "%": 0.01,
    "ms": 0.001,
    "s": 1,
    "min": 60,
    "h": 3600,
    "d": 86400,
    "USD": 1,
    "": 1,
    "k": 1e3,
    "M": 1e6,
}
_NUMBER = re.compile(
    r"(?P<sign>[-−]?)(?P<digits>\d[\d,]*(?:\.\d+)?)(?:\s?(?P<unit>%|USD|min|ms|s|h|d|k|M)\b|(?P<share>\s?%))?"
)
_UNKNOWN = frozenset({"", "–", "-", "unknown", "no interval", "a range"})
_BETWEEN = re.compile(r"\s*(?:–|\bto\b|\band\b)\s*")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d(?: \d\d:\d\d UTC)?")
_OWN_WORDS = re.compile(r"95 %|0 to 100(?: %)?|^\d\d?–\d{1,3}$|--since 2026-01-01")
"""The level of all intervals, scales, bands of ten points, an example."""
_MINUTES, _HOURS = 60, 3600


class Reader(HTMLParser):
    """What a page shows: `figures`, (place, text) of numbers that name where they come from, and `others`, the rest."""

    def __init__(self) -> None:
        super().__init__()
        self.figures: list[tuple[str, str]] = []
        self.others: list[str] = []
        self._open: list[tuple[str, int | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _VOID:
            return
        place = dict(attrs).get("data-figure")
        if place is not None:
            self.figures.append((place, ""))
        self._open.append((tag, None if place is None else len(self.figures) - 1))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        tags = {tag for tag, _ in self._open}
        at = next((number for _, number in reversed(self._open) if number is not None), None)
        if tags & {"script", "style"}:
            return
        if at is not None:
            place, text = self.figures[at]
            self.figures[at] = place, text + data
        elif "svg" not in tags and re.search(r"\d", data):
            self.others.append(" ".join(data.split()))


def unfound(page: str, overview: Json) -> list[str]:
    """Numbers of a page that are not in the data, or not as the page says."""
    reader = Reader()
    reader.feed(page)
    wrong = [
        f"{place} shows {text!r}, and is {value!r}"
        for place, text in reader.figures
        if not _shows(" ".join(text.split()), value := _at(overview, place))
    ]
    said = "\n".join(_texts(overview))
    return wrong + [f"nothing says {text!r}" for text in reader.others if not _is_said(text, said)]


def _at(data: Json, place: str) -> Json:
    """What is at a JSON pointer, `length` being how many a list has; what is not there shows as itself."""
    for part in place.strip("/").split("/"):
        if part == "length" and isinstance(data, list):
            return len(data)
        try:
            data = data[int(part)] if isinstance(data, list) else data[part]
        except (KeyError, IndexError, ValueError, TypeError):
            return f"nothing at {place}"
    return data


def _shows(text: str, value: Json) -> bool:
    if value is None:
        return text in _UNKNOWN
    if isinstance(value, list):
        ends = _BETWEEN.split(text)
        return len(ends) == len(value) and all(map(_end_shows, ends, [ends[-1]] * len(ends), value))
    if isinstance(value, dict):
        return all(
            str(int(each)) in text or _near(text, each) for each in value.values() if isinstance(each, float)
        )
    return text == value if isinstance(value, str) else _near(text, float(value))


def _end_shows(text: str, last: str, value: Json) -> bool:
    """One end of an interval; the unit may stand at the other end only."""
    unit = re.sub(r"[-−\d.,\s]", "", last)
    return (value is None and text in _UNKNOWN) or _near(text, value) or _near(f"{text} {unit}", value)


def _near(text: str, value: float) -> bool:
    """Whether a text, read by its unit, is a value, rounded to the last digit that is shown."""
    return any(
        math.isclose(number * scale, value, abs_tol=(0.5000001 * last) * scale)
        for number, last in _readings(text)
        for scale in (1.0, 1 / _MINUTES, 1 / _HOURS)
    )


def _readings(text: str) -> Iterator[tuple[float, float]]:
    """A number and what one step of its last digit is worth; `1 h 20 min` is one number."""
    total, last, sign = 0.0, 0.0, 1
    for match in _NUMBER.finditer(text):
        scale = _UNITS[(match["unit"] or match["share"] or "").strip()]
        digits = match["digits"].replace(",", "")
        total += float(digits) * scale
        last = 10.0 ** -len(digits.partition(".")[2]) * scale
        sign = -1 if match["sign"] else sign
    if last:
        yield sign * total, last


def _texts(data: Json) -> Iterator[str]:
    """Every text and key, with moments as the page writes them."""
    if isinstance(data, dict):
        yield from data
        yield f"!{data.get('merge_request')}"
        for each in data.values():
            yield from _texts(each)
    elif isinstance(data, list):
        for each in data:
            yield from _texts(each)
    elif isinstance(data, str):
        yield " ".join(data.split())
        if re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d", data):
            yield f"{data[:10]} {data[11:16]} UTC"


def _is_said(text: str, said: str) -> bool:
    """Whether a text stands in the data, or has no other numbers than moments that stand there and the page's own words."""
    bare = _OWN_WORDS.sub("", text)
    moments = _MOMENT.findall(bare)
    bare = _MOMENT.sub("", bare)
    return text.strip(",.;:()· ") in said or (
        all(each in said for each in moments) and not re.search(r"\d", bare)
    )
