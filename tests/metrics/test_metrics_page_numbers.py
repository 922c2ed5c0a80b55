"""Every number of the page is in what `report --json` prints: where it stands says the page itself, below `overview`."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from html.parser import HTMLParser

import pytest

from ci_factory.config import Config
from ci_factory.metrics import overview, words
from ci_factory.metrics.dashboard import render
from ci_factory.metrics.facts import History
from ci_factory.metrics.figure import Target, Unit
from ci_factory.metrics.gathering import of_history
from ci_factory.metrics.overview import Overview
from ci_factory.metrics.sample import Sample
from ci_factory.model.base import Json
from ci_factory.model.review import ReviewQueue
from tests.metrics.made_rows import rows

VOID = {"meta", "link", "br"}
NO_FIGURES = {"id", "tick", "stamp", "lane-name", "in", "beside"}
"""Names, words on axes and in the timeline, the moment of the page."""
MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}(T\d{2}-\d{2}| \d{2}:\d{2} UTC)?|\d{4}-W\d{2}")
OUR_WORDS = re.compile(r"\b95 %|0 to 100|Content-Security|since 2026-01-01")


@dataclass
class Shown:
    """A piece of text, and where its number is, if it says so."""

    text: str
    at: str | None


class Numbers(HTMLParser):
    """Text of a page with digits in it, but for names, axes, moments, pictures' names and code."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[tuple[str, dict[str, str | None]]] = []
        self.shown: list[Shown] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self.open.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop()[0] == tag

    def handle_data(self, data: str) -> None:
        tags = {tag for tag, _ in self.open}
        classes = {name for _, a in self.open for name in (a.get("class") or "").split()}
        if (
            not re.search(r"\d", data)
            or tags & {"style", "script", "title", "desc", "code"}
            or classes & NO_FIGURES
        ):
            return
        at = next((a["data-figure"] for _, a in reversed(self.open) if "data-figure" in a), None)
        self.shown.append(Shown(" ".join(data.split()), at))


def found(data: Json, at: str) -> Json:
    """What stands there; `length` of a list is how many it has."""
    for step in at.split("/")[1:]:
        if step == "length":
            return len(data)
        data = data[int(step)] if isinstance(data, list) else data[step]
    return data


def as_words(value: Json) -> set[str]:
    """Every way in which the page may say a value."""
    if isinstance(value, list):
        return {words.interval_of((value[0], value[1]), unit) for unit in Unit}
    if isinstance(value, dict):
        return {words.target(Target.model_validate(value), unit) for unit in Unit}
    said = {words.amount(value, unit) for unit in Unit} | {words.RANGE}
    return said if value is None else said | {words.points(value), words.span(value), f"{value:,}"}


def texts(data: Json) -> Iterator[str]:
    """Every text in the data, as a page shows it."""
    if isinstance(data, str):
        yield " ".join(data.split())
    for each in data.values() if isinstance(data, dict) else data if isinstance(data, list) else ():
        yield from texts(each)


def unfounded(told: Overview, html: str) -> list[Shown]:
    """What the page says, and the data does not."""
    data = json.loads(told.model_dump_json())
    known = "\n".join(texts(data))
    return [each for each in Numbers(html).shown if not _founded(each, data, known)]


def _founded(shown: Shown, data: Json, known: str) -> bool:
    if shown.at is not None:
        return shown.text in as_words(found(data, shown.at))
    said = OUR_WORDS.sub("", MOMENT.sub("", shown.text))
    return not re.search(r"\d", said) or said.strip(" ·;,.") in known or shown.text in known


def tell(sample: Sample, history: History, queue: ReviewQueue | None, now: datetime) -> Overview:
    return overview.tell(sample, history, queue, now, Config())


def test_numbers_of_a_night(night: History, queue: ReviewQueue, now: datetime) -> None:
    """Every number on the page of a night stands where the page says that it stands, or in a text of the data."""
    told = tell(of_history(night), night, queue, now)
    html = render(told)
    assert len(Numbers(html).shown) > 150
    assert unfounded(told, html) == []


@pytest.mark.parametrize("count", [1, 120])
def test_numbers_of_many(night: History, queue: ReviewQueue, now: datetime, count: int) -> None:
    """So does every number on the page of one merge request, and of many of several projects."""
    told = tell(rows(count, now, projects=3), night, queue, now)
    assert unfounded(told, render(told)) == []


def test_a_made_up_number_is_found(night: History, queue: ReviewQueue, now: datetime) -> None:
    """A number that is changed on the page is noticed, with a place or without one."""
    told = tell(of_history(night), night, queue, now)
    html = render(told)
    wrong = html.replace('data-figure="/queue_minutes">89<', 'data-figure="/queue_minutes">88<').replace(
        "1 secret", "4711 secrets"
    )
    assert [each.text for each in unfounded(told, wrong)] == ["88"]
    added = html.replace('<h2 id="trends">Trends', '<h2 id="trends">Trends of 4711')
    assert [each.text for each in unfounded(told, added)] == ["Trends of 4711"]
