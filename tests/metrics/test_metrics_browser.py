"""The page in a real browser: it asks for nothing, complains about nothing, and fits."""

import shutil
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest

from ci_factory.metrics.dashboard import render
from ci_factory.metrics.facts import History
from ci_factory.metrics.figures import figures
from ci_factory.model.review import ReviewQueue

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
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
    ) -> "Page":
        file = tmp_path / "page.html"
        file.write_text(render(history, figures(history, now), queue, now), encoding="utf-8")
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
                if request.url != file.as_uri() and not request.url.startswith("data:")
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
    assert page.locator("script, img").count() == 0
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
