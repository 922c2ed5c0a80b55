"""The page of a night that runs, in a real browser: it fits, it can be read, and nothing on it does anything."""

import shutil
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest

from ci_factory.config import Config
from ci_factory.metrics.live_night import live
from ci_factory.metrics.live_page import render
from tests.metrics.live_made import at, busy_night
from tests.metrics.test_metrics_browser import CONTRAST, FLAGS

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
EVIL = "</style><script>document.title='owned'</script><img src=https://example.com/x> " + "W" * 150

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed"),
]
playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture
def show(browser: "Browser", tmp_path: Path) -> Iterator[Callable[..., "Page"]]:
    """`show(words, width, scheme)`: the busy night without scripts; any message of the console fails the test."""
    trouble: list[str] = []
    contexts = []

    def open_page(words: str, width: int, scheme: Literal["light", "dark"]) -> "Page":
        file = tmp_path / "status.html"
        file.write_text(render(live(busy_night(words), Config(), at(150)), at(150)), encoding="utf-8")
        context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: trouble.append(message.text))
        page.on(
            "request",
            lambda request: (
                trouble.append(request.url) if request.url[:5] not in {"file:", "data:"} else None
            ),
        )
        page.goto(file.as_uri(), wait_until="load")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert trouble == []


@pytest.mark.parametrize(("width", "scheme"), [(375, "light"), (1280, "dark"), (760, "light")])
def test_the_page_fits_and_can_be_read(show: Callable[..., "Page"], width: int, scheme: str) -> None:
    """On a phone and on a screen, light and dark, it does not scroll sideways, and text has a contrast of 4.5 to 1."""
    page = show("", width, scheme)
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    sideways = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(sideways) == 0
    assert page.evaluate(CONTRAST) == []


def test_hostile_words_are_words(show: Callable[..., "Page"]) -> None:
    """Titles and reasons by strangers appear as text, run nothing, fetch nothing and break no layout."""
    page = show(EVIL, 375, "light")
    assert page.title() == "running – warehouse – ci-factory"
    assert page.locator("script, img").count() == 0
    assert "<script>document.title='owned'</script>" in page.locator("table.tickets").inner_text()
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0


def test_the_page_can_be_heard(show: Callable[..., "Page"]) -> None:
    """Landmarks, headings in order, a level in words beside every colour, and the bar named."""
    page = show("", 1280, "light")
    for role in ("banner", "navigation", "main", "contentinfo"):
        assert page.get_by_role(role).count() == 1
    levels = page.eval_on_selector_all("h1, h2, h3", "all => all.map(each => Number(each.tagName[1]))")
    assert all(later - earlier <= 1 for earlier, later in pairwise(levels))
    assert page.get_by_role("img", name="Progress: 1 running").count() == 1
    said = page.locator(".level .chip").all_inner_texts()
    assert {text.split(maxsplit=1)[1] for text in said} == {"watch", "ok", "can't tell"}
