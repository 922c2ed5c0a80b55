"""The page in a real browser: it asks for nothing, complains about nothing, and fits."""

import json
import shutil
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest

from ci_factory.config import Config
from ci_factory.metrics import overview, words
from ci_factory.metrics.dashboard import render
from ci_factory.metrics.facts import History
from ci_factory.metrics.figures import figures
from ci_factory.metrics.gathering import of_history
from ci_factory.metrics.sample import Sample, Wanted
from ci_factory.metrics.views import name_of
from ci_factory.model.review import ReviewQueue
from tests.metrics.made_rows import rows

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
AXE = Path(__file__).parents[2] / ".venv/npm/node_modules/axe-core/axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
EVIL = "</style><script>document.title='owned'</script><img src=https://example.com/x> " + "W" * 200

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed"),
]
playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

CONTRAST = """
() => {
  const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const rgb = colour => {
    canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data; return {c: [r, g, b], a: a / 255};
  };
  const light = c => { const l = c.map(v => { v /= 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; });
    return 0.2126 * l[0] + 0.7152 * l[1] + 0.0722 * l[2]; };
  const behind = element => { for (; element; element = element.parentElement) {
    const found = rgb(getComputedStyle(element).backgroundColor); if (found.a > 0.99) return found.c; } return [255, 255, 255]; };
  const bad = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || element.closest('svg, .hidden, .skip') || !element.checkVisibility()) continue;
    const [a, b] = [light(rgb(getComputedStyle(element).color).c), light(behind(element))].sort((x, y) => y - x);
    if ((a + 0.05) / (b + 0.05) < 4.5) bad.push(walker.currentNode.data.trim().slice(0, 40));
  }
  return bad;
}
"""


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture
def show(browser: "Browser", tmp_path: Path, now: datetime) -> Iterator[Callable[..., "Page"]]:
    """Show a history; any console message, page error or request but the file itself fails the test."""
    trouble: list[str] = []
    contexts = []

    def open_page(
        history: History,
        queue: ReviewQueue | None,
        width: int = 1280,
        scheme: Literal["light", "dark"] = "light",
        *,
        script: bool = True,
        sample: Sample | None = None,
    ) -> "Page":
        file = tmp_path / "page.html"
        told = overview.tell(sample or of_history(history), history, queue, now, Config())
        file.write_text(render(told), encoding="utf-8")
        context = browser.new_context(
            viewport={"width": width, "height": 800}, color_scheme=scheme, java_script_enabled=script
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: trouble.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: trouble.append(f"error: {error}"))
        page.on(
            "request",
            lambda request: (
                trouble.append(f"request: {request.url}")
                if request.url.partition("#")[0] != file.as_uri() and not request.url.startswith("data:")
                else None
            ),
        )
        page.goto(file.as_uri(), wait_until="load")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert trouble == []


def overflow(page: "Page") -> int:
    found = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert isinstance(found, int)
    return found


@pytest.mark.parametrize("width", [375, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_night_fits(
    show: Callable[..., "Page"], night: History, queue: ReviewQueue, width: int, scheme: str
) -> None:
    """On a phone and on a screen, in light and in dark, the page does not scroll sideways."""
    assert overflow(show(night, queue, width, scheme)) == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read(
    show: Callable[..., "Page"], night: History, queue: ReviewQueue, scheme: str
) -> None:
    """Every text stands out from what is behind it by at least 4.5 to 1 (WCAG AA)."""
    page = show(night, queue, scheme=scheme)
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    assert page.evaluate(CONTRAST) == []


def test_hostile_words_do_nothing(show: Callable[..., "Page"], night: History, queue: ReviewQueue) -> None:
    """Hostile titles and reasons appear as text, run nothing, fetch nothing and break no layout."""
    planned = tuple(plan.model_copy(update={"title": EVIL}) for plan in night.batches[0].planned)
    batch = night.batches[0].model_copy(update={"planned": planned, "project": EVIL})
    attempts = tuple(attempt.model_copy(update={"reason": EVIL}) for attempt in night.attempts)
    items = tuple(item.model_copy(update={"title": EVIL, "reviewer_reason": EVIL}) for item in queue.items)
    history = night.model_copy(update={"batches": (batch,), "attempts": attempts})
    page = show(history, queue.model_copy(update={"items": items}), 375)
    assert page.title() != "owned"
    assert page.locator("script").count() == 2
    assert page.locator("img, iframe").count() == 0
    assert "<script>document.title='owned'</script>" in page.locator("table.tickets").inner_text()
    assert overflow(page) == 0


def test_nothing_yet_is_shown(show: Callable[..., "Page"]) -> None:
    """A page without facts is a whole page."""
    page = show(History(), None, 375)
    assert page.get_by_role("heading", level=1).inner_text() == "No night has been run yet."
    assert overflow(page) == 0


def test_three_hundred_fit(
    show: Callable[..., "Page"], many: Callable[[int], History], make_queue: Callable[[History], ReviewQueue]
) -> None:
    """A night of 300 tickets still is one page that fits."""
    history = many(300)
    page = show(history, make_queue(history), 375)
    assert page.locator("table.tickets tbody tr").count() == 300
    assert overflow(page) == 0


def test_it_works_without_script(show: Callable[..., "Page"], night: History, queue: ReviewQueue) -> None:
    """With scripts switched off, everything is there and definitions open by keyboard."""
    page = show(night, queue, script=False)
    assert page.get_by_role("heading", level=2).count() >= 8
    tile = page.locator(".tile").first
    tile.locator("summary").focus()
    page.keyboard.press("Enter")
    assert tile.locator("details p").is_visible()


def test_landmarks_and_names(show: Callable[..., "Page"], night: History, queue: ReviewQueue) -> None:
    """People who hear the page find its landmarks, its headings in order and the timeline by name."""
    page = show(night, queue)
    for role in ("banner", "navigation", "main", "contentinfo"):
        assert page.get_by_role(role).count() == 1
    assert page.get_by_role("img", name="Timeline of batch").count() == 1
    levels = page.eval_on_selector_all("h1, h2, h3", "all => all.map(each => Number(each.tagName[1]))")
    assert levels[0] == 1
    assert all(later - earlier <= 1 for earlier, later in pairwise(levels))


def test_scrolling_parts_can_be_reached_by_keyboard(
    show: Callable[..., "Page"], night: History, queue: ReviewQueue
) -> None:
    """Whatever scrolls sideways on a phone has a name and can be focused."""
    page = show(night, queue, 375)
    unreachable = """() => [...document.querySelectorAll('main *')].filter(each =>
        each.scrollWidth > each.clientWidth + 1 && ['auto', 'scroll'].includes(getComputedStyle(each).overflowX)
        && !(each.tabIndex === 0 && each.getAttribute('role') === 'region')).length"""
    assert page.evaluate(unreachable) == 0


def test_print_shows_it_all(show: Callable[..., "Page"], night: History, queue: ReviewQueue) -> None:
    """On paper the page fits the sheet's width, in light colours, with the tables whole."""
    page = show(night, queue, 760, "dark")
    page.emulate_media(media="print")
    assert overflow(page) == 0
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    cut = "() => [...document.querySelectorAll('.scroll')].filter(each => each.scrollWidth > each.clientWidth + 1).length"
    assert page.evaluate(cut) == 0


def checked(page: "Page") -> list[str]:
    """What axe-core finds wrong."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("rules => axe.run(document, {runOnly: rules})", RULES)
    assert len(found["passes"]) > 30
    return [f"{each['id']}: {node['html'][:120]}" for each in found["violations"] for node in each["nodes"]]


@pytest.mark.skipif(not AXE.is_file(), reason="axe-core is not installed (npm install axe-core)")
def test_axe_finds_nothing(show: Callable[..., "Page"], night: History, queue: ReviewQueue) -> None:
    """WCAG 2 A and AA and best practices, as axe-core checks them: the page of a night."""
    assert checked(show(night, queue)) == []


@pytest.mark.long
@pytest.mark.skipif(not AXE.is_file(), reason="axe-core is not installed (npm install axe-core)")
@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 1280), ("dark", 320)])
def test_axe_finds_nothing_on_a_full_page(
    show: Callable[..., "Page"], night: History, queue: ReviewQueue, now: datetime, scheme: str, width: int
) -> None:
    """The same of a page with every section and every hidden part opened, light and dark, wide and narrow."""
    page = show(night, queue, width, scheme, sample=rows(200, now, projects=2))
    assert page.locator("svg.trend").count() > 8
    assert page.locator("svg.forest").count() > 2
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    assert checked(page) == []


@pytest.mark.skipif(not AXE.is_file(), reason="axe-core is not installed (npm install axe-core)")
def test_axe_finds_nothing_on_an_empty_page(show: Callable[..., "Page"]) -> None:
    """A page without facts is as accessible."""
    page = show(History(), None)
    page.evaluate(AXE.read_text(encoding="utf-8"))
    assert page.evaluate("axe.run()")["violations"] == []


def tiles(page: "Page") -> dict[str, str]:
    """What the filtered tiles say, by key."""
    found = page.eval_on_selector_all(
        ".headline [data-key]",
        "all => all.map(each => [each.dataset.key, each.querySelector('[data-slot=value]').textContent])",
    )
    return dict(found)


def wanted_words(sample: Sample, wanted: Wanted, now: datetime, keys: set[str]) -> dict[str, str]:
    """What they have to say of a part."""
    told = figures(sample.where(wanted), now)
    return {name_of(each): words.value(each, each.unit) for each in told if name_of(each) in keys}


def test_filters_by_keyboard(
    show: Callable[..., "Page"], night: History, queue: ReviewQueue, now: datetime
) -> None:
    """The keyboard alone chooses a part; its figures are those of that part's rows, the address keeps it, and back."""
    sample = rows(300, now, projects=2)
    page = show(night, queue, sample=sample)
    everything = tiles(page)
    assert len(everything) == 8
    page.get_by_label("Period", exact=True).focus()
    page.keyboard.press("End")
    for _ in ("project", "agent"):
        page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    assert page.evaluate("location.hash") == "#period=4+weeks&agent=otter"
    since = (now - timedelta(weeks=4)).timestamp()
    assert tiles(page) == wanted_words(sample, Wanted(since, agent="otter"), now, set(everything))
    assert "Figures of " in page.get_by_role("status").inner_text()
    page.reload()
    assert tiles(page) == wanted_words(sample, Wanted(since, agent="otter"), now, set(everything))
    page.get_by_role("button", name="Show everything").press("Enter")
    assert tiles(page) == everything
    assert page.evaluate("location.hash") == ""


def test_filtered_numbers_are_in_the_data(
    show: Callable[..., "Page"], night: History, queue: ReviewQueue, now: datetime
) -> None:
    """After filtering too every figure says where `report --json` has it, and its value stands there."""
    sample = rows(120, now)
    page = show(night, queue, sample=sample)
    data = json.loads(overview.tell(sample, night, queue, now, Config()).model_dump_json())
    page.get_by_label("Agent", exact=True).select_option("heron")
    shown = page.eval_on_selector_all(
        ".by-choice .group:not(.whole-only) [data-figure$='/n']",
        "all => all.map(each => [each.dataset.figure, each.textContent])",
    )
    assert len(shown) > 20
    for at, text in shown:
        assert at.startswith("/views/views/")
        figure = data
        for step in at.split("/")[1:]:
            figure = figure[int(step)] if isinstance(figure, list) else figure[step]
        assert text == f"{figure:,}"


def test_a_part_without_changes_is_said(show: Callable[..., "Page"], night: History, now: datetime) -> None:
    """A choice that nothing is in shows no figures, and says so; one that the address makes up is passed over."""
    page = show(night, None, sample=rows(12, now, projects=2))
    page.get_by_label("Agent", exact=True).select_option(index=1)
    page.get_by_label("Area of the code").select_option(index=4)
    page.get_by_label("Period", exact=True).select_option("4 weeks")
    assert "No merge request is in this part" in page.get_by_role("status").inner_text()
    assert not page.locator(".headline").is_visible()
    page.evaluate("location.hash = '#agent=<img src=x>&period=never'")
    page.wait_for_function("document.querySelector('.headline').checkVisibility()")
    assert page.locator("img").count() == 0


def test_the_skip_link_is_first(show: Callable[..., "Page"], night: History, queue: ReviewQueue) -> None:
    """The first Tab shows the way past the head of the page, and every stop of the keyboard can be seen."""
    page = show(night, queue)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("Enter")
    assert page.evaluate("location.hash") == "#main"
    for _ in range(25):
        page.keyboard.press("Tab")
        assert (
            page.evaluate(
                "document.activeElement.checkVisibility() && getComputedStyle(document.activeElement).outlineStyle"
            )
            == "solid"
        )


@pytest.mark.parametrize("count", [1, 50])
def test_few_and_many_fit_320_pixels(
    show: Callable[..., "Page"], night: History, queue: ReviewQueue, now: datetime, count: int
) -> None:
    """With one merge request, or with fifty, nothing but tables scrolls sideways on the narrowest screen."""
    page = show(night, queue, 320, sample=rows(count, now))
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    assert overflow(page) == 0
    assert "not enough data" in page.locator("#figures ~ .by-choice").inner_text()


def test_hostile_names_stay_text(show: Callable[..., "Page"], night: History, now: datetime) -> None:
    """Hostile names of projects, agents and areas and hostile summaries stay text, in tables, charts and filters."""
    sample = rows(60, now, projects=2)
    agent, area = f"\x1b[31m{EVIL}", f"'\u202e{EVIL}"
    changed = Sample(
        tuple(
            row._replace(project=EVIL, agent=agent, area=area) if row.iid % 2 else row
            for row in sample.changes
        ),
        sample.tasks,
        tuple(row._replace(project=EVIL, agent=agent, area=area) for row in sample.work),
        tuple(
            row._replace(summary=EVIL, gate=EVIL) if row.status == "fail" else row for row in sample.checks
        ),
        sample.questions,
        sample.shifts,
    )
    page = show(night, None, 320, sample=changed)
    page.get_by_label("Agent", exact=True).select_option(index=1)
    assert page.title() != "owned"
    assert page.locator("img, iframe").count() == 0
    assert page.locator("script").count() == 2
    text = page.locator("main").inner_text()
    assert "<script>document.title='owned'</script>" in text
    assert not set("\x1b\u202e") & set(text)
    assert overflow(page) == 0


def test_paper_has_every_section(
    show: Callable[..., "Page"], night: History, queue: ReviewQueue, now: datetime
) -> None:
    """Printed, the page has all sections and no filters, cuts no chart, and takes a sane number of sheets."""
    page = show(night, queue, 760, "dark", sample=rows(200, now))
    page.emulate_media(media="print")
    assert overflow(page) == 0
    assert not page.locator("#filters").is_visible()
    assert page.locator("h2").evaluate_all("all => all.every(each => each.checkVisibility())")
    cut = "() => [...document.querySelectorAll('main svg')].filter(each => each.getBoundingClientRect().right > innerWidth + 1).length"
    assert page.evaluate(cut) == 0
    assert 4 <= page.pdf(format="A4").count(b"/Type /Page\n") <= 25


def test_without_script_the_filters_are_not_there(
    show: Callable[..., "Page"], night: History, queue: ReviewQueue, now: datetime
) -> None:
    """Without scripts no filter stands there dead; the command that makes a page of a part does instead."""
    page = show(night, queue, script=False, sample=rows(40, now))
    assert not page.locator("#filters").is_visible()
    assert "ci-factory dashboard --since" in page.locator("noscript").inner_text()
    assert page.locator(".headline .tile").count() == 8


@pytest.mark.long
def test_a_hundred_thousand(
    show: Callable[..., "Page"], night: History, queue: ReviewQueue, now: datetime
) -> None:
    """A hundred thousand merge requests of three projects make a page of at most 1.5 MB that fits, filters and is accessible."""
    sample = rows(100_000, now, projects=3, days=600)
    page = show(night, queue, 1280, sample=sample)
    assert len(page.content().encode()) < 1_500_000
    assert overflow(page) == 0
    page.get_by_label("Period", exact=True).select_option("4 weeks")
    wanted = Wanted((now - timedelta(weeks=4)).timestamp())
    assert tiles(page) == wanted_words(sample, wanted, now, set(tiles(page)))
    assert not AXE.is_file() or checked(page) == []
