"""The plan as a picture, as a page and as a table."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import pytest

from ci_factory.cli.plan_screen import moment
from ci_factory.config import BatchConfig, Config
from ci_factory.errors import UsageError
from ci_factory.model.batch import Batch
from ci_factory.model.ticket import Candidate, Priority, Size
from ci_factory.planning import gantt_page, table
from ci_factory.planning.gantt import gantt

Queue = Callable[..., Candidate]
Plan = Callable[..., Batch]

NOW = datetime(2026, 3, 2, 17, tzinfo=UTC)
START = datetime(2026, 3, 2, 23, 50, tzinfo=UTC)
CONFIG = Config(batch=BatchConfig(window_minutes=60))
EVIL = 'Basket <script>alert(1)</script> & "friends" \x1b[31m]]>'
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def batch(candidate: Queue, plan: Plan) -> Batch:
    """A stack of three, an urgent one that is late, one alone, and one that is left out."""
    return plan(
        candidate("a", files=["x"]),
        candidate("b", files=["x"], depends_on=["a"]),
        candidate("c", depends_on=["b"], size=Size.MEDIUM),
        candidate("late", priority=Priority.CRITICAL, due=NOW + timedelta(minutes=2)),
        candidate("alone", priority=Priority.LOW, size=Size.LARGE),
        candidate("vague", missing=[EVIL]),
        batch=BatchConfig(window_minutes=60),
    )


def hostile(batch: Batch) -> Batch:
    """The same with titles by a stranger."""

    def renamed(each: Candidate) -> Candidate:
        return each.model_copy(update={"ticket": each.ticket.model_copy(update={"title": EVIL})})

    tickets = (each.model_copy(update={"candidate": renamed(each.candidate)}) for each in batch.tickets)
    return batch.model_copy(update={"tickets": tuple(tickets), "target_branch": "<b>main</b>"})


def test_bars_stand_where_and_when_the_plan_says(batch: Batch) -> None:
    """One lane below the other, in proportion to time, none over another."""
    chart = gantt(batch, CONFIG)
    bars = {bar.row.ticket_id: bar for bar in chart.bars}
    assert bars.keys() == {each.id for each in batch.tickets}
    minute = (chart.right - chart.left) / 60
    for planned in batch.tickets:
        bar, lane = bars[planned.id], chart.lanes[planned.lane]
        assert planned.start_minutes is not None
        assert planned.end_minutes is not None
        assert bar.x == pytest.approx(chart.left + planned.start_minutes * minute, abs=0.2)
        assert bar.width == pytest.approx((planned.end_minutes - planned.start_minutes) * minute - 1, abs=0.3)
        assert lane.y < bar.y < bar.y + bar.height < lane.y + lane.height
    assert chart.window_x == chart.right
    assert bars["late"].late_minutes > 0 >= bars["alone"].late_minutes
    assert bars["late"].due_x == pytest.approx(chart.left + 2 * minute, abs=0.2)
    assert bars["alone"].due_x is None


def test_every_dependency_is_an_arrow(batch: Batch) -> None:
    """Solid for the base."""
    arrows = {(each.before, each.after): each.stacked for each in gantt(batch, CONFIG).arrows}
    assert arrows == {("a", "b"): True, ("b", "c"): True}


def test_the_picture_is_whole_xml_with_title_and_description(batch: Batch) -> None:
    """For those who see it and those who don't; what strangers wrote is text."""
    root = ET.fromstring(gantt_page.svg(hostile(batch), CONFIG))  # noqa: S314 - our own
    assert root.tag == f"{SVG}svg"
    assert root.findtext(f"{SVG}title") == "Plan of batch night on <b>main</b>"
    description = root.findtext(f"{SVG}desc") or ""
    assert "5 tickets on 3 lanes" in description
    assert "late on lane" in description
    assert not list(root.iter(f"{SVG}script"))
    titles = [text for each in root.iter(f"{SVG}g") if (text := each.findtext(f"{SVG}title"))]
    assert len(titles) == 5
    assert all("<script>alert(1)</script>" in title and "\x1b" not in title for title in titles)


class Reader(HTMLParser):
    """Tags, and the text of table rows."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [name for name, _ in attrs]

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def test_the_page_needs_nothing_else_and_runs_nothing(batch: Batch) -> None:
    """No address, no script, no style but its own; every ticket is on it with its reason."""
    text = gantt_page.page(hostile(batch), CONFIG, START)
    reader = Reader()
    reader.feed(text)
    assert {"script", "link", "img", "iframe", "b"}.isdisjoint(reader.tags)
    assert not [name for name in reader.attributes if name.startswith("on") or name in {"style", "src"}]
    assert set(re.findall(r"https?://[^\"' ]+", text)) == {"http://www.w3.org/2000/svg"}
    words = " ".join(reader.text)
    assert all(each.id in words for each in batch.tickets)
    assert all(each.ticket_id in words for each in batch.left_out)
    assert all(each.reason in words for each in batch.tickets)
    assert "Basket <script>alert(1)</script>" in words
    assert "23:50-23:58" in words


def test_an_empty_plan_is_a_page_too(plan: Plan) -> None:
    """It says that nothing is planned."""
    assert "Nothing is planned." in gantt_page.page(plan(), CONFIG)
    ET.fromstring(gantt_page.svg(plan(), CONFIG))  # noqa: S314 - our own


def test_times_are_by_the_clock_when_the_start_is_known(batch: Batch) -> None:
    """With the day where it is the next one; in minutes else."""
    assert table.when(8, 18.25, None) == "8-18.2"
    assert table.when(8, 18.25, START) == "23:58-00:08+1"
    rows = table.describe(batch)
    assert [row.place for row in rows] == [1, 2, 3, 4, 5]
    assert all(row.cells(START)[6] == "?" for row in rows)  # unknown cost is not zero
    assert "expected cost unknown" in table.summary(batch)


def test_a_batch_without_times_is_shown_as_it_would_run(batch: Batch) -> None:
    """One that was planned before plans had times."""
    without = [each.model_copy(update={"start_minutes": None, "end_minutes": None}) for each in batch.tickets]
    old = batch.model_copy(update={"tickets": tuple(without)})
    assert [row.when() for row in table.describe(old)] == [row.when() for row in table.describe(batch)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("18:00", datetime(2026, 3, 2, 18, tzinfo=UTC)),
        ("08:30", datetime(2026, 3, 3, 8, 30, tzinfo=UTC)),
        ("2026-03-02T18:00+01:00", NOW),
        ("2026-03-02 17:00", NOW),
    ],
)
def test_a_start_is_the_next_such_time_or_a_date(text: str, expected: datetime) -> None:
    """In UTC where it does not say otherwise."""
    assert moment(text, NOW) == expected


@pytest.mark.parametrize("text", ["soon", "25:00", "2026-13-01T00:00", ""])
def test_a_start_that_is_no_time_is_refused(text: str) -> None:
    """By the option's name."""
    with pytest.raises(UsageError, match="--start"):
        moment(text, NOW)
