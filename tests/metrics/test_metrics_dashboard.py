"""The page as text: escaping, its own policy, and every size of history."""

import base64
import hashlib
import re
from collections.abc import Callable
from datetime import datetime
from html.parser import HTMLParser
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from ci_factory.config import Config
from ci_factory.metrics import overview, pictures
from ci_factory.metrics.dashboard import render
from ci_factory.metrics.facts import History
from ci_factory.metrics.gathering import of_history
from ci_factory.metrics.overview import Overview, Ticket
from ci_factory.metrics.sample import Sample
from ci_factory.model.review import ReviewQueue
from tests.metrics.made_rows import rows

VOID = {"meta", "link", "br"}
EVIL = "</style><script>alert(1)</script><img src=x onerror=alert(2)> \"quoted\" 'too' {{ 7*7 }} \u202eRTL"


class Page(HTMLParser):
    """Elements, attributes and text of a page; fails on elements that are not closed in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def told(history: History, queue: ReviewQueue | None, now: datetime) -> Overview:
    return overview.tell(of_history(history), history, queue, now, Config())


def page(history: History, queue: ReviewQueue | None, now: datetime) -> str:
    return render(told(history, queue, now))


def tickets(history: History, now: datetime) -> tuple[Ticket, ...]:
    run = told(history, None, now).last_run
    assert run is not None
    return run.tickets


def hostile(history: History, queue: ReviewQueue, evil: str) -> tuple[History, ReviewQueue]:
    """The same night with a hostile string in every free text."""
    planned = tuple(p.model_copy(update={"title": evil, "agent": evil}) for p in history.batches[0].planned)
    left = tuple(each.model_copy(update={"reason": evil}) for each in history.batches[0].left_out)
    names = {"project": evil, "target_branch": evil, "planned": planned, "left_out": left}
    asked = {"summary": evil, "why": evil, "questions": (evil,), "recommendation": evil, "agent": evil}
    told = {"title": evil, "reason": evil, "reviewer": evil, "reviewer_reason": evil}
    changed = history.model_copy(
        update={
            "batches": (history.batches[0].model_copy(update=names),),
            "tickets": tuple(t.model_copy(update={"title": evil, "state": evil}) for t in history.tickets),
            "attempts": tuple(a.model_copy(update={"reason": evil, "agent": evil}) for a in history.attempts),
            "gates": tuple(g.model_copy(update={"gate": evil, "summary": evil}) for g in history.gates),
            "escalations": tuple(e.model_copy(update=asked) for e in history.escalations),
            "unreadable": (evil,),
        }
    )
    items = tuple(item.model_copy(update=told) for item in queue.items)
    return changed, queue.model_copy(update={"items": items})


def test_words_are_never_markup(night: History, queue: ReviewQueue, now: datetime) -> None:
    """Hostile text in every field adds no element, no attribute and no template expression to the page."""
    history, waiting = hostile(night, queue, EVIL)
    tame, evil = Page(page(*hostile(night, queue, "tame"), now)), Page(page(history, waiting, now))
    assert [tag for tag, _ in evil.elements] == [tag for tag, _ in tame.elements]
    assert [attributes.keys() for _, attributes in evil.elements] == [
        attributes.keys() for _, attributes in tame.elements
    ]
    assert "{{ 7*7 }}" in evil.text
    assert "\u202e" not in evil.text


def test_every_fact_is_on_the_page(night: History, queue: ReviewQueue, now: datetime) -> None:
    """Titles, reasons, questions, options, reviewers and reasons for leaving out all stand in the text."""
    text = " ".join(Page(page(night, queue, now)).text.split())
    wanted = {ticket.title for ticket in night.tickets} | {attempt.reason for attempt in night.attempts}
    wanted |= {left.reason for left in night.batches[0].left_out} | {item.reason for item in queue.items}
    wanted |= {word for e in night.escalations for word in (e.summary, *e.questions, e.recommendation)}
    wanted |= {option.cons for e in night.escalations for option in e.options}
    assert {word for word in wanted if word not in text} == set()


def test_definitions_stand_beside_the_numbers(night: History, queue: ReviewQueue, now: datetime) -> None:
    """Every figure's definition and note are on the page, not in a tooltip only."""
    text = " ".join(Page(page(night, queue, now)).text.split())
    found = told(night, queue, now)
    assert found.last_run
    segments = [figure for segment in found.segments for figure in segment.figures]
    numbers = [*found.figures, *found.last_run.figures, *segments]
    assert [f.key for f in numbers if f.definition not in text] == []
    assert [f.key for f in (*found.figures, *found.last_run.figures) if f.note not in text] == []
    assert [trend.key for trend in found.trends if trend.definition not in text] == []


def test_policy_allows_the_one_style_sheet_and_the_one_script(
    night: History, queue: ReviewQueue, now: datetime
) -> None:
    """The policy's hashes are those of the page's only style element and only script, and nothing else may load or run."""
    html = page(night, queue, now)
    (style,) = re.findall(r"<style>(.*?)</style>", html, re.DOTALL)
    (script,) = re.findall(r"<script>(.*?)</script>", html, re.DOTALL)
    (policy,) = (a["content"] or "" for tag, a in Page(html).elements if a.get("http-equiv"))
    assert "default-src 'none'" in policy
    assert f"style-src {digest(style)};" in policy
    assert policy.endswith(f"script-src {digest(script)}")
    assert "unsafe" not in policy


def digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def test_nothing_to_fetch_or_run(night: History, queue: ReviewQueue, now: datetime) -> None:
    """No element refers to anything outside of the page, and there is no form and no inline style or handler."""
    elements = Page(page(night, queue, now)).elements
    references = [
        a[name] for _, a in elements for name in ("src", "href", "srcset", "action", "data") if name in a
    ]
    assert [r for r in references if r is None or not r.startswith(("#", "data:,"))] == []
    assert not {"iframe", "object", "form"} & {tag for tag, _ in elements}
    assert [a.get("type") for tag, a in elements if tag == "script"] == ["application/json", None]
    assert not [name for _, a in elements for name in a if name == "style" or name.startswith("on")]


def test_pictures_have_words(night: History, queue: ReviewQueue, now: datetime) -> None:
    """Every picture has a name for those who do not see it, or is marked as decoration."""
    pictured = [a for tag, a in Page(page(night, queue, now)).elements if tag == "svg"]
    assert pictured
    assert all(
        a.get("aria-hidden") == "true"
        or (a.get("role") == "img" and (a.get("aria-label") or a.get("aria-labelledby")))
        for a in pictured
    )


def test_ids_are_unique_and_named_ones_exist(night: History, queue: ReviewQueue, now: datetime) -> None:
    """Labels and links of the page point at something, once."""
    elements = Page(page(night, queue, now)).elements
    ids = [a["id"] for _, a in elements if "id" in a]
    named = {word for _, a in elements for word in (a.get("aria-labelledby") or "").split()}
    linked = {(a.get("href") or "").removeprefix("#") for tag, a in elements if tag == "a"}
    assert len(ids) == len(set(ids))
    assert named | linked <= set(ids)


def test_an_empty_history_helps(now: datetime) -> None:
    """With no facts at all the page says so and how to begin."""
    text = Page(page(History(), None, now)).text
    assert "No night has been run yet." in text
    assert "ci-factory run" in text


def test_an_empty_night_is_told(night: History, now: datetime) -> None:
    """A batch in which nothing was planned or ran is told as such, and left-out tickets are still listed."""
    batch = night.batches[0].model_copy(update={"planned": (), "started_at": None, "ended_at": None})
    text = Page(page(History(batches=(batch,)), None, now)).text
    assert "Nothing was planned" in text
    assert "Nothing ran" in text
    assert batch.left_out[0].reason in text


def test_three_hundred_are_all_there(
    many: Callable[[int], History], make_queue: Callable[[History], ReviewQueue], now: datetime
) -> None:
    """A night of 300 tickets shows every one in the table and in the timeline, and says how much of the queue it shows."""
    history = many(300)
    html = page(history, make_queue(history), now)
    assert all(html.count(f">T-{number:04d}<") >= 1 for number in range(300))
    assert "Further items are left out: <code>ci-factory review</code>" in html
    assert len(pictures.gantt(tickets(history, now)).bars) == 300  # type: ignore[union-attr] # there are attempts


def test_same_facts_same_page(night: History, queue: ReviewQueue, now: datetime) -> None:
    """Rendering twice gives the same bytes."""
    assert page(night, queue, now) == page(night, queue, now)


def test_no_bar_hides_another(many: Callable[[int], History], now: datetime) -> None:
    """In the timeline no bar or label covers another one, and all stay within the picture."""
    history = many(120)
    drawn = pictures.gantt(tickets(history, now))
    assert drawn is not None
    rows: dict[float, list[tuple[float, float]]] = {}
    for bar in drawn.bars:
        rows.setdefault(bar.y, []).append(bar.extent)
    for extents in rows.values():
        ordered = sorted(extents)
        assert all(left[1] <= right[0] for left, right in pairwise(ordered))
    assert all(left >= 0 and right <= drawn.width for extents in rows.values() for left, right in extents)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 1000)))
def test_a_stacked_bar_is_filled(counts: dict[str, int]) -> None:
    """Slices touch each other and fill the whole width, in proportion to their counts."""
    slices = pictures.stacked(counts, 160)
    assert sum(slice_.count for slice_ in slices) == sum(counts.values())
    assert (
        sum(slice_.width for slice_ in slices) in (0, 160) or abs(sum(s.width for s in slices) - 160) < 1e-6
    )


@settings(deadline=None)
@given(st.lists(st.integers(0, 10**6), min_size=10, max_size=10))
def test_columns_stay_in_the_picture(counts: list[int]) -> None:
    """Every column of the histogram is as high as its count says, and none leaves the picture."""
    columns = pictures.histogram(counts, 480, 150)
    assert [column.count for column in columns] == counts
    assert all(0 <= column.y <= 150 and column.y + column.height == 150 for column in columns)


def test_a_reversed_order_is_explained(night: History, now: datetime) -> None:
    """Where the better agent looks worse as it got the harder tickets, the page says that the order is reversed, and why."""
    decided = [row for row in rows(880, now).changes if row.decided is not None]
    cells = [
        ("otter", "small", 40, 38),
        ("otter", "large", 360, 252),
        ("heron", "small", 360, 306),
        ("heron", "large", 40, 20),
    ]
    changes, at = [], 0
    for agent, size, count, accepted in cells:
        for place, row in enumerate(decided[at : at + count]):
            merged, ended = place < accepted, row.decided
            changes.append(
                row._replace(
                    agent=agent,
                    size=size,
                    area="src",
                    state="merged" if merged else "closed",
                    merged=ended if merged else None,
                    closed=None if merged else ended,
                )
            )
        at += count
    html = render(overview.tell(Sample(tuple(changes)), night, None, now, Config()))
    (section,) = re.findall(r'<section aria-labelledby="agents".*?</section>', html, re.DOTALL)
    assert "order reversed" in section
    assert re.search(r'card warning"><bdi>[^<]*large', section)
    assert "svg" in section
